"""Tesla's days against bills and sessions, and audit flags: what is compared, what is flagged, what is left alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.located import NOON, TENTH, day, days, session, sessions
from tests.tries import tries
from transforms.reconciliation.days import KNOWN
from transforms.reconciliation.table import reconciliation
from transforms.rules.assignments import Assignment

STREAMS = ("tesla_days", "tesla_billing", "v3_records")
ELEVENTH = date(2026, 10, 11)
EUROPE = {"Europe/Berlin": "EUR"}


def knowing(*streams: str, among: tuple[date, ...] = (TENTH, ELEVENTH)) -> pl.DataFrame:
    rows = [("v1", stream, each) for stream in streams for each in among]
    return pl.DataFrame(rows, schema=KNOWN, orient="row")


def bill(session_id: str = "b1", energy: str | None = "4", other: str | None = "0", **told: Any) -> dict[str, Any]:
    """A Supercharger's bill of 10 kWh at noon, in EUR."""
    amounts = {"billed_energy": energy and Decimal(energy), "billed_other": other and Decimal(other)}
    total = None if energy is None or other is None else Decimal(energy) + Decimal(other)
    usual = {"sources": ["smartcar_v2"], "place": "public", "place_method": "billing", "currency": "EUR"}
    return session(session_id, **(usual | amounts | {"billed_total": total, "timezone": "Europe/Berlin"} | told))


def rows(
    *told: dict[str, Any], of_days: pl.DataFrame | None = None, known: pl.DataFrame | None = None, who: Any = ()
) -> pl.DataFrame:
    return reconciliation(
        sessions(*told),
        days() if of_days is None else of_days,
        knowing(*STREAMS) if known is None else known,
        who,
        EUROPE,
        "2026-10",
    )


def kind(frame: pl.DataFrame, name: str) -> list[tuple[Any, ...]]:
    """State, expected, found and sessions of the rows of a kind."""
    return frame.filter(kind=name).select("state", "expected", "found", "session_ids").rows()


def test_a_day_and_its_bills_that_agree_match() -> None:
    found = rows(bill("b1"), bill("b2"), of_days=days(day(supercharger=20.9)))
    assert kind(found, "supercharger_day") == [("matched", 20.9, 20.0, ["b1", "b2"])]


@pytest.mark.parametrize(("kwh", "state"), [(12.0, "matched"), (12.1, "difference"), (7.9, "difference")])
def test_a_small_difference_is_none(kwh: float, state: str) -> None:
    assert kind(rows(bill(), of_days=days(day(supercharger=kwh))), "supercharger_day")[0][0] == state


def test_a_day_without_a_bill_is_unbilled_and_open() -> None:
    found = rows(of_days=days(day(supercharger=20)))
    assert kind(found, "supercharger_day") == [("unbilled", 20.0, None, [])]
    assert found["is_open"].to_list() == [True]


def test_energy_within_the_tolerance_needs_no_bill_as_a_bill_within_it_needs_no_energy() -> None:
    assert kind(rows(of_days=days(day(supercharger=1.5))), "supercharger_day")[0][0] == "matched"
    small = rows(bill(energy_kwh=1.5), of_days=days(day()))
    assert kind(small, "supercharger_day")[0][0] == "matched"


def test_a_bill_of_a_day_without_energy_is_billed_only() -> None:
    assert kind(rows(bill(), of_days=days(day())), "supercharger_day") == [("billed_only", None, 10.0, ["b1"])]


def test_a_day_that_is_not_told_and_known_is_a_day_of_none() -> None:
    assert kind(rows(bill(), of_days=days(day(ELEVENTH))), "supercharger_day")[0][0] == "billed_only"


def test_of_a_tesla_that_tells_no_day_at_all_an_empty_answer_is_not_a_day_of_none() -> None:
    assert kind(rows(bill()), "supercharger_day")[0][0] == "not_compared"


@pytest.mark.parametrize(
    ("told", "of_days", "known"),
    [
        ([bill()], days(), knowing("tesla_billing")),
        ([bill()], days(day(supercharger=10) | {"flags": ["no_longer_told"]}), knowing("tesla_billing")),
        ([bill()], days(day(supercharger=None)), knowing(*STREAMS)),
        ([bill(energy_kwh=None)], days(day(supercharger=10)), knowing(*STREAMS)),
        ([], days(day(supercharger=10)), knowing("tesla_days")),
    ],
)
def test_what_is_not_known_on_one_side_is_not_compared(
    told: list[dict[str, Any]], of_days: pl.DataFrame, known: pl.DataFrame
) -> None:
    found = rows(*told, of_days=of_days, known=known).filter(kind="supercharger_day")
    assert found.select("state", "difference", "is_open").rows() == [("not_compared", None, False)]


def test_days_that_a_session_joins_over_midnight_are_one_row() -> None:
    late = datetime(2026, 10, 10, 21, 50, tzinfo=UTC)  # in Berlin ten minutes before midnight
    night = bill(started_at=late, ended_at=late + timedelta(minutes=30))
    found = rows(night, of_days=days(day(TENTH, supercharger=2), day(ELEVENTH, supercharger=8)))
    assert kind(found, "supercharger_day") == [("matched", 10.0, 10.0, ["b1"])]
    assert found["day"].to_list() == [TENTH]


