"""Schedules and climate, the whole way: emulator, collector, raw, tables, command; good answers and each bad one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from emulator import Emulator
from emulator.model import Vehicle
from flows.publishing import publish_state
from flows.transforming import rebuild, take_in_new
from flows.verifying import faults
from lake.schemas import CHARGE_SCHEDULES, CLIMATE_STATES, QUARANTINE, RUNS
from tests.flows.conftest import NOW, Ended
from tests.flows.controls_rig import FLEET, Desk, copied, emulator_in_a_thread

SCHEDULED = ("TESLA", "NISSAN", "FORD", "LINCOLN")
PARTS = ("cabin", "defroster", "steering_wheel")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with emulator_in_a_thread() as started:
        yield started


@pytest.fixture(scope="module")
def connected(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose owner has granted schedules and climate."""
    home = tmp_path_factory.mktemp("connected") / "home"
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk(emulator, home, patch, _Silent())  # type: ignore[arg-type]  # what is printed is not looked at
        ended = desk("connect", "--test-account", FLEET, "--scopes", "schedules,climate")
        take_in_new(desk.house())  # once for all tests
    assert ended.code == 0
    return home


class _Silent:
    def readouterr(self) -> tuple[str, str]:
        return "", ""


@pytest.fixture
def desk(
    emulator: Emulator,
    connected: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    emulator.log.clear()
    emulator.clock.set(NOW)
    monkeypatch.setattr("os.fsync", lambda _: None)  # no test here cuts the power
    yield Desk(emulator, copied(connected, tmp_path), monkeypatch, capsys)
    emulator.faults.clear()


def one_line(ended: Ended) -> bool:
    return ended.err.count("\n") == 1 and "Traceback" not in ended.err


def kind_of(part: str) -> str:
    return "climate" if part in PARTS else "schedule"


def endpoint_of(part: str) -> str:
    if part in PARTS:
        return f"tesla_{part}"
    return f"{part.lower()}_schedule{'s' if part in {'FORD', 'LINCOLN'} else ''}"


def vehicle_for(desk: Desk, part: str) -> Vehicle:
    """A vehicle of the make; for a part of the climate, a Tesla that has it fitted."""
    if part not in PARTS:
        return desk.vehicle(part)
    teslas = [desk.vehicle("TESLA", number) for number in range(3)]
    return next(each for each in teslas if desk.emulator._world.climates.of(each, part).status != "UNAVAILABLE")


def order_for(desk: Desk, part: str) -> list[str]:
    """Arguments that set something of a vehicle."""
    vehicle = vehicle_for(desk, part).id
    if part in PARTS:
        return ["climate", "start", vehicle, part]
    if part == "TESLA":
        return ["schedule", "set", vehicle, "--start-time", "23:30"]
    if part == "NISSAN":
        return ["schedule", "set", vehicle, "--window", "MON-FRI 22:00-06:00", "--window", "SAT,SUN 10:00-14:00"]
    desk.shown("schedule", vehicle_for(desk, part), "--live")
    place = desk.emulator._world.schedules.places(vehicle_for(desk, part))[0]
    here = ["--at", f"{place.latitude},{place.longitude}", "--limit", "0.7"]
    return ["schedule", "set", vehicle, *here, "--weekday", "22:00-06:00", "--any-time", "weekend"]


# Reading


def times(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {(each["kind"], each["start_time"], each["end_time"]) for each in rows}


def test_a_tesla_is_shown_as_its_clock_has_it(desk: Desk) -> None:
    vehicle = desk.vehicle("TESLA")
    told = desk.emulator._world.schedules.tesla(vehicle)
    rows = desk.shown("schedule", vehicle, "--live")
    assert times(rows) == {("start_time", told.start.time, None), ("departure_time", None, told.departure.time)}
    assert {each["kind"]: each["enabled"] for each in rows} == {
        "start_time": told.start.enabled, "departure_time": told.departure.enabled,
    }  # fmt: skip
    assert {each["zone"] for each in rows} == {"vehicle"}


@pytest.mark.parametrize("number", range(3))
def test_a_nissan_is_shown_in_utc_whichever_way_it_tells_times(desk: Desk, number: int) -> None:
    vehicle = desk.vehicle("NISSAN", number)
    told = desk.emulator._world.schedules.nissan(vehicle)
    rows = desk.shown("schedule", vehicle, "--live")
    assert times(rows) == ({("window", each.start, each.end) for each in told} or {("any_time", None, None)})
    assert {each["zone"] for each in rows} == {"UTC"}
    assert all(each["over_midnight"] == (each["end_time"] <= each["start_time"]) for each in rows if each["end_time"])


@pytest.mark.parametrize("make", ["FORD", "LINCOLN"])
def test_a_ford_or_lincoln_is_shown_by_place(desk: Desk, make: str) -> None:
    vehicle = desk.vehicle(make)
    told = desk.emulator._world.schedules.places(vehicle)
    rows = desk.shown("schedule", vehicle, "--live")
    for place in told:
        here = [each for each in rows if (each["latitude"], each["longitude"]) == (place.latitude, place.longitude)]
        assert {each["charge_limit_pct"] for each in here} == {place.limit * 100}
        windows = (*place.weekday, *place.weekend)
        assert {each for each in times(here) if each[0] == "window"} == {("window", w.start, w.end) for w in windows}
        assert len([each for each in here if each["kind"] == "any_time"]) == (not place.weekday) + (not place.weekend)


def test_the_climate_of_a_tesla_is_shown_with_what_is_not_fitted(desk: Desk) -> None:
    vehicle = desk.vehicle("TESLA", 1)
    told = {part: desk.emulator._world.climates.of(vehicle, part) for part in PARTS}
    rows = desk.shown("climate", vehicle, "--live")
    assert {each["part"]: (each["status"], each["temperature_c"]) for each in rows} == {
        part: (state.status, state.temperature) for part, state in told.items()
    }


def test_without_live_nobody_is_asked_and_nothing_is_known_at_first(desk: Desk) -> None:
    vehicle = desk.vehicle("TESLA")
    assert desk.shown("schedule", vehicle) == []
    assert "--live asks" in desk("schedule", "show", vehicle.id).out
    assert desk.sent() == []


READ_FAULTS = {
    "permission": 3,
    "vehicle_not_capable": 5,
    "validation_parameter": 2,
    "asleep": 5,
    "remote_access_disabled": 3,
}


@pytest.mark.parametrize("fault", READ_FAULTS)
@pytest.mark.parametrize("part", [*SCHEDULED, *PARTS])
def test_each_bad_answer_to_reading_is_one_clear_line(desk: Desk, part: str, fault: str) -> None:
    vehicle = vehicle_for(desk, part)
    desk.emulator.faults.add(fault, endpoint=endpoint_of(part))
    ended = desk(kind_of(part), "show", vehicle.id, "--live")
    assert (ended.code, one_line(ended)) == (READ_FAULTS[fault], True), ended.err
    assert list(faults(desk.house())) == []


@pytest.mark.parametrize("part", ["TESLA", "NISSAN", "FORD", "cabin"])
def test_a_permission_that_was_taken_back_names_the_owners_move(desk: Desk, part: str) -> None:
    scope = {"cabin": "read_climate", "FORD": "read_charge_locations"}.get(part, "read_charge")
    desk.emulator.faults.add("withhold_permission", scope=scope)
    ended = desk(kind_of(part), "show", vehicle_for(desk, part).id, "--live")
    assert (ended.code, "owner must connect again" in ended.err) == (3, True)


# Setting


@pytest.mark.parametrize("part", [*SCHEDULED, *PARTS])
def test_an_order_is_only_shown_until_it_is_sent(desk: Desk, part: str) -> None:
    order = order_for(desk, part)
    desk.emulator.log.clear()
    ended = desk(*order)
    assert (ended.code, desk.sent()) == (0, [])
    assert "nothing was sent" in ended.out
    shown = desk(*order, "--json").json
    assert (shown["sent"], len(shown["requests"])) == (False, 1)


@pytest.mark.parametrize("part", [*SCHEDULED, *PARTS])
def test_what_is_sent_is_what_was_shown_and_is_read_back(desk: Desk, part: str) -> None:
    order = order_for(desk, part)
    shown = desk(*order, "--json").json
    desk.emulator.log.clear()
    ended = desk(*order, "--send", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["requests"] == shown["requests"]
    name = endpoint_of(part)
    assert desk.sent() == [f"{shown['requests'][0]['method']} {name}_set", f"GET {name}"]
    assert ended.json[kind_of(part)] == desk.shown(kind_of(part), vehicle_for(desk, part))
    assert list(faults(desk.house())) == []


def test_a_tesla_starts_when_it_was_told_to(desk: Desk) -> None:
    desk(*order_for(desk, "TESLA"), "--send")
    told = desk.emulator._world.schedules.tesla(desk.vehicle("TESLA"))
    assert (told.start.enabled, told.start.time, told.departure.enabled) == (True, "23:30", False)


def test_a_nissan_keeps_the_windows_it_was_told(desk: Desk) -> None:
    desk(*order_for(desk, "NISSAN"), "--send")
    week, weekend = desk.emulator._world.schedules.nissan(desk.vehicle("NISSAN"))
    assert (week.start, week.end, len(week.days)) == ("22:00", "06:00", 5)
    assert (weekend.start, weekend.days) == ("10:00", ("SATURDAY", "SUNDAY"))


def test_a_nissan_of_the_older_api_is_told_by_post(desk: Desk) -> None:
    desk.emulator.faults.add("not_found", endpoint="nissan_schedule_set", times=1)
    ended = desk(*order_for(desk, "NISSAN"), "--send")
    assert ended.code == 0, ended.err
    assert desk.sent()[-3:] == ["PUT nissan_schedule_set", "POST nissan_schedule_set", "GET nissan_schedule"]


@pytest.mark.parametrize("make", ["FORD", "LINCOLN"])
def test_a_place_keeps_limit_and_windows_and_other_places_theirs(desk: Desk, make: str) -> None:
    before = desk.emulator._world.schedules.places(desk.vehicle(make))
    desk(*order_for(desk, make), "--send")
    after = desk.emulator._world.schedules.places(desk.vehicle(make))
    assert (after[0].limit, [(each.start, each.end) for each in after[0].weekday]) == (0.7, [("22:00", "06:00")])
    assert (after[0].weekend, after[1:]) == ((), before[1:])


def test_what_is_not_said_of_a_place_stays(desk: Desk) -> None:
    vehicle = desk.vehicle("FORD", 1)
    desk.shown("schedule", vehicle, "--live")
    before = desk.emulator._world.schedules.places(vehicle)[0]
    ended = desk(
        "schedule", "set", vehicle.id, "--at", f"{before.latitude},{before.longitude}", "--limit", "0.6", "--send"
    )
    after = desk.emulator._world.schedules.places(vehicle)[0]
    assert (ended.code, after.limit) == (0, 0.6)
    assert {(w.start, w.end) for w in after.weekday} == {(w.start, w.end) for w in before.weekday}
    assert {(w.start, w.end) for w in after.weekend} == {(w.start, w.end) for w in before.weekend}


@pytest.mark.parametrize("make", SCHEDULED)
def test_a_schedule_is_cleared(desk: Desk, make: str) -> None:
    assert desk(*order_for(desk, make), "--send").code == 0
    at = order_for(desk, make)[3:5] if make in {"FORD", "LINCOLN"} else []
    ended = desk("schedule", "clear", desk.vehicle(make).id, *at, "--send", "--json")
    assert ended.code == 0, ended.err
    rows = ended.json["schedule"]
    here = [each for each in rows if not at or f"{each['latitude']},{each['longitude']}" == at[1]]
    assert {each["kind"] for each in here} <= {"any_time", "start_time", "departure_time"}
    assert not any(each["enabled"] for each in here if each["kind"] != "any_time")


def test_a_tesla_without_a_time_has_nothing_to_clear(desk: Desk) -> None:
    vehicle = desk.vehicle("TESLA").id
    desk("schedule", "clear", vehicle, "--send")
    desk.emulator.log.clear()
    ended = desk("schedule", "clear", vehicle, "--send")
    assert (ended.code, "nothing to clear" in ended.out, desk.sent()) == (0, True, [])


def test_the_cabin_is_started_with_a_temperature_and_stopped(desk: Desk) -> None:
    vehicle = desk.vehicle("TESLA")
    ended = desk("climate", "start", vehicle.id, "cabin", "--temperature", "21.5", "--send", "--json")
    assert ended.json["answers"] == [{"status": "ON"}]
    assert desk.emulator._world.climates.of(vehicle, "cabin").temperature == 21.5
    assert desk("climate", "stop", vehicle.id, "--send", "--json").json["answers"] == [{"status": "OFF"}]


def test_what_is_not_fitted_is_said_before_and_after_it_is_known(desk: Desk) -> None:
    climates = desk.emulator._world.climates
    teslas = [desk.vehicle("TESLA", number) for number in range(3)]
    vehicle, part = next((v, p) for v in teslas for p in PARTS if climates.of(v, p).status == "UNAVAILABLE")
    blind = desk("climate", "start", vehicle.id, part, "--send")
    assert (blind.code, "not fitted" in blind.err, len(desk.sent())) == (2, True, 2)
    desk.emulator.log.clear()
    known = desk("climate", "start", vehicle.id, part, "--send")
    assert (known.code, "not fitted" in known.err, desk.sent()) == (2, True, [])


SET_FAULTS = {
    "permission": 3,
    "vehicle_not_capable": 5,
    "make_not_compatible": 5,
    "validation": 2,
    "charging_in_progress": 5,
    "remote_access_disabled": 3,
}


@pytest.mark.parametrize("fault", SET_FAULTS)
@pytest.mark.parametrize("part", [*SCHEDULED, *PARTS])
def test_each_bad_answer_to_setting_is_one_clear_line(desk: Desk, part: str, fault: str) -> None:
    order = order_for(desk, part)
    desk.emulator.faults.add(fault, endpoint=f"{endpoint_of(part)}_set")
    ended = desk(*order, "--send")
    assert (ended.code, one_line(ended)) == (SET_FAULTS[fault], True), ended.err


MISTAKES = [
    ("TESLA", ["--start-time", "25:00"], "not a time"),
    ("TESLA", ["--start-time", "22:00", "--departure-time", "07:00"], "exclude"),
    ("TESLA", ["--window", "DAILY 22:00-06:00"], "--window"),
    ("TESLA", [], "nothing to set"),
    ("NISSAN", ["--window", "DAILY 01:00-02:00"] * 4, "at most 3"),
    ("NISSAN", ["--window", "22:00-06:00"], "MON-FRI"),
    ("NISSAN", ["--window", "MOON 22:00-06:00"], "MON-FRI"),
    ("NISSAN", ["--window", "MON 22:00-22:00"], "any time"),
    ("NISSAN", ["--start-time", "22:00"], "--start-time"),
    ("FORD", ["--limit", "0.4"], "0.5 to 1"),
    ("FORD", ["--limit", "1.5"], "0.5 to 1"),
    ("FORD", ["--weekday", "22:30-06:00"], "whole hours"),
    ("FORD", ["--at", "1.0,2.0", "--limit", "0.8"], "no place"),
    ("FORD", ["--at", "home", "--limit", "0.8"], "LATITUDE"),
    ("FORD", ["--any-time", "holiday"], "weekday or weekend"),
    ("LINCOLN", ["--weekday", "09:00-10:00", "--any-time", "weekday"], "exclude"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "options", "says"), MISTAKES)
def test_what_the_api_would_not_take_is_never_sent(desk: Desk, make: str, options: list[str], says: str) -> None:
    vehicle = desk.vehicle(make)
    desk.shown("schedule", vehicle, "--live")
    desk.emulator.log.clear()
    if make in {"FORD", "LINCOLN"} and "--at" not in options:
        place = desk.emulator._world.schedules.places(vehicle)[0]
        options = [*options, "--at", f"{place.latitude},{place.longitude}"]
    ended = desk("schedule", "set", vehicle.id, *options, "--send")
    assert (ended.code, one_line(ended), says in ended.err) == (2, True, True), ended.err
    assert desk.sent() == []


COMMANDS = ("schedule show", "schedule set", "schedule clear", "climate show", "climate start", "climate stop")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(desk: Desk, command: str) -> None:
    shown = desk(*command.split(), "--help")
    assert (shown.code, "Example" in shown.out) == (0, True)


WRONG = [
    (["schedule", "show", "nobody"], "no such vehicle"),
    (["schedule", "show", "BMW"], "no charge schedule"),
    (["climate", "show", "FORD"], "no climate"),
    (["climate", "start", "TESLA", "seat"], "cabin"),
    (["climate", "start", "TESLA", "cabin", "--temperature", "90"], "from 10 to 35"),
    (["climate", "start", "TESLA", "defroster", "--temperature", "20"], "cabin"),
    (["schedule", "set", "FORD", "--limit", "0.8"], "--live"),
    (["connect", "--test-account", FLEET, "--scopes", "odometer"], "schedules, climate"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG)
def test_a_mistake_is_one_clear_line(desk: Desk, arguments: list[str], says: str) -> None:
    ids = {make: desk.vehicle(make).id for make in (*SCHEDULED, "BMW")}
    ended = desk(*(ids.get(each, each) for each in arguments))
    assert (ended.code, one_line(ended), says in ended.err) == (2, True, True), ended.err


def test_without_the_scopes_the_owner_is_asked_for_them(desk: Desk, tmp_path: Path) -> None:
    plain = Desk(desk.emulator, tmp_path / "plain", desk.patch, desk.capture)
    account = "6-mixed@smartcar.com"
    assert plain("connect", "--test-account", account).code == 0
    vehicle = plain.vehicle("TESLA", account=account).id
    for arguments in (["schedule", "show", vehicle, "--live"], ["climate", "start", vehicle, "--send"]):
        ended = plain(*arguments)
        assert (ended.code, one_line(ended), "--scopes" in ended.err) == (3, True, True), ended.err
    assert plain("run").code == 0
    assert plain.house().tables.read(CHARGE_SCHEDULES).is_empty()


# Collecting


def standing(desk: Desk, table: Any = CHARGE_SCHEDULES) -> pl.DataFrame:
    return desk.house().tables.read(table).filter(pl.col("superseded_at").is_null())


@pytest.fixture
def collected(desk: Desk) -> Desk:
    assert desk("run").code == 0
    return desk


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
    page = Path(__file__).parents[2] / "docs" / "schedules.md"
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


# v3: charge timers


OTHER = "6-mixed@smartcar.com"


@pytest.fixture(scope="module")
def through_v3(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose owner has granted schedules through v3."""
    home = tmp_path_factory.mktemp("v3") / "home"
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk(emulator, home, patch, _Silent())  # type: ignore[arg-type]  # what is printed is not looked at
        ended = desk("connect", "--test-account", OTHER, "--v3", "--scopes", "schedules")
    assert ended.code == 0
    return home


@pytest.fixture
def v3(desk: Desk, through_v3: Path, tmp_path: Path) -> Desk:
    return Desk(desk.emulator, copied(through_v3, tmp_path / "v3"), desk.patch, desk.capture)


def test_v3_tells_the_timers_of_every_make(v3: Desk) -> None:
    schedules = v3.emulator._world.schedules
    nissan, bmw, ford = (v3.vehicle(make, account=OTHER) for make in ("NISSAN", "BMW", "FORD"))
    for vehicle in (nissan, bmw):
        windows = {("window", each.start, each.end) for each in schedules.nissan(vehicle)}
        assert times(v3.shown("schedule", vehicle, "--live")) == (windows or {("any_time", None, None)})
    rows = v3.shown("schedule", ford, "--live")
    assert {(each["place"], each["latitude"]) for each in rows} == {
        (f"Place {number}", each.latitude) for number, each in enumerate(schedules.places(ford), 1)
    }
    assert {(each["zone"], each["source"]) for each in rows} == {(None, "smartcar_v3")}


def test_v3_tells_a_teslas_start_and_departure(v3: Desk) -> None:
    vehicle, schedules = v3.vehicle("TESLA", account=OTHER), v3.emulator._world.schedules
    schedules.set_tesla(vehicle, "START_TIME", enabled=True, time="23:30")
    assert times(v3.shown("schedule", vehicle, "--live")) == {("start_time", "23:30", None)}
    schedules.set_tesla(vehicle, "DEPARTURE_TIME", enabled=True, time="07:10")
    assert times(v3.shown("schedule", vehicle, "--live")) == {("departure_time", None, "07:10")}
    schedules.set_tesla(vehicle, "DEPARTURE_TIME", enabled=False, time=None)
    assert times(v3.shown("schedule", vehicle, "--live")) == {("any_time", None, None)}


def test_a_run_observes_the_timers_of_v3(v3: Desk) -> None:
    ended = v3("run", "--json")
    assert ended.code == 0, ended.err
    house = v3.house()
    rows = house.tables.read(CHARGE_SCHEDULES)
    assert (rows["vehicle_id"].n_unique(), set(rows["make"])) == (6, {*SCHEDULED, "BMW", "MINI"})
    assert list(faults(house)) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [("permission", 3), ("vehicle_not_capable", 5), ("validation", 2), ("asleep", 5), ("signal_unavailable", 5),
     ("empty_store", 5)],
)  # fmt: skip
def test_each_bad_answer_to_timers_is_one_clear_line(v3: Desk, fault: str, code: int) -> None:
    options = {"signal": "charge-chargetimers"} if fault == "signal_unavailable" else {}
    v3.emulator.faults.add(fault, endpoint="v3_signal", **options)
    ended = v3("schedule", "show", v3.vehicle("FORD", account=OTHER).id, "--live")
    assert (ended.code, one_line(ended)) == (code, True), ended.err
    assert v3.house().tables.read(QUARANTINE).is_empty()


def test_what_only_v3_tells_cannot_be_set(v3: Desk) -> None:
    ended = v3("schedule", "set", v3.vehicle("TESLA", account=OTHER).id, "--start-time", "23:00", "--send")
    assert (ended.code, one_line(ended), "v2.0 only" in ended.err) == (2, True, True)
