"""Charge schedules as rows: one answer of any make to the windows it tells (Smartcar's API reference, §6).

Nissan's times are UTC, Tesla's are those of the vehicle's own clock, Ford's and Lincoln's those of the place: the zone
says which, and nothing is converted. One part that cannot be makes the whole answer one that cannot be: half a
schedule is another schedule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from transforms.drift import Drift
from transforms.told import Impossible, listed, number, object_of, text, truth

Row: TypeAlias = dict[str, Any]

DAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
CONTENT: Final = (
    "kind", "enabled", "days", "start_time", "end_time", "over_midnight", "zone", "place", "latitude", "longitude",
    "connector_type", "maker_optimises", "charge_limit_pct",
)  # fmt: skip
"""What an answer tells of one window: a change of any of these, or of their number, is a revision."""

_BLANK: Final[Row] = dict.fromkeys(CONTENT)
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?")
_PARTS_OF_WEEK: Final = {"weekday": DAYS[:5], "weekend": DAYS[5:]}
_TIMER: Final = ("type", "condition", "schedules", "departureTimers", "isOEMOptimizationEnabled")
_CONDITION: Final = ("name", "address", "latitude", "longitude", "connectorType")
_PERCENT_DIGITS: Final = 6


def _tesla(body: Mapping[str, Any], drift: Drift) -> Iterator[Row]:
    """Both times of a Tesla, of which at most one is enabled."""
    told = object_of(body, "body", ("startTime", "departureTime"), "tesla_schedule", drift)
    if not any(isinstance(each, dict) for each in told.values()):
        raise Impossible("unreadable_answer", "the answer has neither `startTime` nor `departureTime`")
    for field, kind, column in (
        ("startTime", "start_time", "start_time"), ("departureTime", "departure_time", "end_time"),
    ):  # fmt: skip
        if told.get(field) is not None:
            timer = object_of(told[field], field, ("enabled", "time"), "tesla_schedule", drift)
            time = timer.get("time")
            yield _BLANK | {
                "kind": kind,
                "enabled": truth(timer.get("enabled"), f"{field}.enabled"),
                column: None if time is None or time == "" else _clock(time, f"{field}.time"),
                "zone": "vehicle",
            }


def _nissan(body: Mapping[str, Any], drift: Drift) -> Iterator[Row]:
    """The windows of a Nissan; without any it charges at any time."""
    told = object_of(body, "body", ("chargeSchedules",), "nissan_schedule", drift)
    windows = listed(told, "chargeSchedules")
    for window in windows:
        known = object_of(window, "chargeSchedules", ("start", "end", "days"), "nissan_schedule", drift)
        yield _window(known) | {"days": _days(known), "zone": "UTC"}
    if not windows:
        yield _BLANK | {"kind": "any_time", "enabled": True, "days": list(DAYS), "zone": "UTC"}


def _by_place(stream: str) -> Callable[[Mapping[str, Any], Drift], Iterator[Row]]:
    def rows(body: Mapping[str, Any], drift: Drift) -> Iterator[Row]:
        told = object_of(body, "body", ("chargingLocations",), stream, drift)
        places = listed(told, "chargingLocations")
        for place in places:
            yield from _place(place, stream, drift)
        if not places:
            yield _BLANK | {"kind": "none", "enabled": False, "zone": "place"}

    return rows


def _place(told: Any, stream: str, drift: Drift) -> Iterator[Row]:
    """The windows of one place, Monday to Friday and at the weekend; without any it charges at any time."""
    place = object_of(told, "chargingLocations", ("chargeLimit", "location", "chargingSchedules"), stream, drift)
    where = object_of(place.get("location") or {}, "location", ("latitude", "longitude"), stream, drift)
    limit = number(place.get("chargeLimit"), "chargeLimit", 0, 1)
    here = {
        "zone": "place",
        "latitude": number(where.get("latitude"), "latitude", -90, 90),
        "longitude": number(where.get("longitude"), "longitude", -180, 180),
        "charge_limit_pct": None if limit is None else round(limit * 100, _PERCENT_DIGITS),
    }
    schedules = object_of(
        place.get("chargingSchedules") or {}, "chargingSchedules", tuple(_PARTS_OF_WEEK), stream, drift
    )
    for part, days in _PARTS_OF_WEEK.items():
        windows = listed(schedules, part) if schedules.get(part) is not None else []
        for window in windows:
            known = object_of(window, part, ("start", "end"), stream, drift)
            yield _window(known) | here | {"days": list(days)}
        if not windows:
            yield _BLANK | {"kind": "any_time", "enabled": True, "days": list(days)} | here


def _timers(body: Mapping[str, Any], drift: Drift) -> Iterator[Row]:
    """The timers of v3, for everywhere, a place or a connector (API reference, §8); their zone is not told."""
    told = object_of(body, "body", ("values",), "v3_timers", drift)
    timers = listed(told, "values")
    for timer in timers:
        yield from _timer(object_of(timer, "values", _TIMER, "v3_timers", drift), drift)
    if not timers:
        yield _BLANK | {"kind": "any_time", "enabled": True}


def _timer(timer: Mapping[str, Any], drift: Drift) -> Iterator[Row]:
    where = object_of(timer.get("condition") or {}, "condition", _CONDITION, "v3_timers", drift)
    shared = {
        "enabled": True,
        "place": text(where.get("name"), "name") or text(where.get("address"), "address"),
        "latitude": number(where.get("latitude"), "latitude", -90, 90),
        "longitude": number(where.get("longitude"), "longitude", -180, 180),
        "connector_type": text(where.get("connectorType"), "connectorType"),
        "maker_optimises": truth(timer.get("isOEMOptimizationEnabled"), "isOEMOptimizationEnabled"),
    }
    rows = [*_timed(timer, drift), *_departures(timer, drift)]
    yield from (row | shared for row in rows or [_BLANK | {"kind": "any_time"}])


def _timed(timer: Mapping[str, Any], drift: Drift) -> Iterator[Row]:
    for each in listed(timer, "schedules") if timer.get("schedules") is not None else ():
        told = object_of(each, "schedules", ("start", "end", "days"), "v3_timers", drift)
        days = None if told.get("days") is None else _days(told)
        if told.get("end") is None:
            yield _BLANK | {"kind": "start_time", "start_time": _clock(told.get("start"), "start"), "days": days}
        else:
            yield _window(told) | {"days": days}


def _departures(timer: Mapping[str, Any], drift: Drift) -> Iterator[Row]:
    for each in listed(timer, "departureTimers") if timer.get("departureTimers") is not None else ():
        told = object_of(each, "departureTimers", ("time", "days"), "v3_timers", drift)
        days = None if told.get("days") is None else _days(told)
        yield _BLANK | {"kind": "departure_time", "end_time": _clock(told.get("time"), "time"), "days": days}


READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Drift], Iterator[Row]]]] = {
    "tesla_schedule": _tesla,
    "nissan_schedule": _nissan,
    "ford_schedules": _by_place("ford_schedules"),
    "lincoln_schedules": _by_place("lincoln_schedules"),
    "v3_timers": _timers,
}
"""How the answer of each stream is read."""


def _window(told: Mapping[str, Any]) -> Row:
    start, end = _clock(told.get("start"), "start"), _clock(told.get("end"), "end")
    times = {"start_time": start, "end_time": end, "over_midnight": end <= start}
    return _BLANK | {"kind": "window", "enabled": True} | times


def _days(told: Mapping[str, Any]) -> list[str]:
    days = listed(told, "days")
    if not days or not all(isinstance(day, str) and day.upper() in DAYS for day in days):
        raise Impossible("bad_type", f"days is {days!r:.80}, not days of the week")
    return sorted({day.upper() for day in days}, key=DAYS.index)


def _clock(told: Any, field: str) -> str:
    """`HH:MM` from such a time, with or without seconds, or from a whole timestamp, which is told in UTC."""
    if told is None:
        raise Impossible("missing_field", f"{field} is missing or null")
    written = str(told).strip()
    if found := _TIME.fullmatch(written):
        return f"{int(found[1]):02}:{found[2]}"
    try:
        instant = datetime.fromisoformat(written) if "T" in written else None
    except ValueError:
        instant = None
    if instant is None:
        raise Impossible("bad_time", f"{field} is '{written[:40]}'")
    return f"{instant.astimezone(UTC) if instant.tzinfo else instant:%H:%M}"
