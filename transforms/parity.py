"""Parity: what v2.0 and v3 tell of the same vehicles, compared session by session and field by field.

In: the tellings that stand and the days that each interface knows. Out: for each telling whether the other interface
tells its session too, and for each session told by both how its fields differ. Which tellings are one session is
decided by the rule of the tables (`transforms.merging.grouped`) and by no other.

A missing session is a finding only where both interfaces know the day; anything else would blame one for what the other
was never asked. What is not comparable is counted apart, with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from lake.schemas import UTC
from transforms.merging import TOLERANCE, V2_SOURCE, grouped
from transforms.vanishing import VANISHED

V3_SOURCE: Final = "smartcar_v3"

BOTH: Final = "both"
ONLY_V2: Final = "only_v2"
ONLY_V3: Final = "only_v3"
NOT_TOLD_BY_V2: Final = "not_told_by_v2"
NOT_COMPARABLE: Final = "not_comparable"
OUTCOMES: Final = (BOTH, ONLY_V2, ONLY_V3, NOT_TOLD_BY_V2, NOT_COMPARABLE)
"""What becomes of a telling. `not_told_by_v2`: a Tesla's session without a bill, which v2.0 does not tell at all."""

REASONS: Final = {
    "no_longer_told": "Its source no longer tells it.",
    "no_end": "No end is told of it yet.",
    "neither_knows_the_day": "Neither v2.0 nor v3 knows its day.",
    "v2_does_not_know_the_day": "v2.0 does not know its day.",
    "v3_does_not_know_the_day": "v3 does not know its day.",
}
"""Why a telling is not comparable."""

AGREE: Final = "agree"
DIFFER: Final = "differ"
NEITHER: Final = "neither"
OTHER_CURRENCY: Final = "other_currency"
AGREEMENTS: Final = (AGREE, DIFFER, OTHER_CURRENCY, ONLY_V2, ONLY_V3, NEITHER)
"""What becomes of a field of a session told by both."""

SECONDS: Final = "s"
KWH: Final = "kWh"
POINTS: Final = "points"
TIMES: Final = ("started_at", "ended_at")
MEASURES: Final = {
    "energy_kwh": KWH, "soc_start_pct": POINTS, "soc_end_pct": POINTS, "latitude": "°", "longitude": "°",
}  # fmt: skip
AMOUNTS: Final = ("billed_energy", "billed_other", "billed_total")
WORDS: Final = (
    "currency", "charger_type", "connector_type", "is_public", "place", "location_name", "address",
)  # fmt: skip
FIELDS: Final = (*TIMES, *MEASURES, *AMOUNTS, *WORDS)
"""What is compared. Differences are in seconds, kWh, points of a percentage, degrees, and the amounts' own currency."""

NEAR: Final = timedelta(minutes=30)
"""How far the starts of two lone tellings may be apart to be shown to a person as a near miss."""

_SAME_SECONDS: Final = 1
_SAME_MEASURE: Final = 0.001
_APART: Final = pl.Decimal(18, 6)
_SHARE_95: Final = 95

KNOWN: Final = pl.Schema({"vehicle_id": pl.String, "source": pl.String, "day": pl.Date})
"""Columns of the days that an interface knows of a vehicle."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What two interfaces tell of the same vehicles.

    Attributes:
        told: One row a telling: vehicle_id, make, source, session_id, session (the same for the tellings of a session),
            outcome (`OUTCOMES`), reason (`REASONS`; null where it is comparable), and the columns of `FIELDS`.
        fields: make, field, and for each of `AGREEMENTS` how many sessions; together all that are told by both.
        differences: make, field, unit (seconds, kWh, points, °, or a currency), sessions that differ, median, p95 and
            largest of the difference (decimal; by nearest rank, so that each is one that occurs).
        money: make, differ, other_currency: sessions told by both with an amount that differs, or in two currencies.
        near: Near misses, the nearest first: make, vehicle_id, session_id, session_id_v3, started_at, started_at_v3,
            starts_apart, ends_apart (duration; null where an end is not told), energy_apart (kWh).
    """

    told: pl.DataFrame
    fields: pl.DataFrame
    differences: pl.DataFrame
    money: pl.DataFrame
    near: pl.DataFrame


def known_days(completeness: pl.DataFrame, streams: Mapping[str, str]) -> pl.DataFrame:
    """The days that each interface knows of a vehicle's sessions (`KNOWN`).

    Args:
        completeness: `lake.schemas.COMPLETENESS`.
        streams: The streams that tell sessions, and the source of each.
    """
    known = pl.col("state").is_in(["collected", "confirmed_empty"]) & pl.col("stream").is_in(list(streams))
    source = pl.col("stream").replace_strict(dict(streams), default=None, return_dtype=pl.String).alias("source")
    return completeness.filter(known).select("vehicle_id", source, "day").unique().match_to_schema(KNOWN)


