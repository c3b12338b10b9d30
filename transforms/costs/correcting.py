"""What has changed since it was stated: the difference between what stands now and what closed months have said.

What was stated of a line is its original amount and every correction closed since. A line is stated for a driver, on a
cost centre and in a currency: one that moves between them is taken from the one and given to the other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from lake.schemas import COST_LINE, MONEY
from transforms.months import month_of

_KEY: Final = ("line_id", "driver", "cost_centre", "currency")
_ABOUT: Final = (
    "session_id", "vehicle_id", "make", "started_at", "timezone", "local_date", "place", "place_name", "basis",
    "component", "rule_id", "rule_version", "rule_name", "raw_ref",
)  # fmt: skip

CORRECTION: Final = pl.Schema(
    {"corrects_month": pl.String}
    | {name: COST_LINE[name] for name in (*_KEY, *_ABOUT)}
    | {"stated": MONEY, "stands": MONEY, "amount": MONEY, "why": pl.String}
)
"""A correction line.

Columns beside those of a cost line: corrects_month (the closed month whose statement it corrects, `YYYY-MM`), line_id
(the line of that statement; of a line that was not in it, its own), stated (what was said of it, corrections included),
stands (what stands now; 0 if nothing does), amount (the difference), why (`changed`, `gone`, `moved`, `new`).
"""


def of_months(lines: pl.DataFrame, months: Collection[str]) -> pl.DataFrame:
    """Cost lines of these local months: column local_date."""
    return lines.filter(month_of("local_date").is_in(list(months)))


def corrections(
    closed_lines: pl.DataFrame, closed_corrections: pl.DataFrame, now: pl.DataFrame, months: Collection[str]
) -> pl.DataFrame:
    """The corrections that are due: columns of `CORRECTION`, sorted.

    Args:
        closed_lines: Lines as they were closed: columns of `lake.schemas.COST_LINE`, and stated_in (`YYYY-MM`).
        closed_corrections: Corrections as they were closed: columns of `CORRECTION`.
        now: Lines as they are: columns of `lake.schemas.COST_LINE`; any months.
        months: The closed months.
    """
    said = pl.concat([
        closed_lines.rename({"stated_in": "corrects_month"}).select("corrects_month", *_KEY, *_ABOUT, "amount"),
        closed_corrections.select("corrects_month", *_KEY, *_ABOUT, "amount"),
    ]).filter(pl.col("amount").is_not_null())  # fmt: skip
    stands = of_months(now, months).filter(pl.col("amount").is_not_null())
    month = month_of("local_date").alias("corrects_month")
    before = _summed(said, "stated")
    after = _summed(stands.with_columns(month).select("corrects_month", *_KEY, *_ABOUT, "amount"), "stands")
    both = before.join(after, on=_KEY, how="full", nulls_equal=True, coalesce=True, suffix="_now")
    about = [pl.coalesce(f"{name}_now", name).alias(name) for name in _ABOUT]
    told = both.with_columns(
        *about, pl.coalesce("corrects_month", "corrects_month_now"), _why(before, after),
        pl.col("stated").fill_null(0), pl.col("stands").fill_null(0),
    )  # fmt: skip
    due = told.with_columns((pl.col("stands") - pl.col("stated")).cast(MONEY).alias("amount"))
    return due.filter(pl.col("amount") != 0).select(CORRECTION.names()).sort("corrects_month", *_KEY)


def _summed(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """One row a key: the sum of its amounts, the first month it was stated in, and the last that was said of it."""
    return rows.group_by(_KEY, maintain_order=True).agg(
        pl.col("corrects_month").min(), pl.col(*_ABOUT).last(), pl.col("amount").sum().cast(MONEY).alias(name)
    )


def _why(before: pl.DataFrame, after: pl.DataFrame) -> pl.Expr:
    was, is_ = pl.col("stated").is_not_null(), pl.col("stands").is_not_null()
    line = pl.col("line_id")
    elsewhere = line.is_in(before["line_id"].implode()) & line.is_in(after["line_id"].implode())
    return (
        pl.when(was & is_).then(pl.lit("changed"))
        .when(elsewhere).then(pl.lit("moved"))
        .when(was).then(pl.lit("gone"))
        .otherwise(pl.lit("new")).alias("why")
    )  # fmt: skip
