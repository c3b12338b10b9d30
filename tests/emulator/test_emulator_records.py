"""Charge records and bills as the reference shows them, from a generated fleet."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest

EMAIL = "40-vehicles@smartcar.com"
SINCE = "2026-05-18"
KEYS = {
    "chargeStart",
    "chargeEnd",
    "location",
    "energy",
    "isPublic",
    "startPercentRemaining",
    "endPercentRemaining",
    "chargingType",
}


async def bills(client, vehicle, **query):
    found, page, more = [], 1, True
    while more:
        answer = await client.get(f"/vehicles/{vehicle}/tesla/charge/records/billing", page=str(page), **query)
        body = msgspec.json.decode(answer.body)
        found += body["records"]
        more, page = body["hasMoreData"], page + 1
    return found


@pytest.mark.parametrize("make", ["bmw", "mini"])
async def test_sessions_have_the_documented_fields_and_fractions(start, make):
    client = await start()
    await client.connect(EMAIL)
    records = [
        record
        for vehicle in client.of_make(EMAIL, make.upper())
        for record in (await client.get(f"/vehicles/{vehicle}/{make}/charge/records")).json["records"]
    ]
    assert records
    for record in records:
        assert set(record) == KEYS
        assert 0 <= record["startPercentRemaining"] <= record["endPercentRemaining"] <= 1
        assert record["chargeStart"] < record["chargeEnd"]
        assert record["chargingType"] in {"AC", "AC_HIGH", "DC"}


async def test_sessions_of_one_car_never_overlap(start):
    client = await start(history_days=700)
    for vehicle in client.emulator.vehicles(EMAIL):
        sessions = vehicle.sessions(datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC))
        assert all(one.start < one.end <= two.start for one, two in pairwise(sessions))


async def test_records_older_than_the_window_or_than_consent_are_cut_without_a_word(start):
    client = await start(window_days=30, history_days=20)
    old = await start(window_days=0, history_days=90)
    for each in (client, old):
        await each.connect(EMAIL)
    vehicle = client.of_make(EMAIL, "BMW")[0]
    path = f"/vehicles/{vehicle}/bmw/charge/records"
    cut = (await client.get(path, startDate="2020-01-01")).json["records"]
    whole = (await old.get(path, startDate="2020-01-01")).json["records"]
    assert cut == [record for record in whole if record["chargeStart"] >= "2026-08-26"]
    assert min(record["chargeStart"] for record in whole) >= "2026-06-17"


async def test_both_dates_are_inclusive_utc_days_of_the_start(start):
    client = await start()
    await client.connect(EMAIL)
    vehicle = client.of_make(EMAIL, "BMW")[0]
    path = f"/vehicles/{vehicle}/bmw/charge/records"
    month = (await client.get(path)).json["records"]
    by_day = []
    for offset in range(31):
        day = (date(2026, 8, 16) + timedelta(days=offset)).isoformat()
        by_day += (await client.get(path, startDate=day, endDate=day)).json["records"]
    assert by_day == month


async def test_the_widest_window_gives_all_there_is_and_a_future_one_nothing(start):
    client = await start()
    await client.connect(EMAIL)
    for make in ("TESLA", "BMW"):
        path = f"/vehicles/{client.of_make(EMAIL, make)[0]}/{make.lower()}/charge/records"
        widest = await client.get(path, startDate="0001-01-01", endDate="9999-12-31")
        assert (widest.status, bool(widest.json["records"])) == (200, True)
        assert (await client.get(path, startDate="9999-12-31")).json == {"records": []}


@pytest.mark.parametrize(
    "query",
    [
        {"startDate": "yesterday"},
        {"startDate": "2026-02-30"},
        {"endDate": "20260901"},
        {"startDate": "2026-09-02", "endDate": "2026-09-01"},
        {"page": "0"},
        {"page": "x"},
    ],
)
async def test_nonsense_in_the_query_is_a_validation_error(start, query):
    client = await start()
    await client.connect(EMAIL)
    vehicle = client.of_make(EMAIL, "TESLA")[0]
    answer = await client.get(f"/vehicles/{vehicle}/tesla/charge/records/billing", **query)
    assert (answer.status, answer.error) == (400, ("VALIDATION", "PARAMETER"))


async def test_the_make_must_be_lower_case_and_the_vehicles_own(start):
    client = await start()
    await client.connect(EMAIL)
    vehicle = client.of_make(EMAIL, "BMW")[0]
    upper = await client.get(f"/vehicles/{vehicle}/BMW/charge/records")
    assert (upper.status, upper.error) == (403, ("PERMISSION", None))
    other = await client.get(f"/vehicles/{vehicle}/mini/charge/records")
    assert (other.status, other.error) == (501, ("COMPATIBILITY", "MAKE_NOT_COMPATIBLE"))
    billing = await client.get(f"/vehicles/{vehicle}/tesla/charge/records/billing")
    assert billing.status == 501


async def test_teslas_of_the_newer_integration_have_bills_but_no_days(start):
    client = await start(newer_tesla_share=1.0)
    await client.connect(EMAIL)
    vehicle = client.of_make(EMAIL, "TESLA")[0]
    days = await client.get(f"/vehicles/{vehicle}/tesla/charge/records")
    assert (days.status, days.error) == (501, ("COMPATIBILITY", "VEHICLE_NOT_CAPABLE"))
    assert (await client.get(f"/vehicles/{vehicle}/tesla/charge/records/billing")).status == 200


async def test_bills_come_newest_first_in_pages_that_together_are_all_of_them(start):
    client = await start(billing_page_size=3)
    await client.connect(EMAIL)
    vehicle = client.of_make(EMAIL, "TESLA")[0]
    found = await bills(client, vehicle, startDate=SINCE)
    starts = [record["chargeStart"] for record in found]
    assert starts == sorted(starts, reverse=True)
    expected = {true.session.bill.record_id for true in client.emulator.truth(vehicle) if true.posted}
    assert {record["recordId"] for record in found} == expected
    assert len(found) == len(expected) > 3


async def test_a_bill_appears_only_when_it_is_posted(start):
    client = await start()
    await client.connect(EMAIL)
    vehicles = client.of_make(EMAIL, "TESLA")
    late = next(
        true for vehicle in vehicles for true in client.emulator.truth(vehicle) if true.session.bill and not true.posted
    )
    bill = late.session.bill
    known = [each["recordId"] for each in await bills(client, late.vehicle.id)]
    assert bill.record_id not in known
    client.emulator.clock.set(bill.posted_at)
    await client.connect(EMAIL)
    assert bill.record_id in [each["recordId"] for each in await bills(client, late.vehicle.id)]


async def test_some_bills_are_corrected_later(start):
    client = await start(history_days=700)
    corrected = [
        session.bill
        for vehicle in client.emulator.vehicles(EMAIL)
        for session in vehicle.sessions(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC))
        if session.bill and session.bill.corrections
    ]
    assert corrected


async def test_costs_are_text_for_some_vehicles_and_numbers_for_others(start):
    client = await start()
    await client.connect(EMAIL)
    kinds = set()
    for vehicle in client.of_make(EMAIL, "TESLA"):
        kinds |= {type(each["cost"]["energy"]) for each in await bills(client, vehicle, startDate=SINCE)}
    assert str in kinds
    assert kinds & {int, float}


async def test_a_day_adds_up_and_its_supercharger_agrees_with_the_bills(start):
    client = await start()
    await client.connect(EMAIL)
    vehicle = next(v for v in client.emulator.vehicles(EMAIL) if v.make == "TESLA" and v.daily_records == "served")
    zone = ZoneInfo(vehicle.zone)
    billed: dict[date, Decimal] = {}
    for true in client.emulator.truth(vehicle.id):
        if true.session.bill:
            day = true.session.start.astimezone(zone).date()
            billed[day] = billed.get(day, Decimal(0)) + true.session.energy_kwh
    path = f"/vehicles/{vehicle.id}/tesla/charge/records"
    body = (await client.get(path, startDate="2026-05-20")).body
    rows = msgspec.json.Decoder(float_hook=Decimal).decode(body)["records"]
    assert rows
    for row in rows:
        assert row["home"] + row["other"] + row["superCharger"] == row["total"]
        day = stamp_of(row["date"]).astimezone(zone).date()
        assert row["superCharger"] == billed.get(day, Decimal(0)).quantize(Decimal("0.01"))


def stamp_of(value):
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(value)


async def test_dates_are_iso_for_most_and_epoch_seconds_for_some(start):
    client = await start(newer_tesla_share=0.0)
    await client.connect(EMAIL)
    kinds = set()
    for vehicle in client.of_make(EMAIL, "TESLA"):
        rows = (await client.get(f"/vehicles/{vehicle}/tesla/charge/records")).json["records"]
        kinds |= {type(row["date"]) for row in rows}
    assert kinds == {str, int}


async def test_without_a_home_set_home_is_under_other(start):
    client = await start(newer_tesla_share=0.0)
    email = "120-vehicles@smartcar.com"
    await client.connect(email)
    vehicle = next(v for v in client.emulator.vehicles(email) if v.make == "TESLA" and not v.home_set)
    rows = (await client.get(f"/vehicles/{vehicle.id}/tesla/charge/records")).json["records"]
    assert all(row["home"] == 0 for row in rows)
    assert any(row["other"] > 0 for row in rows)


async def test_new_sessions_appear_as_the_clock_advances(start):
    client = await start()
    await client.connect(EMAIL)
    before = len(client.emulator.truth())
    client.emulator.clock.advance(timedelta(days=10))
    assert len(client.emulator.truth()) > before


async def test_same_seed_gives_the_same_bytes_whatever_is_asked_first(start):
    bodies = []
    for backwards in (False, True):
        client = await start(seed=9)
        vehicles = await client.connect("6-vehicles@smartcar.com")
        makes = {v.id: v.make.lower() for v in client.emulator.vehicles("6-vehicles@smartcar.com")}
        answers = {
            vehicle: (await client.get(f"/vehicles/{vehicle}/{makes[vehicle]}/charge/records"))
            for vehicle in (reversed(vehicles) if backwards else vehicles)
        }
        bodies.append({vehicle: answer.body for vehicle, answer in answers.items() if answer.status == 200})
    assert bodies[0] == bodies[1] != {}
