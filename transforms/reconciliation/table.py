"""The `reconciliation` table: what was compared and what looks wrong, with names that stay and drivers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from lake.schemas import RECONCILIATION
from transforms.costs.assigning import with_assignment
from transforms.months import month_of
from transforms.reconciliation.audit import flagged
from transforms.reconciliation.days import compared
from transforms.rules.assignments import Assignment

BEFORE: Final = 5
"""Months before a month that say what was usual in it; one more on either side has days and sessions that reach in."""

_NAME: Final = "{}\x1f{}\x1f{}\x1f{}\x1f{}\x1f{}"


def reconciliation(
    sessions: pl.DataFrame,
    days: pl.DataFrame,
    known: pl.DataFrame,
    assignments: Sequence[Assignment],
    currency_of: Mapping[str, str],
    month: str,
) -> pl.DataFrame:
    """The rows of a local month.

    Args:
        sessions: `lake.schemas.CHARGE_SESSIONS` of the month, `BEFORE` months before it and one after it (UTC). What
            started later than the month says nothing of what is usual in it.
        days: `lake.schemas.CHARGE_DAYS` of the month and the months beside it.
        known: `transforms.reconciliation.days.KNOWN`.
        assignments: Who had which vehicle.
        currency_of: Currency by IANA zone.
        month: `YYYY-MM`.

    Returns:
        `lake.schemas.RECONCILIATION` and `month`, in the order of the table.
    """
    named = with_assignment(sessions, assignments)
    usual = named.filter(month_of("local_date") <= month)
    both = pl.concat([compared(days, sessions, known), flagged(usual, currency_of)])
    rows = both.filter(month_of("day") == month)
    driven = with_assignment(rows.with_columns(pl.col("day").alias("local_date")), assignments)
    ids = pl.format(
        _NAME, "kind", "vehicle_id", "day", pl.col("session_ids").list.join(","), "unit", pl.col("driver").fill_null("")
    )
    told = driven.with_columns(ids.alias("item_id"), month_of("day").alias("month"))
    hashed = told.with_columns(pl.Series("item_id", [_digest(each) for each in told["item_id"]], pl.String))
    return hashed.select(*RECONCILIATION.schema.names(), "month").sort(RECONCILIATION.sort_by)


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
