"""Lines of bills: amounts as they came, refunds and corrections included."""

from __future__ import annotations

import polars as pl

from transforms.costs.lines import bases, shaped


def billed_lines(sessions: pl.DataFrame) -> pl.DataFrame:
    """A line for each amount of a bill, and one without an amount for a part that is not told.

    An amount below 0 is a `credit`; the source's `other` stays `other_unspecified`, and one of 0 has no line. Tax is
    not told by the source. The line of the bill's energy amount has the energy of the session.

    Args:
        sessions: Columns of `lake.schemas.CHARGE_SESSIONS`, driver and cost_centre; those with a currency have a bill.

    Returns:
        Columns of `lake.schemas.COST_LINE`.
    """
    billed = sessions.filter(pl.col("currency").is_not_null())
    no_other = pl.col("billed_other") == 0
    other = billed.filter(no_other.is_null() | ~no_other)
    return shaped(pl.concat([_of_energy(billed), _part(other, "billed_other", "other_unspecified")], how="diagonal"))


def _of_energy(billed: pl.DataFrame) -> pl.DataFrame:
    priced = pl.col("amount").is_not_null()
    return _part(billed, "billed_energy", "energy").with_columns(
        pl.when(priced).then("energy_kwh").otherwise(0.0).alias("kwh_priced"),
        pl.when(priced).then(0.0).otherwise("energy_kwh").alias("kwh_unpriced"),
        pl.col("started_at").alias("priced_from"),
        pl.col("ended_at").alias("priced_until"),
    )


def _part(billed: pl.DataFrame, amount: str, component: str) -> pl.DataFrame:
    told = pl.col(amount)
    columns = billed.select(
        told.alias("amount"),
        "energy_kwh",
        "ended_at",
        pl.lit("billed").alias("basis"),
        pl.lit(amount).alias("rule_name"),  # both parts may be credits, and are two lines
        pl.when(told < 0).then(pl.lit("credit")).otherwise(pl.lit(component)).alias("component"),
        pl.when(told.is_not_null()).then("currency").alias("currency"),
        pl.when(told.is_null()).then(pl.lit("incomplete_bill")).alias("reason"),
        pl.lit(0.0).alias("kwh_priced"),
        pl.lit(0.0).alias("kwh_unpriced"),
    )
    return pl.concat([bases(billed), columns], how="horizontal")
