"""Fields of what vehicles are set to, read one by one.

A value that cannot be says why; a field that nobody documented is drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from transforms.drift import Drift


class Impossible(Exception):
    """An answer that cannot be true: a reason of `lake.schemas.QUARANTINE_REASONS` and a word for a person."""

    def __init__(self, reason: str, detail: str) -> None:
        """Say so."""
        self.reason = reason
        self.detail = detail
        super().__init__(detail)


def object_of(value: Any, name: str, known: tuple[str, ...], stream: str, drift: Drift) -> dict[str, Any]:
    """The documented fields of an object; any other is noted as drift."""
    if not isinstance(value, dict):
        raise Impossible("unreadable_answer" if name == "body" else "bad_type", f"{name} is no object")
    for field in value.keys() - set(known):
        drift.unknown(stream, field if name == "body" else f"{name}.{field}", str(value[field]))
    return {field: value[field] for field in known if field in value}


def listed(told: Mapping[str, Any], name: str) -> list[Any]:
    """A list."""
    value = told.get(name)
    if isinstance(value, list):
        return value
    missing = name not in told
    raise Impossible("unreadable_answer" if missing else "bad_type", f"{name} is {'missing' if missing else 'no list'}")


def number(value: Any, name: str, least: float, most: float) -> float | None:
    """A number between two others, or null; one in text is read as well."""
    if value is None:
        return None
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not least <= found <= most:
        raise Impossible("bad_type", f"{name} is {value!r:.40}, not from {least:g} to {most:g}")
    return found


def truth(value: Any, name: str) -> bool | None:
    """True, false, or null."""
    if value is not None and not isinstance(value, bool):
        raise Impossible("bad_type", f"{name} is {value!r:.40}, neither true nor false")
    return value


def text(value: Any, name: str) -> str | None:
    """Text, or null; empty text is null."""
    if value is not None and not isinstance(value, str):
        raise Impossible("bad_type", f"{name} is {value!r:.40}, no text")
    return value.strip() or None if value else None
