"""Schedules and climate from answers to history: each documented shape, each oddity, any order and repetition."""

from __future__ import annotations

import itertools
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landed_answers import answer

from lake.raw import Answer
from lake.schemas import CHARGE_SCHEDULES, CLIMATE_STATES, QUARANTINE_REASONS
from transforms import climate, schedules, snapshots

NIGHT = {"start": "22:00", "end": "06:00", "days": ["MONDAY"]}
NOON = {"start": "11:00", "end": "13:30", "days": ["SUNDAY", "SATURDAY"]}
PLACE = {
    "chargeLimit": 0.8,
    "location": {"latitude": 37.5, "longitude": -122.1},
    "chargingSchedules": {"weekday": [{"start": "09:00", "end": "17:00"}], "weekend": []},
}
TIMER = {
    "type": "LOCATION",
    "condition": {"name": "Home", "latitude": 1.5, "longitude": 2.5},
    "schedules": [{"start": "22:00:00", "end": "06:00:00", "days": ["MONDAY"]}],
    "departureTimers": [{"time": "07:30:00", "days": ["TUESDAY"]}],
    "isOEMOptimizationEnabled": True,
}


def nissan(*windows: dict[str, Any], run: int = 1) -> Answer:
    return answer("nissan_schedule", json.dumps({"chargeSchedules": windows}), run=run)


def told(stream: str, body: Any, number: int = 1) -> Answer:
    return answer(stream, body if isinstance(body, (str, bytes)) else json.dumps(body), number)


def signal(body: Any, status: str = "SUCCESS") -> dict[str, Any]:
    attributes = {"code": "charge-chargetimers", "status": {"value": status}}
    return {"data": {"type": "signal", "attributes": attributes | ({} if body is None else {"body": body})}}


def history(*answers: Answer) -> pl.DataFrame:
    made, _ = snapshots.apply(CHARGE_SCHEDULES, CHARGE_SCHEDULES.empty(), snapshots.read(answers).schedules)
    return made


