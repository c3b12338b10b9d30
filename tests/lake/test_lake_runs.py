from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from lake.runs import Runs, StreamCount, add_counts
from lake.schemas import RUNS
from lake.state import open_state

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
FOUND = StreamCount(requests=2, received=4, new=1, changed=1, unchanged=1, quarantined=1, drift=("b",))

parts = st.integers(0, 100)
counts = st.builds(
    lambda requests, new, changed, unchanged, quarantined, drift: StreamCount(
        requests, new + changed + unchanged + quarantined, new, changed, unchanged, quarantined, tuple(sorted(drift))
    ),
    parts, parts, parts, parts, parts, st.sets(st.sampled_from("abc")),
)  # fmt: skip


@given(counts, counts, counts)
def test_counts_may_be_added_in_any_order(one: StreamCount, two: StreamCount, three: StreamCount) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + StreamCount() == one


@given(st.lists(counts))
def test_counts_that_are_conserved_stay_so_when_added(found: list[StreamCount]) -> None:
    assert sum(found, StreamCount()).is_conserved


def test_a_record_that_became_nothing_is_not_conserved() -> None:
    assert not (FOUND + StreamCount(received=1)).is_conserved


def test_a_record_that_became_two_things_is_not_conserved() -> None:
    assert not (FOUND + StreamCount(new=1)).is_conserved


def test_drift_is_united() -> None:
    assert (FOUND + StreamCount(drift=("a", "b"))).drift == ("a", "b")


def test_counts_by_stream_keep_the_streams_of_both() -> None:
    one, other = {"days": FOUND, "billing": FOUND}, {"billing": FOUND, "bmw": FOUND}
    assert add_counts(one, other) == {"billing": FOUND + FOUND, "bmw": FOUND, "days": FOUND}


@pytest.fixture
def runs(engine: Engine) -> Runs:
    kept = Runs(engine)
    kept.begin("run-1", "run", NOW)
    return kept


def test_counts_survive_reopening(runs: Runs, database: Path) -> None:
    runs.add("run-1", {"days": FOUND}, ["s-1"])
    again = open_state(f"sqlite:///{database}")
    assert Runs(again).counts("run-1") == {"days": FOUND}
    assert Runs(again).taken_in() == {"s-1"}
    again.dispose()


def test_what_is_added_adds_to_what_was_counted(runs: Runs) -> None:
    runs.add("run-1", {"days": FOUND})
    runs.add("run-1", {"days": StreamCount(requests=3, drift=("a",)), "billing": FOUND})
    assert runs.counts("run-1") == {"billing": FOUND, "days": FOUND + StreamCount(requests=3, drift=("a",))}


def test_segments_may_be_taken_in_again(runs: Runs) -> None:
    runs.add("run-1", {}, ["s-1"])
    runs.add("run-1", {}, ["s-1", "s-2", "s-2"])
    assert runs.taken_in() == {"s-1", "s-2"}


def test_counts_that_cannot_be_kept_take_no_segment_in(runs: Runs) -> None:
    unkept = StreamCount(received=2**64)
    with pytest.raises(OverflowError):
        runs.add("run-1", {"days": FOUND, "billing": unkept}, ["s-1"])
    assert runs.taken_in() == frozenset()
    assert runs.counts("run-1") == {}


def test_segments_that_cannot_be_kept_count_nothing(runs: Runs) -> None:
    with pytest.raises(SQLAlchemyError):
        runs.add("run-1", {"days": FOUND}, ["s-1", None])  # type: ignore[list-item]
    assert runs.taken_in() == frozenset()
    assert runs.counts("run-1") == {}


def test_the_table_has_a_row_a_run_and_stream_in_the_published_schema(runs: Runs) -> None:
    runs.begin("run-0", "backfill", NOW - timedelta(days=1))
    runs.add("run-0", {"days": FOUND})
    runs.add("run-1", {"days": FOUND, "billing": StreamCount()})
    runs.finish("run-1", "done", NOW + timedelta(minutes=1))
    table = runs.table()
    assert table.schema == RUNS.schema
    assert table.select("run_id", "command", "stream", "finished_at").rows() == [
        ("run-0", "backfill", "days", None),
        ("run-1", "run", "billing", NOW + timedelta(minutes=1)),
        ("run-1", "run", "days", NOW + timedelta(minutes=1)),
    ]
    assert table.row(2)[5:] == (2, 4, 1, 1, 1, 1, ["b"])


def test_a_house_without_runs_has_an_empty_table_of_the_same_schema(engine: Engine) -> None:
    table = Runs(engine).table()
    assert (table.height, table.schema) == (0, RUNS.schema)
