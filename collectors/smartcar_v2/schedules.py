"""The charge schedules of v2.0 as pure functions: build a request, check it first, decipher an answer.

Smartcar's API reference, §6. Tesla's times are vehicle-local, Nissan's are UTC, Ford's and Lincoln's are local to the
place. What a schedule says is read by `transforms`; here its shape is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from collectors.calls import Call, NotAsPromised, read_object
from collectors.http import Response
from collectors.snapshots import NISSAN_SCHEDULE, TESLA_SCHEDULE, Snapshot

DAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
MOST_WINDOWS: Final = 3
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_TESLA_TIMES: Final = ("START_TIME", "DEPARTURE_TIME")
_LIMITS: Final = (0.5, 1.0)


class NotAllowed(ValueError):
    """What shall be set is nothing that the API takes; says why in one sentence. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window in which the vehicle may charge: `HH:mm` each; an end that is not after the start is on the next day.

    `days` are upper case names; empty where the place decides (weekday, weekend).
    """

    start: str
    end: str
    days: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The window as the API takes it."""
        told: dict[str, Any] = {"start": self.start, "end": self.end}
        return told | {"days": list(self.days)} if self.days else told


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSetting:
    """What a Ford or Lincoln shall do at one place.

    Attributes:
        latitude: Degrees north, as `GET` told it.
        longitude: Degrees east, as `GET` told it.
        limit: Where charging ends, a fraction 0.5..1.
        weekday: Windows of Monday to Friday; none: any time.
        weekend: The same of Saturday and Sunday.
        on_plugin: Whether to charge as soon as it is plugged in.
    """

    latitude: float
    longitude: float
    limit: float
    weekday: tuple[Window, ...] = ()
    weekend: tuple[Window, ...] = ()
    on_plugin: bool = True


def ask_schedule(snapshot: Snapshot, vehicle_id: str) -> Call:
    """What a vehicle is set to: its charge schedule, or a part of its climate."""
    return Call("GET", snapshot.path, snapshot.name, vehicle_id)


def ask_set_time(vehicle_id: str, kind: str, time: str | None) -> Call:
    """Set the time of a Tesla, vehicle-local; None switches it off.

    Raises:
        NotAllowed: The kind is neither `START_TIME` nor `DEPARTURE_TIME`, or the time is none.
    """
    if kind not in _TESLA_TIMES:
        raise NotAllowed(f"{kind}: a Tesla has a START_TIME or a DEPARTURE_TIME")
    body = {"type": kind, "enable": time is not None} | ({} if time is None else {"time": _clock_time(time)})
    return Call("POST", TESLA_SCHEDULE.path, f"{TESLA_SCHEDULE.name}_set", vehicle_id, body=body)


def ask_set_windows(vehicle_id: str, windows: Sequence[Window], *, older: bool = False) -> Call:
    """Set the windows of a Nissan, in UTC; none clears them.

    Args:
        vehicle_id: The vehicle.
        windows: At most three, each with its days.
        older: Ask by POST, as the older documentation has it.

    Raises:
        NotAllowed: There are more than three, or one has no days, an unknown day, or a time that is none.
    """
    if len(windows) > MOST_WINDOWS:
        raise NotAllowed(f"{len(windows)} windows: a Nissan takes at most {MOST_WINDOWS}")
    for window in windows:
        _check_times(window)
        if not window.days or not set(window.days) <= set(DAYS):
            raise NotAllowed(f"a window of a Nissan needs days of the week, as {DAYS[0]}")
    body = {"chargeSchedules": [window.as_json() for window in windows]}
    method = "POST" if older else "PUT"
    return Call(method, NISSAN_SCHEDULE.path, f"{NISSAN_SCHEDULE.name}_set", vehicle_id, body=body)


def ask_set_place(
    snapshot: Snapshot, vehicle_id: str, setting: PlaceSetting, known: Sequence[tuple[float, float]]
) -> Call:
    """Set what a Ford or Lincoln does at one of its places.

    Args:
        snapshot: Ford's or Lincoln's.
        vehicle_id: The vehicle.
        setting: What it shall do.
        known: Latitude and longitude of each place that `GET` told; no other is taken.

    Raises:
        NotAllowed: The place is none of these, the limit is outside 0.5..1, or a time is no whole hour.
    """
    if (setting.latitude, setting.longitude) not in known:
        places = "; ".join(f"{latitude},{longitude}" for latitude, longitude in known) or "none"
        here = f"{setting.latitude},{setting.longitude}"
        raise NotAllowed(f"{here}: no place of the vehicle; it told {places}")
    if not _LIMITS[0] <= setting.limit <= _LIMITS[1]:
        raise NotAllowed(f"limit {setting.limit:g}: must be from 0.5 to 1")
    for window in (*setting.weekday, *setting.weekend):
        _check_times(window)
        if not (window.start.endswith(":00") and window.end.endswith(":00")):
            raise NotAllowed(f"{window.start}-{window.end}: Ford and Lincoln take whole hours, as 22:00-06:00")
    body = {
        "chargeOnPlugin": setting.on_plugin,
        "chargeLimit": setting.limit,
        "chargingSchedules": {
            "weekday": [window.as_json() for window in setting.weekday],
            "weekend": [window.as_json() for window in setting.weekend],
        },
    }
    query = (("latitude", repr(setting.latitude)), ("longitude", repr(setting.longitude)))
    return Call("PUT", snapshot.path, f"{snapshot.name}_set", vehicle_id, query, body=body)


def read_schedule(response: Response) -> Mapping[str, Any]:
    """The schedule of any make as told; which of the three shapes it has shows in its fields."""
    body = read_object(response)
    lists = (body.get("chargeSchedules"), body.get("chargingLocations"))
    times = (body.get("startTime"), body.get("departureTime"))
    if not any(isinstance(each, list) for each in lists) and not any(isinstance(each, dict) for each in times):
        raise NotAsPromised
    return body


def read_set(response: Response) -> Mapping[str, Any]:
    """What the API says after it set something: `{"status", "message"}`, or of a Tesla the schedule."""
    return read_object(response)


def _check_times(window: Window) -> None:
    for time in (window.start, window.end):
        _clock_time(time)
    if window.start == window.end:
        raise NotAllowed(
            f"{window.start}-{window.end}: a window that is empty, or a whole day: leave it out for any time"
        )


def _clock_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise NotAllowed(f"{text}: not a time such as 23:30")
    return text