def test_a_bill_that_is_told_no_longer_counts_for_nothing() -> None:
    found = rows(bill(status="vanished"), of_days=days(day(supercharger=10)))
    assert kind(found, "supercharger_day")[0][0] == "unbilled"


def test_days_of_a_tesla_whose_sessions_nobody_tells_are_no_items() -> None:
    found = rows(of_days=days(day(home=10, other=5)), known=knowing("tesla_days", "tesla_billing"))
    assert found.is_empty()


def test_energy_at_home_is_beside_the_sessions_at_home_and_the_rest_beside_the_others() -> None:
    later = NOON + timedelta(hours=3)
    told = (session("h", place="home"), session("w", place="work", started_at=later))
    found = rows(*told, of_days=days(day(home=11, other=30)))
    assert kind(found, "home_day") == [("matched", 11.0, 10.0, ["h"])]
    assert kind(found, "other_day") == [("difference", 30.0, 10.0, ["w"])]


def test_a_session_whose_place_is_unknown_leaves_the_day_alone() -> None:
    told = (session("h", place="home"), session("x", started_at=NOON + timedelta(hours=3)))
    assert kind(rows(*told, of_days=days(day(home=30))), "home_day")[0][0] == "not_compared"


def charged(number: int, gain: float = 50, kwh: float = 40, **told: Any) -> dict[str, Any]:
    """A session of a day of its own; 40 kWh for 50 %: a battery of 80 kWh."""
    soc = {"soc_start_pct": 20.0, "soc_end_pct": 20.0 + gain, "energy_kwh": float(kwh)}
    at = NOON - timedelta(days=number)
    return session(f"s{number}", make="BMW", started_at=at, **(soc | told))


USUAL = [charged(number) for number in range(1, 6)]


def kinds(*told: dict[str, Any]) -> list[str]:
    return sorted(rows(*told)["kind"].to_list())


@pytest.mark.parametrize(
    ("gain", "kwh", "found"),
    [
        (50, 59, []),
        (50, 61, ["soc_against_energy"]),
        (75, 81, ["soc_against_energy"]),
        (79, 101, ["energy_above_battery", "soc_against_energy"]),
        (10, 8, []),
    ],
)
def test_energy_is_held_against_what_the_battery_takes(gain: float, kwh: float, found: list[str]) -> None:
    assert kinds(*USUAL, charged(0, gain, kwh)) == found


def test_of_a_battery_that_is_not_known_nothing_is_said() -> None:
    assert kinds(*USUAL[:3], charged(0, 50, 200)) == []


def test_sessions_that_overlap_for_longer_than_clocks_differ_are_flagged_together() -> None:
    told = [session("a"), session("b", started_at=NOON + timedelta(minutes=54))]
    assert kind(rows(*told).filter(kind="overlapping_sessions"), "overlapping_sessions")[0][2:] == (6.0, ["a", "b"])
    assert kinds(session("a", make="BMW"), session("b", make="BMW", started_at=NOON + timedelta(minutes=56))) == []


def test_a_session_is_held_against_the_long_one_it_lies_in_and_not_the_short_one_before_it() -> None:
    long = session("a", make="BMW", ended_at=NOON + timedelta(hours=10))
    short = [session(name, make="BMW", started_at=NOON + timedelta(hours=at)) for name, at in (("b", 1), ("c", 4))]
    assert [row[3] for row in kind(rows(long, *short), "overlapping_sessions")] in (
        [["a", "b"], ["a", "c"]],
        [["a", "c"], ["a", "b"]],
    )


@pytest.mark.parametrize(("hours", "found"), [(0.5, ["two_places_at_once"]), (2, ["two_places_at_once"]), (4, [])])
def test_a_vehicle_is_not_at_two_places_at_once(hours: float, found: list[str]) -> None:
    """Berlin and Munich are 504 km apart."""
    here = session("a", make="BMW", latitude=52.52, longitude=13.405)
    there = session("b", make="BMW", latitude=48.1372, longitude=11.5756, started_at=NOON + timedelta(hours=hours))
    assert kinds(here, there) == found


def bills(prices: list[str], **told: Any) -> list[dict[str, Any]]:
    at = [NOON + timedelta(hours=2 * number) for number in range(len(prices))]
    return [bill(f"b{n}", energy=price, started_at=at[n], charger_type="DC", **told) for n, price in enumerate(prices)]


def outliers(told: list[dict[str, Any]]) -> list[list[str]]:
    return rows(*told).filter(kind="price_outlier")["session_ids"].to_list()


def test_a_price_far_from_the_usual_is_flagged() -> None:
    assert outliers(bills(["4"] * 19 + ["4.2", "9"])) == [["b20"]]


def test_of_few_prices_none_is_usual() -> None:
    assert outliers(bills(["4"] * 10 + ["9"])) == []


