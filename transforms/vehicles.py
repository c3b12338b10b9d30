"""The `vehicles` table: what each connected vehicle is, how far it is known, and whose move is next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

import polars as pl

from lake.schemas import UTC, VEHICLES

REGISTERED: Final = pl.Schema(
    {name: VEHICLES.schema[name] for name in ("vehicle_id", "make", "model", "year", "timezone", "owner_id")}
    | {name: VEHICLES.schema[name] for name in ("consented_at", "interfaces")}
    | {"owner_trouble": pl.String, "disconnected_at": UTC}
)
"""Columns of the registered vehicles; `owner_trouble` is what the owner has to do, or null."""

BLOCKED: Final = pl.Schema(dict.fromkeys(("vehicle_id", "stream", "whose_move", "detail"), pl.String))
"""Columns of the streams that could not be answered: who has to do something first, and what in one sentence."""

AT_RISK_DAYS: Final = 7
"""A day that is lost within so many days is at risk."""

_KNOWN: Final = ("collected", "confirmed_empty")
_NOT_GIVEN: Final = ("not_capable", "before_consent")
_NOTHING_YET: Final = ("empty_store", "signal_not_found", "signal_unavailable")
_OURS: Final = ("not_asked", "upstream_error", "over_budget", *_NOTHING_YET)
_MOVERS: Final = ("owner", "application_owner", "chargelake")
"""Whose move it is where it is several people's: the first of them, whose part nobody else can do."""


def vehicles(
    registered: pl.DataFrame,
    blocked: pl.DataFrame,
    completeness: pl.DataFrame,
    window_days: Mapping[str, int],
    today: date,
) -> pl.DataFrame:
    """One row a vehicle.

    Args:
        registered: Columns `REGISTERED`.
        blocked: Columns `BLOCKED`.
        completeness: The completeness table.
        window_days: How far back a stream tells; 0, or not in it: no limit.
        today: The UTC day of the run.

    Returns:
        Rows of `lake.schemas.VEHICLES`. Days before consent, and days of a stream that the vehicle cannot give, count
        neither as known nor as unknown.
    """
    told = completeness.filter(~pl.col("state").is_in(_NOT_GIVEN))
    unknown = told.filter(~pl.col("state").is_in(_KNOWN))
    return (
        registered.join(_how_far(told), on="vehicle_id", how="left")
        .join(_at_risk(unknown, window_days, today), on="vehicle_id", how="left")
        .join(_sentences(blocked), on="vehicle_id", how="left")
        .with_columns(
            _whose_move(),
            pl.coalesce("owner_trouble", *_MOVERS).alias("what_to_do"),
            pl.col("days_known", "days_unknown", "days_at_risk").fill_null(0),
        )
        .select(VEHICLES.schema.names())
        .cast(dict(VEHICLES.schema.items()))
        .sort(VEHICLES.sort_by)
    )


def _how_far(told: pl.DataFrame) -> pl.DataFrame:
    """How far each vehicle is known: vehicle_id, days_known, days_unknown, ours, last_good_day.

    `ours`: days are unknown that asking again may tell. A good day is one that is known of every stream.
    """
    known = pl.col("state").is_in(_KNOWN)
    days = told.group_by("vehicle_id").agg(
        known.sum().cast(pl.Int32).alias("days_known"),
        (~known).sum().cast(pl.Int32).alias("days_unknown"),
        pl.col("state").is_in(_OURS).any().alias("ours"),
    )
    whole = told.group_by("vehicle_id", "day").agg(known.all().alias("known")).filter("known")
    last = whole.group_by("vehicle_id").agg(pl.col("day").max().alias("last_good_day"))
    return days.join(last, on="vehicle_id", how="left")


def _at_risk(unknown: pl.DataFrame, window_days: Mapping[str, int], today: date) -> pl.DataFrame:
    """How many unknown days are lost soon, and when the first of them is: vehicle_id, days_at_risk, lost_on.

    A day is lost once it is the oldest that the source tells anything of: of that one it tells a part.
    """
    window = pl.col("stream").replace_strict(window_days, default=0, return_dtype=pl.Int64)
    limited = unknown.with_columns(window.alias("window")).filter(pl.col("window") > 0)
    lost = limited.with_columns((pl.col("day") + pl.duration(days="window")).alias("lost_on"))
    return (
        lost.filter(pl.col("lost_on") > today)
        .group_by("vehicle_id")
        .agg(
            (pl.col("lost_on") <= today + timedelta(days=AT_RISK_DAYS)).sum().cast(pl.Int32).alias("days_at_risk"),
            pl.col("lost_on").min(),
        )
    )


def _sentences(blocked: pl.DataFrame) -> pl.DataFrame:
    """What each has to do for a vehicle, null where it is not their move: vehicle_id and a column for each mover."""
    of = pl.col("detail")
    return (
        blocked.sort("vehicle_id", "stream")
        .group_by("vehicle_id", maintain_order=True)
        .agg(of.filter(pl.col("whose_move") == mover).first().alias(mover) for mover in _MOVERS)
    )


def _whose_move() -> pl.Expr:
    """The first mover; chargelake only where days are unknown that asking again may tell."""
    return (
        pl.when(pl.col("owner_trouble").is_not_null() | pl.col("owner").is_not_null())
        .then(pl.lit("owner"))
        .when(pl.col("application_owner").is_not_null())
        .then(pl.lit("application_owner"))
        .when(pl.col("ours").fill_null(value=False))
        .then(pl.lit("chargelake"))
        .otherwise(pl.lit("nobody"))
        .alias("whose_move")
    )
