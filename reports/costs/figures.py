"""The figures of a cost report: what sessions cost by a grouping and a currency, and what of it is not known.

Pure functions from the published tables to small values, for the terminal and for every form that leaves the lake.
Sums are exact: money as it is kept, energy in billionths of a kWh. Amounts of different currencies are never added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import polars as pl

from lake.names import Namer
from lake.schemas import MONEY
from reports.costs.unknown import Unknown, what_is_unknown
from transforms.costs.lines import COST_SIDE
from transforms.costs.money import nano_kwh

GROUPINGS: Final = {
    "driver": ("driver",),
    "vehicle": ("vehicle",),
    "cost-centre": ("cost_centre",),
    "place": ("place", "place_name"),
    "make": ("make",),
    "day": ("day",),
    "month": ("month",),
}
"""What costs can be grouped by, and the keys of a group."""

_ON_COST_SIDE: Final = pl.col("basis").is_in(COST_SIDE)
_HAS_AMOUNT: Final = pl.col("amount").is_not_null()
_NANO: Final = Decimal(1).scaleb(-9)
_MILLI: Final = Decimal(1).scaleb(-3)
_SUM: Final = pl.Decimal(38, MONEY.scale)


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `since` until `until`, both in it."""

    since: date
    until: date


@dataclass(frozen=True, slots=True)
class CostRow:
    """What the sessions of one group cost in one currency.

    Attributes:
        group: Its keys as in `GROUPINGS`, in words; None where a key is not told. Of a total: empty.
        currency: ISO 4217 code of the amounts; None for what nothing prices.
        sessions: Each counts once, in the first currency of its costs.
        partial: Sessions of which a part has no price.
        unpriced: Sessions of which nothing has a price.
        no_energy: Sessions of which no energy was told.
        kwh_priced: Energy with a price, kWh; None if no energy is told at all.
        kwh_unpriced: Energy without one, kWh; None as above.
        billed: Sum of bills; None if there is no amount.
        tariff: Sum of amounts by tariff; None if there is none.
        reimbursed: Sum of amounts by policies, which are no costs; None if there is none.
        converted: Costs in the reporting currency, as far as rates are known; None if there is none.
        not_converted: Amounts of costs without a rate; they are not in `converted`.
        co2_g: Grams of CO2; None if not known of any session.
    """

    group: tuple[str | None, ...]
    currency: str | None
    sessions: int
    partial: int
    unpriced: int
    no_energy: int
    kwh_priced: Decimal | None
    kwh_unpriced: Decimal | None
    billed: Decimal | None
    tariff: Decimal | None
    reimbursed: Decimal | None
    converted: Decimal | None
    not_converted: int
    co2_g: Decimal | None

    @property
    def kwh(self) -> Decimal | None:
        """Energy that was told, kWh; None if none was."""
        return _added(self.kwh_priced, self.kwh_unpriced)

    @property
    def cost(self) -> Decimal | None:
        """Bills and amounts by tariff; None if there is none."""
        return _added(self.billed, self.tariff)


@dataclass(frozen=True, slots=True)
class CostReport:
    """What sessions of a period cost.

    Attributes:
        by: One of `GROUPINGS`.
        made_at: When the report was made, UTC.
        as_of: The instant as of which the lake is shown, UTC; None: as it is known now.
        currency: The reporting currency.
        rows: By group and currency, sorted; those of one group stand together.
        totals: One a currency, over all groups; None as a currency last.
        converted_total: Costs of all currencies in the reporting currency, as far as rates are known.
        not_converted: Amounts that are not in it.
        unknown: What is not known.
    """

    title: str
    period: Period
    by: str
    made_at: datetime
    as_of: datetime | None
    currency: str
    rows: tuple[CostRow, ...]
    totals: tuple[CostRow, ...]
    converted_total: Decimal | None
    not_converted: int
    unknown: Unknown


