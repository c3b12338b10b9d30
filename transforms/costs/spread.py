"""A session's energy over time: evenly over its interval, or by a power curve where one is known.

Energy is cut by whole nano-kWh: up to an instant a piece has told round(energy x elapsed / whole), and a part has the
difference of two of these. So the parts of a session add up to its energy exactly, in whichever way it is cut.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lake.schemas import UTC
from transforms.costs.money import rounded_ratio

PIECES: Final = pl.Schema(
    {"session_id": pl.String(), "scope": pl.Int64(), "from": UTC, "until": UTC, "nano_kwh": pl.Int64()}
)
"""Stretches of a session over which its energy is even; `scope` says which grid is laid over them."""

CURVE: Final = pl.Schema({"vehicle_id": pl.String(), "at": UTC, "watts": pl.Int64()})
"""Power of vehicles, from each instant to the next of the same vehicle."""

_INSTANT: Final = pl.duration(microseconds=1)


def even(sessions: pl.DataFrame) -> pl.DataFrame:
    """One piece a session: its energy evenly over its interval. A session without duration lasts a microsecond.

    Args:
        sessions: Columns session_id, scope, started_at, ended_at (UTC), nano_kwh.

    Returns:
        Columns of `PIECES`.
    """
    started, ended = pl.col("started_at"), pl.col("ended_at")
    until = pl.when(ended > started).then(ended).otherwise(started + _INSTANT)
    return sessions.select("session_id", "scope", started.alias("from"), until.cast(UTC).alias("until"), "nano_kwh")


def by_curve(sessions: pl.DataFrame, curve: pl.DataFrame) -> pl.DataFrame:
    """Pieces of sessions as the power of their vehicles has gone.

    The shape of the curve says when the energy flowed, and the session how much it was. A session that the curve does
    not cover from its start to its end, or in which it tells no power, is even.

    Args:
        sessions: Columns session_id, vehicle_id, scope, started_at, ended_at (UTC), nano_kwh.
        curve: Columns of `CURVE`.

    Returns:
        Columns of `PIECES`.
    """
    lasting = sessions.filter(pl.col("ended_at") > pl.col("started_at"))
    steps = curve.sort("vehicle_id", "at").with_columns(pl.col("at").shift(-1).over("vehicle_id").alias("next"))
    cut = lasting.join_where(
        steps.select(pl.col("vehicle_id").alias("of"), "at", "next", "watts"),
        pl.col("vehicle_id") == pl.col("of"),
        pl.col("at") < pl.col("ended_at"),
        pl.col("next") > pl.col("started_at"),
    ).with_columns(
        pl.max_horizontal("at", "started_at").alias("from"), pl.min_horizontal("next", "ended_at").alias("until")
    )
    weighed = cut.sort("session_id", "from").with_columns((pl.col("watts").cast(pl.Int128) * _length()).alias("weight"))
    told = weighed.filter(
        (_length().sum().over("session_id") == (pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds())
        & (pl.col("weight").sum().over("session_id") > 0)
    )
    pieces = told.with_columns(_shared(pl.col("weight").cum_sum(), pl.col("weight"), "session_id")).select(*PIECES)
    rest = sessions.join(told.select("session_id").unique(), on="session_id", how="anti")
    return pl.concat([pieces, even(rest)])


def laid_over(pieces: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Pieces cut at the stretches of a grid: what was charged in each of them.

    Args:
        pieces: Columns of `PIECES`.
        grid: Columns scope, from, until (UTC) and what a stretch tells; sorted by scope and from, and without gap
            over the pieces of the scope.

    Returns:
        Columns session_id, from, until, nano_kwh, and what the stretch tells; a session's nano_kwh add up to that of
        its pieces.
    """
    numbered = grid.with_row_index("stretch")
    starts = numbered.select("scope", pl.col("from").alias("at"), "stretch")
    first = _stretch_at(pieces.with_row_index("piece"), starts, pl.col("from"))
    last = _stretch_at(first.rename({"stretch": "first"}), starts, (pl.col("until") - _INSTANT).cast(UTC))
    each = last.with_columns(pl.int_ranges("first", pl.col("stretch") + 1).cast(pl.List(pl.UInt32)).alias("stretch"))
    told = numbered.rename({"from": "grid_from", "until": "grid_until"}).drop("scope")
    cut = each.explode("stretch").join(told, on="stretch", how="left", maintain_order="left")
    parts = cut.with_columns(
        pl.col("from").alias("piece_from"),
        (pl.col("until") - pl.col("from")).dt.total_microseconds().alias("whole"),
        pl.max_horizontal("from", "grid_from").alias("from"),
        pl.min_horizontal("until", "grid_until").alias("until"),
    )
    elapsed = (pl.col("until") - pl.col("piece_from")).dt.total_microseconds()
    shared = parts.with_columns(_shared(elapsed, pl.col("whole"), "piece", whole_is_told=True))
    extra = [name for name in grid.columns if name not in {"scope", "from", "until"}]
    return shared.select("session_id", "from", "until", "nano_kwh", *extra)


def _stretch_at(pieces: pl.DataFrame, starts: pl.DataFrame, at: pl.Expr) -> pl.DataFrame:
    sought = pieces.with_columns(at.alias("at")).sort("at")
    found = sought.join_asof(starts.sort("at"), on="at", by="scope", check_sortedness=False)
    return found.drop("at").sort("piece")


def _shared(upto: pl.Expr, weight: pl.Expr, over: str, *, whole_is_told: bool = False) -> pl.Expr:
    """The energy between one cut and the one before it, of rows in order of time."""
    whole = weight if whole_is_told else weight.sum()
    told = rounded_ratio(pl.col("nano_kwh").cast(pl.Int128) * upto, whole)
    return (told - told.shift(1, fill_value=0)).over(over).cast(pl.Int64).alias("nano_kwh")


def _length() -> pl.Expr:
    return (pl.col("until") - pl.col("from")).dt.total_microseconds()
