"""Energy and money as whole numbers, and the one place where an amount is rounded.

Energy is counted in nano-kWh (1e-9 kWh) and prices in nano units of a currency, so that a product is exact. An amount
is rounded once, when its line is complete: to the digits of its currency, a half away from zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import polars as pl

from lake.schemas import MONEY

NANO: Final = 10**9
DECIMALS: Final = 6
"""Decimals of an amount as it is kept."""
WIDE: Final = pl.Int128


def nano_kwh(kwh: str) -> pl.Expr:
    """Energy of a column in kWh as whole nano-kWh."""
    return (pl.col(kwh) * NANO).round().cast(pl.Int64)


def kwh(nano: str) -> pl.Expr:
    """Energy of a column in nano-kWh as kWh."""
    return pl.col(nano) / NANO


def rounded_ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """A quotient of whole numbers as the nearest whole number, a half away from zero.

    Args:
        numerator: Of any sign.
        denominator: Above zero. Twice either must fit into 128 bits.
    """
    above, below = numerator.cast(WIDE), denominator.cast(WIDE)
    size = (2 * above.abs() + below) // (2 * below)
    return pl.when(above < 0).then(size * -1).otherwise(size)  # polars has no negation of 128 bits


def amount(numerator: pl.Expr, denominator: pl.Expr, currency: str, digits: Mapping[str, int]) -> pl.Expr:
    """The amount of a quotient of whole numbers, rounded to the digits of its currency: decimal(18,6).

    Args:
        numerator: In units of the currency, times the denominator.
        denominator: Above zero.
        currency: Column of the ISO 4217 code.
        digits: Decimal digits by currency.
    """
    scales = {code: 10**number for code, number in digits.items()}
    scale = pl.col(currency).replace_strict(scales, return_dtype=pl.Int64).cast(WIDE)
    minor = rounded_ratio(numerator.cast(WIDE) * scale, denominator)
    millionths = minor * (pl.lit(10**DECIMALS).cast(WIDE) // scale)
    return from_millionths(millionths)


def from_millionths(millionths: pl.Expr) -> pl.Expr:
    """Whole millionths as decimal(18,6)."""
    # a quotient of decimals keeps the numerator's scale, which is 0 here; a product adds the scales
    return (millionths.cast(pl.Decimal(38, 0)) * pl.lit(Decimal(1).scaleb(-DECIMALS))).cast(MONEY)


def from_nano(nano: str) -> pl.Expr:
    """A column of whole nano units as decimal(38,9)."""
    return pl.col(nano).cast(pl.Decimal(38, 0)) * pl.lit(Decimal(1) / NANO)


def millionths(column: str) -> pl.Expr:
    """A decimal(18,6) as whole millionths."""
    return (pl.col(column).cast(pl.Decimal(38, 6)) * 10**DECIMALS).cast(WIDE)
