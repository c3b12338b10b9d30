"""Euro reference rates of the European Central Bank, read as published, and the day whose rate a day takes.

The forms are those of https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates:
`eurofxref-hist.csv` (newest first, `2026-11-26`) and the daily `eurofxref.csv` (`26 November 2026`). A cell is units of
a currency for one euro; `N/A` or nothing where none was published. The XML form says the same and is not read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from lake.schemas import PRICE
from transforms.rules.reading import BadRule

EURO: Final = "EUR"
LOOK_BACK: Final = timedelta(days=7)
"""No rate is older than this. The longest closing of the ECB is five days, over Easter and over Christmas."""

LEAST: Final = Decimal("0.01")
BEYOND: Final = Decimal(10_000_000)
"""Rates stand between these: with them no product of an amount and a rate leaves 128 bits."""

RATES: Final = pl.Schema([("day", pl.Date), ("currency", pl.String), ("per_eur", PRICE)])
CALENDAR: Final = pl.Schema({"day": pl.Date, "published": pl.Date})

_CODE = re.compile(r"[A-Z]{3}")
_NUMBER = r"^[0-9]{1,7}(\.[0-9]{1,9})?$"
_NOT_PUBLISHED = ("", "N/A")
_FORMS = ("%Y-%m-%d", "%d %B %Y")
_SATURDAY = 5


ECB: Final = "ECB euro reference rates"


@dataclass(frozen=True, slots=True)
class Rates:
    """What is known of rates.

    Attributes:
        told: Columns day, currency, per_eur (units of the currency for one euro, exact); one row a day and currency.
        calendar: Columns day, published: the day whose rates a day takes, itself or the last one before it. A day
            that is not in it has no rates.
        source: Who published them, as `rates/SOURCE.txt` says; the ECB where nothing does.
    """

    told: pl.DataFrame
    calendar: pl.DataFrame
    source: str = ECB


def published(text: str) -> pl.DataFrame:
    """The rates of a file, in columns day, currency, per_eur, line.

    Args:
        text: The file as published, or any of its columns and rows in any order.

    Raises:
        BadRule: It is not of this form, or tells a day twice; the line is named.
    """
    header, lines = _cells(text)
    told = pl.DataFrame(lines, schema=["line", *header], orient="row") if lines else None
    if told is None:
        raise BadRule("it has no line of rates; take eurofxref-hist.csv or eurofxref.csv as the ECB publishes them")
    long = _with_day(told).unpivot(header[1:], index=["line", "day"], variable_name="currency", value_name="text")
    kept = long.filter(~pl.col("text").is_in(_NOT_PUBLISHED))
    rates = kept.with_columns(per_eur=pl.col("text").str.to_decimal(scale=PRICE.scale).cast(PRICE, strict=False))
    _refuse_odd(rates)
    return rates.select(*RATES, "line")


def joined(files: Iterable[tuple[str, pl.DataFrame]], source: str = ECB) -> Rates:
    """The rates of several files as one.

    Args:
        files: The name of each, and what `published` read in it.
        source: Who published them.

    Raises:
        BadRule: Two files tell a day and currency differently; both are named.
    """
    named = [rates.with_columns(file=pl.lit(name)) for name, rates in files]
    told = pl.concat([pl.DataFrame(schema={**RATES, "line": pl.Int64, "file": pl.String}), *named])
    distinct = told.unique(RATES.names(), keep="first", maintain_order=True).sort("day", "currency")
    _refuse_two_tellings(distinct)
    spans = told.group_by("file").agg(first=pl.col("day").min(), last=pl.col("day").max()).select("first", "last")
    return Rates(distinct.select(RATES.names()), _calendar(set(distinct["day"].to_list()), spans.rows()), source)


def of_month(rates: Rates, month: str) -> pl.DataFrame:
    """The rates that the local days of a month (UTC, `YYYY-MM`) take: columns day, published, currency, per_eur."""
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=32)).replace(day=1)  # a local day may be the one before or after
    days = rates.calendar.filter(pl.col("day").is_between(first - timedelta(days=1), last))
    near = rates.told.filter(pl.col("day").is_between(first - timedelta(days=1) - LOOK_BACK, last))
    return days.join(near.rename({"day": "published"}), on="published").sort("day", "currency")


def _cells(text: str) -> tuple[list[str], list[list[object]]]:
    """Header and lines, each line led by its number; the empty column after a trailing comma is left out."""
    rows = ([cell.strip() for cell in row] for row in _read(text))
    header = next(rows, [])
    if header[-1:] == [""]:
        header.pop()
    _check_header(header)
    lines: list[list[object]] = []
    for number, row in enumerate(rows, 2):
        if not any(row):
            continue
        if len(row) < len(header) or any(row[len(header) :]):
            raise BadRule(f"line {number}: it has {len(row)} cells where the first line names {len(header)}")
        lines.append([number, *row[: len(header)]])
    return header, lines


def _read(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(text.removeprefix("\ufeff").splitlines(), strict=True)
    except csv.Error as error:
        raise BadRule(f"it is no CSV file: {error}") from None


def _check_header(header: Sequence[str]) -> None:
    if header[:1] != ["Date"]:
        raise BadRule("line 1: it begins with Date and names currencies, as `Date,USD,JPY,…`")
    if odd := [name for name in header[1:] if not _CODE.fullmatch(name) or name == EURO]:
        raise BadRule(f"line 1: {odd[0] or '(empty)'} is no currency that has a euro rate, such as USD")
    if twice := [name for name in header if header.count(name) > 1]:
        raise BadRule(f"line 1: {twice[0]} is named twice")
    if len(header) == 1:
        raise BadRule("line 1: it names no currency")


def _with_day(told: pl.DataFrame) -> pl.DataFrame:
    days = [pl.col("Date").str.to_date(form, strict=False) for form in _FORMS]
    read = told.with_columns(day=pl.coalesce(days))
    if bad := read.filter(pl.col("day").is_null()).select("line", "Date").rows():
        line, text = bad[0]
        raise BadRule(f"line {line}: {text or '(nothing)'} is no day such as 2026-11-26 or 26 November 2026")
    if twice := read.filter(pl.col("day").is_duplicated()).sort("day", "line").select("line", "day").rows():
        (first, day), (second, _) = twice[:2]
        raise BadRule(f"line {second}: {day} stands on line {first} already")
    return read


def _refuse_odd(rates: pl.DataFrame) -> None:
    fine = pl.col("text").str.contains(_NUMBER) & pl.col("per_eur").is_between(LEAST, BEYOND, closed="left")
    bad = rates.filter(~fine.fill_null(value=False)).sort("line").select("line", "currency", "text").rows()
    if bad:
        line, currency, text = bad[0]
        said = f"{currency} {text!r} is no rate: a decimal number from {LEAST} to below {BEYOND}, 9 decimals at most"
        raise BadRule(f"line {line}: {said}")


def _refuse_two_tellings(distinct: pl.DataFrame) -> None:
    """Refuse a day and currency that two files tell differently."""
    twice = distinct.filter(pl.struct("day", "currency").is_duplicated())
    if rows := twice.select("day", "currency", "per_eur", "file", "line").rows():
        (day, currency, rate, file, line), (_, _, other, other_file, other_line) = rows[:2]
        raise BadRule(
            f"{currency} of {day} is {rate.normalize():f} in {file} (line {line}) and {other.normalize():f} in "
            f"{other_file} (line {other_line}); take one of them away"
        )


def _calendar(days: set[date], spans: Sequence[tuple[date, date]]) -> pl.DataFrame:
    """The day whose rates each day takes.

    A day without rates of its own takes the last ones before it where it is known that none were published: on
    Saturday and Sunday, and within the days of a file, which has all there are. After the last day of a file a
    working day has no rates yet, and is left out.
    """
    found: list[tuple[date, date]] = []
    day, last = min(days, default=date.max), None
    end = max(days, default=date.min) + timedelta(days=2)
    while day <= end:
        if day in days:
            last = day
        elif day.weekday() < _SATURDAY and not any(first <= day <= final for first, final in spans):
            last = None
        if last and day - last <= LOOK_BACK:
            found.append((day, last))
        day += timedelta(days=1)
    return pl.DataFrame(found, schema=CALENDAR, orient="row")
