"""Clocks that jump, run over midnight, are changed for summer or slept: intervals, deadlines and tokens stay right."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collectors.collect import Outcome
from collectors.windows import deadline, whole_days, window_to_ask
from emulator import Emulator
from flows import jobs
from flows.house import House
from flows.running import run_here
from flows.verifying import faults
from lake.clock import FixedClock
from lake.intervals import DayInterval
from lake.ledger import Ledger, StreamKey
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS
from lake.state import open_state
from tests.flows.conftest import NOW, Practice, practising

FLEET = "6-vehicles@smartcar.com"
STREAM: StreamKey = ("v-1", "bmw_records")
BERLIN = ZoneInfo("Europe/Berlin")


def known_days(house: House) -> dict[StreamKey, set[date]]:
    return {
        key: {each.since + timedelta(days=place) for each in known for place in range(each.days)}
        for key, known in house.ledger.all_coverage().items()
    }


def keys_of_sessions(house: House) -> set[str]:
    return set(house.tables.read(CHARGE_SESSIONS)["session_id"])


# A clock that is set back


async def test_a_clock_that_is_set_back_forgets_nothing_and_doubles_nothing(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    known, sessions = known_days(practice.house()), keys_of_sessions(practice.house())
    practice.emulator.clock.set(NOW - timedelta(days=2, hours=5))
    await practice.run()
    house = practice.house()
    assert all(days <= known_days(house)[key] for key, days in known.items())
    assert sessions <= keys_of_sessions(house)
    assert list(faults(house)) == []


async def test_what_landed_under_a_clock_set_back_is_the_later_word(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    before = set(practice.house().store.list("raw", ".gz"))
    practice.emulator.clock.set(NOW - timedelta(days=2))
    await practice.run()
    later = set(practice.house().store.list("raw", ".gz")) - before
    assert later
    assert min(later) > max(before)


async def test_no_day_is_known_before_it_is_over_on_the_clock_of_its_answer(practice: Practice) -> None:
    await practice.connect(FLEET)
    practice.emulator.clock.advance(timedelta(days=3))
    await practice.run()
    practice.emulator.clock.set(NOW)
    await practice.run()
    latest = (NOW + timedelta(days=3)).date()
    assert all(max(days) < latest for days in known_days(practice.house()).values())


async def test_tables_after_a_jump_and_back_are_those_of_a_clock_that_ran(practice: Practice) -> None:
    await practice.connect(FLEET)
    for days in (0, 4, 1, 5):
        practice.emulator.clock.set(NOW + timedelta(days=days))
        await practice.run()
    jumped = keys_of_sessions(practice.house())
    async with practising(practice.monkeypatch) as other:
        practice.monkeypatch.setenv("CHARGELAKE_HOME", str(Path.cwd() / "straight"))
        await other.connect(FLEET)
        for days in (0, 1, 4, 5):
            other.emulator.clock.set(NOW + timedelta(days=days))
            await other.run()
        assert keys_of_sessions(other.house()) == jumped


# A run over midnight, and a machine that slept


class EmulatorsClock:
    """A clock that moves while a run goes on."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def now(self) -> datetime:
        return self._emulator.clock.now()


