"""Orders in a person's words: options of the command line checked and made into what is sent. Nothing is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import polars as pl

from collectors.smartcar_v2 import climate, schedules
from collectors.smartcar_v2.schedules import DAYS, NotAllowed, PlaceSetting, Window
from collectors.snapshots import Snapshot
from collectors.streams import SOURCES
from flows.controlling import Order
from lake.registry import Vehicle

_TIMES: Final = {"START_TIME": "start_time", "DEPARTURE_TIME": "departure_time"}
_OPTIONS: Final = {
    "TESLA": {"start_time", "departure_time"},
    "NISSAN": {"windows"},
    "FORD": {"at", "limit", "weekday", "weekend", "on_plugin"},
}
_NAMES: Final = {"windows": "--window", "on_plugin": "--charge-on-plugin"}
_WINDOW: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants a schedule to be, as written; None where an option was left out.

    Attributes:
        start_time: Of a Tesla, `HH:MM`.
        departure_time: The same.
        windows: Of a Nissan, as `MON-FRI 22:00-06:00`, in UTC.
        at: `LATITUDE,LONGITUDE` of a place of a Ford or Lincoln.
        limit: A fraction 0.5..1; None: as it is.
        weekday: Windows of Monday to Friday, as `22:00-06:00`.
        weekend: Windows of Saturday and Sunday.
        on_plugin: Whether to charge when plugged in.
    """

    start_time: str | None = None
    departure_time: str | None = None
    windows: tuple[str, ...] | None = None
    at: str | None = None
    limit: float | None = None
    weekday: tuple[str, ...] | None = None
    weekend: tuple[str, ...] | None = None
    on_plugin: bool | None = None


def to_set(vehicle: Vehicle, snapshot: Snapshot, standing: pl.DataFrame, wish: Wish) -> Order:
    """The order that sets a schedule.

    Args:
        vehicle: The vehicle.
        snapshot: Its schedule.
        standing: Rows of `charge_schedules` that stand for it.
        wish: What it shall be.

    Raises:
        NotAllowed: The API would not take it, or an option is another make's.
    """
    _check_options(snapshot, wish)
    standing = _of_interface(snapshot, standing)
    if snapshot.make == "TESLA":
        return _times(vehicle, snapshot, wish)
    if snapshot.make == "NISSAN":
        return _windows(vehicle, snapshot, [_window_of_days(text) for text in wish.windows or ()])
    setting = _place(wish, standing)
    call = schedules.ask_set_place(snapshot, vehicle.vehicle_id, setting, _known(standing))
    return Order(vehicle, snapshot, (call,))


def to_clear(vehicle: Vehicle, snapshot: Snapshot, standing: pl.DataFrame, at: str | None) -> Order:
    """The order that leaves no window: charging at any time. Without calls where nothing is set.

    Raises:
        NotAllowed: The place is not known.
    """
    standing = _of_interface(snapshot, standing)
    if snapshot.make == "TESLA":
        known = dict(standing.select("kind", "enabled").iter_rows())
        on = [kind for kind, column in _TIMES.items() if known.get(column, not known)]
        return Order(vehicle, snapshot, tuple(schedules.ask_set_time(vehicle.vehicle_id, kind, None) for kind in on))
    if snapshot.make == "NISSAN":
        return _windows(vehicle, snapshot, [])
    setting = _place(Wish(at=at, weekday=(), weekend=()), standing)
    call = schedules.ask_set_place(snapshot, vehicle.vehicle_id, setting, _known(standing))
    return Order(vehicle, snapshot, (call,))


def to_switch(
    vehicle: Vehicle, snapshot: Snapshot, standing: pl.DataFrame, *, on: bool, temperature: float | None
) -> Order:
    """The order that switches a part of the climate.

    Raises:
        NotAllowed: The part is not fitted, or the temperature cannot be.
    """
    told = standing.filter(pl.col("part") == snapshot.part)["status"].to_list()
    if told == ["UNAVAILABLE"]:
        raise NotAllowed(f"{vehicle.vehicle_id}: {snapshot.part} is not fitted (UNAVAILABLE)")
    call = climate.ask_switch(snapshot, vehicle.vehicle_id, on=on, temperature=temperature)
    return Order(vehicle, snapshot, (call,))


def _of_interface(snapshot: Snapshot, standing: pl.DataFrame) -> pl.DataFrame:
    """What the interface told that is set: a place as v3 tells it is none of v2.0's."""
    return standing.filter(pl.col("source") == SOURCES[snapshot.interface])


