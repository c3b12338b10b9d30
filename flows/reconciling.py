"""`reconciliation` of the lake: made anew, month by month, where sessions, days, what is known or drivers changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import polars as pl

from flows import made_of
from flows.house import House
from lake import schemas
from lake.reference import countries, country_currencies
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, COMPLETENESS, RECONCILIATION, Table
from lake.tables import Partition
from transforms import months
from transforms.reconciliation.table import BEFORE, reconciliation

_FILE: Final = "state/reconciled.json"
_KNOWN: Final = ("collected", "confirmed_empty")
_ITEM: Final = ("day", "kind", "vehicle_id", "driver", "state", "expected", "found", "unit", "detail", "session_ids")


def publish_reconciliation(house: House, *, anew: bool = False) -> None:
    """Compare and flag the months of which anything has changed, and publish the files that differ.

    Args:
        house: The house; the caller holds the lake.
        anew: Make all of them, whatever has changed.
    """
    due, near = made_of.due(house, _FILE, _digests(house), anew=anew), _Near(house)
    for month in due:
        rows = reconciliation_of(house, month, near)
        stand = {each for each in house.tables.partitions(RECONCILIATION) if each.month == month}
        touched = stand | {Partition(make, month) for make in rows["make"].unique()}
        house.tables.publish_changed(RECONCILIATION, rows, touched)
    if due:
        made_of.keep(house, _FILE, _digests(house))


class _Near:
    """Reads months of tables, and keeps those that the next month needs as well."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept: dict[tuple[str, Partition], pl.DataFrame] = {}

    def read(self, table: Table, wanted: set[str]) -> pl.DataFrame:
        """All rows of these months; of the table's other months nothing is kept."""
        tables = self._house.tables
        found = [each for each in tables.partitions(table) if each.month in wanted]
        fresh = {(table.name, each): self._kept.get((table.name, each)) for each in found}
        read = {key: tables.read(table, [key[1]]) if frame is None else frame for key, frame in fresh.items()}
        self._kept = {key: frame for key, frame in self._kept.items() if key[0] != table.name} | read
        return pl.concat([tables.read(table, []), *read.values()])


def reconciliation_of(house: House, month: str, near: _Near | None = None) -> pl.DataFrame:
    """The rows of a local month from the published tables: columns of `RECONCILIATION` and `month`."""
    tables = near or _Near(house)
    beside = months.near([month], -1, 1)
    completeness = tables.read(COMPLETENESS, beside)
    return reconciliation(
        tables.read(CHARGE_SESSIONS, months.near([month], -BEFORE, 1)),
        tables.read(CHARGE_DAYS, beside),
        completeness.filter(pl.col("state").is_in(_KNOWN)).select("vehicle_id", "stream", "day"),
        house.rules.assignments,
        {zone: money for zone, country in countries().items() if (money := country_currencies().get(country))},
        month,
    )


def differing_months(house: House) -> Iterator[str]:
    """Months whose published rows are not what the tables and rules of now make; none that are due to be made anew."""
    near = _Near(house)
    for month in made_of.settled(house, _FILE, _digests(house)):
        published = near.read(RECONCILIATION, {month}).sort(RECONCILIATION.sort_by)
        if not reconciliation_of(house, month, near).equals(published):
            yield month


def open_items(house: House, today: date) -> tuple[list[str], list[tuple[Any, ...]]]:
    """What somebody should look at, the oldest first: names of columns, and rows that begin with the age in days.

    Args:
        house: The house.
        today: The day from which ages count.
    """
    rows = house.tables.read(RECONCILIATION).filter("is_open").sort("day", "kind", "vehicle_id", "item_id")
    age = (pl.lit(today) - pl.col("day")).dt.total_days().alias("age_days")
    return ["age_days", *_ITEM], rows.select(age, *_ITEM).rows()


def _digests(house: House) -> dict[str, list[str]]:
    """By month: what its rows are made of - sessions, days, what is known, drivers - and what they are now."""
    sessions, days, known, rows = (
        made_of.files(house, table) for table in (CHARGE_SESSIONS, CHARGE_DAYS, COMPLETENESS, RECONCILIATION)
    )
    drivers = (repr(house.rules.assignments), schemas.SCHEMA_VERSION)

    def inputs(month: str) -> str:
        near = [(each, days.get(each), known.get(each)) for each in sorted(months.near([month], -1, 1))]
        return made_of.digest(
            drivers, near, [(each, sessions.get(each)) for each in sorted(months.near([month], -BEFORE, 1))]
        )

    begun = sessions.keys() | days.keys()
    wanted = months.near(begun, -1, 1) | rows.keys()
    return {month: [inputs(month), made_of.digest(rows.get(month))] for month in wanted}
