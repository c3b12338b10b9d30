"""The envelopes of v3: resources, and pages of them that link to each other (Smartcar's API reference, §8)."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from aiohttp import web

from emulator.connections import Connection
from emulator.faults.signals import Reading, write_time
from emulator.faults.switchboard import Fault
from emulator.identity import uuid_of
from emulator.model import Vehicle
from emulator.v2.windows import read_integer
from emulator.v3.signals import SIGNALS
from emulator.v3.store import LAG

Resource = dict[str, object]
MOST = 100
USUAL = 10
NUMBER = "page[number]"
SIZE = "page[size]"


def connection_id(connection: Connection) -> str:
    """Give the id of a connection, the same each time the owner connects the vehicle."""
    return uuid_of("v3 connection", connection.user_id, connection.vehicle_id)


def connection(told: Connection, vehicle: Vehicle, permissions: Sequence[str]) -> Resource:
    """Write a connection: the vehicle's attributes, what was granted, and whose vehicle it is."""
    return {
        "id": connection_id(told),
        "type": "connection",
        "attributes": {
            "vehicle": attributes(vehicle, told.mode),
            "permissions": list(permissions),
            "connectedAt": write_time(told.connected_at, "iso"),
        },
        "relationships": {
            "vehicle": {"data": {"id": told.vehicle_id, "type": "vehicle"}},
            "user": {"data": {"id": told.user_id, "type": "user"}},
        },
    }


def attributes(vehicle: Vehicle, mode: str) -> Resource:
    """Write what is known of a vehicle; the make is in upper case."""
    return {
        "make": vehicle.make,
        "model": vehicle.model,
        "year": vehicle.year,
        "mode": mode,
        "powertrainType": vehicle.powertrain,
    }


def vehicle_resource(vehicle: Vehicle, mode: str) -> Resource:
    """Write a vehicle."""
    return {"id": vehicle.id, "type": "vehicle", "attributes": attributes(vehicle, mode)}


def signal(vehicle: Vehicle, reading: Reading) -> Resource:
    """Write a signal; a failed one has a status and no body."""
    known = SIGNALS[reading.code]
    told: Resource = {"code": known.code, "name": known.name, "group": known.group}
    if reading.status is not None:
        told["status"] = reading.status
    if reading.body is not None:
        told["body"] = reading.body
    return {
        "id": known.code,
        "type": "signal",
        "attributes": told,
        "meta": {
            "retrievedAt": write_time(reading.at + LAG, reading.times),
            "oemUpdatedAt": write_time(reading.at, reading.times),
            "ingestedAt": write_time(reading.at + LAG, reading.times),
        },
        "links": {"self": f"/v3/vehicles/{vehicle.id}/signals/{known.code}"},
    }


def page(request: web.Request, found: Sequence[object], faults: Mapping[str, Fault]) -> tuple[list[object], Resource]:
    """Cut one page of `page[size]` (10, at most 100) and give it with its `meta` and `links`."""
    size = read_integer(request.query, SIZE, default=USUAL, least=1, most=MOST)
    number = read_integer(request.query, NUMBER, default=1, least=1, most=10**9)
    more = number * size < len(found) or "next_for_ever" in faults
    links = {"self": _link(request, number), "next": _link(request, number + 1) if more else None}
    if (fault := faults.get("next_elsewhere")) and links["next"]:
        links["next"] = f"{fault.option('host')}{links['next'].removeprefix(_origin(request))}"
    meta = {"page": number, "pageSize": size, "totalCount": len(found)}
    return list(found[(number - 1) * size : number * size]), {"meta": meta, "links": links}


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _link(request: web.Request, number: int) -> str:
    """Give the whole address of a page."""
    query = {**request.query, NUMBER: str(number)}
    text = "&".join(f"{quote(name)}={quote(value)}" for name, value in query.items())
    return f"{_origin(request)}{request.path}?{text}"
