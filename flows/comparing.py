"""What v2.0 and v3 tell of the vehicles that are seen through both, compared from the published tables.

The tables alone are read, never the ledger: it may know days whose answers are landed and not in the tables yet.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final

import polars as pl

from collectors.streams import SOURCES, STREAMS, TESLA_DAYS, V2, V3, streams_of
from flows.house import House
from flows.leaving import known_vehicle
from lake import schemas
from lake.names import Namer
from lake.tables import Partition
from reports.parity import MakeParity, of_make
from transforms.months import shifted
from transforms.parity import common_days, compare, known_days
from transforms.sessions import standing

_OF_SESSIONS: Final = {stream.name: SOURCES[stream.interface] for stream in STREAMS if stream is not TESLA_DAYS}


def parity(
    house: House, named: Namer, vehicle: str | None = None, since: date | None = None, until: date | None = None
) -> list[MakeParity]:
    """The figures by make; empty if no vehicle is seen through both. No more than one make is in memory.

    Args:
        house: The house.
        named: What to call a vehicle.
        vehicle: This one alone, by its id or its name.
        since: Sessions that start on this day (UTC) or later.
        until: Sessions that start on this day (UTC) or earlier.

    Raises:
        Stop: There is no such vehicle (exit code 2).
        lake.tables.DamagedTable: A file of the lake cannot be read.
        lake.tables.SchemaMismatch: A file of the lake was written with another schema.
    """
    seen = _seen_through_both(house)
    if vehicle is not None:
        only = known_vehicle(house, vehicle).vehicle_id
        seen = {make: frozenset({only}) for make, ids in seen.items() if only in ids}
    return [_of_make(house, named, make, ids, (since, until)) for make, ids in sorted(seen.items())]


def _seen_through_both(house: House) -> dict[str, frozenset[str]]:
    """The vehicles of which both interfaces can tell sessions, by make."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in house.registry.vehicles():
        told_by = {stream.interface for stream in streams_of(each) if stream.name in _OF_SESSIONS}
        if each.make and told_by == {V2, V3}:
            found[each.make.upper()].add(each.vehicle_id)
    return {make: frozenset(ids) for make, ids in found.items()}


def _of_make(
    house: House, named: Namer, make: str, ids: frozenset[str], days: tuple[date | None, date | None]
) -> MakeParity:
    since, until = days
    mine = pl.col("vehicle_id").is_in(list(ids))
    known = known_days(_read(house, schemas.COMPLETENESS, make, days).filter(mine), _OF_SESSIONS)
    history = _read(house, schemas.SESSION_HISTORY, make, days).filter(mine)
    within = pl.col("day").is_between(since or date.min, until or date.max)
    found = compare(standing(history), known, since, until)
    return of_make(make, ids, found, common_days(known).filter(within), named)


def _read(house: House, table: schemas.Table, make: str, days: tuple[date | None, date | None]) -> pl.DataFrame:
    """A make's rows of these days, and of a month around them: one telling may lie there, and the day beyond."""
    first, last = (f"{each:%Y-%m}" if each else None for each in days)
    wanted = [
        Partition(make, each.month)
        for each in house.tables.partitions(table)
        if each.make == make
        and (first is None or shifted(first, -1) <= str(each.month))
        and (last is None or str(each.month) <= shifted(last, 1))
    ]
    return house.tables.read(table, wanted)
