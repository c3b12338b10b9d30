"""SQL over the published tables: DuckDB in this process, a view for each table."""

from __future__ import annotations

import duckdb

from flows.exits import Exit, Stop
from flows.house import House
from lake.schemas import TABLES, Table

Rows = list[tuple[object, ...]]


def query(house: House, sql: str) -> tuple[list[str], Rows]:
    """Run a query over the tables by their names; gives the columns and the rows.

    Timestamps are shown in UTC. Only the tables can be read: no other file, no network.

    Raises:
        Stop: The query cannot be run (exit code 2); the line is DuckDB's reason.
    """
    with connect(house) as connection:
        try:
            found = connection.execute(sql)
            return [column[0] for column in found.description or ()], found.fetchall()
        except duckdb.Error as error:
            raise Stop(Exit.USAGE, f"query: {' '.join(str(error).split())}") from None


def connect(house: House) -> duckdb.DuckDBPyConnection:
    """A connection with a view for each table, reading the files as they are at each query."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        connection.execute(_view(house, table))
    lake = house.store.uri("lake").replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{lake}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _view(house: House, table: Table) -> str:
    if not house.tables.partitions(table):
        return _empty_view(table)
    pattern = house.store.uri(f"lake/{table.name}/**/*.parquet").replace("'", "''")
    hive = ", hive_types = {'make': VARCHAR, 'month': VARCHAR}" if len(table.partition_by) > 1 else (
        ", hive_types = {'month': VARCHAR}" if table.partition_by else ""
    )  # fmt: skip
    source = f"read_parquet('{pattern}', hive_partitioning = {bool(table.partition_by)}{hive})"
    return f"CREATE VIEW {table.name} AS SELECT * FROM {source}"  # noqa: S608, the names are those of the schema


def _empty_view(table: Table) -> str:
    """A view without rows, so that a query over a young lake gives no rows and no error."""
    columns = table.empty()
    names = [*columns.columns, *(["month"] if "month" in table.partition_by else [])]
    shown = ", ".join(f"NULL::{_sql_type(str(columns.schema.get(name, 'String')))} AS {name}" for name in names)
    return f"CREATE VIEW {table.name} AS SELECT {shown} WHERE false"


def _sql_type(dtype: str) -> str:
    if dtype.startswith("Datetime"):
        return "TIMESTAMPTZ"
    if dtype.startswith("Decimal"):
        return "DECIMAL(18,6)"
    if dtype.startswith("List"):
        return "VARCHAR[]"
    names = {"Float64": "DOUBLE", "Int32": "INTEGER", "Int64": "BIGINT", "Boolean": "BOOLEAN", "Date": "DATE"}
    return names.get(dtype, "VARCHAR")
