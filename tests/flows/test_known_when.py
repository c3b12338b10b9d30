"""What was known, and when, over daily runs: records that vanish, change and come late, and days that run out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl
import pytest

from collectors.asking import RetryPolicy
from collectors.smartcar_v2.client import Endpoints
from flows import collecting, transforming
from flows.exits import Exit, Stop
from flows.house import House
from flows.jobs import Result
from flows.publishing import completeness_now, publish_state, vehicles_now
from flows.querying import instant, query
from flows.transforming import BUILT, rebuild
from flows.verifying import faults
from lake.schemas import CHARGE_DAY_HISTORY, CHARGE_DAYS, CHARGE_SESSIONS, RUNS, SESSION_HISTORY
from tests.flows.conftest import NOW, Chargelake, Practice, practising

FLEET = "12-vehicles@smartcar.com"
A_DAY = timedelta(days=1)


async def daily(practice: Practice, days: int) -> Result:
    """So many daily runs, the first now; gives the result of the last."""
    result = await practice.run()
    for _ in range(days - 1):
        practice.emulator.clock.advance(A_DAY)
        result = await practice.run()
    return result


def vanished(house: House) -> pl.DataFrame:
    return house.tables.read(CHARGE_SESSIONS).filter(pl.col("status") == "vanished")


def of_make(house: House, make: str) -> list[str]:
    return [each.vehicle_id for each in house.registry.vehicles() if each.make == make]


def rebuilt_differs(house: House) -> list[str]:
    """The tables that one rebuild from nothing gives otherwise than the daily runs did."""
    before = {table.name: house.tables.read(table) for table in BUILT}
    for path in house.store.list("lake"):
        house.store.delete(path)
    rebuild(house)
    publish_state(house)
    return [table.name for table in BUILT if not house.tables.read(table).equals(before[table.name])]


async def test_bills_that_are_gone_are_kept_as_vanished_and_the_run_says_so(practice: Practice) -> None:
    await practice.connect(FLEET)
    await daily(practice, 2)
    known = practice.house().tables.read(CHARGE_SESSIONS)
    practice.emulator.faults.add("record_gone", share=0.3)
    practice.emulator.clock.advance(A_DAY)
    result = await practice.run()
    gone = vanished(practice.house())
    assert gone.height > 0
    assert set(gone["make"]) == {"TESLA"}
    assert set(gone["session_id"]) <= set(known["session_id"])
    assert result.total().is_conserved
    assert any(f"no longer told: {gone.height};" in note for note in result.counts["tesla_billing"].drift)
    runs = practice.house().tables.read(RUNS).filter(stream="tesla_billing")
    assert any("no longer told" in note for note in runs["drift"].explode().drop_nulls())
    assert list(faults(practice.house())) == []


async def test_bills_that_come_back_are_alive_again(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    gone = practice.emulator.faults.add("record_gone", share=0.3)
    await practice.run()
    assert vanished(practice.house()).height > 0
    practice.emulator.faults.remove(gone.id)
    await practice.run()
    history = practice.house().tables.read(SESSION_HISTORY)
    assert vanished(practice.house()).is_empty()
    assert history.filter(pl.col("revision") == 3).height > 0


async def test_a_source_that_forgets_everything_is_not_believed(practice: Practice) -> None:
    await practice.connect(FLEET)
    practice.emulator.faults.add("plugged_in_again")  # so that each vehicle with a bill has two at least
    await practice.run()
    practice.emulator.faults.add("record_gone")
    result = await practice.run()
    assert vanished(practice.house()).is_empty()
    (note,) = [note for note in result.counts["tesla_billing"].drift if "too many to be true; kept as they are" in note]
    assert note[0].isdigit()


async def test_a_window_that_is_cut_without_a_word_makes_nothing_vanish(practice: Practice) -> None:
    await practice.connect(FLEET)
    await daily(practice, 2)
    practice.emulator.faults.add("window_cut", days=10)
    await daily(practice, 6)
    assert vanished(practice.house()).is_empty()


async def test_a_window_that_failed_makes_nothing_vanish(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "Endpoints", partial(Endpoints, most_pages=5))
    monkeypatch.setattr(collecting, "RetryPolicy", partial(RetryPolicy, attempts=2, backoff=0.01))
    await practice.connect(FLEET)
    await practice.run()
    for fault in ("truncated", "server_internal", "endless_pages"):
        added = practice.emulator.faults.add(fault, endpoint="tesla_billing")
        practice.emulator.faults.add("record_gone", share=0.3)
        await practice.run(max_wait_seconds=1)
        practice.emulator.faults.remove(added.id)
        assert vanished(practice.house()).is_empty(), fault


async def test_pages_in_many_batches_are_judged_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with practising(monkeypatch, billing_page_size=1) as practice:
        await practice.connect(FLEET)
        monkeypatch.setattr(transforming, "_BATCH_BYTES", 1)
        await practice.run()
        practice.emulator.faults.add("record_gone", share=0.3)
        result = await practice.run()
        assert vanished(practice.house()).height > 0
        assert result.total().is_conserved
        monkeypatch.setattr(transforming, "_BATCH_BYTES", 64 * 2**20)
        assert rebuilt_differs(practice.house()) == []


async def test_days_that_are_no_longer_told_are_kept_with_a_mark(practice: Practice) -> None:
    await practice.connect(FLEET)
    await daily(practice, 2)
    before = practice.house().tables.read(CHARGE_DAYS)
    practice.emulator.faults.add("missing_day", share=0.4)
    await practice.run()
    after = practice.house().tables.read(CHARGE_DAYS)
    marked = after.filter(pl.col("flags").list.contains("no_longer_told"))
    assert marked.height > 0
    assert after.height == before.height
    energies = ["vehicle_id", "day", "home_kwh", "other_kwh", "supercharger_kwh", "total_kwh"]
    assert after.select(energies).equals(before.select(energies))


async def test_daily_runs_with_all_that_changes_are_what_one_rebuild_gives(practice: Practice) -> None:
    await practice.connect(FLEET)
    for name, share in (("posted_late", 0.4), ("revised_day", 0.5)):
        practice.emulator.faults.add(name, share=share)
    await daily(practice, 2)
    practice.emulator.faults.add("new_cost", share=0.3)
    gone = practice.emulator.faults.add("record_gone", share=0.3)
    practice.emulator.faults.add("missing_day", share=0.3)
    await daily(practice, 3)
    practice.emulator.faults.remove(gone.id)
    await daily(practice, 3)
    house = practice.house()
    revisions = house.tables.read(SESSION_HISTORY)
    assert {"complete", "vanished"} <= set(revisions["status"])
    assert house.tables.read(CHARGE_DAY_HISTORY)["revision"].max() > 1  # type: ignore[operator]
    assert list(faults(house)) == []
    assert rebuilt_differs(house) == []


async def test_a_late_refund_is_seen_after_it_came_and_not_before(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    before = practice.emulator.clock.now()
    totals = "SELECT currency, sum(billed_total) FROM charge_sessions WHERE currency IS NOT NULL GROUP BY 1 ORDER BY 1"
    billed = query(practice.house(), totals)
    practice.emulator.clock.advance(A_DAY)
    practice.emulator.faults.add("refund", share=0.2)
    assert (await practice.run()).total().changed > 0
    house = practice.house()
    assert query(house, totals) != billed
    assert query(house, totals, before) == billed
    assert query(house, totals, house.clock.now()) == query(house, totals)


async def test_each_days_tables_can_be_shown_again(practice: Practice) -> None:
    await practice.connect(FLEET)
    for name, share in (("posted_late", 0.4), ("revised_day", 0.5)):
        practice.emulator.faults.add(name, share=share)
    names = [table.name for table in (*BUILT, RUNS)]
    shown: dict[datetime, dict[str, Any]] = {}
    for number in range(4):
        if number == 2:
            practice.emulator.faults.add("record_gone", share=0.3)
            practice.emulator.faults.add("new_cost", share=0.3)
        await practice.run()
        house = practice.house()
        shown[house.clock.now()] = {name: query(house, f"SELECT * FROM {name} ORDER BY ALL") for name in names}
        practice.emulator.clock.advance(A_DAY)
    house = practice.house()
    for at, tables in shown.items():
        for name in names:
            assert query(house, f"SELECT * FROM {name} ORDER BY ALL", at) == tables[name], (at, name)


async def test_before_the_first_answer_nothing_was_known(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    for table in (*BUILT, RUNS):
        count = f"SELECT count(*) FROM {table.name}"
        assert query(practice.house(), count, NOW - A_DAY)[1] == [(0,)]


@pytest.mark.parametrize("table", ["completeness", "vehicles"])
async def test_what_has_no_past_says_so(practice: Practice, table: str) -> None:
    house = practice.house()
    with pytest.raises(Stop, match=f"--as-of: {table} is known as it is now only") as stopped:
        query(house, f"SELECT * FROM {table}", NOW)
    assert stopped.value.code == Exit.USAGE


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-10-01T00:00:00Z", datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01T02:00:00+02:00", datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01 00:00", datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01", datetime(2026, 10, 1, tzinfo=UTC)),
    ],
)
async def test_an_instant_is_utc_unless_it_says_otherwise(practice: Practice, text: str, at: datetime) -> None:
    assert instant(practice.house(), text, "--as-of") == at


@pytest.mark.parametrize(
    ("text", "said"),
    [("yesterday", "not an instant"), ("2026-13-01", "not an instant"), ("2026-10-21", "not known yet")],
)
def test_a_bad_instant_is_one_line(chargelake: Chargelake, text: str, said: str) -> None:
    ended = chargelake("query", "--as-of", text, "SELECT 1", CHARGELAKE_NOW=NOW.isoformat())
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert said in ended.err


def test_the_command_shows_what_was_known(chargelake: Chargelake) -> None:
    now = {"CHARGELAKE_NOW": NOW.isoformat()}
    sql = "SELECT count(*) AS n FROM charge_sessions"
    assert chargelake("query", sql, "--as-of", "2026-10-01T00:00:00Z", "--json", **now).json == [{"n": 0}]


async def test_a_vehicle_nobody_can_ask_shows_what_it_loses_and_when(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    bmw = of_make(house, "BMW")[0]
    await practice.run()
    practice.emulator.faults.add("subscription", vehicle=bmw, endpoint="bmw_records")
    for days, at_risk, lost_on in (
        (20, 0, date(2026, 11, 19)),
        (7, 5, date(2026, 11, 19)),
        (10, 7, date(2026, 11, 27)),
    ):
        practice.emulator.clock.advance(timedelta(days=days))
        await practice.run()
        house = practice.house()
        frame = vehicles_now(house, completeness_now(house))
        row = frame.row(by_predicate=pl.col("vehicle_id") == bmw, named=True)
        assert (row["days_at_risk"], row["lost_on"], row["whose_move"]) == (at_risk, lost_on, "owner")


async def test_a_vehicle_that_is_known_loses_nothing(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    house = practice.house()
    frame = vehicles_now(house, completeness_now(house))
    assert frame.select("days_at_risk", "lost_on").unique().rows() == [(0, None)]


async def test_money_of_a_vanished_bill_is_kept_to_the_cent(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    before = practice.house().tables.read(CHARGE_SESSIONS)
    practice.emulator.faults.add("record_gone", share=0.3)
    await practice.run()
    after = vanished(practice.house())
    both = after.join(before, on="session_id").select("billed_total", "billed_total_right").rows()
    assert both
    assert all(isinstance(told, Decimal) and told == kept for kept, told in both)
