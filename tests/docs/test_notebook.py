"""The notebook runs from its first cell to its last against a lake, and is kept without what it showed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.docs.fleet_lake import lake_at

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "fleet.ipynb"


def cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_notebook_is_kept_without_outputs() -> None:
    kept = cells(nbformat.read(NOTEBOOK, as_version=4))
    assert [cell.id for cell in kept if cell.outputs or cell.execution_count is not None] == []


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What its cells show with the small lake, one after the other."""
    home = lake_at(tmp_path_factory.mktemp("notebook") / "home")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    )
    client.execute(env=os.environ | {"CHARGELAKE_HOME": str(home), "IPYTHONDIR": str(home.parent / "ipython")})
    return [cell.outputs for cell in cells(notebook)]


def kinds(outputs: list[Any]) -> set[str]:
    return {kind for output in outputs for kind in output.get("data", {})}


def test_its_charts_are_drawn_without_a_network(shown: list[Any]) -> None:
    assert sum("image/svg+xml" in kinds(outputs) for outputs in shown) == 2


def test_its_tables_are_shown(shown: list[Any]) -> None:
    assert sum("text/html" in kinds(outputs) for outputs in shown) == 5


def test_its_figures_are_those_of_the_lake(shown: list[Any]) -> None:
    by_currency = shown[3][0].data["text/plain"]
    assert ("31.500000" in by_currency, "120.000000" in by_currency) == (True, True)


def test_no_cell_warns(shown: list[Any]) -> None:
    assert [output for outputs in shown for output in outputs if output.output_type == "stream"] == []
