"""The table of costs: all lines of some months of sessions, in the order in which one needs the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from lake.schemas import SESSION_COSTS
from transforms import months
from transforms.costs.assigning import with_assignment
from transforms.costs.billed import billed_lines
from transforms.costs.carbon import with_co2
from transforms.costs.currency import with_reporting
from transforms.costs.evidence import KNOWN_DAYS
from transforms.costs.lines import joined, with_state
from transforms.costs.policies import policy_lines
from transforms.costs.spread import CURVE
from transforms.costs.tariffs import tariff_lines
from transforms.rules.assignments import Assignment
from transforms.rules.carbon import Carbon
from transforms.rules.policies import Distance, Policy
from transforms.rules.rates import Rates
from transforms.rules.tariffs import Tariff

MARGIN = 2
"""Months that `session_costs` must be given on either side of those that are wanted: what is owed by the local month
needs it whole, and a local month reaches into the months (UTC) beside it."""


@dataclass(frozen=True, slots=True)
class CostRules:
    """All that makes costs of sessions.

    Attributes:
        tariffs: All tariffs and versions.
        assignments: Who has which vehicle.
        curve: Power of vehicles (`CURVE`).
        policies: All policies of reimbursement and versions.
        distances: What was told of distances.
        known_days: Known days of vehicles by month (`KNOWN_DAYS`).
        rates: Rates of currencies.
        reporting_currency: ISO 4217 code.
        carbon: Grams of CO2 a kWh.
        countries: ISO 3166 code of the country by IANA zone.
        digits: Decimal digits by currency.
    """

    tariffs: tuple[Tariff, ...]
    rates: Rates
    reporting_currency: str
    digits: Mapping[str, int]
    carbon: Carbon = field(default_factory=Carbon)
    countries: Mapping[str, str] = field(default_factory=dict)
    curve: pl.DataFrame = field(default_factory=CURVE.to_frame)
    assignments: tuple[Assignment, ...] = ()
    policies: tuple[Policy, ...] = ()
    distances: tuple[Distance, ...] = ()
    known_days: pl.DataFrame = field(default_factory=KNOWN_DAYS.to_frame)


def session_costs(sessions: pl.DataFrame, rules: CostRules) -> pl.DataFrame:
    """The cost lines of sessions.

    Args:
        sessions: Columns of `lake.schemas.CHARGE_SESSIONS`, of whole months with `MARGIN` on either side.
        rules: The rules.

    Returns:
        `lake.schemas.SESSION_COSTS` and `month`, sorted as the table is. What vanished costs nothing and has no line.
    """
    told = with_assignment(sessions.filter(pl.col("status") != "vanished"), rules.assignments)
    has_bill = pl.col("currency").is_not_null()
    by_tariff = tariff_lines(told.filter(~has_bill), rules.tariffs, rules.curve, rules.digits)
    spent = joined([billed_lines(told), by_tariff])
    repaid = policy_lines(told, spent, rules.policies, rules.distances, rules.known_days, rules.digits)
    costs = with_state(joined([spent, repaid]))
    converted = with_reporting(costs, rules.rates, rules.reporting_currency, rules.digits)
    weighed = with_co2(converted, told, rules.carbon, rules.countries, rules.curve if rules.curve.height else None)
    return weighed.select(
        *SESSION_COSTS.schema.names(), months.month_of(str(SESSION_COSTS.month_of)).alias("month")
    ).sort(SESSION_COSTS.sort_by)
