"""A cost report as tables of typed cells, which the terminal and every file are written from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date
from decimal import Decimal
from typing import Final

from lake.schemas import COMPLETENESS_STATES, UNPRICED_REASONS
from reports import wording
from reports.costs.figures import CostReport, CostRow
from reports.costs.grouping import HEADINGS
from reports.costs.unknown import DaysNotKnown, Unknown
from reports.exports.document import Cell, Column, Document, Money, Sheet

SIGNATURES: Final = ("Date, made by", "Date, approved by")
NO_SESSION: Final = "The car tells this energy by the day and no session of it: it is in no cost here."
NO_COSTS_YET: Final = "Collected, and not priced yet: the next run does it."
NO_RATE: Final = "No rate is known that counts on those days."
ALL_KNOWN: Final = "Nothing: every session has a price, every amount a rate, and every day was told."
NEVER_ASKED: Final = "All: no vehicle was to be asked for any of these days yet."
PRICES_KNOWN: Final = "Of sessions nothing: each has a price, and every amount a rate."
DAYS_NOT_KEPT: Final = "Which days were not known at that instant is not kept, and cannot be told here."
_GRAMS: Final = 1000


def cost_document(report: CostReport, *, by_vehicle: bool = True) -> Document:
    """The report as a document.

    Args:
        report: The report.
        by_vehicle: Whether days that are not known have a table by vehicle; without it they are told by stream alone.
    """
    wanted = report.wanted
    sheets = [_costs(report), _not_known(report)]
    if by_vehicle and report.unknown.days:
        sheets.append(_days(report.unknown))
    about = (
        ("Period", f"{wanted.period}, by the local day a session started"),
        ("Grouped by", HEADINGS[wanted.by].lower()),
        ("Reporting currency", wanted.currency),
        ("As of", "now" if wanted.as_of is None else wording.instant(wanted.as_of.astimezone(UTC))),
        ("Made at", wording.instant(wanted.generated_at.astimezone(UTC))),
    )
    return Document(wanted.title, about, tuple(sheets), wanted.generated_at, SIGNATURES)


def _costs(report: CostReport) -> Sheet:
    by, currency = report.wanted.by, report.wanted.currency
    columns = (
        Column(HEADINGS[by]),
        Column("Currency"),
        Column("Sessions", "whole"),
        Column("Partly priced", "whole"),
        Column("Unpriced", "whole"),
        Column("Without energy", "whole"),
        Column("Energy, kWh", "kwh"),
        Column("Of it unpriced, kWh", "kwh"),
        Column("Billed", "money"),
        Column("By tariff", "money"),
        Column("Cost", "money"),
        Column("Reimbursed", "money"),
        Column(f"Cost in {currency}", "money"),
        Column("Amounts without rate", "whole"),
        Column("CO2, kg", "kg"),
    )
    return Sheet(
        f"Costs by {HEADINGS[by].lower()}",
        columns,
        [(_group(row.group, by), *_figures(row, currency)) for row in report.rows],
        [("Total", *_figures(row, currency)) for row in report.totals],
        tuple(_notes(report)),
    )


def _group(group: str, by: str) -> Cell:
    """A group as it is written; a day is a date. What is owed by the month stands under its month."""
    is_day = by == "day" and len(group) == len("2026-10-31")
    return date.fromisoformat(group) if is_day else group


def _figures(row: CostRow, reporting: str) -> tuple[Cell, ...]:
    own = [_money(amount, row.currency) for amount in (row.billed, row.tariff, row.cost, row.reimbursed)]
    return (
        row.currency,
        row.sessions,
        row.partial,
        row.unpriced,
        row.without_energy,
        row.kwh,
        row.kwh_unpriced,
        *own,
        _money(row.converted, reporting),
        row.not_converted,
        None if row.co2_g is None else row.co2_g / _GRAMS,
    )


def _money(amount: Decimal | None, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else Money(amount, currency)


def _notes(report: CostReport) -> Iterable[str]:
    currency, missing = report.wanted.currency, sum(each.lines for each in report.unknown.no_rate)
    if not report.rows:
        yield "No session started in this period."
    if len({each.currency for each in report.totals} - {None}) > 1:
        yield "Amounts in different currencies are not added; each currency has a total of its own."
    if report.converted_total is not None:
        yield f"Cost of all currencies in {currency}: {wording.money(report.converted_total, currency)}."
    elif missing:
        amounts = wording.counted(missing, "amount has", "amounts have")
        yield f"The cost of all currencies in {currency} is not known: {amounts} no rate."
    if open_sessions := sum(each.partial + each.unpriced for each in report.totals):
        have = wording.counted(open_sessions, "session has", "sessions have")
        yield f"{have} no price, or one for a part alone: these sums do not hold all that they cost."
    if any(each.reimbursed is not None for each in report.totals):
        yield "What is reimbursed is by policies, and no part of the cost."


def _not_known(report: CostReport) -> Sheet:
    unknown = report.unknown
    columns = (
        Column("What"),
        Column("Which"),
        Column("How many", "whole"),
        Column("Amount", "money"),
        Column("Currency"),
        Column("Energy, kWh", "kwh"),
        Column("What it means"),
    )
    rows = [*_parts(unknown), *_days_by_stream(unknown.days)]
    now = report.wanted.as_of is None
    notes = () if rows else (_nothing(unknown, now=now),)
    return Sheet("What is not known", columns, rows, notes=notes if now else (*notes, DAYS_NOT_KEPT))


def _nothing(unknown: Unknown, *, now: bool) -> str:
    """What it means that nothing is listed."""
    if not now:
        return PRICES_KNOWN
    return ALL_KNOWN if unknown.were_asked else NEVER_ASKED


def _parts(unknown: Unknown) -> Iterable[tuple[Cell, ...]]:
    of_side = {"cost": "Sessions: a part without a price", "policy": "Sessions: not reimbursed"}
    for each in unknown.not_priced:
        meaning = UNPRICED_REASONS.get(each.reason)
        yield of_side[each.side], each.reason, each.sessions, None, None, each.kwh, meaning
    for rate in unknown.no_rate:
        amount = Money(rate.amount, rate.currency)
        yield "Amounts without a rate", rate.currency, rate.lines, amount, rate.currency, None, NO_RATE
    if (alone := unknown.without_session) is not None:
        yield "Tesla's days without a session", "home and other", alone.days, None, None, alone.kwh, NO_SESSION
    if unknown.without_line:
        yield "Sessions without costs", None, unknown.without_line, None, None, None, NO_COSTS_YET


def _days_by_stream(days: Iterable[DaysNotKnown]) -> Iterable[tuple[Cell, ...]]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for each in days:
        counts[each.stream, each.state] += each.days
    for (stream, state), number in sorted(counts.items()):
        meaning = COMPLETENESS_STATES.get(state)
        yield "Vehicle days (UTC)", f"{stream}: {state}", number, None, None, None, meaning


def _days(unknown: Unknown) -> Sheet:
    columns = (
        Column("Vehicle"), Column("Stream"), Column("State"), Column("Days (UTC)", "whole"), Column("What it means"),
    )  # fmt: skip
    rows = [
        (each.vehicle, each.stream, each.state, each.days, COMPLETENESS_STATES.get(each.state)) for each in unknown.days
    ]
    return Sheet("Days not known by vehicle", columns, rows)
