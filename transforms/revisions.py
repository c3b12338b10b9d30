"""Revisions: how what is told becomes history, the same for sessions and for days.

History only grows. An observation that tells what is known already makes nothing; any other makes the next
revision. Answers take effect in the order they landed, and history says which have: a repeated or interrupted
transform is harmless.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import polars as pl

MOVED: Final = "moved"
"""Status of the row that a session leaves in a month's history when its start moves to another month."""

_LINE = r"^(.*)#([0-9]+)/$"
POSITIONS: Final = 1 << 32
"""No answer has so many records."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a stream's observations: their number is the sum of the three."""

    new: int
    changed: int
    unchanged: int


def in_order(
    history: pl.DataFrame, observations: pl.DataFrame, sweeps: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """All with `answer` and `landed`: integers in the canonical order of landing, comparable between them.

    Segments sort by name, lines and positions by number. The `raw_ref` of observations and sweeps is made to name the
    record, `SEGMENT#LINE/POSITION`, as it does in history and in quarantine.
    """
    stem = pl.col("raw_ref").str.strip_chars_end("0123456789")
    known = history.with_columns(
        stem.alias("_answer"),
        pl.col("raw_ref").str.slice(stem.str.len_chars()).cast(pl.Int64).alias("position"),
    )
    told, judged = (
        frame.with_columns(
            pl.format("{}/", "raw_ref").alias("_answer"), pl.format("{}/{}", "raw_ref", "position").alias("raw_ref")
        )
        for frame in (observations, sweeps)
    )
    frames = (known, told, judged)
    rank = _ranks(pl.concat([frame.select("_answer").unique() for frame in frames]).unique())
    landed = (pl.col("answer") * POSITIONS + pl.col("position")).alias("landed")
    known, told, judged = (
        frame.join(rank, on="_answer", how="left", maintain_order="left").drop("_answer").with_columns(landed)
        for frame in frames
    )
    return known, told, judged


def _ranks(answers: pl.DataFrame) -> pl.DataFrame:
    segment = pl.col("_answer").str.extract(_LINE, 1)
    line = pl.col("_answer").str.extract(_LINE, 2).cast(pl.Int64)
    return answers.sort(segment, line).with_row_index("answer").with_columns(pl.col("answer").cast(pl.Int64))


def revise(
    history: pl.DataFrame, observations: pl.DataFrame, key: Sequence[str], content: Sequence[str]
) -> pl.DataFrame:
    """The revisions that the observations make and history lacks.

    Each observation is held against what was known when it landed: the revision, or the observation, before it. So
    a batch that was taken in before makes nothing, and one that was cut short between two files makes what is
    missing, wherever in a row's history that is.

    Args:
        history: Known revisions: key, content, landed, revision, first_seen_at; without rows of status `moved`.
        observations: key, content, landed, received_at and whatever else a history row shall have.
        key: Columns that say which row it is.
        content: Columns whose change is a revision.

    Returns:
        The observations that made a revision, with revision, first_seen_at, last_changed_at.
    """
    keys = observations.select(key).unique().with_row_index("key")
    told = observations.join(keys, on=key, how="left", maintain_order="left")
    known = history.join(keys, on=key, how="inner")
    pending = told if known.is_empty() else _pending(told, known, content)
    made = pending.join(_steps(known, pending, content), on="landed", how="inner")
    return made.with_columns(pl.col("received_at").alias("last_changed_at")).drop("key")


def _pending(told: pl.DataFrame, known: pl.DataFrame, content: Sequence[str]) -> pl.DataFrame:
    """Observations that made no known revision, of the keys of which any tells something else than the latest.

    In an ordinary run this leaves next to nothing, so what follows may sort. (No missing revision is overlooked:
    one that equals the latest has its start, so it is in the same file.)
    """
    latest = known.filter(pl.col("revision") == pl.col("revision").max().over("key"))
    unmade = told.join(known.select("landed"), on="landed", how="anti", maintain_order="left")
    rows = latest.select("key").with_row_index("row")
    row = unmade.select("key").join(rows, on="key", how="left", maintain_order="left")["row"]
    before = latest.select(content)[row]
    differs = reduce(operator.or_, (unmade[name].ne_missing(before[name]) for name in content), row.is_null())
    active = unmade.filter(differs).select("key").unique()
    return unmade.join(active, on="key", how="semi", maintain_order="left")


def _steps(known: pl.DataFrame, pending: pl.DataFrame, content: Sequence[str]) -> pl.DataFrame:
    """Numbered revisions: landed, revision, first_seen_at of each observation unlike what was known before it."""
    past = known.join(pending.select("key").unique(), on="key", how="semi")
    parts = (
        past.select("key", "landed", *content, "revision", "first_seen_at"),
        pending.select("key", "landed", *content, "received_at"),
    )
    told = pl.concat(parts, how="diagonal").sort("key", "landed")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in ("key", *content))
    stepped = told.with_columns(
        pl.col("key").ne_missing(pl.col("key").shift(1)).alias("begins"),
        (pl.col("revision").is_null() & ~same).alias("made"),
    )
    steps = stepped.with_columns(_number(), _first_seen()).filter("made")
    unknown = steps.join(past, on=["key", "revision"], how="anti")
    return unknown.select("landed", "revision", "first_seen_at")


def _number() -> pl.Expr:
    """Revision numbers counted on from the last known revision of the key, or from 0 where it begins.

    Running sums over the whole column: a window over each of a million keys takes a minute.
    """
    made = pl.col("made").cast(pl.Int32)
    total = made.cum_sum()
    known = pl.when(pl.col("revision").is_not_null()).then(pl.col("revision") - total)
    begun = pl.when("begins").then(made - total)
    return (pl.coalesce(known, begun).forward_fill() + total).cast(pl.Int32).alias("revision")


def _first_seen() -> pl.Expr:
    begun = pl.when("begins").then(pl.coalesce("first_seen_at", "received_at"))
    return begun.forward_fill().alias("first_seen_at")


def add_counts(parts: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Counts of several parts of a batch, a stream."""
    total: dict[str, Counts] = {}
    for part in parts:
        for stream, more in part.items():
            had = total.get(stream, Counts(0, 0, 0))
            total[stream] = Counts(had.new + more.new, had.changed + more.changed, had.unchanged + more.unchanged)
    return total


def counts(observations: pl.DataFrame, appended: pl.DataFrame) -> dict[str, Counts]:
    """New, changed and unchanged a stream; their sum is the number of its observations."""
    made = appended.group_by("stream").agg(
        (pl.col("revision") == 1).sum().alias("new"), (pl.col("revision") > 1).sum().alias("changed")
    )
    told = observations.group_by("stream").len("told").join(made, on="stream", how="left").fill_null(0)
    return {
        row["stream"]: Counts(row["new"], row["changed"], row["told"] - row["new"] - row["changed"])
        for row in told.sort("stream").iter_rows(named=True)
    }
