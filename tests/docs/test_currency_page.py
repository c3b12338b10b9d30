"""What the page on currencies and CO2 shows runs: its SQL on a lake, its rules as rules."""

from __future__ import annotations

import io
import re
from pathlib import Path

import polars as pl
import pytest

from flows.house import House
from flows.querying import query
from flows.settings import load_settings
from tests.docs.fleet_lake import lake_at
from transforms.rules import carbon, series

PAGE = (Path(__file__).parents[2] / "docs" / "currency.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
SQL = [block for kind, block in BLOCKS if kind == "sql"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(load_settings(home=str(lake_at(tmp_path_factory.mktemp("currency") / "home"))))


def test_the_page_asks_two_questions() -> None:
    assert len(SQL) == 2


@pytest.mark.parametrize("sql", SQL)
def test_the_sql_runs(house: House, sql: str) -> None:
    assert query(house, sql)[0]


def test_lines_without_a_rate_are_found(house: House) -> None:
    assert [row[:2] for row in query(house, SQL[1])[1]] == [("EUR", 6), ("NOK", 1)]


def test_the_rules_of_the_example_can_be_used() -> None:
    (rules,) = [block for kind, block in BLOCKS if kind == "toml"]
    (shown,) = [block for kind, block in BLOCKS if not kind]
    values = series.parse(pl.read_csv(io.StringIO(shown), infer_schema=False))
    read = carbon.parse(rules, lambda _: values)
    assert (len(read.factors), read.series[0].series.rows.height) == (1, 2)
