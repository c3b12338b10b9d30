"""What a policy demands before it pays: a meter that was shown, and days that are known."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Final

import polars as pl

from transforms.months import month_of
from transforms.rules.policies import Evidence, Meter, Policy

KNOWN_DAYS: Final = pl.Schema(
    {"vehicle_id": pl.String, "month": pl.String, "days_known": pl.Int64, "days_counted": pl.Int64}
)
"""Known days of a vehicle and month, and how many there have been of it so far."""

_KNOWN: Final = ("collected", "confirmed_empty")
_V3: Final = "v3_records"
_FINE: Final = 10**9


def known_days(completeness: pl.DataFrame) -> pl.DataFrame:
    """How many days of each month are known of each vehicle: columns of `KNOWN_DAYS`.

    A day (UTC, as `completeness` has it) is known if v3 has told it, or every stream of v2.0 that the vehicle has.
    Counted are the days of the whole month up to the last day that `completeness` has: those before consent are not
    known.

    Args:
        completeness: Columns vehicle_id, stream, day and state of `lake.schemas.COMPLETENESS`.
    """
    is_known, is_v3 = pl.col("state").is_in(_KNOWN), pl.col("stream") == _V3
    of_v2 = (~is_v3).any() & (is_known | is_v3).all()
    days = completeness.group_by("vehicle_id", "day").agg(((is_known & is_v3).any() | of_v2).alias("known"))
    first = pl.col("day").dt.truncate("1mo").alias("first")
    months = days.group_by("vehicle_id", first).agg(pl.col("known").sum().cast(pl.Int64).alias("days_known"))
    until = pl.min_horizontal(pl.col("first").dt.month_end(), pl.lit(completeness["day"].max(), pl.Date))
    counted = ((until - pl.col("first")).dt.total_days() + 1).alias("days_counted")
    told = months.with_columns(month_of("first").alias("month"), counted)
    return told.select(KNOWN_DAYS.names()).sort("vehicle_id", "month")


def is_missing(policy: Policy) -> pl.Expr:
    """Whether the evidence that a policy demands is not there for a session.

    Reads columns vehicle_id, driver, place_name, local_date, and days_known, days_counted of its month.
    """
    return ~(_has_meter(policy) & _knows_days(policy.evidence))


def _has_meter(policy: Policy) -> pl.Expr:
    wanted = set(policy.evidence.meter_kinds)
    if not wanted:
        return pl.lit(value=True)
    shown = [_stands_for(each) for each in policy.meter if each.kind in wanted]
    return reduce(or_, shown, pl.lit(value=False))


def _stands_for(meter: Meter) -> pl.Expr:
    stands = pl.lit(value=True)
    for column, value in (("place_name", meter.place), ("driver", meter.driver), ("vehicle_id", meter.vehicle)):
        if value is not None:
            stands &= (pl.col(column) == value).fill_null(value=False)
    if meter.valid_from is not None:
        stands &= pl.col("local_date") >= meter.valid_from
    if meter.valid_to is not None:
        stands &= pl.col("local_date") <= meter.valid_to
    return stands


def _knows_days(evidence: Evidence) -> pl.Expr:
    if not evidence.known_days_pct:  # every month has 0 %, also one of which no day is told
        return pl.lit(value=True)
    least = int(evidence.known_days_pct * _FINE)
    enough = pl.col("days_known") * (100 * _FINE) >= pl.col("days_counted") * least
    return enough.fill_null(value=False)
