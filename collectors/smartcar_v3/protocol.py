"""The calls of v3 as pure functions: build a request, decipher an answer (Smartcar's API reference, §8).

Pages are numbered by us: a link to the next, which may lead anywhere, is never followed. A signal is read no further
than collecting needs; its records are counted here and read by `transforms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from collectors.calls import Attributes, Call, NotAsPromised, is_id, read_attributes, read_modern, read_object
from collectors.http import Response
from collectors.streams import SOURCES, V3, V3_RECORDS

RECORDS: Final = "charge-chargerecords"
"""The code of the signal with the charge records."""

SIGNALS: Final = "/vehicles/{id}/signals"
CONNECTIONS: Final = "/connections"
_PAGE_SIZE: Final = 100
_SOURCE: Final = SOURCES[V3]
_TIMES: Final = ("oemUpdatedAt", "retrievedAt", "fetchedAt")


@dataclass(frozen=True, slots=True)
class Connection:
    """An owner's grant for a vehicle, with what is told of the vehicle; `mode` in lower case."""

    connection_id: str | None
    owner_id: str
    vehicle_id: str
    about: Attributes
    permissions: tuple[str, ...]
    mode: str | None
    connected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Connections:
    """One page of connections.

    Attributes:
        entries: Those that can be read.
        told: How many were on the page.
        total: How many there are in all; None: not told.
        has_next: Whether a next page is told of.
    """

    entries: tuple[Connection, ...]
    told: int
    total: int | None
    has_next: bool


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal as far as collecting reads it.

    Attributes:
        status: `SUCCESS`, `ERROR`, `UNAVAILABLE`, or what nobody knows yet.
        error: Its error in the form of §10, if it told one.
        records: How many records it has; None: it has no body.
        as_of: When its source knew it (UTC); None: not told.
    """

    status: str
    error: Mapping[str, Any]
    records: int | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store that signals are read from holds of a vehicle: the charge records, or whether anything else."""

    signal: Signal | None
    has_others: bool


def ask_connections(number: int = 1, *, owner_id: str | None = None) -> Call:
    """A page of who is connected with what; of one owner, or of all."""
    query = (("page[size]", str(_PAGE_SIZE)), ("page[number]", str(number)))
    headers = _as_user(owner_id) if owner_id else ()
    return Call("GET", CONNECTIONS, "v3_connections", query=query, page=number, headers=headers, source=_SOURCE)


def ask_disconnect(connection_id: str, vehicle_id: str) -> Call:
    """Remove a connection of a vehicle; it has an id of its own."""
    path = f"{CONNECTIONS}/{quote(connection_id, safe='')}"
    return Call("DELETE", path, "disconnect", vehicle_id, source=_SOURCE)


def ask_records(vehicle_id: str, owner_id: str) -> Call:
    """The signal with a vehicle's charge records."""
    return Call(
        "GET", V3_RECORDS.path, V3_RECORDS.name, vehicle_id, records="values", headers=_as_user(owner_id),
        source=_SOURCE,
    )  # fmt: skip


def ask_signals(vehicle_id: str, owner_id: str) -> Call:
    """A page of all that is stored of a vehicle: enough to tell nothing from nothing of this kind."""
    query = (("page[size]", str(_PAGE_SIZE)), ("page[number]", "1"))
    return Call("GET", SIGNALS, "v3_signals", vehicle_id, query, headers=_as_user(owner_id), source=_SOURCE)


def read_connections(response: Response) -> Connections:
    """Who is connected; an entry without its two ids is left out."""
    body = read_object(response)
    data = body.get("data")
    if not isinstance(data, list):
        raise NotAsPromised
    found = (_connection(each) for each in data if isinstance(each, dict))
    total = _object(body.get("meta")).get("totalCount")
    return Connections(
        entries=tuple(each for each in found if each is not None),
        told=len(data),
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
        has_next=bool(_object(body.get("links")).get("next")),
    )


def read_disconnect(response: Response) -> None:
    """A success says nothing more, or nothing at all."""
    if response.body.strip():
        read_object(response)


def read_stored(response: Response) -> Stored:
    """The charge records in an answer: one signal, bare or as `data`, or a list of signals.

    Raises:
        NotAsPromised: It is none of these, or the signal's body has no list of records.
    """
    body = read_object(response)
    told = body.get("data", body if "attributes" in body else None)
    if isinstance(told, list):
        signals = [each for each in told if isinstance(each, dict)]
        found = next((each for each in signals if _code(each) == RECORDS), None)
        return Stored(None if found is None else _signal(found), has_others=bool(signals))
    if not isinstance(told, dict) or _code(told) not in (RECORDS, None):
        raise NotAsPromised
    return Stored(_signal(told), has_others=True)


def _as_user(owner_id: str) -> tuple[tuple[str, str], ...]:
    return (("sc-user-id", owner_id),)


def _connection(told: Mapping[str, Any]) -> Connection | None:
    owner_id, vehicle_id = _related(told, "user"), _related(told, "vehicle")
    if not is_id(owner_id) or not is_id(vehicle_id):
        return None
    attributes = _object(told.get("attributes"))
    vehicle, granted = _object(attributes.get("vehicle")), attributes.get("permissions")
    mode, connection_id = vehicle.get("mode"), told.get("id")
    return Connection(
        connection_id=connection_id if is_id(connection_id) else None,
        owner_id=owner_id,
        vehicle_id=vehicle_id,
        about=read_attributes(vehicle),
        permissions=tuple(filter(is_id, granted)) if isinstance(granted, list) else (),
        mode=mode.lower() if isinstance(mode, str) else None,
        connected_at=read_modern(attributes.get("connectedAt") or attributes.get("createdAt")),
    )


def _related(told: Mapping[str, Any], name: str) -> Any:
    related = _object(_object(told.get("relationships")).get(name))
    return _object(related.get("data")).get("id")


def _signal(told: Mapping[str, Any]) -> Signal:
    attributes = _object(told.get("attributes"))
    status, body = attributes.get("status"), attributes.get("body")
    value = status.get("value") if isinstance(status, dict) else status
    meta = _object(told.get("meta"))
    return Signal(
        status=value.upper()
        if isinstance(value, str) and value
        else "SUCCESS",  # one without a status is a plain value
        error=_object(_object(status).get("error")),
        records=_records(body),
        as_of=next((instant for name in _TIMES if (instant := read_modern(meta.get(name)))), None),
    )


def _records(body: Any) -> int | None:
    if body is None:
        return None
    values = _object(body).get("values")
    if not isinstance(values, list):
        raise NotAsPromised
    return len(values)


def _code(told: Mapping[str, Any]) -> Any:
    return _object(told.get("attributes")).get("code", told.get("id"))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
