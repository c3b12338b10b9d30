"""The oddities of real exports, made on demand: times, numbers and fields as people's files have them."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

EMAIL = "40-vehicles@smartcar.com"


@pytest.fixture
async def client(start):
    client = await start(newer_tesla_share=0.0)
    await client.connect(EMAIL)
    return client


async def asked(client, make, path="", number=0):
    vehicle = client.of_make(EMAIL, make)[number]
    return (await client.get(f"/vehicles/{vehicle}/{make.lower()}/charge/records{path}")).json["records"]


async def with_fault(client, make, name, path="", **options):
    before = await asked(client, make, path)
    client.emulator.faults.add(name, **options)
    return before, await asked(client, make, path)


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("short_year", r"0026-09-"),
        ("day_first", r"/09/2026 "),
        ("minute_precision", r"Z"),
    ],
)
async def test_times_can_be_written_otherwise(client, name, like):
    before, after = await with_fault(client, "BMW", name)
    assert len(after) == len(before) > 0
    assert any(like in record["chargeStart"] for record in after)
    assert all(new["chargeStart"] != old["chargeStart"] for new, old in zip(after, before, strict=True))


async def test_numbers_can_be_text_with_a_decimal_comma(client):
    _, after = await with_fault(client, "BMW", "decimal_comma")
    assert all(isinstance(record["energy"], str) and "." not in record["energy"] for record in after)


async def test_a_field_can_be_missing_or_of_another_type(client):
    _, after = await with_fault(client, "MINI", "missing_field", field="isPublic")
    assert all("isPublic" not in record for record in after)
    client.emulator.faults.add("changed_type", field="location")
    client.emulator.faults.add("changed_type", field="energy")
    again = await asked(client, "MINI")
    assert {(type(each["location"]), type(each["energy"])) for each in again} == {(int, str)}


async def test_an_end_can_be_open_at_the_start_or_in_local_time(client):
    before, after = await with_fault(client, "BMW", "end_local")
    vehicle = next(each for each in client.emulator.vehicles(EMAIL) if each.make == "BMW")
    for old, new in zip(before, after, strict=True):
        local = datetime.fromisoformat(old["chargeEnd"]).astimezone(ZoneInfo(vehicle.zone))
        assert datetime.fromisoformat(new["chargeEnd"]).replace(tzinfo=None) == local.replace(tzinfo=None)
        assert new["chargeStart"] == old["chargeStart"]
    client.emulator.faults.add("zero_length")
    assert all(each["chargeEnd"] == each["chargeStart"] for each in await asked(client, "BMW"))
    client.emulator.faults.add("open_end")
    assert {each["chargeEnd"] for each in await asked(client, "BMW")} == {None}


async def test_each_car_can_pay_in_a_currency_of_its_own_with_its_digits(client):
    client.emulator.faults.add("many_currencies")
    found = {}
    for number in range(len(client.of_make(EMAIL, "TESLA"))):
        for bill in await asked(client, "TESLA", "/billing", number):
            found.setdefault(number, set()).add(bill["cost"]["currency"])
            if bill["cost"]["currency"] in {"JPY", "HUF", "COP"}:
                assert Decimal(str(bill["cost"]["energy"])) % 1 == 0
    assert all(len(currencies) == 1 for currencies in found.values())
    assert len(set().union(*found.values())) > 4


async def test_a_bill_can_be_a_fee_alone_by_minutes_or_by_hours(client):
    client.emulator.faults.add("session_at", start="2026-09-10T08:00:00Z", hours=6, kwh=30)
    costs = {}
    for name in ("by_the_minute", "fee_by_time", "zero_energy"):
        fault = client.emulator.faults.add(name)
        bills = await asked(client, "TESLA", "/billing")
        [costs[name]] = [bill for bill in bills if bill["chargeStart"] == "2026-09-10T08:00:00.000Z"]
        client.emulator.faults.remove(fault.id)
    assert Decimal(str(costs["by_the_minute"]["cost"]["energy"])) == Decimal("93.6")
    assert Decimal(str(costs["fee_by_time"]["cost"]["other"])) == 4
    assert Decimal(str(costs["fee_by_time"]["cost"]["energy"])) == 0
    assert costs["zero_energy"]["energyConsumed"] == 0


async def test_the_stamp_of_a_day_can_be_just_after_midnight(client):
    client.emulator.faults.add("date_near_midnight", at="00:15")
    vehicle = next(each for each in client.emulator.vehicles(EMAIL) if each.make == "TESLA" and not each.dates_as_epoch)
    rows = (await client.get(f"/vehicles/{vehicle.id}/tesla/charge/records")).json["records"]
    local = [datetime.fromisoformat(row["date"]).astimezone(ZoneInfo(vehicle.zone)) for row in rows]
    assert {each.strftime("%H:%M") for each in local} == {"00:15"}


async def test_the_inserted_record_is_there_when_page_1_is_read_again(client):
    client.emulator.faults.add("session_at", start="2026-09-14T08:00:00Z", hours=1)
    client.emulator.faults.add("inserted_while_paging")
    first, again = await asked(client, "TESLA", "/billing"), await asked(client, "TESLA", "/billing")
    assert again[1:] == first
    assert datetime.fromisoformat(again[0]["chargeEnd"]) - datetime.fromisoformat(again[0]["chargeStart"]) == timedelta(
        hours=1
    )
