"""What was measured in the real sets: years, commas, clocks and fees as people's exports have them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from tests.edge_cases.showroom import Showroom


def test_a_year_without_its_century_goes_to_quarantine(showroom: Showroom) -> None:
    car = showroom["short_year"]
    assert car.sessions.is_empty()
    assert car.days.is_empty()
    assert set(car.quarantined["reason"]) == {"bad_time"}


def test_a_zero_energy_session_that_was_paid_is_kept_with_a_flag_and_its_bill(showroom: Showroom) -> None:
    row = showroom["zero_energy"].standard
    assert (row["energy_kwh"], row["status"]) == (0.0, "complete")
    assert "zero_energy" in row["flags"]
    assert row["billed_total"] > 0


def test_a_fee_by_time_is_billed_under_other_and_free_below_its_limit(showroom: Showroom) -> None:
    car = showroom["fee_by_time"]
    paid, free = car.session_at("2026-10-30T08:00:00Z"), car.standard
    assert (paid["billed_energy"], paid["billed_other"]) == (Decimal(0), Decimal(4))
    assert free["billed_total"] == 0
    assert "free_of_charge" in free["flags"]


def test_a_decimal_comma_goes_to_quarantine_and_is_told_as_drift(showroom: Showroom) -> None:
    car = showroom["decimal_comma"]
    assert set(car.quarantined["reason"]) == {"bad_type"}
    assert car.quarantined.height == len(car.true_starts)
    assert "changed type: energy (text instead of number)" in showroom.drift["bmw_records"]


def test_an_end_in_local_time_east_of_utc_makes_a_session_longer_as_told(showroom: Showroom) -> None:
    car = showroom["end in local time, east"]
    row = car.standard
    assert row["ended_at"] - row["started_at"] == timedelta(minutes=90) + timedelta(hours=1)


def test_an_end_in_local_time_west_of_utc_goes_to_quarantine_where_it_lies_before_the_start(showroom: Showroom) -> None:
    car = showroom["end in local time, west"]
    assert set(car.quarantined["reason"]) == {"end_before_start"}
    assert car.sessions.height + car.quarantined.height == len(car.true_starts)
    assert car.quarantined.height > 0


def test_a_day_first_date_goes_to_quarantine_and_is_never_guessed(showroom: Showroom) -> None:
    car = showroom["day_first"]
    assert car.sessions.is_empty()
    assert set(car.quarantined["reason"]) == {"bad_time"}
    assert car.quarantined["detail"].str.contains(r"\d\d/\d\d/2026").all()


def test_minute_precision_is_kept_to_the_minute(showroom: Showroom) -> None:
    car = showroom["minute_precision"]
    assert car.starts == [start.replace(second=0, microsecond=0) for start in car.true_starts]


@pytest.mark.parametrize("name", ["zero_length"])
def test_a_session_of_no_length_is_kept_with_a_flag(showroom: Showroom, name: str) -> None:
    car = showroom[name]
    assert car.sessions.filter(pl.col("started_at") == pl.col("ended_at")).height == len(car.true_starts)
    assert "same_time" in car.flags


def test_a_session_in_the_hour_that_no_clock_shows_is_kept_at_its_instant(spring: Showroom) -> None:
    row = spring["missing hour"].session_at("2026-03-29T02:30:00Z")
    assert row["ended_at"] == datetime.fromisoformat("2026-03-29T04:00:00Z")
