"""`quarantine replay`: after a fix or a widened rule, quarantined records move into the tables, asking nobody."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.exits import Exit, Stop
from flows.house import House
from flows.publishing import publish_state
from flows.quarantining import Replayed, replay
from flows.transforming import BUILT, rebuild
from flows.verifying import faults
from lake.schemas import CHARGE_SESSIONS, COMPLETENESS, QUARANTINE, SESSION_HISTORY
from tests.flows.conftest import Practice
from transforms import checks

FLEET = "4-vehicles@smartcar.com"
PUBLISHED = (*BUILT, COMPLETENESS)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A limit that is too narrow: sessions above 5 kWh cannot be true."""
    monkeypatch.setattr(checks, "MAX_SESSION_KWH", 5.0)
    return monkeypatch


def lake(house: House) -> dict[str, list[tuple[Any, ...]]]:
    return {table.name: house.tables.read(table).rows() for table in PUBLISHED}


def made_anew(house: House) -> dict[str, list[tuple[Any, ...]]]:
    rebuild(house)
    publish_state(house)
    return lake(house)


async def runs(practice: Practice, days: int) -> None:
    """Daily runs in which times wander and costs change, so that revisions depend on the order of landing."""
    practice.emulator.faults.add("times_off", seconds=7)
    for day in range(days):
        await practice.run()
        practice.emulator.clock.advance(timedelta(days=1))
        if day == 0:
            practice.emulator.faults.add("new_cost", share=0.5)


async def test_a_widened_rule_moves_records_without_asking_anybody(
    practice: Practice, strict: pytest.MonkeyPatch
) -> None:
    await practice.connect(FLEET)
    await practice.run()
    house, asked = practice.house(), len(practice.emulator.log)
    held = house.tables.read(QUARANTINE)
    strict.setattr(checks, "MAX_SESSION_KWH", 300.0)
    done = replay(house)
    refs = set(house.tables.read(CHARGE_SESSIONS)["raw_ref"])
    assert (done.moved.total(), done.stayed.total()) == (held.height, 0)
    assert house.tables.read(QUARANTINE).is_empty()
    assert set(held["raw_ref"]) <= refs
    assert len(practice.emulator.log) == asked
    assert list(faults(house)) == []


async def test_a_replay_gives_what_a_rebuild_gives_though_later_answers_were_taken_in_before(
    practice: Practice, strict: pytest.MonkeyPatch
) -> None:
    await practice.connect(FLEET)
    await runs(practice, 2)
    strict.setattr(checks, "MAX_SESSION_KWH", 25.0)
    await runs(practice, 2)
    house = practice.house()
    strict.setattr(checks, "MAX_SESSION_KWH", 300.0)
    done = replay(house)
    assert done.moved.total() > 0
    assert house.tables.read(SESSION_HISTORY)["revision"].max() > 1
    assert lake(house) == made_anew(house)


async def test_records_that_cannot_be_true_by_any_rule_stay(practice: Practice, strict: pytest.MonkeyPatch) -> None:
    house = await practice.connect(FLEET)
    bmw = next(each.vehicle_id for each in house.registry.vehicles() if each.make == "BMW")
    practice.emulator.faults.add("end_before_start", vehicle=bmw)
    await practice.run()
    strict.setattr(checks, "MAX_SESSION_KWH", 300.0)
    done = replay(house)
    kept = house.tables.read(QUARANTINE)
    assert set(done.moved) == {"energy_too_high"}
    assert done.stayed == {"end_before_start": kept.height}
    assert set(kept["vehicle_id"]) == {bmw}


