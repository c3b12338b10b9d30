"""Vehicles, their attributes, management and limits."""

import re
import time

import aiohttp
import pytest

EMAIL = "25-vehicles@smartcar.com"


async def test_vehicles_come_in_pages_of_ten_and_of_fifty_at_most(start):
    client = await start()
    ids = await client.connect(EMAIL)
    pages = [(await client.get("/vehicles", limit="10", offset=str(n))).json for n in (0, 10, 20, 30)]
    assert [each for page in pages for each in page["vehicles"]] == ids
    assert [len(page["vehicles"]) for page in pages] == [10, 10, 5, 0]
    too_many = await client.get("/vehicles", limit="51")
    assert (too_many.status, too_many.error) == (400, ("VALIDATION", "PARAMETER"))


async def test_attributes_are_what_the_reference_shows(start):
    client = await start()
    vehicle = client.emulator.vehicles(EMAIL)[0]
    await client.connect(EMAIL)
    attributes = (await client.get(f"/vehicles/{vehicle.id}")).json
    assert attributes == {
        "id": vehicle.id,
        "make": vehicle.make,
        "model": vehicle.model,
        "year": vehicle.year,
    }
    vin = (await client.get(f"/vehicles/{vehicle.id}/vin")).json["vin"]
    assert re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", vin)
    assert (await client.get("/user")).json == {"id": vehicle.user_id}


async def test_every_three_first_cars_hold_each_make_and_twenty_hold_the_mix(start):
    makes = [vehicle.make for vehicle in (await start()).emulator.vehicles("20-vehicles@smartcar.com")]
    assert set(makes[:3]) == {"TESLA", "BMW", "MINI"}
    assert [makes.count(make) for make in ("TESLA", "BMW", "MINI")] == [10, 7, 3]


async def test_every_answer_carries_its_headers_and_an_error_the_same_request_id(start):
    client = await start()
    await client.connect("1-vehicles@smartcar.com")
    answer = await client.get("/vehicles/no-such-vehicle")
    assert (answer.status, answer.error) == (404, ("RESOURCE_NOT_FOUND", "PATH"))
    assert answer.json["requestId"] == answer.headers["sc-request-id"]
    assert answer.headers["sc-unit-system"] == "metric"
    assert answer.headers["sc-data-age"].startswith("2026-09-15T12:00")
    keys = {"type", "code", "description", "docURL", "statusCode", "requestId", "resolution"}
    assert set(answer.json) == keys


async def test_unknown_paths_and_versions_are_told_apart(start):
    client = await start()
    assert (await client.get("/planets")).error == ("RESOURCE_NOT_FOUND", "PATH")
    assert (await client.ask("GET", "/v1.0/vehicles")).json["code"] == "VERSION"


async def test_another_owners_vehicle_is_a_permission_error(start):
    client = await start()
    other = (await client.connect("2-vehicles@smartcar.com"))[0]
    await client.connect("1-vehicles@smartcar.com")
    assert (await client.get(f"/vehicles/{other}")).status == 403


async def test_a_batch_answers_each_path_and_counts_each_for_the_vehicle(start):
    client = await start(vehicle_monthly=3)
    vehicle = (await client.connect("1-vehicles@smartcar.com"))[0]
    headers = {"Authorization": f"Bearer {client.pair['access_token']}"}
    body = {"requests": [{"path": "/vin"}, {"path": "/nothing"}]}
    path = f"/v2.0/vehicles/{vehicle}/batch"
    responses = (await client.ask("POST", path, json=body, headers=headers)).json["responses"]
    assert [(each["path"], each["code"]) for each in responses] == [("/vin", 200), ("/nothing", 404)]
    assert (await client.ask("POST", path, json=body, headers=headers)).status == 430


async def test_a_bearer_token_can_disconnect_its_vehicle(start):
    client = await start()
    vehicles = await client.connect("2-vehicles@smartcar.com")
    headers = {"Authorization": f"Bearer {client.pair['access_token']}"}
    path = f"/v2.0/vehicles/{vehicles[0]}/application"
    assert (await client.ask("DELETE", path, headers=headers)).json == {"status": "success"}
    assert (await client.get("/vehicles")).json["vehicles"] == vehicles[1:]
    assert (await client.get(f"/vehicles/{vehicles[0]}")).status == 403


