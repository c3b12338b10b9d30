"""A document that leaves the lake: tables of typed cells, and what is said about them. The forms are written from it.

A cell keeps its type until a form writes it: a number is never text on the way. What is not known is None, and each
form writes it as nothing, or as `not told`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from lake.reference import currency_digits
from reports import wording

NOTHING: Final = "–"
"""What is not known, or is not there, as a person reads it."""
Kind = Literal["text", "whole", "kwh", "kg", "money", "date", "instant", "percent"]
"""`kwh`: Decimal or float; `kg` likewise; `money`: `Money`; `instant`: an aware datetime; `percent`: 0..100."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and the ISO 4217 code of its currency."""

    amount: Decimal
    currency: str

    @property
    def digits(self) -> int:
        """Decimals to write: those of the currency; as many as the amount has if ISO 4217 does not list it."""
        exponent = self.amount.normalize().as_tuple().exponent
        return currency_digits().get(self.currency, max(-exponent, 0) if isinstance(exponent, int) else 0)

    @property
    def rounded(self) -> Decimal:
        """The amount with these digits, a half away from 0."""
        return self.amount.quantize(Decimal(1).scaleb(-self.digits), rounding=ROUND_HALF_UP)


Cell = str | int | float | Decimal | Money | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        heading: With its unit. The currency of money is said by it, or by a column `Currency` of the same table.
        kind: What its cells are, but those that are None.
    """

    heading: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Attributes:
        title: What it shows.
        columns: Its columns.
        rows: As many cells each as there are columns; in an order that is always the same.
        totals: Rows of sums, one a currency; the first cell says so.
        notes: Sentences under it.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    totals: Sequence[tuple[Cell, ...]] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """Tables that belong together.

    Attributes:
        title: Heading.
        about: What is to be known of it - period, made at, as of - as label and text.
        sheets: The main table first; CSV has this one alone.
        made_at: When it was made, an aware instant; the forms' own times are this one.
        signatures: What stands under each line to sign on; none: no such lines.
    """

    title: str
    about: tuple[tuple[str, str], ...]
    sheets: tuple[Sheet, ...]
    made_at: datetime
    signatures: tuple[str, ...] = ()


def shown(cell: Cell) -> str:
    """A cell as a person reads it; money without its currency, energy to a tenth, instants in UTC."""
    match cell:
        case None:
            return NOTHING
        case str():
            return cell
        case Money():
            return f"{cell.rounded:,f}"
        case datetime():
            return wording.instant(cell.astimezone(UTC))
        case date():
            return cell.isoformat()
        case _:
            return wording.count(cell) if isinstance(cell, int) else wording.kwh(float(cell))


def clean(text: str) -> str:
    """Text that every form can hold: what is no character (half of a pair) is replaced visibly."""
    return text.encode("utf-8", "replace").decode()
