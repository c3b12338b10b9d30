from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import unused_port
from collecting_rig import ERRORS_OF_CONNECT, NOW, House, application, practice, rig

from collectors.consent import authorize_url, new_state, read_redirect
from collectors.errors import ApplicationMustAct, CollectError, OurBug, OwnerMustAct
from collectors.redirect import waiting_for_redirect
from collectors.smartcar_v2 import auth
from collectors.smartcar_v2.connect import Connect
from emulator import EmulatorConfig, running


def belongs(url: str) -> str:
    return read_redirect(url, "s")


async def test_a_connected_account_is_in_the_registry_with_its_vehicles(house: House) -> None:
    async with practice(house) as (emulator, made):
        connected = await made.connect.test_account("12-vehicles@smartcar.com", timezone="Europe/Berlin")
        owned = emulator.vehicles("12-vehicles@smartcar.com")
    assert house.registry.vehicles() == sorted(connected.vehicles, key=lambda each: each.vehicle_id)
    told = {(each.vehicle_id, each.make, each.model, each.year) for each in connected.vehicles}
    assert told == {(each.id, each.make, each.model, each.year) for each in owned}
    for vehicle in connected.vehicles:
        assert "read_charge_records" in vehicle.permissions
        assert vehicle.timezone == "Europe/Berlin"
    assert house.registry.sealed_tokens(connected.owner_id) is not None


async def test_consent_is_when_the_management_api_says_it_was(house: House) -> None:
    async with practice(house) as (emulator, made):
        connected = await made.connected(4)
        since = {each.id: each.connected_at for each in emulator.vehicles("4-vehicles@smartcar.com")}
    assert {each.vehicle_id: each.consented_at for each in connected.vehicles} == {
        vehicle: at.replace(microsecond=0) for vehicle, at in since.items()
    }
    assert house.registry.owners()[0].consented_at == min(each.consented_at for each in connected.vehicles)


async def test_without_a_management_token_consent_is_now_and_stays_when_connecting_again(house: House) -> None:
    async with practice(house, management=False) as (_, made):
        await made.connect.test_account("2-vehicles@smartcar.com", timezone="Europe/Oslo")
        house.clock.advance(minutes=30)
        again = await made.connected(2)
    assert {each.consented_at for each in again.vehicles} == {NOW}
    assert {each.timezone for each in again.vehicles} == {"Europe/Oslo"}


async def test_a_large_account_is_read_to_its_last_page(house: House) -> None:
    async with practice(house) as (emulator, made):
        connected = await made.connected(120)
        assert len(connected.vehicles) == 120
        assert emulator.log.count(endpoint="vehicles") == 3
        assert len(await made.client.connections()) == 120


async def test_no_vin_is_asked_and_no_code_or_token_landed(house: House) -> None:
    async with practice(house) as (emulator, made):
        await made.connected(2)
        assert emulator.log.count(endpoint="vin") == 0
    assert {answer.stream for answer in house.landed()} == {
        "user", "vehicles", "attributes", "permissions", "connections",
    }  # fmt: skip


async def test_a_vehicle_that_cannot_be_read_does_not_stop_the_others(house: House) -> None:
    async with practice(house) as (emulator, made):
        bad = emulator.vehicles("3-vehicles@smartcar.com")[1].id
        emulator.faults.add("vehicle_not_capable", vehicle=bad)
        connected = await made.connected(3)
    assert set(connected.failed) == {bad}
    assert len(connected.vehicles) == 2


async def test_connecting_again_lets_blocked_streams_be_asked(house: House) -> None:
    async with practice(house) as (_, made):
        (vehicle,) = (await made.connected(1)).vehicles
        house.ledger.block(vehicle.vehicle_id, "tesla_days", "no_permission", detail="x", until=None, at=NOW)
        await made.connected(1)
    assert house.ledger.states()[vehicle.vehicle_id, "tesla_days"].blocked_state is None


@pytest.mark.parametrize("way", ["connect", "connect_v3"])
@pytest.mark.parametrize(("account", "kind"), ERRORS_OF_CONNECT)
async def test_an_error_of_connect_is_raised_with_its_sentence(
    house: House, account: str, kind: type[CollectError], way: str
) -> None:
    async with practice(house) as (_, made):
        with pytest.raises(kind) as caught:
            await getattr(made, way).test_account(f"{account}@smartcar.com")
    assert caught.value.what_to_do
    assert "1FTFW1E50LFA00001" not in str(caught.value)
    assert house.registry.owners() == []


