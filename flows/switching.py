"""Which version of Smartcar's API a vehicle is asked by, where it is connected through several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from collectors.streams import V2, V3
from flows.exits import Exit, Stop
from flows.house import House
from flows.leaving import known_vehicle
from flows.publishing import publish_state
from lake.registry import Vehicle

USES: Final = {V2: (V2,), V3: (V3,), "both": (V2, V3)}


def use(house: House, choice: str, names: Iterable[str]) -> list[Vehicle]:
    """Ask these vehicles by one interface alone, or by both again; all or none. The caller holds the lake.

    Args:
        house: The house.
        choice: `v2.0`, `v3` or `both`.
        names: Ids, or names on pages.

    Raises:
        Stop: There is no such choice or vehicle, or one is not connected through what was chosen (exit code 2).
    """
    if choice not in USES:
        raise Stop(Exit.USAGE, f"--use {choice}: use v2.0, v3 or both")
    switched = [_switched(known_vehicle(house, name), set(USES[choice])) for name in names]
    for vehicle in switched:
        house.registry.keep_vehicle(vehicle)
    publish_state(house)
    return switched


def _switched(vehicle: Vehicle, wanted: set[str]) -> Vehicle:
    connected = {*vehicle.interfaces, *vehicle.switched_off}
    if missing := sorted(wanted - connected):
        through = ", ".join(sorted(connected))
        line = f"vehicle {vehicle.vehicle_id} is not connected through {missing[0]}, only through {through}"
        raise Stop(Exit.USAGE, f"{line}: `chargelake connect` connects it first")
    return replace(vehicle, interfaces=tuple(sorted(wanted)), switched_off=tuple(sorted(connected - wanted)))
