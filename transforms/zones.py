"""The local day of an instant in the zone of its vehicle, through changes of clocks."""

from __future__ import annotations

import polars as pl


def with_zone(frame: pl.DataFrame, vehicles: pl.DataFrame, default_timezone: str) -> pl.DataFrame:
    """The frame with `timezone` (IANA) and `model` of each row's vehicle.

    Args:
        frame: Has column vehicle_id.
        vehicles: Columns vehicle_id, model, timezone; one row a vehicle.
        default_timezone: IANA zone of vehicles whose own is not known.
    """
    known = vehicles.select("vehicle_id", "model", "timezone")
    kept = frame.drop("model", "timezone", strict=False)
    told = kept.join(known, on="vehicle_id", how="left", maintain_order="left")
    return told.with_columns(pl.col("timezone").fill_null(default_timezone))


def local_date(frame: pl.DataFrame, instant: str) -> pl.Expr:
    """The date of an instant (UTC) on the clocks of the row's `timezone`.

    Polars converts a whole column to one zone, so each distinct zone of the frame is converted by itself.
    """
    moment = pl.col(instant)
    days = [
        pl.when(pl.col("timezone") == zone).then(moment.dt.convert_time_zone(zone).dt.date())
        for zone in frame["timezone"].drop_nulls().unique().sort()
    ]
    return pl.coalesce(*days, pl.lit(None, dtype=pl.Date))
