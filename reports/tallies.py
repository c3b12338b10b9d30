"""Counts and sums of the published tables, small enough to print and draw.

A lake of 30,000 vehicles has tens of millions of rows; what a summary says of them are a few hundred. So each table
is read one partition at a time and folded into counts by a few keys, and no more than one partition is in memory.
A sum stands beside the number of values that went into it: where that is 0, the sum is not known, and is not 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, COMPLETENESS, QUARANTINE, RUNS, VEHICLES, Table
from lake.tables import Partition
from transforms.months import month_of

SESSION_STEP_KWH: Final = 5
"""Width of the classes of a session's energy."""

PLACES: Final = ("home", "other", "supercharger", "total")
"""Kinds of place of daily energy, and their total: columns `PLACE_kwh` and, counted, `PLACE_told`."""

_STILL_TOLD: Final = pl.col("status") != "vanished"


class Readable(Protocol):
    """Published tables: as they are (`lake.tables.Tables`), or as they were known."""

    def partitions(self, table: Table) -> list[Partition]:
        """The partitions that have rows, in order."""

    def read(self, table: Table, partitions: Iterable[Partition] | None = None) -> pl.DataFrame:
        """The rows of these partitions, or of all."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A count by keys that can be taken of each partition by itself and then added up.

    Attributes:
        keys: What is counted by.
        of: From rows of the table to the keys and columns of counts and sums.
    """

    keys: tuple[str, ...]
    of: Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Tallies:
    """All that summaries and charts are made of; the columns are those of the functions of the same names."""

    sessions: pl.DataFrame
    tellers: pl.DataFrame
    starts: pl.DataFrame
    sizes: pl.DataFrame
    bills: pl.DataFrame
    days: pl.DataFrame
    states: pl.DataFrame
    quarantined: pl.DataFrame
    vehicles: pl.DataFrame
    runs: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether the lake holds nothing at all."""
        return all(getattr(self, name).is_empty() for name in self.__slots__)


def take(tables: Readable) -> Tallies:
    """Read the published tables once."""
    return Tallies(
        **_fold(tables, CHARGE_SESSIONS, _OF_SESSIONS),
        **_fold(tables, CHARGE_DAYS, {"days": Tally(("make", "month"), days)}),
        **_fold(tables, COMPLETENESS, {"states": Tally(("stream", "day", "state"), states)}),
        **_fold(tables, QUARANTINE, {"quarantined": Tally(("reason", "stream"), quarantined)}),
        vehicles=tables.read(VEHICLES).sort(VEHICLES.sort_by),
        runs=tables.read(RUNS).sort(RUNS.sort_by),
    )


def sessions(frame: pl.DataFrame) -> pl.DataFrame:
    """Sessions and their energy by make, status and local month of the start.

    Args:
        frame: Columns make, status, local_date, energy_kwh.

    Returns:
        make, status, month (`YYYY-MM`), sessions, told (sessions that tell an energy), kwh.
    """
    energy = pl.col("energy_kwh")
    return frame.group_by("make", "status", _month("local_date")).agg(
        _number().alias("sessions"),
        energy.count().cast(pl.Int64).alias("told"),
        energy.sum().alias("kwh"),
    )


def tellers(frame: pl.DataFrame) -> pl.DataFrame:
    """Sessions by how many interfaces tell them, vanished sessions left out.

    Args:
        frame: Columns status, sources.

    Returns:
        interfaces (how many), sessions.
    """
    several = pl.col("sources").list.len().cast(pl.Int64)
    return frame.filter(_STILL_TOLD).group_by(several.alias("interfaces")).agg(_number().alias("sessions"))


def starts(frame: pl.DataFrame) -> pl.DataFrame:
    """Session starts by weekday and hour on the clocks of each session's own zone, vanished sessions left out.

    Args:
        frame: Columns status, started_at (UTC), timezone (IANA).

    Returns:
        weekday (1 Monday to 7 Sunday), hour (0 to 23), sessions.
    """
    told = frame.filter(_STILL_TOLD).drop_nulls("timezone").select("timezone", "started_at")
    # polars converts a column to one zone only, so each zone is converted by itself
    clocks = [
        zoned.select(local.dt.weekday().alias("weekday"), local.dt.hour().alias("hour"))
        for (zone,), zoned in told.partition_by("timezone", as_dict=True).items()
        for local in [pl.col("started_at").dt.convert_time_zone(str(zone))]
    ]
    empty = pl.DataFrame(schema={"weekday": pl.Int8, "hour": pl.Int8})
    return pl.concat([empty, *clocks]).group_by("weekday", "hour").agg(_number().alias("sessions"))


def sizes(frame: pl.DataFrame) -> pl.DataFrame:
    """Sessions by charger type and class of energy; sessions without energy and vanished ones are left out.

    Args:
        frame: Columns status, charger_type, energy_kwh.

    Returns:
        charger_type (`AC`, `DC`, `not told`), from_kwh (lower end of a class of `SESSION_STEP_KWH`), sessions.
    """
    lower = (pl.col("energy_kwh") // SESSION_STEP_KWH * SESSION_STEP_KWH).cast(pl.Int64)
    return (
        frame.filter(_STILL_TOLD & pl.col("energy_kwh").is_not_null())
        .group_by(pl.col("charger_type").fill_null("not told"), lower.alias("from_kwh"))
        .agg(_number().alias("sessions"))
    )


def bills(frame: pl.DataFrame) -> pl.DataFrame:
    """Billed totals by currency and local month of the start, vanished sessions left out.

    Args:
        frame: Columns status, currency (ISO 4217), local_date, billed_total (decimal, in `currency`).

    Returns:
        currency, month (`YYYY-MM`), bills, complete (bills with a total), total (decimal, of the complete ones).
    """
    total = pl.col("billed_total")
    billed = frame.filter(_STILL_TOLD & pl.col("currency").is_not_null())
    return billed.group_by("currency", _month("local_date")).agg(
        _number().alias("bills"),
        total.count().cast(pl.Int64).alias("complete"),
        total.cast(pl.Decimal(38, 6)).sum().alias("total"),
    )


def days(frame: pl.DataFrame) -> pl.DataFrame:
    """Daily energy by make and month.

    Args:
        frame: Columns make, day (the vehicle's own), and kWh by kind of place as in `lake.schemas.CHARGE_DAYS`.

    Returns:
        make, month (`YYYY-MM`), vehicle_days, and for each of `PLACES` its sum in kWh and how many days told it.
    """
    energy = [pl.col(f"{place}_kwh").sum() for place in PLACES]
    told = [pl.col(f"{place}_kwh").count().cast(pl.Int64).alias(f"{place}_told") for place in PLACES]
    return frame.group_by("make", _month("day")).agg(_number().alias("vehicle_days"), *energy, *told)


def states(frame: pl.DataFrame) -> pl.DataFrame:
    """Vehicle days by stream, day (UTC) and what is known of it.

    Args:
        frame: Columns stream, day, state.

    Returns:
        stream, day, state, vehicle_days.
    """
    return frame.group_by("stream", "day", "state").agg(_number().alias("vehicle_days"))


def quarantined(frame: pl.DataFrame) -> pl.DataFrame:
    """Records in quarantine by reason and stream.

    Args:
        frame: Columns reason, stream.

    Returns:
        reason, stream, records.
    """
    return frame.group_by("reason", "stream").agg(_number().alias("records"))


_OF_SESSIONS: Final = {
    "sessions": Tally(("make", "status", "month"), sessions),
    "tellers": Tally(("interfaces",), tellers),
    "starts": Tally(("weekday", "hour"), starts),
    "sizes": Tally(("charger_type", "from_kwh"), sizes),
    "bills": Tally(("currency", "month"), bills),
}


def _fold(tables: Readable, table: Table, tallies: Mapping[str, Tally]) -> dict[str, pl.DataFrame]:
    """Take the tallies of each partition and add them up."""
    parts = {name: [tally.of(table.empty())] for name, tally in tallies.items()}
    for partition in tables.partitions(table):
        rows = tables.read(table, [partition])
        for name, tally in tallies.items():
            parts[name].append(tally.of(rows))
    return {name: _added(parts[name], tally.keys) for name, tally in tallies.items()}


def _added(parts: list[pl.DataFrame], keys: tuple[str, ...]) -> pl.DataFrame:
    return pl.concat(parts).group_by(keys).agg(pl.exclude(keys).sum()).sort(keys)


def _number() -> pl.Expr:
    return pl.len().cast(pl.Int64)


def _month(column: str) -> pl.Expr:
    return month_of(column).alias("month")
