"""Cost lines: what all of them have in common, whichever rule makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import polars as pl

from lake.schemas import COST_LINE
from transforms.months import month_of

OF_A_SESSION: Final = (
    "session_id", "vehicle_id", "make", "started_at", "timezone", "local_date", "place", "place_name", "driver",
    "cost_centre",
)  # fmt: skip
"""What a line has of its session."""

PRICED: Final = ("session_revision", "raw_ref")
"""Which revision of the session was priced."""

COST_SIDE: Final = ("billed", "tariff")
"""Bases of what a session cost; what is reimbursed (`policy`) is another side."""

_KEY: Final = ("session_id", "vehicle_id", "basis", "component", "rule_id", "rule_version", "rule_name", "reason")
_DIGEST_BYTES: Final = 16


def bases(sessions: pl.DataFrame) -> pl.DataFrame:
    """Columns that each line of a session has: `OF_A_SESSION` and `PRICED`.

    Args:
        sessions: Columns of `lake.schemas.CHARGE_SESSIONS`, and driver, cost_centre.
    """
    return sessions.rename({"revision": "session_revision"}).select(*OF_A_SESSION, *PRICED)


def shaped(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as cost lines: columns that are not told are null, and each line has its id.

    Args:
        rows: Any columns of `lake.schemas.COST_LINE` but line_id and state.

    Returns:
        Columns of `lake.schemas.COST_LINE`; state is null until `with_state`.
    """
    told = rows.match_to_schema(COST_LINE, missing_columns="insert", extra_columns="ignore")
    names = told.select(pl.concat_str(*map(_in_key, (*_KEY, "month")), separator="\x1f"))
    return told.with_columns(pl.Series("line_id", [_digest(name) for name in names.to_series()], pl.String))


def joined(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Lines of several rules, one after the other."""
    return pl.concat([COST_LINE.to_frame(), *frames])


def with_state(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with the state of their session on their side: `complete`, `partial` or `unpriced`.

    The bill and the tariffs are one side, each policy is one of its own. Lines of no session are complete if they have
    an amount.
    """
    side = pl.when(pl.col("basis").is_in(COST_SIDE)).then(pl.lit("cost")).otherwise("rule_id").fill_null("")
    of = pl.coalesce("session_id", "line_id")
    missing, priced = pl.col("reason").is_not_null(), pl.col("amount").is_not_null()
    marked = lines.with_columns(side.alias("_side"), of.alias("_of"))
    keys = ["_of", "_side"]
    state = (
        pl.when(~missing.any().over(keys))
        .then(pl.lit("complete"))
        .when(priced.any().over(keys))
        .then(pl.lit("partial"))
        .otherwise(pl.lit("unpriced"))
    )
    return marked.with_columns(state.alias("state")).drop(keys)


def _in_key(name: str) -> pl.Expr:
    if name != "month":
        return pl.col(name).fill_null("")
    month = pl.concat_str(month_of("local_date"), pl.col("driver").fill_null(""), separator="\x1f")
    return pl.when(pl.col("session_id").is_null()).then(month).otherwise(pl.lit(""))


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=_DIGEST_BYTES).hexdigest()
