"""Houses that see vehicles through v2.0, through v3, or through both."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from collectors.collect import Outcome
from collectors.errors import ApplicationMustAct, BudgetSpent
from collectors.streams import V2, V3, V3_RECORDS
from flows import jobs
from flows.connecting import connect_owner
from flows.doctoring import findings
from flows.exits import Exit, Stop
from flows.house import House
from flows.jobs import Result
from flows.planning import agenda
from flows.running import run_here
from flows.settings import load_settings
from flows.whatif import suppose
from lake.schemas import COMPLETENESS
from tests.flows.conftest import NOW, Chargelake, Practice, practising

FLEET = "3-vehicles@smartcar.com"
CREDENTIALS = {V2: ("CLIENT_ID", "CLIENT_SECRET"), V3: ("V3_CLIENT_ID", "V3_CLIENT_SECRET")}


class Seen:
    """Practice with the credentials of some interfaces alone."""

    def __init__(self, practice: Practice, *interfaces: str) -> None:
        self.practice = practice
        self.interfaces = interfaces

    def house(self) -> House:
        self.practice.house()
        for interface, names in CREDENTIALS.items():
            for name in names if interface not in self.interfaces else ():
                self.practice.monkeypatch.delenv(f"CHARGELAKE_SMARTCAR__{name}")
        return House(load_settings(now=self.practice.emulator.clock.now()))

    async def connect(self, *interfaces: str, account: str = FLEET) -> House:
        house = self.house()
        for interface in interfaces or self.interfaces:
            await connect_owner(house, test_account=account, v3=interface == V3)
        return house

    async def run(self) -> Result:
        house = self.house()
        return await run_here(house, jobs.begin(house, "run"))

    def asked(self, pattern: str) -> int:
        return sum(entry.endpoint.startswith(pattern) for entry in self.practice.emulator.log.entries)


def due(house: House, **days: Any) -> list[str]:
    return sorted(each.task.stream.name for each in agenda(house, **days).tasks)


async def test_a_house_with_v3_alone_needs_nothing_of_v2(practice: Practice) -> None:
    seen = Seen(practice, V3)
    house = await seen.connect()
    result = await seen.run()
    assert (result.exit, result.answered, result.tasks) == (Exit.DONE, 3, 3)
    assert {entry.endpoint for entry in practice.emulator.log.entries if entry.status == 200} == {
        "v3_token", "v3_connections", "v3_signal",
    }  # fmt: skip
    assert {key[1] for key in house.ledger.all_coverage()} == {"v3_records"}
    assert {each.is_well for each in findings(house)} == {True}


async def test_a_house_with_v2_alone_asks_nothing_of_v3(practice: Practice) -> None:
    seen = Seen(practice, V2)
    await seen.connect()
    assert (await seen.run()).exit == Exit.DONE
    assert seen.asked("v3") == 0


async def test_a_vehicle_seen_through_both_is_asked_through_both(practice: Practice) -> None:
    seen = Seen(practice, V2, V3)
    house = await seen.connect()
    streams = due(house)
    assert streams.count("v3_records") == 3
    assert set(streams) == {"tesla_days", "tesla_billing", "bmw_records", "mini_records", "v3_records"}
    result = await seen.run()
    assert result.answered == result.tasks == len(streams)
    assert practice.emulator.log.count(status=429) == 0


async def test_v3_is_asked_once_a_day_and_again_the_next(practice: Practice) -> None:
    seen = Seen(practice, V3)
    house = await seen.connect()
    await seen.run()
    assert due(house) == []
    assert len(due(house, since=NOW.date() - timedelta(days=9))) == 3, "a backfill asks all the same"
    practice.emulator.clock.advance(timedelta(hours=23, minutes=50))
    assert len(due(seen.house())) == 3


async def test_what_a_webhook_told_within_a_day_is_not_polled(practice: Practice) -> None:
    house = await Seen(practice, V3).connect()
    told = house.registry.vehicles()[0].vehicle_id
    house.ledger.answered(told, V3_RECORDS.name, None, house.clock.now() - timedelta(hours=5))
    assert told not in {each.task.vehicle.vehicle_id for each in agenda(house).tasks}
    assert len(agenda(house).tasks) == 2


async def test_what_waited_for_the_owner_is_asked_at_once_after_connecting_again(practice: Practice) -> None:
    seen = Seen(practice, V3)
    await seen.connect()
    practice.emulator.faults.add("withhold_permission", times=3)
    assert (await seen.run()).exit == Exit.SOMEBODY_MUST_ACT
    practice.emulator.faults.clear()
    assert len(due(await seen.connect())) == 3


async def test_what_was_lifted_is_asked_the_same_day_even_where_not_all_of_it_fits(practice: Practice) -> None:
    seen = Seen(practice, V2, V3)
    await seen.connect()
    practice.emulator.faults.add("subscription", endpoint="bmw_records")
    await seen.run()
    practice.emulator.faults.clear()
    await seen.connect()
    practice.monkeypatch.setenv("CHARGELAKE_SMARTCAR__BUCKET", "2")
    assert due(House(load_settings(now=NOW))) == ["bmw_records"]


async def test_a_v3_poll_costs_one_request_and_loses_records_with_the_window(practice: Practice) -> None:
    house = await Seen(practice, V3).connect()
    for each in agenda(house).tasks:
        assert each.due.cost == 1
        assert each.due.lost_at is not None


async def test_connections_made_elsewhere_are_found_by_the_run_itself(practice: Practice) -> None:
    seen = Seen(practice, V3)
    await seen.connect()
    elsewhere = House(load_settings(now=NOW, home=str(seen.house().store.home) + "-elsewhere"))
    assert elsewhere.registry.vehicles() == []
    result = await run_here(elsewhere, jobs.begin(elsewhere, "run"))
    assert len(elsewhere.registry.vehicles()) == 3
    assert result.answered == 3


async def test_a_house_on_v3_without_any_connection_says_so(practice: Practice) -> None:
    with pytest.raises(Stop, match="no vehicle is connected") as stop:
        await Seen(practice, V3).run()
    assert stop.value.code == Exit.NOTHING_COLLECTED


async def test_the_first_run_on_v3_with_wrong_credentials_is_not_taken_for_done(practice: Practice) -> None:
    house = Seen(practice, V3).house()
    practice.monkeypatch.setenv("CHARGELAKE_SMARTCAR__V3_CLIENT_SECRET", "wrong")
    wrong = House(load_settings(now=NOW, home=str(house.store.home)))
    with pytest.raises(ApplicationMustAct, match="V3_CLIENT_ID"):
        await run_here(wrong, jobs.begin(wrong, "run"))


async def test_connections_that_cannot_be_read_do_not_stop_the_run(practice: Practice) -> None:
    seen = Seen(practice, V3)
    await seen.connect()
    practice.emulator.faults.add("vehicle_not_capable", endpoint="v3_connections")
    assert (await seen.run()).answered == 3


async def test_connections_of_v2_that_cannot_be_read_keep_no_vehicle_of_v3_out(practice: Practice) -> None:
    seen = Seen(practice, V2, V3)
    house = await seen.connect()
    elsewhere = House(load_settings(now=NOW, home=f"{house.store.home}-elsewhere"))
    await connect_owner(elsewhere, test_account="1-vehicles@smartcar.com", v3=True)
    practice.emulator.faults.add("validation_parameter", endpoint="connections")
    assert len((await seen.run()).changes.new) == 1
    assert len(seen.house().registry.vehicles()) == 4


@pytest.mark.parametrize("first", [0, 1])
async def test_a_spent_budget_says_when_to_go_on_whatever_else_stopped_an_interface(
    practice: Practice, first: int
) -> None:
    house = await Seen(practice, V2, V3).connect()
    errors = [BudgetSpent(what_to_do="wait", until=NOW + timedelta(hours=1)), ApplicationMustAct(what_to_do="act")]
    result = Result(jobs.begin(house, "run"))
    tasks = [each.task for each in agenda(house).tasks]
    outcomes = [Outcome(task, error=errors[first - number]) for number, task in enumerate(tasks[:2])]
    jobs.add_outcomes(house, result, outcomes)
    assert (result.exit, result.resume_at) == (Exit.BUDGET_SPENT, NOW + timedelta(hours=1))


async def test_days_without_records_say_which_kind_of_nothing_it_is(practice: Practice) -> None:
    seen = Seen(practice, V3)
    house = await seen.connect()
    ids = [each.vehicle_id for each in house.registry.vehicles()]
    faults = dict(zip(ids, ["empty_store", "signal_missing", "signal_unavailable"], strict=True))
    for vehicle_id, fault in faults.items():
        practice.emulator.faults.add(fault, vehicle=vehicle_id)
    result = await seen.run()
    table = seen.house().tables.read(COMPLETENESS).filter(pl.col("day") == NOW.date() - timedelta(days=1))
    assert dict(table.select("vehicle_id", "state").rows()) == dict(
        zip(ids, ["empty_store", "signal_not_found", "signal_unavailable"], strict=True)
    )
    assert result.exit == Exit.DONE, "nothing yet is nobody's failure"


async def test_vehicles_whose_interface_has_no_credentials_are_the_applications_move(practice: Practice) -> None:
    await Seen(practice, V2, V3).connect()
    seen = Seen(practice, V2)
    result = await seen.run()
    assert V3_RECORDS.name not in due(seen.house())
    (sentence,) = result.waiting_for
    assert "V3_CLIENT_ID" in sentence
    assert result.waiting_for[sentence] == 3


async def test_wrong_credentials_of_v3_leave_v2_in_peace(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(practice, V2, V3)
    await seen.connect()
    house = seen.house()
    monkeypatch.setenv("CHARGELAKE_SMARTCAR__V3_CLIENT_SECRET", "wrong")
    wrong = House(load_settings(now=NOW, home=str(house.store.home)))
    result = await run_here(wrong, jobs.begin(wrong, "run"))
    assert result.errors == {"ApplicationMustAct": 3}
    assert result.answered == result.tasks - 3
    assert result.exit == Exit.SOMEBODY_MUST_ACT


async def test_without_any_credentials_nothing_begins(practice: Practice) -> None:
    house = Seen(practice).house()
    with pytest.raises(Stop, match="V3_CLIENT_ID"):
        await connect_owner(house, test_account=FLEET)


async def test_a_supposed_fleet_counts_each_way_to_see_a_vehicle(monkeypatch: pytest.MonkeyPatch) -> None:
    async with practising(monkeypatch) as practice:
        seen = Seen(practice, V2, V3)
        await seen.connect(V3)
        assert {part.make: (part.cost, part.share) for part in suppose(seen.house()).mix} == {"v3": (1, 1)}
        house = await seen.connect(V2)
    costs = {part.make: part.cost for part in suppose(house).mix}
    assert costs == {"TESLA, v3": 3, "BMW, v3": 2, "MINI, v3": 2}


def test_a_client_id_of_v2_in_the_place_of_v3s_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGELAKE_SMARTCAR__V3_CLIENT_ID", "e5a1c9d0-4b7f")
    with pytest.raises(Stop, match="begins with client_") as stop:
        load_settings()
    assert stop.value.code == Exit.USAGE


async def test_a_client_id_without_its_secret_is_found_by_the_doctor(practice: Practice) -> None:
    practice.house()
    practice.monkeypatch.delenv("CHARGELAKE_SMARTCAR__V3_CLIENT_SECRET")
    found = {each.about: each for each in findings(House(load_settings()))}
    assert not found["credentials"].is_well
    assert "v3" in found["credentials"].says


async def test_the_command_line_connects_through_v3(practice: Practice, chargelake: Chargelake) -> None:
    environment = practice.emulator.environment()
    wrong = chargelake("connect", "--v3", "--code", "c-1", **environment)
    assert wrong.code == Exit.USAGE
    assert "--code is of v2.0" in wrong.err
    of_v2 = ("__CLIENT_ID", "__CLIENT_SECRET")
    alone = {name: value for name, value in environment.items() if not name.endswith(of_v2)}
    ended = await asyncio.to_thread(chargelake, "connect", "--test-account", FLEET, "--json", **alone)
    assert ended.code == 0, ended.err
    assert len(ended.json["vehicles"]) == 3
    assert practice.emulator.log.count(endpoint="token") == 0
