"""The charts of the overview page with what belongs beside them: a sentence, words for who cannot see, the figures.

Each function takes a tally (`reports.tallies`) and gives a `Panel`. Where there is nothing to draw, the panel says so
in a sentence and has no axes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import polars as pl
from markupsafe import Markup

from reports import charts, grids, wording
from reports.figures import NOT_GIVEN, Billed
from reports.grids import Grid
from reports.tallies import PLACES, SESSION_STEP_KWH, Tallies

KIND_OF_STATE: Final = {
    "collected": "known",
    "confirmed_empty": "known",
    "not_asked": "next run asks",
    "over_budget": "next run asks",
    "upstream_error": "next run asks",
    "empty_store": "next run asks",
    "signal_not_found": "next run asks",
    "signal_unavailable": "next run asks",
    "owner_must_act": "somebody must act",
    "no_permission": "somebody must act",
    "outside_window": "no longer told",
}
"""What the strips of completeness show of each state; days that there is nothing to know of are left out."""

_MOST_CURRENCIES: Final = 6
_MOST_DAYS: Final = 190
_MOST_WEEKS: Final = 150


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of the page.

    Attributes:
        name: Unique on the page.
        says: What the figures are and what they leave out.
        drawing: The chart; None where there is nothing to draw.
        alt: The chart in words.
        grid: The figures that were drawn.
    """

    name: str
    title: str
    says: str
    drawing: Markup | None = None
    alt: str = ""
    grid: Grid | None = None


def session_energy(tallied: pl.DataFrame) -> Panel:
    """Energy of sessions by month and make, from `reports.tallies.sessions`."""
    title = "Energy of sessions"
    kept = tallied.filter(pl.col("status") != "vanished")
    rows = kept.group_by("month", "make").agg(pl.col("sessions", "told", "kwh").sum()).sort("month", "make")
    told = rows.filter(pl.col("told") > 0)
    if told.is_empty():
        return Panel("session-energy", title, "No session tells an energy yet.")
    makes = told["make"].unique().sort().to_list()
    series = told.select("month", pl.col("make").alias("series"), _place("make", makes), pl.col("kwh").round(3))
    return Panel(
        "session-energy",
        title,
        f"Charged in sessions, by local month of the start.{_left_out(_sum(rows, 'sessions') - _sum(rows, 'told'))}",
        charts.drawing("session-energy", partial(charts.monthly, series, _months(rows), charts.OF_MAKES)),
        f"Stacked bars of kWh a month, one colour a make. {_highest_month(told, 'kwh')}",
        _session_grid(rows),
    )


def daily_energy(tallied: pl.DataFrame) -> Panel:
    """Daily energy by month and kind of place, from `reports.tallies.days`."""
    title = "Daily energy by kind of place"
    rows = tallied.group_by("month").agg(pl.exclude("make", "month").sum()).sort("month")
    series = pl.concat(_of_place(rows, at, place) for at, place in enumerate(_KINDS_OF_PLACE))
    if series.is_empty():
        return Panel("daily-energy", title, "No vehicle tells its daily energy yet.")
    return Panel(
        "daily-energy",
        title,
        "As Tesla tells it, a vehicle and day. A car without a home address tells all but Superchargers as other. "
        "Supercharger energy is in Tesla's sessions too, so this is no addition to them.",
        charts.drawing("daily-energy", partial(charts.monthly, series, _months(rows), charts.OF_PLACES)),
        f"Stacked bars of kWh a month, one colour a kind of place. {_highest_month(rows, 'total_kwh')}",
        _daily_grid(rows),
    )


def session_starts(tallied: pl.DataFrame) -> Panel:
    """When sessions start, from `reports.tallies.starts`."""
    title = "When charging starts"
    if tallied.is_empty():
        return Panel("session-starts", title, "No session has started yet.")
    names = dict(enumerate(charts.WEEKDAYS, start=1))
    cells = tallied.select(
        pl.col("weekday").replace_strict(names, return_dtype=pl.String).alias("day"), "hour", "sessions"
    )
    day, hour, most = cells.sort("sessions", descending=True, maintain_order=True).row(0)
    counts = {(day, hour): wording.count(number) for day, hour, number in cells.iter_rows()}
    return Panel(
        "session-starts",
        title,
        "Session starts by weekday and hour, on the clocks of each vehicle's own time zone.",
        charts.drawing("session-starts", partial(charts.starts, cells)),
        f"Heat map of weekday by hour. Most sessions start on {day} from {hour}:00: {wording.count(most)}.",
        Grid(
            (*grids.labels("Day"), *grids.numbers(*(f"{hour}:00" for hour in range(24)))),
            tuple((name, *(counts.get((name, hour), "0") for hour in range(24))) for name in charts.WEEKDAYS),
        ),
    )


