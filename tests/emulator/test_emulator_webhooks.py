"""Webhooks: who may be subscribed, what is delivered when, how it is signed and how often it is tried."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from emulator.v3.signals import SIGNALS
from tests.emulator.subscriber import (
    BEGIN,
    EMAIL,
    END,
    RECORDS,
    Receiver,
    charge,
    deliver,
    of_the_session,
    signed,
    subscribe,
)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver


@pytest.fixture
async def client(start):
    client = await start(v3_clock_offset=0, v3_meter_factor=0)
    await client.connect_v3(EMAIL)
    return client


# Subscribing


async def test_an_address_is_verified_by_a_challenge(client, receiver):
    answer = await subscribe(client, receiver, name="mine")
    assert (answer.status, answer.json["name"], answer.json["vehicles"]) == (201, "mine", None)
    (entry,) = client.emulator.log.select(endpoint="webhook")
    assert (entry.status, entry.path, entry.query["eventType"]) == (200, "/hook", "VERIFY")


async def test_an_address_that_does_not_know_the_token_is_not_subscribed(client, receiver):
    receiver.honest = False
    answer = await subscribe(client, receiver)
    assert answer.status == 400
    assert b"challenge" in answer.body
    assert (await client.ask("GET", "/emulator/webhooks")).json["webhooks"] == []


@pytest.mark.parametrize(
    "url", ["http://example.com/hook", "http://10.0.0.1/hook", "ftp://127.0.0.1/x", "", "http://127.0.0.1.evil.test/"]
)
async def test_only_this_machine_is_told_anything(client, url):
    answer = await client.ask("POST", "/emulator/webhooks", json={"url": url})
    assert (answer.status, b"loopback" in answer.body) == (400, True)
    assert client.emulator.log.count(endpoint="webhook") == 0


@pytest.mark.parametrize("wrong", [{"signals": ["no-such"]}, {"vehicles": "all"}, {"colour": "red"}])
async def test_a_subscription_that_makes_no_sense_is_refused(client, receiver, wrong):
    assert (await subscribe(client, receiver, **wrong)).status == 400


async def test_a_webhook_can_be_changed_and_taken_back(client, receiver):
    webhook = (await subscribe(client, receiver)).json
    path = f"/emulator/webhooks/{webhook['id']}"
    changed = await client.ask("PUT", path, json={"vehicles": [], "signals": [RECORDS]})
    assert (changed.json["vehicles"], changed.json["signals"]) == ([], [RECORDS])
    assert (await deliver(client))["attempts"] == 0
    assert (await client.ask("DELETE", path)).status == 200
    assert (await client.ask("DELETE", path)).status == 404


async def test_the_older_challenge_stands_under_payload(client, receiver):
    client.emulator.faults.add("webhook_old_challenge")
    assert (await subscribe(client, receiver)).status == 201


# What is delivered


async def test_each_vehicle_is_told_once_at_first_and_then_only_of_changes(client, receiver):
    await client.connect_v3("3-vehicles@smartcar.com")
    await subscribe(client, receiver)
    assert (await deliver(client))["delivered"] == 4
    assert {each["data"]["triggers"][0]["code"] for each in receiver.bodies} == {"FIRST_DELIVERY"}
    assert (await deliver(client))["delivered"] == 0


async def test_only_the_named_vehicles_are_told(client, receiver):
    vehicles = await client.connect_v3("3-vehicles@smartcar.com")
    await subscribe(client, receiver, vehicles=vehicles[1:])
    await deliver(client)
    assert sorted(each["vehicleId"] for each in receiver.bodies) == sorted(vehicles[1:])


async def test_an_event_has_the_shape_of_the_reference(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    (body,) = receiver.bodies
    vehicle = client.emulator.vehicles(EMAIL)[0]
    assert body["data"]["user"] == {"id": vehicle.user_id}
    assert body["data"]["vehicle"]["make"] == vehicle.make
    assert body["meta"]["version"] == "4.0"
    assert body["meta"]["mode"] == "TEST"
    assert body["meta"]["signalCount"] == len(body["data"]["signals"]) == 1
    assert body["meta"]["deliveredAt"] == int(client.emulator.clock.now().timestamp()) * 1000
    (signal,) = body["data"]["signals"]
    assert (signal["code"], signal["status"]["value"]) == (RECORDS, "SUCCESS")
    assert len(str(signal["meta"]["oemUpdatedAt"])) == 13


async def test_the_body_is_signed_with_the_management_token(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    ((raw, signature),) = receiver.raw
    assert signature == signed(raw)


async def test_signals_that_were_granted_and_asked_for_come_together(start, receiver):
    client = await start()
    scope = "read_charge_records read_battery read_odometer read_vin"
    await client.connect_v3(EMAIL, scope=scope)
    await subscribe(client, receiver)
    await deliver(client)
    told = [each["code"] for each in receiver.bodies[0]["data"]["signals"]]
    granted = {code for code, each in SIGNALS.items() if each.permission in scope.split()}
    assert set(told) == granted - {"vehicleidentification-vin"}


async def test_a_session_is_told_when_it_starts_grows_and_ends_under_one_id(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    await charge(client)
    await deliver(client)
    told = [each for each in map(of_the_session, receiver.states()) if each]
    assert [each["energyAdded"] for each in told] == [0, 4, 8, 10]
    assert ["endTime" in each for each in told] == [False, False, False, True]
    assert told[-1]["endTime"] == END
    assert len({each["id"] for each in told}) == 1
    assert [each["data"]["triggers"][0]["code"] for each in receiver.bodies[1:]] == [RECORDS] * 4


async def test_every_delivery_holds_the_whole_list(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    await charge(client)
    await deliver(client)
    sizes = [len(each["data"]["signals"][0]["body"]["values"]) for each in receiver.states()]
    assert sizes[0] > 3
    assert sizes[1:] == [sizes[0] + 1] * 4


async def test_a_bill_is_told_when_it_is_posted(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    await charge(client)
    await deliver(client)
    last = of_the_session(receiver.states()[-1])
    assert last["cost"] == {
        "currency": client.emulator.vehicles(EMAIL)[0].currency,
        "energyAmount": 5,
        "otherAmount": 0,
    }
    assert "cost" not in of_the_session(receiver.states()[-2])


async def test_what_was_delivered_can_be_polled_at_once(client, receiver):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    await subscribe(client, receiver)
    await deliver(client)
    await charge(client)
    await client.connect_v3(EMAIL)
    path = f"/vehicles/{vehicle}/signals/{RECORDS}"
    before = (await client.v3(path)).json["data"]
    await deliver(client)
    after = (await client.v3(path)).json["data"]
    assert BEGIN not in {each["startTime"] for each in before["attributes"]["body"]["values"]}
    assert after["attributes"]["body"]["values"][-1]["endTime"] == END
    assert after["meta"]["oemUpdatedAt"] == END
    pushed = receiver.bodies[-1]["data"]["signals"][0]
    assert pushed["body"] == after["attributes"]["body"]


async def test_the_truth_follows_what_was_delivered(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    await charge(client)
    begin = datetime.fromisoformat(BEGIN)
    assert client.emulator.truth(since=begin)[0].v3 is None
    await deliver(client)
    (true,) = client.emulator.truth(since=begin)
    assert (true.v3.start, true.v3.end) == (true.session.start, true.session.end)


async def test_a_disconnected_vehicle_is_told_of_no_more(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    await charge(client)
    await client.connect_v3(EMAIL)
    await client.v3(f"/users/{client.v3_user}", "DELETE")
    assert (await deliver(client))["attempts"] == 0


# Errors


@pytest.mark.parametrize("state", ["ERROR", "RESOLVED"])
async def test_an_error_of_a_vehicle_and_its_end_are_told_on_demand(client, receiver, state):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    await subscribe(client, receiver)
    error = {"vehicle_id": vehicle, "type": "CONNECTED_SERVICES_ACCOUNT", "code": "SUBSCRIPTION", "state": state}
    assert (await client.ask("POST", "/emulator/webhooks/error", json=error)).json == {"webhooks": 1}
    await deliver(client)
    (told,) = [each for each in receiver.bodies if each["eventType"] == "VEHICLE_ERROR"]
    (error,) = told["data"]["errors"]
    assert (error["type"], error["code"]) == ("CONNECTED_SERVICES_ACCOUNT", "SUBSCRIPTION")
    assert (error["state"], error["resolution"]["type"]) == (state, "REAUTHENTICATE")
    assert error["signals"][0]["code"] == RECORDS


@pytest.mark.parametrize("wrong", [{"state": "MAYBE"}, {"vehicle_id": "nobody"}])
async def test_an_error_that_cannot_be_is_refused(client, wrong):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    answer = await client.ask("POST", "/emulator/webhooks/error", json={"vehicle_id": vehicle, **wrong})
    assert answer.status == 400


# Trying again


async def test_a_delivery_is_tried_after_25_50_and_100_seconds_and_then_dropped(client, receiver):
    receiver.answers = [500, 404, 302, 503, 200]
    await subscribe(client, receiver)
    outcomes = []
    for seconds in (0, 24, 1, 25, 49, 1, 1000):
        await client.advance(seconds=seconds)
        outcomes.append(await deliver(client))
    tried = [each["attempts"] for each in outcomes]
    assert tried[:6] == [1, 0, 1, 1, 0, 1]
    assert [each["dropped"] for each in outcomes[:6]] == [0, 0, 0, 0, 0, 1]
    assert len({each["eventId"] for each in receiver.bodies[:4]}) == 1
    assert len({each["meta"]["deliveryId"] for each in receiver.bodies[:4]}) == 4
    assert outcomes[-1]["waiting"] == 0
    entries = client.emulator.log.select(endpoint="webhook")[1:5]
    assert [each.query["attempt"] for each in entries] == ["1", "2", "3", "4"]
    assert [each.status for each in entries] == [500, 404, 302, 503]


async def test_any_2xx_is_success(client, receiver):
    receiver.answers = [202]
    await subscribe(client, receiver)
    assert (await deliver(client))["delivered"] == 1


async def test_an_answer_that_does_not_come_in_time_is_none(start, receiver):
    client = await start(webhook_timeout=0.1)
    await client.connect_v3(EMAIL)
    await subscribe(client, receiver)
    receiver.hang = 5
    assert (await deliver(client))["failed"] == 1
    assert client.emulator.log.entries[-1].status == 0


async def test_a_clock_that_runs_delivers_by_itself(start, receiver, monkeypatch):
    monkeypatch.setattr("emulator.webhooks.desk.PAUSE", 0.01)
    client = await start(clock_rate=1)
    await client.connect_v3(EMAIL)
    await subscribe(client, receiver)
    async with asyncio.timeout(5):
        await receiver.arrived.wait()
    assert len(receiver.bodies) == 1


# Faults


async def test_what_was_received_can_come_twice(client, receiver):
    client.emulator.faults.add("webhook_twice")
    await subscribe(client, receiver)
    await deliver(client)
    one, other = receiver.bodies
    assert one["eventId"] == other["eventId"]
    assert one["meta"]["deliveryId"] != other["meta"]["deliveryId"]
    assert one["data"] == other["data"]


async def test_deliveries_can_come_in_disorder(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    await charge(client)
    client.emulator.faults.add("webhook_disorder")
    await deliver(client)
    told = [of_the_session(each)["energyAdded"] for each in receiver.states()[1:]]
    assert told == [10, 8, 4, 0]


async def test_an_attempt_can_be_lost(client, receiver):
    client.emulator.faults.add("webhook_lost", times=1)
    await subscribe(client, receiver)
    assert (await deliver(client))["failed"] == 1
    await client.advance(seconds=25)
    assert (await deliver(client))["delivered"] == 1


@pytest.mark.parametrize(("name", "given"), [("webhook_wrong_signature", True), ("webhook_unsigned", False)])
async def test_a_signature_can_be_wrong_or_missing(client, receiver, name, given):
    client.emulator.faults.add(name)
    await subscribe(client, receiver)
    await deliver(client)
    ((raw, signature),) = receiver.raw
    assert signature != signed(raw)
    assert (signature is not None) == given


async def test_triggers_can_stand_at_the_top_and_say_first_delivery_again(client, receiver):
    await subscribe(client, receiver)
    await deliver(client)
    await charge(client)
    for name in ("webhook_old_triggers", "webhook_first_delivery"):
        client.emulator.faults.add(name)
    await deliver(client)
    told = receiver.bodies[-1]
    assert told["triggers"] == [{"code": "FIRST_DELIVERY"}]
    assert "triggers" not in told["data"]


async def test_faults_of_signals_can_be_aimed_at_deliveries(client, receiver):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add("signal_error", endpoint="webhook")
    await subscribe(client, receiver)
    await deliver(client)
    (signal,) = receiver.bodies[0]["data"]["signals"]
    assert signal["status"] == {"value": "ERROR", "error": {"type": "UPSTREAM", "code": "NO_RESPONSE"}}
    assert "body" not in signal
    polled = (await client.v3(f"/vehicles/{vehicle}/signals/{RECORDS}")).json["data"]
    assert polled["attributes"]["status"] == {"value": "SUCCESS"}


async def test_a_delivered_signal_can_lack_its_status(client, receiver):
    client.emulator.faults.add("signal_without_status", endpoint="webhook")
    await subscribe(client, receiver)
    await deliver(client)
    (signal,) = receiver.bodies[0]["data"]["signals"]
    assert "status" not in signal
    assert signal["body"]["values"]


async def test_the_same_seed_delivers_the_same_events(start, receiver):
    seen = []
    for _ in range(2):
        client = await start()
        await client.connect_v3("3-vehicles@smartcar.com")
        await subscribe(client, receiver)
        await deliver(client)
        await client.advance(days=3)
        await deliver(client)
        seen.append([(each["eventId"], each["data"]) for each in receiver.bodies])
        receiver.bodies.clear()
    assert seen[0] == seen[1]
    assert Counter(each["vehicle"]["make"] for _, each in seen[0]).total() > 6


async def test_a_month_that_passed_is_told_whole_and_ends_as_the_truth_has_it(start, receiver):
    client = await start(now=datetime(2026, 9, 15, 12, tzinfo=UTC))
    await client.connect_v3("3-vehicles@smartcar.com")
    await subscribe(client, receiver)
    await deliver(client)
    since = client.emulator.clock.now()
    await client.advance(days=28)
    await deliver(client)
    last: dict[str, Any] = {}
    for body in receiver.states():
        for record in body["data"]["signals"][0]["body"]["values"]:
            last[record["id"]] = record
    true = client.emulator.truth(since=since + timedelta(minutes=5))
    assert len(true) > 20
    assert all(last[each.v3.record_id].get("endTime") is not None for each in true if each.v3.end)
    assert all(float(last[each.v3.record_id]["energyAdded"]) == float(each.v3.energy_kwh) for each in true)
