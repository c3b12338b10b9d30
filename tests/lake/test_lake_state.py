"""What is kept in the state database, on a real SQLite file."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from lake.budget import RequestBudget
from lake.intervals import DayInterval
from lake.ledger import Ledger, StreamState
from lake.registry import Owner, Registry, Vehicle
from lake.state import StateUnusable, open_state

NOW = datetime(2026, 10, 20, 12, 0, 0, 123456, tzinfo=UTC)
BMW = Vehicle("v-1", "o-1", "BMW", "iX", 2025, "Europe/Berlin", NOW, ("read_charge_records", "read_vin"))


@contextmanager
def reopened(database: Path) -> Iterator[Engine]:
    """The same file as the next process finds it."""
    engine = open_state(f"sqlite:///{database}")
    yield engine
    engine.dispose()


def days(since: str, until: str) -> DayInterval:
    return DayInterval(date.fromisoformat(since), date.fromisoformat(until))


@pytest.mark.usefixtures("engine")
def test_the_database_and_what_sqlite_puts_beside_it_are_its_owners_alone(database: Path, engine: Engine) -> None:
    Registry(engine).keep_owner(Owner("o-1", NOW))
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in database.parent.iterdir()}
    assert modes == dict.fromkeys(modes, 0o600)
    assert database.name in modes


def test_a_database_that_others_could_read_is_closed_to_them(database: Path) -> None:
    database.parent.mkdir(parents=True)
    database.touch(0o644)
    with reopened(database):
        assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_a_commit_is_flushed_to_the_disk(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_instants_come_back_as_utc(database: Path, engine: Engine) -> None:
    local = NOW.astimezone(ZoneInfo("Pacific/Auckland"))
    Registry(engine).keep_owner(Owner("o-1", local))
    with reopened(database) as again:
        (owner,) = Registry(again).owners()
    assert owner.consented_at == NOW
    assert owner.consented_at.tzinfo is UTC


# Registry


def test_vehicles_and_owners_survive_reopening(database: Path, engine: Engine) -> None:
    unknown = Vehicle("v-0", "o-1", None, None, None, None, NOW)
    owner = Owner("o-1", NOW, "Connect again.")
    Registry(engine).keep_owner(owner)
    for vehicle in (BMW, unknown):
        Registry(engine).keep_vehicle(vehicle)
    with reopened(database) as again:
        assert Registry(again).owners() == [owner]
        assert Registry(again).vehicles() == [unknown, BMW]


def test_what_is_known_of_a_vehicle_is_replaced(engine: Engine) -> None:
    moved = Vehicle("v-1", "o-2", "BMW", "i4", 2026, None, NOW + timedelta(days=1))
    Registry(engine).keep_vehicle(BMW)
    Registry(engine).keep_vehicle(moved)
    assert Registry(engine).vehicles() == [moved]


def test_tokens_stay_when_the_owner_is_kept_again(database: Path, engine: Engine) -> None:
    registry = Registry(engine)
    registry.keep_owner(Owner("o-1", NOW))
    registry.keep_tokens("o-1", b"sealed", NOW)
    registry.keep_owner(Owner("o-1", NOW + timedelta(days=1), "Connect again."))
    with reopened(database) as again:
        assert Registry(again).sealed_tokens("o-1") == b"sealed"


def test_tokens_are_replaced_by_the_next_pair(engine: Engine) -> None:
    registry = Registry(engine)
    registry.keep_owner(Owner("o-1", NOW))
    registry.keep_tokens("o-1", b"first", NOW)
    registry.keep_tokens("o-1", b"second", NOW)
    assert registry.sealed_tokens("o-1") == b"second"


def test_tokens_of_a_stranger_are_not_kept(engine: Engine) -> None:
    with pytest.raises(LookupError):
        Registry(engine).keep_tokens("o-9", b"sealed", NOW)
    assert not Registry(engine).has_tokens()


def test_whether_tokens_are_stored_is_known(engine: Engine) -> None:
    registry = Registry(engine)
    registry.keep_owner(Owner("o-1", NOW))
    assert not registry.has_tokens()
    assert registry.sealed_tokens("o-1") is None
    registry.keep_tokens("o-1", b"sealed", NOW)
    assert registry.has_tokens()


# Ledger


def test_a_gap_stays_a_gap_until_it_is_answered(database: Path, engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.answered("v-1", "bmw_records", days("2026-10-01", "2026-10-05"), NOW)
    ledger.answered("v-1", "bmw_records", days("2026-10-08", "2026-10-09"), NOW)
    with reopened(database) as again:
        known = Ledger(again).coverage("v-1", "bmw_records")
    assert known == (days("2026-10-01", "2026-10-05"), days("2026-10-08", "2026-10-09"))
    ledger.answered("v-1", "bmw_records", days("2026-10-06", "2026-10-07"), NOW)
    assert ledger.coverage("v-1", "bmw_records") == (days("2026-10-01", "2026-10-09"),)


def test_vehicles_and_streams_are_known_apart(engine: Engine) -> None:
    ledger = Ledger(engine)
    first, second = days("2026-10-01", "2026-10-05"), days("2026-10-02", "2026-10-03")
    ledger.answered("v-1", "tesla_days", first, NOW)
    ledger.answered("v-1", "tesla_billing", second, NOW)
    ledger.answered("v-2", "tesla_days", second, NOW)
    assert ledger.all_coverage() == {
        ("v-1", "tesla_days"): (first,),
        ("v-1", "tesla_billing"): (second,),
        ("v-2", "tesla_days"): (second,),
    }


def test_an_answer_about_a_part_of_today_makes_no_day_known(engine: Engine) -> None:
    Ledger(engine).answered("v-1", "bmw_records", None, NOW)
    assert Ledger(engine).coverage("v-1", "bmw_records") == ()
    assert Ledger(engine).states() == {("v-1", "bmw_records"): StreamState(NOW)}


def test_a_block_says_why_and_until_when(database: Path, engine: Engine) -> None:
    until = NOW + timedelta(hours=6)
    blocked = {"detail": "Connect again.", "until": until, "at": NOW, "whose_move": "owner"}
    Ledger(engine).block("v-1", "bmw_records", "owner_must_act", **blocked)
    with reopened(database) as again:
        found = Ledger(again).states()["v-1", "bmw_records"]
    assert found == StreamState(NOW, "owner_must_act", "Connect again.", until, "owner")


def test_a_block_takes_nothing_from_what_is_known(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.answered("v-1", "bmw_records", days("2026-10-01", "2026-10-05"), NOW)
    ledger.block("v-1", "bmw_records", "upstream_error", detail="500", until=None, at=NOW)
    assert ledger.coverage("v-1", "bmw_records") == (days("2026-10-01", "2026-10-05"),)


def test_an_answer_lifts_the_block(engine: Engine) -> None:
    ledger, later = Ledger(engine), NOW + timedelta(days=1)
    ledger.block("v-1", "bmw_records", "upstream_error", detail="500", until=later, at=NOW)
    ledger.answered("v-1", "bmw_records", days("2026-10-01", "2026-10-05"), later)
    assert ledger.states() == {("v-1", "bmw_records"): StreamState(later)}


def test_a_new_consent_lifts_the_blocks_of_its_vehicles_alone(engine: Engine) -> None:
    ledger = Ledger(engine)
    for vehicle in ("v-1", "v-2"):
        ledger.block(vehicle, "bmw_records", "owner_must_act", detail="Connect again.", until=NOW, at=NOW)
    ledger.lift_blocks(["v-1"])
    assert {key[0]: each.blocked_state for key, each in ledger.states().items()} == {
        "v-1": None,
        "v-2": "owner_must_act",
    }


# Budget


def test_what_was_spent_survives_a_restart(database: Path, engine: Engine) -> None:
    sent = [NOW - timedelta(seconds=seconds) for seconds in (90, 30, 0)]
    for at in reversed(sent):
        RequestBudget(engine).spend(at, None)
    with reopened(database) as again:
        assert RequestBudget(again).recent(NOW - timedelta(seconds=30)) == sent[1:]


@pytest.mark.parametrize(
    ("month", "first", "after"),
    [
        ("2026-10", "2026-10-01T00:00:00", "2026-11-01T00:00:00"),
        ("2026-12", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("2027-01", "2027-01-01T00:00:00", "2027-02-01T00:00:00"),
        ("2028-02", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
    ],
)
def test_a_month_counts_from_its_first_instant_to_its_last(engine: Engine, month: str, first: str, after: str) -> None:
    budget = RequestBudget(engine)
    start, end = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (first, after))
    tick = timedelta(microseconds=1)
    for at in (start - tick, start, end - tick, end):
        budget.spend(at, "v-1")
    assert budget.month_total("v-1", month) == 2


def test_a_month_counts_the_vehicle_alone_and_in_utc(engine: Engine) -> None:
    budget = RequestBudget(engine)
    budget.spend(datetime.fromisoformat("2026-11-01T01:00:00+02:00"), "v-1")
    budget.spend(NOW, "v-2")
    budget.spend(NOW, None)
    assert budget.month_total("v-1", "2026-10") == 1


def test_what_no_limit_looks_at_is_forgotten_and_this_month_is_not(engine: Engine) -> None:
    budget = RequestBudget(engine)
    end = datetime(2026, 8, 31, 23, tzinfo=UTC)
    for at in (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC), end):
        budget.spend(at, "v-1")
    budget.forget_before(end)
    assert len(budget.recent(datetime(2026, 1, 1, tzinfo=UTC))) == 2
    assert budget.month_total("v-1", "2026-08") == 2


# A database that cannot be used


def unusable(url: str) -> str:
    with pytest.raises(StateUnusable) as caught:
        open_state(url)
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "content", [b"this is no database, it is a letter" * 100, b"SQLite format 3\x00" + b"\xff" * 4096]
)
def test_a_damaged_database_is_named(database: Path, content: bytes) -> None:
    database.parent.mkdir(parents=True)
    database.write_bytes(content)
    said = unusable(f"sqlite:///{database}")
    assert str(database) in said
    assert "cannot be used" in said


def test_a_folder_in_place_of_the_database_is_named(database: Path) -> None:
    database.mkdir(parents=True)
    assert str(database) in unusable(f"sqlite:///{database}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hunter2",
        "user:hunter2@host",
        "oracle9://user:hunter2@host/db",
        "postgresql://user:hunter2@host:port/db",
        "postgresql://user:hunter2@x:y@host:port/db",
        "postgresql+nodriver://user:hunter2@host/db",
        "oracle9://user@host/db?password=hunter2",
    ],
)
def test_a_url_that_is_nonsense_is_refused_without_showing_its_password(url: str) -> None:
    said = unusable(url)
    assert "hunter2" not in said
    assert "state database" in said or "CHARGELAKE_STATE_URL" in said


def test_a_state_of_an_older_chargelake_gets_the_columns_that_came_since(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    engine = open_state(url)
    Registry(engine).keep_vehicle(Vehicle("v-1", "o-1", "BMW", None, None, None, NOW))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE vehicles DROP COLUMN interfaces"))
    (vehicle,) = Registry(open_state(url)).vehicles()
    assert vehicle.interfaces == ("v2.0",)


def test_a_vehicle_keeps_the_interfaces_it_is_seen_through(tmp_path: Path) -> None:
    registry = Registry(open_state(f"sqlite:///{tmp_path}/state.db"))
    registry.keep_vehicle(Vehicle("v-1", "o-1", None, None, None, None, NOW, interfaces=("v2.0", "v3")))
    assert registry.vehicles()[0].interfaces == ("v2.0", "v3")