def rows(stream: str, body: Any, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(history(told(stream, body)).select(columns or ("kind", "start_time", "end_time")).rows(), key=str)


def test_teslas_times_are_rows_of_which_one_is_enabled() -> None:
    body = {"departureTime": {"enabled": False, "time": "07:00"}, "startTime": {"enabled": True, "time": "18:30"}}
    assert rows("tesla_schedule", body, "kind", "enabled", "start_time", "end_time", "zone") == [
        ("departure_time", False, None, "07:00", "vehicle"), ("start_time", True, "18:30", None, "vehicle"),
    ]  # fmt: skip


@pytest.mark.parametrize("time", ["08:00", "8:00", "08:00:00", "2026-10-20T08:00:00Z", "2026-10-20T10:00:00+02:00"])
def test_nissans_times_are_utc_in_every_form(time: str) -> None:
    assert rows("nissan_schedule", {"chargeSchedules": [NIGHT | {"start": time}]})[0][1] == "08:00"


def test_a_window_over_midnight_says_so() -> None:
    assert history(nissan(NIGHT, NOON)).sort("start_time")["over_midnight"].to_list() == [False, True]


def test_days_are_in_the_order_of_the_week() -> None:
    assert history(nissan(NOON))["days"].to_list() == [["SATURDAY", "SUNDAY"]]


def test_a_place_tells_its_limit_in_percent_and_any_time_where_no_window_is() -> None:
    found = rows("ford_schedules", {"chargingLocations": [PLACE]}, "kind", "start_time", "charge_limit_pct", "zone")
    assert found == [("any_time", None, 80.0, "place"), ("window", "09:00", 80.0, "place")]


def test_no_window_is_any_time_and_no_place_is_none() -> None:
    assert rows("nissan_schedule", {"chargeSchedules": []}, "kind") == [("any_time",)]
    assert rows("lincoln_schedules", {"chargingLocations": []}, "kind") == [("none",)]


@pytest.mark.parametrize("bare", [False, True])
def test_timers_of_v3_tell_windows_and_departures_of_a_place(bare: bool) -> None:  # noqa: FBT001, a parameter
    body = signal({"values": [TIMER]})
    found = rows("v3_timers", body["data"] if bare else body, "kind", "start_time", "end_time", "place", "zone")
    assert found == [("departure_time", None, "07:30", "Home", None), ("window", "22:00", "06:00", "Home", None)]


def test_a_signal_without_a_body_tells_nothing_and_is_not_counted() -> None:
    read = snapshots.read([told("v3_timers", signal(None, "UNAVAILABLE"))])
    assert (read.received, read.schedules.height, read.quarantine.height) == ({}, 0, 0)


IMPOSSIBLE = [
    ("nissan_schedule", {"chargeSchedules": [NIGHT | {"start": "25:00"}]}, "bad_time"),
    ("nissan_schedule", {"chargeSchedules": [NIGHT | {"end": None}]}, "missing_field"),
    ("nissan_schedule", {"chargeSchedules": [NIGHT | {"days": ["MOONDAY"]}]}, "bad_type"),
    ("nissan_schedule", {"chargeSchedules": "none"}, "bad_type"),
    ("nissan_schedule", {}, "unreadable_answer"),
    ("tesla_schedule", {"startTime": None}, "unreadable_answer"),
    ("tesla_schedule", {"startTime": {"enabled": "yes", "time": "18:30"}}, "bad_type"),
    ("ford_schedules", {"chargingLocations": [PLACE | {"chargeLimit": 80}]}, "bad_type"),
    ("ford_schedules", {"chargingLocations": [PLACE | {"location": {"latitude": 137}}]}, "bad_type"),
    ("ford_schedules", {"chargingLocations": [7]}, "bad_type"),
    ("tesla_cabin", {"status": None}, "unreadable_answer"),
    ("tesla_cabin", {"status": "ON", "temperature": "hot"}, "bad_type"),
    ("v3_timers", {"data": []}, "unreadable_answer"),
    ("v3_timers", signal({"values": [TIMER | {"condition": {"name": 7}}]}), "bad_type"),
    ("tesla_cabin", "<html>", "unreadable_answer"),
]  # fmt: skip


@pytest.mark.parametrize(("stream", "body", "reason"), IMPOSSIBLE)
def test_what_cannot_be_is_quarantined_as_a_whole(stream: str, body: Any, reason: str) -> None:
    read = snapshots.read([told(stream, body)])
    assert read.quarantine.select("stream", "reason").rows() == [(stream, reason)]
    assert (read.received, read.schedules.height + read.climates.height) == ({stream: 1}, 0)


def test_an_unknown_field_is_drift_and_breaks_nothing() -> None:
    read = snapshots.read([told("nissan_schedule", {"chargeSchedules": [NIGHT | {"colour": "blue"}], "new": 1})])
    assert read.schedules.height == 1
    assert {note.partition(" (")[0] for note in read.drift["nissan_schedule"]} == {
        "unknown field: new", "unknown field: chargeSchedules.colour",
    }  # fmt: skip


def test_the_same_windows_in_another_order_are_no_change() -> None:
    made, counts = snapshots.apply(
        CHARGE_SCHEDULES,
        CHARGE_SCHEDULES.empty(),
        snapshots.read([nissan(NIGHT, NOON), nissan(NOON, NIGHT, run=2)]).schedules,
    )
    assert made["revision"].unique().to_list() == [1]
    assert (counts["nissan_schedule"].new, counts["nissan_schedule"].unchanged) == (1, 1)


CHANGES = [nissan(NIGHT), nissan(NIGHT, NOON, run=2), nissan(run=3), nissan(NIGHT, run=4)]


def test_each_change_is_a_revision_that_says_when_it_was_replaced() -> None:
    made = history(*CHANGES)
    per_revision = made.unique("revision").sort("revision")
    assert per_revision["revision"].to_list() == [1, 2, 3, 4]
    assert per_revision["superseded_at"].to_list() == [*(each.received_at for each in CHANGES[1:]), None]
    assert snapshots.current(made)["kind"].to_list() == ["window"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_the_order_in_which_a_batch_comes_makes_no_difference(order: tuple[int, ...]) -> None:
    expected = history(*CHANGES[:3])
    assert (
        history(*(CHANGES[place] for place in order))
        .sort("revision", "window_no")
        .equals(expected.sort("revision", "window_no"))
    )


@pytest.mark.parametrize("cut", range(1, 4))
def test_batches_taken_in_twice_make_what_one_makes(cut: int) -> None:
    made = history(*CHANGES[:cut])
    for batch in (CHANGES[:cut], CHANGES[cut - 1 :], CHANGES):
        made, _ = snapshots.apply(CHARGE_SCHEDULES, made, snapshots.read(batch).schedules)
    assert made.sort("revision", "window_no").equals(history(*CHANGES).sort("revision", "window_no"))


def test_what_was_known_at_an_instant_still_stood_then() -> None:
    made = history(*CHANGES)
    known = snapshots.known_at(made, CHANGES[1].received_at)
    assert snapshots.current(known)["revision"].unique().to_list() == [2]


def test_a_part_of_the_climate_has_its_own_revisions() -> None:
    bodies = [("tesla_cabin", {"status": "ON", "temperature": 20}), ("tesla_defroster", {"status": "unavailable"})]
    read = snapshots.read([told(*each, number) for number, each in enumerate(bodies)])
    made, _ = snapshots.apply(CLIMATE_STATES, CLIMATE_STATES.empty(), read.climates)
    assert made.sort("part").select("part", "status", "temperature_c").rows() == [
        ("cabin", "ON", 20.0), ("defroster", "UNAVAILABLE", None),
    ]  # fmt: skip


NAMES = [
    "startTime", "departureTime", "enabled", "time", "chargeSchedules", "start", "end", "days", "chargingLocations",
    "chargeLimit", "location", "latitude", "chargingSchedules", "weekday", "status", "temperature", "data",
    "attributes", "body", "values", "condition", "schedules", "departureTimers",
]  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["22:00", "MONDAY", "ON", "", "\ud800"])
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=14,
)


@pytest.mark.parametrize("stream", [*schedules.READERS, *climate.PARTS])
@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(body=anything.map(json.dumps) | st.binary(max_size=40))
def test_any_answer_is_observed_or_quarantined(stream: str, body: str | bytes) -> None:
    read = snapshots.read([told(stream, body)])
    kept = read.schedules.height + read.climates.height + read.quarantine.height
    assert sum(read.received.values()) == kept
    assert set(read.quarantine["reason"]) <= set(QUARANTINE_REASONS)
    history_of, observed = (
        (CLIMATE_STATES, read.climates) if stream in climate.PARTS else (CHARGE_SCHEDULES, read.schedules)
    )
    made, counts = snapshots.apply(history_of, history_of.empty(), observed)
    assert sum(count.new for count in counts.values()) == observed.height
    assert made.schema == history_of.schema
