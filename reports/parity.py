"""The figures of the parity report: by make, what v2.0 and v3 tell of the same vehicles, and how far it differs.

Pure functions from what was compared (`transforms.parity`) to small values, for the terminal, JSON and the page.
Amounts of two currencies are never added; vehicles have the names that the caller gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from lake.names import Namer
from transforms.parity import BOTH, FIELDS, NOT_COMPARABLE, NOT_TOLD_BY_V2, ONLY_V2, ONLY_V3, REASONS, Compared


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the values of a field are apart where they differ, in `unit`; each figure is one that occurs."""

    unit: str
    sessions: int
    median: Decimal
    p95: Decimal
    largest: Decimal


@dataclass(frozen=True, slots=True)
class FieldParity:
    """A field of the sessions told by both; the counts add up to them.

    Attributes:
        other_currency: Amounts that are not compared, as their currencies differ.
        spreads: One for each unit; of amounts, for each currency.
    """

    field: str
    agree: int
    differ: int
    other_currency: int
    only_v2: int
    only_v3: int
    neither: int
    spreads: tuple[Spread, ...]


@dataclass(frozen=True, slots=True)
class Lone:
    """A session that one interface alone tells: UTC, kWh, amount in `currency`; None is what is not told."""

    vehicle: str
    session_id: str
    started_at: datetime
    ended_at: datetime | None
    energy_kwh: float | None
    billed_total: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Two lone sessions that start within half an hour: a person may see one session in them (s, kWh)."""

    vehicle: str
    session_id_v2: str
    session_id_v3: str
    started_at_v2: datetime
    started_at_v3: datetime
    starts_apart_s: float
    ends_apart_s: float | None
    energy_apart_kwh: float | None


@dataclass(frozen=True, slots=True)
class NotCompared:
    """Sessions that are not comparable for one reason, and what they are in tellings."""

    reason: str
    means: str
    sessions: int
    tellings: int


@dataclass(frozen=True, slots=True)
class MakeParity:
    """A make's vehicles that are seen through both interfaces.

    Attributes:
        vehicles_without_common_day: Of `vehicles`, those of which no day is known to both.
        common_days: Vehicle × days that both know, from `first_day` to `last_day`.
        both: Sessions told by both. `only_v2` and `only_v3` are those of one alone, on days that both know.
        amounts_differ: Of `both`, those with an amount that differs; `other_currency`: those with two currencies.
        not_told_by_v2: A Tesla's sessions without a bill, which v2.0 does not tell by its nature.
    """

    make: str
    vehicles: int
    vehicles_without_common_day: int
    common_days: int
    first_day: date | None
    last_day: date | None
    both: int
    amounts_differ: int
    other_currency: int
    only_v2: tuple[Lone, ...]
    only_v3: tuple[Lone, ...]
    not_told_by_v2: int
    not_comparable: tuple[NotCompared, ...]
    fields: tuple[FieldParity, ...]
    near_misses: tuple[NearMiss, ...]

    @property
    def uncompared(self) -> int:
        """Sessions that are not comparable, for any reason."""
        return sum(each.sessions for each in self.not_comparable)


def of_make(make: str, vehicles: frozenset[str], found: Compared, common: pl.DataFrame, named: Namer) -> MakeParity:
    """The figures of one make.

    Args:
        make: In upper case.
        vehicles: Its vehicles that are seen through both.
        found: What was compared of them.
        common: The days that both know: vehicle_id, day.
        named: What to call a vehicle.
    """
    outcomes = dict(found.told.group_by("outcome").agg(pl.col("session").n_unique()).iter_rows())
    amounts_differ, other_currency = found.money.select("differ", "other_currency").sum().row(0)
    return MakeParity(
        make=make,
        vehicles=len(vehicles),
        vehicles_without_common_day=len(vehicles) - common["vehicle_id"].n_unique(),
        common_days=common.height,
        first_day=common.select(pl.col("day").min()).item(),
        last_day=common.select(pl.col("day").max()).item(),
        both=outcomes.get(BOTH, 0),
        amounts_differ=amounts_differ,
        other_currency=other_currency,
        only_v2=_lone(found.told, ONLY_V2, named),
        only_v3=_lone(found.told, ONLY_V3, named),
        not_told_by_v2=outcomes.get(NOT_TOLD_BY_V2, 0),
        not_comparable=_not_compared(found.told),
        fields=_fields(found),
        near_misses=_near(found.near, named),
    )


def _fields(found: Compared) -> tuple[FieldParity, ...]:
    spreads: dict[str, list[Spread]] = {}
    for _, field, *spread in found.differences.iter_rows():
        spreads.setdefault(field, []).append(Spread(*spread))
    rows = {row["field"]: row for row in found.fields.drop("make").iter_rows(named=True)}
    return tuple(FieldParity(**rows[each], spreads=tuple(spreads.get(each, ()))) for each in FIELDS if each in rows)


def _not_compared(told: pl.DataFrame) -> tuple[NotCompared, ...]:
    left = told.filter(pl.col("outcome") == NOT_COMPARABLE).group_by("reason")
    counts = {reason: rest for reason, *rest in left.agg(pl.col("session").n_unique(), pl.len()).iter_rows()}
    return tuple(NotCompared(reason, means, *counts[reason]) for reason, means in REASONS.items() if reason in counts)


def _lone(told: pl.DataFrame, outcome: str, named: Namer) -> tuple[Lone, ...]:
    rows = told.filter(pl.col("outcome") == outcome).sort("vehicle_id", "started_at", "session_id")
    columns = ("session_id", "started_at", "ended_at", "energy_kwh", "billed_total", "currency")
    return tuple(Lone(named(vehicle), *row) for vehicle, *row in rows.select("vehicle_id", *columns).iter_rows())


def _near(near: pl.DataFrame, named: Namer) -> tuple[NearMiss, ...]:
    seconds = [pl.col(name).dt.total_milliseconds() / 1000 for name in ("starts_apart", "ends_apart")]
    ids = ("session_id", "session_id_v3", "started_at", "started_at_v3")
    rows = near.select("vehicle_id", *ids, *seconds, pl.col("energy_apart").round(3))
    return tuple(NearMiss(named(vehicle), *row) for vehicle, *row in rows.iter_rows())
