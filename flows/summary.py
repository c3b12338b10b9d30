"""The summary at the end of a demo, for a person at a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.jobs import Result
from flows.practice import Spent
from lake.reference import currency_digits
from reports.figures import Summary


def show_summary(
    console: Console, summary: Summary, result: Result, budget: Spent, *, lake: str, page: Path, again: bool
) -> None:
    """Print what the lake holds now, what this run did, and what to try next.

    Args:
        console: Where to.
        summary: The figures of the lake.
        result: What this run did.
        budget: What it spent.
        lake: Where the tables are.
        page: Where the page is.
        again: Whether an earlier demo ran in this home.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in _lines(summary, result, budget, again=again):
        table.add_row(name, Text(value))
    console.print()
    console.print(table)
    console.print()
    for name, value in (("tables", lake), ("page", page.as_uri())):
        console.print(f"[bold]{name}[/bold]  {_short(value)}", highlight=False, soft_wrap=True)
    console.print("\nTry next:")
    for command in _NEXT:
        console.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)


_NEXT = (
    (
        '.venv/bin/chargelake query "SELECT make, count(*) AS sessions, round(sum(energy_kwh)) AS kwh'
        ' FROM charge_sessions GROUP BY make"'
    ),
    ".venv/bin/chargelake vehicles",
    ".venv/bin/chargelake quarantine list",
)


def _lines(summary: Summary, result: Result, budget: Spent, *, again: bool) -> Iterator[tuple[str, str]]:
    yield "vehicles", ", ".join(f"{each.vehicles} {each.make}" for each in summary.vehicles)
    yield "interfaces", ", ".join(map(str, summary.seen_by))
    allowed = f"{budget.requests} of the {budget.allowed} that the plan allowed in {budget.seconds:.0f} s"
    yield "requests", f"{allowed}, {budget.refused} answered 429"
    yield "this run", _what_came(result, again=again)
    yield from _sessions(summary)
    yield "billed", _billed(summary)
    yield "days", f"{summary.days_known} known, {summary.days_unknown} unknown{_unknown(summary)}"
    for each in summary.quarantined:
        yield "quarantine", f"{each.records} × {each.reason}"
    for action in summary.actions:
        yield f"for the {action.whose_move}", f"{len(action.vehicle_ids)} × {action.what_to_do}"


def _what_came(result: Result, *, again: bool) -> str:
    total = result.total()
    came = f"{total.new} new records, {total.changed} changed, {total.unchanged} known already"
    if not again:
        return came
    if not total.new and not total.changed:
        return f"nothing new since the last demo here; {total.unchanged} recent records were read again"
    return f"only what is new since the last demo here: {came}"


def _sessions(summary: Summary) -> Iterator[tuple[str, str]]:
    for each in summary.sessions:
        ongoing = f", {each.ongoing} ongoing" if each.ongoing else ""
        yield f"{each.make} sessions", f"{each.complete} complete{ongoing}, {_kwh(each.kwh)}"
    if summary.told_by_both:
        told = "session" if summary.told_by_both == 1 else "sessions"
        yield "told twice", f"{summary.told_by_both:,} {told} told by v2.0 and v3, each counted once"
    for day in summary.daily:
        parts = (("home", day.home_kwh), ("other", day.other_kwh), ("Supercharger", day.supercharger_kwh))
        split = ", ".join(f"{name} {_kwh(value)}" for name, value in parts)
        yield f"{day.make} days", f"{day.vehicle_days} with charging, {_kwh(day.total_kwh)} ({split})"


def _kwh(value: float | None) -> str:
    return "energy not told" if value is None else f"{value:,.1f} kWh"


def _billed(summary: Summary) -> str:
    digits = currency_digits()
    parts = [
        f"{each.total:,.{digits.get(each.currency, 2)}f} {each.currency} ({each.bills} bills)"
        for each in summary.billed
        if each.total is not None
    ]
    return ", ".join(parts) or "no bills"


def _unknown(summary: Summary) -> str:
    states = [f"{each.days} {each.state}" for each in summary.completeness if each.state not in _KNOWN_OR_NONE]
    return f" ({', '.join(states)})" if states else ""


_KNOWN_OR_NONE = ("collected", "confirmed_empty", "not_capable", "before_consent")


def _short(place: str) -> str:
    """A path as seen from the working folder, where it is below it."""
    return os.path.relpath(place) if place.startswith(f"{Path.cwd()}{os.sep}") else place
