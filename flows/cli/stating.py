"""Commands of what is stated by the month: report statement, report close."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, open_house, say, show_json
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flows.house import House

Month = Annotated[str, typer.Option("--month", metavar="MONTH", help="A month on local clocks, as 2026-10.")]
Driver = Annotated[str | None, typer.Option("--driver", metavar="NAME", help="A driver of assignments.csv.")]
Everybody = Annotated[bool, typer.Option("--all", help="Each driver, and what nobody had.")]
Folder = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Write the documents there instead.")
]


def statement(
    month: Month, driver: Driver = None, everybody: Everybody = False, output: Folder = None, as_json: AsJson = False
) -> None:
    """Print a driver's statement of a month with its evidence: as archived once the month is closed."""
    from flows.closing import all_printed, month_of, printed
    from reports.statements.forms import FORMS

    if (driver is None) != everybody:
        raise Stop(Exit.USAGE, "name a driver with --driver NAME, or take --all")
    house = open_house()
    with clear_errors():
        wanted = month_of(month)
        forms = FORMS if output else ["json" if as_json else "txt"]
        if driver is None:
            found = all_printed(house, wanted, forms)
        else:
            found = iter([(driver, printed(house, wanted, driver, forms))])
        for whose, documents in found:
            if output is None:
                say(documents["json" if as_json else "txt"].decode().rstrip("\n"))
            else:
                _write(output, wanted, whose, documents)


def close(month: Month, as_json: AsJson = False) -> None:
    """Close a month: its statements are archived and never change; corrections follow in the next one."""
    from flows.closing import close_month, month_of

    house: House = open_house()
    with clear_errors(), house.held():
        manifest = close_month(house, month_of(month))
    whose = [each.driver for each in manifest.statements]
    if as_json:
        show_json({"closed": manifest.month, "closed_at": manifest.closed_at, "drivers": whose})
    else:
        say(f"{manifest.month} is closed: {len(whose)} statements are archived, and print the same from now on")


def _write(folder: Path, month: str, driver: str | None, documents: Mapping[str, bytes]) -> None:
    from flows.closing import file_stem

    folder.mkdir(parents=True, exist_ok=True)
    for form, content in documents.items():
        file = folder / f"{file_stem(month, driver)}.{form}"
        file.write_bytes(content)
        say(str(file))
