"""A document on paper: PDF of A4 pages, which typst sets from a template. The same document gives the same bytes.

The fonts that come with typst are used and no others, as those of a machine are its own. They have Latin, Greek,
Cyrillic, Hebrew and Arabic letters. A character that they do not have is written as its Unicode number, `U+5145`, so
that nothing is lost or looks like something else, and the page says so.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC
from importlib import resources
from typing import Any, Final

import typst

from reports import wording
from reports.exports import letters
from reports.exports.document import NOTHING, Cell, Column, Document, Sheet, clean, shown

NUMBERED: Final = "Characters that the fonts of this page do not have are written as their Unicode numbers, as U+5145."
_SHORT: Final = 16
"""A column of text no longer than this keeps on one line."""
_MOST_WEIGHT: Final = 40
"""A column of text asks for no more room than for so many characters; longer ones wrap."""
_UPRIGHT: Final = 100
"""Characters of a row that an upright page holds."""
_ACROSS: Final = 150
"""Characters of a row that a page across holds in the usual size."""
_LONG_RUN: Final = re.compile(r"\S{25,}")
_BREAK: Final = "\u200b"
_BREAK_EVERY: Final = 12


def to_pdf(document: Document) -> bytes:
    """The pages."""
    told = _told(document)
    return bytes(
        typst.compile(
            resources.files("reports").joinpath("templates/paper.typ").read_bytes(),
            format="pdf",
            sys_inputs={"document": json.dumps(told, ensure_ascii=False)},
            ignore_system_fonts=True,
            timestamp=int(document.made_at.timestamp()),
        )
    )


def _told(document: Document) -> dict[str, Any]:
    """What the template asks for, all of it text."""
    about = [[_set(label), _set(text)] for label, text in document.about]
    sheets = [_without_empty_columns(sheet) for sheet in document.sheets]
    if _is_numbered(document):
        about.append(["Letters", NUMBERED])
    return {
        "title": _set(document.title),
        "footer": _set(f"{document.title}, made {wording.instant(document.made_at.astimezone(UTC))}"),
        "about": about,
        "sheets": [_sheet(sheet) for sheet in sheets],
        "signed": _set(", ".join([document.title, *(text for _, text in document.about[:1])])),
        "signatures": [_set(each) for each in document.signatures],
        "landscape": any(_characters(sheet) > _UPRIGHT for sheet in sheets),
    }


def _without_empty_columns(sheet: Sheet) -> Sheet:
    """A table without the columns of which no row knows anything: paper is narrow. One without rows keeps all."""
    rows = [*sheet.rows, *sheet.totals]
    told = [at for at in range(len(sheet.columns)) if not rows or any(row[at] is not None for row in rows)]

    def cut(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(row[at] for at in told)

    columns = tuple(sheet.columns[at] for at in told)
    return replace(sheet, columns=columns, rows=[*map(cut, sheet.rows)], totals=[*map(cut, sheet.totals)])


def _sheet(sheet: Sheet) -> dict[str, Any]:
    return {
        "title": _set(sheet.title),
        "columns": [_column(column, length) for column, length in zip(sheet.columns, _lengths(sheet), strict=True)],
        "rows": [_cells(row, NOTHING) for row in sheet.rows],
        "totals": [_cells(row, "") for row in sheet.totals],
        "notes": [_set(note) for note in sheet.notes],
        "size": 8.5 if _characters(sheet) <= _ACROSS else 7,
    }


def _column(column: Column, length: int) -> dict[str, Any]:
    is_text = column.kind == "text"
    weight = min(length, _MOST_WEIGHT) if is_text and length > _SHORT else 0
    return {"heading": _set(column.heading), "kind": "text" if is_text else "number", "weight": weight}


def _cells(row: Sequence[Cell], nothing: str) -> list[str]:
    return [nothing if cell is None else _set(shown(cell)) for cell in row]


def _lengths(sheet: Sheet) -> list[int]:
    """The longest cell of each column, or word of its heading."""
    rows = [*sheet.rows, *sheet.totals]
    words = (max((len(word) for word in column.heading.split()), default=0) for column in sheet.columns)
    return [max([word, *(len(shown(row[at])) for row in rows)]) for at, word in enumerate(words)]


def _characters(sheet: Sheet) -> int:
    """How much room a row asks for, long texts as far as they must have it."""
    return sum(min(length, _MOST_WEIGHT) + 2 for length in _lengths(sheet))


def _set(text: str) -> str:
    """Text in characters that the fonts have, which breaks within what is long."""
    shown = "".join(each if _has(each) else _number(each) for each in unicodedata.normalize("NFC", clean(text)))
    return _LONG_RUN.sub(lambda run: _broken(run.group()), shown)


def _broken(run: str) -> str:
    return _BREAK.join(run[at : at + _BREAK_EVERY] for at in range(0, len(run), _BREAK_EVERY))


def _number(character: str) -> str:
    return " " if character.isspace() else f"U+{ord(character):04X} "


def _has(character: str) -> bool:
    return character == "\n" or letters.has(character)


def _is_numbered(document: Document) -> bool:
    return not all(
        _has(each) or each.isspace() for text in _texts(document) for each in unicodedata.normalize("NFC", text)
    )


def _texts(document: Document) -> Iterable[str]:
    yield document.title
    for label, text in document.about:
        yield from (label, text)
    for sheet in document.sheets:
        yield from (sheet.title, *sheet.notes, *(column.heading for column in sheet.columns))
        yield from (cell for row in (*sheet.rows, *sheet.totals) for cell in row if isinstance(cell, str))
    yield from document.signatures
