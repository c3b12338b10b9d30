"""A statement: every figure with its evidence, sums by currency, and nothing of a stranger's that moves a terminal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from lake.schemas import CHARGE_SESSIONS, COMPLETENESS, RECONCILIATION, SESSION_COSTS
from reports.exports.document import Money
from reports.statements.forms import FORMS, documents
from reports.statements.making import Material, days_of, drivers, statement
from reports.statements.model import Statement
from reports.statements.paper import statement_document
from tests.reports.lakes import known, session
from transforms.costs.correcting import CORRECTION

MADE = datetime(2026, 10, 3, 6, tzinfo=UTC)
MONTH = "2026-09"


def line(number: int = 1, amount: str | None = "4.00", currency: str = "EUR", **more: Any) -> dict[str, Any]:
    of = {name: value for name, value in session(number).items() if name in SESSION_COSTS.schema}
    priced = {"amount": amount and Decimal(amount), "currency": amount and currency, "kwh_priced": 10.0}
    what = {"line_id": f"l-{number}", "basis": "tariff", "component": "energy", "rule_id": "t", "rule_version": "1"}
    reason = {"driver": "Ada", "rule_name": "flat", "reason": None if amount else "no_price"}
    return dict.fromkeys(SESSION_COSTS.schema) | of | what | priced | reason | more


def correction(**more: Any) -> dict[str, Any]:
    of = {name: value for name, value in line().items() if name in CORRECTION}
    sums = {"stated": Decimal(4), "stands": Decimal(3), "amount": Decimal(-1)}
    return dict.fromkeys(CORRECTION) | of | sums | {"corrects_month": "2026-08", "why": "changed"} | more


def of(
    lines: list[dict[str, Any]],
    sessions: list[dict[str, Any]] | None = None,
    corrections: list[dict[str, Any]] | None = None,
    completeness: list[dict[str, Any]] | None = None,
    *,
    held: bool = False,
) -> Material:
    told = [session(1)] if sessions is None else sessions
    days = [("vehicle-1", "Ada" if held else None, day) for day in days_of(MONTH)]
    return Material(
        month=MONTH,
        made_at=MADE,
        closes=False,
        lines=pl.DataFrame(lines, schema=SESSION_COSTS.schema),
        sessions=pl.DataFrame(
            [{"driver": "Ada"} | each for each in told], schema={**CHARGE_SESSIONS.schema, "driver": pl.String}
        ),
        corrections=pl.DataFrame(corrections or [], schema=CORRECTION),
        completeness=pl.DataFrame(completeness or [], schema=COMPLETENESS.schema),
        remarks=RECONCILIATION.empty(),
        held=pl.DataFrame(days, schema={"vehicle_id": pl.String, "driver": pl.String, "day": pl.Date}, orient="row"),
        policies=(),
        hash_of={"raw/a#1": "f" * 64}.get,
        names=lambda vehicle: f"BMW-{vehicle[-1]}",
    )


def of_ada(*args: Any, **more: Any) -> Statement:
    return statement(of(*args, **more), "Ada")


def test_amounts_of_two_currencies_are_never_one_total():
    totals = of_ada([line(), line(2, "5.00", "GBP"), line(3, "1.50", basis="policy")]).totals
    assert [(each.currency, each.cost, each.reimbursed) for each in totals] == [
        ("EUR", Decimal("4.00"), Decimal("1.50")),
        ("GBP", Decimal("5.00"), Decimal("0.00")),
    ]


def test_an_amount_has_the_digits_of_its_currency():
    stated = of_ada([line(1, "311", "JPY"), line(2, "4", "KWD")])
    assert [str(each.amount) for each in stated.lines] == ["311", "4.000"]


def test_what_is_to_be_paid_is_reimbursed_and_its_corrections_alone():
    lines = [line(), line(2, "3.40", basis="policy")]
    (total,) = of_ada(lines, corrections=[correction(), correction(basis="policy")]).totals
    assert (total.cost_corrected, total.to_pay) == (Decimal("-1.00"), Decimal("2.40"))


def test_a_line_without_an_amount_is_counted_by_its_reason_and_in_no_total():
    stated = of_ada([line(), line(2, None), line(3, None, basis="policy", reason="place_unknown")])
    assert (stated.not_priced, stated.not_paid) == (1, {"place_unknown": 1})
    assert [each.cost for each in stated.totals] == [Decimal("4.00")]


def test_a_session_says_what_it_is_and_where_that_is_from():
    (stated,) = of_ada(
        [line()], sessions=[session(1, place="home", place_name="Ada's", place_method="address")]
    ).sessions
    assert (stated.vehicle, stated.place_name, stated.place_method) == ("BMW-1", "Ada's", "address")
    assert (stated.raw_ref, stated.answer_sha256) == ("raw/a#1", "f" * 64)


def test_a_session_starts_on_the_clock_of_its_vehicle():
    late = session(1, started_at=datetime(2026, 8, 31, 23, 30, tzinfo=UTC), timezone="Europe/Berlin")
    late["local_date"] = date(2026, 9, 1)
    assert [each.local_start for each in of_ada([], sessions=[late]).sessions] == ["2026-09-01 01:30"]


def test_days_that_are_not_known_are_named_with_their_reason():
    told = [known(day) for day in days_of(MONTH)[:28]] + [known(date(2026, 9, 29), "upstream_error")]
    unknown = of_ada([], completeness=told, held=True).unknown_days
    assert [(each.stream, each.state, each.days) for each in unknown] == [
        ("any", "not_asked", [date(2026, 9, 30)]),
        ("bmw_records", "upstream_error", [date(2026, 9, 29)]),
    ]


def test_a_driver_who_did_not_charge_has_a_statement_too():
    material = of([], sessions=[], held=True)
    assert drivers(material) == ["Ada"]
    assert statement(material, "Ada").sessions == []


def test_what_nobody_had_is_stated_last():
    material = of([line(), line(2, driver=None)], sessions=[session(1), session(2, driver=None)])
    assert drivers(material) == ["Ada", None]
    assert [each.session_id for each in statement(material, None).sessions] == ["session-2"]


def test_no_line_is_lost_between_the_statements_of_a_month():
    lines = [line(number, driver=driver) for number, driver in enumerate(["Ada", "Bob", None, "Ada"])]
    material = of(lines)
    stated = [each.line_id for driver in drivers(material) for each in statement(material, driver).lines]
    assert sorted(stated) == sorted(each["line_id"] for each in lines)


def test_a_name_cannot_move_the_cursor_of_a_terminal():
    stated = of_ada([line(rule_name="flat\x1b[2J\n\n4000.00 EUR")])
    text = documents(stated)["txt"].decode()
    assert "\x1b" not in text
    assert "\n4000.00" not in text


def test_the_same_material_prints_the_same_bytes():
    assert documents(of_ada([line()])) == documents(of_ada([line()]))


def test_json_has_money_as_text_with_its_digits():
    told = json.loads(documents(of_ada([line(amount="4.10")]))["json"])
    assert told["lines"][0]["amount"] == "4.10"


def test_the_paper_has_each_line_with_its_values_as_they_are():
    document = statement_document(of_ada([line()], corrections=[correction()], held=True))
    told = {sheet.title: sheet for sheet in document.sheets}
    headings = [column.heading for column in told["Lines"].columns]
    row, corrected = (dict(zip(headings, each, strict=True)) for each in told["Lines"].rows)
    assert (corrected["Amount"], corrected["Corrects statement"]) == (Money(Decimal("-1.00"), "EUR"), "2026-08")
    assert (row["Line"], row["Amount"], row["Start, local"]) == (
        "l-1",
        Money(Decimal("4.00"), "EUR"),
        "2026-09-07 08:00",
    )
    assert list(told) == [
        "Lines", "Totals, by currency", "Corrections of closed statements", "Evidence by session",
        "Days that are not known",
    ]  # fmt: skip


def test_every_row_of_the_paper_has_a_cell_a_column():
    document = statement_document(of_ada([line()], corrections=[correction()], held=True))
    assert all(len(row) == len(sheet.columns) for sheet in document.sheets for row in sheet.rows)


def test_every_form_is_what_its_name_says():
    printed = documents(of_ada([line(rule_name="=1+1")], corrections=[correction()]))
    assert printed.keys() == FORMS.keys()
    assert printed["pdf"].startswith(b"%PDF-")
    assert printed["xlsx"].startswith(b"PK")
    assert b"4.00" in printed["csv"]
