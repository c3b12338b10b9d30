"""Events that Smartcar sends (webhooks v4.0): who may send them, what they say, and how they are answered.

Pure, after Smartcar's API reference, §9. A body is a stranger's until its signature is checked, and odd after it:
whatever it holds, reading it gives an event or a `NotAnEvent`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from collectors.calls import is_id, make_of, read_modern
from collectors.smartcar_v3.protocol import RECORDS

EVENTS: Final = "v3_events"
"""The stream that events land in; what they tell the ledger is of `V3_RECORDS`."""

VERIFY: Final = "VERIFY"
STATE: Final = "VEHICLE_STATE"
ERROR: Final = "VEHICLE_ERROR"
LANDED: Final = frozenset({STATE, ERROR})
"""The types that are kept."""

_LAST_NUMBER: Final = 2**63
_EVENT_ID: Final = re.compile(r"[A-Za-z0-9_.:~+/=-]{1,200}")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,256}")
"""A challenge is answered with its signature, made in the same way as an event's: a challenge that could be the body of
an event would let anybody have an event signed. No JSON object is made of these characters."""

_ODD: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class NotAnEvent(Exception):
    """A body that is no event; says what is wrong with it, in words of ours alone."""


class _Envelope(Struct, rename="camel"):
    event_id: Any = None
    event_type: Any = None
    vehicle_id: Any = None
    data: Raw = Raw(b"{}")
    payload: Raw = Raw(b"{}")
    meta: Raw = Raw(b"{}")


class _Data(Struct, rename="camel"):
    challenge: Any = None
    vehicle: Raw = Raw(b"{}")
    signals: Raw = Raw(b"[]")
    errors: Raw = Raw(b"[]")


class _Vehicle(Struct, rename="camel"):
    id: Any = None
    make: Any = None


class _Meta(Struct, rename="camel"):
    delivered_at: Any = None
    sequence: Any = None


class _Signal(Struct, rename="camel"):
    code: Any = None
    status: Raw = Raw(b"{}")
    body: Raw = Raw(b"null")
    meta: Raw = Raw(b"{}")


class _SignalMeta(Struct, rename="camel"):
    oem_updated_at: Any = None
    retrieved_at: Any = None
    fetched_at: Any = None


class _Error(Struct, rename="camel"):
    type: Any = None
    code: Any = None
    state: Any = None
    description: Any = None
    resolution: Raw = Raw(b"null")
    signals: Raw = Raw(b"[]")
    occurred_at: Any = None


_Shape = TypeVar("_Shape", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the envelope of an event says.

    Attributes:
        event_id: The same over all its deliveries; None if it has none.
        kind: Its `eventType`.
        vehicle_id: The vehicle it is about; None if it names none.
        make: Its make in upper case, if told.
        delivered_at: When Smartcar sent this delivery (UTC), if told.
        sequence: Its place in the order in which Smartcar made events, if told; the same over all its deliveries.
        challenge: Of a `VERIFY`; None if it is none that may be answered.
    """

    event_id: str | None
    kind: str
    vehicle_id: str | None
    make: str | None
    delivered_at: datetime | None
    sequence: int | None
    challenge: str | None


@dataclass(frozen=True, slots=True)
class ToldSignal:
    """A `charge-chargerecords` signal of an event.

    Attributes:
        is_good: Whether it succeeded and has a body.
        as_of: The instant (UTC) its records are as of; None if it tells none.
    """

    is_good: bool
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldError:
    """An error of an event, as told: type and code in upper case."""

    type: str
    code: str | None
    is_resolved: bool
    about_records: bool
    description: str | None
    resolution: str | None
    occurred_at: datetime | None


def signature(content: bytes, token: str) -> str:
    """Hex HMAC-SHA256 with the application's management token."""
    return hmac.new(token.encode(), content, hashlib.sha256).hexdigest()


def is_signed(body: bytes, told: str, tokens: Sequence[str]) -> bool:
    """Whether `SC-Signature` is the body's, by any of the tokens; takes as long whichever it is, or none."""
    given = told.strip().lower().encode("utf-8", "replace")
    found = [hmac.compare_digest(given, signature(body, token).encode("ascii")) for token in tokens]
    return any(found)


