"""Costs and places of a lake: made with each run, anew when rules change, and not when nothing has changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.doctoring import findings
from flows.exits import Exit, Stop
from flows.house import House
from flows.publishing import publish_state
from flows.querying import known_at
from flows.transforming import rebuild
from flows.verifying import faults
from lake.schemas import CHARGE_SESSIONS, RUNS, SESSION_COSTS
from tests.flows.conftest import Practice
from tests.tariff_texts import tariff

FLEET = "4-vehicles@smartcar.com"
FLAT = tariff() + "price_per_kwh = {}\n"
EVERYWHERE = '[[place]]\nname = "Depot"\nkind = "work"\naddress = ["*, *"]\n'


def write(house: House, name: str, text: str) -> None:
    house.rules_folder.mkdir(exist_ok=True)
    (house.rules_folder / name).write_text(text, "utf-8")


def costs(practice: Practice) -> pl.DataFrame:
    return practice.house().tables.read(SESSION_COSTS)


def written(house: House) -> dict[str, int]:
    """When the files of costs were written."""
    files = house.store.list("lake/session_costs", ".parquet")
    return {file: Path(house.store.uri(file)).stat().st_mtime_ns for file in files}


async def test_each_session_that_is_told_has_a_cost_line(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    told = practice.house().tables.read(CHARGE_SESSIONS).filter(pl.col("status") != "vanished")
    assert set(costs(practice)["session_id"]) == set(told["session_id"])


async def test_bills_are_taken_over_to_the_last_digit(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    billed = practice.house().tables.read(CHARGE_SESSIONS).drop_nulls("billed_total")
    lines = costs(practice).filter(pl.col("basis") == "billed").group_by("session_id").agg(pl.col("amount").sum())
    assert sorted(lines.rows()) == sorted(billed.select("session_id", "billed_total").rows())
    assert billed.height


async def test_a_changed_tariff_prices_the_past_anew(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    write(house, "tariffs.toml", FLAT.format(0.30))
    await practice.run()
    before = costs(practice).filter(pl.col("basis") == "tariff")["amount"].sum()
    write(house, "tariffs.toml", FLAT.format(0.60))
    await practice.run()
    after = costs(practice).filter(pl.col("basis") == "tariff")["amount"].sum()
    assert before > 0
    assert abs(after - 2 * before) < 1  # each line is rounded by itself


async def test_nothing_is_written_where_nothing_has_changed(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    write(house, "tariffs.toml", FLAT.format(0.30))
    await practice.run()
    before = written(house)
    publish_state(practice.house())
    assert written(house) == before != {}


async def test_a_file_of_costs_that_is_gone_is_made_again(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    await practice.run()
    before = costs(practice)
    house.store.delete(house.store.list("lake/session_costs", ".parquet")[0])
    publish_state(practice.house())
    assert costs(practice).equals(before)


async def test_a_rule_that_cannot_be_used_ends_a_run_with_one_line_and_loses_nothing(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    write(house, "tariffs.toml", FLAT.format(0.30).replace("EUR", "EURO"))
    with pytest.raises(Stop, match=r"tariffs\.toml: tariff 1 \(home\): 'EURO' is no currency") as stopped:
        await practice.run()
    assert stopped.value.code == Exit.USAGE
    tables = practice.house().tables
    assert (tables.read(CHARGE_SESSIONS).height > 0, tables.read(RUNS).height > 0) == (True, True)


async def test_a_lake_with_rules_is_sound_and_a_changed_cost_is_found(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    write(house, "tariffs.toml", FLAT.format(0.30))
    await practice.run()
    assert list(faults(practice.house())) == []
    (partition, *_) = house.tables.partitions(SESSION_COSTS)
    rows = house.tables.read(SESSION_COSTS, [partition])
    house.tables.publish(SESSION_COSTS, rows.with_columns(pl.col("kwh_priced") + 1), [partition])
    assert [fault.partition(":")[0] for fault in faults(practice.house())] == ["session_costs"]


async def test_costs_as_they_were_known_are_those_of_the_sessions_known_then(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    then, before = practice.emulator.clock.now(), costs(practice)
    practice.emulator.clock.advance(timedelta(days=10))
    await practice.run()
    assert known_at(practice.house(), SESSION_COSTS, then).sort("line_id").equals(before.sort("line_id"))


async def test_new_places_are_applied_to_the_past_and_are_what_a_rebuild_gives(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    await practice.run()
    write(house, "places.toml", EVERYWHERE)
    await practice.run()
    settled = practice.house().tables.read(CHARGE_SESSIONS)
    assert settled.filter(pl.col("place_name") == "Depot").height > 0
    rebuild(practice.house())
    assert practice.house().tables.read(CHARGE_SESSIONS).equals(settled)


async def test_what_a_person_says_of_a_session_survives_collecting_again_and_rebuild(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    await practice.run()
    session = house.tables.read(CHARGE_SESSIONS)["session_id"][0]
    header = "session_id,place,place_name,said_by,said_on,why\n"
    write(house, "places-overrides.csv", f"{header}{session},work,,Anna,2026-10-20,it was at the depot\n")

    def said() -> list[tuple[str, str]]:
        rows = practice.house().tables.read(CHARGE_SESSIONS).filter(pl.col("session_id") == session)
        return rows.select("place", "place_method").rows()

    await practice.run()
    once = said()
    await practice.run("backfill")
    again = said()
    rebuild(practice.house())
    assert [once, again, said()] == [[("work", "override")]] * 3


async def test_doctor_says_which_rule_cannot_be_used(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    write(house, "tariffs.toml", FLAT.format(0.30).replace("EUR", "EURO"))
    (found,) = [each for each in findings(practice.house()) if each.about == "rules"]
    assert (found.is_well, "tariffs.toml: tariff 1 (home)" in found.says) == (False, True)


async def test_doctor_finds_a_vehicle_that_rules_name_and_nobody_has(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    write(house, "tariffs.toml", FLAT.format(0.30) + 'vehicles = ["nobodys"]\n')
    (found,) = [each for each in findings(practice.house()) if each.about == "rules"]
    assert (found.is_well, "nobodys" in found.says) == (False, True)
