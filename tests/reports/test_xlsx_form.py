"""Workbooks that leave the lake: real numbers and dates, formats by currency, and no formula."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.workbook import Workbook

from reports.exports.document import Column, Document, Sheet
from reports.exports.xlsx_form import to_xlsx
from tests.reports.a_document import MADE_AT, a_document, a_row
from tests.tries import tries

TEXT = st.text(
    st.one_of(st.sampled_from("=+-@\t{}[]<>&\"'1_x"), st.characters(codec="utf-8", exclude_categories=["Cc"]))
)


def read(document: Document) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(to_xlsx(document)))


@pytest.fixture(scope="module")
def book() -> Workbook:
    amounts = [("1234.5", "EUR"), ("-7", "JPY"), ("7.125", "KWD")]
    return read(a_document(*(a_row(amount=amount, currency=code) for amount, code in amounts)))


def test_each_table_is_a_worksheet_and_the_last_says_what_it_is_about(book: Workbook) -> None:
    assert book.sheetnames == ["Costs by driver", "What is not known", "About"]


def test_numbers_are_numbers(book: Workbook) -> None:
    assert [cell.value for cell in book.active[2]][2:5] == [3, 12.25, 1234.5]


def test_dates_and_instants_are_dates_and_instants_are_in_utc(book: Workbook) -> None:
    day, instant = book.active[2][5:7]
    assert (day.value, day.number_format) == (datetime(2026, 10, 3), "yyyy-mm-dd")  # noqa: DTZ001 (Excel has no zone)
    assert (instant.value, instant.number_format) == (
        datetime(2026, 10, 3, 6, 12, 5),  # noqa: DTZ001 (Excel has no zone)
        'yyyy-mm-dd hh:mm:ss" UTC"',
    )


def test_each_amount_has_the_format_of_its_currency(book: Workbook) -> None:
    formats = [row[4].number_format for row in book.active.iter_rows(min_row=2, max_row=4)]
    assert formats == ['#,##0.00 "EUR"', '#,##0 "JPY"', '#,##0.000 "KWD"']


def test_the_header_is_frozen_and_rows_can_be_filtered(book: Workbook) -> None:
    assert (book.active.freeze_panes, book.active.auto_filter.ref) == ("A2", "A1:H4")


def test_totals_stand_below_outside_of_the_filter(book: Workbook) -> None:
    assert [cell.value for cell in book.active[6]][:5] == ["Total", "EUR", 3, None, 1234.5]


def test_its_own_time_is_that_of_the_document(book: Workbook) -> None:
    assert book.properties.created == MADE_AT.replace(tzinfo=None)


def test_what_is_not_known_is_an_empty_cell() -> None:
    assert read(a_document(a_row(driver=None, kwh=None))).active["A2"].value is None


@tries(40)
@given(st.lists(TEXT, min_size=1, max_size=20))
def test_any_text_is_text(texts: list[str]) -> None:
    content = to_xlsx(a_document(*(a_row(driver=text) for text in texts)))
    cells = [row[0] for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(min_row=2)][: len(texts)]
    assert [cell.value or "" for cell in cells] == texts
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("text", ["http://x.example", "mailto:a@b.example", "{=1}", "internal:A1", "123", "=1+1"])
def test_what_looks_like_a_link_or_a_number_is_text(text: str) -> None:
    cell = read(a_document(a_row(driver=text))).active["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_a_text_longer_than_a_cell_is_cut_visibly() -> None:
    assert read(a_document(a_row(driver="x" * 40_000))).active["A2"].value.endswith("x …")


def test_titles_that_excel_forbids_or_that_are_the_same_get_names() -> None:
    sheets = tuple(Sheet(title, (Column("A"),), [("x",)]) for title in ("a/b:c", "Costs", "costs", "History", "x" * 50))
    names = read(Document("t", (), sheets, MADE_AT)).sheetnames
    assert names == ["a b c", "Costs", "costs 2", "History 2", "x" * 31, "About"]


def test_an_amount_of_a_currency_nobody_lists_keeps_its_digits() -> None:
    cell = read(a_document(a_row(amount=str(Decimal("1.2345")), currency="ZZZ"))).active["E2"]
    assert (cell.value, cell.number_format) == (1.2345, '#,##0.0000 "ZZZ"')
