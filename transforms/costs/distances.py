"""The distance of a month and the energy it is shared by."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from transforms.rules.policies import Distance, Unit


def with_distance(
    rows: pl.DataFrame, told: pl.DataFrame, distances: Sequence[Distance], unit: Unit | None
) -> pl.DataFrame:
    """Rows with `thousandths` of a unit told for their month, and `month_nano_kwh`, all energy that went that far.

    A distance of the driver is shared by all sessions of the driver in the local month, wherever they were and whoever
    pays for them; one of the vehicle by all of the vehicle. The driver's counts where both are told.

    Args:
        rows: Columns vehicle_id, driver, month.
        told: All sessions: columns vehicle_id, driver, month, nano_kwh, status.
        distances: What was told.
        unit: Which unit counts; distances in another are not looked at.

    Returns:
        The rows; `thousandths` is null where no distance was told, `month_nano_kwh` where the energy of one session of
        the month is not known yet.
    """
    by_driver = _shares("driver", told, [(d.driver, d.month, d.thousandths) for d in distances if d.unit == unit])
    by_vehicle = _shares(
        "vehicle_id", told, [(d.vehicle_id, d.month, d.thousandths) for d in distances if d.unit == unit]
    )
    joined = rows.join(by_driver, on=["driver", "month"], how="left", maintain_order="left").join(
        by_vehicle, on=["vehicle_id", "month"], how="left", maintain_order="left", suffix="_of_vehicle"
    )
    has_own = pl.col("thousandths").is_not_null()
    names = ("thousandths", "month_nano_kwh")
    chosen = [pl.when(has_own).then(name).otherwise(f"{name}_of_vehicle").alias(name) for name in names]
    return joined.with_columns(chosen).drop(f"{name}_of_vehicle" for name in names)


def _shares(key: str, told: pl.DataFrame, distances: Sequence[tuple[str | None, str, int]]) -> pl.DataFrame:
    schema = {key: pl.String, "month": pl.String, "thousandths": pl.Int64}
    known = pl.DataFrame(distances, schema=schema, orient="row").drop_nulls()
    whole = pl.col("nano_kwh").is_not_null().all() & (pl.col("status") != "ongoing").all()
    energy = told.group_by(key, "month").agg(pl.when(whole).then(pl.col("nano_kwh").sum()).alias("month_nano_kwh"))
    return known.join(energy, on=[key, "month"], how="left")
