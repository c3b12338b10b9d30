"""Schedules and climate: what is set is told again, and what the reference forbids is refused as it says."""

import aiohttp
import pytest

EMAIL = "12-mixed@smartcar.com"
SCOPES = (
    "read_vehicle_info read_charge read_charge_locations control_charge read_climate control_climate"
    " read_charge_records"
)
NIGHT = {"start": "22:00", "end": "06:00"}
PLUGGED = {"chargeOnPlugin": True, "chargeLimit": 0.9, "chargingSchedules": {"weekday": [NIGHT], "weekend": []}}
TESLA, NISSAN, FORD = "tesla/charge/schedule", "nissan/charge/schedule", "ford/charge/schedule_by_location"


@pytest.fixture
async def client(start):
    client = await start(newer_tesla_share=0.0)
    await client.connect(EMAIL, scope=SCOPES)
    return client


def path_of(client, call, number=0):
    return f"/vehicles/{client.of_make(EMAIL, call.split('/')[0].upper())[number]}/{call}"


async def told(client, call, number=0):
    answer = await client.get(path_of(client, call, number))
    assert answer.status == 200, answer.body
    return answer.json


async def put(client, call, body, method="PUT", number=0, **query):
    headers = {"Authorization": f"Bearer {client.pair['access_token']}"}
    url = f"/v2.0{path_of(client, call, number)}"
    return await client.ask(method, url, json=body, params=query, headers=headers)


async def test_a_mixed_account_has_one_of_each_make_in_any_six(client):
    makes = [vehicle.make for vehicle in client.emulator.vehicles(EMAIL)]
    assert makes == ["TESLA", "NISSAN", "FORD", "LINCOLN", "BMW", "MINI"] * 2


async def test_a_tesla_tells_what_was_set_and_enables_one_time_at_most(client):
    await put(client, TESLA, {"type": "DEPARTURE_TIME", "enable": True, "time": "07:30"}, "POST")
    answer = await put(client, TESLA, {"type": "START_TIME", "enable": True, "time": "23:30"}, "POST")
    assert answer.json == await told(client, TESLA)
    assert answer.json["startTime"] == {"enabled": True, "time": "23:30"}
    assert answer.json["departureTime"] == {"enabled": False, "time": "07:30"}


async def test_a_tesla_time_is_switched_off_without_a_time(client):
    await put(client, TESLA, {"type": "START_TIME", "enable": True, "time": "23:30"}, "POST")
    answer = await put(client, TESLA, {"type": "START_TIME", "enable": False}, "POST")
    assert answer.json["startTime"] == {"enabled": False, "time": "23:30"}


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_nissan_tells_what_was_set_by_either_method(client, method):
    windows = [NIGHT | {"days": ["MONDAY", "SUNDAY"]}]
    answer = await put(client, NISSAN, {"chargeSchedules": windows}, method)
    assert (answer.status, answer.json["status"]) == (200, "success")
    (again,) = (await told(client, NISSAN))["chargeSchedules"]
    assert (again["start"][-13:][:5] if "T" in again["start"] else again["start"]) == "22:00"
    assert again["days"] == ["MONDAY", "SUNDAY"]


async def test_nissans_tell_times_alone_or_as_timestamps(start):
    client = await start()
    email = "60-mixed@smartcar.com"
    await client.connect(email, scope=SCOPES)
    forms = set()
    for vehicle in client.of_make(email, "NISSAN"):
        answer = await client.get(f"/vehicles/{vehicle}/nissan/charge/schedule")
        forms |= {len(window["start"]) for window in answer.json["chargeSchedules"]}
    assert forms == {len("22:00"), len("2026-09-15T22:00:00.000Z")}


@pytest.mark.parametrize("make", ["ford", "lincoln"])
async def test_a_place_tells_what_was_set_and_no_other_place_changes(client, make):
    call = f"{make}/charge/schedule_by_location"
    before = (await told(client, call))["chargingLocations"]
    here = {name: str(value) for name, value in before[0]["location"].items()}
    assert (await put(client, call, PLUGGED, **here)).json["status"] == "success"
    after = (await told(client, call))["chargingLocations"]
    assert (after[0]["chargeLimit"], after[0]["chargingSchedules"]) == (0.9, PLUGGED["chargingSchedules"])
    assert after[1:] == before[1:]


async def test_climate_is_switched_and_told(client):
    vehicle = "tesla/climate/cabin"
    assert (await put(client, vehicle, {"action": "START", "temperature": 21.5}, "POST")).json == {"status": "ON"}
    assert await told(client, vehicle) == {"status": "ON", "temperature": 21.5}
    assert (await put(client, vehicle, {"action": "STOP"}, "POST")).json == {"status": "OFF"}


