"""By what a cost report is grouped, and how each group is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from lake.names import Namer

GROUPINGS: Final = ("driver", "vehicle", "cost-centre", "place", "make", "day", "month")
"""What `--by` takes."""
HEADINGS: Final = {
    "driver": "Driver",
    "vehicle": "Vehicle",
    "cost-centre": "Cost centre",
    "place": "Place",
    "make": "Make",
    "day": "Day",
    "month": "Month",
}
"""What the column of groups is called."""

NO_DRIVER: Final = "nobody named"
NO_COST_CENTRE: Final = "no cost centre"
BY_THE_MONTH: Final = "no place (owed by the month)"


def key(lines: pl.DataFrame, by: str, names: Namer) -> pl.Series:
    """What each line is counted under, as it is written.

    Lines that are owed by the month are of no place, and by day they stand under their month.

    Args:
        lines: Columns driver, cost_centre, vehicle_id, make, place, place_name, session_id, local_date.
        by: One of `GROUPINGS`.
        names: What to call a vehicle.

    Raises:
        KeyError: `by` is no grouping.
    """
    return _KEYS[by](lines, names).cast(pl.String)


def _vehicle(lines: pl.DataFrame, names: Namer) -> pl.Series:
    called = {each: names(each) for each in lines["vehicle_id"].unique()}
    return lines["vehicle_id"].replace_strict(called, return_dtype=pl.String)


def _place(lines: pl.DataFrame, names: Namer) -> pl.Series:
    del names
    named = pl.format("{} ({})", pl.col("place"), pl.col("place_name"))
    kind = pl.col("place").fill_null("unknown")
    monthly = pl.col("session_id").is_null() & pl.col("place").is_null()
    label = pl.when(monthly).then(pl.lit(BY_THE_MONTH)).otherwise(pl.coalesce(named, kind))
    return lines.select(label.alias("group")).to_series()


def _day(lines: pl.DataFrame, names: Namer) -> pl.Series:
    del names
    day, month = (pl.col("local_date").dt.strftime(form) for form in ("%Y-%m-%d", "%Y-%m"))
    return lines.select(pl.when(pl.col("session_id").is_null()).then(month).otherwise(day).alias("group")).to_series()


_KEYS: Final[dict[str, Callable[[pl.DataFrame, Namer], pl.Series]]] = {
    "driver": lambda lines, _: lines["driver"].fill_null(NO_DRIVER),
    "vehicle": _vehicle,
    "cost-centre": lambda lines, _: lines["cost_centre"].fill_null(NO_COST_CENTRE),
    "place": _place,
    "make": lambda lines, _: lines["make"],
    "day": _day,
    "month": lambda lines, _: lines["local_date"].dt.strftime("%Y-%m"),
}
