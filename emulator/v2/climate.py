"""The climate of Teslas in v2.0: cabin, defroster, steering wheel (Smartcar's API reference, §6)."""

from collections.abc import Mapping
from decimal import Decimal

from emulator.climate import Climate, Part
from emulator.errors import bad_parameter, failure
from emulator.model import Vehicle
from emulator.v2.records import require_make
from emulator.world import World

Answer = dict[str, object]
_STATUS = {"START": "ON", "STOP": "OFF"}


def climate(world: World, vehicle: Vehicle, make: str, part: Part) -> Answer:
    """Answer `GET /tesla/climate/{part}`."""
    _require_tesla(vehicle, make)
    return _told(world.climates.of(vehicle, part))


def switch(world: World, vehicle: Vehicle, make: str, part: Part, body: Mapping[str, object]) -> Answer:
    """Answer `POST /tesla/climate/{part}` with `{"action": "START" | "STOP", "temperature"?}`."""
    _require_tesla(vehicle, make)
    status, temperature = _STATUS.get(str(body.get("action"))), body.get("temperature")
    if status is None:
        raise bad_parameter("action", "must be START or STOP")
    if temperature is not None and (isinstance(temperature, bool) or not isinstance(temperature, int | Decimal)):
        raise bad_parameter("temperature", "must be a number of degrees Celsius")
    warmth = None if temperature is None or part != "cabin" else float(temperature)
    return {"status": world.climates.switch(vehicle, part, status, warmth).status}


def _told(state: Climate) -> Answer:
    told: Answer = {"status": state.status}
    return told if state.temperature is None else told | {"temperature": state.temperature}


def _require_tesla(vehicle: Vehicle, make: str) -> None:
    if make != make.lower():
        raise failure("PERMISSION", detail=f"no permission is defined for the make {make!r}")
    if make != "tesla":
        raise failure("RESOURCE_NOT_FOUND", "PATH")
    require_make(vehicle, make)
