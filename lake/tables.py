"""The published tables: one Parquet file for each partition, replaced whole and atomically.

A reader with a plain `**/*.parquet` glob sees each row once at every moment: files are staged outside of the
table's folder, made durable and renamed, and a partition never has a second file.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from lake import digest
from lake.schemas import SCHEMA_VERSION, PartitionKey, Table
from lake.store import Store

_FILE: Final = "part-0.parquet"
_ROW_GROUP: Final = 65_536


class SchemaMismatch(Exception):
    """A frame or a published file has other columns than the table's schema; says which."""


class DamagedTable(Exception):
    """A published file is not as it was published; says which, and how to make it anew."""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """Values of a table's partition keys; None for a key the table does not have."""

    make: str | None = None
    month: str | None = None

    def path(self, table: Table) -> str:
        """The partition's file: `lake/charge_sessions/make=TESLA/month=2026-10/part-0.parquet`."""
        keys = "".join(f"{key}={getattr(self, key)}/" for key in table.partition_by)
        return f"lake/{table.name}/{keys}{_FILE}"


class Tables:
    """Reads and publishes tables in a store."""

    def __init__(self, store: Store) -> None:
        """Work on the lake of this store."""
        self._store = store

    def partitions(self, table: Table) -> list[Partition]:
        """The partitions that have a file, sorted; files that stand elsewhere are none of the table's."""
        found = (_partition_at(table, path) for path in self._store.list(f"lake/{table.name}", _FILE))
        return sorted(partition for partition in found if partition is not None)

    def read(
        self, table: Table, partitions: Iterable[Partition] | None = None, columns: Iterable[str] | None = None
    ) -> pl.DataFrame:
        """Rows of these partitions, with `month` as a last column where it is a key.

        Args:
            table: Which table.
            partitions: Default: all. Those without a file have no rows.
            columns: Columns to read, in the table's order; default: all.

        Raises:
            DamagedTable: A file's bytes are not those that were published.
            SchemaMismatch: A file was written with another schema.
        """
        wanted = self.partitions(table) if partitions is None else sorted(set(partitions))
        names = [name for name in table.schema if columns is None or name in set(columns)]
        frames = [self._read_one(table, each, names) for each in wanted if self._store.exists(each.path(table))]
        return pl.concat([_with_month(table, table.empty().select(names), Partition()), *frames])

    def digest(self, table: Table, partition: Partition) -> str:
        """The hash that a partition's file says it has: equal hashes, equal rows. Nothing but its footer is read."""
        metadata = pl.read_parquet_metadata(self._store.uri(partition.path(table)))
        return str(metadata.get(digest.KEY, ""))

    def publish(self, table: Table, frame: pl.DataFrame, partitions: Iterable[Partition]) -> None:
        """Replace these partitions by the rows of `frame` that belong to them; one without rows is removed.

        Args:
            table: Which table.
            frame: The table's columns, and `month` (text) where it is a key.
            partitions: What to replace; rows of other partitions are not looked at.

        Raises:
            SchemaMismatch: The frame has other columns.
        """
        for partition, rows in _divided(table, frame, partitions):
            self._write_one(table, partition, rows)

    def replace_all(self, table: Table, frame: pl.DataFrame) -> None:
        """Make `frame` the whole table, writing only the partitions whose rows differ from what is published.

        Raises:
            SchemaMismatch: The frame has other columns, or a row without a partition key.
        """
        _check_schema(table, frame)
        keys = frame.select(table.partition_by).unique().iter_rows(named=True) if table.partition_by else [{}]
        found = {partition_of(table, row) for row in keys}
        self.publish_changed(table, frame, found | set(self.partitions(table)))

    def publish_changed(self, table: Table, frame: pl.DataFrame, partitions: Iterable[Partition]) -> None:
        """As `publish`, but leave alone the files whose rows would stay the same; a damaged one is replaced."""
        for partition, rows in _divided(table, frame, partitions):
            if self._differs(table, partition, rows):
                self._write_one(table, partition, rows)

    def _differs(self, table: Table, partition: Partition, rows: pl.DataFrame) -> bool:
        if not self._store.exists(partition.path(table)):
            return not rows.is_empty()
        try:
            published = self._read_one(table, partition, table.schema.names())
        except (DamagedTable, SchemaMismatch):
            return True
        sorted_rows = rows.sort(table.sort_by, maintain_order=True)
        return not published.select(table.schema.names()).equals(sorted_rows)

    def _read_one(self, table: Table, partition: Partition, columns: list[str]) -> pl.DataFrame:
        path = partition.path(table)
        content = self._store.read(path)
        if not digest.is_intact(content):
            raise DamagedTable(f"{path} is not as it was published; `chargelake rebuild` makes it anew")
        found = pl.Schema(pl.read_parquet_schema(content))
        if list(found.items()) != list(table.schema.items()):
            difference = _difference(found, table.schema)
            raise SchemaMismatch(f"{path}: {difference}; `chargelake rebuild` makes it anew")
        return _with_month(table, pl.read_parquet(content, columns=columns), partition)

    def _write_one(self, table: Table, partition: Partition, rows: pl.DataFrame) -> None:
        path = partition.path(table)
        if rows.is_empty():
            self._store.delete(path)
            return
        content = io.BytesIO()
        rows.sort(table.sort_by, maintain_order=True).write_parquet(
            content,
            compression="zstd",
            statistics=True,
            row_group_size=_ROW_GROUP,
            metadata={
                "chargelake.table": table.name,
                "chargelake.schema_version": str(SCHEMA_VERSION),
                **digest.METADATA,
            },
        )
        self._store.put(path, digest.with_digest(content.getvalue()))


