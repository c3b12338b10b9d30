"""A statement as text for a terminal and as JSON: the same statement gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from reports.statements.model import StatedLine, Statement

_WIDTH: Final = 100
_HASH_SHOWN: Final = 16


def as_json(stated: Statement) -> bytes:
    """All of it; amounts are text with their digits, times ISO 8601."""
    return msgspec.json.format(msgspec.json.encode(stated), indent=2) + b"\n"


def as_text(stated: Statement) -> str:
    """A page a person can read, check and sign."""
    parts = (_head, _totals, _sessions, _months_lines, _corrections, _unknown, _remarks, _foot)
    return "\n".join(_clean(line) for part in parts for line in part(stated)) + "\n"


def _head(stated: Statement) -> Iterator[str]:
    whose = stated.driver or "vehicles that nobody had"
    yield f"Charging statement {stated.month} - {whose}"
    yield f"made {stated.made_at:%Y-%m-%d %H:%M} UTC, {'closed' if stated.closes else 'open: it may still change'}"
    yield "=" * _WIDTH


def _totals(stated: Statement) -> Iterator[str]:
    yield from ("", "Totals, by currency")
    header = ("", "cost", "corrected", "reimbursed", "corrected", "to pay")
    rows = [
        (each.currency, each.cost, each.cost_corrected, each.reimbursed, each.reimbursed_corrected, each.to_pay)
        for each in stated.totals
    ]
    yield from _table(header, rows) if rows else ("  nothing was priced",)
    if stated.not_priced:
        yield f"  {stated.not_priced} sessions have a cost that is not known whole"
    yield from (f"  {count} lines are not paid: {reason}" for reason, count in stated.not_paid.items())


def _sessions(stated: Statement) -> Iterator[str]:
    yield from ("", f"Sessions ({len(stated.sessions)}), times of the vehicle's zone")
    by_session: dict[str | None, list[StatedLine]] = {}
    for line in stated.lines:
        by_session.setdefault(line.session_id, []).append(line)
    for each in stated.sessions:
        energy = "kWh not told" if each.energy_kwh is None else f"{each.energy_kwh:.3f} kWh"
        place = " ".join(filter(None, [each.place, each.place_name and f'"{each.place_name}"']))
        how = (
            f"by {each.place_method}, {each.place_confidence or 'no confidence told'}"
            if each.place_method
            else "not known"
        )
        yield f"  {each.local_start} {each.timezone}  {each.vehicle}  {energy} told by {', '.join(each.energy_source)}"
        yield f"    at {place} ({how}){'; flags: ' + ', '.join(each.flags) if each.flags else ''}"
        yield f"    record {each.raw_ref}, answer sha-256 {(each.answer_sha256 or 'not there')[:_HASH_SHOWN]}"
        yield from (f"    {_line(line)}" for line in by_session.get(each.session_id, ()))


def _months_lines(stated: Statement) -> Iterator[str]:
    owed = [line for line in stated.lines if line.session_id is None]
    if owed:
        yield from ("", "By the month")
        yield from (f"  {line.vehicle}  {_line(line)}" for line in owed)


def _line(line: StatedLine) -> str:
    rule = f" by {line.rule_id} {line.rule_version}, {line.rule_name}" if line.rule_id else ""
    amount = f"{line.amount} {line.currency}" if line.amount is not None else f"no amount: {line.reason}"
    return f"{line.basis} {line.component}: {amount}{' ' + line.amount_is if line.amount_is else ''}{rule}"


def _corrections(stated: Statement) -> Iterator[str]:
    if stated.corrections:
        yield from ("", "Corrections of closed statements")
    for each in stated.corrections:
        rule = f" by {each.rule_id} {each.rule_version}, {each.rule_name}" if each.rule_id else ""
        what = f"{each.basis} {each.component}{rule} of {each.local_date}, {each.vehicle}"
        yield f"  {each.amount} {each.currency}  {what}"
        change = f"{each.why}, from {each.stated} to {each.stands}"
        yield f"    corrects statement {each.corrects_month}, line {each.line_id}: {change}"


def _unknown(stated: Statement) -> Iterator[str]:
    yield from ("", "Days that are not known")
    for each in stated.unknown_days:
        yield f"  {each.vehicle} {each.stream}, {each.state}: {days_in_runs(each.days)}"
    if not stated.unknown_days:
        yield "  none"


def _remarks(stated: Statement) -> Iterator[str]:
    if stated.remarks:
        yield from ("", "To be looked at")
        yield from (f"  {each.day} {each.vehicle} {each.kind}: {each.detail}" for each in stated.remarks)


def _foot(stated: Statement) -> Iterator[str]:
    if stated.caveats:
        yield from ("", *stated.caveats)
    yield from ("", "", "Date, signature: " + "_" * 50)


def days_in_runs(days: Sequence[date]) -> str:
    """Days in runs: `2026-10-01 to 2026-10-04, 2026-10-09`."""
    runs: list[list[date]] = []
    for day in days:
        if runs and (day - runs[-1][-1]).days == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _table(header: Sequence[str], rows: Sequence[Sequence[str | Decimal]]) -> Iterator[str]:
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        yield "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))


def _clean(line: str) -> str:
    """Names and addresses come from strangers: nothing in them moves a terminal's cursor or starts a line."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)
