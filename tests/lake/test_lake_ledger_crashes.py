"""The ledger as a machine of states: whatever is told in any order, with crashes in between, it knows those days."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, event

from lake.intervals import DayInterval, union
from lake.ledger import Ledger, StreamKey
from lake.state import open_state
from tests.tries import tries

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
FIRST = date(2026, 9, 1)
DAY = timedelta(days=1)
KEYS = [(vehicle, stream) for vehicle in ("v-1", "v-2") for stream in ("tesla_days", "bmw_records")]

keys = st.sampled_from(KEYS)
windows = st.builds(
    lambda since, days: DayInterval(FIRST + since * DAY, FIRST + (since + days) * DAY),
    st.integers(0, 20),
    st.integers(0, 6),
)
blocks = st.sampled_from(["owner_must_act", "upstream_error", "over_budget"])


class Crash(BaseException):
    """The process ends before its commit."""


class Days(RuleBasedStateMachine):
    """The model is a set of days and at most one block for each stream."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.days: defaultdict[StreamKey, set[date]] = defaultdict(set)
        self.blocked: dict[StreamKey, str] = {}
        self.start()

    def start(self) -> None:
        self.engine = open_state(f"sqlite:///{Path(self.folder.name) / 'chargelake.db'}")
        self.ledger = Ledger(self.engine)

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    @rule(key=keys, window=st.none() | windows)
    def answered(self, key: StreamKey, window: DayInterval | None) -> None:
        self.ledger.answered(*key, window, NOW)
        self.blocked.pop(key, None)
        if window is not None:
            self.days[key] |= days_of(window)

    @rule(key=keys, why=blocks)
    def not_answered(self, key: StreamKey, why: str) -> None:
        self.ledger.block(*key, why, detail="x", until=None, at=NOW)
        self.blocked[key] = why

    @rule(vehicle=st.sampled_from(["v-1", "v-2"]))
    def consented_again(self, vehicle: str) -> None:
        self.ledger.lift_blocks([vehicle])
        self.blocked = {key: why for key, why in self.blocked.items() if key[0] != vehicle}

    @rule(key=keys, known=st.lists(windows, max_size=3).map(union))
    def an_answer_was_lost(self, key: StreamKey, known: tuple[DayInterval, ...]) -> None:
        self.ledger.keep_only(*key, known)
        self.days[key] = set().union(*map(days_of, known))

    @rule(key=keys, window=windows)
    def crashed_before_an_answer_was_committed(self, key: StreamKey, window: DayInterval) -> None:
        with self.crashing():
            self.ledger.answered(*key, window, NOW)

    @rule(key=keys, window=windows)
    def crashed_before_a_loss_was_committed(self, key: StreamKey, window: DayInterval) -> None:
        with self.crashing():
            self.ledger.keep_only(*key, (window,))

    @contextmanager
    def crashing(self) -> Iterator[None]:
        event.listen(self.engine, "commit", _crash)
        with pytest.raises(Crash):
            yield
        self.started_again()

    @rule()
    def started_again(self) -> None:
        self.engine.dispose()
        self.start()

    @invariant()
    def it_knows_exactly_the_days_that_were_told(self) -> None:
        known = self.ledger.all_coverage()
        told = {key: set().union(*map(days_of, found)) for key, found in known.items()}
        assert told == {key: days for key, days in self.days.items() if days}
        assert all(self.ledger.coverage(*key) == known.get(key, ()) for key in KEYS)

    @invariant()
    def no_two_intervals_touch(self) -> None:
        for found in self.ledger.all_coverage().values():
            assert all(one.until + DAY < other.since for one, other in pairwise(found))

    @invariant()
    def what_stands_in_the_way_is_what_was_said_last(self) -> None:
        states = {key: state.blocked_state for key, state in self.ledger.states().items() if state.blocked_state}
        assert states == self.blocked


def _crash(_: Connection) -> None:
    raise Crash


def days_of(interval: DayInterval) -> set[date]:
    return {interval.since + offset * DAY for offset in range(interval.days)}


TestDays = Days.TestCase
TestDays.settings = tries(8, stateful_step_count=15)
