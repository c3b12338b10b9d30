"""When cars are to charge: a seeded schedule for each car, and what has been set since.

Tesla keeps one time for all days, Nissan up to three windows, Ford and Lincoln windows for each place (Smartcar's API
reference, §6). Nothing in here knows HTTP; `emulator.v2.schedules` gives it a shape.
"""

from dataclasses import dataclass, replace
from random import Random

from emulator.model import Vehicle

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
WEEKDAYS, WEEKEND = DAYS[:5], DAYS[5:]
_HOURS = ("20:00", "21:00", "22:00", "23:00", "00:00", "01:00")
_ENDS = ("04:00", "05:00", "06:00", "07:00")
_MINUTES = ("18:30", "22:15", "23:00", "23:30", "00:45", "06:30", "07:00")


@dataclass(frozen=True, slots=True)
class Window:
    """A window in which a car may charge: `HH:mm` each; an end that is not after the start is on the next day."""

    start: str
    end: str
    days: tuple[str, ...] = DAYS


@dataclass(frozen=True, slots=True)
class Timer:
    """A Tesla's time, `HH:mm`, vehicle-local."""

    enabled: bool
    time: str


@dataclass(frozen=True, slots=True)
class TeslaSchedule:
    """When a Tesla starts to charge, or by when it is to be ready; at most one of them is enabled."""

    departure: Timer
    start: Timer


@dataclass(frozen=True, slots=True)
class PlaceSchedule:
    """What a Ford or Lincoln does at one place: limit as a fraction 0.5..1, windows; none at all is any time."""

    latitude: float
    longitude: float
    limit: float
    weekday: tuple[Window, ...]
    weekend: tuple[Window, ...]
    on_plugin: bool = True


class Schedules:
    """The schedules of all cars; each is drawn from the seed and the car's id when it is first looked at."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._teslas: dict[str, TeslaSchedule] = {}
        self._windows: dict[str, tuple[Window, ...]] = {}
        self._places: dict[str, tuple[PlaceSchedule, ...]] = {}

    def tesla(self, vehicle: Vehicle) -> TeslaSchedule:
        """Give a Tesla's times."""
        if vehicle.id not in self._teslas:
            rng = self._rng(vehicle)
            which = rng.choice(("start", "departure", "neither"))
            departure = Timer(which == "departure", rng.choice(_MINUTES))
            self._teslas[vehicle.id] = TeslaSchedule(departure, Timer(which == "start", rng.choice(_MINUTES)))
        return self._teslas[vehicle.id]

    def set_tesla(self, vehicle: Vehicle, kind: str, enabled: bool, time: str | None) -> TeslaSchedule:  # noqa: FBT001 - as the body has it
        """Set one of a Tesla's times; switching one on switches the other off."""
        known = self.tesla(vehicle)
        before = known.start if kind == "START_TIME" else known.departure
        after = Timer(enabled, time or before.time)
        start, departure = (after, known.departure) if kind == "START_TIME" else (known.start, after)
        if enabled and kind == "START_TIME":
            departure = replace(departure, enabled=False)
        elif enabled:
            start = replace(start, enabled=False)
        self._teslas[vehicle.id] = TeslaSchedule(departure, start)
        return self._teslas[vehicle.id]

    def nissan(self, vehicle: Vehicle) -> tuple[Window, ...]:
        """Give a Nissan's windows, in UTC."""
        if vehicle.id not in self._windows:
            rng = self._rng(vehicle)
            self._windows[vehicle.id] = tuple(
                Window(rng.choice(_HOURS), rng.choice(_ENDS), tuple(rng.choice((DAYS, WEEKDAYS, WEEKEND))))
                for _ in range(rng.randint(0, 3))
            )
        return self._windows[vehicle.id]

    def set_nissan(self, vehicle: Vehicle, windows: tuple[Window, ...]) -> None:
        """Set a Nissan's windows."""
        self._windows[vehicle.id] = windows

    def tells_instants(self, vehicle: Vehicle) -> bool:
        """Say whether a Nissan tells times as whole timestamps; half of them do."""
        return Random(f"{self._seed}/instants/{vehicle.id}").random() < 0.5  # noqa: PLR2004 - half

    def places(self, vehicle: Vehicle) -> tuple[PlaceSchedule, ...]:
        """Give what a Ford or Lincoln does at each of its places: home, and for some a second one."""
        if vehicle.id not in self._places:
            rng = self._rng(vehicle)
            self._places[vehicle.id] = tuple(_draw_place(rng) for _ in range(rng.randint(1, 2)))
        return self._places[vehicle.id]

    def set_place(self, vehicle: Vehicle, place: PlaceSchedule) -> None:
        """Set what is done at a place that is known."""
        known = self.places(vehicle)
        here = (place.latitude, place.longitude)
        self._places[vehicle.id] = tuple(place if (each.latitude, each.longitude) == here else each for each in known)

    def _rng(self, vehicle: Vehicle) -> Random:
        return Random(f"{self._seed}/schedule/{vehicle.id}")


def _draw_place(rng: Random) -> PlaceSchedule:
    return PlaceSchedule(
        latitude=round(rng.uniform(30, 48), 4),
        longitude=round(rng.uniform(-120, -75), 4),
        limit=rng.choice((0.8, 0.9, 1.0)),
        weekday=_draw_windows(rng, WEEKDAYS),
        weekend=_draw_windows(rng, WEEKEND),
    )


def _draw_windows(rng: Random, days: tuple[str, ...]) -> tuple[Window, ...]:
    night = Window(rng.choice(_HOURS), rng.choice(_ENDS), days)
    return rng.choice(((), (night,), (night, Window("09:00", "17:00", days))))