def _check_options(snapshot: Snapshot, wish: Wish) -> None:
    make = "FORD" if snapshot.make == "LINCOLN" else str(snapshot.make)
    given = {field.name for field in fields(wish) if getattr(wish, field.name) is not None}
    taken = ", ".join(_option(name) for name in sorted(_OPTIONS[make]))
    if foreign := sorted(given - _OPTIONS[make]):
        raise NotAllowed(f"{_option(foreign[0])}: a {snapshot.make} takes {taken}")
    if not given:
        raise NotAllowed(f"nothing to set: a {snapshot.make} takes {taken}; `clear` clears it")


def _option(name: str) -> str:
    return _NAMES.get(name, f"--{name.replace('_', '-')}")


def _times(vehicle: Vehicle, snapshot: Snapshot, wish: Wish) -> Order:
    given = [(kind, time) for kind, column in _TIMES.items() if (time := getattr(wish, column)) is not None]
    if len(given) > 1:
        raise NotAllowed("--start-time and --departure-time exclude each other: a Tesla keeps one")
    return Order(vehicle, snapshot, (schedules.ask_set_time(vehicle.vehicle_id, *given[0]),))


def _windows(vehicle: Vehicle, snapshot: Snapshot, windows: Sequence[Window]) -> Order:
    call, older = (schedules.ask_set_windows(vehicle.vehicle_id, windows, older=older) for older in (False, True))
    return Order(vehicle, snapshot, (call,), older)


def _place(wish: Wish, standing: pl.DataFrame) -> PlaceSetting:
    """What shall be done at a place; what was not said of it stays as it stands."""
    known = _known(standing)
    here = _coordinates(wish.at) if wish.at is not None else _only(known)
    rows = standing.filter(pl.col("latitude") == here[0], pl.col("longitude") == here[1])
    limits = rows["charge_limit_pct"].drop_nulls().to_list()
    limit = wish.limit if wish.limit is not None else (limits[0] / 100 if limits else 1.0)
    parts = {"weekday": (wish.weekday, DAYS[0]), "weekend": (wish.weekend, DAYS[-1])}
    told = {
        name: tuple(map(_window, given)) if given is not None else _windows_on(rows, day)
        for name, (given, day) in parts.items()
    }
    return PlaceSetting(
        latitude=here[0], longitude=here[1], limit=limit, weekday=told["weekday"], weekend=told["weekend"],
        on_plugin=wish.on_plugin is not False,
    )  # fmt: skip


def _windows_on(rows: pl.DataFrame, day: str) -> tuple[Window, ...]:
    windows = rows.filter(pl.col("kind") == "window", pl.col("days").list.contains(day))
    return tuple(Window(start, end) for start, end in windows.select("start_time", "end_time").iter_rows())


def _known(standing: pl.DataFrame) -> list[tuple[float, float]]:
    places = standing.select("latitude", "longitude").drop_nulls().unique(maintain_order=True)
    return [(latitude, longitude) for latitude, longitude in places.iter_rows()]


def _only(known: Sequence[tuple[float, float]]) -> tuple[float, float]:
    if not known:
        raise NotAllowed("no place of the vehicle is known yet: `chargelake schedule show VEHICLE --live` asks")
    if len(known) > 1:
        raise NotAllowed(f"--at says for which place: {'; '.join(f'{lat},{lon}' for lat, lon in known)}")
    return known[0]


def _coordinates(text: str) -> tuple[float, float]:
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        raise NotAllowed(f"--at {text}: not LATITUDE,LONGITUDE as `schedule show` has them") from None
    return latitude, longitude


def _window(text: str) -> Window:
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise NotAllowed(f"{text}: not a window such as 22:00-06:00")
    return Window(found[1], found[2])


def _window_of_days(text: str) -> Window:
    """A window with its days: `MON-FRI 22:00-06:00`, `SAT,SUN 10:00-14:00`, `DAILY 22:00-06:00`."""
    days, _, times = text.strip().rpartition(" ")
    window = _window(times)
    return Window(window.start, window.end, _days(days.upper(), text))


def _days(text: str, whole: str) -> tuple[str, ...]:
    if text == "DAILY":
        return DAYS
    found: set[str] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        places = [_day(each, whole) for each in (first, last or first)]
        span = (places[1] - places[0]) % len(DAYS)
        found |= {DAYS[(places[0] + step) % len(DAYS)] for step in range(span + 1)}
    return tuple(sorted(found, key=DAYS.index))


def _day(text: str, whole: str) -> int:
    shortest = 3
    matches = [place for place, day in enumerate(DAYS) if len(text) >= shortest and day.startswith(text.strip())]
    if not matches:
        raise NotAllowed(f"{whole}: not days and a window such as MON-FRI 22:00-06:00")
    return matches[0]
