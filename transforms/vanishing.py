"""Vanishing: what was known and is no longer told, decided by sweeps (`transforms.sweeps`).

A row stands, lies on a day that a sweep judges, and the sweep does not tell it: then the sweep makes it vanish. That is
an observation as any other, as if the sweep's last answer had told it after its records; so it takes its place in the
order of landing, and doing it again changes nothing. What is told again later is a further revision.

A source that forgets much at once has rather failed than forgotten: then all is kept as it is, and said. One that tells
the last days alone may cut them shorter: there, what is older than all that it tells is not judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from transforms.revisions import MOVED, POSITIONS

VANISHED: Final = "vanished"
"""Status of a session that is no longer told."""
NO_LONGER_TOLD: Final = "no_longer_told"
"""Mark of a day that is no longer told: days have no status."""

SOME: Final = 2
"""None of so many known records told, or more: the answer is not believed."""
MANY: Final = 5
"""So many not told, or more, and more than half of those known: the answer is not believed."""

TOLERANCE: Final = timedelta(seconds=30)
"""How far the times of a refused record may be from those of the record it is (`transforms.identity`)."""

FATES: Final = pl.Schema({"stream": pl.String, "untold": pl.UInt32, "known": pl.UInt32})
"""Columns of what the guard kept: a row a sweep."""

_DIGITS: Final = "0123456789"
_OF_SWEEP: Final = ("raw_ref", "position", "received_at", "run_id")
_JUDGED: Final = ("stream", "first_day", "last_day", "judged_by")


@dataclass(frozen=True, slots=True)
class Kind:
    """What can vanish.

    Attributes:
        vehicle: Columns that say whose it is.
        key: Columns that say which it is.
        when: The column that says when it was.
        day: Its day (UTC, or the vehicle's), which a sweep judges.
        left: Whether a row of history only says that it went on elsewhere.
        gone: Whether a row of history says that it is no longer told.
        mark: The columns that say so.
    """

    vehicle: tuple[str, ...]
    key: tuple[str, ...]
    when: str
    day: pl.Expr
    left: pl.Expr
    gone: pl.Expr
    mark: pl.Expr


SESSIONS: Final = Kind(
    ("source", "vehicle_id", "make"),
    ("session_id",),
    "started_at",
    pl.col("started_at").dt.date(),
    pl.col("status") == MOVED,
    pl.col("status") == VANISHED,
    pl.lit(VANISHED).alias("status"),
)
DAYS: Final = Kind(
    ("vehicle_id", "make"),
    ("vehicle_id", "day"),
    "day",
    pl.col("day"),
    pl.lit(value=False),
    pl.col("flags").list.contains(NO_LONGER_TOLD),
    pl.concat_list("flags", pl.lit(NO_LONGER_TOLD)).list.sort().alias("flags"),
)


@dataclass(frozen=True, slots=True)
class Vanished:
    """What sweeps no longer tell.

    Attributes:
        observed: As observations: the columns of those that were given, content as last told but for the mark.
        kept: What was not told and is kept as it is, as it would have been too much (`FATES`).
    """

    observed: pl.DataFrame
    kept: pl.DataFrame


def vanished(
    kind: Kind, known: pl.DataFrame, told: pl.DataFrame, sweeps: pl.DataFrame, refused: pl.DataFrame
) -> Vanished:
    """What these sweeps make vanish.

    Args:
        kind: `SESSIONS` or `DAYS`.
        known: History of the months that the sweeps judge, with `answer` and `landed` (`revisions.in_order`).
        told: Observations with their key, `answer`, `landed` and `in_sweep`: whether a sweep's answer told it.
        sweeps: Columns `transforms.sweeps.SWEEP`, `answer` and `landed`; one a vehicle and stream at most.
        refused: Columns `transforms.sweeps.REFUSED`.
    """
    before = pl.concat([known, told.filter(~pl.col("in_sweep"))], how="diagonal")
    judges = sweeps.select(*kind.vehicle, "stream", "first_day", "last_day", pl.col("answer").alias("judged_by"))
    near = _near(kind, before, judges)
    untold = near.join(told.filter("in_sweep").select(kind.key).unique(), on=kind.key, how="anti")
    missing = _standing(kind, before, untold)
    if kind is SESSIONS and not missing.is_empty():
        missing = missing.join(_corresponding(missing, refused, sweeps), on=kind.key, how="anti")
    kept = _implausible(missing, lambda some: _standing(kind, before, near.join(some, on="judged_by", how="semi")))
    gone = missing.join(kept, on="judged_by", how="anti")
    if sweeps["limited"].any() and not gone.is_empty():
        gone = _within_reach(kind, gone, told, sweeps)
    return Vanished(_as_observed(kind, gone, sweeps, told), kept.select(FATES.names()).cast(dict(FATES.items())))


def tagged(observations: pl.DataFrame, again: pl.DataFrame | None, whole: pl.DataFrame) -> pl.DataFrame:
    """Observations with `counted` and `in_sweep`.

    Args:
        observations: What landed in this batch; it is counted.
        again: What sweeps of this batch told in pages that an earlier batch has taken in already.
        whole: Columns `transforms.sweeps.SWEEP`.
    """
    told = observations.with_columns(pl.lit(value=True).alias("counted"))
    if again is not None and not again.is_empty():
        told = pl.concat([again.with_columns(pl.lit(value=False).alias("counted")), told])
    answers = whole["answers"].explode().to_list()
    return told.with_columns(pl.col("raw_ref").is_in(answers).alias("in_sweep"))


def notes(kind: Kind, made: pl.DataFrame, kept: pl.DataFrame) -> dict[str, set[str]]:
    """What a run has to say of it, a stream.

    Args:
        kind: `SESSIONS` or `DAYS`.
        made: The revisions that were made, as `vanished` observed them.
        kept: Columns `FATES`.
    """
    said: defaultdict[str, set[str]] = defaultdict(set)
    how = "status vanished" if kind is SESSIONS else f"the mark {NO_LONGER_TOLD}"
    for stream, number in made.group_by("stream").len().iter_rows():
        said[stream].add(f"known records that are no longer told: {number}; kept with {how}")
    for stream, untold, known, vehicles in _sums(kept).iter_rows():
        said[stream].add(
            f"{untold} of {known} known records ({vehicles} x vehicle) were not told, too many to be true; "
            "kept as they are"
        )
    return dict(said)


def all_notes(parts: Iterable[Mapping[str, set[str]]]) -> dict[str, set[str]]:
    """Notes of several parts of a batch, a stream."""
    together: defaultdict[str, set[str]] = defaultdict(set)
    for part in parts:
        for stream, said in part.items():
            together[stream] |= said
    return dict(together)


def _sums(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.group_by("stream").agg(pl.col("untold").sum(), pl.col("known").sum(), pl.len().alias("vehicles"))


def _near(kind: Kind, rows: pl.DataFrame, judges: pl.DataFrame) -> pl.DataFrame:
    """What was known, when a sweep judged it, to lie on a day of it, now or once: its key and its sweep."""
    names = dict.fromkeys((*kind.vehicle, *kind.key))
    days = rows.select(*names, kind.day.alias("_day"), "answer").join(judges, on=kind.vehicle, how="inner")
    judged = days.filter(pl.col("_day").is_between("first_day", "last_day"), pl.col("answer") < pl.col("judged_by"))
    return judged.select(*kind.key, *_JUDGED).unique()


def _standing(kind: Kind, rows: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
    """The rows of these keys as they were known when they were judged, if they stood on a day of the sweep."""
    past = rows.drop("stream").join(near, on=kind.key, how="inner").filter(pl.col("answer") < pl.col("judged_by"))
    ordered = past.with_columns(kind.left.alias("_left")).sort("landed", "_left", descending=[False, True])
    latest = ordered.unique(kind.key, keep="last", maintain_order=True)
    return latest.filter(~pl.col("_left"), ~kind.gone, kind.day.is_between("first_day", "last_day"))


def _corresponding(missing: pl.DataFrame, refused: pl.DataFrame, sweeps: pl.DataFrame) -> pl.DataFrame:
    """Those of the missing that a refused record of the sweep tells after all: its id, or a time of it, is theirs."""
    answers = sweeps.select(pl.col("answer").alias("judged_by"), pl.col("answers").alias("raw_ref")).explode("raw_ref")
    theirs = refused.join(answers, on="raw_ref", how="inner").select(
        "judged_by", *(pl.col(name).name.prefix("_") for name in ("source_record_id", "started_at", "ended_at"))
    )
    same = [pl.col("source_record_id") == pl.col("_source_record_id")] + [
        (pl.col(known) - pl.col(told)).abs() <= TOLERANCE
        for known in ("started_at", "ended_at")
        for told in ("_started_at", "_ended_at")
    ]
    return missing.join(theirs, on="judged_by", how="inner").filter(pl.any_horizontal(same)).select("session_id")


def _within_reach(kind: Kind, gone: pl.DataFrame, told: pl.DataFrame, sweeps: pl.DataFrame) -> pl.DataFrame:
    """The rows that are younger than the oldest their sweep tells, where its source may cut the window."""
    oldest = told.filter("in_sweep").group_by(kind.vehicle).agg(pl.col(kind.when).min().alias("_oldest"))
    reach = sweeps.join(oldest, on=kind.vehicle, how="left").select(
        pl.col("answer").alias("judged_by"), "limited", "_oldest"
    )
    younger = (pl.col(kind.when) > pl.col("_oldest")).fill_null(value=False)
    return gone.join(reach, on="judged_by", how="left").filter(~pl.col("limited") | younger).drop("limited", "_oldest")


def _implausible(missing: pl.DataFrame, known: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """The sweeps that are not believed: judged_by and `FATES`.

    Args:
        missing: What they do not tell.
        known: Gives all that stood on their days, told or not.
    """
    untold = missing.group_by("judged_by", "stream").len("untold").filter(pl.col("untold") >= SOME)
    if untold.is_empty():
        return untold.with_columns(pl.lit(0, pl.UInt32).alias("known"))
    stood = known(untold.select("judged_by")).group_by("judged_by").len("known")
    none_told = pl.col("untold") == pl.col("known")
    many = (pl.col("untold") >= MANY) & (2 * pl.col("untold") > pl.col("known"))
    return untold.join(stood, on="judged_by").filter(none_told | many)


def _as_observed(kind: Kind, gone: pl.DataFrame, sweeps: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The rows as the last answer of their sweep would have told them after its records, in the order of their keys."""
    by = sweeps.select(pl.col("answer").alias("judged_by"), *_OF_SWEEP)
    rows = gone.drop(*_OF_SWEEP, "answer", "landed").sort(kind.key).join(by, on="judged_by", maintain_order="left")
    place = pl.col("position") + pl.int_range(pl.len()).over("judged_by")
    placed = rows.with_columns(
        pl.col("judged_by").alias("answer"), place.alias("position"), kind.mark,
        pl.col("raw_ref").str.strip_chars_end(_DIGITS),
    )  # fmt: skip
    observed = placed.with_columns(
        pl.format("{}{}", "raw_ref", "position").alias("raw_ref"),
        (pl.col("answer") * POSITIONS + pl.col("position")).alias("landed"),
        pl.lit(value=False).alias("counted"),
        pl.lit(value=False).alias("in_sweep"),
    )
    return observed.match_to_schema(told.schema, missing_columns="insert", extra_columns="ignore")
