"""The charge timers that v3 tells: shown, observed, and never set."""

from __future__ import annotations

import pytest

from flows.verifying import faults
from lake.schemas import CHARGE_SCHEDULES, QUARANTINE
from tests.flows.controls.rig import (
    OTHER,
    SCHEDULED,
    Desk,
    one_line,
    times,
)


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
