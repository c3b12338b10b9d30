"""The vehicle and management calls of v2.0 as pure functions: build a request, decipher an answer.

Smartcar's API reference, §4, §5 and §7. What a call says is read no further than collecting needs; the records
themselves are counted here and read by `transforms`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard
from urllib.parse import quote

import orjson

from collectors.http import Request, Response
from collectors.streams import Stream
from lake.intervals import DayInterval

VEHICLES_PAGE: Final = 50
CONNECTIONS_PAGE: Final = 100
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST_TEXT: Final = 100
_LONGEST_CURSOR: Final = 4096
_YEARS: Final = range(1900, 2101)
_FIRST_CONSENT: Final = datetime(2010, 1, 1, tzinfo=UTC)
"""Before there was anybody to consent to: an earlier time of consent is a mistake, and would make years of days."""


class NotAsPromised(Exception):
    """A success whose body is not the documented one. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call below an API's base, without a host and without credentials.

    Attributes:
        method: HTTP method.
        template: Path with `{id}` where the vehicle's id goes.
        stream: What the lake calls the answer.
        vehicle_id: The vehicle, if the call is about one.
        query: Query parameters.
        window: The days that are asked for.
        page: The page that is asked for.
        body: What is sent as JSON, where something is set.
    """

    method: str
    template: str
    stream: str
    vehicle_id: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    window: DayInterval | None = None
    page: int | None = None
    body: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """Method and path template, for people."""
        return f"{self.method} {self.template}"

    @property
    def path(self) -> str:
        """Path below the base."""
        return self.template.replace("{id}", quote(self.vehicle_id or "", safe=""))

    def request(self, base: str, authorization: str) -> Request:
        """The request to send.

        Args:
            base: URL of the API with its version, as `https://api.smartcar.com/v2.0`.
            authorization: Value of the header.
        """
        return Request(
            method=self.method,
            url=base.rstrip("/") + self.path,
            call=self.name,
            vehicle_id=self.vehicle_id,
            query=dict(self.query),
            headers={"authorization": authorization, "sc-unit-system": "metric"},
            json=self.body,
        )


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
class Attributes:
    """What a vehicle is; the make in upper case."""

    make: str | None
    model: str | None
    year: int | None


@dataclass(frozen=True, slots=True)
class Connection:
    """An owner's grant for a vehicle."""

    owner_id: str
    vehicle_id: str
    connected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Connections:
    """One page of connections, newest first; `cursor` asks for the next."""

    entries: tuple[Connection, ...]
    cursor: str | None


def is_id(value: object) -> TypeGuard[str]:
    """Whether this can be an id: it becomes part of a path, a key of the state and a value in tables."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def bearer(token: str) -> str:
    """The Authorization header of an owner's access token."""
    return f"Bearer {token}"


def management_basic(token: str) -> str:
    """The Authorization header of the application's management token (§7)."""
    return "Basic " + base64.b64encode(f"default:{token}".encode()).decode("ascii")


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
    return Call("GET", stream.path, stream.name, vehicle_id, tuple(query), window, page if stream.paged else None)


def ask_disconnect(vehicle_id: str) -> Call:
    """Take back the application's access to a vehicle."""
    return Call("DELETE", "/vehicles/{id}/application", "disconnect", vehicle_id)


def ask_connections(cursor: str | None = None, *, owner_id: str | None = None) -> Call:
    """A page of who is connected (management API)."""
    query = [("limit", str(CONNECTIONS_PAGE))]
    query += [("user_id", owner_id)] if owner_id else []
    query += [("cursor", cursor)] if cursor else []
    return Call("GET", "/management/connections", "connections", query=tuple(query))


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
    """Make, model and year; what is missing, of another type or can be none is None."""
    body = read_object(response)
    make, year = _short_text(body.get("make")), body.get("year")
    return Attributes(
        make=make and make.upper(),
        model=_short_text(body.get("model")),
        year=year if isinstance(year, int) and year in _YEARS else None,
    )


def read_connections(response: Response) -> Connections:
    """Who is connected; an entry without its two ids is left out."""
    body = read_object(response)
    found = body.get("connections")
    if not isinstance(found, list):
        raise NotAsPromised
    entries = tuple(
        Connection(entry["userId"], entry["vehicleId"], _consent(entry.get("connectedAt") or entry.get("createdAt")))
        for entry in found
        if isinstance(entry, dict) and is_id(entry.get("userId")) and is_id(entry.get("vehicleId"))
    )
    paging = body.get("paging")
    cursor = paging.get("cursor") if isinstance(paging, dict) else None
    if isinstance(cursor, str) and len(cursor) > _LONGEST_CURSOR:
        raise NotAsPromised
    return Connections(entries, cursor if isinstance(cursor, str) and cursor else None)


def read_disconnect(response: Response) -> None:
    """A success says nothing more."""
    read_object(response)


def _paging(offset: int) -> tuple[tuple[str, str], ...]:
    return (("limit", str(VEHICLES_PAGE)), ("offset", str(offset)))


def read_object(response: Response) -> Mapping[str, Any]:
    """The JSON object of a body.

    Raises:
        NotAsPromised: It is none.
    """
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        body = _forgiving(response.body)
    if not isinstance(body, dict):
        raise NotAsPromised
    return body


def _forgiving(content: bytes) -> Any:
    """The JSON of a body with a character cut in half or a byte order mark: one record must not spoil the others."""
    try:
        return json.loads(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise NotAsPromised from None


def _short_text(value: Any) -> str | None:
    """A name for people; what is empty, longer than any name or not printable is none."""
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT and value.isprintable() else None


def _listing(body: Mapping[str, Any], name: str) -> Listing:
    entries = body.get(name)
    if not isinstance(entries, list):
        raise NotAsPromised
    texts = tuple(entry for entry in entries if isinstance(entry, str))
    paging = body.get("paging")
    total = paging.get("count") if isinstance(paging, dict) else None
    return Listing(texts, total if isinstance(total, int) else len(texts))


def _consent(value: Any) -> datetime | None:
    """When access was granted; a time at which nobody could is unknown."""
    instant = _instant(value)
    return instant if instant is not None and instant >= _FIRST_CONSENT else None


def _instant(value: Any) -> datetime | None:
    """An instant told as ISO-8601, or as epoch seconds or milliseconds (§13)."""
    try:
        if isinstance(value, str):
            instant = datetime.fromisoformat(value)
            return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)  # noqa: PLR2004, 1e11 s is year 5138
    except (ValueError, OverflowError, OSError):
        return None
    return None
