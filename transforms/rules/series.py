"""Series of prices or of carbon intensity: one value from each instant to the next, with gaps where none was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import polars as pl

from lake.schemas import UTC
from transforms import exact
from transforms.rules.reading import BadRule

LONGEST: Final = timedelta(hours=1)
"""A value holds until the next, and for an hour at most."""
TOO_HIGH: Final = 100_000 * 10**9
"""Nano units: no kWh costs as much in any currency."""
_MICRO: Final = 10**6
_TIMES: Final = ("utc_start", "start", "from", "time")


@dataclass(frozen=True, slots=True)
class Series:
    """Values in time.

    Attributes:
        rows: Columns from, until (UTC), value (Int64), sorted, without overlap. `value` is in millionths of the
            unit of the file, or after `priced` in nano units of the currency a kWh.
    """

    rows: pl.DataFrame

    def priced(self, times: Decimal, plus: int) -> Series:
        """Prices of a kWh in nano units, from values in millionths of a price.

        Args:
            times: What a value is multiplied by, as 1/1000 for one a MWh.
            plus: Nano units a kWh that are added.

        Raises:
            BadRule: A price is higher than any is.
        """
        told = self.rows["value"].drop_nulls().unique().sort()
        prices = [int((Decimal(value) * 1000 * times).to_integral_value(ROUND_HALF_UP)) + plus for value in told]
        if (most := max(map(abs, prices), default=0)) >= TOO_HIGH:
            raise BadRule(f"a price of it is {most / 10**9:,.0f} a kWh: look at unit and times")
        return Series(self.rows.with_columns(pl.col("value").replace_strict(told, prices, return_dtype=pl.Int64)))


def parse(rows: pl.DataFrame) -> Series:
    """A series of a table with two columns: an instant, named `utc_start`, `start`, `from` or `time`, and a value.

    Args:
        rows: As read from CSV (text) or Parquet. Instants are UTC unless they say another offset.

    Raises:
        BadRule: It has other columns, a value or time that cannot be read, or an instant twice with two values.
    """
    time = next((name for name in _TIMES if name in rows.columns), None)
    if time is None or rows.width != 2:  # noqa: PLR2004 (an instant and a value)
        raise BadRule(
            f"it needs two columns, an instant named {' or '.join(_TIMES)} and a value; it has {rows.columns}"
        )
    value = next(name for name in rows.columns if name != time)
    told = pl.DataFrame({"from": _instants(rows[time]), "value": _values(rows[value])})
    for column, name in (("from", time), ("value", value)):
        if (at := told[column].is_null().arg_max()) is not None and told[column].null_count():
            raise BadRule(f"row {at + 1}: {name} {rows[name][at]!r} cannot be read")
    told = told.unique().sort("from")
    if (twice := told.filter(pl.col("from").is_duplicated())).height:
        raise BadRule(f"{twice['from'][0]:%Y-%m-%dT%H:%MZ} stands there twice with different values")
    return Series(told.select("from", _until().alias("until"), "value"))


def _until() -> pl.Expr:
    """To the next instant where that is near, else as long as the one before held."""
    after = pl.col("from").shift(-1) - pl.col("from")
    before = pl.col("from") - pl.col("from").shift(1)
    near = pl.when(after <= LONGEST).then(after).when(before <= LONGEST).then(before)
    return pl.col("from") + near.otherwise(LONGEST)


def _instants(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return exact.instants(column)
    if not isinstance(column.dtype, pl.Datetime):
        raise BadRule(f"{column.name} is no column of instants")
    return (
        column.dt.cast_time_unit("us").dt.replace_time_zone("UTC")
        if column.dtype.time_zone is None
        else column.cast(UTC)
    )


def _values(column: pl.Series) -> pl.Series:
    """Millionths of a unit, exactly: text as it is written, a float as the shortest text that reads back as it."""
    try:
        texts = column if column.dtype == pl.String else column.cast(pl.String)
    except pl.exceptions.PolarsError:
        raise BadRule(f"{column.name} is no column of numbers") from None
    amounts, _ = exact.amounts(texts.str.strip_chars())
    return (amounts * _MICRO).cast(pl.Int64)
