"""v3 by poll: the application's token, connections, vehicles, and what faults do to any of it."""

import pytest

from emulator.faults import CATALOG
from emulator.v3.signals import SIGNALS
from tests.emulator.v3_calls import ALL_SCOPES, EMAIL, RECORDS, connected, records, signal

UNANSWERED = {"hang", "slow_drip", "huge_body", "reset", "refresh_answer_lost"}


@pytest.fixture
async def client(start):
    return await connected(start)


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
