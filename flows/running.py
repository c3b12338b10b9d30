"""Runs: the jobs one after the other, in this process or as Prefect flows, as the settings say."""

from __future__ import annotations

import asyncio

from flows import jobs
from flows.collecting import Progress, wired
from flows.house import House
from flows.jobs import Job, Result
from flows.observing import observe
from flows.planning import agenda, batches
from flows.prefect_here import quiet_prefect


async def run_here(house: House, job: Job, on_progress: Progress = lambda _: None) -> Result:
    """Do a job: collect, and unless the command is `collect`, transform; check at the end.

    Args:
        house: The house; the caller holds its lock.
        job: What was begun.
        on_progress: Called after each task, in the event loop.
    """
    result = Result(job)
    async with wired(house, job.run_id) as wiring:
        result.changes = await wiring.prepare()
        due = agenda(house, since=job.since, until=job.until)
        collector = wiring.collector(on_progress)
        for batch in batches(due.tasks, jobs.MOST_BATCHES):
            jobs.add_outcomes(house, result, await collector.collect(batch))
        await observe(house, wiring, due, result)
    if job.command != "collect":
        jobs.transform(house, result)
    jobs.check(house, result)
    return result


def do(house: House, job: Job, on_progress: Progress = lambda _: None, page: str | None = None) -> Result:
    """Do a job with the configured orchestrator; the caller holds the lake.

    Args:
        house: The house.
        job: What was begun.
        on_progress: Called after each task of the collectors.
        page: Link to a page about the lake, for Prefect's page of the run.
    """
    if house.settings.orchestrator == "none":
        return asyncio.run(run_here(house, job, on_progress))
    quiet_prefect()
    from flows.prefect_flows import run_in_prefect  # noqa: PLC0415, importing Prefect takes seconds

    return asyncio.run(run_in_prefect(house, job, on_progress, page))
