"""How figures are written for people, the same in the terminal and on a page.

Numbers are grouped by comma with a point before decimals; instants are UTC and say so. What is not known is written
as `NOT_TOLD`, never as a zero, and a share is never rounded to all or nothing.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from lake.reference import currency_digits

NOT_TOLD: Final = "not told"
_SMALLEST_SHARE: Final = 0.1


def count(number: int) -> str:
    """A whole number: `1,234`."""
    return f"{number:,}"


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts: `1 vehicle`, `2 vehicles`."""
    return f"{number:,} {one if number == 1 else many}"


def kwh(energy: float | None) -> str:
    """Energy in kWh to a tenth: `1,234.5`; one too small for it keeps two digits, so that it is not read as 0."""
    if energy is None:
        return NOT_TOLD
    written = f"{energy:,.1f}"
    return f"{energy:.2g}" if energy and float(written.replace(",", "")) == 0 else written


def money(amount: Decimal | None, currency: str) -> str:
    """An amount with the digits of its currency and its ISO 4217 code: `1,234.50 EUR`, `1,235 JPY`.

    A half is rounded away from zero. An amount in a code that ISO 4217 does not list keeps its digits.
    """
    if amount is None:
        return NOT_TOLD
    digits = currency_digits().get(currency)
    if digits is not None:
        amount = amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{amount:,f} {currency}"


def share(part: int, whole: int) -> str:
    """A part of a whole in percent: `97.2 %`; 100 % only if nothing is missing, 0 % only if there is nothing."""
    if not whole:
        return NOT_TOLD
    if part in (0, whole):
        return "100 %" if part else "0 %"
    percent = min(max(100 * part / whole, _SMALLEST_SHARE), 100 - _SMALLEST_SHARE)
    return f"{percent:.1f} %"


def instant(moment: datetime | None) -> str:
    """An aware instant to the minute in UTC: `2026-10-03 06:12 UTC`."""
    return NOT_TOLD if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def duration(started: datetime, finished: datetime | None) -> str:
    """The time between two instants: `45 s`, `12 min`, `3 h 05 min`."""
    if finished is None:
        return "not finished"
    seconds = round((finished - started).total_seconds())
    minutes = round(seconds / 60)
    if seconds < 60:  # noqa: PLR2004 (seconds of a minute)
        return f"{seconds} s"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{minutes} min"
