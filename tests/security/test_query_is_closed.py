"""`query` reads the tables and nothing else: no other file, no network, and it writes nowhere, the lake included."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows.exits import Stop
from flows.house import House
from flows.querying import connect, query
from flows.settings import load_settings
from lake.schemas import TABLES, VEHICLES
from lake.tables import Partition

ROW = {"vehicle_id": "v-1", "make": "BMW", "model": "=cmd()", "year": 2024, "days_known": 1, "days_unknown": 0}
LAKE = "HOME/lake"
FORBIDDEN = (
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_text('HOME/state/secret.key')",
    "SELECT * FROM read_blob('HOME/lake/../state/secret.key')",
    "SELECT * FROM glob('HOME/**')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM read_csv('http://127.0.0.1:1/x')",
    "SELECT * FROM read_parquet('s3://bucket/x')",
    "COPY (SELECT 1) TO 'LAKE/vehicles/part-0.parquet'",
    "COPY (SELECT 1) TO 'LAKE/vehicles/part-1.parquet'",
    "COPY (SELECT 1) TO '.tmp/x.csv'",
    "COPY (SELECT 1) TO 'x.csv'",
    "COPY vehicles FROM '/etc/passwd'",
    "WITH a AS (COPY (SELECT 1) TO 'LAKE/x.csv') SELECT 1",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'LAKE/x.csv'",
    "PREPARE p AS COPY (SELECT 1) TO 'LAKE/x.csv'; EXECUTE p",
    "SELECT 1; COPY (SELECT 1) TO 'LAKE/x.csv'",
    "EXPORT DATABASE 'LAKE/export'",
    "ATTACH 'LAKE/x.db'",
    "ATTACH 'HOME/state/chargelake.db' (TYPE sqlite)",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD 'LAKE/x.duckdb_extension'",
    "CREATE SECRET s (TYPE s3)",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "SET allowed_directories = ['/']",
    "SET temp_directory = 'LAKE'",
    "SET secret_directory = 'LAKE'",
    "SET log_query_path = 'LAKE/log'",
    "PRAGMA enable_profiling = 'json'",
    "CALL enable_logging(storage = 'file', storage_path = 'LAKE/log')",
    "SELECT getenv('HOME')",
    "SELECT * FROM house",
    "SELECT * FROM schema",
)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A home with a table of one row, and something to steal beside it."""
    monkeypatch.setenv("CHARGELAKE_HOME", str(tmp_path / "home"))
    made = House(load_settings())
    made.registry.owners()
    made.key_file.write_text("a key", "ascii")
    frame = pl.DataFrame([ROW], schema=VEHICLES.schema)
    made.tables.publish(VEHICLES, frame, [Partition()])
    return made


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_a_query_reads_no_other_file_and_writes_none(house: House, tmp_path: Path, sql: str) -> None:
    before = files(tmp_path)
    with pytest.raises(Stop):
        query(house, sql.replace("LAKE", LAKE).replace("HOME", house.store.uri("").rstrip("/")))
    assert files(tmp_path) == before


def test_what_a_query_makes_of_its_own_is_gone_with_it(house: House, tmp_path: Path) -> None:
    before = files(tmp_path)
    for sql in ("CREATE TABLE t AS SELECT 1", "DROP VIEW vehicles", "ATTACH ':memory:' AS m"):
        query(house, sql)
    assert query(house, "SELECT vehicle_id, model FROM vehicles") == (["vehicle_id", "model"], [("v-1", "=cmd()")])
    assert files(tmp_path) == before


def test_a_table_has_the_same_columns_with_files_and_without(house: House, tmp_path: Path) -> None:
    def columns(of: House) -> list[object]:
        with connect(of) as connection:
            return [connection.execute(f"DESCRIBE {table.name}").fetchall() for table in TABLES]

    empty = House(load_settings(home=str(tmp_path / "empty")))
    assert columns(house) == columns(empty)


def test_no_folder_is_left_open_to_duckdb(house: House) -> None:
    with connect(house) as connection:
        names = (
            "allowed_directories",
            "allowed_paths",
            "temp_directory",
            "enable_external_access",
            "lock_configuration",
        )
        found = connection.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names)).fetchone()
    assert found == ([], [], "", False, True)
