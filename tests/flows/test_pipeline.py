"""The whole path on a generated fleet: what the emulator knows to be true is what the tables say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from flows.house import House
from flows.publishing import publish_state
from flows.transforming import BUILT, rebuild
from flows.verifying import faults
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, COMPLETENESS, QUARANTINE, SESSION_HISTORY, TABLES, VEHICLES
from tests.flows.conftest import NOW, Practice, practising

FLEET = "12-vehicles@smartcar.com"
THINGS_THAT_CHANGE = ("run_id", "raw_ref")


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
