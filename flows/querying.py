"""SQL over the published tables: DuckDB in this process, a view for each table, as they are or as they were known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import duckdb
import polars as pl
import pyarrow as pa
from pyarrow import dataset

from flows.costing import costs_known_at
from flows.exits import Exit, Stop
from flows.house import House
from lake import schemas
from lake.schemas import TABLES, Table
from transforms import days, sessions, snapshots

Rows = list[tuple[object, ...]]

OF_NOW: Final = (schemas.COMPLETENESS, schemas.VEHICLES, schemas.RECONCILIATION)
"""Tables without a past: nothing keeps what they said before."""


def query(house: House, sql: str, as_of: datetime | None = None) -> tuple[list[str], Rows]:
    """Run a query over the tables by their names; gives the columns and the rows.

    Timestamps are shown in UTC. Only the tables can be read, and nothing can be written: no other file, no network.

    Args:
        house: The house.
        sql: The query.
        as_of: Show the tables as they were known at this instant. `completeness` and `vehicles` have no past.

    Raises:
        Stop: The query cannot be run (exit code 2); the line is DuckDB's reason.
    """
    with connect(house, as_of) as connection:
        try:
            found = connection.execute(sql)
            return [column[0] for column in found.description or ()], found.fetchall()
        except duckdb.Error as error:
            said = " ".join(str(error).split())
            if as_of is not None and (table := _missed(said)):
                said = f"--as-of: {table} is known as it is now only; leave out either"
            raise Stop(Exit.USAGE, f"query: {said}") from None


def instant(house: House, text: str | None, option: str) -> datetime | None:
    """The instant of an option, UTC unless it says another offset; of a day alone, its first.

    Raises:
        Stop: It is none, or later than now (exit code 2).
    """
    if text is None:
        return None
    try:
        told = datetime.fromisoformat(text)
        found = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Stop(Exit.USAGE, f"{option} {text}: not an instant such as 2026-10-31T12:00:00Z") from None
    if found > (now := house.clock.now()):
        raise Stop(Exit.USAGE, f"{option} {text}: what will be known is not known yet; it is {now:%Y-%m-%dT%H:%M:%SZ}")
    return found


def known_at(house: House, table: Table, at: datetime) -> pl.DataFrame:
    """The rows of a table as they were known at an instant: what had been received by then (columns as published).

    Model, zone and place of a session are told by today's settings, and costs by today's rules; a run that had not
    ended by then has no end.
    """
    if table is schemas.CHARGE_SESSIONS:
        history = known_at(house, schemas.SESSION_HISTORY, at)
        told = known_at(house, schemas.CHARGE_DAYS, at)
        zone = house.settings.timezone
        return sessions.current(history, house.vehicles_frame(), zone, days=told, said=house.places.said)
    if table is schemas.SESSION_COSTS:
        return costs_known_at(house, known_at(house, schemas.CHARGE_SESSIONS, at))
    if table is schemas.CHARGE_DAYS:
        return days.current(known_at(house, schemas.CHARGE_DAY_HISTORY, at))
    rows = house.tables.read(table)
    if table is schemas.CHARGE_SCHEDULES or table is schemas.CLIMATE_STATES:
        return snapshots.known_at(rows, at)
    if table is schemas.RUNS:
        ended = pl.when(pl.col("finished_at") <= at).then("finished_at").alias("finished_at")
        return rows.filter(pl.col("started_at") <= at).with_columns(ended)
    return rows.filter(pl.col("received_at" if table is schemas.QUARANTINE else "last_changed_at") <= at)


def connect(house: House, as_of: datetime | None = None) -> duckdb.DuckDBPyConnection:
    """A connection with a view for each table, reading the files as they were listed when it was made.

    PyArrow opens the files and DuckDB none. A folder that DuckDB may read it may also write to, even from within a
    SELECT (`WITH x AS (COPY … TO …)`); without any it can do neither, and holds what it sorts in memory alone.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        if as_of is None:
            connection.register(table.name, _rows(house, table))
        elif table not in OF_NOW:
            connection.register(table.name, known_at(house, table, as_of).to_arrow())
    for setting in ("temp_directory = ''", "enable_external_access = false", "lock_configuration = true"):
        connection.execute(f"SET {setting}")
    return connection


def _missed(said: str) -> str | None:
    """The table without a past that a query asked for, by DuckDB's words."""
    return next((table.name for table in OF_NOW if f"Table with name {table.name} does not exist" in said), None)


def _rows(house: House, table: Table) -> dataset.Dataset | pa.Table:
    """The table's files as one dataset; without files, no rows of the same columns."""
    schema = table.empty().to_arrow().schema
    if "month" in table.partition_by:
        schema = schema.append(pa.field("month", pa.large_string()))
    files = [house.store.uri(each.path(table)) for each in house.tables.partitions(table)]
    if not files:
        return schema.empty_table()
    keys = pa.schema([pa.field(key, pa.large_string()) for key in table.partition_by])
    hive = dataset.partitioning(keys, flavor="hive")
    return dataset.dataset(files, schema=schema, format="parquet", partitioning=hive if table.partition_by else None)
