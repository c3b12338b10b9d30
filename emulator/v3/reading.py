"""Reading a vehicle's signals: for a poll from the store or for a delivery, with the faults that strike them."""

from collections.abc import Iterable
from datetime import datetime

from emulator.faults.signals import Reading, TimeForm, spoil
from emulator.model import Vehicle
from emulator.v3.signals import SIGNALS
from emulator.world import World


def stored(world: World, vehicle: Vehicle, permissions: Iterable[str], endpoint: str) -> list[Reading]:
    """Give what the store knows of the signals that were granted, each as of its own instant."""
    instants = {code: world.store.as_of(vehicle, code) for code in _granted(permissions)}
    known = {code: at for code, at in instants.items() if at is not None}
    return _read(world, vehicle, known, (endpoint, "iso"))


def fresh(world: World, vehicle: Vehicle, codes: Iterable[str], at: datetime, endpoint: str) -> list[Reading]:
    """Give some signals as of `at`, as a delivery tells them: times in milliseconds of the epoch."""
    return _read(world, vehicle, dict.fromkeys(codes, at), (endpoint, "milliseconds"))


def _granted(permissions: Iterable[str]) -> list[str]:
    held = frozenset(permissions)
    return [code for code, signal in SIGNALS.items() if signal.permission in held]


def _read(world: World, vehicle: Vehicle, known: dict[str, datetime], about: tuple[str, TimeForm]) -> list[Reading]:
    endpoint, times = about
    readings = []
    for code, at in known.items():
        body = SIGNALS[code].build(world, vehicle, at, endpoint)
        if body is not None:
            readings.append(Reading(code, at, body, {"value": "SUCCESS"}, times))
    return spoil(world.faults, endpoint, vehicle.id, readings)