def session_sizes(tallied: pl.DataFrame) -> Panel:
    """Energy per session, AC and DC, from `reports.tallies.sizes`."""
    title = "Energy per session"
    if tallied.is_empty():
        return Panel("session-sizes", title, "No session tells an energy yet.")
    named = tallied.with_columns(_charger())
    sums = named.group_by("charger_type").agg(pl.col("sessions").sum()).sort("charger_type")
    headings = {name: f"{name} · {wording.counted(number, 'session', 'sessions')}" for name, number in sums.iter_rows()}
    panel = pl.col("charger_type").replace_strict(headings, return_dtype=pl.String).alias("panel")
    upper = pl.col("from_kwh") + SESSION_STEP_KWH
    cells = named.select("charger_type", pl.format("{} to below {}", "from_kwh", upper), "sessions")
    return Panel(
        "session-sizes",
        title,
        f"Sessions by energy, in classes of {SESSION_STEP_KWH} kWh. Each charger type has its own scale.",
        charts.drawing(
            "session-sizes", partial(charts.sizes, named.select(panel, "from_kwh", "sessions"), SESSION_STEP_KWH)
        ),
        f"Histograms: {'; '.join(headings.values())}.",
        Grid(
            (*grids.labels("Charger", "kWh"), *grids.numbers("Sessions")),
            tuple((charger, kwh, wording.count(number)) for charger, kwh, number in cells.iter_rows()),
        ),
    )


def billed(tallied: pl.DataFrame, totals: Sequence[Billed]) -> Panel:
    """Billed by month in each currency, from `reports.tallies.bills` and the totals by currency."""
    title = "Billed by month"
    complete = sorted(
        (each for each in totals if each.total is not None), key=lambda each: (-each.bills, each.currency)
    )
    if not complete:
        return Panel("billed", title, "No bill is known yet." if not totals else "No bill is complete yet.")
    sums = "; ".join(wording.money(each.total, each.currency) for each in complete)
    drawn = [each.currency for each in complete[:_MOST_CURRENCIES]]
    rows = tallied.filter(pl.col("currency").is_in(drawn) & (pl.col("complete") > 0))
    series = rows.sort(pl.col("currency").cast(pl.Enum(drawn)), "month").select(
        pl.format("{} a month", "currency").alias("panel"), "month", pl.col("total").cast(pl.Float64)
    )
    rest = f" The {len(drawn)} currencies with the most bills are drawn." if len(complete) > len(drawn) else ""
    return Panel(
        "billed",
        title,
        f"Each currency by itself and with its own scale; amounts of different currencies are never added.{rest}",
        charts.drawing("billed", partial(charts.billed, series, _months(tallied))),
        f"Bars by month for {', '.join(drawn)}. Total: {sums}.",
        _billed_grid(tallied),
    )


def completeness(tallied: pl.DataFrame) -> Panel:
    """How far each stream is known day by day, from `reports.tallies.states`."""
    title = "Days known, by stream"
    kept = tallied.filter(~pl.col("state").is_in(NOT_GIVEN))
    if kept.is_empty():
        return Panel("completeness", title, "No day could have been asked yet.")
    kinds = kept.with_columns(pl.col("state").replace_strict(KIND_OF_STATE, return_dtype=pl.String).alias("kind"))
    every = _every(kept["day"].unique().len())
    known = _sum(kinds.filter(pl.col("kind") == "known"), "vehicle_days")
    days = sorted(kept["day"])
    return Panel(
        "completeness",
        title,
        f"Share of vehicle days that are known, by {_BIN[every]}. A vehicle that cannot give a stream does not count.",
        charts.drawing("completeness", partial(charts.knowledge, _strips(kinds, every))),
        f"Strips from {days[0]} to {days[-1]}, one a stream. "
        f"Known: {wording.share(known, _sum(kinds, 'vehicle_days'))} of vehicle × stream × days.",
        _knowledge_grid(kinds),
    )


def all_panels(tallied: Tallies, totals: Sequence[Billed]) -> tuple[Panel, ...]:
    """The charts of the page, in its order."""
    return (
        session_energy(tallied.sessions),
        daily_energy(tallied.days),
        session_starts(tallied.starts),
        session_sizes(tallied.sizes),
        billed(tallied.bills, totals),
        completeness(tallied.states),
    )


_KINDS_OF_PLACE: Final = PLACES[:-1]
_BIN: Final = {"1d": "day", "1w": "week", "1mo": "month"}


def _every(number_of_days: int) -> str:
    """The width of a strip's cells, so that there are not more than a screen can show."""
    return "1d" if number_of_days <= _MOST_DAYS else "1w" if number_of_days <= 7 * _MOST_WEEKS else "1mo"


def _strips(kinds: pl.DataFrame, every: str) -> pl.DataFrame:
    """Where each kind's share begins and ends in each cell: panel, from, until, kind, low, high."""
    cell = ("panel", "from")
    begin = pl.col("day").dt.truncate(every).alias("from")
    days = pl.col("vehicle_days")
    cells = kinds.group_by(pl.col("stream").alias("panel"), begin, "kind").agg(days.sum())
    ordered = cells.sort(*cell, pl.col("kind").cast(pl.Enum(list(charts.KNOWLEDGE))))
    upper = days.cum_sum().over(cell)
    shares = ordered.with_columns(
        pl.col("from").dt.offset_by(every).alias("until"),
        (100 * (upper - days) / days.sum().over(cell)).round(2).alias("low"),
        (100 * upper / days.sum().over(cell)).round(2).alias("high"),
    )
    return _joined(shares).with_columns(pl.col("from", "until").cast(pl.String))