async def test_what_is_not_fitted_is_unavailable_and_stays_so(start):
    client = await start()
    email = "60-mixed@smartcar.com"
    await client.connect(email, scope=SCOPES)
    found = {}
    for vehicle in client.of_make(email, "TESLA"):
        for part in ("defroster", "steering_wheel"):
            answer = await client.get(f"/vehicles/{vehicle}/tesla/climate/{part}")
            found[vehicle, part] = answer.json["status"]
    assert set(found.values()) == {"ON", "OFF", "UNAVAILABLE"}
    vehicle, part = next(key for key, status in found.items() if status == "UNAVAILABLE")
    headers = {"Authorization": f"Bearer {client.pair['access_token']}"}
    url = f"/v2.0/vehicles/{vehicle}/tesla/climate/{part}"
    assert (await client.ask("POST", url, json={"action": "START"}, headers=headers)).json["status"] == "UNAVAILABLE"


REFUSED = [
    (TESLA, "POST", {"type": "NOON", "enable": True, "time": "12:00"}, {}),
    (TESLA, "POST", {"type": "START_TIME", "enable": True, "time": "25:00"}, {}),
    (TESLA, "POST", {"type": "START_TIME", "enable": "yes", "time": "12:00"}, {}),
    (TESLA, "POST", ["START_TIME"], {}),
    (NISSAN, "PUT", {"chargeSchedules": [NIGHT | {"days": ["MONDAY"]}] * 4}, {}),
    (NISSAN, "PUT", {"chargeSchedules": [NIGHT | {"days": ["MOONDAY"]}]}, {}),
    (NISSAN, "PUT", {"chargeSchedules": [NIGHT | {"days": []}]}, {}),
    (FORD, "PUT", PLUGGED, {"latitude": "0", "longitude": "0"}),
    (FORD, "PUT", PLUGGED, {"latitude": "north", "longitude": "0"}),
    (FORD, "PUT", PLUGGED, {}),
    (FORD, "PUT", PLUGGED | {"chargeLimit": 0.4}, {"here": "here"}),
    (FORD, "PUT", PLUGGED | {"chargeLimit": 1.1}, {"here": "here"}),
    (FORD, "PUT", PLUGGED | {"chargeOnPlugin": None}, {"here": "here"}),
    (FORD, "PUT", PLUGGED | {"chargingSchedules": {"weekday": [{"start": "22:30", "end": "06:00"}], "weekend": []}},
     {"here": "here"}),
    (FORD, "PUT", PLUGGED | {"chargingSchedules": {"weekday": []}}, {"here": "here"}),
    ("tesla/climate/cabin", "POST", {"action": "BLOW"}, {}),
    ("tesla/climate/cabin", "POST", {"action": "START", "temperature": "warm"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("call", "method", "body", "query"), REFUSED)
async def test_what_the_reference_forbids_is_a_validation_error(client, call, method, body, query):
    if query == {"here": "here"}:
        first = (await told(client, call))["chargingLocations"][0]["location"]
        query = {name: str(value) for name, value in first.items()}
    answer = await put(client, call, body, method, **query)
    assert (answer.status, answer.error) == (400, ("VALIDATION", "PARAMETER"))


PERMISSIONS = [
    (TESLA, "GET", "read_charge"), (TESLA, "POST", "control_charge"), (NISSAN, "GET", "read_charge"),
    (NISSAN, "PUT", "control_charge"), (FORD, "GET", "read_charge_locations"), (FORD, "PUT", "control_charge"),
    ("tesla/climate/cabin", "GET", "read_climate"), ("tesla/climate/defroster", "POST", "control_climate"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "method", "scope"), PERMISSIONS)
async def test_each_call_needs_its_own_permission(client, call, method, scope):
    client.emulator.faults.add("withhold_permission", scope=scope)
    answer = await put(client, call, {}, method)
    assert (answer.status, answer.error) == (403, ("PERMISSION", None))
    assert client.emulator.log.entries[-1].endpoint.endswith("_set") == (method != "GET")


async def test_a_make_in_upper_case_another_make_and_a_make_without_schedules(client):
    vehicle = client.of_make(EMAIL, "BMW")[0]
    asked = [
        await client.get(f"/vehicles/{vehicle}/{make}/charge/schedule") for make in ("TESLA", "tesla", "bmw", "ford")
    ]
    assert [(answer.status, answer.error[0]) for answer in asked] == [
        (403, "PERMISSION"), (501, "COMPATIBILITY"), (404, "RESOURCE_NOT_FOUND"), (404, "RESOURCE_NOT_FOUND"),
    ]  # fmt: skip


async def test_the_same_seed_draws_the_same_schedules(start):
    async def drawn():
        client = await start(seed=7)
        await client.connect(EMAIL, scope=SCOPES)
        return [await told(client, call, number) for call in (TESLA, NISSAN, FORD) for number in (0, 1)]

    assert await drawn() == await drawn()


async def test_the_compatibility_of_a_vin_tells_schedules_by_make(client):
    nissan = next(each for each in client.emulator.vehicles(EMAIL) if each.make == "NISSAN")
    config = client.emulator.config
    query = {"vin": nissan.vin, "scope": "read_charge read_climate read_charge_records"}
    headers = {"Authorization": aiohttp.encode_basic_auth(config.client_id, config.client_secret)}
    answer = await client.ask("GET", "/v2.0/compatibility", params=query, headers=headers)
    assert [each["capable"] for each in answer.json["capabilities"]] == [True, False, False]
