"""The fault switchboard: each fault does what its name says, to whom it is meant for, and to nobody else."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from emulator.faults import CATALOG
from emulator.faults.catalog import ERRORS

EMAIL = "40-vehicles@smartcar.com"
SINCE = "2026-06-01"
SLOW = {"hang", "slow_drip", "huge_body"}


@pytest.fixture
async def client(start):
    client = await start(newer_tesla_share=0.0, billing_page_size=5)
    await client.connect(EMAIL)
    return client


async def records(client, make, **query):
    vehicle = client.of_make(EMAIL, make)[0]
    path = f"/vehicles/{vehicle}/{make.lower()}/charge/records"
    return (await client.get(path, **query)).json["records"]


async def billing(client, page=1):
    vehicle = client.of_make(EMAIL, "TESLA")[0]
    path = f"/vehicles/{vehicle}/tesla/charge/records/billing"
    return (await client.get(path, startDate=SINCE, page=str(page))).json


async def before_and_after(client, make, name, **options):
    before = await records(client, make)
    client.emulator.faults.add(name, **options)
    return before, await records(client, make)


async def bills_before_and_after(client, name, **options):
    before = (await billing(client))["records"]
    client.emulator.faults.add(name, **options)
    return before, (await billing(client))["records"]


def instant(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("name", sorted(set(CATALOG) - SLOW - {"reset", "refresh_answer_lost"}))
async def test_every_fault_can_be_on_without_breaking_the_emulator(client, name):
    client.emulator.faults.add(name)
    for make in ("TESLA", "BMW"):
        vehicle = client.of_make(EMAIL, make)[0]
        answer = await client.get(f"/vehicles/{vehicle}/{make.lower()}/charge/records")
        assert answer.headers["sc-request-id"]
    await client.refresh(client.pair["refresh_token"])
    client.emulator.faults.clear()
    assert (await client.get("/user")).status == 200


@pytest.mark.parametrize("name", sorted(ERRORS))
async def test_every_error_of_the_table_has_its_type_code_and_status(client, name):
    client.emulator.faults.add(name)
    answer = await client.get("/user")
    assert answer.error == ERRORS[name]
    assert answer.status == answer.json["statusCode"]
    assert answer.json["requestId"] == answer.headers["sc-request-id"]
    assert client.emulator.log.entries[-1].fault == name


async def test_an_error_that_is_not_in_the_table_can_be_made_up(client):
    client.emulator.faults.add("error", type="WEATHER", code="RAIN", status=418)
    answer = await client.get("/user")
    assert (answer.status, answer.error) == (418, ("WEATHER", "RAIN"))


async def test_retry_after_comes_in_seconds_as_a_date_of_hours_and_not_at_all(client):
    told = []
    for wanted in (7, "date", "hours", "absent"):
        fault = client.emulator.faults.add("rate_limit_vehicle", retry_after=wanted, seconds=60)
        told.append((await client.get("/user")).headers.get("retry-after"))
        client.emulator.faults.remove(fault.id)
    assert (told[0], told[2], told[3]) == ("7", "7200", None)
    assert parsedate_to_datetime(told[1]) == client.emulator.clock.now() + timedelta(seconds=60)


async def test_a_fault_strikes_only_its_vehicle_and_endpoint(client):
    one, other = client.of_make(EMAIL, "BMW")[:2]
    client.emulator.faults.add("server_internal", vehicle=one, endpoint="*_records")
    assert (await client.get(f"/vehicles/{one}/bmw/charge/records")).status == 500
    assert (await client.get(f"/vehicles/{one}/vin")).status == 200
    assert (await client.get(f"/vehicles/{other}/bmw/charge/records")).status == 200


async def test_a_fault_strikes_its_share_of_requests_and_no_more_often_than_it_may(client):
    fault = client.emulator.faults.add("upstream_no_response", share=0.3)
    statuses = Counter([(await client.get("/user")).status for _ in range(200)])
    assert 40 < statuses[502] < 80
    client.emulator.faults.remove(fault.id)
    client.emulator.faults.add("asleep", times=2)
    assert [(await client.get("/user")).status for _ in range(4)] == [409, 409, 200, 200]


async def test_faults_are_switched_over_http(client):
    fault = {"name": "subscription", "endpoint": "vin", "share": 1, "times": 3}
    added = await client.ask("POST", "/emulator/faults", json=fault)
    assert added.status == 201
    listed = (await client.ask("GET", "/emulator/faults")).json
    assert [each["name"] for each in listed["faults"]] == ["subscription"]
    assert set(listed["known"]) == set(CATALOG)
    path = f"/emulator/faults/{added.json['id']}"
    assert (await client.ask("DELETE", path)).status == 200
    assert (await client.ask("DELETE", path)).status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"name": "gremlins"},
        {"name": "hang", "wait": "long"},
        {"name": "html", "status": "bad"},
        {"name": "reset", "share": "half"},
        {"name": "session_at", "start": "noon"},
    ],
)
async def test_a_wrong_fault_is_refused_over_http(client, wrong):
    assert (await client.ask("POST", "/emulator/faults", json=wrong)).status == 400


async def test_faults_can_be_on_from_the_start(start):
    client = await start(faults=("reset:endpoint=user", "rate_limit_api:endpoint=vehicles,retry_after=9"))
    await client.connect("1-vehicles@smartcar.com")
    with pytest.raises(aiohttp.ClientError):
        await client.get("/user")
    assert (await client.get("/vehicles")).headers["retry-after"] == "9"
    assert client.emulator.log.select(endpoint="user")[0].status == 0


async def test_a_hang_says_nothing_until_its_time_is_over(client):
    client.emulator.faults.add("hang", wait=30)
    with pytest.raises(TimeoutError):
        await _hurried(client)


async def _hurried(client):
    timeout = aiohttp.ClientTimeout(total=0.1)
    async with client.http.get(f"{client.emulator.url}/v2.0/user", timeout=timeout):
        pass


async def test_bodies_can_be_cut_replaced_emptied_or_blown_up(client):
    whole = (await client.get("/user")).body
    bodies = {}
    for name in ("truncated", "html", "empty_body", "error_with_200", "unknown_fields", "slow_drip"):
        fault = client.emulator.faults.add(name)
        bodies[name] = await client.get("/user")
        client.emulator.faults.remove(fault.id)
    client.emulator.faults.add("huge_body", megabytes=2)
    assert len((await client.get("/user")).body) == 2 * 1024 * 1024 + len(whole)
    assert whole.startswith(bodies["truncated"].body) != (bodies["truncated"].body == whole)
    assert (bodies["html"].status, bodies["html"].body[:6]) == (502, b"<html>")
    assert (bodies["empty_body"].status, bodies["empty_body"].body) == (200, b"")
    assert (bodies["error_with_200"].status, bodies["error_with_200"].json["type"]) == (200, "SERVER")
    assert bodies["unknown_fields"].json["xNew"]
    assert bodies["slow_drip"].body == whole


async def test_a_withheld_scope_is_a_permission_error(client):
    vehicle, other = client.of_make(EMAIL, "BMW")[:2]
    client.emulator.faults.add("withhold_permission", vehicle=vehicle)
    assert (await client.get(f"/vehicles/{vehicle}/bmw/charge/records")).status == 403
    assert (await client.get(f"/vehicles/{other}/bmw/charge/records")).status == 200


async def test_invalid_grant_can_be_had_at_once(client):
    client.emulator.faults.add("invalid_grant")
    assert (await client.refresh(client.pair["refresh_token"])).json["error"] == "invalid_grant"


async def test_times_wander_by_seconds_from_answer_to_answer(client):
    client.emulator.faults.add("times_off", seconds=4)
    first, second = await records(client, "BMW"), await records(client, "BMW")
    await records(client, "MINI")
    third = await records(client, "BMW")
    shift = instant(second[0]["chargeStart"]) - instant(first[0]["chargeStart"])
    assert shift == timedelta(seconds=4)
    assert third == first  # what other vehicles are asked changes nothing


async def test_a_false_start_comes_before_the_real_session_at_the_same_place(client):
    before, after = await before_and_after(client, "BMW", "false_start")
    assert len(after) == 2 * len(before)
    false, real = after[0], before[0]
    assert instant(real["chargeStart"]) - instant(false["chargeEnd"]) == timedelta(minutes=2)
    assert (false["energy"], false["location"]) == (0, real["location"])


@pytest.mark.parametrize(
    ("name", "field", "options", "expected"),
    [
        ("charging_type", "chargingType", {"value": "PLASMA"}, "PLASMA"),
        ("charging_type", "chargingType", {}, None),
        ("is_public_null", "isPublic", {}, None),
        ("location", "location", {"value": "empty"}, ""),
        ("location", "location", {"value": None}, None),
        ("soc_one", "endPercentRemaining", {}, 1),
    ],
)
async def test_a_field_of_each_record_can_be_made_odd(client, name, field, options, expected):
    _, after = await before_and_after(client, "MINI", name, **options)
    assert {record[field] for record in after} == {expected}


async def test_a_location_can_be_a_formula(client):
    _, after = await before_and_after(client, "BMW", "location")
    assert all(record["location"].startswith("=") for record in after)


async def test_a_share_of_records_is_always_the_same_records(client):
    before, after = await before_and_after(client, "BMW", "is_public_null", share=0.4)
    odd = [record["chargeStart"] for record in after if record["isPublic"] is None]
    assert 0 < len(odd) < len(before)
    again = await records(client, "BMW")
    assert [record["chargeStart"] for record in again if record["isPublic"] is None] == odd


async def test_the_state_of_charge_can_stand_still_while_energy_flows(client):
    _, after = await before_and_after(client, "BMW", "soc_flat")
    assert all(record["startPercentRemaining"] == record["endPercentRemaining"] for record in after)


async def test_the_window_can_be_cut_shorter_without_a_word(client):
    before, after = await before_and_after(client, "BMW", "window_cut", days=5)
    assert after == [record for record in before if record["chargeStart"] >= "2026-09-10T12:00:00Z"]


async def test_an_end_can_lie_before_its_start(client):
    _, after = await before_and_after(client, "BMW", "end_before_start")
    assert all(record["chargeEnd"] < record["chargeStart"] for record in after)


async def test_two_sessions_can_overlap(client):
    before, after = await before_and_after(client, "BMW", "overlap")
    assert len(after) == 2 * len(before)
    assert after[1]["chargeStart"] < after[0]["chargeEnd"]


async def test_local_times_can_be_marked_z(client):
    before, after = await before_and_after(client, "BMW", "local_time_as_z")
    vehicle = next(v for v in client.emulator.vehicles(EMAIL) if v.make == "BMW")
    local = instant(before[0]["chargeStart"]).astimezone(ZoneInfo(vehicle.zone)).replace(tzinfo=None)
    assert instant(after[0]["chargeStart"]).replace(tzinfo=None) == local


async def test_a_session_can_be_put_at_any_time_for_every_make(client):
    client.emulator.faults.add("session_at", start="2026-08-31T23:30:00Z", hours=2, kwh=20)
    assert "2026-08-31T23:30:00Z" in [record["chargeStart"] for record in await records(client, "BMW")]
    assert "2026-08-31T23:30:00.000Z" in [record["chargeStart"] for record in (await billing(client))["records"]]
    assert any(true.session.energy_kwh == 20 for true in client.emulator.truth())


async def test_days_can_be_missing_doubled_or_zero(client):
    before = await records(client, "TESLA")
    sizes = {}
    for name in ("missing_day", "date_twice", "zero_days"):
        fault = client.emulator.faults.add(name)
        sizes[name] = await records(client, "TESLA")
        client.emulator.faults.remove(fault.id)
    assert sizes["missing_day"] == []
    assert len(sizes["date_twice"]) == 2 * len(before)
    assert any(row["total"] == 0 for row in sizes["zero_days"])
    assert len(sizes["zero_days"]) > len(before)


async def test_a_days_parts_can_miss_the_total(client):
    _, after = await before_and_after(client, "TESLA", "parts_off", by=0.05)
    assert all(abs(row["total"] - row["home"] - row["other"] - row["superCharger"] - 0.05) < 1e-6 for row in after)


async def test_a_recent_day_is_revised_when_its_time_has_passed(client):
    before, after = await before_and_after(client, "TESLA", "revised_day", days=20)
    assert sum(row["total"] for row in after) < sum(row["total"] for row in before)
    client.emulator.clock.advance(timedelta(days=20))
    await client.connect(EMAIL)
    late = await records(client, "TESLA", startDate="2026-08-20", endDate="2026-09-14")
    assert [row for row in late if row["date"] == before[-1]["date"]] == [before[-1]]


async def test_everything_can_be_under_other(client):
    _, after = await before_and_after(client, "TESLA", "all_other")
    assert all(row["other"] == row["total"] and row["home"] == row["superCharger"] == 0 for row in after)


async def test_a_date_can_be_epoch_seconds_or_near_midnight(client):
    client.emulator.faults.add("date_near_midnight")
    vehicle = next(v for v in client.emulator.vehicles(EMAIL) if v.make == "TESLA" and not v.dates_as_epoch)
    path = f"/vehicles/{vehicle.id}/tesla/charge/records"
    [row, *_] = (await client.get(path)).json["records"]
    assert instant(row["date"]).astimezone(ZoneInfo(vehicle.zone)).strftime("%H:%M") == "23:45"
    client.emulator.faults.add("date_epoch")
    [row, *_] = (await client.get(path)).json["records"]
    assert isinstance(row["date"], int)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("energy_null", lambda bill: bill["energyConsumed"] is None),
        ("energy_absent", lambda bill: "energyConsumed" not in bill),
        ("by_the_minute", lambda bill: "energyConsumed" not in bill and bill["cost"]["energy"]),
        ("amount_null", lambda bill: bill["cost"]["energy"] is bill["cost"]["other"] is None),
        ("amount_text", lambda bill: isinstance(bill["cost"]["energy"], str)),
        ("amount_number", lambda bill: isinstance(bill["cost"]["energy"], int | float)),
        ("other_fee", lambda bill: Decimal(str(bill["cost"]["other"])) == Decimal("12.5")),
        ("free_energy", lambda bill: Decimal(str(bill["cost"]["energy"])) == 0),
        ("refund", lambda bill: Decimal(str(bill["cost"]["energy"])) < 0),
        ("currency", lambda bill: bill["cost"]["currency"] == "JPY"),
        ("end_null", lambda bill: bill["chargeEnd"] is None),
    ],
)
async def test_a_bill_can_be_odd(client, name, expected):
    before, after = await bills_before_and_after(client, name)
    assert len(after) == len(before) > 0
    assert all(expected(bill) for bill in after)


async def test_a_bill_can_cost_more_than_it_did_be_gone_or_be_late(client):
    before, after = await bills_before_and_after(client, "new_cost", by="2.50")
    for old, new in zip(before, after, strict=True):
        assert new["recordId"] == old["recordId"]
        assert Decimal(str(new["cost"]["energy"])) - Decimal(str(old["cost"]["energy"])) == Decimal("2.5")
    client.emulator.faults.clear()
    _, late = await bills_before_and_after(client, "posted_late", days=30)
    assert all(bill["chargeEnd"] < "2026-08-17" for bill in late)
    client.emulator.faults.add("record_gone")
    assert (await billing(client)) == {"records": [], "hasMoreData": False}


async def test_an_id_can_contain_a_wrong_time_and_a_car_be_plugged_in_again(client):
    before, after = await bills_before_and_after(client, "id_time")
    assert all(new["recordId"] != old["recordId"] for old, new in zip(before, after, strict=True))
    client.emulator.faults.clear()
    _, twice = await bills_before_and_after(client, "plugged_in_again")
    assert twice[0]["recordId"] == twice[1]["recordId"] + "-again"


async def test_pages_can_be_empty_before_the_last_repeat_a_record_or_never_end(client):
    first, second = (await billing(client))["records"], (await billing(client, 2))["records"]
    client.emulator.faults.add("empty_page", page=1)
    assert await billing(client) == {"records": [], "hasMoreData": True}
    assert (await billing(client, 2))["records"] == first
    client.emulator.faults.clear()
    client.emulator.faults.add("record_on_two_pages")
    assert (await billing(client, 2))["records"] == [first[-1], *second]
    client.emulator.faults.clear()
    client.emulator.faults.add("endless_pages")
    assert await billing(client, 900) == {"records": [], "hasMoreData": True}


async def test_a_record_inserted_while_paging_shifts_the_others(client):
    first = (await billing(client))["records"]
    client.emulator.faults.add("inserted_while_paging")
    page = (await billing(client))["records"]
    assert first[0] not in page
    assert (await billing(client, 2))["records"][0] == page[-1]


def test_the_documentation_names_every_fault():
    text = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text("utf-8")
    assert [name for name in CATALOG if f"`{name}`" not in text] == []
