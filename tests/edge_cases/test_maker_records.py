"""BMW's and MINI's records: what becomes of each oddity of times, states of charge and texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from lake.schemas import CHARGE_SESSIONS, COMPLETENESS
from tests.edge_cases.showroom import Showroom
from tests.flows.conftest import Practice

BMW = "3-vehicles@smartcar.com"
WRITTEN = {
    "location null": None,
    "location empty": None,
    "location unicode": "Størgata 1, 東京 🚗 Düsseldorf",
    "location commas": 'Car Park, "Level 2", Bay 7, Dundee',
    "location formula": '=HYPERLINK("http://example.invalid","Main Street 1")',
}


async def test_a_session_told_again_some_seconds_off_is_the_same_session(practice: Practice) -> None:
    await practice.connect(BMW)
    practice.emulator.faults.add("times_off", seconds=5)
    ids = []
    for _ in range(3):
        await practice.run()
        rows = practice.house().tables.read(CHARGE_SESSIONS).filter(pl.col("make") != "TESLA")
        ids.append(rows["session_id"].to_list())
    assert ids[0] == ids[1] == ids[2] != []
    assert rows["revision"].max() > 1


def test_a_false_start_and_the_real_session_are_two(showroom: Showroom) -> None:
    car = showroom["false_start"]
    false = car.sessions.filter(pl.col("flags").list.contains("zero_energy"))
    assert false.height == len(car.true_starts)
    assert car.sessions.height == 2 * false.height


def test_a_state_of_charge_is_percent_whether_told_as_1_or_as_0_57(showroom: Showroom) -> None:
    rows = showroom["soc_one"].sessions
    assert set(rows["soc_end_pct"]) == {100.0}
    assert rows["soc_start_pct"].is_between(1.01, 100).any()


def test_a_flat_state_of_charge_with_energy_is_kept_as_told(showroom: Showroom) -> None:
    rows = showroom["soc_flat"].sessions.filter(pl.col("energy_kwh") > 0)
    assert rows["soc_start_pct"].equals(rows["soc_end_pct"])
    assert "soc_mismatch" not in set(rows["flags"].explode())
    assert rows.height > 0


def test_a_float32_tail_is_kept_digit_by_digit(showroom: Showroom) -> None:
    energies = showroom["float32_tail"].sessions["energy_kwh"]
    assert energies.equals(energies.cast(pl.Float32).cast(pl.Float64))


@pytest.mark.parametrize(
    ("name", "charger", "flagged"),
    [("AC_HIGH", "AC", False), ("PLASMA", None, True), ("no charging type", None, False)],
)
def test_a_charging_type_is_ac_dc_or_null_with_a_flag_if_unknown(
    showroom: Showroom, name: str, charger: str | None, *, flagged: bool
) -> None:
    car = showroom[name]
    assert set(car.sessions["charger_type"]) == {charger}
    assert ("unknown_charger_type" in car.flags) == flagged


def test_a_charger_of_which_it_is_not_told_whether_it_is_public_is_at_an_unknown_place(showroom: Showroom) -> None:
    rows = showroom["is_public_null"].sessions
    assert (set(rows["is_public"]), set(rows["place"]), set(rows["place_method"])) == ({None}, {"unknown"}, {None})


@pytest.mark.parametrize("name", list(WRITTEN))
def test_a_location_is_kept_as_told_and_empty_is_null(showroom: Showroom, name: str) -> None:
    car = showroom[name]
    assert set(car.sessions["address"]) == {WRITTEN[name]}
    assert car.starts == car.true_starts


async def test_a_window_cut_without_a_word_removes_nothing_that_was_told_before(practice: Practice) -> None:
    await practice.connect(BMW)
    await practice.run()
    before = practice.house().tables.read(CHARGE_SESSIONS).filter(pl.col("make") != "TESLA")
    practice.emulator.faults.add("window_cut", days=1)
    await practice.run()
    after = practice.house().tables.read(CHARGE_SESSIONS).filter(pl.col("make") != "TESLA")
    assert after["session_id"].equals(before["session_id"])
    assert set(after["status"]) == {"complete"}


async def test_a_window_cut_without_a_word_on_the_first_day_cannot_be_told_from_empty_days(practice: Practice) -> None:
    await practice.connect(BMW)
    practice.emulator.faults.add("window_cut", days=1)
    await practice.run()
    house = practice.house()
    cut = house.tables.read(COMPLETENESS).filter(pl.col("make") != "TESLA", pl.col("day") < date(2026, 10, 19))
    assert set(cut["state"]) == {"confirmed_empty", "outside_window"}


def test_an_end_before_its_start_goes_to_quarantine(showroom: Showroom) -> None:
    car = showroom["end_before_start"]
    assert car.sessions.is_empty()
    assert set(car.quarantined["reason"]) == {"end_before_start"}
    assert car.quarantined.height == len(car.true_starts)


def test_overlapping_sessions_are_both_kept_with_a_flag_on_the_later(showroom: Showroom) -> None:
    car = showroom["overlap"]
    rows = car.sessions.sort("started_at")
    assert rows.height == 2 * len(car.true_starts)
    assert rows["flags"].list.contains("overlaps").sum() >= len(car.true_starts)


def test_local_times_marked_z_are_kept_as_told(showroom: Showroom) -> None:
    car = showroom["local_time_as_z"]
    zone = ZoneInfo(car.vehicle.zone)
    told = [start.astimezone(zone).replace(tzinfo=UTC) for start in car.true_starts]
    assert car.starts == told


def test_an_open_session_is_ongoing(showroom: Showroom) -> None:
    rows = showroom["open_end"].sessions
    assert set(rows["status"]) == {"ongoing"}
    assert rows["started_at"].to_list() == showroom["open_end"].true_starts


async def test_an_open_session_is_completed_when_its_end_is_told(practice: Practice) -> None:
    await practice.connect(BMW)
    opened = practice.emulator.faults.add("open_end")
    await practice.run()
    before = practice.house().tables.read(CHARGE_SESSIONS).filter(pl.col("make") != "TESLA")
    practice.emulator.faults.remove(opened.id)
    practice.emulator.clock.advance(timedelta(minutes=1))
    await practice.run()
    after = practice.house().tables.read(CHARGE_SESSIONS).filter(pl.col("make") != "TESLA")
    asked_again = datetime(2026, 10, 17, tzinfo=UTC)
    again = after.filter(pl.col("started_at") >= asked_again)
    assert after["session_id"].equals(before["session_id"])
    assert set(before["status"]) == {"ongoing"}
    assert set(again["status"]) == {"complete"}
