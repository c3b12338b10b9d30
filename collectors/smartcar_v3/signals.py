"""What a signal that holds no records means, and whose move is next (Smartcar's API reference, §8 and §10). Pure.

A signal is read from a store: its error is of the day when the vehicle was last read, and of this vehicle alone. So it
never pauses or stops the others, and asking again at once gives the same.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from collectors.errors import (
    ApplicationMustAct,
    Circumstances,
    CollectError,
    NothingYet,
    NotThisSignalYet,
    OurBug,
    OwnerMustAct,
    PlanMustGrow,
    RetryLater,
    RetryNow,
    SignalUnavailable,
    TokenRefused,
    scrub,
)
from collectors.failures import failure
from collectors.http import Response
from collectors.smartcar_v3.protocol import RECORDS, Signal, Stored

_HOURS: Final = timedelta(hours=6)
"""The store is filled about once a day, and by webhooks: sooner there will be nothing new."""

_DAY: Final = timedelta(days=1)
_OTHERS: Final = ("PATH", "VERSION", "VEHICLE_NOT_FOUND", "USER_NOT_FOUND")
_ASKED_AGAIN: Final = "Nothing to do: the vehicle's last reading failed; the next run asks again."
_EMPTY: Final = (
    "Nothing to do: Smartcar has stored nothing of this vehicle yet; it reads a vehicle about once a day, a webhook "
    "tells sooner."
)
_NOT_THIS: Final = "Nothing to do: Smartcar knows other things of this vehicle, and no charge records yet."
_UNAVAILABLE: Final = "Nothing to do: the vehicle or its maker does not offer charge records now."
_FINAL: Final = ("COMPATIBILITY", "PERMISSION")


def is_absent(error: CollectError) -> bool:
    """Whether a failure says that the store has not this signal, and not that the vehicle or the path is wrong."""
    return error.at.status == 404 and error.at.code not in _OTHERS  # noqa: PLR2004, the status by its number


def absence(stored: Stored, at: Circumstances, now: datetime) -> CollectError:
    """The error of a vehicle without this signal, by what else is stored of it.

    Args:
        stored: What is.
        at: The call that did not find the signal.
        now: When the answer was received (UTC).
    """
    if stored.signal is not None:  # it came between the two calls
        return RetryLater(at, "Nothing to do: the charge records have just come; the next run asks for them.")
    if stored.has_others:
        return NotThisSignalYet(at, _NOT_THIS, until=now + _HOURS)
    return NothingYet(at, _EMPTY, until=now + _HOURS)


def problem(signal: Signal, at: Circumstances, now: datetime) -> CollectError | None:
    """What keeps a signal from being an answer; None where it is one.

    Args:
        signal: The signal.
        at: The call.
        now: When the answer was received (UTC).
    """
    told = _stored_failure(signal, at, now)
    if signal.status == "UNAVAILABLE":
        is_final = told.at.type in _FINAL
        return told if is_final else SignalUnavailable(told.at, _UNAVAILABLE, until=now + _DAY - _HOURS)
    if signal.status != "SUCCESS":
        return told
    return NotThisSignalYet(at, _NOT_THIS, until=now + _HOURS) if signal.records is None else None


def _stored_failure(signal: Signal, at: Circumstances, now: datetime) -> CollectError:
    """The error that a signal tells, by its type as in §10."""
    # An unknown type falls back on the status: it is then what a failure of the maker's is.
    answer = Response(status=502, headers={}, body=json.dumps(dict(signal.error)).encode())
    error = failure(answer, call=at.call, vehicle_id=at.vehicle_id, now=now)
    detail = f"the signal {RECORDS} is {scrub(signal.status[:20])}" + (f", {error.at.detail}" if signal.error else "")
    circumstances = replace(error.at, status=at.status, request_id=at.request_id, detail=detail)
    if isinstance(error, RetryNow | OurBug):
        return RetryLater(circumstances, _ASKED_AGAIN)
    if isinstance(error, ApplicationMustAct):
        return PlanMustGrow(circumstances, error.what_to_do, until=now + _DAY)
    kind = OwnerMustAct if isinstance(error, TokenRefused) else type(error)
    return kind(circumstances, error.what_to_do, until=error.until)
