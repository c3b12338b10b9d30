"""The vehicle and management calls of v2.0 as pure functions: build a request, decipher an answer.

Smartcar's API reference, §4, §5 and §7. What a call says is read no further than collecting needs; the records
themselves are counted here and read by `transforms`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from collectors import calls
from collectors.calls import Attributes, Call, NotAsPromised, is_id, read_modern, read_object
from collectors.errors import scrub
from collectors.http import Response
from collectors.streams import Stream
from lake.intervals import DayInterval

VEHICLES_PAGE: Final = 50
CONNECTIONS_PAGE: Final = 100
_LONGEST_CURSOR: Final = 4096
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of records: how many it has, and whether another follows."""

    records: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list: its entries, and how many there are in all."""

    entries: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Connection:
    """An owner's grant for a vehicle."""

    owner_id: str
    vehicle_id: str
    connected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Compatibility:
    """What a VIN can give.

    Attributes:
        compatible: Whether Smartcar can reach the vehicle at all.
        reason: Why not, in its words.
        endpoints: Whether an endpoint is answered, and why not, by its path below the vehicle.
    """

    compatible: bool
    reason: str | None
    endpoints: Mapping[str, tuple[bool, str | None]]


@dataclass(frozen=True, slots=True)
class Connections:
    """One page of connections, newest first; `cursor` asks for the next."""

    entries: tuple[Connection, ...]
    cursor: str | None


def basic(name: str, secret: str) -> str:
    """The Authorization header of a name and its secret."""
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode("ascii")


def management_basic(token: str) -> str:
    """The Authorization header of the application's management token (§7)."""
    return basic("default", token)


def ask_user() -> Call:
    """Whose access token it is."""
    return Call("GET", "/user", "user")


def ask_vehicles(offset: int = 0) -> Call:
    """A page of the owner's vehicles."""
    return Call("GET", "/vehicles", "vehicles", query=_paging(offset))


def ask_attributes(vehicle_id: str) -> Call:
    """Make, model and year."""
    return Call("GET", "/vehicles/{id}", "attributes", vehicle_id)


def ask_permissions(vehicle_id: str, offset: int = 0) -> Call:
    """A page of the permissions the owner granted for a vehicle."""
    return Call("GET", "/vehicles/{id}/permissions", "permissions", vehicle_id, _paging(offset))


def ask_records(stream: Stream, vehicle_id: str, window: DayInterval, page: int = 1) -> Call:
    """A page of a vehicle's records, both days of the window included."""
    query = [("startDate", window.since.isoformat()), ("endDate", window.until.isoformat())]
    if stream.paged:
        query.append(("page", str(page)))
    return Call(
        "GET", stream.path, stream.name, vehicle_id, tuple(query), window, page if stream.paged else None, "records"
    )


def ask_disconnect(vehicle_id: str) -> Call:
    """Take back the application's access to a vehicle."""
    return Call("DELETE", "/vehicles/{id}/application", "disconnect", vehicle_id)


def ask_vin(vehicle_id: str) -> Call:
    """The vehicle's VIN, which lands nowhere."""
    return Call("GET", "/vehicles/{id}/vin", "vin", vehicle_id, is_private=True)


def ask_compatibility(vin: str, scopes: Iterable[str], country: str | None) -> Call:
    """What a VIN can give of these permissions, in a country (ISO 3166)."""
    query = [("vin", vin), ("scope", " ".join(scopes))] + ([("country", country)] if country else [])
    return Call("GET", "/compatibility", "compatibility", query=tuple(query), is_private=True)


def ask_connections(cursor: str | None = None, *, owner_id: str | None = None) -> Call:
    """A page of who is connected (management API)."""
    query = [("limit", str(CONNECTIONS_PAGE))]
    query += [("user_id", owner_id)] if owner_id else []
    query += [("cursor", cursor)] if cursor else []
    return Call("GET", "/management/connections", "connections", query=tuple(query))


def ask_disconnect_all(*, owner_id: str | None = None, vehicle_id: str | None = None) -> Call:
    """Take back the application's access by owner, by vehicle, or by both (management API); one of them is given."""
    query = [("user_id", owner_id)] if owner_id else []
    query += [("vehicle_id", vehicle_id)] if vehicle_id else []
    return Call("DELETE", "/management/connections", "disconnect", query=tuple(query))


def read_records(response: Response, stream: Stream) -> Page:
    """How many records a page has and whether another follows; only `hasMoreData` tells (§5.2)."""
    body = read_object(response)
    records = body.get("records")
    if not isinstance(records, list):
        raise NotAsPromised
    has_more = body.get("hasMoreData", False) if stream.paged else False
    if not isinstance(has_more, bool):
        raise NotAsPromised
    return Page(len(records), has_more)


def read_user(response: Response) -> str:
    """The owner's id."""
    found = read_object(response).get("id")
    if not is_id(found):
        raise NotAsPromised
    return found


def read_vehicles(response: Response) -> Listing:
    """Ids of the owner's vehicles."""
    return _listing(read_object(response), "vehicles")


def read_permissions(response: Response) -> Listing:
    """Scopes the owner granted."""
    return _listing(read_object(response), "permissions")


def read_attributes(response: Response) -> Attributes:
    """Make, model and year of a vehicle."""
    return calls.read_attributes(read_object(response))


def read_connections(response: Response) -> Connections:
    """Who is connected; an entry without its two ids is left out."""
    body = read_object(response)
    found = body.get("connections")
    if not isinstance(found, list):
        raise NotAsPromised
    entries = tuple(
        Connection(entry["userId"], entry["vehicleId"], read_modern(entry.get("connectedAt") or entry.get("createdAt")))
        for entry in found
        if isinstance(entry, dict) and is_id(entry.get("userId")) and is_id(entry.get("vehicleId"))
    )
    paging = body.get("paging")
    cursor = paging.get("cursor") if isinstance(paging, dict) else None
    if isinstance(cursor, str) and len(cursor) > _LONGEST_CURSOR:
        raise NotAsPromised
    return Connections(entries, cursor if isinstance(cursor, str) and cursor else None)


def read_vin(response: Response) -> str:
    """The VIN."""
    found = read_object(response).get("vin")
    if not isinstance(found, str) or not _VIN.fullmatch(found):
        raise NotAsPromised
    return found


def read_compatibility(response: Response) -> Compatibility:
    """What a vehicle can give; an entry that cannot be read is left out."""
    body = read_object(response)
    compatible, listed = body.get("compatible"), body.get("capabilities")
    if not isinstance(compatible, bool) or not isinstance(listed or [], list):
        raise NotAsPromised
    endpoints = {
        each["endpoint"]: (each["capable"], _reason(each.get("reason")))
        for each in listed or []
        if isinstance(each, dict) and isinstance(each.get("endpoint"), str) and isinstance(each.get("capable"), bool)
    }
    return Compatibility(compatible, _reason(body.get("reason")), endpoints)


def _reason(value: object) -> str | None:
    return scrub(value) if isinstance(value, str) and value else None


def read_disconnect(response: Response) -> None:
    """A success says nothing more."""
    read_object(response)


def _paging(offset: int) -> tuple[tuple[str, str], ...]:
    return (("limit", str(VEHICLES_PAGE)), ("offset", str(offset)))


def _listing(body: Mapping[str, Any], name: str) -> Listing:
    entries = body.get(name)
    if not isinstance(entries, list):
        raise NotAsPromised
    texts = tuple(entry for entry in entries if isinstance(entry, str))
    paging = body.get("paging")
    total = paging.get("count") if isinstance(paging, dict) else None
    return Listing(texts, total if isinstance(total, int) else len(texts))
