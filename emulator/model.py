"""What the emulator knows of the world: vehicles, charging sessions and bills, before any API gives them a shape.

One model, many faces: v2.0 and v3 read the same vehicles and the same sessions. Nothing in here knows HTTP, limits or
faults.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Place = Literal["home", "work", "public"]
DailyRecords = Literal["served", "empty", "not_capable"]
Number = Decimal | float


@dataclass(frozen=True, slots=True)
class Correction:
    """A bill that was changed after it was posted: from `at` on it says these amounts."""

    at: datetime
    energy: Decimal
    other: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """What a paid session cost, in `currency` (ISO 4217), and since when (UTC) the API tells it."""

    record_id: str
    currency: str
    energy: Decimal
    other: Decimal
    posted_at: datetime
    energy_told: bool = True
    corrections: tuple[Correction, ...] = ()

    def amounts(self, now: datetime) -> tuple[Decimal, Decimal]:
        """Give the energy and the other cost as they stand at `now`."""
        energy, other = self.energy, self.other
        for correction in self.corrections:
            if correction.at <= now:
                energy, other = correction.energy, correction.other
        return energy, other


@dataclass(frozen=True, slots=True)
class Session:
    """One physical charging session; times are UTC, energy is kWh, state of charge is a fraction 0..1.

    An `end` of None is a session whose end nobody wrote down; None in the other fields is "not told". `coordinates`
    are latitude and longitude in degrees.
    """

    key: str
    start: datetime
    end: datetime | None
    energy_kwh: Number | None
    place: Place
    location: str | None
    is_public: bool | None = None
    soc_start: Number | None = None
    soc_end: Number | None = None
    charging_type: str | None = None
    bill: Bill | None = None
    coordinates: tuple[float, float] | None = None

    def known_at(self, now: datetime) -> bool:
        """Say whether the session is over (or, with an open end, begun) at `now`."""
        return (self.end or self.start) <= now


SessionSource = Callable[[datetime, datetime], Sequence[Session]]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle: who owns it, where it lives (IANA zone, ISO 3166 country, ISO 4217 currency), how its API talks.

    `sessions(since, until)` gives the sessions that start in [since, until), oldest first.
    """

    id: str
    user_id: str
    make: str
    model: str
    year: int
    vin: str
    zone: str
    country: str
    currency: str
    connected_at: datetime
    sessions: SessionSource
    daily_records: DailyRecords = "served"
    cost_as_numbers: bool = False
    dates_as_epoch: bool = False
    home_set: bool = True
    milliseconds: bool = False
    powertrain: str = "BEV"
