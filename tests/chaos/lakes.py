"""A lake as a stranger reads it: by plain globs, with no help of the house, and compared row by row."""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from glob import glob
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import polars as pl

from lake.schemas import PARTS

Rows = Counter[tuple[Any, ...]]
Lake = Mapping[str, Rows]

TELLS_OF_THE_RUN: Final = ("run_id", "raw_ref")
"""The only columns that may differ: which run collected a row, and where in raw its answer lies. A killed run lands
answers that the next one asks for again, and either is a true witness. All other columns must be equal, times too:
the clock stands still from the killed run to the end of the next."""

COMPARED: Final = (
    "charge_sessions", "session_history", "charge_days", "charge_day_history", "completeness", "vehicles", "quarantine",
    "session_costs", "reconciliation",
)  # fmt: skip
"""All tables but `runs`, which has a row more for a run that was killed."""

KEYS: Final = {
    "charge_sessions": "session_id",
    "session_history": "session_id, revision",
    "charge_days": "vehicle_id, day",
    "charge_day_history": "vehicle_id, day, revision",
    "completeness": "vehicle_id, stream, day",
    "vehicles": "vehicle_id",
    "session_costs": "line_id",
    "reconciliation": "item_id",
}
_EXPECTED: Final = (
    "state/lock", "state/landing", "state/secret.key", "state/chargelake.db*", "state/descriptions.json",
    "state/costed.json", "state/reconciled.json", "rules/tariffs.toml", "raw/*/*.jsonl.gz", "lake/**/part-0.parquet",
)  # fmt: skip


def read_lake(home: Path, damaged: Collection[str] = ()) -> Lake:
    """The rows of every table, without what tells of the run; raises where a file cannot be read.

    Rows of `quarantine` from answers that a fault of the trial damaged, by their places in raw, are left out: they are
    counted by `tests.chaos.deliveries`.
    """
    return {table: _rows(home, table, damaged) for table in COMPARED}


def missing(lake: Lake, undisturbed: Lake) -> int:
    """Rows that the undisturbed lake has and this one has not."""
    return sum((undisturbed[table] - lake[table]).total() for table in COMPARED)


def too_many(lake: Lake, undisturbed: Lake) -> int:
    """Rows that this lake has and the undisturbed one has not, or has less often."""
    return sum((lake[table] - undisturbed[table]).total() for table in COMPARED)


def untrue(lake: Lake, *others: Lake) -> list[str]:
    """Rows that none of the others has, and rows that are there twice, as sentences."""
    found = []
    for table in COMPARED:
        known = set().union(*(other[table] for other in others))
        found += [f"{table}: {row}" for row, count in lake[table].items() if row not in known or count > 1]
    return found


def temporary_files(home: Path) -> list[str]:
    """Files that are none of those which a home has."""
    expected = {path for pattern in _EXPECTED for path in home.glob(pattern)}
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() and path not in expected)


def everything_kept(home: Path) -> bytes:
    """All that a home's files say, unpacked, for a search."""
    parts = []
    for path in sorted(each for each in home.rglob("*") if each.is_file()):
        content = path.read_bytes()
        parts.append(content)
        if path.suffix == ".gz":
            parts.append(gzip.decompress(content))
        elif path.suffix == ".parquet":
            parts.append(pl.read_parquet(content).write_ndjson().encode())
    return b"\n".join(parts)


class Watcher:
    """Somebody who reads the lake without pause while runs are killed beside him.

    Attributes:
        looks: How often he read all tables.
        overtaken: How often a table could not be read, but could at once after: DuckDB takes a file's size when it
            lists, and opens it later, so that a file replaced in between looks cut to it.
        unreadable: How often it could not be read then either.
        doubled: How often a key was there twice.
        says: The first thing that was wrong.
    """

    def __init__(self, home: Path) -> None:
        self.looks = self.overtaken = self.unreadable = self.doubled = 0
        self.says = ""
        self._home = home
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        with duckdb.connect(config={"threads": 1}) as connection:
            while not self._ended.wait(0.01):
                self._look(connection)

    def _look(self, connection: duckdb.DuckDBPyConnection) -> None:
        for table, key in KEYS.items():
            if not _has_files(self._home, table):
                continue
            try:
                self._check(connection, table, key)
            except duckdb.Error:
                self._check_again(connection, table, key)
        self.looks += 1

    def _check(self, connection: duckdb.DuckDBPyConnection, table: str, key: str) -> None:
        twice = connection.execute(_DOUBLED.format(key=key, files=_glob(self._home, table))).fetchall()
        self.doubled += bool(twice)
        self.says = self.says or (f"{table}: {twice[0]} twice" if twice else "")

    def _check_again(self, connection: duckdb.DuckDBPyConnection, table: str, key: str) -> None:
        try:
            self._check(connection, table, key)
            self.overtaken += 1
        except duckdb.Error as error:
            self.unreadable += 1
            self.says = self.says or f"{table}: {error}"


_DOUBLED: Final = "SELECT {key} FROM read_parquet('{files}') GROUP BY ALL HAVING count(*) > 1"


def _glob(home: Path, table: str) -> str:
    return f"{home}/lake/{table}/**/*.parquet"


def _has_files(home: Path, table: str) -> bool:
    return bool(glob(_glob(home, table), recursive=True))  # noqa: PTH207, Path.glob fails where a folder is removed


def _rows(home: Path, table: str, damaged: Collection[str]) -> Rows:
    if not _has_files(home, table):
        return Counter()
    frame = pl.read_parquet(_glob(home, table), hive_partitioning=False)
    if table == "quarantine":
        frame = frame.filter(~pl.col("raw_ref").str.replace(r"/\d+$", "").is_in(list(damaged)))
    frame = frame.drop(TELLS_OF_THE_RUN, strict=False)
    nested = [name for name, dtype in frame.schema.items() if dtype == PARTS]
    frame = frame.with_columns(pl.col(name).list.eval(pl.element().struct.json_encode()) for name in nested)
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    rows = frame.with_columns(pl.col(name).list.join("|") for name in lists).rows()
    # Each delivery of a record that cannot be true is kept; what was landed twice is there twice, and compared once.
    # That it is there once for each landing, `tests.chaos.deliveries` judges.
    return Counter(set(rows) if table == "quarantine" else rows)