def _joined(shares: pl.DataFrame) -> pl.DataFrame:
    """Neighbours with the same share as one: a fleet that is all known is one mark a stream and not one a day."""
    strip = ("panel", "kind")
    same = (pl.col("from") == pl.col("until").shift()) & (pl.col("low") == pl.col("low").shift())
    goes_on = (same & (pl.col("high") == pl.col("high").shift())).over(strip).fill_null(value=False)
    runs = shares.with_columns((~goes_on).cum_sum().over(strip).alias("run")).group_by(
        *strip, "run", maintain_order=True
    )
    joined = runs.agg(pl.col("from").first(), pl.col("until").last(), pl.col("low", "high").first())
    return joined.select("panel", "from", "until", "kind", "low", "high")


def _session_grid(rows: pl.DataFrame) -> Grid:
    cells = (
        (month, make, wording.count(number), wording.count(number - told), wording.kwh(kwh if told else None))
        for month, make, number, told, kwh in rows.iter_rows()
    )
    columns = (*grids.labels("Month", "Make"), *grids.numbers("Sessions", "Without energy", "kWh"))
    return Grid(columns, tuple(cells))


def _daily_grid(rows: pl.DataFrame) -> Grid:
    cells = (
        (row["month"], wording.count(row["vehicle_days"]),
         *(wording.kwh(row[f"{place}_kwh"] if row[f"{place}_told"] else None) for place in PLACES))
        for row in rows.iter_rows(named=True)
    )  # fmt: skip
    energies = ("Home kWh", "Other kWh", "Supercharger kWh", "Total kWh")
    return Grid((*grids.labels("Month"), *grids.numbers("Vehicle days", *energies)), tuple(cells))


def _billed_grid(tallied: pl.DataFrame) -> Grid:
    cells = (
        (currency, month, wording.count(bills), wording.count(bills - complete),
         wording.money(total if complete else None, currency))
        for currency, month, bills, complete, total in tallied.iter_rows()
    )  # fmt: skip
    columns = (*grids.labels("Currency", "Month"), *grids.numbers("Bills", "Incomplete", "Billed"))
    return Grid(columns, tuple(cells))


def _knowledge_grid(kinds: pl.DataFrame) -> Grid:
    """By stream and month, so that years of days stay readable."""
    month = pl.col("day").dt.strftime("%Y-%m").alias("month")
    by_kind = [pl.col("vehicle_days").filter(pl.col("kind") == kind).sum().alias(kind) for kind in charts.KNOWLEDGE]
    rows = (
        kinds.group_by("stream", month).agg(pl.col("vehicle_days").sum().alias("all"), *by_kind).sort("stream", "month")
    )
    cells = (
        (stream, month, wording.share(counts[0], everything), *map(wording.count, counts))
        for stream, month, everything, *counts in rows.iter_rows()
    )
    counts_of = [f"Days: {kind}" for kind in charts.KNOWLEDGE]
    return Grid((*grids.labels("Stream", "Month"), *grids.numbers("Known", *counts_of)), tuple(cells))


def _of_place(rows: pl.DataFrame, at: int, place: str) -> pl.DataFrame:
    """The energy of one kind of place in the months that tell it: month, series, place, kwh."""
    energy = pl.col(f"{place}_kwh").round(3).alias("kwh")
    told = rows.filter(pl.col(f"{place}_told") > 0)
    return told.select("month", pl.lit(place).alias("series"), pl.lit(at).alias("place"), energy)


def _place(column: str, order: Iterable[str]) -> pl.Expr:
    places = {name: at for at, name in enumerate(order)}
    return pl.col(column).replace_strict(places, return_dtype=pl.Int64).alias("place")


def _charger() -> pl.Expr:
    told = pl.col("charger_type")
    return pl.when(told == "not told").then(pl.lit("Charger not told")).otherwise(told).alias("charger_type")


def _months(rows: pl.DataFrame) -> list[str]:
    """All months from the first to the last, as `YYYY-MM`."""
    told = sorted(rows["month"])
    first, last = (date.fromisoformat(f"{month}-01") for month in (told[0], told[-1]))
    return pl.date_range(first, last, "1mo", eager=True).dt.strftime("%Y-%m").to_list()


def _highest_month(rows: pl.DataFrame, column: str) -> str:
    by_month = rows.group_by("month").agg(pl.col(column).sum()).sort(column, "month", descending=[True, False])
    month, energy = by_month.row(0)
    return f"Most in {month}: {wording.kwh(energy)} kWh."


def _sum(rows: pl.DataFrame, column: str) -> int:
    return sum(rows[column].to_list())


def _left_out(sessions: int) -> str:
    if not sessions:
        return ""
    return (
        f" {wording.counted(sessions, 'session tells', 'sessions tell')} no energy and {_IS[sessions == 1]} left out."
    )


_IS: Final = {True: "is", False: "are"}
