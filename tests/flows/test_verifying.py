"""What `verify` says of tables that are whole files and tell something else than what has landed."""

from __future__ import annotations

import polars as pl

from flows.house import House
from flows.verifying import faults
from lake import schemas
from lake.runs import StreamCount
from lake.schemas import Table
from tests.flows.conftest import Practice

FLEET = "3-vehicles@smartcar.com"


async def collected(practice: Practice) -> House:
    await practice.connect(FLEET)
    await practice.run()
    house = practice.house()
    assert list(faults(house)) == []
    return house


def without_a_row(house: House, table: Table) -> None:
    partition = house.tables.partitions(table)[0]
    house.tables.publish(table, house.tables.read(table, [partition]).slice(1), [partition])


async def test_a_session_that_is_not_in_the_table_is_found(practice: Practice) -> None:
    house = await collected(practice)
    without_a_row(house, schemas.CHARGE_SESSIONS)
    (said,) = faults(house)
    assert said.startswith("charge_sessions: differs from the latest revisions")


async def test_a_day_that_is_not_in_the_table_is_found(practice: Practice) -> None:
    house = await collected(practice)
    without_a_row(house, schemas.CHARGE_DAYS)
    (said,) = faults(house)
    assert said.startswith("charge_days: differs from the latest revisions")


async def test_a_row_that_is_there_twice_is_found(practice: Practice) -> None:
    house = await collected(practice)
    partition = house.tables.partitions(schemas.SESSION_HISTORY)[0]
    rows = house.tables.read(schemas.SESSION_HISTORY, [partition])
    house.tables.publish(schemas.SESSION_HISTORY, pl.concat([rows, rows[:1]]), [partition])
    assert "session_history: 2 rows share their key (session_id, revision, month)" in list(faults(house))


async def test_a_file_that_is_of_no_table_is_found(practice: Practice) -> None:
    house = await collected(practice)
    house.store.put("lake/charge_sessions/make=BMW/notes.parquet", b"")
    assert list(faults(house)) == ["lake/charge_sessions/make=BMW/notes.parquet: not a file of a table"]


async def test_records_of_a_run_that_became_nothing_are_found(practice: Practice) -> None:
    house = await collected(practice)
    run_id = house.tables.read(schemas.RUNS)["run_id"][0]
    house.runs.add(run_id, {"bmw_records": StreamCount(received=1)})
    (said,) = faults(house)
    assert said == f"run {run_id}, bmw_records: received records are not the sum of what became of them"
