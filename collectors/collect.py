"""Collecting: many vehicles side by side, and one vehicle's trouble is its own.

A task asks for the days of one stream of one vehicle. Streams of one vehicle are asked one after the other; a few
vehicles at once, as more would only wait in line for the same bucket. After each task the ledger knows: the days were
answered, or what stands in the way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from collectors.asking import Collected, Tally
from collectors.errors import (
    ApplicationMustAct,
    BudgetSpent,
    Circumstances,
    CollectError,
    EveryoneWaits,
    OurBug,
)
from collectors.streams import Stream
from collectors.windows import whole_days
from lake.clock import Clock
from lake.intervals import DayInterval
from lake.ledger import Ledger
from lake.registry import Vehicle
from lake.state import StateUnusable
from lake.store import HomeUnwritable

_log = logging.getLogger(__name__)
_STOPS = ApplicationMustAct | BudgetSpent | EveryoneWaits
"""What ends the handing out of tasks."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to ask for: a stream of a vehicle over some days (UTC, both included)."""

    vehicle: Vehicle
    stream: Stream
    window: DayInterval

    def __str__(self) -> str:
        """For logs: stream, vehicle, days."""
        return f"{self.stream.name} of {self.vehicle.vehicle_id}, {self.window.since} to {self.window.until}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task.

    Attributes:
        task: The task.
        requests: Requests that were sent for it; 0 where the run stopped before.
        records: Records in its answers, on all pages.
        error: What stood in the way; None where the window was answered whole.
    """

    task: Task
    requests: int = 0
    records: int = 0
    error: CollectError | None = None

    @property
    def answered(self) -> bool:
        """Whether the window was answered whole."""
        return self.error is None


class Client(Protocol):
    """Asks one interface for records."""

    async def records(
        self, vehicle: Vehicle, stream: Stream, window: DayInterval, tally: Tally | None = None
    ) -> Collected:
        """What a vehicle's stream tells, whole; raises a `CollectError` where it does not."""


class Collector:
    """Collects for one run.

    Args:
        clients: Ask and land, by the interface they speak.
        ledger: Is told what is known.
        clock: What time it is for windows.
        window_days: How far back records of BMW, MINI and v3 reach; 0: no limit.
        at_once: Vehicles asked side by side.
        on_progress: Called after each task, in the event loop.
    """

    def __init__(
        self,
        clients: Mapping[str, Client],
        ledger: Ledger,
        clock: Clock,
        *,
        window_days: int = 30,
        at_once: int = 8,
        on_progress: Callable[[Outcome], None] = lambda _outcome: None,
    ) -> None:
        self._clients = clients
        self._ledger = ledger
        self._clock = clock
        self._window_days = window_days
        self._at_once = at_once
        self._on_progress = on_progress
        self._stopped: dict[str, CollectError] = {}

    async def collect(self, tasks: Iterable[Task]) -> list[Outcome]:
        """Do the tasks, the vehicles in the order of their first task; gives an outcome for each.

        A `BudgetSpent` ends the handing out, an `ApplicationMustAct` that of its interface: tasks under way are
        finished, the others get that error as their outcome, with no request sent.

        Raises:
            HomeUnwritable: An answer could not be landed; the run ends.
            StateUnusable: The ledger or the tokens could not be kept; the run ends.
        """
        per_vehicle: dict[str, list[Task]] = {}
        for task in tasks:
            per_vehicle.setdefault(task.vehicle.vehicle_id, []).append(task)
        waiting = iter(per_vehicle.values())
        outcomes: list[Outcome] = []

        async def worker() -> None:
            for vehicle_tasks in waiting:  # shared: each takes the next vehicle
                for task in vehicle_tasks:
                    outcomes.append(await self._do(task))  # noqa: PERF401, each is kept as it ends

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._at_once, len(per_vehicle))):
                    group.create_task(worker())
        except* (HomeUnwritable, StateUnusable) as several:
            found = several
        else:
            return outcomes
        raise found.exceptions[0]

    async def _do(self, task: Task) -> Outcome:
        stopped = self._stopped.get(task.stream.interface)
        outcome = Outcome(task, error=stopped) if stopped else await self._ask(task)
        self._record(outcome)
        try:
            self._on_progress(outcome)
        except Exception:  # noqa: BLE001, whoever watches must not stop the run
            _log.exception("the progress callback failed")
        return outcome

    async def _ask(self, task: Task) -> Outcome:
        tally = Tally()
        try:
            collected = await self._clients[task.stream.interface].records(
                task.vehicle, task.stream, task.window, tally
            )
            self._answered(task, collected)
            return Outcome(task, tally.requests, collected.records)
        except (HomeUnwritable, StateUnusable):
            raise  # what cannot be kept must not be asked for
        except CollectError as error:
            self._stop_after(task, error)
            return Outcome(task, tally.requests, error=error)
        except Exception as error:  # noqa: BLE001, one vehicle's trouble of any kind never stops the others
            _log.exception("collecting failed: %s", task)
            return Outcome(task, tally.requests, error=_bug(task, error))

    def _answered(self, task: Task, collected: Collected) -> None:
        limit = self._window_days if task.stream.window_limited else 0
        window, as_of = collected.window, collected.as_of
        days = None if window is None or as_of is None else whole_days(window, as_of.date(), limit)
        self._ledger.answered(task.vehicle.vehicle_id, task.stream.name, days, collected.received_at)

    def _stop_after(self, task: Task, error: CollectError) -> None:
        """An application belongs to one interface; the bucket is of all."""
        if isinstance(error, ApplicationMustAct):
            stopped: dict[str, CollectError] = {task.stream.interface: error}
        elif isinstance(error, BudgetSpent | EveryoneWaits):
            stopped = dict.fromkeys(self._clients, error)
        else:
            return
        if stopped.keys() - self._stopped.keys():
            self._stopped = stopped | self._stopped
            _log.warning("no more tasks are handed out: %s", error)

    def _record(self, outcome: Outcome) -> None:
        """Tell the ledger what stands in the way. What an earlier run found out stays where this one did not ask."""
        error, task = outcome.error, outcome.task
        if error is None:
            _log.info("answered: %s, %d requests, %d records", task, outcome.requests, outcome.records)
            return
        _log.warning("not answered: %s: %s", type(error).__name__, error)
        key = (task.vehicle.vehicle_id, task.stream.name)
        if error.state is None:
            return
        if not outcome.requests and isinstance(error, _STOPS) and self._is_blocked(key):
            return
        detail = error.what_to_do or str(error)
        # The bucket is real time's, which a run's clock need not be; the next run's pacing knows it by itself.
        until = None if isinstance(error, BudgetSpent | EveryoneWaits) else error.until
        self._ledger.block(
            *key, error.state, detail=detail, until=until, at=self._clock.now(), whose_move=error.whose_move
        )

    def _is_blocked(self, key: tuple[str, str]) -> bool:
        state = self._ledger.state(*key)
        return state is not None and state.blocked_state is not None


def _bug(task: Task, error: Exception) -> OurBug:
    at = Circumstances(call=f"GET {task.stream.path}", vehicle_id=task.vehicle.vehicle_id, detail=type(error).__name__)
    return OurBug(at, "This is a bug of chargelake: report it with the log of this run.")