def cost_report(  # noqa: PLR0913 (what a report is made of and what it says of itself)
    lines: pl.DataFrame,
    sessions: pl.DataFrame,
    completeness: pl.DataFrame,
    period: Period,
    by: str,
    named: Namer,
    *,
    currency: str,
    made_at: datetime,
    as_of: datetime | None = None,
    title: str = "What charging cost",
) -> CostReport:
    """The report of a period.

    Args:
        lines: Columns of `SESSION_COSTS`; lines of other days are left out.
        sessions: Columns session_id, status, local_date of `CHARGE_SESSIONS`.
        completeness: Columns vehicle_id, stream, day, state; no rows if that is not known.
        period: Local days.
        by: One of `GROUPINGS`.
        named: What to call a vehicle.
        currency: The reporting currency of the lines.
        made_at: When the report is made.
        as_of: The instant as of which the tables are known, where that is not now.
        title: Heading.
    """
    inside = pl.col("local_date").is_between(period.since, period.until)
    told = _prepared(lines.filter(inside), named)
    totals = _rows(told, ())
    converted = [each.converted for each in totals if each.converted is not None]
    days = completeness.filter(pl.col("day").is_between(period.since, period.until))
    return CostReport(
        title=title,
        period=period,
        by=by,
        made_at=made_at,
        as_of=as_of,
        currency=currency,
        rows=_rows(told, GROUPINGS[by]),
        totals=totals,
        converted_total=sum(converted, Decimal(0)) if converted else None,
        not_converted=sum(each.not_converted for each in totals),
        unknown=what_is_unknown(told, sessions.filter(inside), days, named),
    )


def _prepared(lines: pl.DataFrame, named: Namer) -> pl.DataFrame:
    """Lines with the keys of all groupings and the currency of their row.

    A line of a session that has no amount stands beside those that have: in the first currency of the session's costs.
    The first line of each session on the cost side stands for it.
    """
    vehicles = {each: named(each) for each in lines["vehicle_id"].unique().to_list()}
    own = pl.col("currency").filter(_ON_COST_SIDE).drop_nulls().sort().first().over("session_id")
    of_session = pl.col("session_id").is_not_null()
    keyed = lines.with_columns(
        pl.col("vehicle_id").replace_strict(vehicles, return_dtype=pl.String).alias("vehicle"),
        pl.col("local_date").cast(pl.String).alias("day"),
        pl.col("local_date").dt.strftime("%Y-%m").alias("month"),
        pl.when(of_session).then(own).alias("own"),
    ).with_columns(pl.coalesce("currency", "own").alias("currency"))
    first = keyed.sort(~_ON_COST_SIDE, pl.col("currency") != pl.col("own"), maintain_order=True).with_columns(
        (_ON_COST_SIDE & of_session & pl.col("session_id").is_first_distinct()).alias("is_session")
    )
    energy = pl.col("component") == "energy"
    return first.with_columns((energy & _ON_COST_SIDE).alias("is_energy"))


def _rows(told: pl.DataFrame, keys: Sequence[str]) -> tuple[CostRow, ...]:
    grouped = told.group_by(*keys, "currency").agg(*_counts(), *_energy(), *_amounts())
    ordered = grouped.sort(*keys, "currency", nulls_last=True)
    return tuple(CostRow(tuple(row[: len(keys)]), *row[len(keys) :]) for row in ordered.iter_rows())


def _counts() -> tuple[pl.Expr, ...]:
    session, state = pl.col("is_session"), pl.col("state")
    not_told = pl.col("is_energy") & pl.col("kwh_unpriced").is_null()
    return (
        session.sum().alias("sessions"),
        (session & (state == "partial")).sum().alias("partial"),
        (session & (state == "unpriced")).sum().alias("unpriced"),
        pl.col("session_id").filter(not_told).n_unique().alias("no_energy"),
    )


def _energy() -> tuple[pl.Expr, ...]:
    """Sums in whole billionths: sums of floats depend on their order."""
    return tuple(
        _known(_decimal(nano_kwh(name).filter("is_energy").sum()), pl.col(name).filter("is_energy")).alias(name)
        for name in ("kwh_priced", "kwh_unpriced")
    )


def _amounts() -> tuple[pl.Expr, ...]:
    converted = pl.col("reporting_amount").filter(_ON_COST_SIDE)
    missing = _ON_COST_SIDE & _HAS_AMOUNT & pl.col("reporting_amount").is_null()
    milligrams = (pl.col("co2_g") * 1000).round().cast(pl.Int64).sum()
    return (
        *(_sum(pl.col("amount").filter(pl.col("basis") == basis)).alias(basis) for basis in (*COST_SIDE, "policy")),
        _sum(converted).alias("converted"),
        missing.sum().alias("not_converted"),
        _known(_decimal(milligrams, _MILLI), pl.col("co2_g")).alias("co2_g"),
    )


def _sum(amounts: pl.Expr) -> pl.Expr:
    return _known(amounts.cast(_SUM).sum(), amounts)


def _known(total: pl.Expr, of: pl.Expr) -> pl.Expr:
    """A sum, where there is something to add."""
    return pl.when(of.count() > 0).then(total)


def _decimal(units: pl.Expr, unit: Decimal = _NANO) -> pl.Expr:
    return units.cast(pl.Decimal(38, 0)) * pl.lit(unit)


def _added(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    told = [each for each in (one, other) if each is not None]
    return sum(told, Decimal(0)) if told else None
