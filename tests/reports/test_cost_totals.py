"""Totals of cost reports: the exact sum of each currency, and none over currencies."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.schemas import CHARGE_SESSIONS, COMPLETENESS, SESSION_COSTS
from reports.costs.figures import CostReport, CostRow, Period, Wanted, cost_report
from reports.costs.sheets import cost_document
from reports.exports.document import Money
from tests.tries import tries

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
SIX = ("USD", "EUR", "GBP", "CHF", "NOK", "JPY")
MADE_AT = datetime(2026, 11, 2, tzinfo=UTC)
NO_SESSIONS = pl.DataFrame(schema=CHARGE_SESSIONS.schema)
MONEY = st.decimals(-1_000_000, 1_000_000, places=6)
SESSION = st.fixed_dictionaries(
    {
        "vehicle_id": st.sampled_from(["v-1", "v-2", "v-3"]),
        "driver": st.sampled_from([None, "Ada", "Bo"]),
        "cost_centre": st.sampled_from([None, "4711"]),
        "make": st.sampled_from(["BMW", "TESLA"]),
        "place": st.sampled_from(["home", "public", "unknown"]),
        "place_name": st.sampled_from([None, "Elm Street"]),
        "local_date": st.dates(date(2026, 10, 1), date(2026, 10, 31)),
        "currency": st.sampled_from([None, *SIX]),
        "kwh": st.none() | st.decimals(0, 200, places=6).map(float),
        "basis": st.sampled_from(["billed", "tariff"]),
        "amounts": st.lists(MONEY, min_size=1, max_size=3),
        "reimbursed": st.none() | MONEY,
        "rated": st.booleans(),
    }
)


def lines_of(sessions: list[dict[str, Any]]) -> pl.DataFrame:
    """Cost lines: an energy line and more of each session, one of reimbursement where there is one."""
    rows = [row for at, told in enumerate(sessions) for row in lines_of_one(f"s-{at}", told)]
    schema = SESSION_COSTS.schema
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def lines_of_one(name: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    keys = ("vehicle_id", "driver", "cost_centre", "make", "place", "place_name", "local_date")
    of = {"session_id": name, **{key: told[key] for key in keys}}
    currency, kwh = told["currency"], told["kwh"]
    priced = {"currency": currency, "basis": told["basis"], "state": "complete", "reporting_currency": "EUR"}
    cost = [
        of | priced | {"line_id": f"{name}/{at}", "component": "time" if at else "energy", "amount": amount}
        | {"reporting_amount": amount if told["rated"] else None}
        | ({"kwh_priced": 0.0} if at else {"kwh_priced": kwh, "kwh_unpriced": None if kwh is None else 0.0})
        for at, amount in enumerate(told["amounts"])
    ]  # fmt: skip
    if currency is None:
        reason = {"state": "unpriced", "reason": "no_tariff", "component": "energy", "basis": "tariff"}
        cost = [of | reason | {"line_id": name, "kwh_priced": kwh and 0.0, "kwh_unpriced": kwh}]
    if told["reimbursed"] is not None:
        paid = {"basis": "policy", "component": "energy", "amount": told["reimbursed"], "currency": "EUR"}
        cost.append(of | paid | {"line_id": f"{name}/p", "state": "complete"})
    return cost


def report(lines: pl.DataFrame, by: str = "driver") -> CostReport:
    wanted = Wanted(OCTOBER, by, "EUR", MADE_AT)
    return cost_report(lines, NO_SESSIONS, pl.DataFrame(schema=COMPLETENESS.schema), wanted)


def added(rows: tuple[CostRow, ...], of: str) -> dict[str | None, Any]:
    """Sums by currency of a figure; of what is None there is nothing to add."""
    sums: dict[str | None, Any] = defaultdict(Decimal)
    for row in rows:
        if (value := getattr(row, of)) is not None:
            sums[row.currency] += round(Decimal(value), 6)
    return dict(sums)


@pytest.fixture(scope="module")
def six() -> CostReport:
    """A session a currency, each of 100 and its place among them."""
    told = {
        "vehicle_id": "v-1", "driver": "Ada", "cost_centre": None, "make": "TESLA", "place": "public",
        "place_name": None, "local_date": date(2026, 10, 3), "kwh": 10.0, "basis": "billed", "reimbursed": None,
        "rated": True,
    }  # fmt: skip
    return report(lines_of([told | {"currency": code, "amounts": [Decimal(100 + at)]} for at, code in enumerate(SIX)]))


@tries(30)
@given(st.lists(SESSION, max_size=12))
def test_totals_are_the_exact_sums_of_each_currency(sessions: list[dict[str, Any]]) -> None:
    expected: dict[str | None, Decimal] = defaultdict(Decimal)
    for told in sessions:
        if told["currency"] is not None:
            expected[told["currency"]] += sum(told["amounts"])
    assert added(report(lines_of(sessions)).totals, "cost") == dict(expected)


def test_no_total_mixes_currencies(six: CostReport) -> None:
    assert {row.currency: row.cost for row in six.totals} == {code: 100 + at for at, code in enumerate(SIX)}


def test_a_document_has_a_total_row_for_each_currency_and_none_over_them(six: CostReport) -> None:
    totals = [(row[1], row[10]) for row in cost_document(six).sheets[0].totals]
    assert totals == [(code, Money(Decimal(100 + SIX.index(code)), code)) for code in sorted(SIX)]
