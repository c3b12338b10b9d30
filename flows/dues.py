"""What is due, as plain values for the planner: from the ledger and from what was spent, asking nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median_low

from collectors.collect import Task
from collectors.streams import V2, V3, Stream, streams_of
from collectors.windows import deadline, window_to_ask
from flows.house import House
from flows.planner import Due, Later, Step, report_due
from lake.intervals import DayInterval, Intervals
from lake.ledger import StreamState
from lake.registry import Vehicle

_NEVER = date.max
_DAY = timedelta(days=1)

LONGEST_SESSION_DAYS = 7
"""How long a session may be under way. BMW and MINI tell it by its start and once it is over, so that many days before
a request are read again by the next, which costs no request more. The longest of the real sets took 5.5 days."""

FRESH = timedelta(hours=20)
"""How long what v3 told stays new: less than the day after which its store is filled again, so that a daily run that
starts a little earlier than yesterday still asks."""

Waiting = tuple[Vehicle, Stream, StreamState]
"""A stream that is left alone for now, with the reason and the instant until which."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A task, and the day from which on records are lost if it is not done before; `date.max` if none are.

    Attributes:
        step: Its place in the order; None where it has none.
        later: Why this run leaves it; None if it does not.
    """

    task: Task
    lost_on: date
    due: Due
    step: Step | None = None
    later: Later | None = None


def due_now(house: House, *, since: date | None, until: date | None) -> tuple[list[Planned], list[Waiting]]:
    """What could be asked, and what is left alone."""
    now, is_daily = house.clock.now(), since is None and until is None
    configured = house.settings.smartcar.interfaces or (V2, V3)
    coverage, states, costs = house.ledger.all_coverage(), house.ledger.states(), bill_pages(house)
    planned: list[Planned] = []
    waiting: list[Waiting] = []
    for vehicle in house.registry.connected():
        for stream in streams_of(vehicle):
            key = (vehicle.vehicle_id, stream.name)
            state = states.get(key)
            if stream.interface not in configured or (is_daily and _is_fresh(stream, state, now)):
                continue
            if state is not None and state.blocked_until is not None and state.blocked_until > now:
                waiting.append((vehicle, stream, state))
            elif task := _task(house, vehicle, stream, coverage.get(key, ()), since=since, until=until):
                asked_at = _asked_at(state, coverage.get(key, ()), now)
                planned.append(_planned(task, asked_at, costs[vehicle.vehicle_id]))
    return planned, waiting


def _is_fresh(stream: Stream, state: StreamState | None, now: datetime) -> bool:
    """Whether v3 told this lately, to a poll or by a webhook: its store has nothing new before the next day."""
    if stream.interface != V3 or state is None or state.whose_move is not None:
        return False
    return now - state.asked_at < FRESH


def _task(
    house: House, vehicle: Vehicle, stream: Stream, known: Intervals, *, since: date | None, until: date | None
) -> tuple[Task, date] | None:
    """What to ask for, and the day on which the oldest of it is lost."""
    smartcar, today = house.settings.smartcar, house.clock.now().date()
    reach = smartcar.window_days if stream.window_limited else 0
    look_back, consent = smartcar.lookback_days + stream.late_days, vehicle.consented_at.date()
    if since is None and until is None:
        found = outlook(known, consent, today, look_back=look_back, reach=reach)
    else:
        window = window_to_ask(
            known, consent, today, lookback_days=look_back, window_days=reach, since=since, until=until
        )
        found = (window, deadline(known, consent, today, reach) or _NEVER) if window else None
    return (Task(vehicle, stream, found[0]), found[1]) if found else None


def outlook(
    known: Intervals, consent: date, today: date, *, look_back: int, reach: int
) -> tuple[DayInterval, date] | None:
    """The days to ask for, and the day from which on records are lost; None if there is nothing to ask.

    Corrections of older records are read again where that costs nothing, but they are no reason to hurry: the deadline
    is that of the records that no answer has told yet.

    Args:
        known: The days known complete.
        consent: When access was granted.
        today: The day of the request (UTC).
        look_back: Days that are read again, as they may still change.
        reach: How far back the source tells, in days; 0: without limit.
    """
    again = max(look_back, LONGEST_SESSION_DAYS) if reach else look_back
    window = window_to_ask(_settled(known, again), consent, today, lookback_days=again, window_days=reach)
    lost_on = deadline(_settled(known, LONGEST_SESSION_DAYS), consent, today, reach)
    return (window, lost_on or _NEVER) if window else None


def _settled(known: Intervals, look_back: int) -> Intervals:
    """The known days without those that the last request could not settle, however long ago that was.

    Daily requests read the look-back again as a matter of course; after a pause it must reach back from the last
    request and not from today.
    """
    if not known:
        return known
    last = known[-1].until - timedelta(days=max(0, look_back - 1))
    return tuple(DayInterval(each.since, min(each.until, last)) for each in known if each.since <= last)


def _asked_at(state: StreamState | None, known: Intervals, now: datetime) -> datetime | None:
    """When a stream was last asked. What stopped before it, at the budget or the plan, did not ask it.

    What was in its way and was lifted since, as by a new consent, is to be asked anew, if only today it was asked.
    """
    lifted = state is not None and state.blocked_state is None and state.whose_move is not None
    if state is not None and not lifted and state.blocked_state not in {"over_budget", "not_asked"}:
        return state.asked_at
    if not known:
        return None
    return min(datetime.combine(known[-1].until + _DAY, time(), now.tzinfo), now)


def _planned(found: tuple[Task, date], asked_at: datetime | None, billing: int) -> Planned:
    task, lost_on = found
    zone = task.vehicle.consented_at.tzinfo
    last = asked_at.date() if asked_at else task.window.since
    due = Due(
        vehicle_id=task.vehicle.vehicle_id,
        stream=task.stream.name,
        cost=billing if task.stream.paged else 1,
        lost_at=None if lost_on == _NEVER else datetime.combine(lost_on, time(), zone),
        wanted_by=datetime.combine(report_due(last), time(), zone),
        asked_at=asked_at,
    )
    return Planned(task, lost_on, due)


def bill_pages(house: House) -> dict[str, int]:
    """Pages of a Tesla's bills by vehicle: its own where it was asked on more days than one, the fleet's where not."""
    spent, states = house.budget.by_day(), house.ledger.states()
    own: dict[str, int] = {}
    for vehicle in house.registry.vehicles():
        days, streams = spent.get(vehicle.vehicle_id, []), streams_of(vehicle)
        if len(days) > 1 and any(stream.paged for stream in streams):
            others = (states.get((vehicle.vehicle_id, stream.name)) for stream in streams if not stream.paged)
            beside = sum(state is None or state.blocked_state is None for state in others)
            own[vehicle.vehicle_id] = pages_of(days, beside=beside)
    usual = median_low(own.values()) if own else 1
    return {vehicle.vehicle_id: own.get(vehicle.vehicle_id, usual) for vehicle in house.registry.vehicles()}


def pages_of(days: Sequence[int], *, beside: int) -> int:
    """Pages that a Tesla's bills take a time, from the requests of the days on which it was asked, the least first.

    The lower median: connecting, a backfill or a second run make single days dearer.

    Args:
        days: Requests of each such day.
        beside: How many of them are for its other streams, as its daily energy.
    """
    return max(1, median_low(days) - beside)


def rhythm_days(house: House, stream: Stream) -> int | None:
    """Days within which a stream has to be asked again, or records are lost; None where it loses none.

    A session that was under way at a request must still be told by the next.
    """
    days = house.settings.smartcar.window_days
    return max(1, days - LONGEST_SESSION_DAYS) if stream.window_limited and days else None