async def test_in_live_mode_only_a_person_grants_access(house: House) -> None:
    async with practice(house) as (emulator, made):
        live = Connect(
            application=replace(application(emulator.url), mode="live"),
            transport=made.transport,
            client=made.client,
            tokens=made.tokens,
            registry=house.registry,
            ledger=house.ledger,
            clock=house.clock,
        )
        with pytest.raises(OurBug, match="live mode"):
            await live.test_account("2-vehicles@smartcar.com")
        assert len(emulator.log) == 0


async def test_a_wrong_secret_is_the_applications_move(house: House) -> None:
    async with practice(house) as (emulator, made):
        wrong = replace(application(emulator.url), client_secret="wrong")
        response = await made.transport.send(auth.exchange_code(wrong, "c"))
        with pytest.raises(ApplicationMustAct, match="CLIENT_SECRET"):
            auth.read_tokens(response, NOW)


async def test_a_wrong_management_token_is_the_applications_move(house: House) -> None:
    config = EmulatorConfig(management_token="another", now=NOW, clock_rate=0)
    async with running(config) as emulator, rig(house, emulator.url) as made:
        with pytest.raises(ApplicationMustAct, match="MANAGEMENT_TOKEN"):
            await made.client.connections()
    async with rig(house, "http://127.0.0.1:1", management=False) as made:
        with pytest.raises(ApplicationMustAct, match="MANAGEMENT_TOKEN"):
            await made.client.connections()


async def test_a_vehicle_can_be_disconnected(house: House) -> None:
    async with practice(house) as (_, made):
        connected = await made.connected(2)
        await made.client.disconnect(connected.vehicles[0])
        assert await made.client.vehicles(connected.owner_id) == (connected.vehicles[1].vehicle_id,)


async def test_a_person_in_a_browser_is_waited_for(house: House, logs: Callable[[], str]) -> None:
    back = f"http://127.0.0.1:{unused_port()}/callback"
    config = EmulatorConfig(now=NOW, clock_rate=0, vehicle_spacing=0, redirect_uri=back)
    pages: list[str] = []

    async def person(url: str) -> None:
        foreign = f"{back}?code=stolen&state=other"
        form = {"username": "2-vehicles@smartcar.com", "password": "x", "action": "allow"}
        async with ClientSession() as browser:
            pages.append(await (await browser.get(foreign)).text())
            pages.append(await (await browser.post(url, data=form)).text())

    async with running(config) as emulator, rig(house, emulator.url) as made:
        made.connect._page = made.connect._application = application(emulator.url, config)
        visits: list[asyncio.Task[None]] = []
        show = lambda url: visits.append(asyncio.create_task(person(url)))  # noqa: E731, one line says it
        connected = await made.connect.in_browser(show, timeout=5)
        await asyncio.gather(*visits)
    assert len(connected.vehicles) == 2
    assert "does not belong" in pages[0]
    assert "Connected." in pages[1]
    assert "stolen" not in logs()
    assert "code=" not in logs()


async def test_a_person_who_says_no_ends_the_wait() -> None:
    back = f"http://127.0.0.1:{unused_port()}/callback"
    async with waiting_for_redirect(back, belongs) as redirect, ClientSession() as browser:
        answer = await browser.get(f"{back}?error=access_denied&state=s")
        assert "said no" in await answer.text()
        with pytest.raises(OwnerMustAct, match="said no"):
            await redirect.answer(5)


async def test_a_person_who_never_comes_ends_the_wait() -> None:
    async with waiting_for_redirect(f"http://127.0.0.1:{unused_port()}/callback", belongs) as redirect:
        with pytest.raises(OwnerMustAct, match="start again"):
            await redirect.answer(0.01)


async def test_a_redirect_uri_that_cannot_be_listened_at_is_said_to_be_none() -> None:
    with pytest.raises(OurBug, match="not on this machine"):
        async with waiting_for_redirect("https://app.example/back", belongs):
            pass
    uri = f"http://127.0.0.1:{unused_port()}/callback"
    async with waiting_for_redirect(uri, belongs):
        with pytest.raises(OurBug, match="taken"):
            async with waiting_for_redirect(uri, belongs):
                pass


def test_each_state_is_another() -> None:
    urls = [authorize_url(application("https://x.example"), new_state()) for _ in range(10)]
    assert len({parse_qs(urlsplit(url).query)["state"][0] for url in urls}) == 10
