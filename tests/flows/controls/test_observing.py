"""Schedules and climate as runs observe them: after the records, as revisions, in tables that a rebuild makes again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from flows.publishing import publish_state
from flows.transforming import rebuild
from flows.verifying import faults
from lake.schemas import CHARGE_SCHEDULES, CLIMATE_STATES, QUARANTINE, RUNS
from tests.flows.conftest import NOW
from tests.flows.controls.rig import PARTS, SCHEDULED, Desk


def standing(desk: Desk, table: Any = CHARGE_SCHEDULES) -> pl.DataFrame:
    return desk.house().tables.read(table).filter(pl.col("superseded_at").is_null())


def test_a_run_observes_every_vehicle_that_has_something_to_observe(collected: Desk) -> None:
    assert standing(collected)["vehicle_id"].n_unique() == 3 * len(SCHEDULED)
    assert standing(collected, CLIMATE_STATES).height == 3 * len(PARTS)
    runs = collected.house().tables.read(RUNS).filter(pl.col("stream") == "nissan_schedule")
    assert runs.select("requests", "records_received", "records_new").rows() == [(3, 3, 3)]


def test_records_are_asked_before_anything_is_observed(collected: Desk) -> None:
    names = [entry.endpoint for entry in collected.emulator.log.entries if entry.vehicle_id]
    first = next(place for place, name in enumerate(names) if "records" not in name and "billing" not in name)
    assert all("records" not in name and "billing" not in name for name in names[first:])


def test_the_plan_tells_what_will_be_observed(desk: Desk) -> None:
    planned = desk("plan", "--json").json["observed"]
    assert len(planned) == 3 * (len(SCHEDULED) + len(PARTS))
    assert f"{len(planned)} requests" in desk("plan").out


def test_once_a_day_is_enough(collected: Desk) -> None:
    collected.emulator.log.clear()
    assert collected("run").code == 0
    assert not [name for name in collected.sent() if "schedule" in name or "cabin" in name]


def test_a_change_is_a_revision_and_what_was_set_before_stays(collected: Desk) -> None:
    vehicle = collected.vehicle("TESLA", 2)
    before = standing(collected).filter(vehicle_id=vehicle.id)
    collected.emulator._world.schedules.set_tesla(vehicle, "START_TIME", enabled=True, time="03:15")
    _next_day(collected)
    assert collected("run").code == 0
    told = collected.house().tables.read(CHARGE_SCHEDULES).filter(vehicle_id=vehicle.id)
    assert sorted(told["revision"].unique()) == [1, 2]
    replaced = told.filter(pl.col("revision") == 1)
    assert replaced["superseded_at"].n_unique() == 1
    assert replaced.drop("superseded_at").equals(before.drop("superseded_at"))
    assert (replaced["superseded_at"][0], "03:15") == (
        standing(collected).filter(vehicle_id=vehicle.id)["observed_at"][0],
        standing(collected).filter(vehicle_id=vehicle.id, kind="start_time")["start_time"][0],
    )


def _next_day(desk: Desk) -> None:
    desk.emulator.clock.advance(timedelta(days=1))


def test_two_revisions_that_both_stand_are_a_fault(collected: Desk) -> None:
    vehicle, house = collected.vehicle("NISSAN", 2).id, collected.house()
    rows = house.tables.read(CHARGE_SCHEDULES)
    doubled = rows.filter(vehicle_id=vehicle).with_columns(pl.lit(2, pl.Int32).alias("revision"))
    house.tables.replace_all(CHARGE_SCHEDULES, pl.concat([rows, doubled]))
    assert [fault.partition(":")[0] for fault in faults(house)] == ["charge_schedules"]


def test_what_was_known_before_a_change_can_be_asked_for(collected: Desk) -> None:
    vehicle = collected.vehicle("TESLA")
    at = collected.emulator.clock.now()
    collected.emulator._world.schedules.set_tesla(vehicle, "DEPARTURE_TIME", enabled=True, time="04:20")
    _next_day(collected)
    assert collected("run").code == 0
    stands = f"vehicle_id = '{vehicle.id}' AND superseded_at IS NULL"
    sql = f"SELECT revision FROM charge_schedules WHERE {stands}"
    now, then = (collected("query", sql, "--json", *more).json for more in ([], ["--as-of", at.isoformat()]))
    assert ({row["revision"] for row in now}, {row["revision"] for row in then}) == ({2}, {1})


def test_the_query_of_the_page_runs(collected: Desk) -> None:
    page = Path(__file__).parents[3] / "docs" / "schedules.md"
    sql = page.read_text("utf-8").split("```sql\n")[1].split("```")[0]
    assert len(collected("query", sql, "--json").json) > 0


def test_a_rebuild_gives_the_same_tables(collected: Desk) -> None:
    vehicle = collected.vehicle("NISSAN", 1)
    collected("schedule", "set", vehicle.id, "--window", "DAILY 01:00-05:00", "--send")
    house = collected.house()
    tables = (CHARGE_SCHEDULES, CLIMATE_STATES)
    before = [house.tables.read(table) for table in tables]
    for path in house.store.list("lake"):
        house.store.delete(path)
    rebuild(house)
    publish_state(house)
    assert [house.tables.read(table).equals(was) for table, was in zip(tables, before, strict=True)] == [True, True]
    assert list(faults(house)) == []


def test_a_schedule_that_cannot_be_is_quarantined_and_the_last_good_one_stands(collected: Desk) -> None:
    vehicle = collected.vehicle("NISSAN", 2)
    before = standing(collected).filter(vehicle_id=vehicle.id)
    collected.emulator.faults.add("error_with_200", endpoint="nissan_schedule", vehicle=vehicle.id)
    _next_day(collected)
    collected.emulator.faults.add("unknown_fields", endpoint="tesla_cabin")
    ended = collected("run", "--json")
    assert standing(collected).filter(vehicle_id=vehicle.id).equals(before)
    kept = collected.house().tables.read(QUARANTINE)
    assert kept.select("stream", "reason").rows() == [("nissan_schedule", "unreadable_answer")]
    assert any("unknown field" in note for note in ended.json["drift"]["tesla_cabin"])
    assert collected("quarantine", "replay").code == 0
    assert list(faults(collected.house())) == []


def test_trouble_with_a_schedule_is_told_where_it_is_shown_and_never_stops_a_run(desk: Desk) -> None:
    desk.emulator.faults.add("permission", endpoint="tesla_schedule")
    desk.emulator.faults.add("invalid_plan", endpoint="tesla_cabin")
    ended = desk("run", "--json")
    assert (ended.code, ended.json["waiting_for"]) == (0, {})
    shown = json.loads(desk("schedule", "show", desk.vehicle("TESLA").id, "--json").out)
    assert "owner" in shown["trouble"] or shown["trouble"] is None
    moves = {row["whose_move"] for row in desk("vehicles", "--json").json}
    assert "owner" not in moves


def test_they_get_what_the_budget_has_left_after_the_records(desk: Desk) -> None:
    spent = len(desk.house().budget.recent(NOW.replace(year=2000)))
    margin, connections, records, left = 1, 1, 12, 5
    limits = {"BUCKET": str(spent + margin + connections + records + left), "REFILL_PER_MINUTE": "0.01"}
    ended = desk("run", "--json", **{f"CHARGELAKE_SMARTCAR__{name}": value for name, value in limits.items()})
    observed = [name for name in desk.sent() if "records" not in name and "billing" not in name]
    assert (ended.code, len(desk.sent()) - len(observed), len(observed)) == (0, records, left), ended.err


def test_nothing_is_observed_while_a_record_waits(desk: Desk) -> None:
    spent = len(desk.house().budget.recent(NOW.replace(year=2000)))
    limits = {"BUCKET": str(spent + 9), "REFILL_PER_MINUTE": "0.001"}
    desk("run", "--json", **{f"CHARGELAKE_SMARTCAR__{name}": value for name, value in limits.items()})
    assert desk.sent()
    assert not [name for name in desk.sent() if "records" not in name and "billing" not in name]


def test_half_a_vehicles_month_is_kept_for_its_records(desk: Desk) -> None:
    ended = desk("run", CHARGELAKE_SMARTCAR__VEHICLE_MONTHLY="10")
    assert ended.code == 0, ended.err
    teslas = {desk.vehicle("TESLA", number).id for number in range(3)}
    asked = [entry for entry in desk.emulator.log.entries if entry.vehicle_id in teslas]
    assert {sum(entry.vehicle_id == each for entry in asked) for each in teslas} <= {2, 3}


def test_what_is_observed_does_not_make_bills_look_dearer(collected: Desk) -> None:
    house = collected.house()
    tesla = collected.vehicle("TESLA").id
    asked = [entry for entry in collected.emulator.log.entries if entry.vehicle_id == tesla]
    spent = house.budget.by_day()[tesla]
    assert len(asked) >= 6
    assert spent[-1] < len(asked) + 2
    assert sum(house.budget.vehicle_totals(collected.emulator.clock.now().replace(year=2000)).values()) > sum(spent)


def test_a_forgotten_vehicle_leaves_nothing_of_its_settings(collected: Desk) -> None:
    vehicle = collected.vehicle("TESLA").id
    collected("climate", "stop", vehicle, "cabin", "--send")
    ended = collected("forget", vehicle, "--yes", "--keep-connection")
    assert ended.code == 0, ended.err
    house = collected.house()
    assert [vehicle in house.tables.read(table)["vehicle_id"] for table in (CHARGE_SCHEDULES, CLIMATE_STATES)] == [
        False
    ] * 2
    assert [
        path for path in collected.home.rglob("*") if path.is_file() and vehicle.encode() in path.read_bytes()
    ] == []


def test_a_person_may_name_a_vehicle_as_pages_do(collected: Desk) -> None:
    vehicle = collected.vehicle("NISSAN").id
    assert collected("schedule", "show", collected.house().names()(vehicle), "--json").json["vehicle_id"] == vehicle
