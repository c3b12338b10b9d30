"""Seeded frames of session costs for the tests of cost reports: lines, sessions and what is known of days."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl
from lakes import session

from lake.reference import currency_digits
from lake.schemas import CHARGE_SESSIONS, COMPLETENESS, SESSION_COSTS
from reports.costs.figures import CostReport, Period, Wanted, cost_report

NOW: Final = datetime(2026, 11, 2, 6, 12, tzinfo=UTC)
ZONES: Final = {
    "EUR": "Europe/Berlin", "GBP": "Europe/London", "CHF": "Europe/Zurich", "NOK": "Europe/Oslo",
    "USD": "America/Los_Angeles", "JPY": "Asia/Tokyo",
}  # fmt: skip
SIX: Final = tuple(ZONES)
PRICES: Final = {"EUR": "0.31", "GBP": "0.24", "CHF": "0.28", "NOK": "1.45", "USD": "0.17", "JPY": "31"}
RATES: Final = {"EUR": "1", "GBP": "1.15", "CHF": "1.04", "NOK": "0.086", "USD": "0.92"}
"""Made-up rates to the euro; of the yen none is known."""
_MAKES: Final = ("TESLA", "BMW", "MINI")
_STREAMS: Final = {"TESLA": "tesla_billing", "BMW": "bmw_records", "MINI": "mini_records"}
_STATES: Final = ("collected",) * 6 + ("confirmed_empty",) * 3 + ("not_asked", "upstream_error", "outside_window")


@dataclass(frozen=True, slots=True)
class Fleet:
    """A made-up fleet.

    Attributes:
        months: From the first day of `first` on.
        currencies: Handed out to vehicles in turn.
        priced: Whether any session has a price.
    """

    vehicles: int = 6
    months: int = 3
    first: date = date(2026, 8, 1)
    currencies: tuple[str, ...] = ("EUR",)
    seed: int = 7
    priced: bool = True
    stations: int = 25
    every_days: int = 3


@dataclass(frozen=True, slots=True)
class Frames:
    """What a cost report is made of."""

    lines: pl.DataFrame
    sessions: pl.DataFrame
    completeness: pl.DataFrame


def frames(fleet: Fleet = Fleet()) -> Frames:
    """Lines, sessions and completeness of a fleet; the same each time."""
    sessions = list(_sessions(fleet))
    lines = [line for each in sessions for line in _lines(each, fleet)]
    lines += _monthly(sessions) if fleet.priced else []
    return Frames(
        pl.DataFrame(lines, schema=SESSION_COSTS.schema, orient="row").sort(SESSION_COSTS.sort_by),
        pl.DataFrame(sessions, schema=CHARGE_SESSIONS.schema, orient="row").sort(CHARGE_SESSIONS.sort_by),
        pl.DataFrame(list(_known(fleet)), schema=COMPLETENESS.schema, orient="row"),
    )


def renamed(given: Frames, text: str) -> Frames:
    """The same frames, where everything that people or sources may write is this text."""
    written = ["place_name", "driver", "cost_centre", "rule_id", "rule_name", "fx_source"]
    lines = given.lines.with_columns(pl.lit(text).alias(name) for name in written)
    parts = pl.col("parts").list.eval(pl.element().struct.with_fields(pl.lit(text).alias("band")))
    names = ("location_name", "address", "model", "place_name", "connector_type")
    sessions = given.sessions.with_columns(pl.lit(text).alias(name) for name in names)
    return replace(given, lines=lines.with_columns(parts), sessions=sessions)


def _end(fleet: Fleet) -> date:
    month = fleet.first.month - 1 + fleet.months
    return date(fleet.first.year + month // 12, month % 12 + 1, 1)


def _sessions(fleet: Fleet) -> Iterator[dict[str, Any]]:
    for number in range(fleet.vehicles):
        dice = random.Random(f"{fleet.seed}-{number}")
        zone = ZONES[fleet.currencies[number % len(fleet.currencies)]]
        day = fleet.first + timedelta(days=dice.randrange(fleet.every_days))
        while day < _end(fleet):
            yield _session(dice, number, day, zone, fleet)
            day += timedelta(days=dice.randint(1, 2 * fleet.every_days - 1))


def _session(dice: random.Random, number: int, day: date, zone: str, fleet: Fleet) -> dict[str, Any]:
    place = dice.choice(("home",) * 5 + ("work",) * 2 + ("public",) * 3 + ("unknown",) * (number % 5 == 4))
    hour = {"home": dice.randint(18, 23), "work": dice.randint(7, 9)}.get(place, dice.randint(9, 20))
    started = datetime.combine(day, time(hour, dice.randrange(60)), ZoneInfo(zone)).astimezone(UTC)
    station = dice.randrange(fleet.stations)
    make = _MAKES[number % 3]
    told = None if dice.random() < 0.03 else round(dice.uniform(4, 65), 3)
    public = {"location_name": f"Station {station:02}", "address": f"Road {station}, Town"} if place == "public" else {}
    return session(
        f"{number:04}-{day}-{hour}",
        vehicle_id=f"vehicle-{number:04}",
        make=make,
        started_at=started,
        ended_at=started + timedelta(minutes=dice.randint(25, 60 if place == "public" else 480)),
        timezone=zone,
        local_date=day,
        energy_kwh=told,
        place=place,
        place_name="Depot" if place == "work" else None,
        place_method="is_public" if place != "unknown" else None,
        status="vanished" if dice.random() < 0.01 else "complete",
        **public,
    )


def _lines(of: dict[str, Any], fleet: Fleet) -> Iterator[dict[str, Any]]:
    if of["status"] == "vanished":
        return
    dice = random.Random(of["session_id"])
    currency = next(code for code, zone in ZONES.items() if zone == of["timezone"])
    base = _base(of)
    if of["energy_kwh"] is None or not fleet.priced or dice.random() < 0.04:
        reason = "energy_not_told" if of["energy_kwh"] is None else "no_tariff"
        lines = [base | {"component": "energy", "basis": "tariff", "kwh_unpriced": of["energy_kwh"], "reason": reason}]
        lines = [lines[0] | {"kwh_priced": 0.0, "state": "unpriced"}]
    elif of["place"] == "public":
        lines = _bill(base, of["energy_kwh"], currency, dice)
    else:
        lines = _by_tariff(base, of, currency, dice)
    if lines[0]["amount"] is not None and of["place"] == "home":
        lines.append(_refunded(base, of["energy_kwh"], currency))
    for place, line in enumerate(lines):
        first = {"co2_g": None if of["energy_kwh"] is None else of["energy_kwh"] * 321.5, "co2_source": "DE 2025"}
        yield line | {"line_id": f"{of['session_id']}-{place}"} | _converted(line) | (first if place == 0 else {})


def _base(of: dict[str, Any]) -> dict[str, Any]:
    number = int(of["vehicle_id"][-4:])
    driver = None if number % 6 == 5 else f"Driver {(number + of['local_date'].month) // 2:03}"
    same = (
        "session_id",
        "vehicle_id",
        "make",
        "started_at",
        "timezone",
        "local_date",
        "place",
        "place_name",
        "raw_ref",
    )
    return dict.fromkeys(SESSION_COSTS.schema) | {name: of[name] for name in same} | {
        "driver": driver,
        "cost_centre": None if driver is None else f"CC-{number % 4}",
        "session_revision": 1,
        "state": "complete",
        "kwh_priced": 0.0,
        "kwh_unpriced": 0.0,
        "reporting_currency": "EUR",
    }  # fmt: skip


def _monthly(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A base price a month for every fourth vehicle that charged in it."""
    told = {(of["vehicle_id"], of["local_date"].replace(day=1)): of for of in sessions if of["status"] != "vanished"}
    lines = []
    for (vehicle, month), of in sorted(told.items()):
        if int(vehicle[-4:]) % 4 == 0:
            currency = next(code for code, zone in ZONES.items() if zone == of["timezone"])
            base = _base(of | {"local_date": month, "place": None, "place_name": None, "session_id": None})
            noon = datetime.combine(month, time(12), ZoneInfo(of["timezone"])).astimezone(UTC)
            line = base | {"basis": "tariff", "component": "monthly_base", "currency": currency, "started_at": noon}
            line |= {"amount": rounded(10 * Decimal(PRICES[currency]), currency), "session_revision": None}
            lines.append(line | {"line_id": f"{vehicle}-{month}", "raw_ref": None} | _converted(line))
    return lines


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in the digits of its currency."""
    return amount.quantize(Decimal(1).scaleb(-currency_digits()[currency]), "ROUND_HALF_UP")


def _bill(base: dict[str, Any], kwh: float, currency: str, dice: random.Random) -> list[dict[str, Any]]:
    billed = base | {"basis": "billed", "currency": currency}
    price = Decimal(PRICES[currency]) * Decimal(dice.choice(("1.6", "1.9", "2.3")))
    lines = [billed | {"component": "energy", "amount": rounded(Decimal(str(kwh)) * price, currency)}]
    lines[0]["kwh_priced"] = kwh
    if dice.random() < 0.2:
        lines.append(billed | {"component": "other_unspecified", "amount": rounded(10 * price, currency)})
    if dice.random() < 0.05:
        lines.append(billed | {"component": "credit", "amount": -rounded(5 * price, currency)})
    return lines


def _by_tariff(base: dict[str, Any], of: dict[str, Any], currency: str, dice: random.Random) -> list[dict[str, Any]]:
    """Half of it at night and cheap, half by day; at times the last part has no price."""
    start, end, kwh = of["started_at"], of["ended_at"], of["energy_kwh"]
    middle = start + (end - start) / 2
    day = Decimal(PRICES[currency])
    spans = [(start, middle, "peak", day), (middle, end, "off_peak", day * Decimal("0.6"))]
    parts = [
        {"from": since, "until": until, "kwh": kwh / 2, "band": band, "price_per_kwh": price}
        for since, until, band, price in spans
    ]
    rule = {"basis": "tariff", "rule_id": "tariff-a", "rule_version": "1", "rule_name": "all", "component": "energy"}
    is_partial = dice.random() < 0.08
    priced = parts[:1] if is_partial else parts
    amount = sum((Decimal(str(part["kwh"])) * part["price_per_kwh"] for part in priced), Decimal(0))
    line = base | rule | {"amount": rounded(amount, currency), "currency": currency, "parts": priced}
    line |= {"kwh_priced": kwh / 2 if is_partial else kwh, "state": "partial" if is_partial else "complete"}
    rest = line | {"amount": None, "currency": None, "parts": None, "kwh_priced": 0.0, "kwh_unpriced": kwh / 2}
    return [line, rest | {"reason": "no_price"}] if is_partial else [line]


def _refunded(base: dict[str, Any], kwh: float, currency: str) -> dict[str, Any]:
    amount = rounded(Decimal(str(kwh)) * Decimal(PRICES[currency]) * Decimal("0.9"), currency)
    return base | {
        "basis": "policy", "component": "energy", "amount": amount, "currency": currency, "kwh_priced": kwh,
        "rule_id": "policy-a", "rule_version": "1", "rule_name": "home",
    }  # fmt: skip


def _converted(line: dict[str, Any]) -> dict[str, Any]:
    rate = RATES.get(line["currency"] or "")
    if rate is None or line["amount"] is None:
        return {}
    amount = rounded(line["amount"] * Decimal(rate), "EUR")
    return {"reporting_amount": amount, "fx_rate": round(1 / Decimal(rate), 9), "fx_date": line["local_date"]}


def _known(fleet: Fleet) -> Iterator[dict[str, Any]]:
    days = (_end(fleet) - fleet.first).days
    for number in range(fleet.vehicles):
        dice = random.Random(f"known-{number}")
        make, state = _MAKES[number % 3], "collected"
        for past in range(days):
            state = dice.choice(_STATES) if dice.random() < 0.2 else state
            yield {
                "vehicle_id": f"vehicle-{number:04}", "make": make, "stream": _STREAMS[make],
                "day": fleet.first + timedelta(days=past), "state": state, "as_of": NOW,
            }  # fmt: skip


def one_vehicle() -> Frames:
    """One vehicle, one currency, one month."""
    return frames(Fleet(vehicles=1, months=1, every_days=2))


def without(given: Frames, *names: Sequence[str]) -> Frames:
    """The frames without any rows of these."""
    return replace(given, **{name: getattr(given, name).clear() for name in names})


def wanted(fleet: Fleet = Fleet(), **told: Any) -> Wanted:
    """A report of all months of a fleet."""
    period = Period(fleet.first, _end(fleet) - timedelta(days=1))
    return Wanted(**{"period": period, "by": "vehicle", "currency": "EUR", "generated_at": NOW} | told)


def report(given: Frames, fleet: Fleet = Fleet(), **told: Any) -> CostReport:
    """The figures of all months of a fleet."""
    return cost_report(given.lines, given.sessions, given.completeness, wanted(fleet, **told))
