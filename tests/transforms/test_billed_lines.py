"""What was billed: as it came, with refunds, with parts that are not known, and never priced by a tariff as well."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from priced import DIGITS, HEAD, a_session, amounts, sessions, the_tariffs

from lake.schemas import SESSION_COSTS
from transforms.costs.billed import billed_lines
from transforms.costs.lines import with_state
from transforms.costs.table import CostRules, session_costs
from transforms.rules.rates import joined


def a_bill(energy: str | None, other: str | None, **more: object) -> dict[str, object]:
    parts = {"billed_energy": energy and Decimal(energy), "billed_other": other and Decimal(other)}
    return a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z", 10.0, currency="USD", place="public", **parts) | more


def lines_of(*bills: dict[str, object]) -> pl.DataFrame:
    return with_state(billed_lines(sessions(*bills)))


@pytest.mark.parametrize(
    ("energy", "other", "lines"),
    [
        ("4.1", "0", [("energy", "4.1")]),
        ("4.123456", "1", [("energy", "4.123456"), ("other_unspecified", "1")]),
        ("0", "2.5", [("energy", "0"), ("other_unspecified", "2.5")]),
        ("-4.1", "0", [("credit", "-4.1")]),
        ("4.1", "-1", [("energy", "4.1"), ("credit", "-1")]),
    ],
    ids=["energy", "both", "a fee alone", "a refund", "a credit"],
)
def test_amounts_are_those_of_the_bill(energy, other, lines):
    assert amounts(lines_of(a_bill(energy, other))) == lines


@pytest.mark.parametrize(
    ("energy", "other", "unpriced"), [(None, "1", 10.0), ("4.1", None, 0.0)], ids=["no energy", "no other"]
)
def test_a_bill_with_an_unknown_part_is_partial(energy, other, unpriced):
    lines = lines_of(a_bill(energy, other))
    assert set(lines["state"]) == {"partial"}
    assert lines.filter(pl.col("amount").is_null()).select("reason", "kwh_unpriced").rows() == [
        ("incomplete_bill", unpriced)
    ]


def test_two_credits_of_a_bill_are_two_lines():
    lines = lines_of(a_bill("-4.1", "-1"))
    assert amounts(lines) == [("credit", "-4.1"), ("credit", "-1")]
    assert lines["line_id"].n_unique() == 2


def the_costs(*rows: dict[str, object]) -> pl.DataFrame:
    tariffs = the_tariffs(HEAD + "price_per_kwh = 0.30\n")
    return session_costs(sessions(*rows).drop("driver", "cost_centre"), CostRules(tariffs, joined([]), "EUR", DIGITS))


def test_a_session_with_a_bill_is_not_priced_by_a_tariff():
    assert the_costs(a_bill("4.1", "0"))["basis"].to_list() == ["billed"]


def test_a_session_that_vanished_costs_nothing():
    assert the_costs(a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z", status="vanished")).is_empty()


def test_the_table_has_the_columns_that_are_documented_and_a_month():
    costs = the_costs(a_bill("4.1", "0"), a_session("2026-01-06T20:00Z", None))
    assert list(costs.schema.items()) == [*SESSION_COSTS.schema.items(), ("month", pl.String())]
