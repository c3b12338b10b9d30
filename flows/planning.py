"""What to ask next, in which order, and what it will cost: from the ledger, asking nobody.

Here the ledger, the budget and the settings become plain values; `flows.planner` decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

from collectors.collect import Task
from collectors.pacing import Plan
from flows.dues import Planned, Waiting, due_now
from flows.house import House
from flows.planner import Allowance, Later, Schedule, schedule
from lake.ledger import StreamKey

_DAY = timedelta(days=1)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a run would do.

    Attributes:
        tasks: In the order of asking; `flows.planner.order` has the rule.
        later: What is due and left for a later run, those with a place in the order first.
        waiting: Streams that are left alone for now, with the reason and the instant until which.
        planned_at: The run's now.
        requests: Requests that the tasks need; pages of bills as they were in the past.
        done_at: When the last would be sent if every request is sent as soon as the pacer allows.
        a_run: Requests that one run sends before it stops at the budget; None: it never has to.
    """

    tasks: tuple[Planned, ...]
    later: tuple[Planned, ...]
    waiting: tuple[Waiting, ...]
    planned_at: datetime
    requests: int
    done_at: datetime
    a_run: int | None

    @property
    def all_planned(self) -> tuple[Planned, ...]:
        """Everything that is due."""
        return self.tasks + self.later

    def not_whole(self) -> Iterator[tuple[Planned, str]]:
        """What loses records within this budget whatever the order, each with the reason."""
        for each in self.all_planned:
            if each.step is not None and not each.step.is_whole:
                yield each, f"even in the best order its turn comes only on {each.step.done_at:%Y-%m-%d %H:%M} UTC"
            elif each.later is Later.MONTH and each.due.lost_at and each.due.lost_at <= _next_month(self.planned_at):
                yield each, str(each.later)

    def not_whole_by_runs(self) -> tuple[Planned, ...]:
        """What loses records if no more requests a day are sent than runs send now, though the budget has more."""
        steps = ((each, each.step) for each in self.all_planned if each.step is not None)
        return tuple(each for each, step in steps if step.is_whole and not step.is_whole_by_runs)


def agenda(house: House, *, since: date | None = None, until: date | None = None) -> Agenda:
    """The tasks that the ledger says are due.

    A daily run leaves what it cannot send within a day to the next, which plans anew; a backfill leaves nothing.

    Args:
        house: The house.
        since: First day to know (a backfill); None: the day of consent.
        until: Last day to know; None: today.
    """
    now = house.clock.now()
    due, waiting = due_now(house, since=since, until=until)
    is_daily = since is None and until is None
    planned = {each.due.key: each for each in due}
    made = schedule(
        (each.due for each in due), allowance(house), now, until=now + _DAY if is_daily else None, runs=_by_runs(house)
    )
    return _agenda(house, planned, made, tuple(waiting))


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


def allowance(house: House) -> Allowance:
    """What the pacer lets through from now on. What was sent in real time counts from the run's now."""
    count, seconds = pacing_plan(house).window
    real = house.real_now()
    month = real.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Allowance(
        count=count,
        period=timedelta(seconds=seconds),
        spent=_spent(house, timedelta(seconds=seconds)),
        vehicle_monthly=house.settings.smartcar.vehicle_monthly,
        month_spent=house.budget.vehicle_totals(month),
    )


def _agenda(house: House, planned: Mapping[StreamKey, Planned], made: Schedule, waiting: tuple[Waiting, ...]) -> Agenda:
    placed = [replace(planned[step.due.key], step=step, later=step.later) for step in made.steps]
    aside = [replace(planned[due.key], later=reason) for due, reason in made.aside]
    tasks = tuple(each for each in placed if each.later is None)
    now = made.now
    return Agenda(
        tasks=tasks,
        later=tuple(each for each in placed if each.later is not None) + tuple(aside),
        waiting=waiting,
        planned_at=house.clock.now(),
        requests=sum(step.due.cost for step in now),
        done_at=max((step.done_at for step in now), default=house.clock.now()),
        a_run=_a_run(house),
    )


def _a_run(house: House) -> int | None:
    plan = pacing_plan(house)
    count, seconds = plan.window
    return count if plan.max_wait is not None and plan.max_wait < seconds else None


def _by_runs(house: House) -> Allowance | None:
    """What runs send in a day, where they stop before the budget does: as often as they ran lately, once at least."""
    count = _a_run(house)
    if count is None:
        return None
    since = house.clock.now() - timedelta(days=_WEEK)
    lately = house.runs.table().filter(pl.col("started_at") > since)["run_id"].n_unique()
    return Allowance(count=count * max(1, lately // _WEEK), period=_DAY, spent=_spent(house, _DAY))


def _spent(house: House, period: timedelta) -> tuple[datetime, ...]:
    """What was sent within the last period, on the run's clock."""
    real = house.real_now()
    shift = house.clock.now() - real
    return tuple(at + shift for at in house.budget.recent(real - period))


def _next_month(at: datetime) -> datetime:
    return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=at.tzinfo)
