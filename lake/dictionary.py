"""The data dictionary: `docs/tables.md`, printed from the schemas by `python -m lake.dictionary`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from lake import schemas
from lake.schemas import Column, Table

_TYPES: Final[dict[pl.DataType | type[pl.DataType], str]] = {
    pl.String: "text",
    pl.Float64: "number (float64)",
    pl.Int32: "whole number (int32)",
    pl.Int64: "whole number (int64)",
    pl.Boolean: "true or false",
    pl.Date: "date",
    schemas.UTC: "instant (UTC, µs)",
    schemas.MONEY: "decimal(18,6)",
    schemas.TEXTS: "list of text",
    schemas.PRICE: "decimal(18,9)",
    schemas.PARTS: "list of (from, until, kwh, band, price_per_kwh)",
}

_INTRODUCTION: Final = """\
<!-- Printed from lake/schemas: python -m lake.dictionary > docs/tables.md -->
# The tables

Each table is a folder of Parquet files under `CHARGELAKE_HOME/lake` (by default `data/lake`):

```
data/lake/charge_sessions/make=TESLA/month=2026-10/part-0.parquet
data/lake/charge_sessions/make=TESLA/month=2026-11/part-0.parquet
data/lake/charge_sessions/make=BMW/month=2026-11/part-0.parquet
data/lake/vehicles/part-0.parquet
```

What holds for all of them:

- **A partition is one file**, replaced whole and atomically. Whoever opens it sees the old rows or the new ones, never
  half of either, and nothing else lies under `data/lake`: a plain `**/*.parquet` finds each row once.
- **The keys are text.** `make` stands in the path and in the file; `month` (`2026-10`) stands in the path alone.
  Readers that guess turn keys that look like numbers or dates into such: give the types, as below.
- **Unknown is null, never 0.** 0 kWh was told to be 0. What is not known of a day, and why, is in `completeness`:
  look there before taking a month for whole.
- **Instants are UTC**, to the microsecond, and so is the `month` of one. `local_date` and `timezone` say what the date
  was where the vehicle is: a session that starts at 00:30 on the first of November in Berlin has `month` `2026-10` and
  `local_date` `2026-11-01`.
- **Money is decimal(18,6) beside its currency.** Group by `currency` before adding: different currencies have no sum.
  Sums are exact; averages and quotients are floats in most engines.
- **Rows are sorted** as said below, with statistics: a filter on `vehicle_id` reads little of a file.
- **Each file can be checked**: its metadata has `chargelake.table`, `chargelake.schema_version` (VERSION now) and
  `chargelake.sha256`, the hash of the file with these 64 digits as zeros. `chargelake verify` checks them all.

## How to read them

`chargelake query "SELECT …"` has every table under its name, with the right types, and `chargelake query --init` makes
a DuckDB file with a view for each ([twelve questions](queries/README.md) to begin with). From elsewhere:

DuckDB

```sql
SELECT make, month, count(*) AS sessions, sum(energy_kwh) AS energy_kwh
FROM read_parquet('data/lake/charge_sessions/**/*.parquet',
                  hive_partitioning = true, hive_types = {'make': VARCHAR, 'month': VARCHAR})
GROUP BY make, month
ORDER BY make, month;
```

Polars

```python
import polars as pl

sessions = pl.scan_parquet(
    "data/lake/charge_sessions/**/*.parquet",
    hive_partitioning=True,
    hive_schema={"make": pl.String, "month": pl.String},
)
billed = sessions.group_by("month", "currency").agg(pl.col("billed_total").sum()).collect()
```

pandas (through PyArrow)

```python
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

month = ds.partitioning(pa.schema([("month", pa.string())]), flavor="hive")  # make is in the files
sessions = pd.read_parquet("data/lake/charge_sessions", partitioning=month, dtype_backend="pyarrow")
billed = sessions.groupby(["month", "currency"])["billed_total"].sum()
```

Spark

```
spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
spark.conf.set("spark.sql.session.timeZone", "UTC")
sessions = spark.read.parquet("data/lake/charge_sessions")
```

`quarantine` and `runs` have the key `month` alone, `charge_schedules` and `climate_states` `make` alone, `vehicles` has
none. Without keys at all (Polars'
`hive_partitioning=False`, PyArrow's `partitioning=None`) every row is there too, less the column `month`.
""".replace("(VERSION now)", f"({schemas.SCHEMA_VERSION} now)")


def dictionary() -> str:
    """The whole page, as Markdown."""
    contents = "\n".join(f"- [{table.name}](#{table.name}): {_first_sentence(table)}" for table in schemas.TABLES)
    marks = (
        _terms("Flags", "`flags` of sessions and days hold any of these, sorted.", schemas.FLAGS),
        _terms("Reasons of quarantine", "`reason` of `quarantine` is one of these.", schemas.QUARANTINE_REASONS),
        _terms("States of completeness", "`state` of `completeness` is one of these.", schemas.COMPLETENESS_STATES),
        _terms("Methods of places", "`place_method` of `charge_sessions` is one of these.", schemas.PLACE_METHODS),
        _terms("Components of costs", "`component` of `session_costs` is one of these.", schemas.COMPONENTS),
        _terms("Reasons without an amount", "`reason` of `session_costs` is one of these.", schemas.UNPRICED_REASONS),
        _terms("Kinds of reconciliation", "`kind` of `reconciliation` is one of these.", schemas.RECONCILIATION_KINDS),
    )
    return "\n".join([_INTRODUCTION, f"## Which there are\n\n{contents}\n", *map(_table, schemas.TABLES), *marks])


def _table(table: Table) -> str:
    lines = (
        f"## {table.name}\n",
        f"{table.doc}\n",
        f"{_partition(table)} Sorted by {_listed(table.sort_by)}.\n",
        "| column | type | |",
        "|---|---|---|",
        *map(_column, table.columns),
    )
    return "\n".join(lines) + "\n"


def _partition(table: Table) -> str:
    if not table.partition_by:
        return "One file."
    keys = " and ".join(f"`{key}`" for key in table.partition_by)
    if table.month_of is None:
        return f"One file for each {keys}."
    zone = ", UTC" if table.schema[table.month_of] == schemas.UTC else ""
    return f"One file for each {keys} (the month of `{table.month_of}`{zone})."


def _column(column: Column) -> str:
    return f"| `{column.name}` | {_TYPES[column.dtype]} | {column.doc} |"


def _terms(heading: str, about: str, terms: Mapping[str, str]) -> str:
    rows = "\n".join(f"| `{term}` | {meaning} |" for term, meaning in terms.items())
    return f"## {heading}\n\n{about}\n\n| | |\n|---|---|\n{rows}\n"


def _first_sentence(table: Table) -> str:
    return table.doc.split(". ", 1)[0].rstrip(".")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(dictionary())
