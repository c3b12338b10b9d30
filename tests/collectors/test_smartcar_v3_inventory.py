"""Connections in the registry, Connect, and what a vehicle without records is told to be, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import unused_port
from collecting_rig import NOW, House, Rig, practice, rig, v3_page

from collectors.collect import Outcome, Task
from collectors.consent import read_redirect
from collectors.errors import OurBug, OwnerMustAct, RetryLater
from collectors.streams import V3_RECORDS
from emulator import EmulatorConfig, running
from lake.intervals import DayInterval
from lake.registry import Vehicle

MONTH = DayInterval(NOW.date().replace(day=1), NOW.date())
ACCOUNT = "3-vehicles@smartcar.com"


async def collected(made: Rig, vehicle: Vehicle) -> Outcome:
    (outcome,) = await made.collector.collect([Task(vehicle, V3_RECORDS, MONTH)])
    return outcome


async def test_a_connected_account_is_in_the_registry_without_tokens(house: House) -> None:
    async with practice(house) as (emulator, made):
        connected = await made.connect_v3.test_account(ACCOUNT, timezone="Europe/Berlin")
        owned = emulator.vehicles(ACCOUNT)
    assert house.registry.vehicles() == list(connected.vehicles)
    told = {(each.vehicle_id, each.make, each.model, each.year) for each in connected.vehicles}
    assert told == {(each.id, each.make, each.model, each.year) for each in owned}
    for vehicle in connected.vehicles:
        assert (vehicle.interfaces, vehicle.timezone) == (("v3",), "Europe/Berlin")
        assert vehicle.owner_id == connected.owner_id
        assert "read_charge_records" in vehicle.permissions
    assert house.registry.sealed_tokens(connected.owner_id) is None


@pytest.mark.parametrize("first", ["v2.0", "v3"])
async def test_a_vehicle_connected_through_both_has_both_and_its_first_consent(house: House, first: str) -> None:
    async with practice(house, management=False) as (_, made):
        ways = [made.connected, made.connected_v3]
        for connect in ways if first == "v2.0" else reversed(ways):
            await connect(2)
        vehicles = house.registry.vehicles()
        consents = {each.vehicle_id: each.consented_at for each in vehicles}
        await made.connected(2)
        await made.connected_v3(2)
    assert {each.interfaces for each in vehicles} == {("v2.0", "v3")}
    assert {each.vehicle_id: each.consented_at for each in house.registry.vehicles()} == consents
    assert all(consent < NOW for consent in consents.values())
    assert len(house.registry.owners()) == 1
    assert house.registry.has_tokens()


async def test_a_connection_without_an_id_is_not_said_to_have_ended(house: House) -> None:
    async with practice(house) as (_, made):
        (vehicle,) = (await made.connected_v3(1)).vehicles
        (connection,) = await made.inventory.inventory()
        made.v3_client.connections = lambda _=None: _soon([replace(connection, connection_id=None)])  # type: ignore[method-assign]
        with pytest.raises(RetryLater, match="dashboard"):
            await made.v3_client.disconnect(vehicle)


async def test_connections_are_read_to_the_last_page_whatever_their_links_say(house: House) -> None:
    async with practice(house) as (emulator, made):
        emulator.faults.add("next_elsewhere")
        emulator.faults.add("next_for_ever")
        connected = await made.connected_v3(230)
        assert len(connected.vehicles) == 230
        assert len(await made.inventory.inventory()) == 230
        assert emulator.log.count(endpoint="v3_connections") == 6


async def test_new_connections_are_taken_in_and_gone_ones_are_marked_until_they_are_back(house: House) -> None:
    async with practice(house) as (_, made):
        one, two, three = (await made.connected_v3(3)).vehicles
        assert (await made.inventory.sync()).new == ()
        connections = await made.inventory.inventory()
        answers = [[each for each in connections if each.vehicle_id != two.vehicle_id], connections]
        made.v3_client.connections = lambda _=None: _soon(answers.pop(0))  # type: ignore[method-assign]
        without = await made.inventory.sync()
        marked = house.ledger.state(two.vehicle_id, V3_RECORDS.name)
        again = await made.inventory.sync()
    assert (without.new, without.gone, without.back) == ((), (two.vehicle_id,), ())
    assert marked is not None
    assert (marked.blocked_state, marked.whose_move) == ("owner_must_act", "owner")
    assert (again.gone, again.back) == ((), (two.vehicle_id,))
    lifted = house.ledger.state(two.vehicle_id, V3_RECORDS.name)
    assert lifted is not None
    assert lifted.blocked_state is None
    assert {each.vehicle_id for each in house.registry.vehicles()} == {each.vehicle_id for each in (one, two, three)}


async def test_a_vehicle_that_was_connected_elsewhere_is_found(house: House) -> None:
    async with practice(house) as (_, made):
        connected = await made.connected_v3(2)
        connections = await made.inventory.inventory()
        stranger = replace(connections[0], vehicle_id="v-new", owner_id="o-new")
        made.v3_client.connections = lambda _=None: _soon([*connections, stranger])  # type: ignore[method-assign]
        changes = await made.inventory.sync()
    assert changes.new == ("v-new",)
    assert {each.owner_id for each in house.registry.owners()} == {connected.owner_id, "o-new"}


async def test_connections_of_another_mode_are_not_ours(house: House) -> None:
    async with practice(house) as (_, made):
        await made.connected_v3(2)
        made.inventory._mode = "live"
        assert await made.inventory.inventory() == []


@pytest.mark.parametrize(
    ("fault", "state", "requests"),
    [
        ("empty_store", "empty_store", 2),
        ("signal_missing", "signal_not_found", 2),
        ("signal_unavailable", "signal_unavailable", 1),
        ("vehicle_not_capable", "not_capable", 1),
        ("signal_error", "upstream_error", 1),
        ("withhold_permission", "no_permission", 1),
    ],
)
async def test_each_way_to_have_no_records_is_told_apart(house: House, fault: str, state: str, requests: int) -> None:
    async with practice(house) as (emulator, made):
        vehicle = (await made.connected_v3(1)).vehicles[0]
        emulator.faults.add(fault)
        outcome = await collected(made, vehicle)
    told = house.ledger.state(vehicle.vehicle_id, V3_RECORDS.name)
    assert told is not None
    assert told.blocked_state == state
    assert outcome.requests == requests
    assert house.ledger.coverage(vehicle.vehicle_id, V3_RECORDS.name) == ()


async def test_what_else_is_stored_lands_without_the_vin(house: House) -> None:
    async with practice(house) as (emulator, made):
        scopes = ("read_vehicle_info", "read_charge_records", "read_vin")
        vehicle = (await made.connect_v3.test_account(ACCOUNT, scopes=scopes)).vehicles[0]
        emulator.faults.add("signal_missing")
        await collected(made, vehicle)
        vin = next(each.vin for each in emulator.vehicles(ACCOUNT) if each.id == vehicle.vehicle_id)
    landed = [answer for answer in house.landed() if answer.stream == "v3_signals"]
    assert "vehicleidentification-vin" in landed[-1].body
    assert vin not in "".join(answer.body for answer in house.landed())


@pytest.mark.parametrize("fault", ["signal_bare", "signal_without_status", "signal_times"])
async def test_a_signal_of_another_form_is_read_all_the_same(house: House, fault: str) -> None:
    async with practice(house) as (emulator, made):
        vehicle = (await made.connected_v3(1)).vehicles[0]
        emulator.faults.add(fault)
        outcome = await collected(made, vehicle)
    assert outcome.answered
    assert house.ledger.coverage(vehicle.vehicle_id, V3_RECORDS.name)


async def test_a_vehicle_that_was_disconnected_meanwhile_is_its_owners_move(house: House) -> None:
    async with practice(house) as (emulator, made):
        vehicle = (await made.connected_v3(1)).vehicles[0]
        emulator.faults.add("error", endpoint="v3_signal", type="RESOURCE_NOT_FOUND", code="VEHICLE_NOT_FOUND")
        outcome = await collected(made, vehicle)
    assert type(outcome.error) is OwnerMustAct
    assert outcome.requests == 1


async def test_connecting_again_lifts_what_waited_for_the_owner(house: House) -> None:
    async with practice(house) as (_, made):
        vehicle = (await made.connected_v3(1)).vehicles[0]
        house.ledger.block(vehicle.vehicle_id, V3_RECORDS.name, "no_permission", detail="x", until=None, at=NOW)
        await made.connected_v3(1)
    told = house.ledger.state(vehicle.vehicle_id, V3_RECORDS.name)
    assert told is not None
    assert (told.blocked_state, told.whose_move) == (None, "chargelake")


async def test_a_person_in_a_browser_is_waited_for_and_a_foreign_state_is_not_taken(
    house: House, logs: Callable[[], str]
) -> None:
    back = f"http://127.0.0.1:{unused_port()}/callback"
    config = EmulatorConfig(now=NOW, clock_rate=0, vehicle_spacing=0, redirect_uri=back)
    pages: list[str] = []

    async def person(url: str) -> None:
        form = {"username": ACCOUNT, "password": "x", "action": "allow"}
        async with ClientSession() as browser:
            pages.append(await (await browser.get(f"{back}?user_id=u-stranger&state=other")).text())
            pages.append(await (await browser.post(url, data=form)).text())

    async with running(config) as emulator, rig(house, emulator.url) as made:
        made.connect_v3._page = v3_page(emulator.url, config)
        visits: list[asyncio.Task[None]] = []
        show = lambda url: visits.append(asyncio.create_task(person(url)))  # noqa: E731, one line says it
        connected = await made.connect_v3.in_browser(show, timeout=5)
        await asyncio.gather(*visits)
    assert len(connected.vehicles) == 3
    assert "does not belong" in pages[0]
    assert "Connected." in pages[1]
    assert "u-stranger" not in logs()


async def test_a_redirect_without_an_owner_or_with_what_can_be_none_connects_nobody(house: House) -> None:
    with pytest.raises(OurBug, match="user_id"):
        read_redirect("http://127.0.0.1/back?code=c-1&state=s", "s", "user_id")
    async with practice(house) as (emulator, made):
        with pytest.raises(OurBug):
            await made.connect_v3.with_user("../x")
        assert len(emulator.log) == 0


async def _soon(value: Any) -> Any:
    return value