def common_days(known: pl.DataFrame) -> pl.DataFrame:
    """The days that both interfaces know: vehicle_id, day."""
    of_v2, of_v3 = (
        known.filter(pl.col("source") == source).select("vehicle_id", "day") for source in (V2_SOURCE, V3_SOURCE)
    )
    return of_v2.join(of_v3, on=["vehicle_id", "day"], how="semi")


def compare(
    standing: pl.DataFrame, known: pl.DataFrame, since: date | None = None, until: date | None = None
) -> Compared:
    """Compare what two interfaces tell.

    Args:
        standing: The latest revision of each telling, of vehicles that are seen through both (`lake.schemas.
            SESSION_HISTORY`); as `transforms.sessions.standing` gives it.
        known: The days each interface knows (`KNOWN`).
        since: Leave out sessions that start on an earlier day (UTC).
        until: Leave out sessions that start on a later day (UTC).
    """
    first_day = pl.col("started_at").min().over("session").dt.date()
    within = first_day.is_between(since or date.min, until or date.max)
    told = _judged(_sessions(standing).filter(within), known)
    pairs = _pairs(told)
    # one field after the other, so that no more than one is in memory
    counted = [
        (_agreements(checked), _differences(checked)) for checked in (_checked_field(pairs, name) for name in FIELDS)
    ]
    fields, differences = (pl.concat(parts) for parts in zip(*counted, strict=True))
    return Compared(told, fields, differences, _money(pairs), _near_misses(told))


def _sessions(standing: pl.DataFrame) -> pl.DataFrame:
    """The tellings with the session each belongs to; where one of a session vanished, each is alone."""
    told = standing.join(grouped(standing), on="session_id", how="left").sort("session_id")
    together = pl.col("group").is_not_null() & (pl.col("status") != VANISHED).all().over("group")
    session = pl.when(together).then(pl.col("session_id").min().over("group")).otherwise("session_id")
    return told.with_columns(session.alias("session"))


