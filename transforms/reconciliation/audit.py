"""Audit flags: sessions that somebody should look at before they are paid. Each threshold is written beside its name.

A flag says that something is unusual, not that it is wrong. Capacities of batteries are not taken from a table: what a
vehicle took for each percent, over its own sessions, says what its battery holds as the charger's meter counts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from transforms.months import month_of
from transforms.places import distance_m

LEAST_GAIN_PCT: Final = 20.0
"""Sessions that gained less say nothing of the battery: a percent is the finest that is told."""
LEAST_SESSIONS: Final = 5
"""From so many such sessions on a battery is known."""
ABOVE_BATTERY: Final = 1.25
"""Energy above so many times the battery is flagged: preheating and cooling are charged as well."""
SOC_SHARE: Final = 0.25
"""Energy further from what the state of charge gained, by so much of the battery, is flagged."""
LEAST_OVERLAP_MIN: Final = 5.0
"""Two sessions of a vehicle that overlap for longer are flagged."""
FASTEST_KMH: Final = 200.0
"""A vehicle that would have driven faster between two sessions is flagged, from `LEAST_KM` on."""
LEAST_KM: Final = 2.0
LEAST_PRICES: Final = 20
"""From so many prices of a currency and charger type on there is a usual price."""
OUTLIER_MADS: Final = 6.0
"""How many robust deviations (1.4826 median absolute deviations) from the median a price may lie."""
OUTLIER_SHARE: Final = 0.5
"""A price nearer to the median than this part of it is never flagged."""
LEAST_KWH: Final = 1.0
"""Below so much energy a price per kWh says nothing, and what is free is not worth a line."""

_VEHICLE: Final = ("make", "vehicle_id")


def flagged(sessions: pl.DataFrame, currency_of: Mapping[str, str]) -> pl.DataFrame:
    """The flags of these sessions.

    Args:
        sessions: `lake.schemas.CHARGE_SESSIONS` and driver: those to flag, and those around them that say what is
            usual.
        currency_of: Currency by IANA zone, of zones whose country has one.

    Returns:
        The columns of `transforms.reconciliation.days.compared`, state `flagged`.
    """
    told = sessions.filter(pl.col("status") != "vanished")
    return pl.concat(
        [
            *_against_battery(told),
            *_one_after_another(told),
            _price_outliers(told),
            _foreign(told, currency_of),
            _free(told),
            _idle(told),
        ]
    )


def _flag(frame: pl.DataFrame, kind: str, unit: pl.Expr | str, detail: pl.Expr, **values: pl.Expr) -> pl.DataFrame:
    """Rows of a kind; the frame has make, vehicle_id, day and session_ids."""
    none = pl.lit(None, pl.Float64)
    expected, found, tolerance = (values.get(name, none).cast(pl.Float64) for name in ("expected", "found", "limit"))
    return frame.select(
        pl.lit(kind).alias("kind"),
        *_VEHICLE,
        "day",
        "session_ids",
        pl.lit("flagged").alias("state"),
        expected.alias("expected"),
        found.alias("found"),
        (found - expected).alias("difference"),
        tolerance.alias("tolerance"),
        (pl.lit(unit) if isinstance(unit, str) else unit).alias("unit"),
        detail.alias("detail"),
        pl.lit(value=True).alias("is_open"),
    )


def _alone(sessions: pl.DataFrame) -> pl.DataFrame:
    return sessions.with_columns(pl.col("local_date").alias("day"), pl.concat_list("session_id").alias("session_ids"))


def _against_battery(told: pl.DataFrame) -> list[pl.DataFrame]:
    """Energy above the battery, and energy against the state of charge."""
    gained = (pl.col("soc_end_pct") - pl.col("soc_start_pct")) / 100
    usable = told.filter(gained >= LEAST_GAIN_PCT / 100, pl.col("energy_kwh") > 0)
    batteries = usable.group_by("vehicle_id").agg(
        (pl.col("energy_kwh") / gained).median().alias("battery"), pl.len().alias("sessions")
    )
    kwh, battery = pl.col("energy_kwh"), pl.col("battery")
    known = _alone(told).join(batteries.filter(pl.col("sessions") >= LEAST_SESSIONS), on="vehicle_id")
    above = known.filter(kwh > battery * ABOVE_BATTERY)
    off = known.filter((kwh - gained * battery).abs() > battery * SOC_SHARE)
    says = pl.format("{} kWh; the battery takes {} kWh, by its other sessions", kwh.round(2), battery.round(1))
    by_soc = pl.format("{} kWh for a gain of {} %", kwh.round(2), (gained * 100).round(1))
    return [
        _flag(above, "energy_above_battery", "kWh", says, expected=battery, found=kwh, limit=battery * ABOVE_BATTERY),
        _flag(
            off, "soc_against_energy", "kWh", by_soc, expected=gained * battery, found=kwh, limit=battery * SOC_SHARE
        ),
    ]


def _one_after_another(told: pl.DataFrame) -> list[pl.DataFrame]:
    """Sessions of a vehicle that overlap, or that it cannot have driven between."""
    both = _beside_before(told)
    located = _beside_before(told.filter(pl.col("latitude").is_not_null(), pl.col("longitude").is_not_null()))
    overlap = -pl.col("gap")
    speed = pl.when(pl.col("gap") > 0).then(pl.col("km") / (pl.col("gap") / 60))
    elsewhere = located.filter((pl.col("km") >= LEAST_KM) & (speed.is_null() | (speed > FASTEST_KMH)))
    same = ["session_id", "session_id_before"]
    overlapping = both.filter(overlap > LEAST_OVERLAP_MIN).join(elsewhere.select(same), on=same, how="anti")
    minutes = pl.format("starts {} min before an earlier one has ended", overlap.round(1))
    apart = pl.format(
        "{} km from an earlier session, {} min after its end", *(pl.col(n).round(1) for n in ("km", "gap"))
    )
    return [
        _flag(overlapping, "overlapping_sessions", "min", minutes, found=overlap, limit=pl.lit(LEAST_OVERLAP_MIN)),
        _flag(elsewhere, "two_places_at_once", "km/h", apart, found=speed, limit=pl.lit(FASTEST_KMH)),
    ]


def _beside_before(told: pl.DataFrame) -> pl.DataFrame:
    """Each session beside the one that ended last of those that started before it: a long one may hold several."""
    ended = told.filter(pl.col("ended_at").is_not_null()).sort(*_VEHICLE, "started_at", "ended_at", "session_id")
    of_before = ("session_id", "ended_at", "latitude", "longitude")
    is_last = pl.col("ended_at") == pl.col("ended_at").cum_max().over(_VEHICLE)
    row = pl.when(is_last).then(pl.int_range(pl.len())).forward_fill().shift(1).over(_VEHICLE)
    numbered = ended.with_columns(row.alias("_before"))
    before = ended.select(*_VEHICLE, *(pl.col(name).alias(f"{name}_before") for name in of_before))
    before = before.with_columns(pl.int_range(pl.len()).over(_VEHICLE).alias("_before"))
    return numbered.join(before, on=[*_VEHICLE, "_before"]).with_columns(
        pl.col("local_date").alias("day"),
        pl.concat_list("session_id", "session_id_before").list.sort().alias("session_ids"),
        ((pl.col("started_at") - pl.col("ended_at_before")).dt.total_seconds() / 60).alias("gap"),
        (distance_m(*(pl.col(name) for name in _POSITIONS)) / 1000).alias("km"),
    )


_POSITIONS: Final = ("latitude_before", "longitude_before", "latitude", "longitude")


def _price_outliers(told: pl.DataFrame) -> pl.DataFrame:
    """Prices of energy far from what is usual for the currency and charger type. Fees by time are no price of energy.

    Median and median absolute deviation: P. J. Rousseeuw and C. Croux, Alternatives to the Median Absolute Deviation,
    1993.
    """
    energy, alike = pl.col("billed_energy").cast(pl.Float64), ("currency", "charger_type")
    priced = _alone(told.filter(energy > 0, pl.col("energy_kwh") >= LEAST_KWH)).with_columns(
        (energy / pl.col("energy_kwh")).alias("price")
    )
    usual = pl.col("price").median().over(alike)
    limits = priced.with_columns(usual.alias("usual"), pl.len().over(alike).alias("prices")).with_columns(
        (1.4826 * (pl.col("price") - pl.col("usual")).abs().median().over(alike)).alias("deviation")
    )
    allowed = pl.max_horizontal(pl.col("deviation") * OUTLIER_MADS, pl.col("usual") * OUTLIER_SHARE)
    off = limits.filter(pl.col("prices") >= LEAST_PRICES, (pl.col("price") - pl.col("usual")).abs() > allowed)
    says = pl.format("{} {} a kWh, usually {}", pl.col("price").round(3), "currency", pl.col("usual").round(3))
    unit = pl.format("{}/kWh", "currency")
    return _flag(off, "price_outlier", unit, says, expected=pl.col("usual"), found=pl.col("price"), limit=allowed)


def _by_month(sessions: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Sessions of a vehicle and local month together: day is the first of them."""
    return (
        sessions.with_columns(month_of("local_date").alias("of_month"))
        .group_by(*_VEHICLE, "of_month", *keys)
        .agg(
            pl.col("local_date").min().alias("day"),
            pl.col("session_id").sort().alias("session_ids"),
            pl.len().alias("count"),
            pl.col("energy_kwh").sum(),
            pl.col("billed_other").sum(),
        )
    )


