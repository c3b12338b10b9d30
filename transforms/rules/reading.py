"""Text of rules to typed values, or one line that says what is wrong and where."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import msgspec

T = TypeVar("T")


class BadRule(Exception):
    """A rule cannot be used. One line: where in its file, what is wrong, and what to do."""


def toml(text: str, shape: type[T]) -> T:
    """A TOML document as a msgspec structure; decimal numbers are exact.

    Raises:
        BadRule: It is no TOML, or not of this shape.
    """
    try:
        return with_finite_numbers(msgspec.convert(tomllib.loads(text, parse_float=_number), shape))
    except RecursionError:
        raise BadRule("it is no TOML of rules: lists stand in lists too often") from None
    except msgspec.ValidationError as error:
        raise BadRule(str(error)) from None
    except ValueError as error:  # of TOML, and of a whole number of thousands of digits
        raise BadRule(f"it is no TOML: {error}") from None


def with_finite_numbers(value: T) -> T:
    """A structure as it is, if all its decimals can be counted with; those in quotes may be none.

    Raises:
        BadRule: One is no number, or has no end.
    """
    if isinstance(value, Decimal) and not value.is_finite():
        raise BadRule(f"{value} is no number that can be counted with")
    parts = msgspec.structs.astuple(value) if isinstance(value, msgspec.Struct) else value
    if isinstance(parts, tuple):
        for part in parts:
            with_finite_numbers(part)
    return value


def _number(text: str) -> Decimal:
    """A decimal number; TOML also has such as are none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadRule(f"{text} is no number that can be counted with")
    return number


def rows(text: str, required: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with a header, each with the number of its line; texts are stripped, absent ones empty.

    Raises:
        BadRule: A required column is missing, one is unknown or named twice, or a row has more cells than the header.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restkey="", strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise BadRule(f"line 1: {error}") from None
    reader.fieldnames = header
    if missing := [name for name in required if name not in header]:
        raise BadRule(f"it has no column {missing[0]}; its first line names the columns: {', '.join(required)}")
    if twice := [name for name in header if header.count(name) > 1]:
        raise BadRule(f"its first line names {twice[0] or '(empty)'} twice; leave one of them out")
    if unknown := [name for name in header if name not in {*required, *optional}]:
        raise BadRule(f"there is no column {unknown[0] or '(empty)'}; there are {', '.join([*required, *optional])}")
    try:
        for row in reader:
            if "" in row:
                raise BadRule(f"line {reader.line_num}: it has more cells than the first line has columns")
            yield reader.line_num, {name: (row[name] or "").strip() for name in header}
    except csv.Error as error:
        raise BadRule(f"line {reader.line_num}: {error}") from None
