"""What vehicles are set to - schedules, climate - observed after everything else, from what the budget has left.

Charge records come first, always: nothing here has a deadline, nothing is asked while a record waits for another day,
and a vehicle of which half the month is spent is left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from collectors.observe import Observed
from collectors.snapshots import Snapshot, permitted
from flows.collecting import Wiring
from flows.house import House
from flows.jobs import Result
from flows.planner import Later
from flows.planning import Agenda, allowance
from lake.ledger import StreamState
from lake.registry import Vehicle
from lake.runs import StreamCount

Wanted = list[tuple[Vehicle, Snapshot]]

_DAY: Final = timedelta(days=1)
_SHARE_OF_MONTH: Final = 2
"""A vehicle is observed until one part in so many of its month's requests is spent; the rest is for its records."""


def to_observe(house: House, due: Agenda, sent: int = 0) -> Wanted:
    """What a run observes after its records: what was not asked today, that asked longest ago first.

    Args:
        house: The house.
        due: What the run does before.
        sent: Requests of it that were sent already, and stand in the budget.
    """
    room = _room(house, due, sent)
    if not room:
        return []
    states, spent = house.ledger.states(), allowance(house).month_spent
    most = house.settings.smartcar.vehicle_monthly
    used, found = Counter(spent), Wanted()
    for _, vehicle, snapshot in sorted(_candidates(house, states), key=lambda each: each[0]):
        used[vehicle.vehicle_id] += 1
        if not most or used[vehicle.vehicle_id] <= most // _SHARE_OF_MONTH:
            found.append((vehicle, snapshot))
    return found[:room]


async def observe(house: House, wiring: Wiring, due: Agenda, result: Result) -> None:
    """Observe what there is room for, and take note of it; the run's exit code does not depend on it.

    A run that was stopped, and a backfill, observe nothing.
    """
    if result.stopped is not None or result.job.command == "backfill":
        return
    if wanted := to_observe(house, due, result.requests):
        add_observed(house, result, await wiring.observer().observe(wanted))


def add_observed(house: House, result: Result, observed: Iterable[Observed]) -> None:
    """Take note of the requests, here and in the `runs` table."""
    for each in observed:
        result.requests += each.requests
        if each.error is not None:
            result.errors[type(each.error).__name__] += 1
        house.runs.add(result.job.run_id, {each.snapshot.name: StreamCount(requests=each.requests)})


def _room(house: House, due: Agenda, sent: int) -> int:
    """Requests that are left once all records of the day have been asked; 0 where some wait for another day."""
    if any(each.later is Later.ANOTHER_DAY for each in due.later):
        return 0
    now = house.clock.now()
    slots = allowance(house).slots(now)
    free = slots.before(now + _DAY) if due.a_run is None else slots.free_now
    return max(0, free - max(0, due.requests - sent))


def _candidates(house: House, states: dict[tuple[str, str], StreamState]) -> Iterable[tuple[str, Vehicle, Snapshot]]:
    """What may be asked and was not asked today, each with its place in the order."""
    now, configured = house.clock.now(), house.settings.smartcar.interfaces
    for vehicle in house.registry.connected():
        for snapshot in permitted(vehicle):
            if snapshot.interface not in configured or vehicle.disconnected_at is not None:
                continue
            state = states.get((vehicle.vehicle_id, snapshot.name))
            if state is None:
                yield "", vehicle, snapshot
            elif state.asked_at.date() < now.date() and not (state.blocked_until and state.blocked_until > now):
                yield state.asked_at.isoformat(), vehicle, snapshot
