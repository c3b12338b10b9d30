"""Instants and amounts from text, exactly: what cannot be read is told so and never rounded or guessed.

The ordinary form is read by Polars, whole columns at once; only the texts that Polars cannot read go through
plain Python, each distinct text once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Final, TypeVar

import polars as pl

from lake.schemas import MONEY
from lake.schemas import UTC as UTC_DTYPE

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No clock that is set tells an earlier time; a car whose clock was reset tells 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = "%Y-%m-%dT%H:%M:%S%.f%#z"
_DIGITS = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{0,18})?")
_MILLISECONDS_FROM = 100_000_000_000
"""Epoch numbers from here on are milliseconds: as seconds they would be the year 5138."""

_PLAIN_AMOUNT = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"
_AMOUNT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST_AMOUNT = 100
_CONTEXT = Context(prec=_LONGEST_AMOUNT)
_WHOLE_DIGITS = 12
_DECIMALS = 6

T = TypeVar("T")


def instants(texts: pl.Series) -> pl.Series:
    """Instants (UTC, microseconds) from ISO-8601 text or epoch seconds or milliseconds; null for anything else.

    An ISO time without an offset is UTC; finer than a microsecond is cut off; before 2000 is no instant
    (Smartcar's API reference, §5.1 and §13: text or number, seconds or milliseconds).
    """
    read = texts.str.to_datetime(_ISO, strict=False, time_unit="us").cast(UTC_DTYPE)
    odd = _each_distinct(texts.filter(read.is_null()), _instant)
    read = _filled(texts, read, pl.DataFrame({"text": list(odd), "value": list(odd.values())}, _odd(UTC_DTYPE)))
    return read.set(read < EARLIEST, None)


def instant(text: str) -> datetime | None:
    """The same of one text."""
    read = _instant(text)
    return None if read is None or read < EARLIEST else read


def _instant(text: str) -> datetime | None:
    text = text.strip()
    try:
        if _DIGITS.fullmatch(text):
            return _from_epoch(Decimal(text))
        if len(text) <= len("2022-07-10"):
            return None  # a day is no instant
        told = datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _from_epoch(number: Decimal) -> datetime:
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))


def amounts(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Amounts as decimal(18,6) and, where there is none, the quarantine reason.

    Returns:
        The amounts (null where not told or at fault) and the reasons: `amount_not_a_number` for text that is no
        decimal number, `amount_out_of_range` for a number that decimal(18,6) cannot hold exactly, else null.
    """
    plain = texts.str.contains(_PLAIN_AMOUNT)
    read = texts.set(~plain, None).cast(MONEY)
    odd = _each_distinct(texts.filter(~plain), _amount)
    values = [None if isinstance(value, str) else value for value in odd.values()]
    faults = {text: value for text, value in odd.items() if isinstance(value, str)}
    read = _filled(texts, read, pl.DataFrame({"text": list(odd), "value": values}, _odd(MONEY)))
    reasons = _filled(
        texts,
        pl.Series([None], dtype=pl.String).new_from_index(0, len(texts)),
        pl.DataFrame({"text": list(faults), "value": list(faults.values())}, _odd(pl.String())),
    )
    return read, reasons


def _amount(text: str) -> Decimal | str:
    if not _AMOUNT.fullmatch(text):
        return "amount_not_a_number"
    if len(text) > _LONGEST_AMOUNT:
        return "amount_out_of_range"
    try:
        value = Decimal(text).normalize(_CONTEXT)
    except ArithmeticError:
        return "amount_out_of_range"
    fits = value.adjusted() < _WHOLE_DIGITS and value == value.quantize(Decimal(1).scaleb(-_DECIMALS), context=_CONTEXT)
    return value if fits else "amount_out_of_range"


def _odd(dtype: pl.DataType | type[pl.DataType]) -> dict[str, pl.DataType | type[pl.DataType]]:
    return {"text": pl.String, "value": dtype}


def _each_distinct(texts: pl.Series, read: Callable[[str], T]) -> dict[str, T]:
    return {text: read(text) for text in texts.drop_nulls().unique(maintain_order=True)}


def _filled(texts: pl.Series, read: pl.Series, odd: pl.DataFrame) -> pl.Series:
    """`read`, with its gaps filled from the odd texts that were read one by one."""
    if odd.is_empty():
        return read
    frame = pl.DataFrame({"text": texts, "read": read}).join(odd, on="text", how="left", maintain_order="left")
    return frame.select(pl.coalesce("read", "value")).to_series().alias(read.name)
