"""What is known of each vehicle, stream and day, and why not: an unknown is never a zero.

In: what can be asked, what is known complete, which days have a record. Out: one row a vehicle, stream and day.
Today is passed in, never read from a clock.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import polars as pl

from lake.schemas import COMPLETENESS

_STREAM: Final = ("vehicle_id", "stream")


def completeness(streams: pl.DataFrame, coverage: pl.DataFrame, record_days: pl.DataFrame, today: date) -> pl.DataFrame:
    """One row a vehicle, stream and whole UTC day, from consent (or the first known day) to yesterday.

    Args:
        streams: One row a vehicle and stream: vehicle_id, make, stream, consent_day (date), window_days (how far
            back the source tells, 0 for no limit), blocked_state (a state of `lake.schemas.COMPLETENESS_STATES`
            that stands in the way of asking, or null), as_of (UTC, null if never asked).
        coverage: vehicle_id, stream, since, until: closed, disjoint intervals of days known complete.
        record_days: vehicle_id, stream, day: days (UTC) with at least one record; others than covered are ignored.
        today: The UTC day of the run; it is not whole yet and has no row.

    Returns:
        `lake.schemas.COMPLETENESS`, sorted.
    """
    days = _days(streams, coverage, today)
    covered = _covered_days(coverage)
    records = record_days.select(*_STREAM, "day", pl.lit(value=True).alias("_has_record")).unique()
    told = days.join(covered, on=[*_STREAM, "day"], how="left").join(records, on=[*_STREAM, "day"], how="left")
    rows = told.with_columns(_state(today).alias("state"))
    return rows.select(COMPLETENESS.schema.names()).match_to_schema(COMPLETENESS.schema).sort(COMPLETENESS.sort_by)


def _days(streams: pl.DataFrame, coverage: pl.DataFrame, today: date) -> pl.DataFrame:
    """All days that have a row."""
    first = coverage.group_by(_STREAM).agg(pl.col("since").min().alias("_first_covered"))
    yesterday = today - timedelta(days=1)
    begun = streams.join(first, on=_STREAM, how="left").with_columns(
        pl.min_horizontal("consent_day", "_first_covered").alias("_begin")
    )
    return begun.filter(pl.col("_begin") <= yesterday).with_columns(
        pl.date_ranges("_begin", pl.lit(yesterday)).alias("day")
    ).explode("day")  # fmt: skip


def _covered_days(coverage: pl.DataFrame) -> pl.DataFrame:
    days = coverage.select(*_STREAM, pl.date_ranges("since", "until").alias("day")).explode("day")
    return days.unique().with_columns(pl.lit(value=True).alias("_covered"))


def _state(today: date) -> pl.Expr:
    """The first of these that holds. The oldest day of a window is cut at the time of asking, so it is outside."""
    oldest_told = pl.lit(today) - pl.duration(days="window_days")
    return (
        pl.when(pl.col("_covered") & pl.col("_has_record"))
        .then(pl.lit("collected"))
        .when(pl.col("day") < pl.col("consent_day"))
        .then(pl.lit("before_consent"))
        .when(pl.col("_covered"))
        .then(pl.lit("confirmed_empty"))
        .when((pl.col("window_days") > 0) & (pl.col("day") <= oldest_told))
        .then(pl.lit("outside_window"))
        .otherwise(pl.coalesce("blocked_state", pl.lit("not_asked")))
    )
