"""Reports of a lake: which tables they are made of, as they are or as they were known, and where they are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.exits import Exit, Stop
from flows.house import House
from flows.querying import OF_NOW, known_at
from lake.names import real_ids
from lake.schemas import Table
from lake.tables import Partition
from reports.overview import overview


@dataclass(frozen=True, slots=True)
class KnownAt:
    """The published tables as they were known at an instant; those without a past have no rows."""

    house: House
    at: datetime

    def partitions(self, table: Table) -> list[Partition]:
        """One that stands for all: what was known is made of all files at once."""
        del table
        return [Partition()]

    def read(self, table: Table, partitions: Iterable[Partition] | None = None) -> pl.DataFrame:
        """All rows that were known then."""
        del partitions
        return table.empty() if table in OF_NOW else known_at(self.house, table, self.at)


def write_overview(house: House, file: Path | None, *, as_of: datetime | None, title: str, with_real_ids: bool) -> Path:
    """Write the overview page; gives where it is.

    Args:
        house: The house.
        file: Where to; None: `reports/overview.html` in the home.
        as_of: Show what was known at this instant; None: what is known now.
        title: Heading of the page.
        with_real_ids: Name vehicles by their ids and not by pseudonyms.

    Raises:
        Stop: The file cannot be written (exit code 2).
    """
    tables = house.tables if as_of is None else KnownAt(house, as_of)
    page = overview(tables, house.clock.now(), title, real_ids if with_real_ids else house.names(), as_of=as_of)
    if file is None:
        house.store.put("reports/overview.html", page.encode())
        return Path(house.store.uri("reports/overview.html"))
    try:
        file.write_text(page, "utf-8")
    except OSError as error:
        raise Stop(Exit.USAGE, f"{file} cannot be written: {error.strerror}") from None
    return file.resolve()
