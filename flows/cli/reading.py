"""The command that reads and changes nothing: query."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, open_house, show_rows

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="INSTANT", help="Show what was known then, as 2026-10-31T12:00:00Z."),
]
Sql = Annotated[
    str, typer.Argument(metavar="SQL", help="A query over the tables by name: charge_sessions, completeness, …")
]


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
