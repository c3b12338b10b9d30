"""What does not add up, over runs against an emulator: told by the run, kept by a rebuild, listed by age."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from flows.doctoring import findings
from flows.house import House
from flows.publishing import publish_state
from flows.reconciling import open_items
from flows.transforming import rebuild
from flows.verifying import faults
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, RECONCILIATION
from tests.flows.conftest import Chargelake, Practice

FLEET = "12-vehicles@smartcar.com"


def items(house: House) -> pl.DataFrame:
    return house.tables.read(RECONCILIATION).drop("month")


async def months_of_runs(practice: Practice) -> House:
    await practice.connect(FLEET)
    practice.emulator.faults.add("record_gone", share=0.2)
    for _ in range(4):
        await practice.run()
        practice.emulator.clock.advance(timedelta(days=3))
    return practice.house()


async def test_each_supercharger_kwh_of_a_fleet_and_each_bill_is_in_one_row(practice: Practice) -> None:
    house = await months_of_runs(practice)
    found = items(house).filter(kind="supercharger_day")
    days = house.tables.read(CHARGE_DAYS).filter(~pl.col("flags").list.contains("no_longer_told"))
    bills = house.tables.read(CHARGE_SESSIONS).filter(pl.col("place_method") == "billing", status="complete")
    assert found["expected"].sum() == pytest.approx(days["supercharger_kwh"].sum())
    assert sorted(found["session_ids"].explode().drop_nulls()) == sorted(bills["session_id"])
    assert found.filter(state="matched").height > 0


async def test_a_rebuild_reconciles_as_the_runs_did(practice: Practice) -> None:
    house = await months_of_runs(practice)
    before = items(house)
    for path in [*house.store.list("lake"), "state/reconciled.json"]:
        house.store.delete(path)
    rebuild(house)
    publish_state(house)
    assert items(house).equals(before)
    assert list(faults(house)) == []


async def test_rows_that_are_not_what_the_tables_make_are_a_fault(practice: Practice) -> None:
    house = await months_of_runs(practice)
    partition = house.tables.partitions(RECONCILIATION)[0]
    house.tables.publish(RECONCILIATION, house.tables.read(RECONCILIATION, [partition]).slice(1), [partition])
    assert [fault for fault in faults(house) if fault.startswith(f"reconciliation: {partition.month} differs")]


async def test_a_driver_is_told_once_one_is_named(practice: Practice) -> None:
    house = await months_of_runs(practice)
    vehicle = items(house)["vehicle_id"][0]
    folder = house.rules_folder
    folder.mkdir(parents=True, exist_ok=True)
    lines = f"vehicle,driver,cost_centre,valid_from,valid_to\n{vehicle},Ada,,2020-01-01,\n"
    (folder / "assignments.csv").write_text(lines)
    await practice.run()
    told = items(practice.house())
    assert told.filter(pl.col("vehicle_id") == vehicle)["driver"].unique().to_list() == ["Ada"]


async def test_open_items_are_listed_by_age(practice: Practice, chargelake: Chargelake) -> None:
    house = await months_of_runs(practice)
    columns, rows = open_items(house, house.clock.now().date())
    ages = [row[0] for row in rows]
    assert columns[0] == "age_days"
    assert ages == sorted(ages, reverse=True)
    assert len(ages) == items(house).filter("is_open").height > 0
    now = {"CHARGELAKE_NOW": house.clock.now().isoformat()}
    shown = chargelake("report", "reconciliation", "--older-than", "14", "--json", **now).json
    assert [row["age_days"] for row in shown] == [age for age in ages if age > 14]


async def test_doctor_says_of_which_sessions_people_said_something_that_are_not_there(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    house.rules_folder.mkdir(parents=True, exist_ok=True)
    yard = '[[place]]\nname = "Yard"\nkind = "home"\nvehicles = ["{}"]\n'
    said = "session_id,place,place_name,said_by,said_on,why\nnobody,home,Yard,Kim,2026-10-10,saw it\n"
    (house.rules_folder / "places.toml").write_text(yard.format(house.registry.vehicles()[0].vehicle_id))
    assert of_doctor(practice, "places") == (True, "1 places, 0 overrides; the next run decides by them")
    (house.rules_folder / "places-overrides.csv").write_text(said)
    assert "names 1 sessions that are not there, the first is nobody" in of_doctor(practice, "places")[1]


def of_doctor(practice: Practice, about: str) -> tuple[bool, str]:
    return next((each.is_well, each.says) for each in findings(practice.house()) if each.about == about)
