"""`report reconciliation`: what does not add up, or looks wrong, by age."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.frame import AsJson, RealIds, clear_errors, open_house, show_rows

Older = Annotated[int, typer.Option("--older-than", metavar="DAYS", min=0, help="Only items that are older.")]


def reconciliation(older_than: Older = 0, real_ids: RealIds = False, as_json: AsJson = False) -> None:
    """List what does not add up or looks wrong, the oldest first. Bills are posted days late: see --older-than."""
    from flows.reconciling import open_items
    from lake.names import real_ids as ids

    house = open_house()
    with clear_errors():
        columns, rows = open_items(house, house.clock.now().date())
        name = ids if real_ids else house.names()
        at = columns.index("vehicle_id")
        shown = [(*row[:at], name(row[at]), *row[at + 1 :]) for row in rows if row[0] > older_than or older_than == 0]
    show_rows(columns, shown, as_json=as_json, title=f"{len(shown)} open items")
