"""A document with every kind of cell, to write in every form."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from reports.exports.document import Cell, Column, Document, Money, Sheet

MADE_AT = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
COLUMNS = (
    Column("Driver"),
    Column("Currency"),
    Column("Sessions", "whole"),
    Column("Energy, kWh", "kwh"),
    Column("Cost", "money"),
    Column("Day", "date"),
    Column("Start", "instant"),
    Column("Known, %", "percent"),
)
IN_OSLO = datetime(2026, 10, 3, 8, 12, 5, tzinfo=timezone(timedelta(hours=2)))


def a_row(
    driver: str | None = "Ada", amount: str = "1234.5", currency: str = "EUR", kwh: float | None = 12.25
) -> tuple[Cell, ...]:
    return (driver, currency, 3, kwh, Money(Decimal(amount), currency), date(2026, 10, 3), IN_OSLO, 97.2)


def a_document(
    *rows: tuple[Cell, ...], signatures: tuple[str, ...] = ("Date, driver",), title: str = "Costs"
) -> Document:
    totals = [("Total", "EUR", 3, None, Money(Decimal("1234.5"), "EUR"), None, None, None)]
    main = Sheet("Costs by driver", COLUMNS, rows or (a_row(),), totals, ("Amounts are not added.",))
    unknown = Sheet("What is not known", (Column("What"), Column("Days", "whole")), [("no_tariff", 4)])
    return Document(title, (("Period", "2026-10-01 to 2026-10-31"),), (main, unknown), MADE_AT, signatures)
