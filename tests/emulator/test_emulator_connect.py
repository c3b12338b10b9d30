"""Connect and the token endpoint."""

import aiohttp
import pytest


async def test_connect_shows_a_form_and_comes_back_with_code_and_state(start):
    client = await start()
    page = await client.ask("GET", "/oauth/authorize", params=client.authorization())
    assert page.status == 200
    assert b'name="username"' in page.body
    back = await client.sign_in("2-vehicles@smartcar.com")
    assert back["state"] == "s t/1"
    assert back["code"]


async def test_the_number_in_the_account_is_the_size_of_the_fleet(start):
    client = await start()
    await client.connect("7-vehicles@smartcar.com")
    assert (await client.get("/vehicles")).json["paging"] == {"count": 7, "offset": 0}


async def test_same_seed_and_account_give_the_same_vehicles_and_another_seed_others(start):
    fleets = [(await start(seed=seed)).emulator.vehicles("3-vehicles@smartcar.com") for seed in (5, 5, 6)]
    ids = [[vehicle.id for vehicle in fleet] for fleet in fleets]
    assert ids[0] == ids[1] != ids[2]


async def test_an_owner_who_denies_is_sent_back_with_access_denied(start):
    client = await start()
    back = await client.sign_in("1-vehicles@smartcar.com", action="deny")
    assert back["error"] == "access_denied"
    assert back["state"] == "s t/1"
    assert "code" not in back


@pytest.mark.parametrize(
    ("email", "error"),
    [
        ("0-vehicles@smartcar.com", "no_vehicles"),
        ("no-vehicles@smartcar.com", "no_vehicles"),
        ("invalid-subscription@smartcar.com", "invalid_subscription"),
        ("vehicle-incompatible@smartcar.com", "vehicle_incompatible"),
        ("configuration-error@smartcar.com", "configuration_error"),
        ("server-error@smartcar.com", "server_error"),
        ("nobody@example.com", "server_error"),
    ],
)
async def test_named_accounts_end_connect_with_their_error(start, email, error):
    back = await (await start()).sign_in(email)
    assert back["error"] == error
    assert back["error_description"]


async def test_an_incompatible_vehicle_is_named(start):
    back = await (await start()).sign_in("vehicle-incompatible@smartcar.com")
    assert {"vin", "make", "model", "year"} <= set(back)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": "http://evil.example/"},
        {"mode": "dream"},
        {"response_type": "token"},
        {"scope": " "},
    ],
)
async def test_a_wrong_authorization_request_is_not_redirected(start, wrong):
    client = await start()
    answer = await client.ask("GET", "/oauth/authorize", params=client.authorization(**wrong))
    assert answer.status == 400


async def test_the_page_escapes_what_it_repeats(start):
    client = await start()
    query = client.authorization(scope="<script>alert(1)</script>")
    page = await client.ask("GET", "/oauth/authorize", params=query)
    assert b"<script>" not in page.body


async def test_a_code_works_once(start):
    client = await start()
    code = (await client.sign_in("1-vehicles@smartcar.com"))["code"]
    uri = client.emulator.config.redirect_uri
    answers = [await client.token(grant_type="authorization_code", code=code, redirect_uri=uri) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 400]
    assert answers[1].json["error"] == "invalid_grant"
    assert answers[0].json["expires_in"] == 7200


async def test_a_code_is_bound_to_its_redirect_uri(start):
    client = await start()
    code = (await client.sign_in("1-vehicles@smartcar.com"))["code"]
    answer = await client.token(grant_type="authorization_code", code=code, redirect_uri="http://other/")
    assert answer.json["error"] == "invalid_grant"


async def test_wrong_client_credentials_are_refused(start):
    client = await start()
    headers = {"Authorization": aiohttp.encode_basic_auth("someone", "else")}
    answer = await client.ask("POST", "/oauth/token", data={"grant_type": "refresh_token"}, headers=headers)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


async def test_an_unknown_grant_type_is_refused(start):
    answer = await (await start()).token(grant_type="password")
    assert (answer.status, answer.json["error"]) == (400, "unsupported_grant_type")


async def test_an_access_token_lives_two_hours_of_the_emulators_clock(start):
    client = await start()
    await client.connect("1-vehicles@smartcar.com")
    clock = {"minutes": 119}
    await client.ask("POST", "/emulator/clock/advance", json=clock)
    assert (await client.get("/user")).status == 200
    await client.ask("POST", "/emulator/clock/advance", json={"minutes": 2})
    answer = await client.get("/user")
    assert (answer.status, answer.error) == (401, ("AUTHENTICATION", None))


async def test_a_refresh_within_the_grace_answers_the_same_pair_and_after_it_invalid_grant(start):
    client = await start()
    await client.connect("1-vehicles@smartcar.com")
    old = client.pair["refresh_token"]
    first = (await client.refresh(old)).json
    again = (await client.refresh(old)).json
    assert first["refresh_token"] != old
    assert again == first
    await client.ask("POST", "/emulator/clock/advance", json={"minutes": 11})
    late = await client.refresh(old)
    assert (late.status, late.json["error"]) == (400, "invalid_grant")
    assert (await client.refresh(first["refresh_token"])).status == 200


async def test_a_refresh_token_dies_after_sixty_days(start):
    client = await start()
    await client.connect("1-vehicles@smartcar.com")
    await client.ask("POST", "/emulator/clock/advance", json={"days": 61})
    assert (await client.refresh(client.pair["refresh_token"])).json["error"] == "invalid_grant"


async def test_a_lost_refresh_answer_can_be_fetched_within_the_grace(start):
    client = await start()
    await client.connect("1-vehicles@smartcar.com")
    client.emulator.faults.add("refresh_answer_lost", times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.refresh(client.pair["refresh_token"])
    assert (await client.refresh(client.pair["refresh_token"])).status == 200
    assert client.emulator.log.select(endpoint="token")[-2].status == 0


async def test_requested_scopes_are_what_is_granted(start):
    client = await start()
    vehicle = (await client.connect("1-vehicles@smartcar.com", scope="required:read_vin read_charge_records"))[0]
    answer = await client.get(f"/vehicles/{vehicle}/permissions")
    assert answer.json == {
        "paging": {"count": 2, "offset": 0},
        "permissions": ["read_charge_records", "read_vin"],
    }
    refused = await client.get(f"/vehicles/{vehicle}")
    assert (refused.status, refused.error) == (403, ("PERMISSION", None))


async def test_scopes_can_be_withheld(start):
    client = await start(withheld_scopes=frozenset({"read_vin"}))
    vehicle = (await client.connect("1-vehicles@smartcar.com"))[0]
    assert (await client.get(f"/vehicles/{vehicle}/vin")).status == 403
