"""docs/reliability.md names every test of this folder, and nothing that does not exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from emulator.faults import CATALOG
from lake.schemas import COMPLETENESS_STATES, FLAGS, QUARANTINE_REASONS

HERE = Path(__file__)
PAGE = (HERE.parents[2] / "docs" / "reliability.md").read_text("utf-8")
SHOWN = {*FLAGS, *QUARANTINE_REASONS, *COMPLETENESS_STATES, "complete", "ongoing", "vanished", "revision"}


def of_this_folder() -> set[str]:
    """The tests of this folder but for those of this file."""
    files = [path for path in HERE.parent.glob("test_*.py") if path != HERE]
    nodes = [node for path in files for node in ast.parse(path.read_text("utf-8")).body]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {each.name for each in functions if each.name.startswith("test_")}


def cells(heading: str) -> list[str]:
    """The cells of a column, by its heading, in all tables of the page."""
    found: list[str] = []
    column = None
    for line in PAGE.splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if heading in row:
            column = row.index(heading)
        elif not row:
            column = None
        elif column is not None and not row[0].startswith("---"):
            found.append(row[column])
    return found


def test_every_test_is_named_and_every_name_is_a_test() -> None:
    assert set(re.findall(r"`(test_\w+)`", PAGE)) == of_this_folder()


def test_every_fault_named_is_one_of_the_emulators() -> None:
    named = {name for cell in cells("fault of the emulator") for name in re.findall(r"`(\w+)`", cell)}
    assert named <= set(CATALOG)
    assert len(named) > 60


def test_every_state_flag_and_reason_named_is_one_of_the_lakes() -> None:
    told = [*cells("state, flag or reason"), *cells("state or exit code")]
    assert {name for cell in told for name in re.findall(r"`(\w+)`", cell)} <= SHOWN


def test_every_row_names_its_test() -> None:
    named = [*cells("test"), *cells("tests")]
    assert [cell for cell in named if "`test_" not in cell] == []
    assert len(named) > 80