def _judged(told: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The tellings with outcome and reason: those of one session share both."""
    by_v2, by_v3 = _knows(told, known, V2_SOURCE), _knows(told, known, V3_SOURCE)
    rules = {
        "no_longer_told": pl.col("status") == VANISHED,
        "no_end": pl.col("ended_at").is_null(),
        "neither_knows_the_day": ~by_v2 & ~by_v3,
        "v2_does_not_know_the_day": ~by_v2,
        "v3_does_not_know_the_day": ~by_v3,
    }
    own = pl.coalesce(pl.when(rule).then(pl.lit(reason)) for reason, rule in rules.items())
    ordered = told.sort("session", "source").with_columns(own.alias("reason"))
    shared = ordered.with_columns(pl.col("reason").drop_nulls().first().over("session"))
    columns = ("vehicle_id", "make", "source", "session_id", "session", "outcome", "reason", *FIELDS)
    return shared.with_columns(_outcome().alias("outcome")).select(columns)


def _knows(told: pl.DataFrame, known: pl.DataFrame, source: str) -> pl.Expr:
    """Whether a source knows the days around the start, as far as the other's clock may have it."""
    days = known.filter(pl.col("source") == source)
    around = [(pl.col("started_at") + shift).dt.date() for shift in (-TOLERANCE, TOLERANCE)]
    edges = told.select("session_id", "vehicle_id", pl.concat_list(around).alias("day")).explode("day")
    unknown = edges.join(days, on=["vehicle_id", "day"], how="anti")
    return ~pl.col("session_id").is_in(unknown["session_id"].unique().implode())


def _outcome() -> pl.Expr:
    has_bill = pl.any_horizontal(pl.col(name).is_not_null() for name in (*AMOUNTS, "currency"))
    return (
        pl.when(pl.col("reason").is_not_null())
        .then(pl.lit(NOT_COMPARABLE))
        .when(pl.col("source").n_unique().over("session") > 1)
        .then(pl.lit(BOTH))
        .when(pl.col("source") == V2_SOURCE)
        .then(pl.lit(ONLY_V2))
        .when((pl.col("make") == "TESLA") & ~has_bill)
        .then(pl.lit(NOT_TOLD_BY_V2))
        .otherwise(pl.lit(ONLY_V3))
    )


def _pairs(told: pl.DataFrame) -> pl.DataFrame:
    """One row a session told by both: v2.0's columns, and v3's with the suffix `_v3`."""
    both = told.filter(pl.col("outcome") == BOTH)
    of_v3 = both.filter(pl.col("source") == V3_SOURCE).select("session", *FIELDS)
    return both.filter(pl.col("source") == V2_SOURCE).join(of_v3, on="session", suffix="_v3")


def _checked_field(pairs: pl.DataFrame, name: str) -> pl.DataFrame:
    """One row a session told by both: make, session, field, unit, agreement, apart (decimal)."""
    mine, other = (_told(name, suffix) for suffix in ("", "_v3"))
    unit, apart, same, comparable = _measured(name, mine, other)
    agreement = (
        pl.when(mine.is_null() & other.is_null())
        .then(pl.lit(NEITHER))
        .when(other.is_null())
        .then(pl.lit(ONLY_V2))
        .when(mine.is_null())
        .then(pl.lit(ONLY_V3))
        .when(~comparable)
        .then(pl.lit(OTHER_CURRENCY))
        .when(same)
        .then(pl.lit(AGREE))
        .otherwise(pl.lit(DIFFER))
    )
    found = pairs.select(
        "make", "session", field=pl.lit(name), unit=unit, agreement=agreement, apart=apart.cast(_APART)
    )
    return found.with_columns(pl.when(pl.col("agreement") == DIFFER).then("apart"))


def _told(name: str, suffix: str) -> pl.Expr:
    column = pl.col(f"{name}{suffix}")
    return pl.when(column != "unknown").then(column) if name == "place" else column


def _measured(name: str, mine: pl.Expr, other: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """The unit of a field, how far its two values are apart, whether that is the same, whether it may be asked."""
    yes, nothing = pl.lit(value=True), pl.lit(None, pl.String)
    if name in TIMES:
        seconds = (mine - other).abs().dt.total_microseconds() / 1_000_000
        return pl.lit(SECONDS), seconds, seconds < _SAME_SECONDS, yes
    if name in MEASURES:
        apart = (mine - other).abs().round(6)
        return pl.lit(MEASURES[name]), apart, apart < _SAME_MEASURE, yes
    if name in AMOUNTS:
        same_currency = pl.col("currency").eq_missing(pl.col("currency_v3"))
        return pl.col("currency"), (mine - other).abs(), mine == other, same_currency
    return nothing, pl.lit(None, _APART), mine == other, yes


def _agreements(checked: pl.DataFrame) -> pl.DataFrame:
    counts = [(pl.col("agreement") == each).sum().cast(pl.Int64).alias(each) for each in AGREEMENTS]
    return checked.group_by("make", "field", maintain_order=True).agg(counts)


def _differences(checked: pl.DataFrame) -> pl.DataFrame:
    apart = pl.col("apart")
    ranked = checked.filter(apart.is_not_null()).sort("make", "field", "unit", "apart")
    return ranked.group_by("make", "field", "unit", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("sessions"),
        apart.get((pl.len() + 1) // 2 - 1).alias("median"),
        apart.get((pl.len() * _SHARE_95 + 99) // 100 - 1).alias("p95"),
        apart.last().alias("largest"),
    )


def _money(pairs: pl.DataFrame) -> pl.DataFrame:
    amounts = pl.concat(_checked_field(pairs, name) for name in AMOUNTS)
    counts = [pl.col("session").filter(pl.col("agreement") == each).n_unique() for each in (DIFFER, OTHER_CURRENCY)]
    names = ("differ", "other_currency")
    return amounts.group_by("make").agg(each.alias(name) for each, name in zip(counts, names, strict=True))


def _near_misses(told: pl.DataFrame) -> pl.DataFrame:
    """Pairs of tellings that are each alone and start within `NEAR` of each other, the nearest first."""
    columns = ("make", "vehicle_id", "session_id", "started_at", "ended_at", "energy_kwh")
    bucket = pl.col("started_at").cast(UTC).to_physical() // (NEAR // timedelta(microseconds=1))
    mine = told.filter(pl.col("outcome") == ONLY_V2).select(*columns, bucket.alias("bucket"))
    theirs = told.filter(pl.col("outcome").is_in([ONLY_V3, NOT_TOLD_BY_V2])).select(*columns, bucket.alias("bucket"))
    around = theirs.with_columns(pl.concat_list(pl.col("bucket") + step for step in (-1, 0, 1))).explode("bucket")
    pairs = mine.join(around, on=["make", "vehicle_id", "bucket"], suffix="_v3")
    apart = [(pl.col(name) - pl.col(f"{name}_v3")).abs() for name in ("started_at", "ended_at", "energy_kwh")]
    names = ("starts_apart", "ends_apart", "energy_apart")
    measured = pairs.with_columns(each.alias(name) for each, name in zip(apart, names, strict=True))
    near = measured.filter(pl.col("starts_apart") <= NEAR).sort("starts_apart", "session_id", "session_id_v3")
    return near.select("make", "vehicle_id", "session_id", "session_id_v3", "started_at", "started_at_v3", *names)