@pytest.fixture
async def moving(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """A house that reads the emulator's clock anew each time."""
    await practice.connect(FLEET)
    monkeypatch.setattr(House, "clock", property(lambda _: EmulatorsClock(practice.emulator)))
    return practice


async def run_that_meets(practice: Practice, instants: Iterable[datetime]) -> tuple[House, list[Outcome]]:
    """A run at whose tasks' ends the clock is put to these instants, one after the other."""
    coming, outcomes = iter(instants), []

    def move(outcome: Outcome) -> None:
        outcomes.append(outcome)
        practice.emulator.clock.set(next(coming, practice.emulator.clock.now()))

    house = practice.house(concurrency=1)
    await run_here(house, jobs.begin(house, "run"), move)
    return house, outcomes


MIDNIGHT = datetime(2026, 10, 21, tzinfo=UTC)


async def test_a_run_over_midnight_knows_the_day_only_where_it_was_asked_after_it(moving: Practice) -> None:
    moving.emulator.clock.set(MIDNIGHT - timedelta(seconds=1))
    house, outcomes = await run_that_meets(moving, [MIDNIGHT + timedelta(seconds=1)])
    first, *others = [outcome.task for outcome in outcomes if outcome.answered]
    known = known_days(house)
    yesterday = (MIDNIGHT - timedelta(days=1)).date()
    assert yesterday not in known[first.vehicle.vehicle_id, first.stream.name]
    assert all(max(known[each.vehicle.vehicle_id, each.stream.name]) <= yesterday for each in others)


async def test_a_run_over_midnight_loses_no_session_of_either_day(moving: Practice) -> None:
    moving.emulator.clock.set(MIDNIGHT - timedelta(seconds=1))
    await run_that_meets(moving, [MIDNIGHT + timedelta(hours=place) for place in range(1, 4)])
    moving.emulator.clock.set(MIDNIGHT + timedelta(days=1))
    house, _ = await run_that_meets(moving, [])
    starts = {
        (true.vehicle.id, true.session.start)
        for true in moving.emulator.truth(since=MIDNIGHT - timedelta(days=2))
        if true.session.known_at(MIDNIGHT + timedelta(days=1)) and true.vehicle.make != "TESLA"
    }
    assert starts <= set(house.tables.read(CHARGE_SESSIONS).select("vehicle_id", "started_at").rows())
    assert list(faults(house)) == []


async def test_a_machine_that_slept_in_the_middle_of_a_run_goes_on_with_fresh_tokens(moving: Practice) -> None:
    house, outcomes = await run_that_meets(moving, [NOW + timedelta(hours=9)])
    assert sum(outcome.answered for outcome in outcomes) == len(outcomes) - sum(
        outcome.error is not None and type(outcome.error).__name__ == "NotCapable" for outcome in outcomes
    )
    assert moving.emulator.log.count(status=401) == 0
    assert moving.emulator.log.count(endpoint="token") == 2, "the code, and one refresh after the sleep"
    assert list(faults(house)) == []


# Days are UTC, so a change of clocks moves no interval


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(open_state(f"sqlite:///{tmp_path / 'state.db'}"))


def ask_each(ledger: Ledger, instants: Iterable[datetime], consent: date) -> None:
    """Ask at each instant for what the ledger wants then, and be answered."""
    for instant in instants:
        today = FixedClock(instant).now().date()
        window = window_to_ask(ledger.coverage(*STREAM), consent, today, lookback_days=0, window_days=30)
        if window is not None:
            ledger.answered(*STREAM, whole_days(window, today, 30), instant)


CHANGES = [datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)]


@pytest.mark.parametrize("change", CHANGES, ids=["a day of 23 hours", "a day of 25 hours"])
def test_asking_at_local_midnight_over_a_change_of_clocks_leaves_no_gap(ledger: Ledger, change: datetime) -> None:
    consent = change.date() - timedelta(days=5)
    ask_each(ledger, [(change + timedelta(days=place)) for place in range(-4, 5)], consent)
    (known,) = ledger.coverage(*STREAM)
    assert (known.since, known.until) == (consent, change.date() + timedelta(days=2)), "local midnight is 22 or 23 UTC"


def test_both_readings_of_the_repeated_hour_are_one_day(ledger: Ledger) -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    second = first.replace(fold=1)
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    ask_each(ledger, [first, second], date(2026, 10, 20))
    assert sum(each.days for each in ledger.coverage(*STREAM)) == 5


@pytest.mark.parametrize("change", CHANGES, ids=["a day of 23 hours", "a day of 25 hours"])
def test_a_deadline_is_so_many_days_after_its_day_whatever_the_clocks_do(change: datetime) -> None:
    consent = change.date() - timedelta(days=10)
    known = (DayInterval(consent, change.date() - timedelta(days=1)),)
    for hours in range(0, 25, 6):
        today = FixedClock(change + timedelta(days=3, hours=hours)).now().date()
        assert deadline(known, consent, today, 30) == change.date() + timedelta(days=30)


async def test_a_local_day_of_25_hours_has_one_row_with_all_its_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    after = datetime(2026, 10, 27, 12, tzinfo=UTC)
    async with practising(monkeypatch, now=after) as practice:
        practice.emulator.faults.add("session_at", start="2026-10-25T00:30:00Z", hours=3, kwh=11.5)
        await practice.connect(FLEET)
        await practice.run()
        days = practice.house().tables.read(CHARGE_DAYS)
        assert days.select("vehicle_id", "day").is_duplicated().sum() == 0
        assert list(faults(practice.house())) == []
