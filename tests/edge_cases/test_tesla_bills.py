"""Tesla's bills: what becomes of each oddity of amounts, ids, times and pages."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from emulator.faults.billing import CURRENCIES
from emulator.identity import digest
from flows.jobs import Result
from lake.schemas import CHARGE_SESSIONS, SESSION_HISTORY
from tests.edge_cases.showroom import AUTUMN, STANDARD, Showroom
from tests.flows.conftest import Practice, practising

TESLA = "1-vehicles@smartcar.com"
SEVEN = {"USD", "EUR", "CHF", "NOK", "JPY", "HUF", "COP"}


@pytest.mark.parametrize("name", ["amount_text", "amount_number"])
def test_an_amount_is_exact_as_text_and_as_a_number(showroom: Showroom, name: str) -> None:
    car = showroom[name]
    bills = {each.start: each.bill for each in car.truth if each.bill}
    code, worth, digits = CURRENCIES[digest("currency", car.vehicle.id) % len(CURRENCIES)]
    assert car.starts == car.true_starts
    for row in car.sessions.iter_rows(named=True):
        energy, _ = bills[row["started_at"]].amounts(AUTUMN)
        assert (row["currency"], row["billed_energy"]) == (code, round(energy * worth, digits))


def test_an_amount_that_is_null_is_null_and_not_zero(showroom: Showroom) -> None:
    car = showroom["amount_null"]
    money = car.sessions.select("billed_energy", "billed_other", "billed_total", "currency")
    assert car.starts == car.true_starts
    assert money.null_count().row(0) == (money.height,) * 4


@pytest.mark.parametrize("name", ["energy_absent", "energy_null"])
def test_a_bill_without_energy_is_kept_with_a_flag(showroom: Showroom, name: str) -> None:
    car = showroom[name]
    assert car.starts == car.true_starts
    assert car.sessions["energy_kwh"].null_count() == car.sessions.height
    assert "no_energy_told" in car.flags


def test_other_fees_are_billed_beside_the_energy(showroom: Showroom) -> None:
    row = showroom["other_fee"].standard
    assert row["billed_other"] == Decimal("12.5")
    assert row["billed_total"] == row["billed_energy"] + row["billed_other"]


def test_free_charging_is_kept_with_a_flag(showroom: Showroom) -> None:
    row = showroom["free_energy"].standard
    assert (row["billed_energy"], row["energy_kwh"]) == (Decimal(0), 11.5)
    assert "free_of_charge" in row["flags"]


def test_billing_by_the_minute_is_kept_with_its_cost_and_without_energy(showroom: Showroom) -> None:
    row = showroom["by_the_minute"].standard
    assert (row["billed_energy"], row["energy_kwh"]) == (Decimal("23.4"), None)
    assert "no_energy_told" in row["flags"]


def test_a_refund_is_kept_below_zero_with_a_flag(showroom: Showroom) -> None:
    car = showroom["refund"]
    assert (car.sessions["billed_energy"] < 0).all()
    assert "negative_amount" in car.flags


@pytest.mark.parametrize("name", ["record_on_two_pages", "empty_page"])
def test_pages_that_repeat_a_record_or_are_empty_lose_and_double_nothing(showroom: Showroom, name: str) -> None:
    car = showroom[name]
    assert car.starts == car.true_starts
    assert len(car.starts) > 2, "more than a page"
    assert set(car.sessions["revision"]) == {1}


def test_pages_that_never_end_are_given_up_with_what_came_kept(showroom: Showroom) -> None:
    car = showroom["endless_pages"]
    assert car.starts == car.true_starts
    assert car.states("tesla_billing") & {"collected", "confirmed_empty"} == set()
    assert "upstream_error" in car.states("tesla_billing")
    assert showroom.result.errors == Counter({"RetryLater": 1})


async def test_a_record_inserted_while_paging_doubles_nothing_and_comes_with_the_next_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with practising(monkeypatch, billing_page_size=2, history_days=30) as practice:
        await practice.connect(TESLA)
        for hour in ("08", "09", "10"):
            practice.emulator.faults.add("session_at", start=f"2026-10-19T{hour}:00:00Z", hours=0.5)
        practice.emulator.faults.add("inserted_while_paging")
        starts = []
        for _ in range(2):
            await practice.run()
            starts.append(practice.house().tables.read(CHARGE_SESSIONS)["started_at"].to_list())
        true = [each.session.start for each in practice.emulator.truth() if each.posted]
    assert starts[1] == true
    assert starts[0] == true[:-1]


def test_seven_currencies_of_one_fleet_stay_apart(showroom: Showroom) -> None:
    billed = showroom.tables["charge_sessions"].filter(pl.col("billed_total").is_not_null())
    by_vehicle = billed.group_by("vehicle_id").agg(pl.col("currency").n_unique())
    assert set(billed["currency"]) == SEVEN
    assert set(by_vehicle["currency"]) == {1}
    assert billed["currency"].null_count() == 0


def test_a_car_plugged_in_again_is_two_sessions(showroom: Showroom) -> None:
    car = showroom["plugged_in_again"]
    first, again = (car.session_at(f"2026-11-01T{time}:00Z") for time in ("10:00", "11:33"))
    assert again["source_record_id"] == first["source_record_id"] + "-again"
    assert again["session_id"] != first["session_id"]
    assert car.sessions.height == 2 * len(car.true_starts)


def test_a_bill_without_an_end_is_ongoing(showroom: Showroom) -> None:
    rows = showroom["end_null"].sessions
    assert set(rows["status"]) == {"ongoing"}
    assert rows["ended_at"].null_count() == rows.height > 0


def test_a_session_over_midnight_belongs_to_the_local_day_it_starts_on(showroom: Showroom) -> None:
    row = showroom["over midnight"].session_at("2026-10-29T22:30:00Z")
    assert row["local_date"] == date(2026, 10, 29)
    assert row["ended_at"] == datetime(2026, 10, 30, 0, 30, tzinfo=UTC)


def test_a_session_over_a_months_end_is_one_row_in_the_month_of_its_start(showroom: Showroom) -> None:
    row = showroom["over a month's end"].session_at("2026-10-31T23:30:00Z")
    assert (row["month"], row["ended_at"]) == ("2026-10", datetime(2026, 11, 1, 1, 30, tzinfo=UTC))


def test_two_sessions_in_the_repeated_hour_are_two_of_the_same_day(showroom: Showroom) -> None:
    car = showroom["repeated hour"]
    first, second = (car.session_at(f"2026-10-25T0{hour}:30:00Z") for hour in (0, 1))
    assert first["session_id"] != second["session_id"]
    assert first["local_date"] == second["local_date"] == date(2026, 10, 25)
    assert second["started_at"] - first["started_at"] == timedelta(hours=1)


def test_an_id_with_a_time_in_it_is_only_an_id(showroom: Showroom) -> None:
    car = showroom["id_time"]
    assert car.starts == car.true_starts
    told = int(car.standard["source_record_id"].rsplit("-", 1)[1])
    assert datetime.fromtimestamp(told, UTC) != datetime.fromisoformat(STANDARD)


async def test_a_bill_posted_days_late_is_found_because_its_days_are_read_again(practice: Practice) -> None:
    await practice.connect(TESLA)
    practice.emulator.faults.add("session_at", start="2026-10-18T08:00:00Z", hours=0.5)
    practice.emulator.faults.add("posted_late", days=6)
    await practice.run()
    late = pl.col("started_at") == datetime(2026, 10, 18, 8, tzinfo=UTC)
    assert practice.house().tables.read(CHARGE_SESSIONS).filter(late).is_empty()
    practice.emulator.clock.advance(timedelta(days=5))
    await practice.run()
    assert practice.house().tables.read(CHARGE_SESSIONS).filter(late).height == 1


async def test_the_same_id_with_a_new_cost_is_a_new_revision_with_both_kept(practice: Practice) -> None:
    await practice.connect(TESLA)
    practice.emulator.faults.add("session_at", start="2026-10-18T08:00:00Z", hours=0.5)
    await practice.run()
    practice.emulator.faults.add("new_cost", by="2.50")
    await practice.run()
    house, told = practice.house(), pl.col("started_at") == datetime(2026, 10, 18, 8, tzinfo=UTC)
    old, new = house.tables.read(SESSION_HISTORY).filter(told).sort("revision")["billed_energy"]
    [row] = house.tables.read(CHARGE_SESSIONS).filter(told).iter_rows(named=True)
    assert new - old == Decimal("2.5")
    assert (row["revision"], row["billed_energy"]) == (2, new)


async def eight_bills_then(practice: Practice, share: float) -> tuple[pl.DataFrame, pl.DataFrame, Result]:
    """The sessions before and after a share of the records is gone upstream, and the run that noticed."""
    await practice.connect(TESLA)
    for hour in range(8):
        practice.emulator.faults.add("session_at", start=f"2026-10-18T{8 + hour:02}:00:00Z", hours=0.5)
    await practice.run()
    before = practice.house().tables.read(CHARGE_SESSIONS)
    practice.emulator.faults.add("record_gone", share=share)
    practice.emulator.clock.advance(timedelta(hours=1))
    result = await practice.run()
    return before, practice.house().tables.read(CHARGE_SESSIONS), result


async def test_a_record_gone_upstream_stays_with_its_bill_and_is_marked_vanished(practice: Practice) -> None:
    before, after, _ = await eight_bills_then(practice, share=0.3)
    gone = after.filter(pl.col("status") == "vanished")
    assert after.select("session_id", "billed_total").equals(before.select("session_id", "billed_total"))
    assert 0 < gone.height < 5
    assert set(gone["revision"]) == {2}


async def test_when_all_records_are_gone_upstream_that_is_not_believed_and_told(practice: Practice) -> None:
    before, after, result = await eight_bills_then(practice, share=1)
    assert after.equals(before)
    assert set(after["status"]) == {"complete"}
    assert [note for note in result.counts["tesla_billing"].drift if "known" in note]
