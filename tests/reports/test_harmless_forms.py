"""Whatever text a lake holds, a form shows it as text: no formula in a table, no markup on paper, nothing lost."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import hypothesis.strategies as st
import pypdfium2
import pytest
import typst
from hypothesis import given
from openpyxl import load_workbook

from reports.exports import letters
from reports.exports.csv_form import to_csv
from reports.exports.document import Column, Document, Money, Sheet
from reports.exports.pdf_form import to_pdf
from reports.exports.xlsx_form import to_xlsx
from tests.tries import tries

HOUSE = Path(__file__).parents[2]
NOW = datetime(2026, 11, 2, 6, 12, tzinfo=UTC)
COLUMNS = (
    Column("Driver"),
    Column("Sessions", "whole"),
    Column("Energy (kWh)", "kwh"),
    Column("Cost", "money"),
    Column("Day", "date"),
    Column("Start", "instant"),
)
AT = datetime(2026, 10, 5, 8, 30, tzinfo=timezone(timedelta(hours=2)))
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", '"=1', "'=1", "＝1", "a;=1", "a\n=1", "\u200b=1")
MARKUP = ('#panic("x")', '#import "@preview/x:1.0.0"', "$a^2$ *b* _c_", "= head", "<script>", "\\ // /* */", "`raw` @f")
DANGEROUS = re.compile(r"[\s\u200b\"]*[=+\-@＝＋－＠]")
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


def row(text: str, amount: str, currency: str) -> tuple[object, ...]:
    return (text, 3, Decimal("10.5"), Money(Decimal(amount), currency), date(2026, 10, 5), AT)


def document(*texts: str, amount: str = "-1.50", currency: str = "EUR") -> Document:
    rows = tuple(row(text, amount, currency) for text in texts)
    sheet = Sheet("By driver", COLUMNS, rows, ((("Total"), 3, None, None, None, None),), texts[:1])
    return Document(texts[0], (("Period", texts[0]),), (sheet,), NOW, (texts[0],))


def cells(content: bytes, delimiter: str) -> list[str]:
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    return [cell for each in rows for cell in each]


def paper(content: bytes) -> list[str]:
    pages = pypdfium2.PdfDocument(content)
    return [page.get_textpage().get_text_range().replace("\u200b", "") for page in pages]


# CSV


@given(
    st.text(max_size=12) | st.text("=+-@\t\r\n \"',;|＝a1", max_size=8),
    st.sampled_from([{}, {"decimal_comma": True}]),
    st.sampled_from(",;\t|"),
)
@tries(150)
def test_no_text_is_a_formula_in_csv_by_whatever_separator_it_is_read(text: str, form: dict, separator: str) -> None:
    found = cells(to_csv(document(text), **form), separator)
    assert [each for each in found if DANGEROUS.match(each) and not NUMBER.fullmatch(each)] == []


def test_negative_amounts_stay_numbers_in_csv() -> None:
    assert cells(to_csv(document("Anna")), ",")[6:] == [
        "Anna", "3", "10.5", "-1.50", "2026-10-05", "2026-10-05T08:30:00+02:00",
    ]  # fmt: skip


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "-2"), ("EUR", "-2.00"), ("KWD", "-2.000")])
def test_an_amount_has_the_digits_of_its_currency(currency: str, shown: str) -> None:
    assert cells(to_csv(document("Anna", amount="-2", currency=currency)), ",")[9] == shown


def test_csv_for_countries_with_a_decimal_comma() -> None:
    line = to_csv(document("Anna"), decimal_comma=True).decode().split("\r\n")[1]
    assert line == "Anna;3;10,5;-1,50;2026-10-05;2026-10-05T08:30:00+02:00"


def test_a_byte_order_mark_is_written_on_request() -> None:
    assert to_csv(document("Anna"), bom=True) == b"\xef\xbb\xbf" + to_csv(document("Anna"))


# Workbooks


@given(st.lists(st.text(max_size=12) | st.sampled_from(FORMULAS), min_size=1, max_size=4))
@tries(25)
def test_a_workbook_holds_text_as_text(texts: list[str]) -> None:
    book = load_workbook(io.BytesIO(to_xlsx(document(*texts))))
    found = [cell for worksheet in book for line in worksheet.iter_rows() for cell in line if cell.value is not None]
    assert [cell.value for cell in found if cell.data_type == "f" or cell.hyperlink] == []


def test_what_looks_like_a_formula_can_be_read_back_from_a_workbook() -> None:
    told = tuple(each for each in FORMULAS if "\r" not in each)
    table = load_workbook(io.BytesIO(to_xlsx(document(*told)))).worksheets[0]
    assert [table.cell(at, 1).value for at in range(2, 2 + len(told))] == list(told)


def test_numbers_and_dates_of_a_workbook_are_numbers_and_dates() -> None:
    table = load_workbook(io.BytesIO(to_xlsx(document("Anna")))).worksheets[0]
    assert [cell.value for cell in table[2]] == [
        "Anna", 3, 10.5, -1.5, datetime(2026, 10, 5), datetime(2026, 10, 5, 6, 30),  # noqa: DTZ001 (Excel has no zone)
    ]  # fmt: skip


@pytest.mark.parametrize(("currency", "form"), [("JPY", '#,##0 "JPY"'), ("KWD", '#,##0.000 "KWD"')])
def test_an_amount_of_a_workbook_is_shown_with_its_currency(currency: str, form: str) -> None:
    table = load_workbook(io.BytesIO(to_xlsx(document("Anna", amount="-2", currency=currency)))).worksheets[0]
    assert table["D2"].number_format == form


def test_the_header_of_a_workbook_stays_and_filters() -> None:
    table = load_workbook(io.BytesIO(to_xlsx(document("Anna", "Bo")))).worksheets[0]
    assert (table.freeze_panes, table.auto_filter.ref) == ("A2", "A1:F3")


# Paper


def test_markup_is_printed_as_it_is() -> None:
    text = " ".join("".join(paper(to_pdf(document(*MARKUP)))).split())
    assert [each for each in MARKUP if each not in text] == []


@pytest.mark.parametrize("name", ["Zoë Łukasz Šťastný Øß", "Ελληνικά", "Кириллица Їжак", "€ £ ¥ ₴ ₽ ₺"])
def test_names_of_europe_are_printed(name: str) -> None:
    assert name in "".join(paper(to_pdf(document(name))))


@pytest.mark.parametrize(("name", "number"), [("日本", "U+65E5"), ("\u202eevil", "U+202E"), ("\x07", "U+0007")])
def test_what_the_fonts_do_not_have_is_printed_as_a_number(name: str, number: str) -> None:
    assert number in "".join(paper(to_pdf(document(name))))


def test_many_rows_have_pages_with_numbers_and_the_header_on_each() -> None:
    pages = paper(to_pdf(document(*(f"Driver {number}" for number in range(120)))))
    assert len(pages) > 1
    expected = [f"Page {number} of {len(pages)}" for number in range(1, len(pages) + 1)]
    assert [number for number, page in zip(expected, pages, strict=True) if number not in page] == []
    assert [page for page in pages if "2026-10-05" in page and "Energy (kWh)" not in page] == []


@given(st.text(max_size=30))
@tries(25)
def test_any_text_can_be_printed(text: str) -> None:
    assert to_pdf(document(text)).startswith(b"%PDF-")


def test_a_text_without_a_blank_stays_on_the_page() -> None:
    page = pypdfium2.PdfDocument(to_pdf(document("x" * 500)))[0]
    text = page.get_textpage()
    right = max(text.get_charbox(at)[2] for at in range(text.count_chars()))
    assert right < page.get_width()


def test_the_fonts_have_each_character_that_is_printed_as_itself() -> None:
    """A character that a font does not have is drawn as the same box for each: none may look like it."""
    claimed = [each for each in map(chr, range(0x21, 0x3000)) if letters.has(each) and _is_seen(each)]
    fonts = json.dumps(letters.FONTS).replace("[", "(").replace("]", ")")
    source = f"#set page(width: 1cm, height: 1cm)\n#set text(font: {fonts})\n"
    each_on_a_page = "#for each in json(bytes(sys.inputs.all)) { page(each) }"
    all_of_them = {"all": json.dumps(["\u65e5", *claimed])}
    drawn = typst.compile(
        (source + each_on_a_page).encode(), format="svg", sys_inputs=all_of_them, ignore_system_fonts=True
    )
    missing, *shapes = [set(re.findall(rb' d="([^"]{60,})"', page)) for page in drawn]
    assert missing
    assert [each for each, shape in zip(claimed, shapes, strict=True) if missing & shape] == []


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "ZC"


# The same bytes


MADE_ANEW = """
import hashlib
from tests.reports.test_harmless_forms import document, to_csv, to_pdf, to_xlsx
told = document("Anna", "Zoë", "日本", "=1")
print([hashlib.sha256(write(told)).hexdigest() for write in (to_csv, to_xlsx, to_pdf)])
"""


def test_another_process_writes_the_same_bytes() -> None:
    def digests(seed: str, zone: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(HOUSE)}
        done = subprocess.run(
            [sys.executable, "-c", MADE_ANEW], env=environment, cwd=HOUSE, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert digests("1", "UTC") == digests("2", "Asia/Tokyo")