def test_what_is_usual_is_not_taken_from_later_months() -> None:
    later = NOON + timedelta(days=30)
    of_november = [
        each | {"session_id": f"n{at}", "started_at": later + timedelta(hours=2 * at)}
        for at, each in enumerate(bills(["4"] * 5))
    ]
    dated = [each | {"local_date": each["started_at"].date()} for each in of_november]
    assert outliers([*bills(["4"] * 15 + ["9"]), *dated]) == []


def test_fees_by_time_are_no_prices() -> None:
    assert outliers(bills(["0"] * 30, other="7.5")) == []


def test_bills_in_another_currency_than_the_country_has_are_one_item_a_month() -> None:
    found = rows(*bills(["4", "4", "4"], currency="CHF")).filter(kind="currency_against_country")
    assert found.select("unit", pl.col("session_ids").list.len()).rows() == [("CHF", 3)]


def test_of_a_zone_without_a_country_no_currency_is_foreign() -> None:
    assert rows(bill(timezone="UTC")).filter(kind="currency_against_country").is_empty()


def test_free_charging_is_one_item_a_month() -> None:
    found = rows(*bills(["0", "0"])).filter(kind="free_charging")
    assert found.select("found", pl.col("session_ids").list.len()).rows() == [(20.0, 2)]


def test_idle_fees_are_told_by_driver_month_and_currency() -> None:
    who = (
        Assignment("v1", "Ada", None, date(2026, 10, 1), date(2026, 10, 10), 2),
        Assignment("v1", "Ben", None, ELEVENTH, None, 3),
    )
    told = [
        bill("b1", other="2.5"),
        bill("b2", other="1", started_at=NOON + timedelta(hours=2)),
        bill("b3", other="4", started_at=NOON + timedelta(days=1)),
    ]
    found = rows(*told, who=who).filter(kind="idle_fees")
    assert found.select("driver", "found", "unit").rows() == [("Ada", 3.5, "EUR"), ("Ben", 4.0, "EUR")]


_KWH = st.sampled_from([None, 0.0, 3.5, 10.0])
_BILLED = st.lists(st.tuples(st.integers(0, 95), st.integers(1, 30), _KWH), max_size=8)
_TOLD = st.dictionaries(st.integers(0, 4), st.sampled_from([0.0, 3.5, 10.0, 25.0]))
_KNOWN_DAYS = st.sets(st.sampled_from([(stream, number) for stream in STREAMS[:2] for number in range(5)]))


@given(_BILLED, _TOLD, _KNOWN_DAYS, st.randoms(use_true_random=False))
@tries(40)
def test_each_supercharger_kwh_and_each_bill_is_in_one_row_whatever_the_order(
    billed: list[tuple[int, int, float | None]], told: dict[int, float], known: set[tuple[str, int]], random: Any
) -> None:
    first = datetime(2026, 10, 10, tzinfo=UTC)
    at = [(first + timedelta(hours=start), first + timedelta(hours=start + hours)) for start, hours, _ in billed]
    told_bills = [
        bill(f"b{n}", started_at=at[n][0], ended_at=at[n][1], energy_kwh=each[2], timezone="UTC")
        for n, each in enumerate(billed)
    ]
    of_days = days(*(day(TENTH + timedelta(days=number), supercharger=kwh) for number, kwh in told.items()))
    is_known = pl.DataFrame(
        [("v1", stream, TENTH + timedelta(days=number)) for stream, number in known], schema=KNOWN, orient="row"
    )
    found = rows(*told_bills, of_days=of_days, known=is_known)
    compared = found.filter(kind="supercharger_day")
    assert sorted(compared["session_ids"].explode().drop_nulls()) == sorted(each["session_id"] for each in told_bills)
    assert compared["expected"].sum() == pytest.approx(sum(told.values()))
    assert compared["found"].sum() == pytest.approx(sum(kwh or 0.0 for *_, kwh in billed))
    assert found["item_id"].is_unique().all()
    random.shuffle(told_bills)
    assert found.equals(rows(*told_bills, of_days=of_days.reverse(), known=is_known.reverse()))


@pytest.mark.parametrize("hours", [-24, 24], ids=["the day before", "the day after"])
def test_a_bill_one_day_beside_its_energy_is_matched(hours: int) -> None:
    at = NOON + timedelta(hours=hours)
    known = knowing(*STREAMS, among=tuple(TENTH + timedelta(days=step) for step in (-1, 0, 1)))
    beside = bill(started_at=at, ended_at=at + timedelta(hours=1), local_date=at.date())
    found = rows(beside, of_days=days(day(supercharger=10.5)), known=known)
    assert kind(found, "supercharger_day") == [("matched", 10.5, 10.0, ["b1"])]


def test_a_bill_one_day_beside_other_energy_is_not_matched() -> None:
    at = NOON + timedelta(days=1)
    beside = bill(started_at=at, ended_at=at + timedelta(hours=1), local_date=at.date())
    found = rows(beside, of_days=days(day(supercharger=20.0)))
    assert [state for state, *_ in kind(found, "supercharger_day")] == ["unbilled", "billed_only"]
