"""The whole path on a generated fleet: what the emulator knows to be true is what the tables say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from flows import transforming
from flows.connecting import connect_owner
from flows.house import House
from flows.publishing import publish_state
from flows.transforming import BUILT, rebuild
from flows.verifying import faults
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, COMPLETENESS, QUARANTINE, SESSION_HISTORY, TABLES, VEHICLES
from tests.flows.conftest import NOW, Practice, practising

FLEET = "12-vehicles@smartcar.com"


def told_sessions(practice: Practice) -> set[tuple[str, Any]]:
    """What happened since consent, as far as it can be told by now: posted bills, and records of the last 30 days."""
    now = practice.emulator.clock.now()
    first = (now - timedelta(days=30)).date()
    return {
        (true.vehicle.id, true.session.start)
        for true in practice.emulator.truth(since=NOW - timedelta(days=60))
        if true.session.known_at(now)
        and (true.posted if true.vehicle.make == "TESLA" else true.session.start.date() >= first)
    }


def sessions_of(house: House) -> pl.DataFrame:
    return house.tables.read(CHARGE_SESSIONS)


async def test_the_sessions_are_those_that_happened(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    rows = sessions_of(practice.house()).select("vehicle_id", "started_at").rows()
    assert len(rows) == len(set(rows))
    assert set(rows) == told_sessions(practice)


async def test_a_second_run_adds_no_row(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    before = {table.name: practice.house().tables.read(table) for table in BUILT}
    again = await practice.run()
    assert (again.total().new, again.total().changed) == (0, 0)
    assert all(practice.house().tables.read(table).equals(before[table.name]) for table in BUILT)


async def test_daily_runs_give_what_one_rebuild_gives(practice: Practice) -> None:
    await practice.connect(FLEET)
    for _ in range(5):
        await practice.run()
        practice.emulator.clock.advance(timedelta(days=2, hours=7))
    await practice.run()
    house = practice.house()
    before = {table.name: house.tables.read(table) for table in TABLES}
    asked = len(practice.emulator.log)
    for path in house.store.list("lake"):
        house.store.delete(path)
    rebuild(house)
    publish_state(house)
    assert {table.name for table in TABLES if not house.tables.read(table).equals(before[table.name])} == set()
    assert len(practice.emulator.log) == asked


async def test_new_days_bring_new_sessions_and_late_bills(practice: Practice) -> None:
    await practice.connect(FLEET)
    for _ in range(6):
        await practice.run()
        practice.emulator.clock.advance(timedelta(days=1))
    await practice.run()
    found = set(sessions_of(practice.house()).select("vehicle_id", "started_at").rows())
    assert told_sessions(practice) <= found


async def test_a_run_that_obeys_its_budget_sees_no_429(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"bucket": 30, "refill_per_minute": 1200, "vehicle_spacing": 0.05, "clock_rate": 1}
    async with practising(monkeypatch, **limits) as practice:
        await practice.connect(FLEET)
        await practice.run(max_wait_seconds=60)
        assert practice.emulator.log.count(status=429) == 0
        assert len(practice.emulator.log) > 30


async def test_a_run_stops_at_the_budget_with_what_it_has_published(monkeypatch: pytest.MonkeyPatch) -> None:
    async with practising(monkeypatch, bucket=40, refill_per_minute=2) as practice:
        await practice.connect(FLEET)
        stopped = await practice.run(max_wait_seconds=1)
        assert stopped.exit == 4
        assert stopped.resume_at is not None
        assert 0 < stopped.answered < stopped.tasks
        assert not sessions_of(practice.house()).is_empty()
        assert practice.emulator.log.count(status=429) == 0


async def test_one_owner_in_trouble_does_not_stop_the_others(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    bmw = next(each.vehicle_id for each in house.registry.vehicles() if each.make == "BMW")
    practice.emulator.faults.add("subscription", vehicle=bmw, endpoint="bmw_records")
    result = await practice.run()
    assert result.exit == 3
    assert result.answered == result.tasks - result.errors.total()
    vehicles = practice.house().tables.read(VEHICLES)
    assert vehicles.filter(pl.col("whose_move") == "owner")["vehicle_id"].to_list() == [bmw]


async def test_records_that_cannot_be_true_are_kept_aside_and_counted(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    bmw = next(each.vehicle_id for each in house.registry.vehicles() if each.make == "BMW")
    practice.emulator.faults.add("end_before_start", vehicle=bmw)
    result = await practice.run()
    kept = practice.house().tables.read(QUARANTINE)
    assert set(kept["reason"]) == {"end_before_start"}
    assert result.total().quarantined == len(kept) > 0
    assert result.total().is_conserved


async def test_every_day_since_consent_has_a_state(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    house = practice.house()
    known = house.tables.read(COMPLETENESS)
    streams = sum(2 if each.make == "TESLA" else 1 for each in house.registry.vehicles())
    assert len(known) == streams * 60
    assert known["day"].max() == (NOW - timedelta(days=1)).date()


async def test_a_corrected_bill_is_a_new_revision(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    practice.emulator.faults.add("new_cost")
    result = await practice.run()
    history = practice.house().tables.read(SESSION_HISTORY)
    assert result.total().changed == history.filter(pl.col("revision") == 2).height > 0


async def test_the_days_of_a_tesla_have_their_parts(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    days = practice.house().tables.read(CHARGE_DAYS)
    parts = days.select(pl.sum_horizontal("home_kwh", "other_kwh", "supercharger_kwh") - pl.col("total_kwh"))
    assert days.height > 0
    assert parts.to_series().abs().max() < 0.5


async def test_a_lake_after_faults_is_sound(practice: Practice) -> None:
    await practice.connect(FLEET)
    for name in ("unknown_fields", "record_on_two_pages", "energy_absent", "location"):
        practice.emulator.faults.add(name, share=0.5)
    await practice.run()
    await practice.run()
    assert list(faults(practice.house())) == []


async def test_a_zone_given_later_applies_to_the_past(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    await practice.run()
    await connect_owner(house, test_account=FLEET, timezone="Pacific/Auckland")
    await practice.run()
    house = practice.house()
    assert set(sessions_of(house)["timezone"]) == {"Pacific/Auckland"}
    assert list(faults(house)) == []


async def test_a_long_session_is_found_although_its_first_day_was_asked_before_it_ended(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    bmw = next(each.vehicle_id for each in house.registry.vehicles() if each.make == "BMW")
    start = NOW + timedelta(hours=6)
    practice.emulator.faults.add("session_at", vehicle=bmw, start=start.isoformat(), hours=120, kwh=40)
    for _ in range(7):
        await practice.run()
        practice.emulator.clock.advance(timedelta(days=1))
    assert (bmw, start) in sessions_of(practice.house()).select("vehicle_id", "started_at").rows()


async def test_a_day_with_a_record_in_quarantine_is_not_confirmed_empty(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    bmw = next(each.vehicle_id for each in house.registry.vehicles() if each.make == "BMW")
    practice.emulator.faults.add("end_before_start", vehicle=bmw)
    await practice.run()
    house = practice.house()
    quarantined = house.tables.read(QUARANTINE).select(
        pl.col("record").str.json_path_match("$.chargeStart").str.head(10)
    )
    known = house.tables.read(COMPLETENESS).filter(pl.col("vehicle_id") == bmw, pl.col("state") == "collected")
    days = set(quarantined.to_series()) & {str(day) for day in practice_days(house)}
    assert days <= set(known["day"].cast(pl.String))


def practice_days(house: House) -> list[Any]:
    """The days that completeness has rows of and that are wholly inside the window."""
    last = house.clock.now().date()
    return [last - timedelta(days=back) for back in range(1, 30)]


async def test_what_is_collected_and_not_taken_in_is_not_called_empty(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run("collect")
    assert practice.house().tables.read(COMPLETENESS).is_empty()


@pytest.mark.parametrize(
    ("fault", "code"),
    [("validation", 1), ("unreachable", 5), ("remote_access_disabled", 3), ("vehicle_limit", 3)],
)
async def test_a_run_without_an_answer_says_so_by_its_exit_code(practice: Practice, fault: str, code: int) -> None:
    await practice.connect("3-vehicles@smartcar.com")
    for endpoint in ("*_records", "tesla_billing"):
        practice.emulator.faults.add(fault, endpoint=endpoint)
    assert (await practice.run()).exit == code


async def test_a_vehicle_that_could_not_be_read_when_connecting_is_read_by_the_next_run(practice: Practice) -> None:
    vehicle = practice.emulator.vehicles("3-vehicles@smartcar.com")[1].id
    fault = practice.emulator.faults.add("validation", endpoint="vehicle", vehicle=vehicle)
    house = await practice.connect("3-vehicles@smartcar.com")
    assert {each.make for each in house.registry.vehicles()} == {"TESLA", "MINI", None}
    practice.emulator.faults.remove(fault.id)
    await practice.run()
    assert {each.make for each in practice.house().registry.vehicles()} == {"TESLA", "BMW", "MINI"}


async def test_a_rebuild_that_is_cut_short_loses_nothing(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    await practice.connect(FLEET)
    await practice.run()
    practice.emulator.clock.advance(timedelta(days=3))
    await practice.run("collect")
    with monkeypatch.context() as patch:
        patch.setattr(transforming, "_replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            rebuild(practice.house())
    await practice.run()
    found = sessions_of(practice.house()).sort("session_id")
    rebuild(practice.house())
    assert sessions_of(practice.house()).sort("session_id").equals(found)


def interrupted(*_: Any) -> bool:
    raise KeyboardInterrupt
