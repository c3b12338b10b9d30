"""Real sets served in Smartcar's shape, held to their published totals, and the generator held to the real sets."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from emulator.datasets import DATASETS, load_dataset
from emulator.datasets.norway_apartment import interval
from emulator.measure import compare

ALL = {"startDate": "2010-01-01", "endDate": "2026-09-01"}


async def everything(client, email):
    """Ask for all records of an account, numbers as Decimals of their own digits."""
    decoder = msgspec.json.Decoder(float_hook=Decimal)
    records = []
    for vehicle in client.emulator.vehicles(email):
        path, more, page = f"/vehicles/{vehicle.id}/{vehicle.make.lower()}/charge/records", True, 1
        if vehicle.make == "TESLA":
            path += "/billing"
        while more:
            body = decoder.decode((await client.get(path, page=str(page), **ALL)).body)
            records += body["records"]
            more, page = body.get("hasMoreData", False), page + 1
    return records


@pytest.fixture
async def served(start, real_data):
    async def serve(name):
        client = await start(dataset=real_data, bucket=None, refill_per_minute=None, vehicle_spacing=None)
        await client.connect(f"{name}@smartcar.com")
        return await everything(client, f"{name}@smartcar.com"), client

    return serve


def totals(folder, name, file):
    return json.loads((folder / name / file).read_text())


async def test_every_norwegian_row_is_served_and_the_utc_months_are_those_published(served, real_data):
    records, _ = await served("norway_apartment")
    assert len(records) == 3566
    assert sum(record["chargeEnd"] is None for record in records) == 26
    months = {}
    for record in records:
        month = months.setdefault(record["chargeStart"][:7], {"n": 0, "kWh": Decimal(0)})
        month["n"] += 1
        month["kWh"] += record["energy"]
    published = totals(real_data, "norway_apartment", "norway_home.totals.json")
    expected = {
        month: {"n": each["n"], "kWh": Decimal(each["kWh"])}
        for month, each in published["by_utc_month_if_stamps_are_Europe/Oslo"].items()
    }
    assert months == expected


async def test_norwegian_energy_keeps_exactly_the_files_digits(served, real_data):
    _, client = await served("norway_apartment")
    vehicle = client.emulator.vehicles("norway_apartment@smartcar.com")[0]
    body = (await client.get(f"/vehicles/{vehicle.id}/{vehicle.make.lower()}/charge/records", **ALL)).body
    lines = (real_data / "norway_apartment" / "norway_home.csv").read_text("utf-8-sig").splitlines()[1:]
    users = sorted({line.split(";")[2] for line in lines})
    digits = Counter(line.split(";")[9].replace(",", ".") for line in lines if line.split(";")[2] == users[0])
    assert Counter(part.split(b",")[0].decode() for part in body.split(b'"energy":')[1:]) == digits


@pytest.mark.parametrize(
    ("start_text", "end_text", "hours", "expected"),
    [
        # The second 02:30 of 27 October 2019, one hour after the first.
        ("27.10.2019 02:30", "27.10.2019 04:30", "2,0", ("01:30", "03:30")),
        ("27.10.2019 02:30", "27.10.2019 04:30", "3,0", ("00:30", "03:30")),
        # 02:30 of 31 March 2019 does not exist.
        ("31.03.2019 02:30", "31.03.2019 04:30", "1,0", ("01:30", "02:30")),
    ],
)
def test_stamps_of_a_changed_clock_are_read_by_the_published_duration(start_text, end_text, hours, expected):
    assert tuple(each.strftime("%H:%M") for each in interval(start_text, end_text, hours)) == expected


async def test_dundee_is_served_by_make_and_its_sums_are_those_published(served, real_data):
    records, client = await served("dundee")
    published = totals(real_data, "dundee", "dundee_tesla_bmw_mini_2018.totals.json")
    energies = [record.get("energy", record.get("energyConsumed")) for record in records]
    assert len(records) == published["n"]
    assert sum(energy for energy in energies if energy is not None) == Decimal(published["kWh"])
    bills = [record for record in records if "cost" in record]
    assert len(bills) == 103
    assert all(bill["cost"] == {"currency": "GBP", "energy": "0", "other": "0"} for bill in bills)
    makes = Counter(vehicle.make for vehicle in client.emulator.vehicles("dundee@smartcar.com"))
    assert makes == {"TESLA": 27, "BMW": 47, "MINI": 1}


async def test_the_dundee_row_without_an_end_has_nulls_where_the_file_says_nothing(served):
    records, _ = await served("dundee")
    [record] = [each for each in records if each["chargeEnd"] is None]
    assert record["chargeStart"] == "2018-06-28T06:41:00Z"
    assert record["energy"] is None


async def test_dundee_teslas_answer_an_empty_list_of_days(served):
    _, client = await served("dundee")
    vehicle = client.of_make("dundee@smartcar.com", "TESLA")[0]
    answer = await client.get(f"/vehicles/{vehicle}/tesla/charge/records", **ALL)
    assert answer.json == {"records": []}


async def test_workplace_bills_have_the_published_dollars_and_kwh(served, real_data):
    records, _ = await served("workplace_asensio")
    published = totals(real_data, "workplace_asensio", "station_data_dataverse.totals.json")
    assert len(records) == 3395
    assert sum(Decimal(record["cost"]["other"]) for record in records) == Decimal(published["USD"])
    assert sum(record["energyConsumed"] for record in records) == Decimal(published["kWh"])
    assert {record["cost"]["energy"] for record in records} == {"0"}
    first = next(record for record in records if record["recordId"] == "1366563")
    assert first["chargeStart"] == "2014-11-18T20:40:26.000Z"


async def test_the_bmw_is_served_as_its_file_has_it_without_the_extras(served, real_data):
    records, _ = await served("bmw_u11")
    document = json.loads((real_data / "bmw_u11" / "smartcar_bmw_records.json").read_text(), parse_float=Decimal)
    expected = [
        {key: value for key, value in record.items() if not key.startswith("x_")} for record in document["records"]
    ]
    assert records == expected


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_each_car_was_consented_to_the_day_before_its_first_session(real_data, name):
    for vehicle in load_dataset(real_data, name, "owner"):
        first = vehicle.sessions(datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))[0]
        assert (first.start.date() - vehicle.connected_at.date()).days == 1


async def test_truth_holds_every_session_of_the_files(served):
    _, client = await served("norway_apartment")
    assert len(client.emulator.truth()) == 3566


async def test_a_set_needs_its_folder(start):
    client = await start()
    assert (await client.sign_in("dundee@smartcar.com"))["error"] == "server_error"


def test_the_generator_is_spread_as_the_real_sets_are(real_data):
    assert [line for line in compare(real_data) if not line.holds] == []
