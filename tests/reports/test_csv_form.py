"""CSV that leaves the lake: what each cell becomes, for which readers, and that none of it is a formula."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.exports.csv_form import harmless, to_csv
from tests.reports.a_document import a_document, a_row
from tests.tries import tries

FORMULA = re.compile(r"[\s\x00-\x20\u200b\ufeff\"]*[=+\-@＝＋－＠]")
NUMBER = re.compile(r"-?\d+([.,]\d+)?\Z|\d{4}-\d\d-\d\d(T.*)?\Z")
HOSTILE = [
    "=1+1",
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\u200b=1",
    "a;=1",
    "a,\t+1",
    '"=1',
    "a\n=1",
]
ANY_TEXT = st.text(st.one_of(st.sampled_from("=+-@\t\r\n ,;|\"'＝a1\u200b"), st.characters(codec="utf-8")), max_size=12)


def cells(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_each_kind_of_cell_is_written_for_programs() -> None:
    assert cells(to_csv(a_document()))[1] == [
        "Ada", "EUR", "3", "12.25", "1234.50", "2026-10-03", "2026-10-03T08:12:05+02:00", "97.2",
    ]  # fmt: skip


def test_a_decimal_comma_comes_with_semicolons() -> None:
    assert cells(to_csv(a_document(), decimal_comma=True), ";")[1][3:5] == ["12,25", "1234,50"]


def test_money_has_the_digits_of_its_currency() -> None:
    rows = [a_row(amount=amount, currency=code) for amount, code in [("7", "JPY"), ("7", "KWD"), ("7.1", "NOK")]]
    assert [row[4] for row in cells(to_csv(a_document(*rows)))[1:]] == ["7", "7.000", "7.10"]


def test_a_bill_with_more_digits_than_its_currency_keeps_them() -> None:
    assert cells(to_csv(a_document(a_row(amount="7.125", currency="JPY"))))[1][4] == "7.125"


def test_what_is_not_known_is_empty() -> None:
    assert cells(to_csv(a_document(a_row(driver=None, kwh=None))))[1][0:4] == ["", "EUR", "3", ""]


def test_negative_amounts_stay_numbers() -> None:
    assert cells(to_csv(a_document(a_row(amount="-5"))))[1][4] == "-5.00"


def test_small_energy_has_no_exponent() -> None:
    assert cells(to_csv(a_document(a_row(kwh=1e-7))))[1][3] == "0.0000001"


def test_totals_are_left_out() -> None:
    assert len(cells(to_csv(a_document(a_row(), a_row())))) == 3


def test_lines_end_with_carriage_return_and_line_feed() -> None:
    content = to_csv(a_document())
    assert content.count(b"\r\n") == content.count(b"\n") == 2


def test_a_byte_order_mark_is_written_on_request_alone() -> None:
    assert to_csv(a_document(), bom=True) == b"\xef\xbb\xbf" + to_csv(a_document())


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_begins_like_a_formula_is_defused(text: str) -> None:
    assert harmless(text) != text


@pytest.mark.parametrize("text", ["Ada", "Łódź", "AC-1", "3-phase", "a@b.example", "Elm Street 5 = home", "1+1"])
def test_text_that_does_not_is_left_as_it_is(text: str) -> None:
    assert harmless(text) == text


@tries(300)
@given(
    ANY_TEXT,
    st.sampled_from([False, True]),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_NONE]),
)
def test_no_text_is_a_formula_to_any_reader(text: str, comma, delimiter: str, quoting) -> None:
    content = to_csv(a_document(a_row(driver=text)), decimal_comma=comma).decode().replace("\r", "\n")
    read = csv.reader(io.StringIO(content), delimiter=delimiter, quoting=quoting)
    assert [cell for row in read for cell in row if FORMULA.match(cell) and not NUMBER.match(cell)] == []


@tries(100)
@given(ANY_TEXT)
def test_text_is_whole_but_for_apostrophes(text: str) -> None:
    read = cells(to_csv(a_document(a_row(driver=text))))[1][0]
    assert read.replace("'", "") == text.replace("'", "")
