"""Charge schedules in v2.0: Tesla, Nissan, Ford and Lincoln, to read and to set (Smartcar's API reference, §6)."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from emulator.errors import bad_parameter, failure
from emulator.model import Vehicle
from emulator.schedules import DAYS, WEEKDAYS, WEEKEND, PlaceSchedule, TeslaSchedule, Window
from emulator.v2.records import require_make
from emulator.world import World

Query = Mapping[str, str]
Answer = dict[str, object]
MOST_WINDOWS = 3
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def schedule(world: World, vehicle: Vehicle, make: str) -> Answer:
    """Answer `GET /{make}/charge/schedule`."""
    _require(vehicle, make, ("tesla", "nissan"))
    if make == "tesla":
        return _tesla(world.schedules.tesla(vehicle))
    today = world.clock.now().date() if world.schedules.tells_instants(vehicle) else None
    return {"chargeSchedules": [_told(window, today) for window in world.schedules.nissan(vehicle)]}


def set_schedule(world: World, vehicle: Vehicle, make: str, body: Mapping[str, object]) -> Answer:
    """Answer `POST /tesla/charge/schedule`, and `PUT` (older: `POST`) `/nissan/charge/schedule`."""
    _require(vehicle, make, ("tesla", "nissan"))
    if make == "tesla":
        return _set_tesla(world, vehicle, body)
    windows = body.get("chargeSchedules")
    if not isinstance(windows, list) or len(windows) > MOST_WINDOWS:
        raise bad_parameter("chargeSchedules", f"must be a list of at most {MOST_WINDOWS}")
    world.schedules.set_nissan(vehicle, tuple(_window(each, with_days=True) for each in windows))
    return {"status": "success", "message": "Successfully sent request to vehicle"}


def places(world: World, vehicle: Vehicle, make: str) -> Answer:
    """Answer `GET /{make}/charge/schedule_by_location` of a Ford or Lincoln."""
    _require(vehicle, make, ("ford", "lincoln"))
    return {"chargingLocations": [_place(each) for each in world.schedules.places(vehicle)]}


def set_place(world: World, vehicle: Vehicle, make: str, query: Query, body: Mapping[str, object]) -> Answer:
    """Answer `PUT /{make}/charge/schedule_by_location?latitude=&longitude=`, for a place that `GET` told."""
    _require(vehicle, make, ("ford", "lincoln"))
    here = (_coordinate(query, "latitude"), _coordinate(query, "longitude"))
    if here not in {(each.latitude, each.longitude) for each in world.schedules.places(vehicle)}:
        raise bad_parameter("latitude", "is not a charging location of the vehicle")
    limit, on_plugin = _number(body.get("chargeLimit")), body.get("chargeOnPlugin")
    if limit is None or not 0.5 <= limit <= 1:  # noqa: PLR2004 - the documented limits
        raise bad_parameter("chargeLimit", "must be from 0.5 to 1")
    if not isinstance(on_plugin, bool):
        raise bad_parameter("chargeOnPlugin", "must be true or false")
    told = body.get("chargingSchedules")
    told = told if isinstance(told, dict) else {}
    weekday, weekend = _whole_hours(told.get("weekday"), WEEKDAYS), _whole_hours(told.get("weekend"), WEEKEND)
    world.schedules.set_place(vehicle, PlaceSchedule(*here, limit, weekday, weekend, on_plugin))
    return {"status": "success", "message": "Successfully sent request to vehicle"}


def _require(vehicle: Vehicle, make: str, offered: tuple[str, ...]) -> None:
    if make != make.lower():
        raise failure("PERMISSION", detail=f"no permission is defined for the make {make!r}")
    if make not in offered:
        raise failure("RESOURCE_NOT_FOUND", "PATH")
    require_make(vehicle, make)


def _tesla(told: TeslaSchedule) -> Answer:
    return {
        "departureTime": {"enabled": told.departure.enabled, "time": told.departure.time},
        "startTime": {"enabled": told.start.enabled, "time": told.start.time},
    }


def _set_tesla(world: World, vehicle: Vehicle, body: Mapping[str, object]) -> Answer:
    kind, enable, time = body.get("type"), body.get("enable"), body.get("time")
    if kind not in ("START_TIME", "DEPARTURE_TIME"):
        raise bad_parameter("type", "must be START_TIME or DEPARTURE_TIME")
    if not isinstance(enable, bool):
        raise bad_parameter("enable", "must be true or false")
    if enable or time is not None:
        time = _clock_time("time", time)
    return _tesla(world.schedules.set_tesla(vehicle, str(kind), enable, time))


def _told(window: Window, today: date | None) -> Answer:
    """Tell a window of a Nissan: times alone, or as timestamps of today."""
    times = [each if today is None else f"{today}T{each}:00.000Z" for each in (window.start, window.end)]
    return {"start": times[0], "end": times[1], "days": list(window.days)}


def _place(told: PlaceSchedule) -> Answer:
    schedules = {
        name: [{"start": each.start, "end": each.end} for each in windows]
        for name, windows in (("weekday", told.weekday), ("weekend", told.weekend))
    }
    return {
        "chargeLimit": told.limit,
        "location": {"latitude": told.latitude, "longitude": told.longitude},
        "chargingSchedules": schedules,
    }


def _window(told: object, *, with_days: bool) -> Window:
    if not isinstance(told, dict):
        raise bad_parameter("chargeSchedules", "each must have start and end")
    start, end, days = _clock_time("start", told.get("start")), _clock_time("end", told.get("end")), told.get("days")
    if not with_days:
        return Window(start, end)
    if not isinstance(days, list) or not days or not set(map(str, days)) <= set(DAYS):
        raise bad_parameter("days", "must be days of the week in upper case")
    return Window(start, end, tuple(map(str, days)))


def _whole_hours(told: object, days: tuple[str, ...]) -> tuple[Window, ...]:
    if not isinstance(told, list):
        raise bad_parameter("chargingSchedules", "must have the lists weekday and weekend")
    windows = [_window(each, with_days=False) for each in told]
    if any(not time.endswith(":00") for each in windows for time in (each.start, each.end)):
        raise bad_parameter("chargingSchedules", "times must be whole hours")
    return tuple(Window(each.start, each.end, days) for each in windows)


def _clock_time(name: str, value: object) -> str:
    """Read `HH:mm`, or the same of a timestamp in UTC."""
    text = str(value)
    if "T" in text:
        try:
            text = f"{datetime.fromisoformat(text):%H:%M}"
        except ValueError:
            text = ""
    if not _TIME.fullmatch(text):
        raise bad_parameter(name, "must be a time written HH:mm")
    return text


def _coordinate(query: Query, name: str) -> float:
    found = _number(query.get(name))
    if found is None:
        raise bad_parameter(name, "must be a number of degrees")
    return found


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None
