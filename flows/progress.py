"""Runs that a person watches: a progress bar while collecting."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from collectors.collect import Outcome
from flows import jobs
from flows.collecting import Progress as OnProgress
from flows.collecting import require_credentials
from flows.house import House
from flows.jobs import Result
from flows.planning import agenda
from flows.running import do


def do_watched(
    house: House,
    command: str,
    *,
    since: date | None = None,
    until: date | None = None,
    quiet: bool = False,
    page: str | None = None,
) -> Result:
    """Begin and do a job with a progress bar; the caller holds the lake.

    Args:
        house: The house.
        command: `run`, `collect` or `backfill`.
        since: First day to know (UTC); None: the day of consent.
        until: Last day to know; None: today.
        quiet: Without the bar.
        page: Link to a page about the lake, for Prefect's page of the run.

    Raises:
        Stop: Credentials or vehicles are missing.
    """
    require_credentials(house)
    job = jobs.begin(house, command, since=since, until=until)
    due = agenda(house, since=since, until=until)
    with _watched(len(due.tasks), quiet=quiet) as on_progress:
        return do(house, job, on_progress, page)


@contextlib.contextmanager
def _watched(tasks: int, *, quiet: bool) -> Iterator[OnProgress]:
    """A bar on standard error that each finished task moves; nothing where `quiet` or nothing is due."""
    if quiet or not tasks:
        yield lambda _: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("collecting"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("streams, {task.fields[requests]} requests"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        shown = bar.add_task("collecting", total=tasks, requests=0)
        sent = 0

        def on_progress(outcome: Outcome) -> None:
            nonlocal sent
            sent += outcome.requests
            bar.update(shown, advance=1, requests=sent)

        yield on_progress
