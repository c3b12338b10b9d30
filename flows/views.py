"""A DuckDB file of views over the published tables, for other tools: it holds no row, and reads the files each time.

A view whose pattern fits no file is an error to DuckDB, and a table may have none yet. So beside the folder `lake`
there is one named `wake` with a file without rows for each table, and the views read `[lw]ake`. The lake's own folder
keeps nothing but its tables.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from flows.exits import Exit, Stop
from flows.house import House
from lake.schemas import TABLES, Table
from lake.store import make_folder

DEFAULT: Final = "chargelake.duckdb"

_MARK: Final = "made_by"
"""The schema that says whose file it is, with one view: `made_by.chargelake` tells where the lake is."""
_STORAGE: Final = "v1.0.0"
"""The oldest form of the file that DuckDB still promises to open, by version 1.0 and all later ones."""
_NONE: Final = "none"


def make_views(house: House, file: Path | None) -> Path:
    """Make a DuckDB file with a view for each table, or renew the views of one that was made before.

    What else is in the file stays. The views name the lake by its absolute path and see files that come later.

    Args:
        house: The house.
        file: The file; None: `chargelake.duckdb` in the home.

    Returns:
        The file's absolute path.

    Raises:
        Stop: There is a file that is none of ours, or it cannot be written (exit code 2).
    """
    path = (Path(house.store.uri(DEFAULT)) if file is None else file).absolute()
    if path.exists() and not _is_ours(path):
        raise Stop(Exit.USAGE, f"{path} is no file of views of chargelake; it is left as it is: name another")
    for table in TABLES:
        house.store.put(_stand_in(table), _without_rows(table))
    try:
        make_folder(path.parent)
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH {_text(str(path))} AS file (STORAGE_VERSION {_text(_STORAGE)})")
            connection.execute(_statements(house))
    except (duckdb.Error, OSError) as error:
        raise Stop(Exit.USAGE, f"{path} cannot be written: {' '.join(str(error).split())}") from None
    return path


def _is_ours(path: Path) -> bool:
    """Whether the file was made here; one that is none of DuckDB's was not.

    Raises:
        Stop: Another process has it open, and lets nobody look (exit code 2).
    """
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            made_by = "SELECT 1 FROM duckdb_views() WHERE (schema_name, view_name) = (?, 'chargelake')"
            return connection.execute(made_by, [_MARK]).fetchone() is not None
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise Stop(Exit.USAGE, f"{path} is open elsewhere; close it there, or name another") from None
        return False


def _statements(house: House) -> str:
    """All views in one transaction, so that a file has all of them or none."""
    lake = _text(house.store.uri("lake"))
    made = [
        "BEGIN",
        "USE file",
        f"CREATE SCHEMA IF NOT EXISTS {_MARK}",
        f"CREATE OR REPLACE VIEW {_MARK}.chargelake AS SELECT {lake} AS folder",
        *(_view(house, table) for table in TABLES),
        "COMMIT",
    ]
    return ";\n".join(made)


def _view(house: House, table: Table) -> str:
    columns = [*table.schema.names(), *(["month"] if "month" in table.partition_by else [])]
    keys = "".join(f"{key}=*/" for key in table.partition_by)
    home = re.sub(r"([\[*?])", r"[\1]", house.store.uri(""))
    files = _text(f"{home.rstrip('/')}/[lw]ake/{table.name}/{keys}part-0.parquet")
    types = ", ".join(f"'{key}': VARCHAR" for key in table.partition_by)
    hive = f", hive_partitioning = true, hive_types = {{{types}}}" if types else ", hive_partitioning = false"
    named = ", ".join(f'"{column}"' for column in columns)
    return f"CREATE OR REPLACE VIEW main.{table.name} AS SELECT {named} FROM read_parquet({files}{hive})"  # noqa: S608 (names of our own tables; paths are quoted)


def _stand_in(table: Table) -> str:
    """Path of the file without rows: where the table's own would be, in another folder."""
    keys = "".join(f"{key}={_NONE}/" for key in table.partition_by)
    return f"wake/{table.name}/{keys}part-0.parquet"


def _without_rows(table: Table) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(schema=table.schema).write_parquet(content, compression="zstd")
    return content.getvalue()


def _text(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
