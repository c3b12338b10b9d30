"""What a table is made of: columns, their types, and how rows lie in files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

UTC: Final = pl.Datetime("us", "UTC")
MONEY: Final = pl.Decimal(18, 6)
TEXTS: Final = pl.List(pl.String)

PartitionKey = Literal["make", "month"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its name, its Polars type, and what it says."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    doc: str


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: one Parquet file for each combination of its partition keys.

    Attributes:
        name: Folder under `lake/`.
        doc: One row is what.
        columns: In the order of the file.
        partition_by: Keys in the folder names. `make` is kept in the file as well; `month` (text, `YYYY-MM`)
            stands in the path alone.
        month_of: Column whose month (UTC for instants) is the partition's month.
        sort_by: The order of rows inside a file.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    partition_by: tuple[PartitionKey, ...]
    month_of: str | None
    sort_by: tuple[str, ...]

    @property
    def schema(self) -> pl.Schema:
        """Column names and Polars types, in the order of the file."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """A frame of this table's schema without rows."""
        return pl.DataFrame(schema=self.schema)


VEHICLE: Final = (
    Column("vehicle_id", pl.String, "Smartcar's id of the vehicle."),
    Column("make", pl.String, "Make in upper case: `TESLA`, `BMW`, `MINI`."),
)
"""The first columns of every table of vehicles."""
