"""The climate of Teslas as rows: what a part is switched to (Smartcar's API reference, §6), °C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from transforms.drift import Drift
from transforms.schedules import Row
from transforms.told import Impossible, number, object_of

CONTENT: Final = ("status", "temperature_c")
PARTS: Final = {
    "tesla_cabin": "cabin",
    "tesla_defroster": "defroster",
    "tesla_steering_wheel": "steering_wheel",
}
"""The part that each stream tells of."""

_COLDEST, _HOTTEST = -60, 60
_LONGEST_STATUS = 40


def state(stream: str, body: Mapping[str, Any], drift: Drift) -> Row:
    """What an answer tells of a part: `ON`, `OFF`, or `UNAVAILABLE` where it is not fitted."""
    told = object_of(body, "body", ("status", "temperature"), stream, drift)
    status = told.get("status")
    if not isinstance(status, str) or not 0 < len(status) <= _LONGEST_STATUS:
        raise Impossible("unreadable_answer", "the answer has no `status`")
    return {
        "status": status.upper(),
        "temperature_c": number(told.get("temperature"), "temperature", _COLDEST, _HOTTEST),
    }
