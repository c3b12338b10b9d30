"""The vehicles of v2.0 and their attributes, permissions and batch (Smartcar's API reference, §4)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from emulator.climate import PARTS, Part
from emulator.errors import bad_parameter, failure
from emulator.model import Vehicle
from emulator.tokens import Grant
from emulator.v2 import climate, records, schedules
from emulator.v2.windows import read_integer
from emulator.world import World

Query = Mapping[str, str]
Answer = dict[str, object]
MOST = 50
USUAL = 10


def user(grant: Grant) -> Answer:
    """Answer `/user`."""
    return {"id": grant.user_id}


def vehicles(grant: Grant, query: Query) -> Answer:
    """Answer `/vehicles`: one page of ids."""
    return _page("vehicles", list(grant.vehicle_ids), query)


def permissions(world: World, grant: Grant, vehicle_id: str, query: Query) -> Answer:
    """Answer `/vehicles/{id}/permissions`: one page of what the owner granted."""
    return _page("permissions", sorted(granted(world, grant, vehicle_id)), query)


def _page(name: str, items: Sequence[str], query: Query) -> Answer:
    limit = read_integer(query, "limit", default=USUAL, least=1, most=MOST)
    offset = read_integer(query, "offset", default=0, least=0, most=10**9)
    return {"paging": {"count": len(items), "offset": offset}, name: items[offset : offset + limit]}


def granted(world: World, grant: Grant, vehicle_id: str) -> frozenset[str]:
    """Give the permissions of a vehicle: what was granted, less what is withheld by settings or a fault."""
    faults = world.faults.of("permission", None, vehicle_id)
    held = {str(fault.option("scope")) for fault in faults if world.faults.hits(fault, vehicle_id)}
    return grant.scopes - world.config.withheld_scopes - held


def attributes(world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query) -> Answer:
    """Answer `/vehicles/{id}`; the make is in upper case."""
    del world, match, query
    return {"id": vehicle.id, "make": vehicle.make, "model": vehicle.model, "year": vehicle.year}


def vin(world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query) -> Answer:
    """Answer `/vehicles/{id}/vin`."""
    del world, match, query
    return {"vin": vehicle.vin}


def charge_records(world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query) -> Answer:
    """Answer `/vehicles/{id}/{make}/charge/records`."""
    return records.charge_records(world, vehicle, match["make"], query)


def billing(world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query) -> Answer:
    """Answer `/vehicles/{id}/tesla/charge/records/billing`."""
    if match["make"] != match["make"].lower():
        raise failure("PERMISSION")
    if match["make"] != "tesla":
        raise failure("RESOURCE_NOT_FOUND", "PATH")
    return records.tesla_billing(world, vehicle, query)


def charge_schedule(world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query) -> Answer:
    """Answer `/vehicles/{id}/{make}/charge/schedule`."""
    del query
    return schedules.schedule(world, vehicle, match["make"])


def charge_places(world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query) -> Answer:
    """Answer `/vehicles/{id}/{make}/charge/schedule_by_location`."""
    del query
    return schedules.places(world, vehicle, match["make"])


def climate_of(part: Part, world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query) -> Answer:
    """Answer `/vehicles/{id}/{make}/climate/{part}`."""
    del query
    return climate.climate(world, vehicle, match["make"], part)


def set_charge_schedule(
    world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query, body: Mapping[str, object]
) -> Answer:
    """Set what `charge_schedule` tells."""
    del query
    return schedules.set_schedule(world, vehicle, match["make"], body)


def set_charge_place(
    world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query, body: Mapping[str, object]
) -> Answer:
    """Set what `charge_places` tells of one place."""
    return schedules.set_place(world, vehicle, match["make"], query, body)


def switch_climate(
    part: Part, world: World, vehicle: Vehicle, match: Mapping[str, str], query: Query, body: Mapping[str, object]
) -> Answer:
    """Switch what `climate_of` tells."""
    del query
    return climate.switch(world, vehicle, match["make"], part, body)


VehicleCall = Callable[[World, Vehicle, Mapping[str, str], Query], Answer]
ControlCall = Callable[[World, Vehicle, Mapping[str, str], Query, Mapping[str, object]], Answer]

# The calls for one vehicle: path below the vehicle, permission, what answers it.
VEHICLE_CALLS: tuple[tuple[str, str, VehicleCall], ...] = (
    ("", "read_vehicle_info", attributes),
    ("/vin", "read_vin", vin),
    ("/{make}/charge/records", "read_charge_records", charge_records),
    ("/{make}/charge/records/billing", "read_charge_records", billing),
    ("/{make}/charge/schedule", "read_charge", charge_schedule),
    ("/{make}/charge/schedule_by_location", "read_charge_locations", charge_places),
    *((f"/{{make}}/climate/{part}", "read_climate", partial(climate_of, part)) for part in PARTS),
)

# The calls that set something: method, path below the vehicle, permission, what answers it.
CONTROL_CALLS: tuple[tuple[str, str, str, ControlCall], ...] = (
    ("POST", "/{make}/charge/schedule", "control_charge", set_charge_schedule),
    ("PUT", "/{make}/charge/schedule", "control_charge", set_charge_schedule),
    ("PUT", "/{make}/charge/schedule_by_location", "control_charge", set_charge_place),
    *(("POST", f"/{{make}}/climate/{part}", "control_climate", partial(switch_climate, part)) for part in PARTS),
)


_NAMES = {
    "/billing": "billing",
    "/records": "records",
    "/schedule": "schedule",
    "/schedule_by_location": "schedules",
    **{f"/climate/{part}": part for part in PARTS},
}


def endpoint_of(path: str, make: str) -> str:
    """Give the name that faults and the log use for a path below a vehicle."""
    for end, name in _NAMES.items():
        if path.endswith(end):
            return f"{make.lower()}_{name}"
    return path.strip("/") or "vehicle"


def call_for(path: str) -> tuple[str, VehicleCall, dict[str, str]]:
    """Find the permission, the call and the parts of a path of a batch, as in `/bmw/charge/records`."""
    parts = path.rstrip("/").split("/")
    for pattern, permission, call in VEHICLE_CALLS:
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(w in (p, "{make}") for w, p in zip(wanted, parts, strict=True)):
            make = {"make": parts[1]} if "{make}" in pattern else {}
            return permission, call, make
    raise failure("RESOURCE_NOT_FOUND", "PATH")


def batch_paths(body: object) -> list[str]:
    """Read the body of a batch: `{"requests":[{"path":"/vin"},…]}`."""
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise bad_parameter("requests", "must be a list of paths")
    paths = [each.get("path") if isinstance(each, dict) else None for each in requests]
    if not all(isinstance(path, str) for path in paths):
        raise bad_parameter("requests", "each request needs a path")
    return [str(path) for path in paths]
