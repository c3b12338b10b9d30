"""Commands that run jobs: collect, run, backfill."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, day, open_house, say, show_json
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from flows.jobs import Result

Since = Annotated[str, typer.Option("--since", metavar="DAY", help="First day to know, as 2026-01-31 (UTC).")]
Until = Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day to know. [default: today]")]


def collect(as_json: AsJson = False) -> None:
    """Ask for what is due and land it; the tables change with the next run."""
    _do("collect", as_json=as_json)


def run(as_json: AsJson = False) -> None:
    """The daily job: collect what is due, transform it, check the sums."""
    _do("run", as_json=as_json)


def backfill(since: Since, until: Until = None, as_json: AsJson = False) -> None:
    """Ask for the days of the past that are not known yet, transform them, check the sums."""
    first, last = day(since, "--since"), day(until, "--until")
    if first and last and last < first:
        raise Stop(Exit.USAGE, f"--until {last} is before --since {first}")
    _do("backfill", since=first, until=last, as_json=as_json)


def _do(command: str, *, since: date | None = None, until: date | None = None, as_json: bool) -> None:
    from flows.progress import do_watched

    house = open_house()
    with clear_errors(), house.held():
        result = do_watched(house, command, since=since, until=until, quiet=as_json)
    if as_json:
        show_json(as_facts(result))
    else:
        say("\n".join(in_words(result)))
    if result.stopped is not None:
        raise Stop(result.exit, str(result.stopped))
    raise typer.Exit(result.exit)


def as_facts(result: Result) -> dict[str, object]:
    """What a run did, for machines."""
    total = result.total()
    return {
        "run_id": result.job.run_id,
        "command": result.job.command,
        "exit_code": int(result.exit),
        "tasks": result.tasks,
        "answered": result.answered,
        "requests": result.requests,
        "records": {
            "received": total.received,
            "new": total.new,
            "changed": total.changed,
            "unchanged": total.unchanged,
            "quarantined": total.quarantined,
        },
        "errors": dict(result.errors),
        "drift": {stream: list(count.drift) for stream, count in result.counts.items() if count.drift},
        "waiting_for": result.waiting_for,
        "connections": result.changes.in_words(),
        "stopped": str(result.stopped) if result.stopped else None,
        "resume_at": result.resume_at,
    }


def in_words(result: Result) -> list[str]:
    """What a run did, for people."""
    total = result.total()
    lines = [
        f"run {result.job.run_id}: {result.answered} of {result.tasks} streams answered with {result.requests} requests"
    ]
    if result.job.command == "collect":
        lines.append(f"{result.records} records landed; `chargelake run` takes them into the tables")
    else:
        lines.append(
            f"{total.received} records: {total.new} new, {total.changed} changed, {total.unchanged} known already, "
            f"{total.quarantined} to quarantine"
        )
    lines += result.changes.in_words()
    lines += [f"{stream}: {drift}" for stream, count in result.counts.items() for drift in count.drift]
    lines += [f"{count} × {name}" for name, count in sorted(result.errors.items())]
    lines += [f"{count} vehicles: {sentence}" for sentence, count in result.waiting_for.items()]
    return lines
