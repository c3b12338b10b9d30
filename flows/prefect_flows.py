"""The jobs as Prefect flows: a thin shell that names, tags and shows them.

The only module that imports Prefect. Tasks are few, because each costs a fixed time; they are awaited in the flow's own
event loop, because a session or a pacer must not cross into another; and nothing but numbers passes between them.
What must be known later is in the state database, not in Prefect's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from prefect import flow, tags, task
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client

from collectors.collect import Collector, Task
from flows import jobs
from flows.collecting import Progress, wired
from flows.exits import Exit, Stop
from flows.house import House
from flows.jobs import Job, Result
from flows.observing import observe
from flows.planning import agenda, batches
from flows.settings import load_settings
from lake.runs import StreamCount

_TASK: Final[dict[str, Any]] = {"cache_policy": NO_CACHE, "persist_result": False}


@dataclass(slots=True)
class Desk:
    """What the flows of one run share. It stays in this process: parameters and results hold none of it."""

    house: House
    result: Result
    on_progress: Progress = lambda _: None
    page: str | None = None


@dataclass(frozen=True, slots=True)
class _Asking:
    collector: Collector
    batches: list[list[Task]]


_DESK: ContextVar[Desk] = ContextVar("desk")
_ASKING: ContextVar[_Asking] = ContextVar("asking")


async def run_in_prefect(
    house: House, job: Job, on_progress: Progress = lambda _: None, page: str | None = None
) -> Result:
    """Do a job that has begun as a flow; the caller holds the lake.

    Args:
        house: The house.
        job: What was begun.
        on_progress: Called after each task of the collectors.
        page: Link to the page that shows the lake, for Prefect's page of the run.

    Raises:
        Stop: Prefect's server cannot be reached (exit code 2); nothing was asked.
    """
    await _reach_server()
    token = _DESK.set(Desk(house, Result(job), on_progress, page))
    try:
        with tags("chargelake", job.command):
            await run(job.command, job.since, job.until)
        return _DESK.get().result
    finally:
        _DESK.reset(token)


async def _reach_server() -> None:
    """Start or find Prefect's server before anything is asked."""
    trouble: Exception | None
    try:
        async with get_client() as client:
            trouble = await client.api_healthcheck()
    except RuntimeError as error:
        trouble = error
    if trouble is not None:
        reason = str(trouble).splitlines()[0] or type(trouble).__name__
        line = f"Prefect's server cannot be reached ({reason}); CHARGELAKE_ORCHESTRATOR=none runs without it"
        raise Stop(Exit.USAGE, line)


@flow(name="run", flow_run_name="{command}", persist_result=False)
async def run(command: str = "run", since: date | None = None, until: date | None = None) -> int:
    """The daily job: collect, transform, check; gives the exit code.

    Args:
        command: `run`, `backfill`, or `collect`, which leaves the rest to the next run.
        since: First day to know (UTC); None: the day of consent.
        until: Last day to know; None: today.
    """
    with _desk(command, since, until) as desk:
        await collect()
        if command != "collect":
            await transform()
        await check_task()
        await _show(desk)
        return int(desk.result.exit)


@flow(name="collect", persist_result=False)
async def collect() -> int:
    """Ask for what is due, a batch of vehicles a task; gives the number of requests."""
    desk = _DESK.get()
    job = desk.result.job
    progress = await acreate_progress_artifact(0.0, key="collecting", description=f"run {job.run_id}")
    async with wired(desk.house, job.run_id) as wiring:
        desk.result.changes = await wiring.prepare()
        due = agenda(desk.house, since=job.since, until=job.until)
        asked = batches(due.tasks, jobs.MOST_BATCHES)
        token = _ASKING.set(_Asking(wiring.collector(desk.on_progress), asked))
        for number in range(len(asked)):
            await collect_batch.with_options(name=f"collect batch {number + 1} of {len(asked)}")(number)
            await aupdate_progress_artifact(progress, 100 * (number + 1) / len(asked))
        _ASKING.reset(token)
        await observe(desk.house, wiring, due, desk.result)
    return desk.result.requests


@task(name="collect batch", tags=["smartcar"], **_TASK)
async def collect_batch(number: int) -> int:
    """Collect one batch of vehicles; gives the number of requests."""
    desk, asking = _DESK.get(), _ASKING.get()
    outcomes = await asking.collector.collect(asking.batches[number])
    jobs.add_outcomes(desk.house, desk.result, outcomes)
    return sum(outcome.requests for outcome in outcomes)


@flow(name="transform", persist_result=False)
async def transform() -> int:
    """Take in what has landed; gives the number of records."""
    await take_in()
    return _DESK.get().result.total().received


@task(name="take in what has landed", tags=["lake"], **_TASK)
async def take_in() -> None:
    """Decode, revise, publish. In a thread, so that Prefect's own chores go on."""
    desk = _DESK.get()
    await asyncio.to_thread(jobs.transform, desk.house, desk.result)


@task(name="check and publish", tags=["lake"], **_TASK)
async def check_task() -> None:
    """Publish completeness, vehicles and runs, and check the sums."""
    desk = _DESK.get()
    await asyncio.to_thread(jobs.check, desk.house, desk.result)


@contextmanager
def _desk(command: str, since: date | None, until: date | None) -> Iterator[Desk]:
    """The desk of this run; where Prefect itself started the flow, one made from the settings."""
    if desk := _DESK.get(None):
        yield desk
        return
    house = House(load_settings())
    with house.held():
        desk = Desk(house, Result(jobs.begin(house, command, since=since, until=until)))
        token = _DESK.set(desk)
        try:
            yield desk
        finally:
            _DESK.reset(token)


async def _show(desk: Desk) -> None:
    """Leave a table of what the run did, and a link to the page, where Prefect shows the run."""
    rows = [_row(stream, count) for stream, count in desk.house.runs.counts(desk.result.job.run_id).items()]
    await acreate_table_artifact(rows, key="records", description=f"run {desk.result.job.run_id}, by stream")
    if desk.page:
        await acreate_link_artifact(desk.page, "the charging overview", key="overview")


def _row(stream: str, count: StreamCount) -> dict[str, str | int]:
    return {
        "stream": stream,
        "requests": count.requests,
        "records": count.received,
        "new": count.new,
        "changed": count.changed,
        "unchanged": count.unchanged,
        "quarantined": count.quarantined,
    }
