"""Commands that read and change nothing: vehicles, query."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, open_house, show_rows

_VEHICLE_COLUMNS = (
    "vehicle_id", "make", "model", "year", "timezone", "last_good_day", "days_known", "days_unknown",
    "days_at_risk", "lost_on", "whose_move", "what_to_do",
)  # fmt: skip

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="INSTANT", help="Show what was known then, as 2026-10-31T12:00:00Z."),
]
Sql = Annotated[str, typer.Argument(help="A query over the tables by name: charge_sessions, completeness, …")]


def vehicles(as_json: AsJson = False) -> None:
    """Show the connected vehicles, how far each is known, and whose move is next."""
    from flows.publishing import completeness_now, vehicles_now

    house = open_house()
    with clear_errors():
        frame = vehicles_now(house, completeness_now(house))
    show_rows(_VEHICLE_COLUMNS, frame.select(_VEHICLE_COLUMNS).iter_rows(), as_json=as_json)


def query(sql: Sql, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Run SQL (DuckDB) over the published tables, as they are or as they were known at an instant.

    With --as-of, sessions, days, their histories, quarantine and runs are those received by then; completeness and
    vehicles are known as they are now only and cannot be asked for.
    """
    from flows.querying import instant
    from flows.querying import query as run_query

    house = open_house()
    with clear_errors():
        columns, rows = run_query(house, sql, instant(house, as_of, "--as-of"))
    show_rows(columns, rows, as_json=as_json)
