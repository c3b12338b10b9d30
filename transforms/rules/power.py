"""Power curves: what a vehicle's wallbox or meter told, as files under `power/` say it."""

from __future__ import annotations

from typing import Final

import polars as pl

from lake.schemas import UTC
from transforms import exact
from transforms.rules.reading import BadRule

_COLUMNS: Final = ("vehicle_id", "at", "kw")
_WATTS_A_MICRO_KW: Final = 1000


def parse(rows: pl.DataFrame) -> pl.DataFrame:
    """A power curve of a table of text.

    Args:
        rows: Columns vehicle_id, at (an instant, UTC unless it says another offset), kw (power from then on, kW).

    Returns:
        Columns of `transforms.costs.spread.CURVE`: vehicle_id, at (UTC), watts; sorted by vehicle and time.

    Raises:
        BadRule: It has other columns, or a value that cannot be read or is below 0.
    """
    if sorted(rows.columns) != sorted(_COLUMNS):
        raise BadRule(f"it needs the columns {', '.join(_COLUMNS)}; it has {', '.join(rows.columns)}")
    told = pl.DataFrame(
        {
            "vehicle_id": rows["vehicle_id"],
            "at": exact.instants(rows["at"]).cast(UTC),
            "watts": exact.amounts(rows["kw"].str.strip_chars())[0].cast(pl.Float64),
        }
    )
    wrong = told.select(pl.any_horizontal(pl.all().is_null()) | (pl.col("watts") < 0)).to_series()
    if wrong.any():
        raise BadRule(f"row {int(wrong.arg_max() or 0) + 1}: {rows.row(int(wrong.arg_max() or 0))} cannot be read")
    whole = told.with_columns((pl.col("watts") * _WATTS_A_MICRO_KW).round().cast(pl.Int64))
    return whole.unique(["vehicle_id", "at"], keep="last", maintain_order=True).sort("vehicle_id", "at")
