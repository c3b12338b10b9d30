"""Figures of a cost report: exact, by currency, each session once, and what is not known said so."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given

from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, COMPLETENESS, SESSION_COSTS
from reports.costs.figures import CostReport, CostRow, Period, Wanted, cost_report
from reports.costs.grouping import BY_THE_MONTH, GROUPINGS, NO_COST_CENTRE, NO_DRIVER
from reports.costs.sheets import NEVER_ASKED, cost_document
from reports.costs.unknown import DaysNotKnown, DaysWithoutSession, NoRate, NotPriced
from tests.reports.lakes import known, session
from tests.tries import tries

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
NOW = datetime(2026, 11, 2, 6, 12, tzinfo=UTC)


def line(session_id: str | None = "s-1", amount: str | None = None, currency: str | None = None, **told: Any) -> dict:
    """A line of 10 kWh by a tariff on 5 October; without an amount, unpriced."""
    priced = amount is not None
    default = dict.fromkeys(SESSION_COSTS.schema) | {
        "line_id": f"{session_id}-{sorted(told.items(), key=repr)}-{amount}",
        "session_id": session_id,
        "vehicle_id": "v-1",
        "make": "BMW",
        "started_at": datetime(2026, 10, 5, 8, tzinfo=UTC),
        "local_date": date(2026, 10, 5),
        "timezone": "UTC",
        "place": "home",
        "driver": "Anna",
        "basis": "tariff",
        "component": "energy",
        "amount": Decimal(amount) if amount is not None else None,
        "currency": currency,
        "kwh_priced": 10.0 if priced else 0.0,
        "kwh_unpriced": 0.0 if priced else 10.0,
        "state": "complete" if priced else "unpriced",
        "reason": None if priced else "no_tariff",
    }
    return default | told


def converted(amount: str, rate_to: str = "EUR") -> dict[str, Any]:
    return {"reporting_amount": Decimal(amount), "reporting_currency": rate_to}


def frame(*lines: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=SESSION_COSTS.schema, orient="row")


def report(
    *lines: dict[str, Any],
    by: str = "driver",
    period: Period = OCTOBER,
    sessions: tuple[dict[str, Any], ...] = (),
    days: tuple[dict[str, Any], ...] = (),
) -> CostReport:
    return cost_report(
        frame(*lines),
        pl.DataFrame(sessions, schema=CHARGE_SESSIONS.schema, orient="row"),
        pl.DataFrame(days, schema=COMPLETENESS.schema, orient="row"),
        Wanted(period, by, "EUR", NOW),
        lambda vehicle: vehicle.upper(),
    )


def only(rows: tuple[CostRow, ...]) -> CostRow:
    (row,) = rows
    return row


SIX = {"USD": "401.52", "EUR": "33.10", "GBP": "12.01", "CHF": "7.95", "NOK": "99.50", "JPY": "1200", "KWD": "1.234"}


def test_each_currency_has_a_total_of_its_own() -> None:
    totals = report(*(line(f"s-{code}", amount, code) for code, amount in SIX.items())).totals
    assert {each.currency: each.cost for each in totals} == {code: Decimal(amount) for code, amount in SIX.items()}


def test_amounts_add_up_exactly() -> None:
    totals = report(*(line(f"s-{number}", "0.10", "EUR") for number in range(1000))).totals
    assert only(totals).cost == Decimal("100.00")


def test_bills_and_tariffs_make_the_cost_and_policies_do_not() -> None:
    lines = (
        line("a", "3.00", "EUR", basis="billed"),
        line("b", "4.00", "EUR"),
        line("b", "2.00", "EUR", basis="policy"),
    )
    row = only(report(*lines).totals)
    amounts = (Decimal("3.00"), Decimal("4.00"), Decimal("7.00"), Decimal("2.00"))
    assert (row.billed, row.tariff, row.cost, row.reimbursed) == amounts


def test_what_is_not_there_is_not_0() -> None:
    row = only(report(line("b", "4.00", "EUR")).totals)
    assert (row.billed, row.reimbursed, row.co2_g, row.converted) == (None, None, None, None)


def test_a_session_of_several_lines_and_bases_counts_once() -> None:
    fee = {"component": "session_fee", "kwh_priced": 0.0}
    lines = (line("a", "3.00", "EUR"), line("a", "1.00", "EUR", **fee), line("a", "2.00", "EUR", basis="policy"))
    row = only(report(*lines).totals)
    assert (row.sessions, row.kwh) == (1, 10.0)


def test_a_session_that_is_reimbursed_in_another_currency_counts_where_it_cost() -> None:
    totals = report(line("a", "3.00", "CHF"), line("a", "2.00", "EUR", basis="policy")).totals
    assert {each.currency: (each.sessions, each.cost, each.reimbursed) for each in totals} == {
        "CHF": (1, Decimal("3.00"), None),
        "EUR": (0, None, Decimal("2.00")),
    }


def test_sessions_that_nothing_prices_are_a_row() -> None:
    row = only(report(line("a")).rows)
    assert (row.currency, row.sessions, row.unpriced, row.partial, row.cost, row.kwh_unpriced) == (
        None, 1, 1, 0, None, 10.0,
    )  # fmt: skip


def test_a_session_with_an_unpriced_part_is_partial() -> None:
    part = {"state": "partial"}
    row = only(report(line("a", "3.00", "EUR", **part), line("a", reason="no_price", **part)).totals)
    assert (row.partial, row.unpriced, row.kwh_priced, row.kwh_unpriced) == (1, 0, 10.0, 10.0)


@pytest.mark.parametrize("untold", ["kwh_priced", "kwh_unpriced"])
def test_energy_that_was_not_told_is_not_0(untold: str) -> None:
    row = only(report(line("a", "3.00", "EUR", **{untold: None})).totals)
    assert (row.kwh, row.without_energy) == (None, 1)


def test_energy_stands_on_the_credit_where_a_bill_takes_back() -> None:
    row = only(report(line("a", "-3.00", "EUR", basis="billed", component="credit")).totals)
    assert (row.kwh, row.without_energy, row.billed) == (10.0, 0, Decimal("-3.00"))


def test_what_is_owed_by_the_month_is_an_amount_of_no_session() -> None:
    base = line(None, "9.90", "EUR", component="monthly_base", kwh_priced=None, kwh_unpriced=None)
    row = only(report(base).totals)
    assert (row.sessions, row.cost, row.kwh, row.without_energy) == (0, Decimal("9.90"), None, 0)


def test_other_days_are_left_out() -> None:
    days = (date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1))
    lines = [line(f"s-{day}", "1.00", "EUR", local_date=day) for day in days]
    assert only(report(*lines).totals).cost == Decimal("2.00")


def test_one_amount_without_a_rate_leaves_the_converted_total_unknown() -> None:
    lines = (
        line("a", "3.00", "USD", **converted("2.70")),
        line("b", "1.00", "USD"),
        line("c", "5.00", "EUR", **converted("5.00")),
    )
    told = report(*lines)
    shown = {each.currency: (each.converted, each.not_converted) for each in told.totals}
    assert shown == {"EUR": (Decimal("5.00"), 0), "USD": (None, 1)}
    assert (told.converted_total, told.unknown.no_rate) == (None, (NoRate("USD", 1, Decimal("1.00")),))


def test_costs_of_all_currencies_are_added_where_each_line_is_converted() -> None:
    lines = (line("a", "3.00", "USD", **converted("2.70")), line("c", "5.00", "EUR", **converted("5.00")))
    assert report(*lines).converted_total == Decimal("7.70")


def test_amounts_in_another_reporting_currency_are_not_taken_for_this_one() -> None:
    told = report(line("a", "3.00", "USD", **converted("2.40", "GBP")))
    assert (only(told.totals).converted, told.converted_total) == (None, None)


@pytest.mark.parametrize(
    ("by", "group"),
    [
        ("driver", NO_DRIVER),
        ("cost-centre", NO_COST_CENTRE),
        ("vehicle", "V-1"),
        ("make", "BMW"),
        ("place", "home (Garage)"),
        ("day", "2026-10-05"),
        ("month", "2026-10"),
    ],
)
def test_a_group_is_called(by: str, group: str) -> None:
    assert only(report(line("a", "1.00", "EUR", driver=None, place_name="Garage"), by=by).rows).group == group


@pytest.mark.parametrize(("by", "group"), [("place", BY_THE_MONTH), ("day", "2026-10")])
def test_what_is_owed_by_the_month_is_of_no_place_and_no_day(by: str, group: str) -> None:
    base = line(None, "9.90", "EUR", component="monthly_base", place=None)
    assert only(report(base, by=by).rows).group == group


def test_what_has_no_price_is_told_by_reason() -> None:
    lines = (line("a"), line("b"), line("c", reason="ongoing"), line("a", basis="policy", reason="place_unknown"))
    assert report(*lines).unknown.not_priced == (
        NotPriced("cost", "no_tariff", 2, 20.0),
        NotPriced("cost", "ongoing", 1, 10.0),
        NotPriced("policy", "place_unknown", 1, 10.0),
    )


def test_days_that_are_not_known_are_told_by_vehicle_and_stream() -> None:
    states = ("collected", "confirmed_empty", "before_consent", "upstream_error", "upstream_error")
    days = [known(date(2026, 10, number), state, vehicle_id="v-1") for number, state in enumerate(states, start=1)]
    found = report(days=(*days, known(date(2026, 9, 30), "not_asked"))).unknown.days
    assert found == (DaysNotKnown("V-1", "bmw_records", "upstream_error", 2),)


def test_sessions_that_are_not_priced_yet_are_counted() -> None:
    day = {"local_date": date(2026, 10, 5)}
    told = (session(1, **day), session(2, **day), session(3, **day, status="vanished"))
    assert report(line("session-1", "1.00", "EUR"), sessions=told).unknown.without_line == 1


def test_an_empty_lake_has_an_empty_report_and_does_not_say_that_all_is_known() -> None:
    told = report()
    assert (told.rows, told.totals, told.converted_total, told.unknown.is_empty) == ((), (), None, False)
    assert cost_document(told).sheets[1].notes == (NEVER_ASKED,)


AMOUNTS = st.none() | st.decimals("-50", "5000", places=3)
LINES = st.builds(
    lambda number, amount, currency, **told: line(
        None if number is None else f"s-{number}",
        None if amount is None else str(amount),
        None if amount is None else currency,
        # what a session has but one of follows from its number
        driver=[None, "Anna", "Bo"][(number or 0) % 3],
        vehicle_id=f"v-{(number or 0) % 2}",
        local_date=date(2026, 10, 1 + (number or 0)),
        **told,
    ),
    number=st.none() | st.integers(0, 8),
    amount=AMOUNTS,
    currency=st.sampled_from(sorted(SIX)),
    basis=st.sampled_from(["billed", "tariff", "policy"]),
)


@given(st.lists(LINES, max_size=25), st.sampled_from(GROUPINGS))
@tries(60)
def test_rows_add_up_to_the_totals_of_their_currency_by_any_grouping(lines: list[dict[str, Any]], by: str) -> None:
    told = report(*lines, by=by)
    names = ("sessions", "unpriced", "partial", "billed", "tariff", "cost", "reimbursed", "not_converted")
    added: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    for row in told.rows:
        for name in names:
            added[row.currency, name] += getattr(row, name) or 0
    assert added == {(row.currency, name): getattr(row, name) or 0 for row in told.totals for name in names}


@given(st.lists(LINES, max_size=25), st.sampled_from(GROUPINGS))
@tries(60)
def test_each_session_counts_in_one_row(lines: list[dict[str, Any]], by: str) -> None:
    sessions = {each["session_id"] for each in lines} - {None}
    assert sum(row.sessions for row in report(*lines, by=by).rows) == len(sessions)


@given(st.lists(LINES, max_size=12), st.randoms(use_true_random=False))
@tries(30)
def test_the_order_of_lines_changes_nothing(lines: list[dict[str, Any]], dice: Any) -> None:
    shuffled = dice.sample(lines, len(lines))
    assert report(*lines) == report(*shuffled)


def test_a_document_says_that_its_sums_leave_out_what_has_no_price() -> None:
    costs = cost_document(report(line("a"), line("b", "1.00", "EUR", **converted("1.00")))).sheets[0]
    expected = "1 session has no price, or one for a part alone: these sums do not hold all that they cost."
    assert expected in costs.notes


def test_energy_that_a_tesla_tells_by_the_day_alone_is_said_to_be_in_no_cost():
    day = {
        "vehicle_id": "v-1",
        "make": "TESLA",
        "day": date(2026, 10, 8),
        "home_kwh": 7.5,
        "other_kwh": 0.5,
        "flags": [],
    }
    gone = day | {"day": date(2026, 10, 9), "flags": ["no_longer_told"]}
    days = pl.DataFrame([day, gone], schema=CHARGE_DAYS.schema)
    session = {"session_id": "s-1", "vehicle_id": "v-1", "local_date": date(2026, 10, 8), "status": "complete"}
    told = pl.DataFrame([session], schema=CHARGE_SESSIONS.schema)

    def without_session(sessions: pl.DataFrame) -> DaysWithoutSession | None:
        completeness = pl.DataFrame(schema=COMPLETENESS.schema)
        return cost_report(
            frame(), sessions, completeness, Wanted(OCTOBER, "driver", "EUR", NOW), days=days
        ).unknown.without_session

    assert without_session(told.clear()) == DaysWithoutSession(1, 8.0)
    assert without_session(told) is None
