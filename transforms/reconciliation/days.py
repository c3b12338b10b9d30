"""Tesla's energy of a day against the bills, and against the sessions, of that local day.

A session over midnight may have its energy on either day, so days that a session joins are compared together, in one
row of the first of them. Each Supercharger kWh and each bill is in exactly one row. A side that is not known is never
taken for 0: the row says `not_compared`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from transforms import zones
from transforms.merging import ENERGY_SHARE, V2_SOURCE
from transforms.reconciliation.neighbours import paired

KNOWN: Final = pl.Schema({"vehicle_id": pl.String, "stream": pl.String, "day": pl.Date})
"""Columns of the days that are known of a vehicle and stream (`collected` or `confirmed_empty`)."""
TOLERANCE_KWH: Final = 2.0
"""A difference that is always possible: rounding of daily figures, and what a car takes before its meter counts."""
BILL_SHARE: Final = 0.1
"""By how much of the larger a day and its bills may differ: losses between the charger's meter and the car's."""
LONGEST_JOINED: Final = timedelta(days=2)
"""A session whose last local day lies further from its first joins none."""

_VEHICLE: Final = ("make", "vehicle_id")
_OPEN: Final = ("unbilled", "billed_only", "difference")


@dataclass(frozen=True, slots=True)
class _Side:
    """What a kind of day is compared with: words for its states, and how near is near enough."""

    kind: str
    energy: str
    stream: str
    share: float
    missing: str
    alone: str
    what: str


_BILLS: Final = _Side(
    "supercharger_day", "supercharger_kwh", "tesla_billing", BILL_SHARE, "unbilled", "billed_only", "bills"
)
_HOME: Final = _Side(
    "home_day", "home_kwh", "v3_records", ENERGY_SHARE, "no_session", "session_only", "sessions at home"
)
_OTHER: Final = _Side(
    "other_day", "other_kwh", "v3_records", ENERGY_SHARE, "no_session", "session_only", "sessions elsewhere"
)


def compared(days: pl.DataFrame, sessions: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Rows of Tesla's days beside bills and sessions.

    Args:
        days: `lake.schemas.CHARGE_DAYS`; days that are no longer told count as not known.
        sessions: `lake.schemas.CHARGE_SESSIONS`; what vanished is left out.
        known: Columns `KNOWN`. Of a vehicle without any row in `days` that are told, no day counts as known.

    Returns:
        Columns kind, make, vehicle_id, day, session_ids, state, expected (Tesla's day, kWh), found (bills or sessions,
        kWh), difference, tolerance, unit, detail, is_open.
    """
    told = days.filter(~pl.col("flags").list.contains("no_longer_told"))
    tells_days = (pl.col("stream") != "tesla_days") | pl.col("vehicle_id").is_in(told["vehicle_id"].unique().implode())
    known = known.filter(tells_days)  # where no day is ever told, an empty answer is no day of none
    of_tesla = sessions.filter((pl.col("make") == "TESLA") & (pl.col("status") != "vanished"))
    dated = of_tesla.with_columns(_last_day(of_tesla).alias("last"), pl.col("local_date").alias("first"))
    is_bill = pl.col("sources").list.contains(V2_SOURCE)  # v2.0 tells bills of Teslas alone
    bills, others = dated.filter(is_bill), dated.filter(~is_bill)
    is_home, is_unclear = pl.col("place") == "home", pl.col("place") == "unknown"
    unclear = _vehicle_days(others.filter(is_unclear))
    unbilled = told.filter(pl.col("supercharger_kwh") > 0).select("vehicle_id", "day")
    fast = unbilled.join(_vehicle_days(bills), on=["vehicle_id", "day"], how="anti")
    return pl.concat(
        [
            paired(_side(_BILLS, told, bills, known, unclear.clear())),
            _side(_HOME, told, others.filter(is_home), known, unclear),
            _side(_OTHER, told, others.filter(~is_home & ~is_unclear), known, pl.concat([unclear, fast])),
        ]
    )


def _last_day(sessions: pl.DataFrame) -> pl.Expr:
    last = zones.local_date(sessions, "ended_at")
    joins = (last - pl.col("local_date")).is_between(timedelta(0), LONGEST_JOINED)
    return pl.when(joins).then(last).otherwise("local_date")


def _vehicle_days(sessions: pl.DataFrame) -> pl.DataFrame:
    """Each local day that these sessions touch: vehicle_id, day."""
    return sessions.select("vehicle_id", pl.date_ranges("first", "last").alias("day")).explode("day").unique()


