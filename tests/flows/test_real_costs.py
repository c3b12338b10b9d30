"""Real sessions priced: to the cent what plain Python finds hour by hour, month by month, through changes of clocks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from flows.costing import cost_rules
from flows.house import House
from flows.settings import load_settings
from lake.schemas import CHARGE_SESSIONS
from tests.flows.conftest import ZONES
from tests.slow_costs import by_local_month, exact_cost, rounded
from tests.tariff_texts import tariff
from transforms.costs.table import session_costs

OSLO = ZoneInfo("Europe/Oslo")
SERIES = "nl_day_ahead_2019_utc.csv"

FLAT = (
    tariff("garage", "flat", "NOK", "2018-01-01")
    + """price_per_kwh = 1.0725
"""
)
BY_THE_CLOCK = (
    tariff("garage", "by the clock", "NOK", "2018-01-01")
    + """holidays = "NO"

[[tariff.time_of_use]]
band = "peak"
price_per_kwh = 1.4935
days = ["weekdays"]
hours = ["06:00-22:00"]
season = "11-01..03-31"

[[tariff.time_of_use]]
band = "day"
price_per_kwh = 1.1065
days = ["weekdays"]
hours = ["06:00-22:00"]
season = "04-01..10-31"

[[tariff.time_of_use]]
band = "night"
price_per_kwh = 0.7815
days = ["weekdays"]
hours = ["22:00-06:00"]

[[tariff.time_of_use]]
band = "free day"
price_per_kwh = 0.8175
days = ["weekends", "holidays"]
"""
)
DYNAMIC = (
    tariff("garage", "dynamic", "EUR", "2018-01-01")
    + """
[tariff.dynamic]
series = "prices.csv"
unit = "MWh"
plus_per_kwh = 0.0235
"""
)
# by the calendar: public holidays on weekdays from 2018-12 to 2020-01
HOLIDAYS = {
    date(2018, 12, 25), date(2018, 12, 26), date(2019, 1, 1), date(2019, 4, 18), date(2019, 4, 19), date(2019, 4, 22),
    date(2019, 5, 1), date(2019, 5, 17), date(2019, 5, 30), date(2019, 6, 10), date(2019, 12, 25), date(2019, 12, 26),
    date(2020, 1, 1),
}  # fmt: skip


def flat(_: datetime) -> Decimal:
    return Decimal("1.0725")


def by_the_clock(at: datetime) -> Decimal:
    shown = at.astimezone(OSLO)
    if shown.date() in HOLIDAYS or shown.weekday() >= 5:
        return Decimal("0.8175")
    if not 6 <= shown.hour < 22:
        return Decimal("0.7815")
    return Decimal("1.4935") if shown.month in {11, 12, 1, 2, 3} else Decimal("1.1065")


def in_2019(at: datetime) -> datetime:
    """The same hour of the year 2019; of the leap day's there is none."""
    return at.replace(year=2019)


@pytest.fixture(scope="module")
def spot(real_data: Path) -> dict[datetime, Decimal]:
    """Dutch day-ahead prices of 2019, EUR a MWh, as for 2018 and 2020 too."""
    with (real_data / "reference" / SERIES).open(encoding="ascii", newline="") as file:
        told = {datetime.fromisoformat(row["utc_start"]): Decimal(row["eur_per_mwh"]) for row in csv.DictReader(file)}
    first, hours = datetime(2018, 12, 1, tzinfo=UTC), range(24 * (31 + 365 + 31))
    return {at: told[in_2019(at)] for at in (first + timedelta(hours=hour) for hour in hours)}


@pytest.fixture(scope="module")
def norway(backfilled: Mapping[str, str]) -> pl.DataFrame:
    tables = House(load_settings(home=backfilled["CHARGELAKE_HOME"])).tables
    return tables.read(CHARGE_SESSIONS).filter(pl.col("timezone") == ZONES["norway_apartment"])


