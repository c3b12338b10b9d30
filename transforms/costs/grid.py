"""What a kWh costs at every instant: stretches of time with one price, or with the reason why there is none.

A scope is a set of tariffs that may apply, with the zone of the clock. Its grid has no gap from the first instant
that is asked for to the last, so that whatever is laid over it is priced or said to be not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from lake.schemas import UTC as INSTANT
from transforms.costs import clocks
from transforms.rules.calendar import kind_of_day
from transforms.rules.series import Series
from transforms.rules.tariffs import Band, Tariff

GRID: Final = pl.Schema(
    {
        "scope": pl.Int64(),
        "from": INSTANT,
        "until": INSTANT,
        "tariff": pl.Int64(),
        "band": pl.String(),
        "price": pl.Int64(),
        "reason": pl.String(),
    }
)
"""`tariff` is the number of the tariff, `price` in nano units a kWh; `reason` stands where there is no price."""

NO_TARIFF: Final = "no_tariff"
NO_PRICE: Final = "no_price"
SEVERAL_TARIFFS: Final = "several_tariffs"
SEVERAL_PRICES: Final = "several_prices"


@dataclass(frozen=True, slots=True)
class Scope:
    """What prices some sessions.

    Attributes:
        tariffs: Numbers of the tariffs that fit their place, vehicle and cost centre, whenever they are valid.
        zone: IANA zone of the sessions, for tariffs that have none.
    """

    tariffs: tuple[int, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time with one price, or none."""

    since: datetime
    until: datetime
    tariff: int | None = None
    band: str | None = None
    price: int | None = None
    reason: str | None = None


def grid(scopes: Sequence[Scope], tariffs: Sequence[Tariff], since: datetime, until: datetime) -> pl.DataFrame:
    """The grids of scopes, one after the other.

    Args:
        scopes: Numbered by their place.
        tariffs: Numbered by their place.
        since: The first instant to price (UTC).
        until: The end of the last (UTC).

    Returns:
        Columns of `GRID`, sorted by scope and from.
    """
    frames = [GRID.to_frame()]
    for number, scope in enumerate(scopes):
        frames += [
            _with_scope(number, _priced(tariffs[stretch.tariff], stretch, scope.zone))
            if stretch.tariff is not None
            else _with_scope(number, _frame([stretch]))
            for stretch in timeline(scope, tariffs, since, until)
        ]
    return pl.concat(frames)


def timeline(scope: Scope, tariffs: Sequence[Tariff], since: datetime, until: datetime) -> Iterator[Stretch]:
    """Which tariff of a scope applies when: the most specific of those that are valid.

    Equally specific ones price nothing: which of them was meant cannot be known.
    """
    valid = {number: _validity(tariffs[number], scope.zone) for number in scope.tariffs}
    cuts = {since, until} | {cut for both in valid.values() for cut in both if since < cut < until}
    ordered = sorted(cuts)
    for begin, end in pairwise(ordered):
        found = [number for number, (first, last) in valid.items() if first <= begin < last]
        highest = max((tariffs[number].rank for number in found), default=0)
        best = [number for number in found if tariffs[number].rank == highest]
        if len(best) == 1:
            yield Stretch(begin, end, tariff=best[0])
        else:
            yield Stretch(begin, end, reason=SEVERAL_TARIFFS if best else NO_TARIFF)


def clock_of(tariff: Tariff, zone: str) -> ZoneInfo:
    """The zone of a tariff's clock: its own, or that of the session."""
    return ZoneInfo(tariff.entry.timezone or zone)


def _validity(tariff: Tariff, zone: str) -> tuple[datetime, datetime]:
    clock, entry = clock_of(tariff, zone), tariff.entry
    last = entry.valid_to
    ends = datetime.max.replace(tzinfo=UTC) if last in {None, date.max} else _after(last, clock)
    return clocks.midnight(entry.valid_from, clock), ends


def _after(day: date | None, clock: ZoneInfo) -> datetime:
    return clocks.midnight((day or date.max) + timedelta(days=1), clock)


