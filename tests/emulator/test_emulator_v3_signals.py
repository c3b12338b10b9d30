"""v3's signals: the store they are read from, as of when it is, and the charge records in it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from emulator.v3.signals import SIGNALS
from tests.emulator.v3_calls import EMAIL, RECORDS, a_session, connected, records, signal


@pytest.fixture
async def client(start):
    return await connected(start)


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
