"""The command that tells what charging cost: report cost."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, RealIds, clear_errors, day, open_house, say, say_bytes, show_json, show_rows
from flows.cli.reading import AsOf
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from flows.cost_reports import Asked, CostReporting
    from flows.house import House
    from reports.exports.document import Document, Sheet


class Form(StrEnum):
    """What a report is written as."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"
    HTML = "html"


Month = Annotated[
    str | None, typer.Option("--month", metavar="MONTH", help="A month on local clocks, as 2026-10; default: the last.")
]
Since = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day, local, as 2026-10-01.")]
Until = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, local; it counts.")]
By = Annotated[
    str, typer.Option("--by", metavar="WHAT", help="driver, vehicle, cost-centre, place, make, day or month.")
]
Currency = Annotated[
    str | None, typer.Option("--currency", metavar="CODE", help="Reporting currency, if not the configured one.")
]
OneForm = Annotated[
    Form | None, typer.Option("--format", help="What to write; default: what -o ends in, or a table here.")
]
Outputs = Annotated[
    list[Path] | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write; may be said several times.")
]
Bom = Annotated[bool, typer.Option("--bom", help="Begin CSV with a byte order mark, for Excel.")]
Comma = Annotated[bool, typer.Option("--decimal-comma", help="Write 1,5 in CSV and separate by semicolons.")]


def cost(
    month: Month = None,
    since: Since = None,
    until: Until = None,
    by: By = "driver",
    currency: Currency = None,
    as_of: AsOf = None,
    form: OneForm = None,
    output: Outputs = None,
    bom: Bom = False,
    decimal_comma: Comma = False,
    real_ids: RealIds = False,
    as_json: AsJson = False,
) -> None:
    """Tell what charging cost by a grouping and a currency, and what of it is not known.

    Without -o, a table or CSV is printed, and a workbook, PDF or page is written to reports/ in the home.
    """
    from flows.cost_reports import Asked, CostReporting, cost_file, period_of, write_file
    from flows.querying import instant

    house = open_house()
    with clear_errors():
        period = period_of(house, month, day(since, "--from"), day(until, "--to"))
        asked = Asked(period, by, currency, instant(house, as_of, "--as-of"), real_ids)
        wanted = [(file, _form_of(file, form)) for file in output or ()]
        reporting = CostReporting(house, asked)
        for file, of in wanted:
            say(str(write_file(file, cost_file(reporting, of, bom=bom, decimal_comma=decimal_comma))))
        if as_json:
            _show_as_json(reporting)
        elif not wanted:
            _print(house, reporting, form or Form.TABLE, asked, bom=bom, decimal_comma=decimal_comma)


def show_fleet(house: House, *, with_real_ids: bool) -> None:
    """Show what the demo's fleet cost this month and last, in the terminal, and write it in every other form."""
    from flows.cost_reports import FORMS, Asked, CostReporting, cost_file, since_last_month
    from reports.costs.sheets import cost_document

    asked = Asked(since_last_month(house), "cost-centre", with_real_ids=with_real_ids)
    reporting = CostReporting(house, asked)
    _show(cost_document(reporting.report, by_vehicle=False))
    say("")
    for form in FORMS:
        name = f"reports/cost.{form}"
        house.store.put(name, cost_file(reporting, form))
        say(house.store.uri(name))


def _form_of(file: Path, form: Form | None) -> str:
    """What a file is written as: as it is asked for, or as its name ends."""
    from flows.cost_reports import FORMS

    told = form.value if form else file.suffix.removeprefix(".").lower()
    if told not in FORMS:
        endings = ", ".join(f".{each}" for each in FORMS)
        raise Stop(Exit.USAGE, f"-o {file}: give it one of the endings {endings}, or name one with --format")
    return told


def _print(house: House, reporting: CostReporting, form: Form, asked: Asked, *, bom: bool, decimal_comma: bool) -> None:
    from flows.cost_reports import cost_file
    from reports.costs.sheets import cost_document

    if form is Form.TABLE:
        _show(cost_document(reporting.report, by_vehicle=False))
        return
    content = cost_file(reporting, form.value, bom=bom, decimal_comma=decimal_comma)
    if form is Form.CSV:
        say_bytes(content)
        return
    name = f"reports/cost-{asked.period.since}-{asked.period.until}-{asked.by}.{form.value}"
    house.store.put(name, content)
    say(house.store.uri(name))


def _show(document: Document) -> None:
    say("\n".join([document.title, *(f"{label}: {text}" for label, text in document.about)]))
    for sheet in document.sheets:
        say("")
        _show_sheet(sheet)


def _show_sheet(sheet: Sheet) -> None:
    """A table without the columns that say nothing, and what is said of it."""
    from reports.exports.document import shown

    rows = [*sheet.rows, *sheet.totals]
    told = [at for at in range(len(sheet.columns)) if any(row[at] not in (None, 0) for row in rows)]
    if rows:
        cells = [[shown(row[at]) for at in told] for row in rows]
        show_rows([sheet.columns[at].heading for at in told], cells, as_json=False, title=sheet.title)
    else:
        say(sheet.title)
    for note in sheet.notes:
        say(note)


def _show_as_json(reporting: CostReporting) -> None:
    from dataclasses import asdict

    told = asdict(reporting.report)
    show_json(told.pop("wanted") | told)
