"""Which months an observation touches, and which must be read and published because of it.

A partition is a make and a month (UTC, text `YYYY-MM`). No table is read or written here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, TypeAlias

import polars as pl

Partition: TypeAlias = tuple[str, str]
"""Make in upper case, and month `YYYY-MM`."""

MONTH: Final = "%Y-%m"


def month_of(column: str) -> pl.Expr:
    """The month (UTC for instants) of a column, as text `YYYY-MM`."""
    return pl.col(column).dt.strftime(MONTH)


def of_instants(frame: pl.DataFrame, column: str, around: timedelta) -> set[Partition]:
    """Partitions of a column of instants, each taken with its surroundings of `around` on both sides."""
    moments = [pl.col(column) + shift for shift in (-around, timedelta(0), around)]
    return set().union(*(_pairs(frame, moment.dt.truncate("1mo")) for moment in moments))


def of_dates(frame: pl.DataFrame, column: str) -> set[Partition]:
    """Partitions of a column of dates."""
    return _pairs(frame, pl.col(column).dt.truncate("1mo"))


def of_windows(windows: pl.DataFrame) -> set[Partition]:
    """Partitions of windows of days: columns make, first_day, last_day (both included)."""
    months = pl.date_ranges(pl.col("first_day").dt.truncate("1mo"), "last_day", "1mo")
    return _pairs(windows.select("make", months.alias("day")).explode("day"), pl.col("day"))


def _pairs(frame: pl.DataFrame, first_day: pl.Expr) -> set[Partition]:
    found = frame.select("make", first_day.alias("month")).unique().select("make", month_of("month"))
    return {(make, month) for make, month in found.iter_rows()}


def shifted(month: str, months: int) -> str:
    """The month so many months later; earlier where negative."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + months, 12)
    return f"{year:04}-{number + 1:02}"


def near(wanted: Iterable[str], first: int, last: int) -> set[str]:
    """The months from `first` to `last` (0 is the month itself) for each of the months."""
    return {shifted(month, step) for month in wanted for step in range(first, last + 1)}


def around(partitions: Iterable[Partition], first: int, last: int) -> set[Partition]:
    """The months from `first` to `last` (0 is the partition's own), of the same make, for each of the partitions."""
    return {(make, shifted(month, step)) for make, month in partitions for step in range(first, last + 1)}


def within(partitions: Iterable[Partition]) -> pl.Expr:
    """Whether a row (columns make, month) lies in one of the partitions."""
    names = [f"{make}/{month}" for make, month in partitions]
    return pl.format("{}/{}", "make", "month").is_in(names)
