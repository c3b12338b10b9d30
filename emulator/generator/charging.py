"""What happens in one generated session: how long, how much, from which state of charge, at which address."""

import struct
from datetime import datetime, timedelta
from decimal import Decimal
from math import sqrt
from random import Random
from statistics import NormalDist

from emulator.generator import figures
from emulator.generator.billing import draw_bill
from emulator.generator.figures import PlaceFigures
from emulator.generator.profile import Profile
from emulator.identity import fraction, uuid_of
from emulator.model import Number, Place, Session

_NORMAL = NormalDist()
_FIGURES = {"home": figures.HOME, "work": figures.WORK}
# The share of what the meter counts that arrives in the battery: an assumption.
EFFICIENCY = 0.92
# No session fills more than this part of a battery, so that the start is never below empty.
MOST = 0.94
SHORTEST = timedelta(seconds=30)


def draw_session(rng: Random, profile: Profile, place: Place, start: datetime, latest: datetime) -> Session:
    """Draw the session that starts at `start` (UTC) and ends by `latest` at the latest."""
    fast = place == "public" and profile.model.fast and rng.random() < figures.DC_SHARE
    spread = _FIGURES.get(place) or (figures.PUBLIC_DC if fast else figures.PUBLIC_AC)
    hours, kwh = _hours_and_kwh(rng, spread, profile.model.battery_kwh)
    end = min(start + max(timedelta(seconds=round(hours * 3600)), SHORTEST), latest)
    kwh = min(kwh, spread.power_kw * (end - start).total_seconds() / 3600)
    soc_start, soc_end = _states_of_charge(rng, kwh, profile.model.battery_kwh)
    energy = _energy(rng, profile.make, kwh)
    billed = profile.make == "TESLA" and fast
    location = _location(rng, profile, place)
    return Session(
        key=uuid_of("session", profile.seed, start),
        start=start,
        end=end,
        energy_kwh=energy,
        place=place,
        location=location,
        is_public=place == "public",
        soc_start=soc_start,
        soc_end=soc_end,
        charging_type="DC" if fast else _alternating(rng),
        bill=draw_bill(rng, profile, start, end, Decimal(str(energy))) if billed else None,
        coordinates=_coordinates(profile, location),
    )


def _hours_and_kwh(rng: Random, spread: PlaceFigures, battery_kwh: float) -> tuple[float, float]:
    """Draw a length and an energy that rise together as much as they do in the real set."""
    first, second = rng.gauss(0, 1), rng.gauss(0, 1)
    rho = spread.rank_correlation
    hours = figures.at(spread.duration_h, _NORMAL.cdf(first))
    if rng.random() < spread.zero_share:
        return hours, 0.0
    kwh = figures.at(spread.energy_kwh, _NORMAL.cdf(rho * first + sqrt(1 - rho * rho) * second))
    return hours, min(kwh, battery_kwh * MOST / EFFICIENCY)


def _states_of_charge(rng: Random, kwh: float, battery_kwh: float) -> tuple[Decimal, Decimal]:
    """Give the fractions at start and end, in hundredths as BMW's API gives them."""
    gained = kwh * EFFICIENCY / battery_kwh
    wanted = rng.choice((0.6, 0.7, 0.8, 0.8, 0.9, 1.0)) - rng.random() * 0.05
    end = min(max(wanted, gained + 0.03), 1.0)
    return _hundredths(end - gained), _hundredths(end)


def _hundredths(value: float) -> Decimal:
    return Decimal(round(max(value, 0.0) * 100)).scaleb(-2).normalize() + 0


def _energy(rng: Random, make: str, kwh: float) -> Number:
    """Write the energy as the make's API does: a Tesla's to the milliwatt-hour, a BMW's often as a 32-bit float."""
    if make == "TESLA":
        return Decimal(round(kwh * 10**6)).scaleb(-6)
    hundredths = Decimal(round(kwh * 100)).scaleb(-2)
    if rng.random() >= figures.FLOAT32_SHARE:
        return hundredths
    single: float = struct.unpack("<f", struct.pack("<f", float(hundredths)))[0]
    return single


def _alternating(rng: Random) -> str:
    return "AC_HIGH" if rng.random() < figures.AC_HIGH_SHARE else "AC"


def _location(rng: Random, profile: Profile, place: Place) -> str:
    if place == "home":
        return profile.home
    return profile.city.workplace if place == "work" else rng.choice(profile.city.sites)


def _coordinates(profile: Profile, location: str) -> tuple[float, float]:
    """Put an address within some kilometres of its city's middle, always at the same place."""
    latitude, longitude = profile.city.coordinates
    north, east = (fraction(axis, location) - 0.5 for axis in ("north", "east"))
    return round(latitude + north / 10, 5), round(longitude + east / 10, 5)