def _divided(
    table: Table, frame: pl.DataFrame, partitions: Iterable[Partition]
) -> Iterator[tuple[Partition, pl.DataFrame]]:
    """Each of the partitions with its rows, in the table's columns."""
    _check_schema(table, frame)
    keys, names = list(table.partition_by), table.schema.names()
    by_key = frame.partition_by(keys, as_dict=True) if keys else {(): frame}
    for partition in sorted(set(partitions)):
        rows = by_key.get(tuple(getattr(partition, key) for key in keys))
        yield partition, table.empty() if rows is None else rows.select(names)


def partition_of(table: Table, row: dict[str, object]) -> Partition:
    """The partition a row with the table's keys belongs to.

    Raises:
        SchemaMismatch: A key is null: the row would be in no partition, and lost.
    """
    if absent := [key for key in table.partition_by if row[key] is None]:
        raise SchemaMismatch(f"{table.name}: a row without {absent[0]} belongs to no partition")
    return Partition(**{key: str(row[key]) for key in table.partition_by})


def with_month(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the `month` (text `YYYY-MM`, UTC for instants) that its partition key says."""
    column: PartitionKey = "month"
    return frame.with_columns(pl.col(str(table.month_of)).dt.strftime("%Y-%m").alias(column))


def _partition_at(table: Table, path: str) -> Partition | None:
    """The partition whose file this is; None if it is none of the table's."""
    values = {key: value for key, _, value in (part.partition("=") for part in path.split("/")[2:-1])}
    if list(values) != list(table.partition_by):
        return None
    partition = Partition(**values)
    return partition if partition.path(table) == path else None


def _check_schema(table: Table, frame: pl.DataFrame) -> None:
    expected = list(table.schema.items()) + [("month", pl.String)] * ("month" in table.partition_by)
    if list(frame.schema.items()) != expected:
        raise SchemaMismatch(f"{table.name}: {_difference(frame.schema, dict(expected))}")


def _with_month(table: Table, frame: pl.DataFrame, partition: Partition) -> pl.DataFrame:
    if "month" not in table.partition_by:
        return frame
    return frame.with_columns(pl.lit(partition.month, pl.String).alias("month"))


def _difference(found: pl.Schema, expected: Mapping[str, object]) -> str:
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    other = [
        f"{name} is {found[name]}, not {expected[name]}"
        for name in expected
        if name in found and found[name] != expected[name]
    ]
    said = [f"missing {missing}"] * bool(missing) + [f"not in the schema {extra}"] * bool(extra) + other
    return "; ".join(said) or "the order of columns differs"
