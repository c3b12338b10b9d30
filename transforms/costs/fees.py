"""Fees of tariffs: for the session, by the minute, by the month; and tax on top of net prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from lake.schemas import UTC
from transforms.costs import clocks, money
from transforms.costs.lines import OF_A_SESSION, PRICED, bases, joined, shaped
from transforms.rules.tariffs import Tariff, TimeEntry, nano

OF_A_TARIFF: Final = ("tariff", "rule_id", "rule_version", "rule_name", "currency", "amount_is", "tax_rate_pct")
"""What a line has of its tariff."""

_MINUTE: Final = 60_000_000
"""Microseconds."""


def fees(
    scoped: pl.DataFrame, parts: pl.DataFrame, tariffs: Sequence[Tariff], digits: Mapping[str, int]
) -> pl.DataFrame:
    """Fees for the session and by the minute, of the tariff that holds at its start.

    Args:
        scoped: Columns of `lake.schemas.CHARGE_SESSIONS`, driver, cost_centre and nano_kwh.
        parts: Columns session_id, from (UTC) and `OF_A_TARIFF`.
        tariffs: All tariffs.
        digits: Decimal digits by currency.

    Returns:
        Columns of `lake.schemas.COST_LINE`.
    """
    first = parts.filter(pl.col("tariff").is_not_null() & (pl.col("from") == pl.col("from").min().over("session_id")))
    begun = first.select("session_id", *OF_A_TARIFF).unique("session_id", keep="first", maintain_order=True)
    lasted = (pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds().alias("lasted")
    of_session = scoped.select("session_id", "ended_at", "nano_kwh", lasted)
    timed = begun.join(of_session, on="session_id", how="left").join(bases(scoped), on="session_id", how="left")
    frames: list[pl.DataFrame] = []
    for number, tariff in enumerate(tariffs):
        if (under := timed.filter(pl.col("tariff") == number)).height:
            frames += _fees_of(tariff, under, digits)
    return joined(map(shaped, frames))


def _fees_of(tariff: Tariff, under: pl.DataFrame, digits: Mapping[str, int]) -> Iterator[pl.DataFrame]:
    if tariff.entry.session_fee is not None:
        yield _fixed(under.filter(pl.col("nano_kwh") > 0), tariff.entry.session_fee, "session_fee", digits)
    for number, each in enumerate(tariff.entry.time, 1):
        since = (pl.col("started_at") + pl.duration(minutes=each.after_minutes)).cast(UTC)
        counted = under.filter(pl.col("lasted") > each.after_minutes * _MINUTE)
        per = pl.lit(_MINUTE * money.NANO).cast(money.WIDE)
        fee = _fee(
            counted,
            money.amount(_by_minute(each), per, "currency", digits),
            each.component,
            f"{each.component} {number}",
        )
        yield fee.with_columns(since.alias("priced_from"), pl.col("ended_at").alias("priced_until"))


def _by_minute(entry: TimeEntry) -> pl.Expr:
    """The price of a session's minutes, in nano units x microseconds a minute."""
    cost = (pl.col("lasted") - entry.after_minutes * _MINUTE).cast(money.WIDE) * nano(entry.price_per_minute)
    if entry.at_most is None:
        return cost
    most = pl.lit(nano(entry.at_most) * _MINUTE).cast(money.WIDE)
    return pl.when(cost > most).then(most).otherwise(cost)


def monthly_bases(lines: pl.DataFrame, tariffs: Sequence[Tariff], digits: Mapping[str, int]) -> pl.DataFrame:
    """The base price of a month, once for each vehicle whose energy the tariff priced in it.

    Args:
        lines: Columns of `lake.schemas.COST_LINE`: all lines by tariff of whole local months.
        tariffs: All tariffs; the version of the month's first session counts.
        digits: Decimal digits by currency.

    Returns:
        Columns of `lake.schemas.COST_LINE`; session_id is null.
    """
    energy = lines.filter((pl.col("component") == "energy") & pl.col("amount").is_not_null())
    month = pl.col("local_date").dt.truncate("1mo").alias("month")
    of_month = energy.sort("started_at", "session_id").group_by("vehicle_id", "rule_id", month, maintain_order=True)
    firsts = of_month.first()
    frames = []
    for tariff in tariffs:
        mine = (pl.col("rule_id") == tariff.entry.id) & (pl.col("rule_version") == tariff.entry.version)
        if tariff.entry.monthly_base_per_vehicle is not None and (of := firsts.filter(mine)).height:
            owed = _fixed(of, tariff.entry.monthly_base_per_vehicle, "monthly_base", digits)
            frames.append(shaped(of_no_session(owed)))
    return joined(frames)


def of_no_session(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a month instead of a session: they stand at noon of its first day.

    Args:
        rows: Columns of `lake.schemas.COST_LINE`, and month (its first day).
    """
    noons = [clocks.noon(day, ZoneInfo(zone)) for day, zone in rows.select("month", "timezone").iter_rows()]
    nothing = (*PRICED, "session_id", "priced_from", "priced_until", "parts")
    return rows.with_columns(
        pl.Series("started_at", noons, UTC),
        pl.col("month").alias("local_date"),
        *(pl.lit(None).alias(name) for name in nothing),
    )


def taxes(lines: pl.DataFrame, digits: Mapping[str, int]) -> pl.DataFrame:
    """Tax on net amounts: one line for each session, or month, and tariff, of the sum of its rounded net amounts.

    Args:
        lines: Columns of `lake.schemas.COST_LINE`.
        digits: Decimal digits by currency.

    Returns:
        Columns of `lake.schemas.COST_LINE`.
    """
    net = lines.filter((pl.col("amount_is") == "net") & pl.col("amount").is_not_null() & (pl.col("tax_rate_pct") > 0))
    keys = [*OF_A_SESSION, *PRICED, "basis", "rule_id", "rule_version", "currency", "tax_rate_pct"]
    summed = net.group_by(keys, maintain_order=True).agg(money.millionths("amount").sum().alias("net"))
    per = pl.lit(100 * 10 ** (2 * money.DECIMALS)).cast(money.WIDE)
    owed = money.amount(pl.col("net") * money.millionths("tax_rate_pct"), per, "currency", digits)
    return shaped(_fee(summed, owed, "tax", "tax").with_columns(pl.lit("tax").alias("amount_is")))


def _fixed(rows: pl.DataFrame, price: Decimal, component: str, digits: Mapping[str, int]) -> pl.DataFrame:
    """Rows with a fixed price as their amount, rounded as all amounts are."""
    per = pl.lit(money.NANO).cast(money.WIDE)
    owed = money.amount(pl.lit(nano(price)).cast(money.WIDE), per, "currency", digits)
    return _fee(rows, owed, component, component.replace("_", " "))


def _fee(rows: pl.DataFrame, amount: pl.Expr, component: str, rule: str) -> pl.DataFrame:
    return rows.with_columns(
        amount.alias("amount"),
        pl.lit("tariff").alias("basis"),
        pl.lit(component).alias("component"),
        pl.lit(rule).alias("rule_name"),
        pl.lit(0.0).alias("kwh_priced"),
        pl.lit(0.0).alias("kwh_unpriced"),
    )
