"""The signal `charge-chargetimers`: what v2.0 tells as schedules, in one form for every make (API reference, §8)."""

from collections.abc import Sequence
from datetime import datetime

from emulator.model import Vehicle
from emulator.schedules import DAYS, Window
from emulator.world import World

Timer = dict[str, object]


def charge_timers(world: World, vehicle: Vehicle, at: datetime, endpoint: str) -> Timer:
    """Give the body: a Tesla's times, a Ford's or Lincoln's places, windows of any other make."""
    del at, endpoint
    if vehicle.make in ("FORD", "LINCOLN"):
        return {"values": [_place(place) for place in _places(world, vehicle)]}
    if vehicle.make != "TESLA":
        return {"values": [_timer("GLOBAL", None, world.schedules.nissan(vehicle))]}
    told = world.schedules.tesla(vehicle)
    timer = _timer("GLOBAL", None, ())
    if told.start.enabled:
        timer["schedules"] = [{"start": f"{told.start.time}:00", "end": None, "days": list(DAYS)}]
    if told.departure.enabled:
        timer["departureTimers"] = [{"time": f"{told.departure.time}:00", "days": list(DAYS)}]
    return {"values": [timer]}


def _places(world: World, vehicle: Vehicle) -> list[tuple[str, float, float, Sequence[Window]]]:
    return [
        (f"Place {number}", each.latitude, each.longitude, (*each.weekday, *each.weekend))
        for number, each in enumerate(world.schedules.places(vehicle), 1)
    ]


def _place(told: tuple[str, float, float, Sequence[Window]]) -> Timer:
    name, latitude, longitude, windows = told
    condition = {"name": name, "latitude": latitude, "longitude": longitude}
    return _timer("LOCATION", condition, windows)


def _timer(kind: str, condition: Timer | None, windows: Sequence[Window]) -> Timer:
    schedules = [{"start": f"{each.start}:00", "end": f"{each.end}:00", "days": list(each.days)} for each in windows]
    return {
        "type": kind,
        "condition": condition,
        "schedules": schedules,
        "departureTimers": [],
        "isOEMOptimizationEnabled": False,
    }