@pytest.fixture
def priced(norway: pl.DataFrame, spot: dict[datetime, Decimal], tmp_path: Path) -> Callable[[str], pl.DataFrame]:
    """The cost lines of the Norwegian sessions by a tariff."""

    def lines(tariff: str) -> pl.DataFrame:
        rows = [f"{at:%Y-%m-%dT%H:%M:%SZ},{price}" for at, price in spot.items()]
        (tmp_path / "prices.csv").write_text("\n".join(["utc_start,eur_per_mwh", *rows]))
        (tmp_path / "tariffs.toml").write_text(tariff)
        return session_costs(norway, cost_rules(House(load_settings(rules=str(tmp_path)))))

    return lines


def monthly(lines: pl.DataFrame) -> dict[str, Decimal]:
    month = pl.col("local_date").dt.strftime("%Y-%m")
    return dict(lines.drop_nulls("amount").group_by(month.alias("month")).agg(pl.col("amount").sum()).iter_rows())


def complete(norway: pl.DataFrame) -> list[dict[str, Any]]:
    return list(norway.filter(pl.col("status") == "complete").iter_rows(named=True))


@pytest.mark.parametrize(("tariff", "price_at"), [(FLAT, flat), (BY_THE_CLOCK, by_the_clock)], ids=["flat", "clock"])
def test_local_months_cost_what_plain_python_finds(
    priced: Any, norway: pl.DataFrame, tariff: str, price_at: Any
) -> None:
    expected = by_local_month(complete(norway), OSLO, price_at)
    assert len(expected) == 14
    assert monthly(priced(tariff)) == expected


def test_local_months_cost_by_the_hour_what_plain_python_finds(
    priced: Any, norway: pl.DataFrame, spot: dict[datetime, Decimal]
) -> None:
    expected = by_local_month(complete(norway), OSLO, dynamic(spot))
    assert monthly(priced(DYNAMIC)) == expected


def dynamic(spot: dict[datetime, Decimal]) -> Callable[[datetime], Decimal]:
    def price_at(at: datetime) -> Decimal:
        return spot[at.replace(minute=0, second=0)] / 1000 + Decimal("0.0235")

    return price_at


CHANGES = {"23 hours": datetime(2019, 3, 31, 1, tzinfo=UTC), "25 hours": datetime(2019, 10, 27, 1, tzinfo=UTC)}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("tariff", [BY_THE_CLOCK, DYNAMIC], ids=["clock", "dynamic"])
def test_a_session_across_a_change_of_clocks_costs_what_plain_python_finds(
    priced: Any, norway: pl.DataFrame, spot: dict[datetime, Decimal], tariff: str, change: datetime
) -> None:
    across = norway.filter((pl.col("started_at") < change) & (pl.col("ended_at") > change))
    price_at = by_the_clock if tariff is BY_THE_CLOCK else dynamic(spot)
    costs = {
        row["session_id"]: exact_cost(row["started_at"], row["ended_at"], Decimal(str(row["energy_kwh"])), price_at)
        for row in complete(across)
    }
    lines = priced(tariff).filter(pl.col("session_id").is_in(list(costs)))
    assert costs
    assert dict(lines.select("session_id", "amount").iter_rows()) == {
        key: rounded(cost) for key, cost in costs.items() if cost is not None
    }


def test_what_has_not_ended_has_no_price_and_a_reason(priced: Any) -> None:
    unpriced = priced(FLAT).filter(pl.col("amount").is_null())
    assert unpriced.group_by("reason", "state").len().rows() == [("ongoing", "unpriced", 26)]


def test_all_energy_is_priced_or_said_to_be_not(priced: Any, norway: pl.DataFrame) -> None:
    lines = priced(BY_THE_CLOCK)
    kwh = lines["kwh_priced"].sum() + lines["kwh_unpriced"].sum()
    assert round(Decimal(kwh), 2) == round(Decimal(norway["energy_kwh"].sum()), 2) == Decimal("47941.60")
