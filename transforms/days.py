"""Tesla's days: each vehicle's day of local time, its revisions, and the table as it stands.

In: observations of days and the known revisions of the months they touch. Out: the revisions to append and the
rows of `charge_days`. Nothing is read, written or asked for the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from lake.schemas import CHARGE_DAY_HISTORY, CHARGE_DAYS
from transforms import months, revisions, zones
from transforms.decode import DAY_CONTENT

KEY: Final = ("vehicle_id", "day")


@dataclass(frozen=True, slots=True)
class AppliedDays:
    """What a batch of observed days makes.

    Attributes:
        appended: Revisions to append: `lake.schemas.CHARGE_DAY_HISTORY` and `month`, in no particular order.
        counts: New, changed and unchanged, a stream.
    """

    appended: pl.DataFrame
    counts: dict[str, revisions.Counts]


def dated(observations: pl.DataFrame, vehicles: pl.DataFrame, default_timezone: str) -> pl.DataFrame:
    """Observations with `day`: the date told, or the local date of the instant told in the vehicle's zone.

    Args:
        observations: `transforms.decode.DAY_OBSERVATION`.
        vehicles: Columns vehicle_id, model, timezone (IANA).
        default_timezone: IANA zone of vehicles whose own is not known.
    """
    told = zones.with_zone(observations, vehicles, default_timezone)
    day = pl.coalesce("told_day", zones.local_date(told, "told_at"))
    return told.with_columns(day.alias("day")).drop("timezone", "model")


def touched_months(observations: pl.DataFrame) -> set[months.Partition]:
    """Partitions whose history `apply` must be given for these observations (column day, from `dated`)."""
    return months.of_dates(observations, "day")


def apply(history: pl.DataFrame, observations: pl.DataFrame) -> AppliedDays:
    """The revisions that observed days make.

    Args:
        history: `lake.schemas.CHARGE_DAY_HISTORY` of the touched months; further columns are passed over.
        observations: As `dated` gives them, in any order. A date twice in one answer is told twice.
    """
    known, told = revisions.in_order(history, observations)
    made = revisions.revise(known, told, KEY, DAY_CONTENT)
    rows = made.with_columns(months.month_of("day").alias("month"))
    appended = rows.select(*CHARGE_DAY_HISTORY.schema.names(), "month")
    return AppliedDays(appended, revisions.counts(observations, made))


def current(history: pl.DataFrame) -> pl.DataFrame:
    """The days as they stand: the latest revision of each (`lake.schemas.CHARGE_DAYS` and `month`)."""
    latest = history.filter(pl.col("revision") == pl.col("revision").max().over(KEY))
    rows = latest.with_columns(months.month_of("day").alias("month"))
    return rows.select(*CHARGE_DAYS.schema.names(), "month").sort(CHARGE_DAYS.sort_by)
