"""Whose session it is: the driver and the cost centre that had the vehicle on the local day it started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from transforms.rules.assignments import Assignment

_ASSIGNED: Final = pl.Schema(
    {"vehicle_id": pl.String, "driver": pl.String, "cost_centre": pl.String, "_from": pl.Date, "_to": pl.Date}
)
_ROW: Final = "_row"


def with_assignment(frame: pl.DataFrame, assignments: Sequence[Assignment]) -> pl.DataFrame:
    """The frame with `driver` and `cost_centre`, in its order; null where nobody is named.

    Args:
        frame: Has columns vehicle_id and local_date; `driver` and `cost_centre` that are there are replaced.
        assignments: No two of a vehicle share a day (`transforms.rules.assignments.parse`).
    """
    told = [(each.vehicle_id, each.driver, each.cost_centre, each.valid_from, each.valid_to) for each in assignments]
    numbered = frame.drop("driver", "cost_centre", strict=False).with_row_index(_ROW)
    pairs = numbered.select(_ROW, "vehicle_id", "local_date").join(
        pl.DataFrame(told, schema=_ASSIGNED, orient="row"), on="vehicle_id"
    )
    day, until = pl.col("local_date"), pl.col("_to")
    had = pairs.filter((pl.col("_from") <= day) & (until.is_null() | (day <= until)))
    named = had.select(_ROW, "driver", "cost_centre")
    return numbered.join(named, on=_ROW, how="left", maintain_order="left").drop(_ROW)
