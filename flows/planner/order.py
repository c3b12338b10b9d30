"""The order of asking: what is lost soonest comes first, but no sooner than it has to.

Streams that lose records (BMW and MINI tell only the last 30 days) have a deadline. Going back from the last deadline,
each gets the slot by which it has to begin, so that all later ones still fit. As long as the one with the nearest
deadline can wait, its slot goes to what a report waits for. That keeps every deadline that any order could keep
(earliest deadline first is best for requests of one size), and it wastes no slot on asking early what nobody needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from flows.planner.pace import Allowance, Slots

MARGIN = timedelta(days=2)
"""How long before its deadline a stream is asked at the latest: so many days without a run lose nothing."""
REPORT_DAYS = 1
"""Days after a month's end within which a report of it wants every stream asked; fewer than a month has."""

_EVER = datetime.max.replace(tzinfo=UTC)


class Why(StrEnum):
    """Why a stream has its place in the order."""

    AT_RISK = "at risk"
    REPORT = "a report waits"
    DUE = "due"
    CAN_WAIT = "can wait"


class Later(StrEnum):
    """Why a stream is left for a later run."""

    TODAY = "asked today already, and not all of it fits at once"
    ANOTHER_DAY = "the budget of this run goes to others"
    MONTH = "the vehicle's month is used up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A stream of a vehicle that could be asked.

    Attributes:
        cost: Requests that it takes.
        lost_at: From when on records are lost if it is not asked before; None: never.
        wanted_by: When a report needs it; see `report_due`.
        asked_at: When it was last asked; None: never.
    """

    vehicle_id: str
    stream: str
    cost: int = 1
    lost_at: datetime | None = None
    wanted_by: datetime
    asked_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Vehicle and stream."""
        return self.vehicle_id, self.stream


