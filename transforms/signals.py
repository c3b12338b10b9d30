"""The signal of v3 that tells charge records, wherever it stands: in an answer of its own, in a list, in an event.

A signal that failed, and a store that has none yet, tell nothing: no record and no fault. A body that promises records
and has none is a fault. Smartcar's API reference, §8 and §9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec
from msgspec import Raw

CHARGE_RECORDS: Final = "charge-chargerecords"
"""The code of the signal."""

Object: TypeAlias = Mapping[str, Raw]

_NOTHING: Final = Raw(b"[]")
_NOT_TOLD: Final = Raw(b"null")
_AS_OF: Final = ("oemUpdatedAt", "retrievedAt", "fetchedAt")
"""Of when the data are, the best first: when the maker had them, when Smartcar fetched them."""

_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[Raw])


@dataclass(frozen=True, slots=True)
class Signal:
    """What one signal tells.

    Attributes:
        values: The list of records, as JSON.
        told_as_of: Of when they are, as JSON: text, or epoch seconds or milliseconds; all that is told, the best first.
    """

    values: Raw
    told_as_of: Sequence[Raw] = ()


def charge_records(body: Object) -> Signal:
    """The charge records in the body of an answer or an event.

    Raises:
        KeyError: A signal that did not fail has no `body` or no `values`.
        msgspec.MsgspecError: Something is of another kind than documented.
    """
    for signal in _signals(body):
        if _code(signal) == CHARGE_RECORDS:
            return _told(signal, body)
    return Signal(_NOTHING)


def _told(signal: Object, body: Object) -> Signal:
    if _has_failed(signal):
        return Signal(_NOTHING)
    values = _OBJECT.decode(signal["body"])["values"]
    return Signal(_NOTHING if _is_null(values) else values, _as_of(signal, body))


def _code(signal: Object) -> str | None:
    """The code of a signal; one that has none may be known by its id."""
    told = signal.get("code", _NOT_TOLD)
    return _text(signal.get("id", _NOT_TOLD) if _is_null(told) else told)


def _signals(body: Object) -> Iterator[Object]:
    """Each signal, with what v3 keeps under `attributes` at its top."""
    data = body.get("data", _NOT_TOLD)
    if _is_list(data):
        found = _LIST.decode(data)
    elif _is_null(data):
        found = [Raw(msgspec.json.encode(body))]
    else:
        inner = _OBJECT.decode(data)
        found = _LIST.decode(inner["signals"]) if _is_list(inner.get("signals", _NOT_TOLD)) else [data]
    for each in found:
        signal = _object_or_empty(each)
        yield {**signal, **_object_or_empty(signal.get("attributes", _NOT_TOLD))}


def _has_failed(signal: Object) -> bool:
    """Whether the signal says that it has nothing to tell; one without a status, as in older events, does not."""
    status = signal.get("status", _NOT_TOLD)
    if _is_null(status):
        return False
    value = status if bytes(status).startswith(b'"') else _OBJECT.decode(status).get("value", _NOT_TOLD)
    return not _is_null(value) and (_text(value) or "SUCCESS").upper() != "SUCCESS"


def _as_of(signal: Object, body: Object) -> list[Raw]:
    told, around = (_object_or_empty(each.get("meta", _NOT_TOLD)) for each in (signal, body))
    found = [*(told.get(name, _NOT_TOLD) for name in _AS_OF), around.get("deliveredAt", _NOT_TOLD)]
    return [each for each in found if not _is_null(each)]


def _text(value: Raw) -> str | None:
    return msgspec.json.decode(value, type=str) if bytes(value).startswith(b'"') else None


def _object_or_empty(value: Raw) -> Object:
    """What is odd beside the records must not cost them."""
    return _OBJECT.decode(value) if bytes(value).startswith(b"{") else {}


def _is_list(value: Raw) -> bool:
    return bytes(value).startswith(b"[")


def _is_null(value: Raw) -> bool:
    return bytes(value) in {b"null", b""}
