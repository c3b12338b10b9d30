"""Grams of CO2 of each session, from what the grid emitted while it charged, or in the mean of the year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from lake.schemas import UTC
from transforms.costs import spread
from transforms.costs.money import nano_kwh
from transforms.rules.carbon import Carbon, Intensities

MISSING: Final = "missing: "
"""What `co2_source` begins with where the grams are not known."""

_TO_GRAMS: Final = 10**15
"""Nano-kWh times millionths of a gram a kWh, for one gram."""
_COST_SIDE: Final = ("billed", "tariff")
_CO2: Final = pl.Schema([("session_id", pl.String), ("co2_g", pl.Float64), ("co2_source", pl.String)])
_GRID: Final = pl.Schema([("scope", pl.Int64), ("from", UTC), ("until", UTC), ("value", pl.Int64)])


def with_co2(
    lines: pl.DataFrame,
    sessions: pl.DataFrame,
    carbon: Carbon,
    countries: Mapping[str, str],
    curve: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Cost lines with the CO2 of their session, on its first line for energy, so that it stands once.

    Energy is spread as for tariffs: evenly, or by a power curve. Where a session takes a series, each part of it takes
    the value of its time; one value that is not there leaves the session without grams.

    Args:
        lines: Columns line_id, session_id, basis, component, and any others.
        sessions: Columns session_id, vehicle_id, started_at, ended_at (UTC), timezone, local_date, energy_kwh.
        carbon: Series and factors.
        countries: ISO 3166 code of the country by IANA zone.
        curve: Columns of `transforms.costs.spread.CURVE`; None: energy is even.

    Returns:
        The same rows in the same order, with columns co2_g (null if not known) and co2_source, which then says what
        is missing, or is null where there are no rules of CO2 at all.
    """
    told = co2(sessions, carbon, countries, curve)
    bearers = _bearers(lines).join(told, on="session_id", how="inner").drop("session_id")
    return lines.join(bearers, on="line_id", how="left", maintain_order="left")