def verification(challenge: str, token: str) -> bytes:
    """The body that answers a `VERIFY`."""
    return msgspec.json.encode({"challenge": signature(challenge.encode(), token)})


def read_event(body: bytes) -> Event:
    """The envelope of an event; what it tells of the vehicle is passed over.

    Raises:
        NotAnEvent: The body is no JSON object in UTF-8, or does not say which type of event it is.
    """
    envelope = _envelope(body)
    if not isinstance(envelope.event_type, str) or not envelope.event_type:
        raise NotAnEvent("no eventType")
    data = _part(envelope.data, _Data)
    vehicle, meta = _part(data.vehicle, _Vehicle), _part(envelope.meta, _Meta)
    return Event(
        event_id=_event_id(envelope.event_id),
        kind=envelope.event_type,
        vehicle_id=_id(vehicle.id) or _id(envelope.vehicle_id),
        make=make_of(vehicle.make),
        delivered_at=read_modern(meta.delivered_at),
        sequence=_sequence(meta.sequence),
        challenge=_challenge(data.challenge) or _challenge(_part(envelope.payload, _Data).challenge),
    )


def records_signals(body: bytes) -> list[ToldSignal]:
    """The signals with charge records in an event."""
    signals = (_part(each, _Signal) for each in _entries(_part(_envelope(body).data, _Data).signals))
    return [_told_signal(each) for each in signals if each.code == RECORDS]


def told_errors(body: bytes) -> list[ToldError]:
    """The errors in an event; those without a type say nothing."""
    errors = (_part(each, _Error) for each in _entries(_part(_envelope(body).data, _Data).errors))
    return [_told_error(each) for each in errors if isinstance(each.type, str) and each.type]


def _envelope(body: bytes) -> _Envelope:
    try:
        body.decode()
        return msgspec.json.decode(body, type=_Envelope)
    except UnicodeDecodeError:
        raise NotAnEvent("not UTF-8") from None
    except _ODD:
        raise NotAnEvent("no JSON object") from None


def _part(raw: Raw, shape: type[_Shape]) -> _Shape:
    """A part of an event; empty where it has another form than documented."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except _ODD:
        return shape()


def _entries(raw: Raw) -> list[Raw]:
    try:
        return msgspec.json.decode(raw, type=list[Raw])
    except _ODD:
        return []


def _told_signal(signal: _Signal) -> ToldSignal:
    status = _status(signal.status)
    meta = _part(signal.meta, _SignalMeta)
    times = (read_modern(each) for each in (meta.oem_updated_at, meta.retrieved_at, meta.fetched_at))
    has_body = bytes(signal.body).lstrip()[:1] == b"{"
    return ToldSignal(has_body and status == "SUCCESS", next((each for each in times if each), None))


def _status(raw: Raw) -> str:
    """What the status says, an object or plain text, in upper case; one without it, as in older events, is good."""
    told = _any(raw)
    value = told.get("value") if isinstance(told, dict) else told
    return value.upper() if isinstance(value, str) and value else "SUCCESS"


def _told_error(error: _Error) -> ToldError:
    signals = [_signal_code(each) for each in _entries(error.signals)]
    return ToldError(
        type=error.type.upper(),
        code=error.code.upper() if isinstance(error.code, str) and error.code else None,
        is_resolved=isinstance(error.state, str) and error.state.upper() == "RESOLVED",
        about_records=not signals or RECORDS in signals,
        description=error.description if isinstance(error.description, str) else None,
        resolution=_resolution(error.resolution),
        occurred_at=read_modern(error.occurred_at),
    )


def _signal_code(entry: Raw) -> str | None:
    """A signal that an error is about: its code, or an object with it."""
    found = _any(entry)
    code = found.get("code") if isinstance(found, dict) else found
    return code if isinstance(code, str) else None


def _resolution(raw: Raw) -> str | None:
    found = _any(raw)
    kind = found.get("type") if isinstance(found, dict) else found
    return kind if isinstance(kind, str) else None


def _any(raw: Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except _ODD:
        return None


def _event_id(value: object) -> str | None:
    return value if isinstance(value, str) and _EVENT_ID.fullmatch(value) else None


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and is_id(value) else None


def _sequence(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LAST_NUMBER else None


def _challenge(value: object) -> str | None:
    return value if isinstance(value, str) and _CHALLENGE.fullmatch(value) else None