@dataclass(frozen=True, slots=True)
class Step:
    """A stream in its place.

    Attributes:
        at: When its first request is sent, if each request before is sent as soon as it may be.
        done_at: When its last is.
        by_runs: When its last is, if runs go on as they do now; see `schedule`.
        later: Why this run does not ask it; None if it does.
    """

    due: Due
    why: Why
    at: datetime
    done_at: datetime
    by_runs: datetime
    later: Later | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is asked before it loses anything."""
        return self.due.lost_at is None or self.done_at < self.due.lost_at

    @property
    def is_whole_by_runs(self) -> bool:
        """The same if runs go on as they do now."""
        return self.due.lost_at is None or self.by_runs < self.due.lost_at


@dataclass(frozen=True, slots=True)
class Schedule:
    """The order of asking.

    Attributes:
        steps: All that can be asked, in order, those for later runs too.
        aside: What is not in the order, with the reason.
    """

    steps: tuple[Step, ...]
    aside: tuple[tuple[Due, Later], ...]

    @property
    def now(self) -> tuple[Step, ...]:
        """What this run asks, in order."""
        return tuple(step for step in self.steps if step.later is None)

    @property
    def lost(self) -> tuple[Due, ...]:
        """What loses records even in this order: no order within the budget keeps all of it."""
        return tuple(step.due for step in self.steps if not step.is_whole)


def report_due(asked: date, days: int = REPORT_DAYS) -> date:
    """The day before which a report needs a stream that was last asked on `asked`.

    A report of a month is made when the month and `days` days are over, and what was asked within the month does not
    have its end: the stream is wanted once more after the month's last day.
    """
    first_of_next = date(asked.year + asked.month // 12, asked.month % 12 + 1, 1)
    return first_of_next + timedelta(days=days)


def schedule(
    dues: Iterable[Due],
    allowance: Allowance,
    now: datetime,
    *,
    until: datetime | None = None,
    runs: Allowance | None = None,
    margin: timedelta = MARGIN,
) -> Schedule:
    """Put what is due in order.

    Args:
        dues: What could be asked.
        allowance: What may be asked.
        now: When the run begins (UTC).
        until: What would be sent from then on is left for a later run, and so is what was asked today (UTC) already
            unless everything fits at once; None: nothing is left.
        runs: What runs really send, where they stop before the allowance does: room is kept free by it.
        margin: How long before a deadline a stream is asked at the latest.
    """
    slots, months = allowance.slots(now), allowance.months(now)
    paced = (runs or allowance).slots(now)
    wanted = list(dues)
    aside: list[tuple[Due, Later]] = []
    if until is not None and sum(due.cost for due in wanted) > slots.free_now:
        wanted, aside = _without_todays(wanted, now)
    queue, used = _Queue(wanted, paced, margin, now), 0
    steps: list[Step] = []
    while (turn := queue.next(used)) is not None:
        due, why = turn
        if not months.take(due.vehicle_id, due.cost, slots.at(used)):
            aside.append((due, Later.MONTH))
            continue
        last = used + due.cost - 1
        at = slots.at(used)
        later = Later.ANOTHER_DAY if until is not None and at >= until else None
        steps.append(Step(due, why, at, slots.at(last), paced.at(last), later))
        used += due.cost
    return Schedule(tuple(steps), tuple(aside))


def _without_todays(dues: list[Due], now: datetime) -> tuple[list[Due], list[tuple[Due, Later]]]:
    """What was not asked on this day yet, and the rest."""
    wanted: list[Due] = []
    aside: list[tuple[Due, Later]] = []
    for due in dues:
        if due.asked_at is not None and due.asked_at.date() >= now.date():
            aside.append((due, Later.TODAY))
        else:
            wanted.append(due)
    return wanted, aside


class _Queue:
    """What is not asked yet: by deadline, and by what a report waits for. A stream may stand in both."""

    def __init__(self, dues: Sequence[Due], slots: Slots, margin: timedelta, now: datetime) -> None:
        self._next_month = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=now.tzinfo)
        losing = sorted((due for due in dues if due.lost_at is not None), key=_by_loss)
        self._latest = _latest_starts(losing, slots, margin)
        self._losing = deque(losing)
        self._wanted = deque(sorted((due for due in dues if due.lost_at is None or self._waits(due)), key=_by_want))
        self._gone: set[tuple[str, str]] = set()

    def next(self, used: int) -> tuple[Due, Why] | None:
        """Whose turn it is after so many requests, and why; None at the end."""
        losing, wanted = self._head(self._losing), self._head(self._wanted)
        chosen: tuple[Due, Why]
        if losing is None:
            if wanted is None:
                return None
            chosen = wanted, self._why(wanted)
        elif wanted is not None and used + wanted.cost <= self._latest[losing.key]:
            chosen = wanted, self._why(wanted)
        else:
            chosen = losing, Why.CAN_WAIT if used < self._latest[losing.key] else Why.AT_RISK
        self._gone.add(chosen[0].key)
        return chosen

    def _head(self, queue: deque[Due]) -> Due | None:
        while queue and queue[0].key in self._gone:
            queue.popleft()
        return queue[0] if queue else None

    def _waits(self, due: Due) -> bool:
        """Whether a report waits for it: a month has ended since it was last asked."""
        return due.wanted_by < self._next_month

    def _why(self, due: Due) -> Why:
        return Why.REPORT if self._waits(due) else Why.DUE


def _latest_starts(losing: Sequence[Due], slots: Slots, margin: timedelta) -> dict[tuple[str, str], int]:
    """The number of requests that may be sent before each, so that it and all with a later deadline keep theirs.

    Args:
        losing: By deadline, the nearest first.
        slots: When requests may be sent.
        margin: How long before its deadline each has to be done.
    """
    latest: dict[tuple[str, str], int] = {}
    begins: int | None = None
    for due in reversed(losing):
        ends = slots.before(_deadline(due) - margin)
        begins = (ends if begins is None else min(ends, begins)) - due.cost
        latest[due.key] = begins
    return latest


def _deadline(due: Due) -> datetime:
    return due.lost_at or _EVER


def _by_loss(due: Due) -> tuple[datetime, bool, datetime, str, str]:
    return _deadline(due), *_by_age(due)


def _by_want(due: Due) -> tuple[datetime, bool, datetime, str, str]:
    return due.wanted_by, *_by_age(due)


def _by_age(due: Due) -> tuple[bool, datetime, str, str]:
    """What was never asked first, then what was asked longest ago."""
    return due.asked_at is not None, due.asked_at or _EVER, due.vehicle_id, due.stream
