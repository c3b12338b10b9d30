"""Drift: what a stream tells otherwise than documented is told once a run and stream, with a harmless example."""

from __future__ import annotations

import json

import pytest

from flows.cli.running import as_facts, in_words
from flows.transforming import _drift_once
from lake.runs import StreamCount
from lake.schemas import RUNS
from tests.edge_cases.showroom import Showroom
from tests.flows.conftest import Practice
from transforms.drift import Drift, about

UNKNOWN = 'unknown field: xNew (e.g. {"since":2026})'


def noted(name: str, example: str) -> str:
    drift = Drift()
    drift.unknown("bmw_records", name, example)
    [note] = drift.notes()["bmw_records"]
    return note


def test_drift_is_told_once_a_run_and_stream_with_an_example(showroom: Showroom) -> None:
    told = showroom.drift["bmw_records"]
    assert UNKNOWN in told
    assert "missing field: chargeStart" in told
    assert "changed type: energy (text instead of number)" in told
    assert "changed type: location (number instead of text)" in told
    assert len({about(note) for note in told}) == len(told)


def test_drift_is_shown_by_run_for_people_and_machines(showroom: Showroom) -> None:
    assert f"bmw_records: {UNKNOWN}" in in_words(showroom.result)
    assert UNKNOWN in json.loads(json.dumps(as_facts(showroom.result), default=str))["drift"]["bmw_records"]


async def test_drift_is_stored_with_its_run(practice: Practice) -> None:
    await practice.connect("3-vehicles@smartcar.com")
    practice.emulator.faults.add("unknown_fields", endpoint="bmw_records")
    await practice.run()
    await practice.run()
    runs = practice.house().tables.read(RUNS)
    drift = {row["stream"]: row["drift"] for row in runs.iter_rows(named=True)}
    assert drift["bmw_records"] == ['unknown field: answer.xNew (e.g. {"since":2026})', UNKNOWN]
    assert drift["mini_records"] == []


async def test_a_later_batch_of_the_run_does_not_tell_the_field_again_with_another_example(practice: Practice) -> None:
    house = practice.house()
    house.runs.begin("run-1", "run", practice.emulator.clock.now())
    house.runs.add("run-1", {"bmw_records": StreamCount(drift=("unknown field: x (e.g. 1)",))})
    later = {"bmw_records": StreamCount(received=2, drift=("missing field: y", "unknown field: x (e.g. 2)"))}
    assert _drift_once(house, "run-1", later) == {"bmw_records": StreamCount(received=2, drift=("missing field: y",))}


def test_the_first_example_stays() -> None:
    drift = Drift()
    for example in ("1", "2"):
        drift.unknown("bmw_records", "x", example)
    assert drift.notes() == {"bmw_records": {"unknown field: x (e.g. 1)"}}


def test_an_example_is_one_line_of_sixty_characters() -> None:
    note = noted("x", "a b\n" * 200)
    example = note.removeprefix("unknown field: x (e.g. ").removesuffix(")")
    assert len(example) == 60
    assert example.endswith("…")
    assert "\n" not in note


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("contact", "ada@example.com"),
        ("contact", '{"mail": "ada@example.com"}'),
        ("chassis", "WBY7Z21080V300001"),
        ("header", "Bearer abc"),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.e30.x"),
        ("blob", "c2VjcmV0LXNlY3JldC1zZWNyZXQ5"),
        ("link", "https://example.com/?token=abc"),
        ("accessToken", "abc"),
        ("vin", "1"),
        ("ownerName", "Ada"),
        ("password", "x"),
    ],
)
def test_an_example_gives_nobody_away(name: str, example: str) -> None:
    assert noted(name, example) == f"unknown field: {name}"


def test_a_field_named_after_somebody_is_told_without_its_name() -> None:
    assert noted("ada@example.com", "1") == "unknown field: … (e.g. 1)"