async def test_connections_come_newest_first_in_pages_linked_by_a_cursor(start):
    client = await start()
    await client.connect(EMAIL)
    found, cursor = [], None
    while True:
        query = {"limit": "10"} | ({"cursor": cursor} if cursor else {})
        answer = (await client.managed("GET", "/management/connections", **query)).json
        found += answer["connections"]
        cursor = answer["paging"]["cursor"]
        if cursor is None:
            break
    assert [each["vehicleId"] for each in found] == [v.id for v in client.emulator.vehicles(EMAIL)]
    assert found[0]["connectedAt"] == "2026-05-18T12:00:00.000Z"
    assert found[0]["mode"] == "test"


async def test_connections_can_be_filtered_and_ended(start):
    client = await start()
    vehicles = await client.connect("3-vehicles@smartcar.com")
    one = (await client.managed("GET", "/management/connections", vehicle_id=vehicles[1])).json
    assert [each["vehicleId"] for each in one["connections"]] == [vehicles[1]]
    none = (await client.managed("GET", "/management/connections", mode="live")).json
    assert none["connections"] == []
    gone = (await client.managed("DELETE", "/management/connections", vehicle_id=vehicles[1])).json
    assert [each["vehicleId"] for each in gone["connections"]] == [vehicles[1]]
    assert (await client.get("/vehicles")).json["paging"]["count"] == 2


async def test_management_asks_for_its_own_token(start):
    client = await start()
    assert (await client.get("/management/connections")).error == ("AUTHENTICATION", None)


async def test_compatibility_goes_by_the_makers_prefix(start):
    client = await start()
    config = client.emulator.config
    headers = {"Authorization": aiohttp.encode_basic_auth(config.client_id, config.client_secret)}
    for vin, compatible in (("WBY00000000000001", True), ("1FT00000000000001", False)):
        query = {"vin": vin, "scope": "read_vin read_charge_records"}
        answer = await client.ask("GET", "/v2.0/compatibility", params=query, headers=headers)
        assert answer.json["compatible"] is compatible


async def test_the_bucket_empties_and_refills_on_the_emulators_clock(start):
    client = await start(bucket=3, refill_per_minute=2)
    await client.connect("1-vehicles@smartcar.com")
    answers = [await client.get("/user") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].error == ("RATE_LIMIT", "SMARTCAR_API")
    assert answers[3].headers["retry-after"] == "30"
    await client.ask("POST", "/emulator/clock/advance", json={"seconds": 30})
    assert [(await client.get("/user")).status for _ in range(2)] == [200, 429]


async def test_tokens_and_management_take_nothing_from_the_bucket(start):
    client = await start(bucket=1)
    await client.connect("1-vehicles@smartcar.com")
    await client.managed("GET", "/management/connections")
    assert (await client.get("/user")).status == 200


async def test_a_vehicle_asked_twice_at_once_is_told_to_wait(start):
    client = await start(vehicle_spacing=3.2)
    vehicle, other = await client.connect("2-vehicles@smartcar.com")
    assert (await client.get(f"/vehicles/{vehicle}/vin")).status == 200
    refused = await client.get(f"/vehicles/{vehicle}/vin")
    assert refused.error == ("RATE_LIMIT", "VEHICLE")
    assert refused.headers["retry-after"] == "4"
    assert (await client.get(f"/vehicles/{other}/vin")).status == 200


async def test_the_months_allowance_ends_in_430_and_returns_with_the_next_month(start):
    client = await start(vehicle_monthly=2)
    vehicle = (await client.connect("1-vehicles@smartcar.com"))[0]
    answers = [await client.get(f"/vehicles/{vehicle}/vin") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 430]
    assert answers[2].error == ("BILLING", "VEHICLE_REQUEST_LIMIT")
    await client.ask("PUT", "/emulator/clock", json={"now": "2026-10-01T00:00:00Z"})
    await client.connect("1-vehicles@smartcar.com")
    assert (await client.get(f"/vehicles/{vehicle}/vin")).status == 200


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_a_wrong_token_is_an_authentication_error(start, token):
    client = await start()
    client.pair = {"access_token": token}
    assert (await client.get("/vehicles")).error == ("AUTHENTICATION", None)


async def test_thirty_thousand_vehicles_start_in_a_moment(start):
    client = await start()
    begun = time.monotonic()
    assert "code" in await client.sign_in("30000-vehicles@smartcar.com")
    assert time.monotonic() - begun < 2
    found = (await client.managed("GET", "/management/connections", limit="100")).json
    assert len(found["connections"]) == 100
