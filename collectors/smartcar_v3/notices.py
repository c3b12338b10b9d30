"""What an event means for the ledger: which days it tells, and what stands in the way of its vehicle. Pure.

An error is judged by its type and code with the same rules as an answer that failed (Smartcar's API reference, §10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from collectors.errors import ApplicationMustAct, CollectError
from collectors.failures import failure
from collectors.http import Response
from collectors.smartcar_v3.events import ERROR, STATE, ToldError, read_event, records_signals, told_errors
from collectors.windows import whole_days
from lake.intervals import DayInterval
from lake.notices import Notice, answered
from lake.raw import Answer


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells the ledger of the charge records of its vehicle.

    Attributes:
        notices: What stands in their way, or no longer does.
        days: The whole days (UTC) that it tells, if any.
    """

    notices: tuple[Notice, ...] = ()
    days: DayInterval | None = None


NOTHING = Told()


def told(answer: Answer, consent_day: date, window_days: int) -> Told:
    """What a landed event tells.

    Args:
        answer: The event as it landed.
        consent_day: When access to the vehicle was granted.
        window_days: How many days a delivery reaches back; 0: to the day of consent.
    """
    event = read_event(answer.content)
    # A clock that is ahead must not make news that nothing later can outdo.
    at = min(event.delivered_at or answer.received_at, answer.received_at)
    if event.kind == ERROR:
        return Told(tuple(_of_errors(answer, at, event.sequence)))
    if event.kind == STATE:
        return _of_signals(answer, answered(at, event.sequence), consent_day, window_days)
    return NOTHING


def _of_signals(answer: Answer, notice: Notice, consent_day: date, window_days: int) -> Told:
    good = [signal for signal in records_signals(answer.content) if signal.is_good]
    if not good:
        return NOTHING
    as_of = max((signal.as_of for signal in good if signal.as_of), default=None)
    today = min(as_of or notice.at, answer.received_at).date()
    if as_of is None or today < consent_day:
        return Told((notice,))
    return Told((notice,), whole_days(DayInterval(consent_day, today), today, window_days))


def _of_errors(answer: Answer, at: datetime, sequence: int | None) -> Iterator[Notice]:
    for error in told_errors(answer.content):
        if not error.about_records:
            continue
        since = min(error.occurred_at or at, answer.received_at)
        meant = _meaning(error, answer, since)
        # What is the application's and no vehicle's stops runs, and those find it out by themselves.
        if meant.state is not None and not isinstance(meant, ApplicationMustAct):
            yield Notice(
                kind=f"{error.type}:{error.code or ''}",
                at=since,
                stands=not error.is_resolved,
                sequence=sequence,
                blocked_state=meant.state,
                blocked_detail=meant.what_to_do or str(meant),
                blocked_until=meant.until,
                whose_move=meant.whose_move,
            )


def _meaning(error: ToldError, answer: Answer, at: datetime) -> CollectError:
    """The error of the tree that it would be as an answer; one that nobody knows goes by its resolution, if any."""
    body = {"type": error.type, "code": error.code, "description": error.description, "resolution": error.resolution}
    status = 400 if error.resolution else 409
    response = Response(status=status, headers={}, body=msgspec.json.encode(body))
    return failure(response, call="webhook", vehicle_id=answer.vehicle_id, now=at)
