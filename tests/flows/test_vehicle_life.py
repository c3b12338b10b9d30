"""A vehicle's life between connecting and forgetting: connections synced, disconnecting, switching, capabilities."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collectors.consent import READ_VIN, SCOPES
from collectors.failures import NOT_CONNECTED
from collectors.snapshots import SNAPSHOTS
from collectors.streams import STREAMS, V2, V3
from flows.capabilities import Capability, capabilities, check
from flows.connecting import connect_owner
from flows.exits import Exit, Stop
from flows.house import House
from flows.leaving import disconnect_owner, disconnect_vehicle, forget_vehicle, sync
from flows.planning import agenda
from flows.switching import use
from lake import state
from lake.raw import read_answers, segments
from lake.reference import availability, country_of
from lake.registry import Registry, Vehicle
from lake.schemas import COMPLETENESS, VEHICLES
from lake.state import open_state
from tests.flows.conftest import NOW, Chargelake, Practice, practising
from tests.flows.test_forgetting import holding

FLEET, OTHERS = "4-vehicles@smartcar.com", "6-vehicles@smartcar.com"


@pytest.fixture
async def practice(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Practice]:
    async with practising(monkeypatch, history_days=3) as ready:
        yield ready


def ids(practice: Practice, account: str = FLEET) -> list[str]:
    return [each.id for each in practice.emulator.vehicles(account)]


def connections(practice: Practice) -> Any:
    return practice.emulator._world.connections


def gone(house: House) -> set[str]:
    return {each.vehicle_id for each in house.registry.vehicles() if each.disconnected_at}


def states_of(house: House, vehicle_id: str) -> set[str]:
    rows = house.tables.read(COMPLETENESS).filter(pl.col("vehicle_id") == vehicle_id)
    return set(rows["state"])


# Connections


async def test_a_vehicle_that_was_disconnected_elsewhere_is_marked_and_asked_no_more(practice: Practice) -> None:
    house, lost = await practice.connect(FLEET), ids(practice)[0]
    connections(practice).disconnect(None, lost)
    result = await practice.run()
    assert result.changes.gone == (lost,)
    assert result.waiting_for[NOT_CONNECTED] == 1
    assert result.exit is Exit.SOMEBODY_MUST_ACT
    assert lost not in {each.task.vehicle.vehicle_id for each in agenda(practice.house()).tasks}
    row = house.tables.read(VEHICLES).row(by_predicate=pl.col("vehicle_id") == lost, named=True)
    assert (row["disconnected_at"], row["whose_move"], row["what_to_do"]) == (
        practice.emulator.clock.now(), "owner", NOT_CONNECTED,
    )  # fmt: skip
    assert states_of(house, lost) == {"owner_must_act"}


async def test_it_comes_back_when_it_is_connected_again(practice: Practice) -> None:
    house, lost = await practice.connect(FLEET), ids(practice)[0]
    account = practice.emulator._world.fleet.account(FLEET)
    grant = connections(practice).grant_of(account.user_id)
    connections(practice).disconnect(None, lost)
    await practice.run()
    connections(practice).grant(account, grant.scopes, grant.mode)
    result = await practice.run()
    assert result.changes.back == (lost,)
    assert gone(house) == set()
    assert states_of(house, lost) <= {"collected", "confirmed_empty", "not_capable"}


async def test_a_new_vehicle_of_a_known_owner_is_picked_up(practice: Practice) -> None:
    house, new = await practice.connect(FLEET), ids(practice)[0]
    drop(house, new)
    result = await practice.run()
    assert result.changes.new == (new,)
    (vehicle,) = [each for each in house.registry.vehicles() if each.vehicle_id == new]
    assert (vehicle.make is None, vehicle.permissions) == (False, ("read_charge_records", "read_vehicle_info"))
    assert states_of(house, new) <= {"collected", "confirmed_empty", "not_capable"}


def drop(house: House, vehicle_id: str) -> None:
    with house.engine.begin() as connection:
        connection.execute(state.vehicles.delete().where(state.vehicles.c.vehicle_id == vehicle_id))


async def test_owners_who_connected_elsewhere_are_told_with_whose_move_it_is(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    account = practice.emulator._world.fleet.account(OTHERS)
    connections(practice).grant(account, frozenset({"read_charge_records"}), "test")
    changes = await sync(house)
    assert {owner: set(each) for owner, each in changes.elsewhere.items()} == {
        account.user_id: set(ids(practice, OTHERS))
    }
    assert "each owner must connect once" in " ".join(changes.in_words())
    assert len(house.registry.vehicles()) == 4


async def test_an_empty_answer_marks_nobody_unless_a_person_believes_it(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    for vehicle_id in ids(practice):
        connections(practice).disconnect(None, vehicle_id)
    changes = await sync(house)
    assert (changes.gone, changes.doubted, gone(house)) == ((), 4, set())
    assert "--believe" in " ".join(changes.in_words())
    await sync(house, believe=True)
    assert gone(house) == set(ids(practice))


async def test_a_list_that_fails_marks_nobody_and_stops_no_run(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    practice.emulator.faults.add(name="validation_parameter", endpoint="connections")
    result = await practice.run()
    assert (gone(house), result.answered > 0) == (set(), True)


# Disconnecting


@pytest.mark.parametrize("refused", [(), ("disconnect",)], ids=["by the owner's token", "by the management API"])
async def test_a_vehicle_is_disconnected_and_its_data_stay(practice: Practice, refused: tuple[str, ...]) -> None:
    house, leaving = await practice.connect(FLEET), ids(practice)[0]
    await practice.run()
    before = house.tables.read(COMPLETENESS).filter(pl.col("state") == "collected")
    for endpoint in refused:
        practice.emulator.faults.add(name="validation_parameter", endpoint=endpoint)
    await disconnect_vehicle(house, house.names()(leaving))
    assert connections(practice).select(None, leaving) == []
    assert gone(house) == {leaving}
    assert before.equals(house.tables.read(COMPLETENESS).filter(pl.col("state") == "collected"))


async def test_all_vehicles_of_an_owner_are_disconnected(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    await practice.connect(OTHERS)
    owner = practice.emulator._world.fleet.account(FLEET).user_id
    assert set(await disconnect_owner(house, owner)) == set(ids(practice)) == gone(house)
    assert {each.user_id for each in connections(practice).select()} != {owner}


async def test_an_owner_without_vehicles_here_is_a_mistake(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    with pytest.raises(Stop, match="no vehicle of an owner"):
        await disconnect_owner(house, "nobody")


async def test_a_vehicle_of_v3_is_disconnected_and_forgotten_with_its_connection(practice: Practice) -> None:
    house, leaving = practice.house(), ids(practice)[0]
    await connect_owner(house, test_account=FLEET, v3=True)
    await practice.run()
    connection = connection_ids(house, leaving)
    await forget_vehicle(practice.house(), leaving, "must_end")
    assert practice.emulator._world.v3_connections.select(None, leaving) == []
    assert connection
    assert holding(house.store.home, frozenset({leaving}) | connection) == []


def connection_ids(house: House, vehicle_id: str) -> frozenset[str]:
    told = [each for each in read_answers(house.store, segments(house.store)) if each.stream == "v3_connections"]
    entries = [entry for each in told for entry in json.loads(each.body)["data"]]
    return frozenset(entry["id"] for entry in entries if vehicle_id in str(entry))


# Switching


async def both(practice: Practice) -> House:
    house = await practice.connect(FLEET)
    await connect_owner(house, test_account=FLEET, v3=True)
    return practice.house()


def interfaces(house: House, vehicle_id: str) -> tuple[str, ...]:
    (vehicle,) = [each for each in house.registry.vehicles() if each.vehicle_id == vehicle_id]
    return vehicle.interfaces


async def test_v2_is_switched_off_for_a_vehicle_and_stays_off(practice: Practice) -> None:
    house, vehicle_id = await both(practice), ids(practice)[0]
    use(house, V3, [vehicle_id])
    await practice.run()
    await connect_owner(practice.house(), test_account=FLEET)
    assert interfaces(house, vehicle_id) == (V3,)
    asked = {each.task.stream.interface for each in agenda(practice.house()).tasks
             if each.task.vehicle.vehicle_id == vehicle_id}  # fmt: skip
    assert V2 not in asked
    use(house, "both", [vehicle_id])
    assert interfaces(house, vehicle_id) == (V2, V3)


async def test_an_interface_that_it_is_not_connected_through_is_refused(practice: Practice) -> None:
    house, vehicle_id = await practice.connect(FLEET), ids(practice)[0]
    with pytest.raises(Stop, match="not connected through v3"):
        use(house, V3, [vehicle_id])
    assert interfaces(house, vehicle_id) == (V2,)


# Capabilities


def told(house: House, **wanted: str) -> list[Capability]:
    return [each for each in capabilities(house) if all(getattr(each, name) == value for name, value in wanted.items())]


async def test_before_a_run_nothing_is_known_but_where_it_is_offered(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    asked = len(practice.emulator.log.entries)
    found = list(capabilities(house))
    assert {each.can for each in found} == {"unknown"}
    assert any("since 2023-07" in each.why and "Canada" in each.why for each in found)
    assert len(practice.emulator.log.entries) == asked


def test_the_table_of_regions_has_every_stream_of_v2_and_no_other() -> None:
    asked = {(each.make, each.name) for each in (*STREAMS, *SNAPSHOTS) if each.interface == V2}
    assert set(availability()) == asked


@pytest.mark.parametrize(("zone", "country"), [("Europe/Oslo", "NO"), ("America/Toronto", "CA"), ("UTC", None)])
def test_the_country_of_a_vehicle_is_that_of_its_zone(zone: str, country: str | None) -> None:
    assert country_of(zone) == country


async def test_a_501_is_remembered_until_it_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async with practising(monkeypatch, history_days=3, newer_tesla_share=1.0) as practice:
        house = await practice.connect(FLEET)
        await practice.run()
        first, *_ = told(house, stream="tesla_days")
        assert (first.can, first.since) == ("cannot", practice.emulator.clock.now())
        assert {each.can for each in told(house, stream="tesla_billing")} == {"can"}
        practice.emulator.clock.advance(timedelta(days=31))
        assert told(practice.house(), stream="tesla_days")[0].can == "unknown"


async def test_a_check_asks_by_vin_and_keeps_no_vin(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with practising(monkeypatch, history_days=3, newer_tesla_share=1.0) as practice:
        house = practice.house()
        await connect_owner(house, test_account=FLEET, scopes=(*SCOPES, READ_VIN), timezone="Europe/Oslo")
        assert await check(house) == {}
        assert {each.can for each in told(house, stream="tesla_days")} == {"cannot"}
        assert {each.can for each in told(house, stream="tesla_billing")} == {"can"}
        assert "VEHICLE_NOT_CAPABLE" in told(house, stream="tesla_days")[0].why
        vins = frozenset(each.vin for each in practice.emulator.vehicles(FLEET))
        assert holding(house.store.home, vins) == []
        assert not any(vin in caplog.text for vin in vins)


async def test_without_the_permission_for_the_vin_a_check_says_so(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    failed = await check(house)
    assert set(failed) == set(ids(practice))
    assert all("read_vin" in why for why in failed.values())


# The command line


async def test_the_commands_refuse_what_makes_no_sense(practice: Practice, chargelake: Chargelake) -> None:
    house = await practice.connect(FLEET)
    house.engine.dispose()
    refused = {
        ("vehicles", "--check"): "--capabilities",
        ("vehicles", "--use", "v3"): "name the vehicles",
        ("forget", ids(practice)[0]): "--yes",
        ("disconnect",): "--owner",
    }
    for arguments, word in refused.items():
        ended = chargelake(*arguments)
        assert (ended.code, word in ended.err) == (2, True), ended


def keep_one(home: Path) -> None:
    engine = open_state(f"sqlite:///{home}/state/chargelake.db")
    Registry(engine).keep_vehicle(Vehicle("v-1", "o-1", "BMW", "iX", 2025, "UTC", NOW))
    engine.dispose()


def test_vehicles_as_json_name_the_owner_that_disconnect_takes(chargelake: Chargelake, tmp_path: Path) -> None:
    keep_one(tmp_path / "home")
    (row,) = chargelake("vehicles", "--json").json
    assert (row["vehicle_id"], row["owner_id"]) == ("v-1", "o-1")


def test_capabilities_are_shown_as_json(chargelake: Chargelake, tmp_path: Path) -> None:
    keep_one(tmp_path / "home")
    ended = chargelake("vehicles", "--capabilities", "--json")
    (row,) = ended.json["capabilities"]
    assert (row["vehicle_id"], row["stream"], row["can"]) == ("v-1", "bmw_records", "unknown")
