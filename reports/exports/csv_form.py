"""The main table of a document as CSV.

RFC 4180: UTF-8, lines end with CR LF, text is quoted where it must be. Instants are ISO 8601 with their offset, money
has the digits of its currency, percent is 0..100, and what is not known is empty. Sums are left out: a column can be
added up.

No text becomes a formula in a spreadsheet. One that begins with `=`, `+`, `-` or `@` (their wide forms too), also after
blanks, gets an apostrophe before it, and so does what would begin like that if a reader took another separator than
this file has. Numbers are never touched.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from reports.exports.document import Cell, Document, Money, clean

BOM: Final = "\ufeff"
_BEGINS: Final = "=+\\-@＝＋－＠"
_BLANK: Final = r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"  # noqa: E501 (the blank and the invisible)
_FORMULA: Final = re.compile(rf"(^|[,;|\"'\t\r\n])(?=[{_BLANK}\"']*[{_BEGINS}])")
_LEADING: Final = re.compile(r"^(?=[\t\r\n])")


def to_csv(document: Document, *, bom: bool = False, decimal_comma: bool = False) -> bytes:
    """The first table of a document.

    Args:
        document: The document.
        bom: Begin with a byte order mark, without which Excel takes UTF-8 for another encoding.
        decimal_comma: Write `1,5` and separate by `;`, as spreadsheets of many countries expect it.
    """
    sheet = document.sheets[0]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if decimal_comma else ",", lineterminator="\r\n")
    writer.writerow([harmless(column.heading) for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_written(cell, decimal_comma=decimal_comma) for cell in row])
    return ((BOM if bom else "") + text.getvalue()).encode()


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1'", _LEADING.sub("'", clean(text)))


def _written(cell: Cell, *, decimal_comma: bool) -> str:
    match cell:
        case None:
            return ""
        case str():
            return harmless(cell)
        case datetime() | date():
            return cell.isoformat()
        case Money():
            number = f"{cell.rounded:f}"
        case int():
            return str(cell)
        case _:
            number = _plain(cell)
    return number.replace(".", ",") if decimal_comma else number


def _plain(number: float | Decimal) -> str:
    """All digits that say something, without an exponent."""
    text = f"{Decimal(repr(number)) if isinstance(number, float) else number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
