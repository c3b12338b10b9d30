"""Which characters the fonts that come with typst have: whole blocks of letters, and signs."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

FONTS: Final = ("Libertinus Serif", "DejaVu Sans Mono")
"""The fonts of paper, as the template names them."""

_HAVE: Final = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u02ff\u0300-\u034e\u0350-\u036f"  # Latin, its marks
    "\u0370-\u03ff\u1f00-\u1ffe\u0400-\u04ff\u1e00-\u1eff"  # Greek, Cyrillic, Latin with two marks
    "\u05d0-\u05ea\u060c\u061b\u061f\u0621-\u063a\u0640-\u0655\u0660-\u066d"  # Hebrew, Arabic
    "\u067e\u0686\u0698\u06a9\u06af\u06be\u06cc\u06f0-\u06f9"  # letters and digits of Persian and Urdu
    "\u2009\u200b\u202f\u2010-\u2027\u2030-\u203e\u20a0-\u20c0\u2116\u2122\u2190-\u22ff]"  # signs, currencies, arrows
)


@cache
def has(character: str) -> bool:
    """Whether the fonts have a character; what Unicode has not assigned they have not."""
    return bool(_HAVE.fullmatch(character)) and unicodedata.category(character) != "Cn"
