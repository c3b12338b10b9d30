"""Documents on paper: pages, letters, and text that is never markup."""

from __future__ import annotations

import string

import pypdfium2
import pytest

from reports.exports.document import Column, Document, Sheet
from reports.exports.pdf_form import NUMBERED, to_pdf
from tests.reports.a_document import MADE_AT, a_document, a_row

LETTERS = {
    "Latin": "Łódź Çelik Đorđević Å Ñandú ß Œ Ő Ẵ ŵ",
    "Greek": "Ελλάδα Ώρα",
    "Cyrillic": "Київ Ђорђе Щука",
    "Hebrew": "שלום",
    "Arabic": "محمد",
}
MARKUP = '#strong[x] *b* _i_ $x^2$ `raw` <label> @ref // no comment \\ #import "a"'


def pages(document: Document) -> list[str]:
    read = pypdfium2.PdfDocument(to_pdf(document))
    return [each.get_textpage().get_text_range().replace("\r\n", "\n").replace("\u200b", "") for each in read]


def width_and_height(document: Document) -> tuple[float, float]:
    width, height = pypdfium2.PdfDocument(to_pdf(document))[0].get_size()
    return round(width), round(height)


def a_narrow(*texts: str) -> Document:
    return Document("Costs", (), (Sheet("Names", (Column("Driver"),), [(text,) for text in texts]),), MADE_AT)


@pytest.fixture(scope="module")
def many() -> list[str]:
    return pages(a_document(*(a_row(driver=f"Driver {number}") for number in range(150))))


def test_one_page_says_all() -> None:
    (page,) = pages(a_document())
    for told in ("Costs", "Period", "2026-10-01 to 2026-10-31", "Ada", "1,234.50", "EUR", "12.2", "What is not known"):
        assert told in page


def test_each_page_repeats_the_header_of_its_table(many: list[str]) -> None:
    assert [page.count("Sessions") for page in many] == [1] * len(many)


def test_each_page_says_which_of_how_many_it_is(many: list[str]) -> None:
    assert [f"Page {at} of {len(many)}" in page for at, page in enumerate(many, start=1)] == [True] * len(many)


def test_no_row_is_lost_between_pages(many: list[str]) -> None:
    text = "\n".join(many)
    assert [number for number in range(150) if f"Driver {number} EUR" not in text.replace("\n", " ")] == []


def test_there_is_a_line_for_each_signature_and_none_without() -> None:
    signed, unsigned = (pages(a_document(signatures=each))[0] for each in (("Date, driver", "Date, boss"), ()))
    assert ("Date, driver" in signed, "Date, boss" in signed, "Date, driver" in unsigned) == (True, True, False)


def test_a_column_of_which_nothing_is_known_is_left_out() -> None:
    (page,) = pages(a_document(a_row(kwh=None)))
    assert ("Energy" in page, "Sessions" in page) == (False, True)


def test_what_is_signed_is_said_beside_the_lines(many: list[str]) -> None:
    above, below = many[-1].index("Costs, 2026-10-01 to 2026-10-31"), many[-1].index("Date, driver")
    assert above < below


def test_a_narrow_table_stands_upright_and_a_wide_one_across() -> None:
    assert width_and_height(a_narrow("Ada")) == (595, 842)
    assert width_and_height(a_document(a_row(driver="A driver with a long name " * 3))) == (842, 595)


def test_a_long_text_wraps_and_stays_on_the_page() -> None:
    word = "".join(string.ascii_letters[at % 52] for at in range(400))
    assert word in "".join(pages(a_narrow(word))).replace("\n", "").replace("\ufffe", "")


@pytest.mark.parametrize("script", LETTERS)
def test_letters_of_a_script_are_on_the_page(script: str) -> None:
    (page,) = pages(a_narrow(LETTERS[script]))
    assert sorted(LETTERS[script].split()) == sorted(set(LETTERS[script].split()) & set(page.split()))
    assert NUMBERED not in page


def test_what_the_fonts_do_not_have_is_its_number_and_the_page_says_so() -> None:
    (page,) = pages(a_narrow("充電 🚗"))
    assert "U+5145 U+96FB U+1F697" in " ".join(page.split())
    assert NUMBERED in " ".join(page.split())


def test_text_is_never_markup() -> None:
    assert MARKUP in " ".join("".join(pages(a_narrow(MARKUP))).split())


def test_a_table_without_rows_is_a_page() -> None:
    assert "Driver" in pages(a_narrow())[0]