def _foreign(told: pl.DataFrame, currency_of: Mapping[str, str]) -> pl.DataFrame:
    """Bills in another currency than that of the country of the vehicle's zone: a month's together."""
    own = pl.col("timezone").replace_strict(currency_of, default=None, return_dtype=pl.String)
    abroad = told.with_columns(own.alias("own")).filter(pl.col("currency") != pl.col("own"))
    months = _by_month(abroad, "currency", "own")
    says = pl.format("sessions billed in {}: {}; the vehicle's country pays in {}", "currency", "count", "own")
    return _flag(months, "currency_against_country", pl.col("currency"), says)


def _free(told: pl.DataFrame) -> pl.DataFrame:
    """Energy of which the bill is 0: a month's together."""
    months = _by_month(told.filter(pl.col("billed_total") == 0, pl.col("energy_kwh") >= LEAST_KWH))
    says = pl.format("sessions billed at 0: {}, {} kWh", "count", pl.col("energy_kwh").round(2))
    return _flag(months, "free_charging", "kWh", says, found=pl.col("energy_kwh"), limit=pl.lit(LEAST_KWH))


def _idle(told: pl.DataFrame) -> pl.DataFrame:
    """What drivers were billed beside energy: a driver's and month's together, a vehicle and currency by itself."""
    months = _by_month(told.filter(pl.col("billed_other") > 0), "driver", "currency")
    fee = pl.col("billed_other").cast(pl.Float64).round(4)
    says = pl.format("{} {} for idling, congestion or parking; sessions: {}", fee, "currency", "count")
    return _flag(months, "idle_fees", pl.col("currency"), says, found=pl.col("billed_other"), limit=pl.lit(0.0))
