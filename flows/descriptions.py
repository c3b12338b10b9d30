"""What the tables were made with: each vehicle's model, zone and make, which stand in rows no longer touched.

One that changes applies to the past as well, so the tables are then made anew from raw.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from flows.house import House
from lake.schemas import CHARGE_SESSIONS

_FILE: Final = "state/descriptions.json"
Descriptions = dict[str, list[str | None]]


def have_changed(house: House) -> bool:
    """Whether a vehicle that the tables may have rows of is described otherwise now."""
    now, kept = _now(house), _kept(house)
    has_changed = any(now.get(vehicle_id, described) != described for vehicle_id, described in kept.items())
    return has_changed or _have_rows(house, now.keys() - kept.keys())


def keep(house: House) -> None:
    """Note that the tables are made with what is known of the vehicles now."""
    now = _now(house)
    if now != _kept(house):
        house.store.put(_FILE, json.dumps(now, sort_keys=True).encode())


def drop(house: House, vehicle_id: str) -> None:
    """Take a vehicle out, as it is being forgotten."""
    if vehicle_id in (kept := _kept(house)):
        del kept[vehicle_id]
        house.store.put(_FILE, json.dumps(kept, sort_keys=True).encode())


def _have_rows(house: House, vehicle_ids: Iterable[str]) -> bool:
    """Whether the tables have rows of vehicles that were not connected yet: webhooks told of them before."""
    if not (new := list(vehicle_ids)):
        return False
    known = house.tables.read(CHARGE_SESSIONS, columns=("vehicle_id",))["vehicle_id"]
    return bool(known.is_in(new).any())


def _now(house: House) -> Descriptions:
    default = house.settings.timezone
    vehicles = house.registry.vehicles()
    return {each.vehicle_id: [each.model, each.timezone or default, each.make] for each in vehicles}


def _kept(house: House) -> Descriptions:
    if not house.store.exists(_FILE):
        return {}
    kept: Descriptions = json.loads(house.store.read(_FILE))
    return kept
