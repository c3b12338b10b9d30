"""A document as a workbook: each table a worksheet with real numbers and dates, and one of what is said of them.

Text is written as text, whatever it begins with: there is no formula and no link in the workbook. Excel's dates have no
zone: instants are written in UTC and their format says so. Its numbers are floats, exact to fifteen digits. The same
document gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from reports.exports.document import Cell, Document, Money, Sheet, clean

_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_FORMATS: Final = {
    "text": "@",
    "whole": "#,##0",
    "kwh": "#,##0.000",
    "kg": "#,##0.000",
    "percent": '0.0" %"',
    "date": "yyyy-mm-dd",
    "instant": 'yyyy-mm-dd hh:mm:ss" UTC"',
}
_MOST_TEXT: Final = 32_767
"""Characters of a cell; XlsxWriter leaves out a longer one without a word."""
_MOST_NAME: Final = 31
_WIDEST: Final = 60
_NARROWEST: Final = 9
_FIRST_DATE: Final = date(1900, 3, 1)
"""Before it Excel counts a day that never was."""


def to_xlsx(document: Document) -> bytes:
    """The workbook."""
    file = io.BytesIO()
    with Workbook(file, dict(_OPTIONS)) as workbook:
        workbook.set_properties({"title": clean(document.title), "created": document.made_at.astimezone(UTC)})
        look = _Look(workbook)
        names: set[str] = set()
        for sheet in document.sheets:
            _write(workbook.add_worksheet(_name(sheet.title, names)), sheet, look)
        _write_about(workbook.add_worksheet(_name("About", names)), document, look)
    return file.getvalue()


class _Look:
    """Formats of a workbook, each made once."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def of(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._workbook.add_format(properties)
        return self._made[key]


def _write(worksheet: Worksheet, sheet: Sheet, look: _Look) -> None:
    heading = look.of(bold=True, text_wrap=True, valign="top", bottom=1)
    for at, column in enumerate(sheet.columns):
        worksheet.write_string(0, at, clean(column.heading), heading)
        worksheet.set_column(at, at, _width(column.heading, [row[at] for row in (*sheet.rows, *sheet.totals)]))
    for row, cells in enumerate(sheet.rows, start=1):
        _write_row(worksheet, row, sheet, cells, look)
    last = len(sheet.rows)
    worksheet.freeze_panes(1, 0)
    worksheet.autofilter(0, 0, last, len(sheet.columns) - 1)
    for row, cells in enumerate(sheet.totals, start=last + 2):
        _write_row(worksheet, row, sheet, cells, look, bold=True)
    below = last + len(sheet.totals) + 3
    for row, note in enumerate(sheet.notes, start=below):
        worksheet.write_string(row, 0, clean(note))
    worksheet.set_landscape()
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(0)


def _write_row(
    worksheet: Worksheet, row: int, sheet: Sheet, cells: tuple[Cell, ...], look: _Look, **more: bool
) -> None:
    for at, (column, cell) in enumerate(zip(sheet.columns, cells, strict=True)):
        if cell is not None:
            _write_cell(worksheet, row, at, cell, column.kind, look, **more)


def _write_cell(worksheet: Worksheet, row: int, at: int, cell: Cell, kind: str, look: _Look, **more: bool) -> None:
    match cell:
        case str():
            worksheet.write_string(
                row, at, _fitting(cell), look.of(valign="top", text_wrap=len(cell) > _WIDEST, **more)
            )
        case datetime():
            naive = cell.astimezone(UTC).replace(tzinfo=None)
            worksheet.write_datetime(row, at, naive, look.of(num_format=_FORMATS["instant"], **more))
        case date() if cell < _FIRST_DATE:
            worksheet.write_string(row, at, cell.isoformat(), look.of(**more))
        case date():
            worksheet.write_datetime(row, at, cell, look.of(num_format=_FORMATS["date"], **more))
        case Money():
            worksheet.write_number(row, at, float(cell.rounded), look.of(num_format=_money_format(cell), **more))
        case int() | float() | _:
            worksheet.write_number(row, at, float(cell or 0), look.of(num_format=_FORMATS[kind], **more))


def _money_format(money: Money) -> str:
    digits = "." + "0" * money.digits if money.digits else ""
    code = "".join(each for each in money.currency if each.isalpha())
    return f'#,##0{digits} "{code}"'


def _write_about(worksheet: Worksheet, document: Document, look: _Look) -> None:
    worksheet.write_string(0, 0, clean(document.title), look.of(bold=True))
    for row, (label, text) in enumerate(document.about, start=1):
        worksheet.write_string(row, 0, clean(label), look.of(valign="top"))
        worksheet.write_string(row, 1, _fitting(text), look.of(text_wrap=True, valign="top"))
    worksheet.set_column(0, 0, 24)
    worksheet.set_column(1, 1, _WIDEST)


def _fitting(text: str) -> str:
    text = clean(text)
    return text if len(text.encode("utf-16-le")) // 2 <= _MOST_TEXT else text[: _MOST_TEXT // 2] + " …"


def _width(heading: str, cells: Iterable[Cell]) -> int:
    longest = max((len(_shown(cell)) for cell in cells), default=0)
    words = max((len(word) for word in heading.split()), default=0)
    return min(max(longest, words + 3, min(len(heading), 16), _NARROWEST), _WIDEST) + 1


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Money():
            return f"{cell.rounded:,f} {cell.currency}"
        case datetime():
            return "0000-00-00 00:00:00 UTC"
        case date() | str():
            return str(cell)
        case _:
            return f"{cell:,.3f}"


def _name(title: str, taken: set[str]) -> str:
    """A worksheet's name: without what Excel forbids in it, and told apart from the others."""
    plain = "".join(" " if each in "[]:*?/\\'" or not each.isprintable() else each for each in clean(title)).strip()
    stem, number = plain[:_MOST_NAME].strip() or "Table", 1
    name = stem
    while name.lower() in {*taken, "history"}:
        number += 1
        name = f"{stem[: _MOST_NAME - 4].strip()} {number}"
    taken.add(name.lower())
    return name
