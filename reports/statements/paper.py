"""A statement as a document of typed tables, which CSV, XLSX and PDF are written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from reports import wording
from reports.exports.document import Cell, Column, Document, Kind, Money, Sheet
from reports.statements.model import Statement
from reports.statements.printing import days_in_runs

SIGNATURES: Final = ("Date, driver", "Date, approved by")


def statement_document(stated: Statement) -> Document:
    """The statement. Its lines come first, corrections after them; each session has one."""
    whose = stated.driver or "vehicles that nobody had"
    about = (
        ("Driver", whose),
        ("Month", f"{stated.month}, by the local day a session started"),
        ("State", "closed: it does not change any more" if stated.closes else "open: it may still change"),
        ("Made at", wording.instant(stated.made_at)),
    )
    parts = (
        _lines(stated),
        _totals(stated),
        _corrections(stated),
        _sessions(stated),
        _unknown(stated),
        _remarks(stated),
    )
    sheets = tuple(each for at, each in enumerate(parts) if at < _ALWAYS or each.rows)
    return Document(f"Charging statement {stated.month}, {whose}", about, sheets, stated.made_at, SIGNATURES)


_ALWAYS: Final = 2


def _lines(stated: Statement) -> Sheet:
    columns = _columns("Start, local", "Vehicle", "Place", "Basis", "For", ("kWh priced", "kwh"), ("Amount", "money"))
    more = _columns("Currency", "Rule", "Why no amount", "Session", "Line", "Corrects statement")
    sessions = {each.session_id: each for each in stated.sessions}
    rows: list[tuple[Cell, ...]] = []
    for line in stated.lines:
        session = sessions.get(line.session_id or "")
        start = session.local_start if session else str(line.local_date)
        place = (session.place_name or session.place) if session else None
        rule = _rule(line.rule_id, line.rule_version, line.rule_name)
        priced = (line.kwh_priced, _money(line.amount, line.currency), line.currency)
        what = (start, line.vehicle, place, line.basis, line.component)
        rows.append((*what, *priced, rule, line.reason, line.session_id, line.line_id, None))
    for each in stated.corrections:
        rule = _rule(each.rule_id, each.rule_version, each.rule_name)
        amount = (None, _money(each.amount, each.currency), each.currency)
        what = (str(each.local_date), each.vehicle, None, each.basis, each.component)
        rows.append((*what, *amount, rule, None, each.session_id, each.line_id, each.corrects_month))
    return Sheet("Lines", (*columns, *more), rows, notes=tuple(stated.caveats))


def _totals(stated: Statement) -> Sheet:
    names = ("Cost", "Cost corrected", "Reimbursed", "Reimbursed corrected", "To pay")
    columns = (*_columns("Currency"), *(Column(name, "money") for name in names))
    sums = ("cost", "cost_corrected", "reimbursed", "reimbursed_corrected", "to_pay")
    rows = [(each.currency, *(_money(getattr(each, name), each.currency) for name in sums)) for each in stated.totals]
    return Sheet("Totals, by currency", columns, rows, notes=tuple(_not_whole(stated)))


def _not_whole(stated: Statement) -> Iterator[str]:
    if stated.not_priced:
        yield f"{wording.counted(stated.not_priced, 'session has', 'sessions have')} a cost that is not known whole."
    for reason, count in stated.not_paid.items():
        yield f"{wording.counted(count, 'line is', 'lines are')} not paid: {reason}."


def _corrections(stated: Statement) -> Sheet:
    columns = _columns(
        "Statement", "Line", ("Day", "date"), "Vehicle", "Basis", "For", "Rule", "Why", ("Stated", "money"),
        ("Stands", "money"), ("Amount", "money"), "Currency",
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for each in stated.corrections:
        rule = _rule(each.rule_id, each.rule_version, each.rule_name)
        what = (
            each.corrects_month,
            each.line_id,
            each.local_date,
            each.vehicle,
            each.basis,
            each.component,
            rule,
            each.why,
        )
        amounts = [_money(amount, each.currency) for amount in (each.stated, each.stands, each.amount)]
        rows.append((*what, *amounts, each.currency))
    return Sheet("Corrections of closed statements", columns, rows)


def _sessions(stated: Statement) -> Sheet:
    columns = _columns(
        "Start, local", "Zone", "Vehicle", "Place", "Name of place", "Decided by", ("kWh", "kwh"), "Told by", "Flags",
        "Session", "Record", "SHA-256 of the answer",
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            each.local_start, each.timezone, each.vehicle, each.place, each.place_name, each.place_method,
            each.energy_kwh, ", ".join(each.energy_source), ", ".join(each.flags) or None, each.session_id,
            each.raw_ref, each.answer_sha256,
        )
        for each in stated.sessions
    ]  # fmt: skip
    return Sheet("Evidence by session", columns, rows)


def _unknown(stated: Statement) -> Sheet:
    columns = _columns("Vehicle", "Stream", "State", ("Days", "whole"), "Which")
    rows = [(e.vehicle, e.stream, e.state, len(e.days), days_in_runs(e.days)) for e in stated.unknown_days]
    return Sheet("Days that are not known", columns, rows)


def _remarks(stated: Statement) -> Sheet:
    columns = _columns(("Day", "date"), "Vehicle", "What", "Detail")
    return Sheet("To be looked at", columns, [(e.day, e.vehicle, e.kind, e.detail) for e in stated.remarks])


def _columns(*headings: str | tuple[str, Kind]) -> tuple[Column, ...]:
    return tuple(Column(each) if isinstance(each, str) else Column(*each) for each in headings)


def _rule(*parts: str | None) -> str | None:
    return ", ".join(_told(parts)) or None


def _told(parts: Iterable[str | None]) -> Iterator[str]:
    yield from (part for part in parts if part is not None)


def _money(amount: Decimal | None, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else Money(amount, currency)
