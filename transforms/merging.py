"""One physical session, once: which tellings of several sources are the same session, and what its row says.

A **telling** is a session as one source tells it: a row of `session_history`. v2.0 and v3 tell the same session by
clocks that are seconds to minutes apart and by meters that differ; each telling stays in history as it is, and
`charge_sessions` has one row. Two tellings of one source are always two sessions. The whole rule, with its reasons:
docs/decisions/0012-one-session-once.md.

Pure, and a function of the tellings alone: the order in which they came decides nothing but the name of the session,
which is that of its first telling, so that a name once given stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import polars as pl

from transforms import checks
from transforms.identity import TOLERANCE as SAME_INSTANT
from transforms.months import month_of
from transforms.vanishing import VANISHED

TOLERANCE: Final = timedelta(minutes=5)
"""How far both the starts and the ends of two tellings of one session may be apart."""
OPEN_TOLERANCE: Final = timedelta(seconds=90)
"""The same for the starts where an end is not told: a false start lies two minutes before the real session."""
ENERGY_SHARE: Final = 0.35
"""By how much of the larger the energies of two tellings may differ: the car's meter against the charger's."""
ENERGY_KWH: Final = 2.0
"""A difference that is always possible, in kWh."""
NOTED_SHARE: Final = 0.1
"""From which difference of the energies on the row is marked `sources_differ`."""
NOTED_KWH: Final = 0.5

V2_SOURCE: Final = "smartcar_v2"
"""The source whose bills come before the cost that v3 tells: corrections are posted there."""

_VEHICLE: Final = ("make", "vehicle_id")
_BUCKET: Final = "bucket"
_GROUP: Final = "group"
_AMOUNTS: Final = ("billed_energy", "billed_other", "billed_total", "currency")
_FIRST: Final = ("started_at", "ended_at", "status", "source", "source_record_id")
_ANY: Final = (
    "energy_kwh", "soc_start_pct", "soc_end_pct", "charger_type", "connector_type", "is_public", "location_name",
    "address", "latitude", "longitude",
)  # fmt: skip
_PLACE: Final = ("place", "place_method")


def merged(standing: pl.DataFrame) -> pl.DataFrame:
    """The physical sessions that these tellings tell.

    Args:
        standing: The latest revision of each telling: `lake.schemas.SESSION_HISTORY` and `month`.

    Returns:
        One row a session: the same columns, `sources` (which tell it) and `tellings` (their session_id in history).
    """
    groups = grouped(standing)
    alone = standing.join(groups, on="session_id", how="anti", maintain_order="left").with_columns(
        pl.concat_list("source").alias("sources"), pl.concat_list("session_id").alias("tellings")
    )
    if groups.is_empty():
        return alone
    together = _folded(standing.join(groups, on="session_id", how="inner", maintain_order="left"))
    return pl.concat([alone, together.select(alone.columns)])


def grouped(standing: pl.DataFrame) -> pl.DataFrame:
    """The tellings that are a session together with another: columns session_id, group.

    Args:
        standing: As for `merged`.
    """
    pairs = _pairs(standing)
    found = _groups(pairs.select("session_id", "source", "session_id_b", "source_b").iter_rows())
    schema = {"session_id": pl.String, _GROUP: pl.Int64}
    return pl.DataFrame([(each, number) for each, number in found.items()], schema=schema, orient="row")


def _pairs(standing: pl.DataFrame) -> pl.DataFrame:
    """Pairs of tellings of one vehicle and two sources that can be one session, the nearest first."""
    several = standing.filter(pl.col("source").n_unique().over(_VEHICLE) > 1)
    width = TOLERANCE // timedelta(microseconds=1)
    told = several.select(
        *_VEHICLE, "session_id", "source", "started_at", "ended_at", "energy_kwh",
        (pl.col("started_at").to_physical() // width).alias(_BUCKET),
    )  # fmt: skip
    near = told.with_columns(pl.concat_list(pl.col(_BUCKET) + step for step in (-1, 0, 1))).explode(_BUCKET)
    both = told.join(near, on=[*_VEHICLE, _BUCKET], suffix="_b").filter(pl.col("source") < pl.col("source_b"))
    apart = both.with_columns(
        (pl.col("started_at") - pl.col("started_at_b")).abs().alias("starts_apart"),
        (pl.col("ended_at") - pl.col("ended_at_b")).abs().alias("ends_apart"),
        (pl.col("energy_kwh") - pl.col("energy_kwh_b")).abs().alias("energy_apart"),
    )
    return apart.filter(_can_be_one()).sort(_nearness())


def _can_be_one() -> pl.Expr:
    """Whether two tellings can be one session: near in time, not one after the other, near in energy."""
    both_ended = pl.col("ends_apart").is_not_null()
    near = (
        pl.when(both_ended)
        .then((pl.col("starts_apart") <= TOLERANCE) & (pl.col("ends_apart") <= TOLERANCE))
        .otherwise(pl.col("starts_apart") <= OPEN_TOLERANCE)
    )
    last_start = pl.max_horizontal("started_at", "started_at_b")
    at_once = (last_start < pl.min_horizontal("ended_at", "ended_at_b")).fill_null(value=True)
    largest = pl.max_horizontal("energy_kwh", "energy_kwh_b")
    like = pl.col("energy_apart") <= pl.max_horizontal(largest * ENERGY_SHARE, pl.lit(ENERGY_KWH))
    return near & (at_once | (pl.col("starts_apart") <= SAME_INSTANT)) & (~both_ended | like.fill_null(value=True))


def _nearness() -> list[pl.Expr]:
    """What ranks pairs: both ends told, then the times, then the energy; ids decide between equals."""
    times = pl.col("starts_apart") + pl.col("ends_apart").fill_null(timedelta(0))
    return [pl.col("ends_apart").is_null(), times, pl.col("energy_apart").fill_null(0.0), pl.col("session_id"),
            pl.col("session_id_b")]  # fmt: skip


def _groups(pairs: Iterable[tuple[str, str, str, str]]) -> dict[str, int]:
    """A number for each telling that is grouped: the best pairs first, one telling of each source in a group."""
    groups: dict[str, dict[str, str]] = {}
    for one, source, other, other_source in pairs:
        left, right = groups.get(one, {source: one}), groups.get(other, {other_source: other})
        if left is right or left.keys() & right.keys():
            continue
        joined = left | right
        groups |= dict.fromkeys(joined.values(), joined)
    numbers: dict[int, int] = {}
    return {telling: numbers.setdefault(id(group), len(numbers)) for telling, group in sorted(groups.items())}


def _folded(members: pl.DataFrame) -> pl.DataFrame:
    """One row a group; its tellings agree on what they tell alike, and the better one wins where they do not."""
    rows = _values(members).join(_provenance(members), on=_GROUP)
    flags = checks.marks({**checks.row_flags(), "sources_differ": pl.col("differ")})
    told = pl.col("told_flags").list.set_intersection(list(checks.TOLD_FLAGS))
    return rows.with_columns(month_of("started_at").alias("month"), flags).with_columns(
        pl.concat_list("flags", told).list.sort().alias("flags")
    )


def _values(members: pl.DataFrame) -> pl.DataFrame:
    """What the row says, by the tellings that still stand; the vanished count only where no other is left.

    One telling gives start, end, status and id: a complete one before an ongoing one, then one with a bill, as that is
    what is paid by; v2.0's bill before v3's cost, as it is where corrections are posted; else v3's. All amounts are of
    one telling, the first that has any. Of everything else the first that is told counts, in the same order.
    """
    stands = pl.col("status") != VANISHED
    told = members.filter(stands | ~stands.any().over(_GROUP))
    has_bill = pl.any_horizontal(pl.col(name).is_not_null() for name in _AMOUNTS)
    better = pl.when(has_bill).then(pl.col("source") == V2_SOURCE).otherwise(pl.col("source") != V2_SOURCE)
    order = [pl.col("status") != "complete", ~has_bill, ~better, pl.col("source"), pl.col("session_id")]
    known_place = pl.col("place") != "unknown"
    not_billed = (pl.col("place_method") != "billing").filter(known_place)  # a bill says more than `is_public`
    return (
        told.sort(_GROUP, *order)
        .group_by(_GROUP, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in (*_VEHICLE, *_FIRST)),
            *(pl.col(name).drop_nulls().first() for name in _ANY),
            *(pl.col(name).filter(has_bill).first() for name in _AMOUNTS),
            *(pl.col(name).filter(known_place).sort_by(not_billed, maintain_order=True).first() for name in _PLACE),
            pl.col("flags").explode().alias("told_flags"),
            _differ().alias("differ"),
        )
        .with_columns(pl.col("place").fill_null("unknown"))
    )


def _differ() -> pl.Expr:
    most, least = pl.col("energy_kwh").max(), pl.col("energy_kwh").min()
    return (most - least > most * NOTED_SHARE) & (most - least > NOTED_KWH)


def _provenance(members: pl.DataFrame) -> pl.DataFrame:
    """Where the row comes from: the name of the first telling, the last change of any, all sources."""
    first = ("first_seen_at", "session_id")
    last = pl.col("last_changed_at").arg_max()
    nothing = [pl.lit(None, members.schema[name]).alias(name) for name in ("model", "timezone", "local_date")]
    return (
        members.sort(_GROUP, *first)
        .group_by(_GROUP, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in first),
            pl.col("revision").sum().cast(pl.Int32),
            *(pl.col(name).get(last) for name in ("last_changed_at", "run_id", "raw_ref")),
            pl.col("told_as_of").max(),
            pl.col("source").sort_by("source").alias("sources"),
            pl.col("session_id").sort_by("source").alias("tellings"),
        )
        .with_columns(nothing)
    )
