"""Schedules and climate from the command line, the whole way: shown and set, good answers and each bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.verifying import faults
from lake.schemas import CHARGE_SCHEDULES
from tests.flows.controls.rig import (
    FLEET,
    PARTS,
    SCHEDULED,
    Desk,
    endpoint_of,
    kind_of,
    one_line,
    order_for,
    times,
    vehicle_for,
)

# Reading


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