async def test_a_record_that_fails_for_another_reason_now_stays_with_that_reason(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await practice.connect(FLEET)
    practice.emulator.faults.add("end_before_start", endpoint="*_records")
    await practice.run()
    house = practice.house()
    monkeypatch.setattr(checks, "MAX_SESSION_KWH", -1.0)
    without = [rule for rule in checks.session_rules() if rule.reason != "end_before_start"]
    monkeypatch.setattr(checks, "session_rules", lambda: without)
    held = house.tables.read(QUARANTINE)
    done = replay(house, "end_before_start")
    assert (done.stayed["energy_too_high"], done.moved.total()) == (held.height, 0)
    assert "end_before_start" not in set(house.tables.read(QUARANTINE)["reason"])


async def test_a_replay_that_changes_nothing_touches_no_file(practice: Practice, strict: pytest.MonkeyPatch) -> None:
    del strict
    await practice.connect(FLEET)
    await practice.run()
    house = practice.house()
    before = {path: house.store.read(path) for path in house.store.list("lake")}
    held = house.tables.read(QUARANTINE).height
    assert replay(house) == Replayed(Counter(), Counter(energy_too_high=held), 0, 0)
    assert {path: house.store.read(path) for path in house.store.list("lake")} == before


async def test_only_the_reason_asked_for_is_looked_at(practice: Practice, strict: pytest.MonkeyPatch) -> None:
    await practice.connect(FLEET)
    await practice.run()
    house = practice.house()
    held = house.tables.read(QUARANTINE).height
    strict.setattr(checks, "MAX_SESSION_KWH", 300.0)
    assert replay(house, "end_before_start") == Replayed(Counter(), Counter())
    assert house.tables.read(QUARANTINE).height == held
    assert replay(house, "energy_too_high").moved == Counter(energy_too_high=held)


async def test_what_passes_with_another_reason_moves_as_well_and_is_told(
    practice: Practice, strict: pytest.MonkeyPatch
) -> None:
    await practice.connect(FLEET)
    practice.emulator.faults.add("decimal_comma", endpoint="bmw_records")
    strict.setattr(checks, "CLOCK_TOLERANCE", timedelta(days=-3))
    await practice.run()
    house = practice.house()
    by_reason = Counter(house.tables.read(QUARANTINE)["reason"])
    strict.setattr(checks, "MAX_SESSION_KWH", 300.0)
    strict.setattr(checks, "CLOCK_TOLERANCE", timedelta(minutes=15))
    done = replay(house, "energy_too_high")
    assert done.moved == Counter(energy_too_high=by_reason["energy_too_high"])
    assert done.also_moved == by_reason["start_in_future"] > 0
    assert Counter(house.tables.read(QUARANTINE)["reason"]) == Counter(bad_type=by_reason["bad_type"])


async def test_an_unknown_reason_is_bad_usage(practice: Practice) -> None:
    with pytest.raises(Stop, match="no such reason") as stopped:
        replay(practice.house(), "gremlins")
    assert stopped.value.code == Exit.USAGE


async def test_the_command_says_how_many_moved_and_how_many_stay(
    practice: Practice, strict: pytest.MonkeyPatch
) -> None:
    await practice.connect(FLEET)
    await practice.run()
    held = practice.house().tables.read(QUARANTINE).height
    refused = CliRunner().invoke(app, ["quarantine", "replay"])
    strict.setattr(checks, "MAX_SESSION_KWH", 300.0)
    ended = CliRunner().invoke(app, ["quarantine", "replay", "--reason", "energy_too_high", "--json"])
    assert refused.output.splitlines()[0] == f"0 records moved into the tables, {held} stay in quarantine"
    assert ended.exit_code == 0, ended.output
    facts = json.loads(ended.output)
    assert (facts["moved"], facts["stayed"]) == (held, 0)
    assert facts["moved_by_reason"] == {"energy_too_high": held}


async def test_a_lake_that_another_run_holds_is_left_alone(practice: Practice) -> None:
    with practice.house().held():
        ended = CliRunner().invoke(app, ["quarantine", "replay"], env=dict(os.environ))
    assert isinstance(ended.exception, Stop)
    assert ended.exception.code == Exit.LAKE_HELD