def _priced(tariff: Tariff, stretch: Stretch, zone: str) -> pl.DataFrame:
    if tariff.series is not None:
        return _of_series(tariff.series, stretch)
    return _frame(_of_bands(tariff, stretch, clock_of(tariff, zone)))


def _of_series(series: Series, stretch: Stretch) -> pl.DataFrame:
    """The prices of a series within a stretch, and the gaps between them."""
    inside = series.rows.filter((pl.col("until") > stretch.since) & (pl.col("from") < stretch.until)).select(
        pl.col("from").clip(lower_bound=stretch.since),
        pl.col("until").clip(upper_bound=stretch.until),
        pl.col("value").alias("price"),
    )
    ends = pl.DataFrame({"from": [stretch.until], "until": [stretch.until]}, schema={"from": INSTANT, "until": INSTANT})
    after = pl.concat([inside.select("from", "until"), ends])
    gaps = after.select(
        pl.col("until").shift(1, fill_value=stretch.since).alias("from"), pl.col("from").alias("until")
    ).filter(pl.col("from") < pl.col("until"))
    priced = inside.with_columns(pl.lit(None, pl.String).alias("reason"))
    unpriced = gaps.with_columns(pl.lit(None, pl.Int64).alias("price"), pl.lit(NO_PRICE).alias("reason"))
    both = pl.concat([priced, unpriced]).sort("from")
    return both.select(
        "from", "until", pl.lit(stretch.tariff, pl.Int64).alias("tariff"), pl.lit(None, pl.String).alias("band"),
        "price", "reason",
    )  # fmt: skip


def _of_bands(tariff: Tariff, stretch: Stretch, clock: ZoneInfo) -> list[Stretch]:
    """The bands of a tariff by the clock; neighbours of one band and price are one."""
    found: list[Stretch] = []
    for since, until, band, price, reason in _shown(tariff, stretch, clock):
        last = found[-1] if found else None
        if last is not None and (last.band, last.price, last.reason) == (band, price, reason):
            found[-1] = Stretch(last.since, until, stretch.tariff, band, price, reason)
        else:
            found.append(Stretch(since, until, stretch.tariff, band, price, reason))
    return found


def _shown(
    tariff: Tariff, stretch: Stretch, clock: ZoneInfo
) -> Iterator[tuple[datetime, datetime, str | None, int | None, str | None]]:
    minutes = {minute for band in tariff.bands for hours in band.hours for minute in (hours.since, hours.until)}
    if tariff.entry.price_per_kwh is not None:  # a band may be called flat, and hold for some hours
        yield stretch.since, stretch.until, tariff.bands[0].band, tariff.bands[0].price, None
        return
    years = range(stretch.since.year - 1, stretch.until.year + 2)
    holidays = tariff.holidays.of_years(years) if tariff.holidays.are_known else frozenset()
    for since, until in clocks.stretches(minutes, stretch.since, stretch.until, clock):
        shown = since.astimezone(clock)
        minute = 60 * shown.hour + shown.minute
        yield since, until, *_price(tariff.bands, shown.date(), minute, kind_of_day(shown.date(), holidays))


def _price(bands: tuple[Band, ...], day: date, minute: int, kind: str) -> tuple[str | None, int | None, str | None]:
    """Band and price of a minute of a day, or the reason why there is none."""
    fit = [
        band
        for band in bands
        if kind in band.days
        and band.season.holds(day)
        and any(hours.since <= minute < hours.until for hours in band.hours)
    ]
    if len({band.price for band in fit}) == 1:
        return fit[0].band, fit[0].price, None
    return None, None, SEVERAL_PRICES if fit else NO_PRICE


def _frame(stretches: Sequence[Stretch]) -> pl.DataFrame:
    rows = [(each.since, each.until, each.tariff, each.band, each.price, each.reason) for each in stretches]
    return pl.DataFrame(rows, schema={name: dtype for name, dtype in GRID.items() if name != "scope"}, orient="row")


def _with_scope(number: int, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.lit(number, pl.Int64).alias("scope"), pl.all())
