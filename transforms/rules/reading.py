"""Text of rules to typed values, or one line that says what is wrong and where."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Sequence
from decimal import Decimal
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
        return msgspec.convert(tomllib.loads(text, parse_float=_number), shape)
    except tomllib.TOMLDecodeError as error:
        raise BadRule(f"it is no TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise BadRule(str(error)) from None


def _number(text: str) -> Decimal:
    """A decimal number; TOML also has such as are none."""
    number = Decimal(text)
    if not number.is_finite():
        raise BadRule(f"{text} is no number that can be counted with")
    return number


def rows(text: str, required: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with a header, each with the number of its line; texts are stripped, absent ones empty.

    Raises:
        BadRule: A required column is missing, one is unknown, or a row has more cells than the header.
    """
    reader = csv.DictReader(text.removeprefix("\ufeff").splitlines(), restkey="", strict=True)
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    if missing := [name for name in required if name not in header]:
        raise BadRule(f"it has no column {missing[0]}; its first line names the columns: {', '.join(required)}")
    if unknown := [name for name in header if name not in {*required, *optional}]:
        raise BadRule(f"there is no column {unknown[0] or '(empty)'}; there are {', '.join([*required, *optional])}")
    try:
        for row in reader:
            if "" in row:
                raise BadRule(f"line {reader.line_num}: it has more cells than the first line has columns")
            yield reader.line_num, {name: (row[name] or "").strip() for name in header}
    except csv.Error as error:
        raise BadRule(f"line {reader.line_num}: {error}") from None
