"""Tesla's days: each vehicle's day of local time, its revisions, and the table as it stands.

In: observations of days and the known revisions of the months they touch. Out: the revisions to append and the
rows of `charge_days`. Nothing is read, written or asked for the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from lake.schemas import CHARGE_DAY_HISTORY, CHARGE_DAYS
from transforms import months, revisions, vanishing, zones
from transforms.decode import DAY_CONTENT
from transforms.sweeps import NO_SWEEPS, Sweeps

KEY: Final = ("vehicle_id", "day")


@dataclass(frozen=True, slots=True)
class AppliedDays:
    """What a batch of observed days makes.

    Attributes:
        appended: Revisions to append: `lake.schemas.CHARGE_DAY_HISTORY` and `month`, in no particular order.
        counts: New, changed and unchanged, a stream. What is no longer told was not received and is in none of them.
        notes: What is said of records that are no longer told, a stream.
    """

    appended: pl.DataFrame
    counts: dict[str, revisions.Counts]
    notes: dict[str, set[str]]


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


def touched_months(observations: pl.DataFrame, sweeps: Sweeps = NO_SWEEPS) -> set[months.Partition]:
    """Partitions whose history `apply` must be given for these observations (column day, from `dated`) and sweeps."""
    return months.of_dates(observations, "day") | months.of_windows(sweeps.whole)


def apply(
    history: pl.DataFrame,
    observations: pl.DataFrame,
    sweeps: Sweeps = NO_SWEEPS,
    again: pl.DataFrame | None = None,
) -> AppliedDays:
    """The revisions that observed days make, and those that sweeps make by no longer telling a day.

    Args:
        history: `lake.schemas.CHARGE_DAY_HISTORY` and `month` of the touched months.
        observations: As `dated` gives them, in any order. A date twice in one answer is told twice.
        sweeps: What these answers told whole (`Sweeps.of_days`).
        again: Observations of the sweeps' answers that an earlier batch has taken in.
    """
    told = vanishing.tagged(observations, again, sweeps.whole)
    parts: list[AppliedDays] = []
    for observed, whole in sweeps.rounds(told):
        parts.append(_applied(history, observed, whole, sweeps.refused))
        history = pl.concat([history, parts[-1].appended])
    return AppliedDays(
        pl.concat([part.appended for part in parts]),
        revisions.add_counts(part.counts for part in parts),
        vanishing.all_notes(part.notes for part in parts),
    )


def _applied(
    history: pl.DataFrame, observations: pl.DataFrame, whole: pl.DataFrame, refused: pl.DataFrame
) -> AppliedDays:
    """A part of a batch with one sweep a vehicle at most."""
    known, told, judged = revisions.in_order(history, observations, whole)
    gone = vanishing.vanished(vanishing.DAYS, known, told, judged, refused)
    made = revisions.revise(known, pl.concat([told, gone.observed]), KEY, DAY_CONTENT)
    rows = made.with_columns(months.month_of("day").alias("month"))
    appended = rows.select(*CHARGE_DAY_HISTORY.schema.names(), "month")
    counts = revisions.counts(told.filter("counted"), made.filter("counted"))
    unseen = made.join(gone.observed.select("landed"), on="landed", how="semi")
    return AppliedDays(appended, counts, vanishing.notes(vanishing.DAYS, unseen, gone.kept))


def current(history: pl.DataFrame) -> pl.DataFrame:
    """The days as they stand: the latest revision of each (`lake.schemas.CHARGE_DAYS` and `month`)."""
    latest = history.filter(pl.col("revision") == pl.col("revision").max().over(KEY))
    rows = latest.with_columns(months.month_of("day").alias("month"))
    return rows.select(*CHARGE_DAYS.schema.names(), "month").sort(CHARGE_DAYS.sort_by)
