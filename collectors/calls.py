"""A call and its answer as plain values, and what reading any answer of Smartcar's takes. Pure.

What comes from outside is believed only in its documented form: an id that can be one, a name of a sane length, an
instant in one of its known forms (Smartcar's API reference, §13).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard
from urllib.parse import quote

import orjson

from collectors.http import Request, Response
from collectors.streams import SOURCES, V2
from lake.intervals import DayInterval

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MAKE: Final = re.compile(r"[^\W_][\w -]{0,39}")
"""A make names a folder of the lake: no other text may."""
_LONGEST_TEXT: Final = 100
_YEARS: Final = range(1900, 2101)
_FIRST_MODERN: Final = datetime(2010, 1, 1, tzinfo=UTC)
"""Before there was anybody to consent to: an earlier time of consent is a mistake, and would make years of days."""


class NotAsPromised(Exception):
    """A success whose body is not the documented one. Never leaves this room."""


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
        records: Name of the list of records in the answer; None where it holds none.
        headers: Headers beside the credentials.
        source: What the lake calls the interface.
        is_private: Whether question or answer hold a VIN: then nothing of it lands.
        body: What is sent as JSON, where something is set.
    """

    method: str
    template: str
    stream: str
    vehicle_id: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    window: DayInterval | None = None
    page: int | None = None
    records: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    source: str = SOURCES[V2]
    is_private: bool = False
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
            headers={"authorization": authorization, "sc-unit-system": "metric", **dict(self.headers)},
            json=self.body,
        )


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a vehicle is; the make in upper case."""

    make: str | None
    model: str | None
    year: int | None


def is_id(value: object) -> TypeGuard[str]:
    """Whether this can be an id: it becomes part of a path, a key of the state and a value in tables."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def bearer(token: str) -> str:
    """The Authorization header of an access token."""
    return f"Bearer {token}"


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


def read_attributes(told: Mapping[str, Any]) -> Attributes:
    """Make, model and year; what is missing, of another type or can be none is None."""
    year = told.get("year")
    return Attributes(
        make=make_of(told.get("make")),
        model=_short_text(told.get("model")),
        year=year if isinstance(year, int) and year in _YEARS else None,
    )


def make_of(value: object) -> str | None:
    """A make in upper case; None for what can be none."""
    make = value.strip().upper() if isinstance(value, str) else ""
    return make if _MAKE.fullmatch(make) else None


def read_modern(value: Any) -> datetime | None:
    """An instant since 2010; an earlier one is a mistake and None."""
    instant = read_instant(value)
    return instant if instant is not None and instant >= _FIRST_MODERN else None


def read_instant(value: Any) -> datetime | None:
    """An instant told as ISO-8601, or as epoch seconds or milliseconds (§13); anything else is None."""
    try:
        if isinstance(value, str):
            instant = datetime.fromisoformat(value)
            return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)  # noqa: PLR2004, 1e11 s is year 5138
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _forgiving(content: bytes) -> Any:
    """The JSON of a body with a character cut in half or a byte order mark: one record must not spoil the others."""
    try:
        return json.loads(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise NotAsPromised from None


def _short_text(value: Any) -> str | None:
    """A name for people; what is empty, longer than any name or not printable is none."""
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT and value.isprintable() else None
