"""Which letters the fonts of typst have, and what stands on paper for those that they do not have.

typst brings Libertinus Serif, DejaVu Sans Mono and New Computer Modern. What they have was found by setting each
character and comparing it with the box that stands for a missing one; the tests do so again.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from reports.exports.document import clean

NUMBERED: Final = "Characters that the fonts of this page do not have are written as their Unicode numbers, as U+5145."
RANGES: Final = (
    # Latin, Greek, Cyrillic
    (0xA0, 0x34E), (0x350, 0x377), (0x37A, 0x37F), (0x384, 0x38A), (0x38C, 0x38C), (0x38E, 0x3A1), (0x3A3, 0x4FF),
    # Armenian, Hebrew, Arabic, Georgian
    (0x531, 0x556), (0x559, 0x58A), (0x591, 0x5C7), (0x5D0, 0x5EA), (0x606, 0x60C), (0x61B, 0x61B), (0x61F, 0x61F),
    (0x621, 0x63A), (0x640, 0x655), (0x10D0, 0x10FF),
    # more Latin, Greek of old
    (0x1E00, 0x1F15), (0x1F18, 0x1F1D), (0x1F20, 0x1F45), (0x1F48, 0x1F4D), (0x1F50, 0x1F57), (0x1F5F, 0x1F7D),
    (0x1F80, 0x1FB4), (0x1FB6, 0x1FC4), (0x1FC6, 0x1FD3), (0x1FD6, 0x1FDB), (0x1FDD, 0x1FEF), (0x1FF6, 0x1FFE),
    # marks, digits, currencies, symbols, arrows
    (0x2009, 0x2009), (0x200B, 0x200D), (0x2010, 0x2027), (0x202F, 0x2040), (0x2074, 0x208E), (0x20A0, 0x20C0),
    (0x2100, 0x211E), (0x2122, 0x2122), (0x2126, 0x2151), (0x2153, 0x2184), (0x2190, 0x23FF),
)  # fmt: skip
"""Characters beyond ASCII, from and until."""

_LONG_RUN: Final = re.compile(r"\S{25,}")
_BREAK: Final = "\u200b"
_BREAK_EVERY: Final = 12


def on_paper(text: str) -> str:
    """Text in characters that the fonts have, which may break within what is long."""
    shown = "".join(each if _has(each) else _number(each) for each in _composed(text))
    return _LONG_RUN.sub(lambda run: _breakable(run.group()), shown)


def is_all_there(text: str) -> bool:
    """Whether the fonts have each of its characters."""
    return all(_has(each) or each.isspace() for each in _composed(text))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", clean(text))


def _breakable(run: str) -> str:
    return _BREAK.join(run[at : at + _BREAK_EVERY] for at in range(0, len(run), _BREAK_EVERY))


def _number(character: str) -> str:
    return " " if character.isspace() else f"U+{ord(character):04X} "


@cache
def _has(character: str) -> bool:
    if character.isascii():
        return character.isprintable() or character == "\n"
    return any(first <= ord(character) <= last for first, last in RANGES)
