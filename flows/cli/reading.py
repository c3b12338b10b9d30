"""The command that reads: query, and the file of views that other tools read by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, open_house, say, show_json, show_rows
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from flows.house import House

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="INSTANT", help="Show what was known then, as 2026-10-31T12:00:00Z."),
]
Sql = Annotated[
    str | None, typer.Argument(metavar="SQL", help="A query over the tables by name: charge_sessions, completeness, …")
]
FromFile = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="Take the SQL from a file, as one of docs/queries.")
]
Init = Annotated[
    bool, typer.Option("--init", help="Make a DuckDB file of views instead; a FILE may be named in place of the SQL.")
]


def query(
    sql: Sql = None, file: FromFile = None, as_of: AsOf = None, init: Init = False, as_json: AsJson = False
) -> None:
    """Run SQL (DuckDB) over the published tables, as they are or as they were known at an instant.

    With --as-of, sessions, days, their histories, quarantine and runs are those received by then; completeness and
    vehicles are known as they are now only and cannot be asked for.

    With --init, make a DuckDB file with a view for each table, to open with any other tool: chargelake.duckdb in the
    home, or the FILE that is named. It holds no rows; the views read the tables' files whenever they are asked.
    """
    from flows.querying import instant
    from flows.querying import query as run_query

    house = open_house()
    if init:
        _make_views(house, sql, as_of, as_json=as_json)
        return
    with clear_errors():
        columns, rows = run_query(house, _one_of(sql, file), instant(house, as_of, "--as-of"))
    show_rows(columns, rows, as_json=as_json)


def _one_of(sql: str | None, file: Path | None) -> str:
    """The SQL that was given, in words or as a file."""
    if (sql is None) == (file is None):
        raise Stop(Exit.USAGE, 'query: say what to ask, as chargelake query "SELECT count(*) FROM vehicles", or --file')
    try:
        return sql or (file.read_text("utf-8") if file else "")
    except UnicodeDecodeError:
        raise Stop(Exit.USAGE, f"{file}: it is not UTF-8 text") from None


def _make_views(house: House, file: str | None, as_of: str | None, *, as_json: bool) -> None:
    from flows.views import make_views

    if as_of is not None:
        raise Stop(Exit.USAGE, "query: the views of --init show what is known now; leave out --as-of")
    with clear_errors():
        path = make_views(house, Path(file) if file else None)
    if as_json:
        show_json({"file": str(path)})
    else:
        say(f"{path} has a view for each table; open it with DuckDB, or with what speaks to it.")
