"""Charging sessions: which session a record is, its revisions, and the table as it stands.

In: observations of sessions and the known revisions of the months they touch. Out: the revisions to append and the
rows of `charge_sessions`. Nothing is read, written or asked for the time.

A revision lives in the month (UTC) of its start. When a start moves to another month, the old month keeps a row of
status `moved` with the number and time of the new revision, so that each month can be read by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from lake.schemas import CHARGE_SESSIONS, SESSION_HISTORY
from transforms import freshness, identity, merging, months, places, revisions, vanishing, zones
from transforms.decode import SESSION_CONTENT
from transforms.revisions import MOVED
from transforms.rules.places import Places
from transforms.sweeps import NO_SWEEPS, Sweeps

INDEX: Final = pl.Schema(dict.fromkeys(("make", "month", "vehicle_id", "source_record_id"), pl.String))
"""Columns of the index of the ids that history knows: one row an id and month."""

LONGEST_OVERLAP: Final = timedelta(days=28)
"""A session plugged in for longer overlaps nothing: no month is shorter, so the month before is all `current` needs."""

_RECORD: Final = ("source", "vehicle_id", "source_record_id")


@dataclass(frozen=True, slots=True)
class AppliedSessions:
    """What a batch of observed sessions makes.

    Attributes:
        appended: Revisions to append: `lake.schemas.SESSION_HISTORY` and `month`, in no particular order.
        counts: New, changed and unchanged, a stream. What vanished was not received and is in none of them.
        notes: What is said of records that are no longer told, a stream.
        confirmed: Revisions that were told again, and of when (`transforms.freshness.CONFIRMED`).
    """

    appended: pl.DataFrame
    counts: dict[str, revisions.Counts]
    notes: dict[str, set[str]]
    confirmed: pl.DataFrame

    def history(self, before: pl.DataFrame) -> pl.DataFrame:
        """The history that was given to `apply`, with what the batch makes of it."""
        return pl.concat([freshness.with_confirmed(before, self.confirmed), self.appended])


def touched_months(observations: pl.DataFrame, sweeps: Sweeps = NO_SWEEPS) -> set[months.Partition]:
    """Partitions whose history `apply` must be given: of the starts, each within the tolerance, and of the sweeps."""
    return months.of_instants(observations, "started_at", identity.TOLERANCE) | months.of_windows(sweeps.whole)


def touched_by_id(index: pl.DataFrame, observations: pl.DataFrame) -> set[months.Partition]:
    """Further partitions whose history `apply` must be given: those that know an observed record by its id.

    Args:
        index: Columns make, month, vehicle_id, source_record_id (`INDEX`), from all history.
        observations: `transforms.decode.SESSION_OBSERVATION`.
    """
    keys = ("make", "vehicle_id", "source_record_id")
    told = observations.select(keys).drop_nulls().unique()
    return set(index.join(told, on=keys, how="semi").select("make", "month").unique().iter_rows())


def months_to_publish(touched: Collection[months.Partition]) -> set[months.Partition]:
    """Partitions whose current rows may differ once the touched ones do.

    A session may reach into the next month, and be told by another source with a start in the month before.
    """
    return months.around(touched, -1, 1)


def months_to_read(published: Collection[months.Partition]) -> set[months.Partition]:
    """Partitions whose history `current` must be given to publish these.

    A session may come from the month before, and what was told of that one from the month before it or after.
    """
    return months.around(published, -2, 1)


def touched_by_days(touched: Collection[months.Partition]) -> set[months.Partition]:
    """Partitions of `charge_sessions` whose places may differ once days of these partitions do.

    A local day may lie in another month than the instant, and a session may go on into the next.
    """
    return months.around(touched, -1, 1)


def days_to_read(published: Collection[months.Partition]) -> set[months.Partition]:
    """Partitions of `charge_days` that `current` must be given to publish these."""
    return months.around(published, -1, 1)


def apply(
    history: pl.DataFrame,
    observations: pl.DataFrame,
    sweeps: Sweeps = NO_SWEEPS,
    again: pl.DataFrame | None = None,
) -> AppliedSessions:
    """The revisions that observed sessions make, and those that sweeps make by no longer telling a session.

    Batches have to come in the order they landed; the order of rows inside a batch, its size and its repetition at
    any later time change nothing.

    Args:
        history: `lake.schemas.SESSION_HISTORY` and `month` of the partitions that `touched_months` and
            `touched_by_id` name; may be empty.
        observations: `transforms.decode.SESSION_OBSERVATION`, whole answers, in any order.
        sweeps: What these answers told whole (`Sweeps.of_sessions`).
        again: Observations of the sweeps' answers that an earlier batch has taken in.
    """
    told = vanishing.tagged(observations, again, sweeps.whole)
    parts: list[AppliedSessions] = []
    for observed, whole in sweeps.rounds(told):
        parts.append(_applied(history, observed, whole, sweeps.refused))
        history = parts[-1].history(history)
    confirmed = pl.concat([part.confirmed for part in parts])
    return AppliedSessions(
        freshness.with_confirmed(pl.concat([part.appended for part in parts]), confirmed),
        revisions.add_counts(part.counts for part in parts),
        vanishing.all_notes(part.notes for part in parts),
        confirmed,
    )


def _applied(
    history: pl.DataFrame, observations: pl.DataFrame, whole: pl.DataFrame, refused: pl.DataFrame
) -> AppliedSessions:
    """A part of a batch with one sweep a vehicle and stream at most."""
    known, told, judged = revisions.in_order(history, observations, whole)
    identified = _identified(known, told)
    gone = vanishing.vanished(vanishing.SESSIONS, known, identified, judged, refused)
    real = known.filter(pl.col("status") != MOVED)
    fresh = freshness.without_stale(real, identified)
    made = revisions.revise(real, pl.concat([fresh, gone.observed]), ("session_id",), SESSION_CONTENT)
    confirmed = freshness.confirmed(real, made, fresh)
    rows = freshness.with_confirmed(_history_rows(made), confirmed)
    appended = pl.concat([rows, _moved_rows(history, rows, identified["session_id"])]).sort(
        *SESSION_HISTORY.sort_by, "month"
    )
    counts = revisions.counts(told.filter("counted"), made.filter("counted"))
    unseen = made.join(gone.observed.select("landed"), on="landed", how="semi")
    return AppliedSessions(appended, counts, vanishing.notes(vanishing.SESSIONS, unseen, gone.kept), confirmed)


def current(
    history: pl.DataFrame,
    vehicles: pl.DataFrame,
    default_timezone: str,
    publish: Collection[months.Partition] | None = None,
    *,
    days: pl.DataFrame = places.NO_DAYS,
    said: Places = places.NOTHING_SAID,
) -> pl.DataFrame:
    """The sessions as they stand: the latest revision of each that has not moved away.

    Args:
        history: `lake.schemas.SESSION_HISTORY` and `month` of the partitions in `months_to_read(publish)`.
        vehicles: Columns vehicle_id, model, timezone (IANA).
        default_timezone: IANA zone of vehicles whose own is not known.
        publish: Partitions whose rows are wanted; default: all of history, which then must be whole.
        days: `lake.schemas.CHARGE_DAYS` of the partitions in `days_to_read(publish)`; more do not matter.
        said: Places of yours with ids of vehicles, and what people said of sessions.

    Returns:
        `lake.schemas.CHARGE_SESSIONS` and `month`: what several sources tell once (`transforms.merging`), with the mark
        `overlaps` where it holds and the place where it was (`transforms.places`).
    """
    marked = _with_overlaps(merging.merged(standing(history)))
    wanted = marked if publish is None else marked.filter(months.within(publish))
    local = zones.with_zone(wanted, vehicles, default_timezone)
    rows = local.with_columns(zones.local_date(local, "started_at").alias("local_date"))
    located = places.decided(rows, days, said)
    return located.select(*CHARGE_SESSIONS.schema.names(), "month").sort(CHARGE_SESSIONS.sort_by)


def _identified(known: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Observations with their session_id: by the source's own id, or by time where there is none."""
    has_id = pl.col("source_record_id").is_not_null()
    by_id = told.filter(has_id)
    by_time = told.filter(~has_id)
    found = identity.by_time(known.filter(~has_id), by_time)
    return pl.concat(
        [
            _by_record(known.filter(has_id), by_id),
            by_time.join(found, on="landed", how="left").select(*by_id.columns, "session_id"),
        ]
    )


