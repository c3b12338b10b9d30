"""The figures of a cost report: what was charged in a period, what it cost, and what is reimbursed of it.

Pure functions from frames of the tables to small values. Amounts are exact and stand beside their currency; nothing is
ever added across currencies, but for the amounts that were converted into one reporting currency line by line. A
figure that is not known is None, never 0, and each session counts once: in the currency it is priced in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl

from lake.names import Namer, real_ids
from lake.schemas import CHARGE_DAYS
from reports.costs import grouping
from reports.costs.unknown import Unknown, what_is_not_known

_ALL: Final = pl.lit("")
_EXACT: Final = pl.Decimal(38, 6)
NO_DAYS: Final = CHARGE_DAYS.empty()


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `since` to `until`, both among them."""

    since: date
    until: date

    def __str__(self) -> str:
        """As a person reads it: `2026-10-01 to 2026-10-31`."""
        return f"{self.since} to {self.until}" if self.since != self.until else str(self.since)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a report.

    Attributes:
        by: One of `reports.costs.grouping.GROUPINGS`.
        currency: ISO 4217 code of the reporting currency.
        generated_at: When it is made, UTC.
        as_of: The instant of which it shows what was known then; None: now.
        title: Heading.
    """

    period: Period
    by: str
    currency: str
    generated_at: datetime
    as_of: datetime | None = None
    title: str = "What charging cost"


@dataclass(frozen=True, slots=True)
class CostRow:
    """One group and one currency.

    Attributes:
        group: What the row is about, as it is written; empty in totals.
        currency: ISO 4217 code of all its amounts but `converted`; None: sessions that nothing prices.
        sessions: Sessions that are priced in this currency; each counts in one row. One that is reimbursed in another
            currency than it cost counts where it cost.
        without_energy: Those of them that tell no energy.
        kwh: Energy of the others, kWh; None if none tells it.
        kwh_priced: Energy that a bill or tariff prices, kWh; None with `kwh`.
        kwh_unpriced: Energy that nothing prices, kWh; None with `kwh`.
        partial: Sessions of which some part has no price.
        unpriced: Sessions of which no part has a price.
        billed: Sum of what was billed; None if nothing was.
        tariff: Sum of what is priced by tariffs, what is owed by the month among it; None if nothing is.
        cost: Sum of the two; None if there is neither.
        reimbursed: Sum of what policies give, which is no part of the cost; None if they give nothing.
        converted: `cost` in the reporting currency, the sum of its lines converted; None if one has no rate.
        not_converted: Lines of the cost without a rate.
        co2_g: Grams of CO2 of the sessions of which it is known; None if of none.
    """

    group: str
    currency: str | None
    sessions: int
    without_energy: int
    kwh: float | None
    kwh_priced: float | None
    kwh_unpriced: float | None
    partial: int
    unpriced: int
    billed: Decimal | None
    tariff: Decimal | None
    cost: Decimal | None
    reimbursed: Decimal | None
    converted: Decimal | None
    not_converted: int
    co2_g: float | None


@dataclass(frozen=True, slots=True)
class CostReport:
    """What charging cost in a period.

    Attributes:
        wanted: What was asked.
        rows: By group, and within it by currency; sessions that nothing prices last.
        totals: One row a currency, never over currencies.
        converted_total: Cost of all currencies in the reporting currency; None if there is no cost, or a line of it has
            no rate.
        unknown: What is not known.
    """

    wanted: Wanted
    rows: tuple[CostRow, ...]
    totals: tuple[CostRow, ...]
    converted_total: Decimal | None
    unknown: Unknown

    @property
    def sessions(self) -> int:
        """How many sessions it is about."""
        return sum(each.sessions for each in self.totals)


def cost_report(
    lines: pl.DataFrame,
    sessions: pl.DataFrame,
    completeness: pl.DataFrame,
    wanted: Wanted,
    names: Namer = real_ids,
    days: pl.DataFrame = NO_DAYS,
) -> CostReport:
    """The figures of a period.

    Args:
        lines: Columns of `lake.schemas.SESSION_COSTS`; lines of other days are left out.
        sessions: Columns session_id, status, vehicle_id, local_date, currency of `charge_sessions`.
        completeness: Columns vehicle_id, stream, day, state of `completeness`.
        wanted: What is asked.
        names: What to call a vehicle.
        days: Columns of `lake.schemas.CHARGE_DAYS`.

    Raises:
        KeyError: `wanted.by` is no grouping.
    """
    told = within(lines, wanted.period)
    facts = _facts(told, grouping.key(told, wanted.by, names), wanted.currency)
    totals = _rows(facts.with_columns(_ALL.alias("group")))
    return CostReport(
        wanted=wanted,
        rows=_rows(facts),
        totals=totals,
        converted_total=_sum_of_converted(totals),
        unknown=what_is_not_known(
            told,
            within(sessions, wanted.period),
            within(completeness, wanted.period, "day"),
            within(days, wanted.period, "day"),
            wanted.currency,
            names,
        ),
    )


def within(frame: pl.DataFrame, period: Period, column: str = "local_date") -> pl.DataFrame:
    """The rows of the period's days; those without a day are left out."""
    return frame.filter(pl.col(column).is_between(period.since, period.until))


