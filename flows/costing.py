"""`session_costs` of the lake: made anew for the months whose sessions or rules have changed since.

A local month reaches into the months (UTC) beside it, and a policy's month is one of a driver whatever the make, so
costs are made month by month of all makes, from the sessions of that month and of those around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl

from flows import made_of
from flows.house import House
from lake import schemas
from lake.reference import countries, currency_digits
from lake.schemas import CHARGE_SESSIONS, COMPLETENESS, SESSION_COSTS
from lake.tables import Partition
from transforms import months
from transforms.costs.evidence import KNOWN_DAYS, known_days
from transforms.costs.table import MARGIN, CostRules, session_costs
from transforms.rules.rates import of_month

_FILE: Final = "state/costed.json"
_MOST_MONTHS: Final = 12
"""Months that are made together; bounds the memory of a rebuild."""


def publish_costs(house: House, *, anew: bool = False) -> None:
    """Make the costs of the months whose sessions or rules have changed, and publish the files that differ.

    Args:
        house: The house; the caller holds the lake.
        anew: Make all of them, whatever has changed.
    """
    due = made_of.due(house, _FILE, _digests(house), anew=anew)
    for chunk in _chunks(due):
        costs = costs_of(house, chunk)
        house.tables.publish_changed(SESSION_COSTS, costs, _to_publish(house, costs, chunk))
    if due:
        made_of.keep(house, _FILE, _digests(house))


def costs_of(house: House, wanted: Sequence[str]) -> pl.DataFrame:
    """The costs of neighbouring months (UTC) from the published sessions: `SESSION_COSTS` and `month`."""
    read = months.near(wanted, -MARGIN, MARGIN)
    sessions = house.tables.read(CHARGE_SESSIONS, [each for each in _partitions(house) if each.month in read])
    return session_costs(sessions, cost_rules(house)).filter(pl.col("month").is_in(list(wanted)))


def costs_known_at(house: House, sessions: pl.DataFrame) -> pl.DataFrame:
    """The costs of sessions as they were known, by today's rules: columns of `SESSION_COSTS` and `month`.

    Args:
        house: The house.
        sessions: All of `CHARGE_SESSIONS` as it was known.
    """
    return session_costs(sessions, cost_rules(house))


def cost_rules(house: House) -> CostRules:
    """All that makes costs, as the folder of rules and the settings say it."""
    rules = house.rules
    return CostRules(
        tariffs=rules.tariffs,
        rates=rules.rates,
        reporting_currency=house.settings.reporting_currency,
        digits=currency_digits(),
        carbon=rules.carbon,
        countries=countries(),
        curve=rules.power,
        assignments=rules.assignments,
        policies=rules.policies,
        distances=rules.distances,
        known_days=_known_days(house),
    )


def settled_months(house: House) -> Iterator[list[str]]:
    """The months whose costs were made of the sessions and rules of now, in chunks of neighbours."""
    yield from _chunks(made_of.settled(house, _FILE, _digests(house)))


def _partitions(house: House) -> list[Partition]:
    return house.tables.partitions(CHARGE_SESSIONS)


def _to_publish(house: House, costs: pl.DataFrame, chunk: Iterable[str]) -> set[Partition]:
    stand = {each for each in house.tables.partitions(SESSION_COSTS) if each.month in set(chunk)}
    return stand | {Partition(make, month) for make, month in costs.select("make", "month").unique().iter_rows()}


def _digests(house: House) -> dict[str, list[str]]:
    """By month: what its costs are made of - its sessions, those around it, the rules - and what they are now."""
    of, costs = made_of.files(house, CHARGE_SESSIONS), made_of.files(house, SESSION_COSTS)
    days = made_of.files(house, COMPLETENESS) if _asks_for_days(house) else {}
    told = house.rules
    rules = (told.digest_but_rates, told.rates.source, house.settings.reporting_currency, schemas.SCHEMA_VERSION)

    def inputs(month: str) -> str:
        near = [(each, of.get(each), days.get(each)) for each in sorted(months.near([month], -MARGIN, MARGIN))]
        return made_of.digest(rules, of_month(told.rates, month).rows(), near)

    # what is owed by a local month stands at its first noon, which may be in a month (UTC) without any session
    wanted = months.near(of, -1, 1) | costs.keys()
    return {month: [inputs(month), made_of.digest(costs.get(month))] for month in wanted}


def _asks_for_days(house: House) -> bool:
    """Whether a policy pays only where enough days are known."""
    return any(each.evidence.known_days_pct for each in house.rules.policies)


def _known_days(house: House) -> pl.DataFrame:
    if not _asks_for_days(house):
        return KNOWN_DAYS.to_frame()
    return known_days(house.tables.read(COMPLETENESS, columns=("vehicle_id", "stream", "day", "state")))


def _chunks(due: Sequence[str]) -> Iterator[list[str]]:
    """Months in runs of neighbours, none too long."""
    chunk: list[str] = []
    for month in due:
        if chunk and (month != months.shifted(chunk[-1], 1) or len(chunk) == _MOST_MONTHS):
            yield chunk
            chunk = []
        chunk.append(month)
    if chunk:
        yield chunk
