"""What the tables were made with: each vehicle's model and zone, which stand in rows that are not touched any more.

A zone or a model that changes applies to the past as well, so the tables are then made anew from raw.
"""

from __future__ import annotations

import json
from typing import Final

from flows.house import House

_FILE: Final = "state/descriptions.json"
Descriptions = dict[str, list[str | None]]


def have_changed(house: House) -> bool:
    """Whether a vehicle that the tables may have rows of is described otherwise now."""
    now = _now(house)
    return any(now.get(vehicle_id, described) != described for vehicle_id, described in _kept(house).items())


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


def _now(house: House) -> Descriptions:
    default = house.settings.timezone
    return {each.vehicle_id: [each.model, each.timezone or default] for each in house.registry.vehicles()}


def _kept(house: House) -> Descriptions:
    if not house.store.exists(_FILE):
        return {}
    kept: Descriptions = json.loads(house.store.read(_FILE))
    return kept