def _by_record(known: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """A known id is looked up, a new one is hashed: the same text either way."""
    found = known.select(*_RECORD, "session_id").unique(_RECORD)
    named = told.join(found, on=_RECORD, how="left")
    unknown = named.filter(pl.col("session_id").is_null()).select(_RECORD).unique()
    hashed = named.join(unknown.with_columns(identity.ids_of_records(unknown)), on=_RECORD, how="left")
    return hashed.with_columns(pl.coalesce("session_id", "new_id").alias("session_id")).drop("new_id")


def _history_rows(made: pl.DataFrame) -> pl.DataFrame:
    """Revisions as history has them; what is told of the vehicle and not of the session is null."""
    rows = made.match_to_schema(SESSION_HISTORY.schema, missing_columns="insert", extra_columns="ignore")
    return rows.with_columns(months.month_of("started_at").alias("month"))


def _moved_rows(history: pl.DataFrame, rows: pl.DataFrame, observed: pl.Series) -> pl.DataFrame:
    """For each revision in another month than the one before it: the row of status `moved` the old month lacks.

    They are derived from all that is at hand, not from the new revisions alone: a transform that was cut short
    between two months may have written the one and not the other.
    """
    columns = [*SESSION_HISTORY.schema.names(), "month"]
    revised = pl.concat([frame.filter(pl.col("revision") > 1).select("session_id") for frame in (history, rows)])
    touched = revised.join(observed.unique().to_frame(), on="session_id", how="semi").unique()
    past, new = (frame.select(columns).join(touched, on="session_id", how="semi") for frame in (history, rows))
    told = pl.concat([past.filter(pl.col("status") != MOVED), new]).sort("session_id", "revision")
    after = told.select(pl.col("session_id", "month", *_OF_REVISION).shift(-1).name.suffix("_after"))
    steps = pl.concat([told, after], how="horizontal").filter(
        pl.col("session_id") == pl.col("session_id_after"),
        pl.col("revision") + 1 == pl.col("revision_after"),
        pl.col("month") != pl.col("month_after"),
    )
    moved = steps.with_columns(
        pl.lit(MOVED).alias("status"), *(pl.col(f"{name}_after").alias(name) for name in _OF_REVISION)
    ).select(columns)
    return moved.join(past, on=["session_id", "revision", "month", "status"], how="anti")


_OF_REVISION: Final = ("revision", "last_changed_at", "run_id", "raw_ref")
"""What a row of status `moved` has of the revision that moved the session."""


def standing(history: pl.DataFrame) -> pl.DataFrame:
    """The latest revision of each telling, without those that moved out of the months at hand."""
    latest = history.filter(pl.col("revision") == pl.col("revision").max().over("session_id"))
    return latest.filter(pl.col("status") != MOVED)


def _with_overlaps(merged: pl.DataFrame) -> pl.DataFrame:
    """The mark `overlaps` on a complete session that starts before an earlier complete one of its vehicle ended."""
    vehicle = ("make", "vehicle_id")
    complete = pl.col("status") == "complete"
    ordinary = pl.col("ended_at") - pl.col("started_at") <= LONGEST_OVERLAP
    ordered = merged.sort(*vehicle, "started_at", "session_id")
    until = pl.when(complete & ordinary).then("ended_at").cum_max().forward_fill()
    overlaps = complete & (until.shift(1).over(vehicle) > pl.col("started_at"))
    marked = pl.concat_list("flags", pl.lit("overlaps")).list.sort()
    return ordered.with_columns(pl.when(overlaps).then(marked).otherwise("flags").alias("flags"))
