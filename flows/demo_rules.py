"""Rules of the demo's fleet: places, tariffs and policy as they ship; prices, rates and drivers made up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from lake.reference import demo_rules
from lake.registry import Vehicle
from lake.store import LocalStore

FOLDER: Final = "rules"

_SHIPPED: Final = {"places.toml": "places.toml", "tariffs.toml": "tariffs.toml", "policy.toml": "policies/demo.toml"}
_DAYS: Final = 130
"""How far back prices and rates go: beyond the demo's history."""
_DRIVERS: Final = (
    "Amara Diallo", "Benoît Tremblay", "Çağla Yılmaz", "Dora Müller", "Emil Sørensen", "Fiona O'Brien",
    "Giulia Rossi", "Hana Nováková", "Ivan Petrov", "Jörg Weiß", "Kiran Patel", "Lars Ødegård",
)  # fmt: skip
_COST_CENTRES: Final = ("Sales", "Service", "Delivery")
_PER_EUR: Final = {"USD": "1.1172", "GBP": "0.8338", "CHF": "0.9194", "NOK": "10.3120", "CAD": "1.5606"}
_POOL_EVERY: Final = 9


def write_demo_rules(store: LocalStore, vehicles: Sequence[Vehicle], now: datetime) -> None:
    """Write the rules into the home, for the demo and for whoever looks at it afterwards.

    Args:
        store: The home.
        vehicles: The fleet.
        now: Prices and rates go up to this day.
    """
    for name, target in _SHIPPED.items():
        store.put(f"{FOLDER}/{target}", demo_rules(name))
    store.put(f"{FOLDER}/assignments.csv", _lines(_assignments(vehicles)))
    store.put(f"{FOLDER}/day-ahead-made-up.csv", _lines(_prices(now)))
    store.put(f"{FOLDER}/rates/made-up.csv", _lines(_rates(now.date())))
    store.put(f"{FOLDER}/rates/SOURCE.txt", b"made up for the demo\n")


def _assignments(vehicles: Sequence[Vehicle]) -> Iterator[str]:
    """A driver and a cost centre for each vehicle; every ninth is of the pool and has no driver."""
    yield "vehicle,driver,cost_centre,valid_from,valid_to"
    for number, vehicle in enumerate(sorted(vehicles, key=lambda each: each.vehicle_id)):
        driver = _DRIVERS[number % len(_DRIVERS)] if number % _POOL_EVERY != _POOL_EVERY - 1 else ""
        yield f"{vehicle.vehicle_id},{driver},{_COST_CENTRES[number % len(_COST_CENTRES)]},2026-01-01,"


def _prices(now: datetime) -> Iterator[str]:
    """A price an hour with two peaks a day; at noon of some Sundays it is below 0."""
    yield "utc_start,eur_per_mwh"
    first = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=_DAYS)
    for hour in range(24 * (_DAYS + 1)):
        at = first + timedelta(hours=hour)
        wave = 35 * math.sin((at.hour - 4) * math.pi / 6) + 20 * math.sin(at.timetuple().tm_yday / 9)
        sun = -70 if at.isoweekday() == 7 and 10 <= at.hour <= 13 else 0  # noqa: PLR2004 (Sunday at noon)
        yield f"{at:%Y-%m-%dT%H:%M:%SZ},{75 + wave + sun:.2f}"


def _rates(today: date) -> Iterator[str]:
    """Rates of every working day in the form of the ECB's, a little up and down."""
    yield f"Date,{','.join(_PER_EUR)}"
    for back in range(_DAYS):
        day = today - timedelta(days=back)
        if day.isoweekday() <= 5:  # noqa: PLR2004 (Friday)
            factor = Decimal(f"{1 + 0.01 * math.sin(day.toordinal() / 11):.6f}")
            yield f"{day},{','.join(f'{Decimal(rate) * factor:.4f}' for rate in _PER_EUR.values())}"


def _lines(lines: Iterator[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
