"""The cost report of a lake: which lines it is made of, and the forms it leaves in."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from flows.closing import month_of
from flows.exits import Exit, Stop
from flows.house import House
from flows.querying import OF_NOW, known_at
from lake.names import Namer, real_ids
from lake.reference import currencies, currency_digits
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, COMPLETENESS, SESSION_COSTS, Table
from reports.costs.figures import CostReport, Period, Wanted, cost_report
from reports.costs.grouping import GROUPINGS
from reports.costs.page import cost_page
from reports.costs.sheets import cost_document
from reports.exports.csv_form import to_csv
from reports.exports.document import Document
from reports.exports.pdf_form import to_pdf
from reports.exports.xlsx_form import to_xlsx
from transforms.costs.currency import with_reporting

FORMS: Final = ("csv", "xlsx", "pdf", "html")
"""Forms that are files; each is the ending of its name."""
_CONVERTED: Final = ("reporting_amount", "reporting_currency", "fx_")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cost report is asked for.

    Attributes:
        by: One of `GROUPINGS`.
        currency: ISO 4217 code of the reporting currency; None: the configured one.
        as_of: Show what was known at this instant; None: what is known now.
        with_real_ids: Name vehicles by their ids and not by pseudonyms.
    """

    period: Period
    by: str
    currency: str | None = None
    as_of: datetime | None = None
    with_real_ids: bool = False


class CostReporting:
    """A cost report, and the rows it is made of; each is read when it is first used."""

    def __init__(self, house: House, asked: Asked) -> None:
        """Report on this lake.

        Raises:
            Stop: The grouping or the currency is none (exit code 2).
        """
        if asked.by not in GROUPINGS:
            raise Stop(Exit.USAGE, f"--by {asked.by}: use one of {', '.join(GROUPINGS)}")
        self.currency = asked.currency or house.settings.reporting_currency
        if self.currency not in currencies():
            raise Stop(Exit.USAGE, f"--currency {self.currency}: not a currency of ISO 4217, such as EUR")
        self._house, self._asked = house, asked

    @cached_property
    def lines(self) -> pl.DataFrame:
        """Columns of `SESSION_COSTS`, in the currency that is asked for; of the period and a little more."""
        found = self._read(SESSION_COSTS)
        if self.currency == self._house.settings.reporting_currency:
            return found
        own = found.select(~pl.selectors.starts_with(*_CONVERTED))
        converted = with_reporting(own, self._house.rules.rates, self.currency, currency_digits())
        return converted.select(found.columns)

    @cached_property
    def sessions(self) -> pl.DataFrame:
        """Columns of `CHARGE_SESSIONS`, of the period and a little more."""
        return self._read(CHARGE_SESSIONS)

    @cached_property
    def completeness(self) -> pl.DataFrame:
        """Columns of `COMPLETENESS`; no rows as of an instant, as it has no past."""
        return self._read(COMPLETENESS)

    @cached_property
    def days(self) -> pl.DataFrame:
        """Columns of `CHARGE_DAYS`, of the period and a little more."""
        return self._read(CHARGE_DAYS)

    @cached_property
    def names(self) -> Namer:
        """What the report calls a vehicle."""
        return real_ids if self._asked.with_real_ids else self._house.names()

    @cached_property
    def report(self) -> CostReport:
        """The figures."""
        asked = self._asked
        wanted = Wanted(asked.period, asked.by, self.currency, self._house.clock.now(), asked.as_of)
        return cost_report(self.lines, self.sessions, self.completeness, wanted, self.names, self.days)

    def _read(self, table: Table) -> pl.DataFrame:
        if self._asked.as_of is not None:
            return table.empty() if table in OF_NOW else known_at(self._house, table, self._asked.as_of)
        first, last = (f"{day:%Y-%m}" for day in _a_day_around(self._asked.period))
        near = [each for each in self._house.tables.partitions(table) if first <= str(each.month) <= last]
        return self._house.tables.read(table, near)


def in_form(document: Document, form: str, *, bom: bool = False, decimal_comma: bool = False) -> bytes:
    """A document in one of `FORMS` but the page, which is of cost reports alone.

    Args:
        document: The document.
        form: `csv`, `xlsx` or `pdf`.
        bom: Of CSV: begin with a byte order mark.
        decimal_comma: Of CSV: write `1,5` and separate by `;`.
    """
    writers: dict[str, Callable[[Document], bytes]] = {"xlsx": to_xlsx, "pdf": to_pdf}
    if form in writers:
        return writers[form](document)
    return to_csv(document, bom=bom, decimal_comma=decimal_comma)


def cost_file(reporting: CostReporting, form: str, *, bom: bool = False, decimal_comma: bool = False) -> bytes:
    """The report in one of `FORMS`; days that are not known are told by vehicle in a workbook alone."""
    if form == "html":
        told = (reporting.lines, reporting.sessions, reporting.completeness)
        return cost_page(reporting.report, *told, reporting.names).encode()
    document = cost_document(reporting.report, by_vehicle=form == "xlsx")
    return in_form(document, form, bom=bom, decimal_comma=decimal_comma)


def period_of(house: House, month: str | None, since: date | None, until: date | None) -> Period:
    """The days that options ask for; by default those of the last whole month on local clocks.

    Raises:
        Stop: They contradict each other or are no month (exit code 2).
    """
    if month is not None and (since or until):
        raise Stop(Exit.USAGE, "--month and --from, --to: use one or the other")
    if since or until:
        return _between(since, until)
    if month is None:
        return _month(_today(house).replace(day=1) - timedelta(days=1))
    return _month(date.fromisoformat(f"{month_of(month)}-01"))


def since_last_month(house: House) -> Period:
    """The days from the first of the last month on local clocks until today."""
    today = _today(house)
    return Period(_month(today.replace(day=1) - timedelta(days=1)).since, today)


def write_file(file: Path, content: bytes) -> Path:
    """Write a report; gives where it is.

    Raises:
        Stop: The file cannot be written (exit code 2).
    """
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Stop(Exit.USAGE, f"{file} cannot be written: {error.strerror}") from None
    return file.resolve()


def _today(house: House) -> date:
    return house.clock.now().astimezone(ZoneInfo(house.settings.timezone)).date()


def _between(since: date | None, until: date | None) -> Period:
    if since is None or until is None:
        raise Stop(Exit.USAGE, "--from and --to: say both, as --from 2026-10-01 --to 2026-10-31")
    if until < since:
        raise Stop(Exit.USAGE, f"--to {until}: earlier than --from {since}")
    return Period(since, until)


def _month(day: date) -> Period:
    last = calendar.monthrange(day.year, day.month)[1]
    return Period(day.replace(day=1), day.replace(day=last))


def _a_day_around(period: Period) -> tuple[date, date]:
    """A local day reaches into the days (UTC) beside it."""
    return (
        max(period.since, date.min + timedelta(days=1)) - timedelta(days=1),
        min(period.until, date.max - timedelta(days=1)) + timedelta(days=1),
    )
