"""The climate of Teslas in v2.0 as pure functions (Smartcar's API reference, §6): °C, `ON`, `OFF`, `UNAVAILABLE`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from collectors.calls import Call, NotAsPromised, read_object
from collectors.http import Response
from collectors.smartcar_v2.schedules import NotAllowed
from collectors.snapshots import Snapshot

_BEARABLE: Final = (10.0, 35.0)
"""Degrees Celsius; the reference has no limits, and a car none beyond these."""


def ask_switch(snapshot: Snapshot, vehicle_id: str, *, on: bool, temperature: float | None = None) -> Call:
    """Switch a part of the climate on or off.

    Args:
        snapshot: The part's.
        vehicle_id: The vehicle.
        on: START or STOP.
        temperature: °C, for the cabin only.

    Raises:
        NotAllowed: A temperature for another part than the cabin, or one that nobody can bear.
    """
    body: dict[str, Any] = {"action": "START" if on else "STOP"}
    if temperature is not None:
        if snapshot.part != "cabin" or not on:
            raise NotAllowed("a temperature is for starting the cabin's climate only")
        if not _BEARABLE[0] <= temperature <= _BEARABLE[1]:
            raise NotAllowed(f"{temperature:g} °C: must be from {_BEARABLE[0]:g} to {_BEARABLE[1]:g}")
        body["temperature"] = temperature
    return Call("POST", snapshot.path, f"{snapshot.name}_set", vehicle_id, body=body)


def read_climate(response: Response) -> Mapping[str, Any]:
    """The state of a part as told."""
    body = read_object(response)
    if not isinstance(body.get("status"), str):
        raise NotAsPromised
    return body
