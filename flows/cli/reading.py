"""Commands that read and change nothing: vehicles, plan, query."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, day, open_house, show_json, show_rows

if TYPE_CHECKING:
    from flows.planning import Agenda

_VEHICLE_COLUMNS = (
    "vehicle_id", "make", "model", "year", "timezone", "last_good_day", "days_known", "days_unknown", "whose_move",
    "what_to_do",
)  # fmt: skip
_SHOWN_TASKS = 20

Since = Annotated[str | None, typer.Option("--since", metavar="DAY", help="Plan a backfill from this day (UTC).")]
Until = Annotated[str | None, typer.Option("--until", metavar="DAY", help="Plan a backfill to this day.")]
Sql = Annotated[str, typer.Argument(help="A query over the tables by name: charge_sessions, completeness, …")]


def vehicles(as_json: AsJson = False) -> None:
    """Show the connected vehicles, how far each is known, and whose move is next."""
    from flows.publishing import completeness_now, vehicles_now

    house = open_house()
    with clear_errors():
        frame = vehicles_now(house, completeness_now(house))
    show_rows(_VEHICLE_COLUMNS, frame.select(_VEHICLE_COLUMNS).iter_rows(), as_json=as_json)


def plan(since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Show what would be asked, how many requests, and when it would be done; asks nothing."""
    from flows.planning import agenda

    house = open_house()
    with clear_errors():
        due = agenda(house, since=day(since, "--since"), until=day(until, "--until"))
    if as_json:
        show_json(_as_facts(due))
    else:
        _show_plan(due)


def query(sql: Sql, as_json: AsJson = False) -> None:
    """Run SQL (DuckDB) over the published tables."""
    from flows.querying import query as run_query

    house = open_house()
    with clear_errors():
        columns, rows = run_query(house, sql)
    show_rows(columns, rows, as_json=as_json)


def _as_facts(due: Agenda) -> dict[str, object]:
    return {
        "requests": due.requests,
        "done_at": due.done_at,
        "tasks": [
            {
                "vehicle_id": each.task.vehicle.vehicle_id,
                "stream": each.task.stream.name,
                "since": each.task.window.since,
                "until": each.task.window.until,
                "lost_on": None if each.lost_on == date.max else each.lost_on,
            }
            for each in due.tasks
        ],
        "waiting": [
            {
                "vehicle_id": vehicle.vehicle_id,
                "stream": stream.name,
                "state": state.blocked_state,
                "until": state.blocked_until,
            }
            for vehicle, stream, state in due.waiting
        ],
    }


def _show_plan(due: Agenda) -> None:
    rows = [
        (
            each.task.vehicle.vehicle_id,
            each.task.stream.name,
            each.task.window.since,
            each.task.window.until,
            "no limit" if each.lost_on == date.max else each.lost_on,
        )
        for each in due.tasks[:_SHOWN_TASKS]
    ]
    if rows:
        show_rows(("vehicle_id", "stream", "since", "until", "data lost from"), rows, as_json=False)
    if len(due.tasks) > _SHOWN_TASKS:
        typer.echo(f"… and {len(due.tasks) - _SHOWN_TASKS} more; --json shows all")
    by_stream = Counter(each.task.stream.name for each in due.tasks)
    parts = ", ".join(f"{count} × {name}" for name, count in sorted(by_stream.items())) or "nothing"
    typer.echo(f"due: {parts}; {due.requests} requests or a few more, as bills may have several pages")
    typer.echo(f"done by {due.done_at:%Y-%m-%d %H:%M} UTC if it starts now; {len(due.waiting)} streams are left alone")
