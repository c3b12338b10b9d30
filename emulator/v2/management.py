"""The management API of v2.0 and the compatibility of a VIN (Smartcar's API reference, §4 and §7)."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from emulator.climate import PARTS
from emulator.errors import bad_parameter
from emulator.identity import VIN_PREFIX
from emulator.v2.windows import read_integer
from emulator.world import World

Query = Mapping[str, str]
Answer = dict[str, object]
MOST = 100
USUAL = 10
ENDPOINTS = {
    "read_vehicle_info": ("",),
    "read_vin": ("/vin",),
    "read_charge_records": ("/{make}/charge/records", "/{make}/charge/records/billing"),
    "read_charge": ("/{make}/charge/schedule",),
    "read_charge_locations": ("/{make}/charge/schedule_by_location",),
    "control_charge": ("/{make}/charge/schedule", "/{make}/charge/schedule_by_location"),
    "read_climate": tuple(f"/{{make}}/climate/{part}" for part in PARTS),
    "control_climate": tuple(f"/{{make}}/climate/{part}" for part in PARTS),
}
# Which makes have a path that names one; a path that is not here is every make's.
OFFERED = {
    "/{make}/charge/records": ("TESLA", "BMW", "MINI"),
    "/{make}/charge/records/billing": ("TESLA",),
    "/{make}/charge/schedule": ("TESLA", "NISSAN"),
    "/{make}/charge/schedule_by_location": ("FORD", "LINCOLN"),
    **{f"/{{make}}/climate/{part}": ("TESLA",) for part in PARTS},
}


def connections(world: World, query: Query) -> Answer:
    """Answer `GET /management/connections`: newest first, in pages that a cursor links."""
    limit = read_integer(query, "limit", default=USUAL, least=1, most=MOST)
    first = _position(query.get("cursor"))
    found = world.connections.select(query.get("user_id"), query.get("vehicle_id"), query.get("mode"))
    cursor = _cursor(first + limit) if first + limit < len(found) else None
    return {
        "connections": [each.as_json() for each in found[first : first + limit]],
        "paging": {"cursor": cursor},
    }


def disconnect(world: World, query: Query) -> Answer:
    """Answer `DELETE /management/connections`: by owner, by vehicle, or by both."""
    user_id, vehicle_id = query.get("user_id"), query.get("vehicle_id")
    if user_id is None and vehicle_id is None:
        raise bad_parameter("user_id", "user_id or vehicle_id is needed")
    gone = world.connections.disconnect(user_id, vehicle_id)
    return {"connections": [{"userId": each.user_id, "vehicleId": each.vehicle_id} for each in gone]}


def _cursor(position: int) -> str:
    return urlsafe_b64encode(f"at:{position}".encode()).decode()


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        text = urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        text = ""
    if not re.fullmatch(r"at:\d{1,9}", text):
        raise bad_parameter("cursor", "is not one that was given out")
    return int(text.removeprefix("at:"))


def compatibility(world: World, query: Query) -> Answer:
    """Answer `GET /compatibility`: by the maker's prefix of the VIN, for each permission asked about.

    A connected Tesla of the newer integration is told as it is: no daily records, and bills all the same.
    """
    vin, scopes = query.get("vin", ""), query.get("scope", "").split()
    if len(vin) != 17 or not scopes:  # noqa: PLR2004 - the length of every VIN
        raise bad_parameter("vin" if scopes else "scope", "is needed")
    make = next((name for name, prefix in VIN_PREFIX.items() if vin.startswith(prefix)), None)
    if make is None:
        return {"compatible": False, "reason": "MAKE_NOT_COMPATIBLE", "capabilities": []}
    return {
        "compatible": True,
        "reason": None,
        "capabilities": [each for scope in scopes for each in _capabilities(scope, make, _cannot(world, vin))],
    }


def _cannot(world: World, vin: str) -> str | None:
    """Give the path that the vehicle of this VIN does not answer, if it is connected and there is one."""
    for each in world.connections.select():
        vehicle = world.fleet.vehicle(each.vehicle_id)
        if vehicle is not None and vehicle.vin == vin and vehicle.daily_records == "not_capable":
            return "/tesla/charge/records"
    return None


def _capabilities(scope: str, make: str, cannot: str | None) -> list[Answer]:
    known = [path for path in ENDPOINTS.get(scope, ()) if make in OFFERED.get(path, (make,))]
    paths = [path.format(make=make.lower()) or "/" for path in known]
    if not paths:
        return [{"permission": scope, "endpoint": "/", "capable": False, "reason": "SMARTCAR_NOT_CAPABLE"}]
    return [
        {
            "permission": scope,
            "endpoint": path,
            "capable": path != cannot,
            "reason": "VEHICLE_NOT_CAPABLE" if path == cannot else None,
        }
        for path in paths
    ]
