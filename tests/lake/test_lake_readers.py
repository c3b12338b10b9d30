"""What analysts read with sees the same rows and the same types."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from lake_rows import frame, in_november, session

from lake.dictionary import dictionary
from lake.schemas import CHARGE_SESSIONS, TABLES
from lake.store import LocalStore
from lake.tables import Tables

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
KEYS = {"make": pl.String, "month": pl.String}
SHOWN = ("session_id", "vehicle_id", "make", "source_record_id", "started_at", "energy_kwh", "billed_total")


@pytest.fixture
def sessions(tables: Tables, store: LocalStore) -> str:
    """The folder of a table of three partitions, one with a make that looks like a number."""
    rows = [session(1), session(2, energy_kwh=None, billed_total=None), in_november(3), session(4, make="007")]
    tables.replace_all(CHARGE_SESSIONS, frame(*rows))
    return store.uri("lake/charge_sessions")


def by_duckdb(folder: str) -> list[tuple[Any, ...]]:
    types = "hive_partitioning = true, hive_types = {'make': VARCHAR, 'month': VARCHAR}"
    columns = ", ".join(["month", *SHOWN])
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"SELECT {columns} FROM read_parquet('{folder}/**/*.parquet', {types})").fetchall()
    return [tuple(value.astimezone(UTC) if isinstance(value, datetime) else value for value in row) for row in found]


def by_polars(folder: str) -> list[tuple[Any, ...]]:
    lazy = pl.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=True, hive_schema=KEYS)
    return lazy.select("month", *SHOWN).collect().rows()


def by_pandas(folder: str) -> list[tuple[Any, ...]]:
    month = ds.partitioning(pa.schema([("month", pa.string())]), flavor="hive")
    found = pd.read_parquet(folder, partitioning=month, dtype_backend="pyarrow")[["month", *SHOWN]]
    return [
        tuple(None if pd.isna(value) else value for value in row) for row in found.itertuples(index=False, name=None)
    ]


def by_the_house(tables: Tables) -> list[tuple[Any, ...]]:
    return sorted(tables.read(CHARGE_SESSIONS).select("month", *SHOWN).rows())


@pytest.mark.parametrize("reader", [by_duckdb, by_polars, by_pandas])
def test_every_reader_sees_the_same_rows(
    tables: Tables, sessions: str, reader: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    assert sorted(reader(sessions)) == by_the_house(tables)


@pytest.mark.parametrize("reader", [by_duckdb, by_polars, by_pandas])
def test_what_looks_like_a_number_or_a_date_stays_text(
    sessions: str, reader: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    found = {row[1]: row for row in reader(sessions)}
    assert found["s-4"][:5] == ("2026-10", "s-4", "007", "007", "0042")


def test_a_glob_that_knows_nothing_of_keys_has_every_row_and_make(tables: Tables, sessions: str) -> None:
    plain = pl.read_parquet(f"{sessions}/**/*.parquet", hive_partitioning=False)
    assert plain.schema == CHARGE_SESSIONS.schema
    assert sorted(plain.select(SHOWN).rows()) == sorted(row[1:] for row in by_the_house(tables))


def test_a_single_file_has_the_schema_of_its_table(store: LocalStore, sessions: str) -> None:
    for path in store.list("lake", ".parquet"):
        assert pl.read_parquet_schema(store.uri(path)) == CHARGE_SESSIONS.schema
    assert len(list(Path(sessions).rglob("*.parquet"))) == 3


# The data dictionary


def test_the_page_is_what_the_schemas_print() -> None:
    assert PAGE.read_text("utf-8") == dictionary(), "python -m lake.dictionary > docs/tables.md"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_of_a_table_is_explained(table: Any) -> None:
    section = dictionary().split(f"\n## {table.name}\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]{5,} \|$", section, re.MULTILINE) == table.schema.names()


def snippet(language: str, word: str) -> str:
    (found,) = [code for code in re.findall(rf"```{language}\n(.*?)```", dictionary(), re.DOTALL) if word in code]
    return found


@pytest.fixture
def at_home(store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder whose `data` is the lake."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(store.home)


@pytest.mark.usefixtures("sessions", "at_home")
def test_the_sql_of_the_page_runs() -> None:
    with duckdb.connect() as connection:
        found = connection.execute(snippet("sql", "read_parquet")).fetchall()
    assert found == [("007", "2026-10", 1, 10.0), ("TESLA", "2026-10", 2, 10.0), ("TESLA", "2026-11", 1, 10.0)]


@pytest.mark.usefixtures("sessions", "at_home")
def test_the_polars_lines_of_the_page_run() -> None:
    names: dict[str, Any] = {}
    exec(snippet("python", "polars"), names)  # noqa: S102, the page's own lines
    assert dict(names["billed"].select("month", "billed_total").rows()) == {
        "2026-10": Decimal("8.40"),
        "2026-11": Decimal("4.20"),
    }


@pytest.mark.usefixtures("sessions", "at_home")
def test_the_pandas_lines_of_the_page_run() -> None:
    names: dict[str, Any] = {}
    exec(snippet("python", "pandas"), names)  # noqa: S102, the page's own lines
    assert names["billed"].to_dict() == {("2026-10", "EUR"): Decimal("8.40"), ("2026-11", "EUR"): Decimal("4.20")}
