"""What v3's signals do to a run, from the emulator to completeness."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from flows import jobs
from flows.connecting import connect_owner
from flows.house import House
from flows.running import run_here
from lake.schemas import COMPLETENESS, VEHICLES
from tests.flows.conftest import NOW, Practice

FLEET = "2-vehicles@smartcar.com"
NOTHING_YET = ("empty_store", "signal_missing", "signal_unavailable")


async def seen_through_v3(practice: Practice, account: str = FLEET) -> House:
    house = practice.house()
    await connect_owner(house, test_account=account, v3=True)
    return house


def states(house: House) -> dict[str, str]:
    """Of each vehicle the state of the day before yesterday, which every store has told."""
    day = NOW.date() - timedelta(days=2)
    rows = house.tables.read(COMPLETENESS).filter(pl.col("day") == day)
    return dict(rows.select("vehicle_id", "state").rows())


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("empty_store", "empty_store"),
        ("signal_missing", "signal_not_found"),
        ("signal_unavailable", "signal_unavailable"),
        ("signal_error", "upstream_error"),
        ("vehicle_not_capable", "not_capable"),
    ],
)
async def test_each_way_to_have_no_records_has_its_own_state(practice: Practice, fault: str, state: str) -> None:
    house = await seen_through_v3(practice)
    bad, good = (each.vehicle_id for each in house.registry.vehicles())
    practice.emulator.faults.add(fault, vehicle=bad)
    await run_here(house, jobs.begin(house, "run"))
    told = states(house)
    assert told[bad] == state
    assert told[good] in {"collected", "confirmed_empty"}


async def test_each_kind_of_nothing_yet_is_a_sentence_of_its_own_in_vehicles(practice: Practice) -> None:
    house = await seen_through_v3(practice, "3-vehicles@smartcar.com")
    for vehicle, fault in zip(house.registry.vehicles(), NOTHING_YET, strict=True):
        practice.emulator.faults.add(fault, vehicle=vehicle.vehicle_id)
    await run_here(house, jobs.begin(house, "run"))
    rows = house.tables.read(VEHICLES)
    assert set(rows["whose_move"]) == {"chargelake"}
    assert rows["what_to_do"].n_unique() == 3


@pytest.mark.parametrize("form", ["iso", "seconds", "milliseconds"])
async def test_a_signal_tells_as_of_when_it_is_in_any_form(practice: Practice, form: str) -> None:
    house = await seen_through_v3(practice)
    practice.emulator.faults.add("signal_times", form=form, where="meta")
    await run_here(house, jobs.begin(house, "run"))
    assert set(states(house).values()) <= {"collected", "confirmed_empty"}