def _side(
    side: _Side, days: pl.DataFrame, sessions: pl.DataFrame, known: pl.DataFrame, unclear: pl.DataFrame
) -> pl.DataFrame:
    """Rows of one kind; `unclear` (vehicle_id, day) are days of which the sessions of this kind cannot be told."""
    day, kwh = pl.col("day"), pl.col(side.energy)
    nothing = pl.lit(None, pl.String).alias("session_id")
    energies = days.filter(kwh > 0).select(*_VEHICLE, day.alias("first"), day.alias("last"), kwh.alias("told"), nothing)
    found = sessions.select(*_VEHICLE, "first", "last", pl.col("energy_kwh").alias("kwh"), "session_id")
    joined = _joined(pl.concat([energies, found], how="diagonal"))
    is_session = pl.col("session_id").is_not_null()
    groups = joined.group_by(*_VEHICLE, "group").agg(
        pl.col("first").min().alias("day"),
        pl.col("last").max(),
        pl.col("session_id").drop_nulls().sort().alias("session_ids"),
        _sum("told").alias("expected"),
        _sum("kwh").alias("found"),
        (is_session & pl.col("kwh").is_null()).any().alias("energy_untold"),
    )
    return _judged(side, groups.join(_knowledge(side, groups, days, known, unclear), on=["vehicle_id", "group"]))


def _sum(name: str) -> pl.Expr:
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())


def _joined(items: pl.DataFrame) -> pl.DataFrame:
    """With a number for each run of days of a vehicle that share a day, one through the other."""
    ordered = items.sort(*_VEHICLE, "first", "last", "session_id")
    until = pl.col("last").cum_max().shift(1).over(_VEHICLE)
    begins = until.is_null() | (pl.col("first") > until)
    return ordered.with_columns(begins.cum_sum().alias("group"))


def _knowledge(
    side: _Side, groups: pl.DataFrame, days: pl.DataFrame, known: pl.DataFrame, unclear: pl.DataFrame
) -> pl.DataFrame:
    """What is known of all the days of a group: vehicle_id, group, days_known, others_known, is_unclear."""
    keys = ["vehicle_id", "day"]
    each = groups.select("vehicle_id", "group", pl.date_ranges("day", "last").alias("day")).explode("day")
    rows = days.select(*keys, pl.col(side.energy).is_not_null().alias("row_known"))
    days_of, others = (
        known.filter(pl.col("stream") == stream).select(*keys, pl.lit(value=True).alias(name)).unique()
        for stream, name in (("tesla_days", "day_known"), (side.stream, "other_known"))
    )
    marked = unclear.select(keys).unique().with_columns(pl.lit(value=True).alias("unclear"))
    for frame in (rows, days_of, others, marked):
        each = each.join(frame, on=keys, how="left")
    return each.group_by("vehicle_id", "group").agg(
        pl.coalesce("row_known", "day_known", pl.lit(value=False)).all().alias("days_known"),
        pl.col("other_known").fill_null(value=False).all().alias("others_known"),
        pl.col("unclear").fill_null(value=False).any().alias("is_unclear"),
    )


def _judged(side: _Side, groups: pl.DataFrame) -> pl.DataFrame:
    """States, and what they are about in words."""
    expected, found = pl.col("expected").fill_null(0.0), pl.col("found").fill_null(0.0)
    tolerance = pl.max_horizontal(pl.lit(TOLERANCE_KWH), pl.max_horizontal(expected, found) * side.share)
    has_session = pl.col("session_ids").list.len() > 0
    comparable = pl.col("days_known") & ~pl.col("energy_untold") & ~pl.col("is_unclear")
    state = (
        pl.when(~comparable | (~has_session & ~pl.col("others_known")))
        .then(pl.lit("not_compared"))
        .when((found - expected).abs() <= tolerance)
        .then(pl.lit("matched"))
        .when(~has_session)
        .then(pl.lit(side.missing))
        .when(expected == 0)
        .then(pl.lit(side.alone))
        .otherwise(pl.lit("difference"))
    )
    is_told = has_session | pl.col("others_known") | pl.lit(side is _BILLS)
    judged = groups.filter(is_told).with_columns(state.alias("state"), tolerance.alias("tolerance"))
    return judged.select(
        pl.lit(side.kind).alias("kind"),
        *_VEHICLE,
        "day",
        "session_ids",
        "state",
        "expected",
        "found",
        pl.when(pl.col("state") != "not_compared").then(pl.col("found") - pl.col("expected")).alias("difference"),
        "tolerance",
        pl.lit("kWh").alias("unit"),
        _detail(side),
        pl.col("state").is_in(_OPEN).alias("is_open"),
    )


def _detail(side: _Side) -> pl.Expr:
    numbers = [pl.col(name).round(2).cast(pl.String).fill_null("nothing") for name in ("expected", "found")]
    until = pl.when(pl.col("last") > pl.col("day")).then(pl.format(" until {}", "last")).otherwise(pl.lit(""))
    why = (
        pl.when(pl.col("state") != "not_compared")
        .then(pl.lit(""))
        .when(~pl.col("days_known"))
        .then(pl.lit("; the car's days are not known"))
        .when("energy_untold")
        .then(pl.lit("; one of them tells no energy"))
        .when("is_unclear")
        .then(pl.lit("; the place of a session is not known"))
        .otherwise(pl.lit(f"; the {side.what} are not known"))
    )
    name = side.energy.removesuffix("_kwh").replace("supercharger", "Superchargers")
    text = pl.format(f"kWh by the car's days ({name}): {{}}; by {side.what}: {{}}{{}}{{}}", *numbers, why, until)
    return text.alias("detail")
