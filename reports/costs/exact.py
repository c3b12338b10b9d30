"""Whole numbers as text and as places on a drawing, without a float between.

The script of the cost page does the same with the same whole numbers, so what it draws and writes is what was drawn and
written here, to the last character.
"""

from __future__ import annotations

from typing import Final

from reports.wording import NOT_TOLD

SIX: Final = 6
"""Decimal places of energy and money in cells."""
_PRICE_MORE: Final = 2
_THOUSAND: Final = 3


def divided(value: int, by: int) -> int:
    """The nearest whole number of `value / by`, a half away from 0.

    Args:
        value: Of any sign.
        by: Above 0.
    """
    whole = (2 * abs(value) + by) // (2 * by)
    return -whole if value < 0 else whole


def written(value: int, places: int, digits: int) -> str:
    """A number of so many decimal places with so many digits after its point: `1,234.5`."""
    size = divided(abs(value), 10 ** (places - digits)) if places > digits else abs(value) * 10 ** (digits - places)
    text = str(size).rjust(digits + 1, "0")
    whole, rest = (text[:-digits], "." + text[-digits:]) if digits else (text, "")
    return f"{'-' if value < 0 and size else ''}{int(whole):,}{rest}"


def energy(millionths: int) -> str:
    """Millionths of a kWh in kWh to a tenth; what is too small for it is no 0."""
    text = written(millionths, SIX, 1)
    return "< 0.1" if millionths and text == "0.0" else text


def money(millionths: int, currency: str, digits: int) -> str:
    """Millionths of a currency with its digits and its code."""
    return f"{written(millionths, SIX, digits)} {currency}"


def price(millionths: int, kwh: int, currency: str, digits: int) -> str:
    """Money for energy, both in millionths, as a price a kWh with two more digits than the currency."""
    if kwh <= 0:
        return NOT_TOLD
    places = digits + _PRICE_MORE
    return f"{written(divided(millionths * 10**places, kwh), places, places)} {currency}"


def share(part: int, whole: int) -> str:
    """A part of a whole in percent; all or nothing only if it is."""
    if whole <= 0:
        return NOT_TOLD
    if part in (0, whole):
        return "100 %" if part else "0 %"
    return f"{written(min(max(divided(1000 * part, whole), 1), 999), 1, 1)} %"


def step(span: int) -> int:
    """The distance of lines on an axis: 1, 2 or 5 times a power of ten, so that at most four fit the span."""
    size = 1
    while True:
        for times in (1, 2, 5):
            if span <= 4 * times * size:
                return times * size
        size *= 10


def tick(value: int, places: int) -> str:
    """A round number beside an axis: `500`, `1.5`, `12 k`, `2 M`."""
    size = abs(value)
    for more, letter in ((6, " M"), (_THOUSAND, " k")):
        if size >= 10 ** (places + more + (letter == " k")):
            return _plain(value, places + more) + letter
    return _plain(value, places)


def percent(part: int, whole: int) -> str:
    """A place across a drawing, to a thousandth of a percent, rounded down: `12.345%`."""
    thousandths = 100_000 * part // whole
    return f"{thousandths // 1000}.{thousandths % 1000:03}%"


def _plain(value: int, places: int) -> str:
    """All digits, without zeros at the end."""
    text = written(value, places, places)
    return text.rstrip("0").rstrip(".") if "." in text else text
