"""v3 by poll: the application's token, connections, vehicles, and signals read from a store."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from emulator.faults import CATALOG
from emulator.v3.signals import SIGNALS

EMAIL = "20-vehicles@smartcar.com"
RECORDS = "charge-chargerecords"
ALL_SCOPES = "read_vehicle_info read_vin read_charge_records read_battery read_odometer read_charge"
UNANSWERED = {"hang", "slow_drip", "huge_body", "reset", "refresh_answer_lost"}


@pytest.fixture
async def client(start):
    client = await start()
    await client.connect_v3(EMAIL, scope=ALL_SCOPES)
    return client


async def signal(client, vehicle, code=RECORDS):
    answer = await client.v3(f"/vehicles/{vehicle}/signals/{code}")
    assert answer.status == 200, answer.body
    return answer.json["data"]


async def records(client, vehicle):
    return (await signal(client, vehicle))["attributes"]["body"]["values"]


def a_session(client, vehicle, start, **options):
    """Turn on one more session of a vehicle, from `start` on."""
    client.emulator.faults.add("session_at", vehicle=vehicle, start=start, **options)


# Tokens


@pytest.mark.parametrize("how", ["json", "data"])
async def test_a_token_is_given_for_the_credentials_as_json_and_as_a_form(start, how):
    client = await start()
    config = client.emulator.config
    secrets = {"client_id": config.v3_client_id, "client_secret": config.v3_client_secret}
    answer = await client.ask("POST", "/oauth2/token", **{how: {"grant_type": "client_credentials", **secrets}})
    assert answer.status == 200
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    assert "refresh_token" not in answer.json
    assert config.v3_client_id.startswith("client_")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password", "client_id": "client_x", "client_secret": "y"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "client_id": "client_x"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "client_id": "client_x", "client_secret": "y"}, 401, "invalid_client"),
        ([1], 400, "invalid_request"),
    ],
)
async def test_a_wrong_token_request_is_refused(start, form, status, error):
    answer = await (await start()).ask("POST", "/oauth2/token", json=form)
    assert (answer.status, answer.json["error"]) == (status, error)


async def test_a_token_lives_an_hour_of_the_emulators_clock(client):
    await client.advance(minutes=59)
    assert (await client.v3("/connections")).status == 200
    await client.advance(minutes=2)
    assert (await client.v3("/connections")).v3_error == (401, "401", "AUTHENTICATION", None)


# Connect


async def test_connect_comes_back_with_the_user_and_the_state_and_no_code(start):
    client = await start()
    back = await client.sign_in("2-vehicles@smartcar.com", client_id=client.emulator.config.v3_client_id)
    user_id = client.emulator.vehicles("2-vehicles@smartcar.com")[0].user_id
    assert back == {"user_id": user_id, "state": "s t/1"}


@pytest.mark.parametrize(("email", "error"), [("no-vehicles@x", "no_vehicles"), ("nobody@x", "server_error")])
async def test_connect_ends_in_the_same_errors_as_in_v2(start, email, error):
    client = await start()
    back = await client.sign_in(email, client_id=client.emulator.config.v3_client_id)
    assert back["error"] == error
    assert "user_id" not in back


async def test_a_vehicle_is_reached_only_through_the_version_its_owner_connected(start):
    client = await start()
    vehicle = (await client.connect_v3("1-vehicles@smartcar.com"))[0]
    assert (await client.managed("GET", "/management/connections")).json["connections"] == []
    await client.connect("2-vehicles@smartcar.com")
    assert [each["id"] for each in (await client.v3("/connections", user=None)).json["data"]] != []
    assert (await client.v3("/connections", user=None)).json["meta"]["totalCount"] == 1
    assert (await client.get(f"/vehicles/{vehicle}")).status == 403


async def test_one_version_stays_when_the_other_is_disconnected(start):
    client = await start()
    vehicle = (await client.connect("1-vehicles@smartcar.com"))[0]
    await client.connect_v3("1-vehicles@smartcar.com")
    (told,) = (await client.v3("/connections")).json["data"]
    assert (await client.v3(f"/connections/{told['id']}", "DELETE")).status == 204
    assert (await client.v3(f"/vehicles/{vehicle}")).v3_error == (404, "404", "RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND")
    assert (await client.get(f"/vehicles/{vehicle}")).status == 200
    await client.connect_v3("1-vehicles@smartcar.com")
    await client.managed("DELETE", "/management/connections", vehicle_id=vehicle)
    assert (await client.v3(f"/vehicles/{vehicle}")).status == 200


async def test_cars_of_other_makes_tell_their_records_through_v3_only(start):
    client = await start()
    email = "6-other-vehicles@smartcar.com"
    await client.connect(email)
    vehicles = await client.connect_v3(email)
    assert {vehicle.make for vehicle in client.emulator.vehicles(email)} == {"FORD", "KIA", "VOLKSWAGEN"}
    assert (await client.get(f"/vehicles/{vehicles[0]}/ford/charge/records")).error == ("RESOURCE_NOT_FOUND", "PATH")
    assert all([await records(client, vehicle) for vehicle in vehicles])
    assert {each.v2 for each in client.emulator.truth()} == {None}


# Connections


async def test_connections_come_in_pages_that_link_to_the_next(client):
    seen, path = [], "/connections?page[size]=8"
    while path:
        page = (await client.v3(path)).json
        seen += [each["relationships"]["vehicle"]["data"]["id"] for each in page["data"]]
        assert page["meta"]["totalCount"] == 20
        path = (page["links"]["next"] or "").removeprefix(f"{client.emulator.url}/v3")
    assert sorted(seen) == sorted(each.id for each in client.emulator.vehicles(EMAIL))


async def test_a_connection_tells_vehicle_owner_mode_and_permissions(client):
    vehicle = client.emulator.vehicles(EMAIL)[0]
    (told,) = (await client.v3("/connections", params={"filter[vehicleId]": vehicle.id})).json["data"]
    wanted = {"make": vehicle.make, "model": vehicle.model, "year": vehicle.year, "mode": "test"}
    assert told["attributes"]["vehicle"] == wanted | {"powertrainType": "BEV"}
    assert told["attributes"]["permissions"] == sorted(ALL_SCOPES.split())
    assert told["relationships"]["user"]["data"]["id"] == vehicle.user_id
    assert (await client.v3(f"/connections/{told['id']}")).json["data"] == told


async def test_connections_can_be_filtered_by_mode_and_by_user(client):
    first = client.v3_user
    await client.connect_v3("3-vehicles@smartcar.com", mode="live")

    async def count(user=None, **query):
        return (await client.v3("/connections", user=user, params=query)).json["meta"]["totalCount"]

    assert await count() == 23
    assert await count(**{"filter[vehicle.mode]": "live"}) == 3
    assert await count(**{"filter[userId]": first}) == 20
    assert await count(user=client.v3_user) == 3
    assert await count(user=client.v3_user, **{"filter[userId]": first}) == 0


async def test_a_page_too_large_is_a_v3_validation_error(client):
    answer = await client.v3("/connections?page[size]=101")
    assert answer.v3_error == (400, "400", "VALIDATION", "PARAMETER")
    assert isinstance(answer.json["errors"][0]["detail"], str)


async def test_removing_a_user_removes_all_of_the_users_connections(client):
    user = client.v3_user
    await client.connect_v3("3-vehicles@smartcar.com")
    assert (await client.v3(f"/users/{user}", "DELETE")).status == 204
    assert (await client.v3("/connections", user=None)).json["meta"]["totalCount"] == 3
    answer = await client.v3(f"/users/{user}", "DELETE")
    assert answer.v3_error == (404, "404", "RESOURCE_NOT_FOUND", "USER_NOT_FOUND")


# Vehicle calls


async def test_vehicle_calls_need_the_user(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    for path in ("", "/signals", f"/signals/{RECORDS}"):
        answer = await client.v3(f"/vehicles/{vehicle}{path}", user=None)
        assert answer.v3_error == (400, "400", "VALIDATION", "MISSING_PARAMETER")
        assert answer.json["errors"][0]["detail"] == "missing userId"


async def test_a_vehicle_of_another_user_is_refused(client):
    other = client.v3_user
    vehicle = (await client.connect_v3("1-vehicles@smartcar.com"))[0]
    assert (await client.v3(f"/vehicles/{vehicle}", user=other)).v3_error[2] == "PERMISSION"


async def test_a_vehicle_tells_its_attributes(client):
    vehicle = client.emulator.vehicles(EMAIL)[1]
    told = (await client.v3(f"/vehicles/{vehicle.id}")).json["data"]
    assert (told["id"], told["attributes"]["make"], told["attributes"]["year"]) == (vehicle.id, "BMW", vehicle.year)


async def test_v3_spends_the_same_bucket_as_v2_and_connections_nothing_of_a_vehicle(start):
    client = await start(bucket=3, vehicle_monthly=1)
    vehicle = (await client.connect("1-vehicles@smartcar.com"))[0]
    await client.connect_v3("1-vehicles@smartcar.com")
    assert (await client.v3("/connections")).status == 200
    assert (await client.v3(f"/vehicles/{vehicle}")).status == 200
    answer = await client.v3(f"/vehicles/{vehicle}")
    assert answer.v3_error == (430, "430", "BILLING", "VEHICLE_REQUEST_LIMIT")
    assert (await client.get("/user")).error == ("RATE_LIMIT", "SMARTCAR_API")


async def test_the_spacing_of_a_vehicle_is_kept_with_retry_after(start):
    client = await start(vehicle_spacing=30)
    vehicle = (await client.connect_v3("1-vehicles@smartcar.com"))[0]
    await client.v3(f"/vehicles/{vehicle}")
    answer = await client.v3(f"/vehicles/{vehicle}/signals")
    assert answer.v3_error == (429, "429", "RATE_LIMIT", "VEHICLE")
    assert int(answer.headers["retry-after"]) == 30


# The store


async def test_a_store_that_was_never_filled_is_an_empty_list_and_404_for_a_signal(start):
    client = await start(history_days=0)
    vehicle = (await client.connect_v3("1-vehicles@smartcar.com"))[0]
    answer = await client.v3(f"/vehicles/{vehicle}/signals")
    assert (answer.status, answer.json["data"]) == (200, [])
    missing = await client.v3(f"/vehicles/{vehicle}/signals/{RECORDS}")
    assert missing.v3_error == (404, "404", "RESOURCE_NOT_FOUND", "SIGNAL_NOT_FOUND")
    await client.advance(days=1, minutes=1)
    await client.connect_v3("1-vehicles@smartcar.com")
    assert await records(client, vehicle) == []


async def test_the_store_is_refreshed_once_a_day_and_says_of_when_it_is(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    told = []
    for _ in range(73):
        told.append(datetime.fromisoformat((await signal(client, vehicle))["meta"]["oemUpdatedAt"]))
        age = client.emulator.clock.now() - told[-1]
        assert timedelta(0) < age <= timedelta(days=1, minutes=1)
        await client.advance(minutes=58)
        await client.connect_v3(EMAIL)
    assert len(set(told)) in (3, 4)
    assert max(told) - min(told) == timedelta(days=len(set(told)) - 1)


async def test_only_what_was_granted_is_in_the_list_and_the_rest_is_refused(start):
    client = await start()
    vehicle = (await client.connect_v3("1-vehicles@smartcar.com", scope="read_charge_records"))[0]
    told = (await client.v3(f"/vehicles/{vehicle}/signals")).json
    assert [each["attributes"]["code"] for each in told["data"]] == [RECORDS]
    assert told["included"]["vehicle"]["attributes"]["make"] == "TESLA"
    refused = await client.v3(f"/vehicles/{vehicle}/signals/vehicleidentification-vin")
    assert refused.v3_error == (403, "403", "PERMISSION", None)


async def test_all_signals_of_the_table_are_told_in_pages(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    pages = [(await client.v3(f"/vehicles/{vehicle}/signals?page[size]=3&page[number]={n}")).json for n in (1, 2)]
    told = [each["attributes"] for page in pages for each in page["data"]]
    assert [each["code"] for each in told] == list(SIGNALS)
    assert {each["status"]["value"] for each in told} == {"SUCCESS"}
    assert pages[1]["links"]["next"] is None


async def test_a_signal_that_does_not_exist_is_a_wrong_path(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    answer = await client.v3(f"/vehicles/{vehicle}/signals/colour-of-the-sky")
    assert answer.v3_error == (404, "404", "RESOURCE_NOT_FOUND", "PATH")


# Charge records


def told_as_record(telling):
    """A record as the truth has it."""
    record = {"id": telling.record_id, "startTime": telling.start, "energyAdded": telling.energy_kwh}
    return record | ({"endTime": telling.end} if telling.end else {})


async def test_the_records_are_exactly_what_the_truth_says_that_v3_tells(start):
    client = await start(window_days=0)
    for vehicle in await client.connect_v3(EMAIL):
        told = [
            {name: each[name] for name in ("id", "energyAdded")}
            | {name: datetime.fromisoformat(each[name]) for name in ("startTime", "endTime") if name in each}
            for each in await records(client, vehicle)
        ]
        true = [told_as_record(each.v3) for each in client.emulator.truth(vehicle, ongoing=True) if each.v3]
        assert [each | {"energyAdded": pytest.approx(float(each["energyAdded"]))} for each in true] == told
    assert true


async def test_v3_differs_from_v2_by_at_most_its_clock_and_its_meter(start):
    client = await start()
    await client.connect(EMAIL)
    await client.connect_v3(EMAIL)
    both = [(each.v2, each.v3) for each in client.emulator.truth() if each.v2 and each.v3 and each.v3.end]
    seconds = [abs((v3.start - v2.start).total_seconds()) for v2, v3 in both]
    shares = [abs(Decimal(str(v3.energy_kwh)) / Decimal(str(v2.energy_kwh)) - 1) for v2, v3 in both if v2.energy_kwh]
    assert 60 < max(seconds) <= 110
    assert Decimal("0.02") < max(shares) < Decimal("0.04")
    assert len(both) > 50


async def test_clock_and_meter_of_v3_can_be_those_of_v2(start):
    client = await start(v3_clock_offset=0, v3_meter_factor=0)
    await client.connect(EMAIL)
    await client.connect_v3(EMAIL)
    both = [(each.v2, each.v3) for each in client.emulator.truth() if each.v2 and each.v3 and each.v3.end]
    assert [(v2.start, v2.end) for v2, _ in both] == [(v3.start, v3.end) for _, v3 in both]
    assert all(v2.energy_kwh in (None, v3.energy_kwh) for v2, v3 in both)


async def test_records_tell_percent_cost_place_plug_and_no_field_without_a_value(start):
    client = await start(window_days=0)
    told = [each for vehicle in await client.connect_v3(EMAIL) for each in await records(client, vehicle)]
    assert all(None not in each.values() for each in told)
    assert max(each["endStateOfCharge"] for each in told if "endTime" in each) > 50
    billed = [each["cost"] for each in told if "cost" in each]
    assert 0 < len(billed) < len(told)
    assert all(isinstance(cost["energyAmount"], int | float) and len(cost["currency"]) == 3 for cost in billed)
    assert {each["connectorType"] for each in told} >= {"J1772", "TYPE_2", "CCS"}
    assert all(abs(each["location"]["latitude"]) <= 90 and each["location"]["address"] for each in told)
    assert {each["isPublicCharger"] for each in told} == {True, False}


async def test_the_list_reaches_back_as_far_as_the_window(start):
    client = await start(window_days=10)
    for vehicle in await client.connect_v3(EMAIL):
        told = await signal(client, vehicle)
        at = datetime.fromisoformat(told["meta"]["oemUpdatedAt"])
        starts = [datetime.fromisoformat(each["startTime"]) for each in told["attributes"]["body"]["values"]]
        assert all(at - timedelta(days=11, minutes=2) < start <= at for start in starts)


async def test_an_ongoing_session_has_no_end_grows_and_is_completed_under_its_id(start):
    client = await start(history_days=1, v3_clock_offset=0, v3_meter_factor=0)
    vehicle = (await client.connect_v3("1-vehicles@smartcar.com"))[0]
    a_session(client, vehicle, "2026-09-15T00:00:00Z", hours=72, kwh=72)
    seen = []
    for _ in range(5):
        told = await signal(client, vehicle)
        values = told["attributes"]["body"]["values"]
        (record,) = [each for each in values if each["startTime"].startswith("2026-09-15T00:00:00")]
        at = datetime.fromisoformat(told["meta"]["oemUpdatedAt"])
        seen.append((record, at))
        await client.advance(days=1)
        await client.connect_v3("1-vehicles@smartcar.com")
    assert len({record["id"] for record, _ in seen}) == 1
    for record, at in seen[:3]:
        hours = (at - datetime.fromisoformat("2026-09-15T00:00:00Z")).total_seconds() / 3600
        assert "endTime" not in record
        assert record["energyAdded"] == pytest.approx(hours, abs=0.001)
    assert (seen[-1][0]["endTime"], seen[-1][0]["energyAdded"]) == ("2026-09-18T00:00:00Z", 72)


async def test_a_bill_is_told_as_it_stood_when_the_store_was_filled(start):
    client = await start(window_days=0)
    told = {each["id"]: each.get("cost") for v in await client.connect_v3(EMAIL) for each in await records(client, v)}
    posted = [each for each in client.emulator.truth() if each.v3 and each.v3.currency]
    assert len(posted) > 10
    assert all(told[each.v3.record_id]["energyAmount"] == float(each.v3.billed_energy) for each in posted)
    assert sum(each is not None for each in told.values()) == len(posted)


async def test_the_truth_tells_over_http_what_each_version_tells(start):
    client = await start()
    vehicle = (await client.connect(EMAIL))[1]
    await client.connect_v3(EMAIL)
    rows = (await client.ask("GET", "/emulator/truth", params={"vehicle_id": vehicle})).json["sessions"]
    assert {tuple(sorted(row["v3"])) for row in rows if row["v3"]} == {tuple(sorted(row["v2"])) for row in rows}
    assert rows[0]["v2"]["start"] == rows[0]["start"]
    assert rows[0]["v3"]["record_id"].startswith("CHG")


@pytest.mark.parametrize(
    ("name", "number", "kwh", "ongoing"),
    [
        ("dundee", 327, "4562.984", 1),
        ("norway_apartment", 3566, "47941.60", 26),
        ("workplace_asensio", 3395, "19723.69", 0),
        ("bmw_u11", 6, None, 0),
    ],
)
async def test_real_sets_come_through_v3_whole(start, real_data, name, number, kwh, ongoing):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    client = await start(dataset=real_data, now=now, v3_clock_offset=0, v3_meter_factor=0)
    told = [each for v in await client.connect_v3(f"{name}@smartcar.com") for each in await records(client, v)]
    assert len({each["id"] for each in told}) == number
    assert sum("endTime" not in each for each in told) == ongoing
    energy = sum(Decimal(str(each.get("energyAdded", 0))) for each in told)
    assert kwh is None or round(energy, 2) == round(Decimal(kwh), 2)


# Faults


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [
        ("signal_error", {}, {"value": "ERROR", "error": {"type": "UPSTREAM", "code": "NO_RESPONSE"}}),
        ("signal_unavailable", {}, {"value": "UNAVAILABLE"}),
        ("signal_without_status", {}, None),
    ],
)
async def test_a_signal_can_fail_beside_good_ones(client, name, options, status):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add(name, **options)
    told = {each["id"]: each["attributes"] for each in (await client.v3(f"/vehicles/{vehicle}/signals")).json["data"]}
    assert told[RECORDS].get("status") == status
    assert ("body" in told[RECORDS]) == (status is None)
    assert told["odometer-traveleddistance"]["status"] == {"value": "SUCCESS"}
    assert told["odometer-traveleddistance"]["body"]["unit"] == "km"
    assert (await signal(client, vehicle))["attributes"].get("status") == status


async def test_a_store_can_lack_one_signal_or_all(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add("signal_missing", vehicle=vehicle)
    assert len((await client.v3(f"/vehicles/{vehicle}/signals")).json["data"]) == len(SIGNALS) - 1
    assert (await client.v3(f"/vehicles/{vehicle}/signals/{RECORDS}")).status == 404
    client.emulator.faults.add("empty_store", vehicle=vehicle)
    assert (await client.v3(f"/vehicles/{vehicle}/signals")).json["data"] == []


@pytest.mark.parametrize(("form", "digits"), [("seconds", 10), ("milliseconds", 13)])
async def test_times_can_be_numbers(client, form, digits):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add("signal_times", form=form)
    told = await signal(client, vehicle)
    times = [told["meta"]["oemUpdatedAt"], told["meta"]["retrievedAt"]]
    times += [each["startTime"] for each in told["attributes"]["body"]["values"]]
    assert {len(str(each)) for each in times if isinstance(each, int)} == {digits}
    assert len(times) > 2


async def test_the_plug_can_have_its_other_name(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add("charging_type_named")
    told = await records(client, vehicle)
    assert {each["chargingType"] for each in told} <= {"AC", "DC"}
    assert not any("connectorType" in each for each in told)


async def test_a_single_signal_can_stand_at_the_top_level(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add("signal_bare")
    told = (await client.v3(f"/vehicles/{vehicle}/signals/{RECORDS}")).json
    assert told["attributes"]["code"] == RECORDS


async def test_the_faults_of_any_record_strike_v3_records(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add("missing_field", endpoint="v3_signal", field="location")
    client.emulator.faults.add("minute_precision", endpoint="v3_*")
    told = await records(client, vehicle)
    assert not any("location" in each for each in told)
    assert all(len(each["startTime"]) == len("2026-09-15T12:00Z") for each in told)


async def test_a_next_link_can_lead_elsewhere_or_go_on_for_ever(client):
    client.emulator.faults.add("next_elsewhere", times=1)
    assert (await client.v3("/connections")).json["links"]["next"].startswith("http://example.invalid/v3/connections?")
    client.emulator.faults.clear()
    client.emulator.faults.add("next_for_ever")
    page = (await client.v3("/connections?page[number]=50")).json
    assert page["data"] == []
    assert page["links"]["next"]


@pytest.mark.parametrize("endpoint", ["v3_token", "v3_connections", "v3_vehicle", "v3_signals", "v3_signal"])
async def test_errors_strike_each_endpoint_of_v3_in_the_words_of_v3(client, endpoint):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add("upstream_no_response", endpoint=endpoint, times=1)
    paths = {"v3_connections": "/connections", "v3_vehicle": f"/vehicles/{vehicle}"}
    paths |= {"v3_signals": f"/vehicles/{vehicle}/signals", "v3_signal": f"/vehicles/{vehicle}/signals/{RECORDS}"}

    async def ask():
        if endpoint == "v3_token":
            return await client.ask("POST", "/oauth2/token", json={})
        return await client.v3(paths[endpoint])

    assert (await ask()).v3_error == (502, "502", "UPSTREAM", "NO_RESPONSE")
    client.emulator.faults.add("error_with_200", endpoint=endpoint)
    assert (await ask()).v3_error == (200, "500", "SERVER", "INTERNAL")
    assert [each.fault for each in client.emulator.log.select(endpoint=endpoint)[-2:]] == [
        "upstream_no_response", "error_with_200",
    ]  # fmt: skip


async def test_every_fault_can_be_on_without_breaking_v3(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    for name in sorted(set(CATALOG) - UNANSWERED):
        client.emulator.faults.add(name)
        for path in ("/connections", f"/vehicles/{vehicle}/signals", f"/vehicles/{vehicle}/signals/{RECORDS}"):
            answer = await client.v3(path)
            assert answer.status < 600, name
            assert answer.headers["sc-request-id"], name
        client.emulator.faults.clear()
    assert (await client.v3("/connections")).status == 200


async def test_the_log_names_endpoint_vehicle_and_user(client):
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    await signal(client, vehicle)
    entry = client.emulator.log.entries[-1]
    assert (entry.endpoint, entry.status) == ("v3_signal", 200)
    assert (entry.vehicle_id, entry.user_id) == (vehicle, client.v3_user)


async def test_the_environment_points_at_v3_as_well(start):
    client = await start()
    told = client.emulator.environment()
    prefix = "CHARGELAKE_SMARTCAR__"
    assert told[f"{prefix}V3_API_URL"] == f"{client.emulator.url}/v3"
    assert told[f"{prefix}V3_AUTH_URL"] == f"{client.emulator.url}/oauth2/token"
    assert told[f"{prefix}V3_CLIENT_ID"].startswith("client_")
    assert told[f"{prefix}V3_CLIENT_SECRET"]
    assert told[f"{prefix}APPLICATION_ID"]
