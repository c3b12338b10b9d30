"""Tesla's daily records: what becomes of each oddity."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from lake.schemas import CHARGE_DAY_HISTORY, COMPLETENESS
from tests.edge_cases.showroom import Car, Showroom
from tests.flows.conftest import Practice


def true_days(car: Car) -> set[date]:
    """The local days on which the car was charged."""
    zone = ZoneInfo(car.vehicle.zone)
    return {each.start.astimezone(zone).date() for each in car.truth}


def parts_off_by(car: Car) -> float:
    off = car.days.select(pl.col("total_kwh") - pl.sum_horizontal("home_kwh", "other_kwh", "supercharger_kwh"))
    return round(off.to_series().min(), 6)


def test_parts_that_miss_the_total_by_a_rounding_are_kept_as_told(showroom: Showroom) -> None:
    car = showroom["parts_off"]
    assert parts_off_by(car) == 0.03
    assert not car.days["flags"].explode().drop_nulls().to_list()


def test_parts_that_miss_the_total_by_more_are_kept_with_a_flag(showroom: Showroom) -> None:
    car = showroom["parts far off"]
    assert parts_off_by(car) == 0.6
    assert set(car.days["flags"].explode()) == {"parts_differ_from_total"}


def test_a_day_of_zeros_is_kept_with_a_flag_and_known(showroom: Showroom) -> None:
    car = showroom["zero_days"]
    zeros = car.days.filter(pl.col("total_kwh") == 0)
    known = car.rows(COMPLETENESS).filter(pl.col("stream") == "tesla_days", pl.col("state") == "collected")
    assert set(zeros["flags"].explode()) == {"all_zero"}
    assert set(zeros["day"]) - true_days(car) <= set(known["day"])
    assert zeros.height > 0


def test_a_missing_day_is_no_row_and_confirmed_empty(showroom: Showroom) -> None:
    car = showroom["missing_day"]
    assert car.days.is_empty()
    assert car.states("tesla_days") == {"confirmed_empty"}


def test_a_date_told_twice_is_one_row(showroom: Showroom) -> None:
    car = showroom["date_twice"]
    assert set(car.days["day"]) == true_days(car)
    assert car.days["day"].is_unique().all()
    assert set(car.days["revision"]) == {1}


@pytest.mark.parametrize("name", ["late in the west", "early in the east"])
def test_a_date_near_midnight_is_the_local_day_not_the_utc_day(showroom: Showroom, name: str) -> None:
    car = showroom[name]
    assert set(car.days["day"]) == true_days(car)


def test_a_day_of_25_hours_is_one_day(showroom: Showroom) -> None:
    car = showroom["day of 25 hours"]
    [day] = car.days.filter(pl.col("day") == date(2026, 10, 25)).iter_rows(named=True)
    assert day["supercharger_kwh"] == 60
    assert "over_24_hours" in car.session_at("2026-10-24T22:00:00Z")["flags"]


def test_a_date_in_epoch_seconds_is_the_same_day(showroom: Showroom) -> None:
    car = showroom["date_epoch"]
    assert set(car.days["day"]) == true_days(car)


def test_without_a_home_everything_is_kept_under_other(showroom: Showroom) -> None:
    days = showroom["all_other"].days
    assert days["other_kwh"].equals(days["total_kwh"])
    assert set(days["home_kwh"]) | set(days["supercharger_kwh"]) == {0.0}


async def test_a_day_revised_later_is_a_new_revision_and_its_day_is_read_again(practice: Practice) -> None:
    await practice.connect("2-vehicles@smartcar.com")
    practice.emulator.faults.add("session_at", start="2026-10-20T08:00:00Z", kwh=40)
    practice.emulator.faults.add("revised_day", days=2, part=0.5)
    await practice.run()
    practice.emulator.clock.advance(timedelta(days=3))
    await practice.run()
    history = practice.house().tables.read(CHARGE_DAY_HISTORY).filter(pl.col("day") == date(2026, 10, 20))
    first, second = history.sort("revision").select("revision", "total_kwh").rows()
    assert (first[0], second[0]) == (1, 2)
    assert second[1] == pytest.approx(2 * first[1], abs=0.05)


async def test_a_day_of_23_hours_and_a_session_in_its_missing_hour_are_told_once(spring: Showroom) -> None:
    car = spring["spring"]
    [day] = car.days.filter(pl.col("day") == date(2026, 3, 29)).iter_rows(named=True)
    at_the_change = car.sessions.filter(pl.col("local_date") == date(2026, 3, 29))
    told = {datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)}
    assert told <= set(at_the_change["started_at"])
    assert day["supercharger_kwh"] == pytest.approx(23 + 7)
