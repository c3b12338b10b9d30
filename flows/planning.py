"""What to ask next, in which order, and what it will cost: from the ledger, asking nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from collectors.collect import Task
from collectors.pacing import Plan
from collectors.smartcar_v2.streams import Stream, streams_of
from collectors.windows import deadline, window_to_ask
from flows.house import House
from lake.intervals import Intervals
from lake.ledger import StreamState
from lake.registry import Vehicle

_NEVER = date.max


@dataclass(frozen=True, slots=True)
class Planned:
    """A task, and the day on which the oldest day it would make known is lost; `date.max` if none is."""

    task: Task
    lost_on: date


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a run would do.

    Attributes:
        tasks: In the order of asking: what is lost soonest first, then what was asked longest ago.
        waiting: Streams that are left alone for now, with the reason and the instant until which.
        requests: Requests that the tasks need, about: one each, and what else the pages of bills cost is not known.
        done_at: When the last would be answered at the latest, if every request is sent as the pacer allows.
    """

    tasks: tuple[Planned, ...]
    waiting: tuple[tuple[Vehicle, Stream, StreamState], ...]
    requests: int
    done_at: datetime


def agenda(house: House, *, since: date | None = None, until: date | None = None) -> Agenda:
    """The tasks that the ledger says are due.

    Args:
        house: The house.
        since: First day to know (a backfill); None: the day of consent.
        until: Last day to know; None: today.
    """
    now = house.clock.now()
    coverage, states = house.ledger.all_coverage(), house.ledger.states()
    planned, waiting = [], []
    for vehicle in house.registry.vehicles():
        for stream in streams_of(vehicle.make):
            key = (vehicle.vehicle_id, stream.name)
            state = states.get(key)
            if state is not None and state.blocked_until is not None and state.blocked_until > now:
                waiting.append((vehicle, stream, state))
            elif task := _task(house, vehicle, stream, coverage.get(key, ()), since=since, until=until):
                planned.append(task)
    ordered = tuple(sorted(planned, key=lambda each: _urgency(each, states)))
    requests = len(ordered)
    return Agenda(ordered, tuple(waiting), requests, now + _time_for(house, requests))


def pacing_plan(house: House) -> Plan:
    """The application's limits as the settings have them."""
    smartcar = house.settings.smartcar
    return Plan(
        bucket=smartcar.bucket,
        refill_per_minute=smartcar.refill_per_minute,
        vehicle_spacing=smartcar.vehicle_spacing,
        vehicle_monthly=smartcar.vehicle_monthly,
        max_wait=house.settings.max_wait_seconds,
    )


def batches(tasks: Sequence[Planned], most: int) -> list[list[Task]]:
    """At most so many batches of whole vehicles, in the order of the tasks."""
    order = list(dict.fromkeys(each.task.vehicle.vehicle_id for each in tasks))
    size = max(1, -(-len(order) // most))
    place = {vehicle_id: index // size for index, vehicle_id in enumerate(order)}
    found: list[list[Task]] = [[] for _ in range(-(-len(order) // size))]
    for each in tasks:
        found[place[each.task.vehicle.vehicle_id]].append(each.task)
    return found


def _task(
    house: House, vehicle: Vehicle, stream: Stream, known: Intervals, *, since: date | None, until: date | None
) -> Planned | None:
    smartcar, today = house.settings.smartcar, house.clock.now().date()
    reach = smartcar.window_days if stream.window_limited else 0
    consent = vehicle.consented_at.date()
    window = window_to_ask(
        known,
        consent,
        today,
        lookback_days=smartcar.lookback_days + stream.late_days,
        window_days=reach,
        since=since,
        until=until,
    )
    if window is None:
        return None
    return Planned(Task(vehicle, stream, window), deadline(known, consent, today, reach) or _NEVER)


def _urgency(planned: Planned, states: dict[tuple[str, str], StreamState]) -> tuple[date, datetime | date, str, str]:
    vehicle_id, stream = planned.task.vehicle.vehicle_id, planned.task.stream.name
    state = states.get((vehicle_id, stream))
    return planned.lost_on, state.asked_at.date() if state else date.min, vehicle_id, stream


def _time_for(house: House, requests: int) -> timedelta:
    """How long so many requests take from now, at most: each window of the pacer is full before the next begins."""
    count, period = pacing_plan(house).window
    spent = len(house.budget.recent(house.real_now() - timedelta(seconds=period)))
    beyond = max(0, requests - max(0, count - spent))
    return timedelta(seconds=-(-beyond // count) * period)
