"""Cost lines in the reporting currency, beside what they are in their own.

The amount that is shown can be computed again from the columns that are shown: amount × fx_reporting_per_eur ÷
fx_per_eur, both as published, rounded once to the digits of the reporting currency, a half away from 0. `fx_rate` is
their quotient to nine decimals, to read; nothing is computed from it, as a half would fall to the other side at times,
and of a currency of small units (one rupiah is 0.00006 euro) it has few digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import polars as pl

from lake.schemas import MONEY, PRICE
from transforms.rules.rates import EURO, Rates

SAME: Final = "same currency"

_PAIR: Final = ("fx_date", "currency", "fx_per_eur", "fx_reporting_per_eur")
_REPORTED: Final = (
    "reporting_amount", "reporting_currency", "fx_rate", "fx_date", "fx_source", "fx_per_eur", "fx_reporting_per_eur",
)  # fmt: skip
_MICRO: Final = 10**MONEY.scale
_NANO: Final = 10**PRICE.scale
_BEYOND_MONEY: Final = 10**MONEY.precision


def with_reporting(lines: pl.DataFrame, rates: Rates, currency: str, digits: Mapping[str, int]) -> pl.DataFrame:
    """Cost lines with their amounts in one currency.

    The rates are those of the line's local day, or the last published before it (`Rates.calendar`). A line whose
    currency has none then is left without: its columns but `reporting_currency` are null.

    Args:
        lines: Columns amount, currency, local_date, and any others.
        rates: What is known of rates.
        currency: ISO 4217 code of the reporting currency.
        digits: Decimal digits by currency code.

    Returns:
        The same rows in the same order, with columns reporting_amount, reporting_currency, fx_rate, fx_date,
        fx_source, fx_per_eur, fx_reporting_per_eur.
    """
    with_day = lines.join(_days(rates), on="local_date", how="left", maintain_order="left")
    paired = with_day.join(_pairs(rates, currency), on=["fx_date", "currency"], how="left", maintain_order="left")
    same = pl.col("currency") == currency
    rated = paired.with_columns(
        reporting_currency=pl.lit(currency),
        fx_date=pl.when(same).then("local_date").when(pl.col("fx_per_eur").is_not_null()).then("fx_date"),
        fx_source=pl.when(same).then(pl.lit(SAME)).when(pl.col("fx_per_eur").is_not_null()).then(pl.lit(rates.source)),
        fx_rate=pl.when(same).then(pl.lit(1, PRICE)).otherwise(_fx_rate()),
        reporting_amount=pl.when(same).then("amount").otherwise(_converted(digits[currency])),
    )
    return rated.select(*lines.columns, *_REPORTED)


def _days(rates: Rates) -> pl.DataFrame:
    return rates.calendar.rename({"day": "local_date", "published": "fx_date"})


def _pairs(rates: Rates, currency: str) -> pl.DataFrame:
    """For each day and currency but the reporting one: both rates of that day, as published."""
    euro = rates.told.select("day", currency=pl.lit(EURO), per_eur=pl.lit(1, PRICE)).unique()
    told = pl.concat([rates.told, euro])
    reporting = told.filter(pl.col("currency") == currency).select("day", fx_reporting_per_eur="per_eur")
    others = told.filter(pl.col("currency") != currency).rename({"per_eur": "fx_per_eur"})
    return others.join(reporting, on="day").rename({"day": "fx_date"}).select(_PAIR)


def _fx_rate() -> pl.Expr:
    """`fx_per_eur` ÷ `fx_reporting_per_eur`, rounded to nine decimals; both are above 0."""
    quotient = _rounded(_whole("fx_per_eur") * _number(_NANO), _whole("fx_reporting_per_eur"))
    return _decimal(quotient, PRICE)


def _converted(digits: int) -> pl.Expr:
    """The amount in the reporting currency, rounded once to its digits; null if it does not fit its column."""
    size = _whole("amount").abs() * _whole("fx_reporting_per_eur") * _number(10**digits)
    units = _rounded(size, _whole("fx_per_eur") * _number(_MICRO)) * _number(_MICRO // 10**digits)
    fits = pl.when(units < _number(_BEYOND_MONEY)).then(units * _whole("amount").sign())
    return _decimal(fits, MONEY)


def _rounded(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """The nearest whole number to a quotient of whole numbers of at least 0, a half up."""
    whole = numerator // denominator
    more = (numerator - whole * denominator) * _number(2) >= denominator
    return whole + more.cast(pl.Int128)


def _whole(column: str) -> pl.Expr:
    """A decimal as a whole number of its smallest unit."""
    return pl.col(column).to_physical().cast(pl.Int128)


def _number(value: int) -> pl.Expr:
    return pl.lit(value, pl.Int128)


def _decimal(units: pl.Expr, dtype: pl.Decimal) -> pl.Expr:
    """Whole numbers of the smallest unit as the decimal they are."""
    unit = pl.lit(Decimal(1).scaleb(-dtype.scale), pl.Decimal(dtype.precision, dtype.scale))
    return (units.cast(pl.Decimal(38, 0)) * unit).cast(dtype)
