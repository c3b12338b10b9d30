"""The file of views shows every table as it is whenever it is asked, and no file of somebody else is touched."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.exits import Exit, Stop
from flows.house import House
from flows.querying import connect
from flows.settings import load_settings
from flows.views import make_views
from lake import schemas
from tests.flows.conftest import Chargelake

NAMES = sorted(table.name for table in schemas.TABLES)
VEHICLE = {"vehicle_id": "v-1", "make": "BMW", "owner_id": "o"}


@pytest.fixture
def house() -> House:
    return House(load_settings())


def ask(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def publish_a_schedule(house: House) -> None:
    row = dict.fromkeys(schemas.CHARGE_SCHEDULES.schema) | VEHICLE | {"window_no": 7}
    rows = pl.DataFrame([row], schema=schemas.CHARGE_SCHEDULES.schema)
    house.tables.replace_all(schemas.CHARGE_SCHEDULES, rows)


def test_every_table_is_a_view_before_there_is_a_row(house: House) -> None:
    file = make_views(house, None)
    assert [ask(file, f"SELECT count(*) FROM {name}") for name in NAMES] == [[(0,)]] * len(NAMES)


def test_a_view_has_the_columns_and_types_of_its_table(house: House) -> None:
    described = {name: f"SELECT column_name, column_type FROM (DESCRIBE {name})" for name in NAMES}
    file, tables = make_views(house, None), connect(house)
    assert {name: ask(file, sql) for name, sql in described.items()} == {
        name: tables.execute(sql).fetchall() for name, sql in described.items()
    }


def test_rows_that_are_published_later_are_seen(house: House) -> None:
    file = make_views(house, None)
    publish_a_schedule(house)
    assert ask(file, "SELECT make, window_no FROM charge_schedules") == [("BMW", 7)]


def test_the_folder_of_the_lake_holds_nothing_more(house: House) -> None:
    make_views(house, None)
    assert house.store.list("lake") == []


def test_a_home_with_signs_of_patterns_and_quotes_in_its_name_works(tmp_path: Path) -> None:
    house = House(load_settings(home=str(tmp_path / "it's [a] *home")))
    publish_a_schedule(house)
    assert ask(make_views(house, None), "SELECT count(*) FROM charge_schedules") == [(1,)]


def test_the_file_says_whose_it_is(house: House) -> None:
    assert ask(make_views(house, None), "FROM made_by.chargelake") == [(house.store.uri("lake"),)]


def test_made_again_it_keeps_what_else_is_in_it(house: House) -> None:
    file = make_views(house, None)
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE notes AS SELECT 'mine' AS note; DROP VIEW runs")
    make_views(house, None)
    assert ask(file, "SELECT note, (SELECT count(*) FROM runs) FROM notes") == [("mine", 0)]


def a_database(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE chargelake (a INTEGER)")


@pytest.mark.parametrize("made", [a_database, lambda path: path.write_text("a letter"), Path.mkdir])
def test_a_file_of_somebody_else_is_left_as_it_is(house: House, tmp_path: Path, made: Any) -> None:
    path = tmp_path / "theirs"
    made(path)
    before = path.is_file() and path.read_bytes()
    with pytest.raises(Stop, match="is no file of views of chargelake; it is left as it is: name another") as stopped:
        make_views(house, path)
    assert stopped.value.code == Exit.USAGE
    assert (path.is_file() and path.read_bytes()) == before


def test_a_file_that_is_in_use_by_another_process_is_refused_with_one_line(house: House) -> None:
    file = make_views(house, None)
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(Stop, match="is open elsewhere; close it there, or name another"):
            make_views(house, None)
        other.communicate()


def test_the_command_makes_the_file_that_is_named(chargelake: Chargelake, tmp_path: Path) -> None:
    ended = chargelake("query", "--init", "mine.duckdb", "--json")
    assert (ended.code, json.loads(ended.out)) == (0, {"file": str(tmp_path / "mine.duckdb")})
    assert ask(tmp_path / "mine.duckdb", "SELECT count(*) FROM runs") == [(0,)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["query"], "say what to ask"), (["query", "--init", "--as-of", "2026-01-01"], "leave out --as-of")],
)
def test_a_query_of_nothing_is_a_line(chargelake: Chargelake, arguments: list[str], said: str) -> None:
    ended = chargelake(*arguments)
    assert (ended.code, ended.out, said in ended.err) == (2, "", True)


def test_a_query_may_be_in_a_file_that_begins_with_a_comment(chargelake: Chargelake, tmp_path: Path) -> None:
    (tmp_path / "asked.sql").write_text("-- How many?\nSELECT count(*) AS n FROM vehicles;\n")
    ended = chargelake("query", "--file", "asked.sql", "--json")
    assert (ended.code, ended.json) == (0, [{"n": 0}]), ended.err


def test_a_file_that_is_not_there_is_a_line(chargelake: Chargelake) -> None:
    ended = chargelake("query", "--file", "none.sql")
    assert (ended.code, ended.err) == (2, "chargelake: none.sql: No such file or directory\n")


def test_a_query_can_still_write_nothing(house: House) -> None:
    make_views(house, None)
    with pytest.raises(duckdb.Error):
        connect(house).execute(f"ATTACH '{os.fspath(house.store.uri('chargelake.duckdb'))}'")
