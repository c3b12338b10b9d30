"""The climate of Teslas: cabin, defroster and steering wheel, what is fitted and what is on."""

from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

from emulator.model import Vehicle

Part = Literal["cabin", "defroster", "steering_wheel"]
PARTS: tuple[Part, ...] = get_args(Part)
# Assumptions: every car heats its cabin, most a window, some the wheel.
_FITTED = {"cabin": 1.0, "defroster": 0.7, "steering_wheel": 0.5}


@dataclass(frozen=True, slots=True)
class Climate:
    """One part: `ON`, `OFF` or, where it is not fitted, `UNAVAILABLE`; the cabin's temperature in °C."""

    status: str
    temperature: float | None = None


class Climates:
    """The climate of all cars, drawn from the seed and the car's id when it is first looked at."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._known: dict[tuple[str, Part], Climate] = {}

    def of(self, vehicle: Vehicle, part: Part) -> Climate:
        """Give the state of a part."""
        key = (vehicle.id, part)
        if key not in self._known:
            rng = Random(f"{self._seed}/climate/{vehicle.id}/{part}")
            fitted = rng.random() < _FITTED[part]
            status = ("ON" if rng.random() < 0.2 else "OFF") if fitted else "UNAVAILABLE"  # noqa: PLR2004 - a fifth
            self._known[key] = Climate(status, rng.choice((18.0, 20.0, 21.5)) if part == "cabin" else None)
        return self._known[key]

    def switch(self, vehicle: Vehicle, part: Part, status: str, temperature: float | None) -> Climate:
        """Switch a part on or off; what is not fitted stays so."""
        before = self.of(vehicle, part)
        if before.status != "UNAVAILABLE":
            self._known[vehicle.id, part] = Climate(
                status, temperature if temperature is not None else before.temperature
            )
        return self._known[vehicle.id, part]
