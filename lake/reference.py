"""The small reference tables that ship with the project, under `data/reference`."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

_INSTALLED = Path(__file__).parent / "_reference"
_CHECKOUT = Path(__file__).parent.parent / "data" / "reference"


@cache
def currency_digits() -> dict[str, int]:
    """Decimal digits by currency code, of the currencies that ISO 4217 lists (JPY 0, EUR 2, KWD 3)."""
    with _file("currencies.csv").open(encoding="ascii", newline="") as file:
        return {row["code"]: int(row["digits"]) for row in csv.DictReader(file)}


def currencies() -> frozenset[str]:
    """The currency codes that ISO 4217 lists."""
    return frozenset(currency_digits())


def _file(name: str) -> Path:
    folder = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    return folder / name
