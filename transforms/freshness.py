"""Freshness: of when the data of a delivery are, and that an older delivery changes nothing, however late it lands.

v3 tells the same records again and again, by poll and by event, at least once and in no order (Smartcar's API
reference, §8 and §9); each telling says of when it is. Of one session the telling of the latest instant counts.
Sources that do not say of when their data are (v2.0) take effect in the order of landing: nothing here touches them.

History keeps, beside each revision, the latest instant of which it was told (`told_as_of`): a delivery of an earlier
instant is older than what is known.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lake.schemas import UTC
from transforms.revisions import MOVED

CONFIRMED: Final = pl.Schema([("session_id", pl.String), ("revision", pl.Int32), ("confirmed_as_of", UTC)])
"""Columns of the revisions that were told again, and of when."""

_KEY: Final = "session_id"
_TOLD: Final = (_KEY, "landed", "told_as_of")


def without_stale(known: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The observations that are not older than what was known of their session when they landed.

    Of a session that one list tells twice the last telling counts: both are of the same instant.

    Args:
        known: Revisions: session_id, landed, told_as_of.
        told: Observations: the same columns, answer, and any others.
    """
    if told["told_as_of"].null_count() == told.height:
        return told
    both = pl.concat([known.select(_TOLD), told.select(_TOLD)]).drop_nulls("told_as_of").sort(_KEY, "landed")
    before = pl.col("told_as_of").cum_max().shift(1).over(_KEY)
    stale = both.filter((pl.col("told_as_of") < before).fill_null(value=False))
    again = told.filter(
        pl.col("told_as_of").is_not_null(), pl.col("landed") < pl.col("landed").max().over(_KEY, "answer")
    )
    older = pl.concat([stale.select("landed"), again.select("landed")])
    return told.join(older, on="landed", how="anti", maintain_order="left")


def confirmed(known: pl.DataFrame, made: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The revisions that these observations tell again, with the latest instant of which they do (`CONFIRMED`).

    Args:
        known: Revisions before: session_id, revision, landed.
        made: Revisions that the observations made: the same columns.
        told: The observations, without stale ones: session_id, landed, told_as_of.
    """
    again = told.select(_TOLD).drop_nulls("told_as_of").sort("landed")
    if again.is_empty():
        return pl.DataFrame(schema=CONFIRMED)
    revisions = pl.concat([frame.select(_KEY, "landed", "revision") for frame in (known, made)]).sort("landed")
    of_revision = again.join_asof(revisions, on="landed", by=_KEY, strategy="backward", check_sortedness=False)
    latest = of_revision.group_by(_KEY, "revision").agg(pl.col("told_as_of").max().alias("confirmed_as_of"))
    return latest.match_to_schema(CONFIRMED)


def with_confirmed(history: pl.DataFrame, confirmed: pl.DataFrame) -> pl.DataFrame:
    """History with the instants of revisions that were told again; its rows and their order are the same.

    Args:
        history: Columns session_id, revision, status, told_as_of, and any others.
        confirmed: Columns `CONFIRMED`.
    """
    if confirmed.is_empty():
        return history
    told = history.join(confirmed, on=[_KEY, "revision"], how="left", maintain_order="left").with_columns(
        pl.when(pl.col("status") != MOVED).then("confirmed_as_of").alias("confirmed_as_of")
    )
    return told.with_columns(pl.max_horizontal("told_as_of", "confirmed_as_of").alias("told_as_of")).drop(
        "confirmed_as_of"
    )
