"""What the cost page is made of: sums by a few keys, which it can filter and add up again without a session in hand.

A cell is a row of sums by vehicle, driver, cost centre, make, place, local month and currency. Every sum is a whole
number, so that adding cells in any order, in Python or in a browser, is exact: energy in millionths of a kWh, money in
millionths of its currency, CO2 in milligrams. A fleet too large for a page loses keys, and the page says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from lake.names import Namer
from reports.costs import grouping
from reports.figures import NOT_GIVEN
from reports.panels import KIND_OF_STATE
from transforms.months import month_of

MOST_CELLS: Final = 60_000
"""Cells of one kind that a page may hold; about 2 MB of it."""
MOST_STATIONS: Final = 200
"""Stations that are told apart; the others are one."""
OTHER_STATIONS: Final = "All other stations"
MILLION: Final = 1_000_000
DIMENSIONS: Final = ("make", "vehicle", "driver", "cost_centre", "place", "site", "month", "currency")
"""What the page can be filtered by; `site` is the place as it is called, where any has a name."""
NO_BAND: Final = "no band"

_DROPPED: Final = ("vehicle", "driver", "cost_centre", "make")
_COST_SIDE: Final = pl.col("basis") != "policy"
_HAS_AMOUNT: Final = pl.col("amount").is_not_null()
_SLOT: Final = "30m"
_GROUPED: Final = {"vehicle": "vehicle", "month": "month", "day": "day", "place": "site"}
"""Keys that are called as in the other forms of a report."""


@dataclass(frozen=True, slots=True)
class Cube:
    """Sums by keys.

    Attributes:
        keys: Columns of text that are summed by; null is a value of its own.
        dropped: Keys that it would have, were the fleet smaller.
        frame: Keys, then whole numbers.
    """

    keys: tuple[str, ...]
    dropped: tuple[str, ...]
    frame: pl.DataFrame


def cubes(
    lines: pl.DataFrame,
    sessions: pl.DataFrame,
    completeness: pl.DataFrame,
    named: Namer,
    *,
    currency: str,
    by: str = "vehicle",
    limit: int = MOST_CELLS,
) -> dict[str, Cube]:
    """The cells of a page.

    Args:
        lines: Columns of `SESSION_COSTS`.
        sessions: Columns session_id, location_name, address of `CHARGE_SESSIONS`.
        completeness: Columns vehicle_id, make, stream, day, state.
        named: What to call a vehicle.
        currency: The reporting currency; amounts that were converted into another one are not converted.
        by: The key that is kept however large the fleet: one of `DIMENSIONS`, or `day`.
        limit: The most cells of a cube.

    Returns:
        `costs`, `reasons`, `hours`, `bands`, `stations` and `days`, each with the keys and sums of its function.
    """
    told = _prepared(lines, named, currency)
    energy = told.filter(_COST_SIDE & (pl.col("component") == "energy"))
    keys = tuple(key for key in DIMENSIONS if key != "site" or told["place_name"].is_not_null().any())
    return {
        "costs": _cube(_costs(told), (*keys, "day") if by == "day" else keys, by, limit),
        "reasons": _cube(_reasons(told), (*keys, "reason"), by, limit),
        "hours": _cube(_hours(energy), (*keys, "weekday", "hour"), "", limit),
        "bands": _cube(_bands(energy), (*keys, "band"), "", limit),
        "stations": _cube(_stations(told, sessions), (*keys, "station"), "", limit),
        "days": _cube(_days(completeness, named), ("make", "vehicle", "month", "stream", "kind"), "", limit),
    }


def _cube(rows: pl.DataFrame, keys: Sequence[str], by: str, limit: int) -> Cube:
    """Summed by the keys, without as many of them as are too many."""
    kept, dropped = tuple(keys), tuple[str, ...]()
    frame = _summed(rows, kept)
    for key in _DROPPED:
        if frame.height <= limit:
            break
        if key in kept and key != by:
            kept, dropped = tuple(each for each in kept if each != key), (*dropped, key)
            frame = _summed(frame.drop(key), kept)
    return Cube(kept, dropped, frame)


def _summed(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    numbers = pl.exclude(DIMENSIONS, "day", "reason", "weekday", "hour", "band", "station", "stream", "kind")
    return rows.group_by(keys).agg(numbers.sum()).sort(keys)


def _prepared(lines: pl.DataFrame, named: Namer, currency: str) -> pl.DataFrame:
    """Lines with the keys of the page; one without a currency takes that of its session."""
    codes = pl.col("currency").drop_nulls().sort().first()
    priced = pl.col("currency").filter(_COST_SIDE).drop_nulls().sort().first()
    own = pl.coalesce(priced.over("session_id"), codes.over("session_id"))
    by_month = pl.col("session_id").is_null() & pl.col("place").is_null()
    place = pl.when(by_month).then(pl.lit(grouping.BY_THE_MONTH)).otherwise(pl.col("place").fill_null("unknown"))
    return lines.with_columns(
        pl.when(pl.col("session_id").is_not_null()).then(own).alias("own_currency"),
        place.alias("place"),
        *(grouping.key(lines, by, named).alias(key) for by, key in _GROUPED.items()),
        _energy("kwh_priced").alias("priced"),
        _energy("kwh_unpriced").alias("unpriced"),
        _millionths("amount").alias("money"),
        pl.when(pl.col("reporting_currency") == currency).then(_millionths("reporting_amount")).alias("converted"),
    ).with_columns(pl.coalesce("currency", "own_currency").alias("currency"))


def _costs(told: pl.DataFrame) -> pl.DataFrame:
    """Keys and day; sessions, of them partial, without a price and without an energy; kWh, amounts, how many of them.

    A session counts once, with the currency of its first line on the cost side that has one.
    """
    billed, tariff, paid = (pl.col("basis") == name for name in ("billed", "tariff", "policy"))
    counted = pl.col("session_id").is_not_null() & pl.col("session_id").is_first_distinct()
    side = pl.when(_COST_SIDE).then("state")
    none = (side == "unpriced").all().over("session_id") & side.is_not_null().any().over("session_id")
    some = (side != "complete").any().over("session_id")
    ordered = told.with_columns(none.alias("none"), some.alias("some")).sort(
        (pl.col("currency") != pl.col("own_currency")).fill_null(value=False), ~_COST_SIDE, maintain_order=True
    )
    energy = _COST_SIDE & (pl.col("component") == "energy")
    return ordered.select(
        *DIMENSIONS,
        "day",
        _whole(counted).alias("sessions"),
        _whole(counted & pl.col("some") & ~pl.col("none")).alias("partial"),
        _whole(counted & pl.col("none")).alias("no_price"),
        _whole(energy & pl.col("kwh_unpriced").is_null()).alias("no_energy"),
        *(pl.when(energy).then(name).otherwise(0).fill_null(0).alias(name) for name in ("priced", "unpriced")),
        pl.when(_COST_SIDE).then("money").otherwise(0).fill_null(0).alias("cost"),
        pl.when(billed).then("money").otherwise(0).fill_null(0).alias("billed"),
        pl.when(paid).then("money").otherwise(0).fill_null(0).alias("reimbursed"),
        pl.when(_COST_SIDE).then("converted").otherwise(0).fill_null(0).alias("converted"),
        _whole(_COST_SIDE & _HAS_AMOUNT).alias("costs"),
        _whole(billed & _HAS_AMOUNT).alias("bills"),
        _whole(tariff & _HAS_AMOUNT).alias("tariffs"),
        _whole(paid & _HAS_AMOUNT).alias("payments"),
        _whole(_COST_SIDE & _HAS_AMOUNT & pl.col("converted").is_null()).alias("not_converted"),
        (pl.col("co2_g") * 1000).round().cast(pl.Int64).fill_null(0).alias("co2"),
        _whole(pl.col("co2_g").is_not_null()).alias("co2_known"),
    )


def _reasons(told: pl.DataFrame) -> pl.DataFrame:
    """Keys and reason; lines of the cost side without an amount, and their kWh."""
    rows = told.filter(_COST_SIDE & ~_HAS_AMOUNT)
    return rows.select(
        *DIMENSIONS, pl.col("reason").fill_null("not told"), pl.lit(1, pl.Int64).alias("lines"), "unpriced"
    ).with_columns(pl.col("unpriced").fill_null(0))


def _hours(energy: pl.DataFrame) -> pl.DataFrame:
    """Keys, weekday (1 Monday to 7) and local hour; kWh, kWh priced, and the money for that energy.

    Energy by tariff lies where its intervals are, each evenly; all other energy in the hour the session started.
    """
    spread = _spread(energy)
    rest = pl.col("parts").is_null() | (pl.col("parts").list.len() == 0)
    whole = energy.filter(rest).select(
        *DIMENSIONS,
        "timezone",
        pl.col("started_at").alias("at"),
        (pl.col("priced").fill_null(0) + pl.col("unpriced").fill_null(0)).alias("kwh"),
        pl.when(_HAS_AMOUNT).then("priced").otherwise(0).fill_null(0).alias("priced"),
        pl.col("money").fill_null(0).alias("cost"),
    )
    unpriced = energy.filter(~rest & (pl.col("unpriced") > 0)).select(
        *DIMENSIONS, "timezone", pl.col("started_at").alias("at"), pl.col("unpriced").alias("kwh"),
        pl.lit(0, pl.Int64).alias("priced"), pl.lit(0, pl.Int64).alias("cost"),
    )  # fmt: skip
    return _on_local_clocks(pl.concat([spread, whole, unpriced]))


def _spread(energy: pl.DataFrame) -> pl.DataFrame:
    """The intervals of tariffs, cut to half hours."""
    since, until = pl.col("from"), pl.col("until")
    slots = pl.datetime_ranges(since.dt.truncate(_SLOT), until, _SLOT, closed="left")
    length = (until - since).dt.total_microseconds()
    inside = pl.min_horizontal(until, pl.col("at").dt.offset_by(_SLOT)) - pl.max_horizontal(since, "at")
    part = pl.when(length > 0).then(inside.dt.total_microseconds() / length).otherwise(1.0)
    kwh = (pl.col("kwh") * part * MILLION).round()
    return (
        energy.select(*DIMENSIONS, "timezone", "parts")
        .explode("parts", empty_as_null=False, keep_nulls=False)
        .unnest("parts")
        .with_columns(pl.when(length > 0).then(slots).otherwise(pl.concat_list(since)).alias("at"))
        .explode("at", empty_as_null=False, keep_nulls=False)
        .select(
            *DIMENSIONS,
            "timezone",
            "at",
            kwh.cast(pl.Int64).alias("kwh"),
            pl.when(pl.col("price_per_kwh").is_not_null()).then(kwh).otherwise(0).cast(pl.Int64).alias("priced"),
            (kwh * pl.col("price_per_kwh").cast(pl.Float64)).round().cast(pl.Int64).fill_null(0).alias("cost"),
        )
    )


def _on_local_clocks(rows: pl.DataFrame) -> pl.DataFrame:
    """Instead of `at`, weekday and hour as text on the clock of each row's own zone."""
    done = []
    for zone, of_zone in rows.partition_by("timezone", as_dict=True).items():
        at = pl.col("at").dt.convert_time_zone(str(zone[0] or "UTC"))
        weekday, hour = at.dt.weekday().cast(pl.String), at.dt.hour().cast(pl.String)
        done.append(of_zone.with_columns(weekday.alias("weekday"), hour.alias("hour")).drop("timezone", "at"))
    if done:
        return pl.concat(done)
    empty = rows.with_columns(pl.lit("").alias("weekday"), pl.lit("").alias("hour"))
    return empty.drop("timezone", "at")