def _facts(lines: pl.DataFrame, group: pl.Series, currency: str) -> pl.DataFrame:
    """What each line adds to the row of its group and currency: group, currency, and the columns of `_SUMS`.

    An amount counts in its own currency. What is told of the session counts in the session's one, so that it counts
    once: on the session's first line there.
    """
    policy = pl.col("basis") == "policy"
    amount = pl.col("amount").cast(_EXACT)
    rated = pl.col("reporting_currency") == currency
    money = lines.select(
        group.alias("group"),
        "currency",
        pl.when(pl.col("basis") == "billed").then(amount).alias("billed"),
        pl.when(pl.col("basis") == "tariff").then(amount).alias("tariff"),
        pl.when(~policy).then(amount).alias("cost"),
        pl.when(policy).then(amount).alias("reimbursed"),
        pl.when(~policy & rated).then(pl.col("reporting_amount").cast(_EXACT)).alias("converted"),
        (~policy & amount.is_not_null() & ~(rated & pl.col("reporting_amount").is_not_null()).fill_null(value=False))
        .cast(pl.Int64)
        .alias("not_converted"),
    ).filter(pl.col("currency").is_not_null())
    return pl.concat([money, _of_sessions(lines.with_columns(group.alias("group")))], how="diagonal")


def _of_sessions(lines: pl.DataFrame) -> pl.DataFrame:
    """One row a session: group, the currency it counts in, and what is told of it."""
    cost = pl.col("basis") != "policy"
    states = pl.col("state").filter(cost)
    # of all lines of the cost: what a bill takes back for energy is a credit, and its energy stands there
    kwh = [pl.col(name).filter(cost).cast(_EXACT) for name in ("kwh_priced", "kwh_unpriced")]
    known = cost.any() & kwh[0].is_not_null().all() & kwh[1].is_not_null().all()
    found = (
        lines.drop_nulls("session_id")
        .sort("session_id", "line_id")
        .group_by("session_id", maintain_order=True)
        .agg(
            pl.col("group").first(),
            pl.coalesce(
                pl.col("currency").filter(cost).drop_nulls().sort().first(),
                pl.col("currency").drop_nulls().sort().first(),
            ),
            (states == "unpriced").all().cast(pl.Int64).alias("unpriced"),
            (states != "complete").any().cast(pl.Int64).alias("partial"),
            pl.when(known).then(kwh[0].sum()).alias("kwh_priced"),
            pl.when(known).then(kwh[1].sum()).alias("kwh_unpriced"),
            pl.col("co2_g").cast(_EXACT).drop_nulls().first(),
        )
    )
    return found.select(
        "group",
        "currency",
        pl.lit(1, pl.Int64).alias("sessions"),
        pl.col("kwh_priced").is_null().cast(pl.Int64).alias("without_energy"),
        (pl.col("kwh_priced") + pl.col("kwh_unpriced")).cast(_EXACT).alias("kwh"),
        "kwh_priced",
        "kwh_unpriced",
        (pl.col("partial") - pl.col("unpriced")).alias("partial"),
        "unpriced",
        "co2_g",
    )


def _rows(facts: pl.DataFrame) -> tuple[CostRow, ...]:
    summed = facts.group_by("group", "currency").agg(
        *(_sum_if_any(name) for name in _SUMS),
        *(pl.col(name).sum() for name in _COUNTS),
    )
    ordered = summed.sort("group", "currency", nulls_last=True)
    return tuple(_row(each) for each in ordered.iter_rows(named=True))


_COUNTS: Final = ("sessions", "without_energy", "partial", "unpriced", "not_converted")
_FLOATS: Final = ("kwh", "kwh_priced", "kwh_unpriced", "co2_g")
_SUMS: Final = (*_FLOATS, "billed", "tariff", "cost", "reimbursed", "converted")


def _row(summed: dict[str, Any]) -> CostRow:
    floats = {name: None if summed[name] is None else float(summed[name]) for name in _FLOATS}
    converted = None if summed["not_converted"] else summed["converted"]
    return CostRow(**summed | floats | {"converted": converted})


def _sum_if_any(column: str) -> pl.Expr:
    """The sum, or null if nothing goes into it."""
    return pl.when(pl.col(column).count() > 0).then(pl.col(column).sum()).alias(column)


def _sum_of_converted(totals: Iterable[CostRow]) -> Decimal | None:
    costing = [each for each in totals if each.cost is not None]
    amounts = [each.converted for each in costing if each.converted is not None]
    return sum(amounts, Decimal()) if costing and len(amounts) == len(costing) else None
