"""Tesla's days: which day an instant is, revisions of a day, and the table as it stands."""

from __future__ import annotations

from datetime import date

import pytest
from landed_answers import VEHICLES, Lake, answer, day, lake_of, read

from lake.schemas import CHARGE_DAY_HISTORY, CHARGE_DAYS
from transforms import days


def day_of(told: object, vehicle_id: str = "v-1") -> list[date]:
    lake = lake_of([[answer("tesla_days", [day(told)], vehicle_id=vehicle_id)]])
    return lake.days()["day"].to_list()


@pytest.mark.parametrize(
    ("told", "vehicle", "expected"),
    [
        ("2026-10-10", "v-ny", date(2026, 10, 10)),
        ("2026-10-10T23:30:00.000Z", "v-1", date(2026, 10, 11)),
        ("2026-10-10T02:00:00Z", "v-ny", date(2026, 10, 9)),
        (1791588600, "v-unknown", date(2026, 10, 9)),
        ("2025-10-25T22:00:00Z", "v-1", date(2025, 10, 25 + 1)),  # midnight of the day of 25 hours
        ("2025-10-26T22:59:59Z", "v-1", date(2025, 10, 26)),  # its last second
        ("2026-03-29T21:59:59Z", "v-1", date(2026, 3, 29)),  # last second of the day of 23 hours
        ("2026-03-29T22:00:00Z", "v-1", date(2026, 3, 30)),
    ],
)
def test_the_day_is_on_the_clocks_of_the_vehicle(told, vehicle, expected):
    assert day_of(told, vehicle) == [expected]


def test_the_columns_are_those_of_the_tables_and_the_month():
    lake = lake_of([[answer("tesla_days", [day()])]])
    assert lake.day_history.drop("month").schema == CHARGE_DAY_HISTORY.schema
    assert lake.days().drop("month").schema == CHARGE_DAYS.schema
    assert lake.days()["month"].to_list() == ["2026-10"]


def test_nothing_told_is_an_empty_table():
    lake = Lake()
    lake.take_in()
    assert lake.days().is_empty()
    assert days.touched_months(days.dated(read().days, VEHICLES, "UTC")) == set()


def test_a_day_revised_later_has_both_revisions_and_shows_the_latest():
    lake = lake_of([[answer("tesla_days", [day()])], [answer("tesla_days", [day(total=51)], run=2)]])
    assert lake.day_history.select("revision", "total_kwh").rows() == [(1, 50.0), (2, 51.0)]
    assert lake.days().select("revision", "total_kwh").rows() == [(2, 51.0)]


def test_a_date_twice_in_one_answer_is_told_twice():
    lake = lake_of([[answer("tesla_days", [day(), day(total=51), day(total=51)])]])
    assert lake.days()["revision"].to_list() == [2]
    assert lake.counts[1] == {"tesla_days": (1, 1, 1)}


def test_the_same_day_of_two_vehicles_is_two_rows():
    lake = lake_of([[answer("tesla_days", [day()], 1), answer("tesla_days", [day()], 2, "v-ny")]])
    assert lake.days().height == 2


def test_a_day_touches_its_month_alone():
    told = read(answer("tesla_days", [day("2026-09-30T23:00:00Z"), day("2026-08-31")])).days
    assert days.touched_months(days.dated(told, VEHICLES, "UTC")) == {("TESLA", "2026-10"), ("TESLA", "2026-08")}