def _bands(energy: pl.DataFrame) -> pl.DataFrame:
    """Keys and band; kWh by tariffs in that band."""
    parts = energy.select(*DIMENSIONS, "parts").explode("parts", empty_as_null=False, keep_nulls=False).unnest("parts")
    kwh = (pl.col("kwh") * MILLION).round().cast(pl.Int64)
    return parts.select(*DIMENSIONS, pl.col("band").fill_null(NO_BAND), kwh)


def _stations(told: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Keys and station (name and address as told); sessions, kWh and cost; homes and what has neither are left out."""
    both = pl.format("{} · {}", "location_name", "address")
    differ = pl.col("location_name") != pl.col("address")
    name = pl.when(differ).then(both).otherwise(pl.coalesce("location_name", "address")).alias("station")
    names = sessions.select("session_id", name).filter(pl.col("station").is_not_null()).unique("session_id")
    rows = told.join(names, on="session_id", how="inner", maintain_order="left")
    rows = rows.filter(_COST_SIDE & (pl.col("place") != "home"))
    energy = pl.col("component") == "energy"
    kwh = pl.when(energy).then(pl.col("priced").fill_null(0) + pl.col("unpriced").fill_null(0)).otherwise(0)
    cells = rows.select(
        *DIMENSIONS,
        "station",
        _whole(pl.struct("session_id").is_first_distinct()).alias("sessions"),
        kwh.alias("kwh"),
        pl.col("money").fill_null(0).alias("cost"),
        _whole(_HAS_AMOUNT).alias("costs"),
    )
    first = cells.group_by("station").agg(pl.col("kwh").sum()).sort("kwh", "station", descending=[True, False])
    kept = pl.col("station").is_in(first["station"].head(MOST_STATIONS).to_list())
    return cells.with_columns(pl.when(kept).then("station").otherwise(pl.lit(OTHER_STATIONS)).alias("station"))


def _days(completeness: pl.DataFrame, named: Namer) -> pl.DataFrame:
    """make, vehicle, month, stream and kind of knowledge; days."""
    vehicles = {each: named(each) for each in completeness["vehicle_id"].unique().to_list()}
    rows = completeness.filter(~pl.col("state").is_in(list(NOT_GIVEN)))
    return rows.select(
        "make",
        pl.col("vehicle_id").replace_strict(vehicles, return_dtype=pl.String).alias("vehicle"),
        month_of("day").alias("month"),
        "stream",
        pl.col("state")
        .replace_strict(KIND_OF_STATE, default="somebody must act", return_dtype=pl.String)
        .alias("kind"),
        pl.lit(1, pl.Int64).alias("days"),
    )


def _energy(column: str) -> pl.Expr:
    return (pl.col(column) * MILLION).round().cast(pl.Int64)


def _millionths(column: str) -> pl.Expr:
    """A decimal of scale 6 as the whole number that it is kept as."""
    return pl.col(column).to_physical().cast(pl.Int64)


def _whole(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).cast(pl.Int64)