def co2(
    sessions: pl.DataFrame, carbon: Carbon, countries: Mapping[str, str], curve: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The CO2 of sessions: columns session_id, co2_g, co2_source; without rules of CO2, no rows. See `with_co2`."""
    if not carbon.factors and not carbon.series:
        return _CO2.to_frame()
    scoped = _scoped(sessions, carbon, countries)
    known = pl.col("energy_kwh").is_not_null()
    by_series = scoped.filter(known & pl.col("scope").is_not_null() & pl.col("ended_at").is_not_null())
    rest = scoped.join(by_series, on="session_id", how="anti")
    return pl.concat([_by_factor(rest), _by_series(by_series, carbon, curve)])


def _bearers(lines: pl.DataFrame) -> pl.DataFrame:
    """The line of each session that bears its CO2: line_id, session_id."""
    cost_side = lines.filter(pl.col("basis").is_in(_COST_SIDE) & pl.col("session_id").is_not_null())
    first = cost_side.select("session_id", "line_id", other=pl.col("component") != "energy")
    return first.sort("other", "line_id").unique("session_id", keep="first").select("line_id", "session_id")


def _scoped(sessions: pl.DataFrame, carbon: Carbon, countries: Mapping[str, str]) -> pl.DataFrame:
    """Sessions with `country`, the number of their series as `scope`, and the factor and source of their year."""
    zones = {zone: countries.get(zone) for zone in sessions["timezone"].unique()}
    country = pl.col("timezone").replace_strict(list(zones), list(zones.values()), return_dtype=pl.String)
    factors = pl.DataFrame(
        [(each.country, year, float(each.g_per_kwh), each.source) for each in carbon.factors for year in each.years],
        schema={"country": pl.String, "year": pl.Int32, "factor": pl.Float64, "factor_source": pl.String},
        orient="row",
    )
    placed = sessions.with_columns(country=country, year=pl.col("local_date").dt.year())
    told = placed.join(factors, on=["country", "year"], how="left", maintain_order="left")
    return told.with_columns(scope=pl.coalesce(*map(_counts, range(len(carbon.series)), carbon.series), None))


def _counts(number: int, intensities: Intensities) -> pl.Expr:
    entry = intensities.entry
    inside = pl.col("local_date").is_between(entry.valid_from, entry.valid_to)
    return pl.when((pl.col("country") == entry.country) & inside).then(pl.lit(number, pl.Int64))


def _by_factor(scoped: pl.DataFrame) -> pl.DataFrame:
    """Grams by the factor of the year; what is missing where there are none."""
    unknown = (
        pl.when(pl.col("energy_kwh").is_null())
        .then(pl.lit("no energy was told"))
        .when(pl.col("scope").is_not_null())
        .then(pl.lit("no end was told"))
        .when(pl.col("country").is_null())
        .then(pl.format("{} is the zone of no country", "timezone"))
        .when(pl.col("factor").is_null())
        .then(pl.format("nothing is told of {} in {}", "country", "year"))
    )
    source = pl.when(unknown.is_null()).then("factor_source").otherwise(pl.lit(MISSING) + unknown)
    grams = pl.when(unknown.is_null()).then(pl.col("energy_kwh") * pl.col("factor"))
    return scoped.select("session_id", co2_g=grams, co2_source=source)


def _by_series(scoped: pl.DataFrame, carbon: Carbon, curve: pl.DataFrame | None) -> pl.DataFrame:
    """Grams by the series of each session; null if it lacks a value that the session needs."""
    if scoped.is_empty():
        return _CO2.to_frame()
    counted = scoped.with_columns(nano_kwh=nano_kwh("energy_kwh"))
    pieces = spread.even(counted) if curve is None else spread.by_curve(counted, curve)
    parts = spread.laid_over(pieces, _grid(carbon, pieces))
    grams = (pl.col("nano_kwh").cast(pl.Int128) * pl.col("value")).sum()
    gap = pl.col("from").filter(pl.col("value").is_null()).min()
    told = parts.group_by("session_id").agg(grams=grams.cast(pl.Float64) / _TO_GRAMS, gap=gap)
    sources = {number: each.entry.source for number, each in enumerate(carbon.series)}
    source = pl.col("scope").replace_strict(sources, return_dtype=pl.String)
    at = pl.col("gap").dt.strftime("%Y-%m-%dT%H:%MZ")
    return scoped.join(told, on="session_id", how="left", maintain_order="left").select(
        "session_id",
        co2_g=pl.when(pl.col("gap").is_null()).then("grams"),
        co2_source=pl.when(pl.col("gap").is_null())
        .then(source)
        .otherwise(pl.format("{}no value from {} on ({})", pl.lit(MISSING), at, source)),
    )


def _grid(carbon: Carbon, pieces: pl.DataFrame) -> pl.DataFrame:
    """The series as stretches without gap over the pieces: columns scope, from, until, value (null: not told)."""
    frames = [_GRID.to_frame()]
    for number, each in enumerate(carbon.series):
        mine = pieces.filter(pl.col("scope") == number)
        if mine.height:
            rows = _without_gaps(each.series.rows, mine.select(pl.col("from").min(), pl.col("until").max()))
            frames.append(rows.select(pl.lit(number, pl.Int64).alias("scope"), "from", "until", "value"))
    return pl.concat(frames)


def _without_gaps(rows: pl.DataFrame, span: pl.DataFrame) -> pl.DataFrame:
    """Values and the gaps before, between and after them, within a span: columns from, until, value."""
    since, until = span.row(0)
    inside = rows.filter((pl.col("until") > since) & (pl.col("from") < until))
    told = inside.select("from", "until")
    ends = pl.concat([told, pl.DataFrame([(until, until)], told.schema, orient="row")])
    gaps = ends.select(pl.col("until").shift(1, fill_value=since).alias("from"), pl.col("from").alias("until"))
    open_gaps = gaps.filter(pl.col("from") < pl.col("until")).with_columns(pl.lit(None, pl.Int64).alias("value"))
    return pl.concat([inside, open_gaps]).sort("from")
