"""Costing: cost lines of sessions by a flat, a time-of-use and a dynamic tariff, beside Polars that only multiplies.

Ours says of each session which tariff prices it, lays its energy over every hour, rounds once, and makes whole lines
with ids, parts and state. Polars multiplies the energy of the same sessions by one price and rounds: the least that any
program would have to do. The sides take turns; each has a process of its own, because memory is measured too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from benchmarks.harness import Figure, Spent, in_child, measured, ratios
from lake.reference import currencies, currency_digits
from lake.schemas import CHARGE_SESSIONS
from transforms.costs.table import CostRules, session_costs
from transforms.rules import rates, series, tariffs

NAME: Final = "costing"
_HEAD: Final = """
[[tariff]]
id = "home"
version = "1"
currency = "EUR"
valid_from = 2024-01-01
prices_are = "gross"
"""
_TARIFFS: Final = {
    "flat": "price_per_kwh = 0.3389\n",
    "time of use": "".join(
        f'[[tariff.time_of_use]]\nband = "{band}"\nprice_per_kwh = {price}\nhours = ["{hours}"]\n'
        for band, price, hours in (("night", "0.2389", "22:00-06:00"), ("day", "0.3689", "06:00-22:00"))
    ),
    "dynamic": '[tariff.dynamic]\nseries = "spot"\nunit = "MWh"\nplus_per_kwh = 0.1108\n',
}
_FIRST: Final = datetime(2025, 1, 1, tzinfo=UTC)
_HOURS: Final = 24 * 365


@dataclass(frozen=True, slots=True)
class Size:
    """How many sessions are priced, of a year of a fleet, and how often all is done."""

    sessions: int = 500_000
    rounds: int = 3


FULL: Final = Size()
SMALL: Final = Size(sessions=200, rounds=1)


def run(size: Size) -> list[Figure]:
    """Measure each tariff beside Polars alone."""
    figures = []
    for tariff in _TARIFFS:
        both = [(in_child(_ours, size.sessions, tariff), in_child(_least, size.sessions)) for _ in range(size.rounds)]
        ours, least = ([each[side].cpu for each in both] for side in (0, 1))
        figures += [
            Figure(NAME, f"sessions a second of CPU, {tariff}", tuple(size.sessions / cpu for cpu in ours), "sessions"),
            Figure(NAME, f"CPU ÷ Polars that multiplies, {tariff}", ratios(ours, least), "ratio"),
            Figure(NAME, f"memory, {tariff}", tuple(ours.peak_mib for ours, _ in both), "MiB"),
        ]
    return figures


def _ours(number: int, tariff: str) -> Spent:
    sessions = _sessions(number)
    read = tariffs.parse(_HEAD + _TARIFFS[tariff], currencies(), str, lambda _: _spot())
    rules = CostRules(read, rates.joined([]), "EUR", currency_digits())
    with measured() as spent:
        lines = session_costs(sessions, rules)
    assert lines.height == number
    assert lines["amount"].null_count() == 0
    return spent


def _least(number: int) -> Spent:
    sessions = _sessions(number)
    with measured() as spent:
        costs = sessions.select("session_id", (pl.col("energy_kwh") * 0.3389).round(2))
    assert costs.height == number
    return spent


def _sessions(number: int) -> pl.DataFrame:
    """Sessions of ten hours on average, of 2,000 vehicles, over a year."""
    at = pl.int_range(number)
    start = pl.lit(_FIRST) + pl.duration(minutes=(at * 7919) % (_HOURS * 60 - 24 * 60))
    made = pl.select(
        pl.format("s-{}", at).alias("session_id"),
        pl.format("v-{}", at % 2000).alias("vehicle_id"),
        pl.lit("BMW").alias("make"),
        start.alias("started_at"),
        (start + pl.duration(minutes=120 + (at * 31) % 960)).alias("ended_at"),
        pl.lit("Europe/Berlin").alias("timezone"),
        start.dt.date().alias("local_date"),
        (2 + (at * 17 % 6000) / 100).alias("energy_kwh"),
        pl.lit("home").alias("place"),
        pl.lit("complete").alias("status"),
        pl.lit(1).alias("revision"),
    )
    whole = made.match_to_schema(
        CHARGE_SESSIONS.schema, missing_columns="insert", integer_cast="upcast", extra_columns="raise"
    )
    return whole.select(CHARGE_SESSIONS.schema.names())


def _spot() -> series.Series:
    rows = [(f"{_FIRST + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}", str(40 + hour % 60)) for hour in range(_HOURS)]
    return series.parse(pl.DataFrame(rows, schema=["utc_start", "eur_per_mwh"], orient="row"))
