"""Pacing: the one place where a request waits until it may be sent.

A rate limit is a budget to spend, not a wall to hit. Three limits hold (Smartcar's API reference, §11):

- **The application's bucket** of `n` requests that refills at `r`. asyncio-throttle lets `k` through in any `k/r`
  seconds, so that in any `T` seconds at most `k + r·T` are sent. `k` stays a margin below `n`, because requests do
  not arrive exactly as far apart as they were sent; `r·jitter` requests cover arrivals up to `jitter` seconds late.
  The margin costs nothing in the long run: the rate stays `r`.
- **A vehicle's spacing**: one request at a time, the next no sooner than `spacing` seconds after the last was
  answered, which holds at the server whatever the way there took.
- **A vehicle's month**, counted in the state database.

Grants are written down before they are given, and read back at the start: a restart spends no budget twice.
Waiting is first come, first served, and only one waiter looks at the throttle: it polls, so a thousand would burn a
core, and it would let one caller starve the others.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asyncio_throttle.throttler import Throttler

from collectors.errors import BudgetSpent, Circumstances, VehicleWaits
from collectors.waits import first_of_next_month
from lake.budget import RequestBudget

_log = logging.getLogger(__name__)
_RETRY_INTERVALS = (0.001, 0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The limits to obey.

    Attributes:
        bucket: Requests that may be sent at once after a long rest.
        refill_per_minute: Requests a minute in the long run.
        vehicle_spacing: Seconds between an answer about a vehicle and the next request about it.
        vehicle_monthly: Requests a vehicle may have in a calendar month (UTC); 0: no limit.
        jitter: Seconds by which a request may arrive later than another that was sent together with it.
        pause_cap: Longest pause, in seconds, that a run sits out after `RATE_LIMIT:SMARTCAR_API`; a longer one is
            left to the next run.
        vehicle_patience: Longest wait, in seconds, for a vehicle that was asked too often; a longer one is left to the
            next run.
        max_wait: Longest wait for a slot, in seconds; None: as long as it takes.
    """

    bucket: int = 120
    refill_per_minute: float = 2
    vehicle_spacing: float = 0
    vehicle_monthly: int = 500
    jitter: float = 2
    pause_cap: float = 900
    vehicle_patience: float = 60
    max_wait: float | None = None

    def __post_init__(self) -> None:
        if self.bucket < 1 or self.refill_per_minute <= 0:
            raise ValueError("a bucket holds at least 1 request and refills at more than 0 a minute")

    @property
    def window(self) -> tuple[int, float]:
        """How many requests in how many seconds the throttle lets through."""
        rate = self.refill_per_minute / 60
        margin = min(max(1, math.ceil(rate * self.jitter)), self.bucket // 2)
        count = self.bucket - margin
        return count, count / rate

    @property
    def longest_pause(self) -> float:
        """Seconds; the smaller of `pause_cap` and `max_wait`."""
        return self.pause_cap if self.max_wait is None else min(self.pause_cap, self.max_wait)


class _SeededThrottler(Throttler):
    """asyncio-throttle with a memory of what was sent before it began, and a view of when the next slot is free.

    Both need its list of send times (monotonic seconds, oldest first), which has no public name in version 1.0.2.
    """

    _task_logs: deque[float]

    def seed(self, sent: list[float]) -> None:
        self._task_logs.extend(sent[-self.rate_limit :])

    def seconds_to_next(self, now: float) -> float:
        self.flush()  # type: ignore[no-untyped-call]  # asyncio-throttle has no types
        if len(self._task_logs) < self.rate_limit:
            return 0.0
        return max(self._task_logs[0] + float(self.period) - now, 0.0)


@dataclass(slots=True)
class _VehiclePace:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    ready_at: float = -math.inf


def real_now() -> datetime:
    """The machine's time in UTC, whatever time a run pretends it is: limits are real."""
    return datetime.now(UTC)


class Pacer:
    """Gives out slots to send in. Make one for an application within the running event loop, and share it.

    Args:
        plan: The limits.
        budget: Where grants are written down.
        wall: Real time in UTC.
    """

    def __init__(self, plan: Plan, budget: RequestBudget, wall: Callable[[], datetime] = real_now) -> None:
        self.plan = plan
        self._budget = budget
        self._wall = wall
        self._time = asyncio.get_running_loop().time
        self._turn = asyncio.Lock()  # asyncio's locks serve first come, first served
        self._vehicles: defaultdict[str, _VehiclePace] = defaultdict(_VehiclePace)
        self._resume_at = -math.inf
        self._pauses = 0
        self._throttler = self._seeded()
        self._space_from_before()

    @asynccontextmanager
    async def slot(self, vehicle_id: str | None = None, call: str = "") -> AsyncIterator[None]:
        """Wait until a request may be sent, and send it inside: `async with pacer.slot(vehicle): …`.

        Args:
            vehicle_id: The vehicle the request is about; None for calls about an account or the application.
            call: Method and path template, for the error.

        Raises:
            VehicleWaits: The vehicle's monthly allowance is used up.
            BudgetSpent: The slot is further away than the plan allows to wait.
        """
        at = Circumstances(call=call, vehicle_id=vehicle_id)
        if vehicle_id is None:
            await self._grant(at)
            yield
            return
        pace = self._vehicles[vehicle_id]
        async with pace.turn:
            await self._sit_out(pace.ready_at, at)
            self._check_month(vehicle_id, at)
            await self._grant(at)
            try:
                yield
            finally:
                pace.ready_at = max(pace.ready_at, self._time() + self.plan.vehicle_spacing)

    def pause(self, seconds: float | None) -> None:
        """Let everyone wait, as after `RATE_LIMIT:SMARTCAR_API`.

        Args:
            seconds: As the answer told; None: twice as long as the last time, from 30 seconds on.
        """
        backoff = min(30.0 * 2**self._pauses, self.plan.pause_cap)
        self._pauses += 1
        self._resume_at = max(self._resume_at, self._time() + (backoff if seconds is None else seconds))
        _log.warning("all requests pause", extra={"seconds": round(self._resume_at - self._time(), 1)})

    def resume(self) -> None:
        """Take note that a request went through: the next pause without a time starts small again."""
        self._pauses = 0

    def hold(self, vehicle_id: str, seconds: float) -> None:
        """Leave one vehicle alone, as after `RATE_LIMIT:VEHICLE`."""
        pace = self._vehicles[vehicle_id]
        pace.ready_at = max(pace.ready_at, self._time() + seconds)

    def seconds_to_next(self) -> float:
        """How far away the next slot is when nobody else waits."""
        return max(*self._waits(), 0.0)

    async def _grant(self, at: Circumstances) -> None:
        async with self._turn:
            while max(waits := self._waits()) > 0:
                self._refuse_long(*waits, at)
                await asyncio.sleep(max(waits))
            await self._throttler.acquire()  # type: ignore[no-untyped-call]  # as above
            self._budget.spend(self._wall(), at.vehicle_id)

    async def _sit_out(self, ready_at: float, at: Circumstances) -> None:
        wait = ready_at - self._time()
        if wait <= 0:
            return
        if wait > max(self.plan.vehicle_patience, self.plan.vehicle_spacing):
            until = self._wall() + timedelta(seconds=wait)
            raise VehicleWaits(at, "Nothing to do: this vehicle was asked too often and waits.", until=until)
        await asyncio.sleep(wait)

    def _waits(self) -> tuple[float, float]:
        """Seconds until the throttle has a slot, and until the pause is over; 0 and less: now."""
        now = self._time()
        return self._throttler.seconds_to_next(now), self._resume_at - now

    def _refuse_long(self, for_slot: float, for_pause: float, at: Circumstances) -> None:
        plan = self.plan
        if for_pause > plan.longest_pause or (plan.max_wait is not None and for_slot > plan.max_wait):
            until = self._wall() + timedelta(seconds=max(for_slot, for_pause))
            what = f"Run again after {until:%Y-%m-%d %H:%M:%S} UTC: the request budget is spent until then."
            raise BudgetSpent(at, what, until=until)

    def _check_month(self, vehicle_id: str, at: Circumstances) -> None:
        now = self._wall()
        allowed = self.plan.vehicle_monthly
        if allowed and self._budget.month_total(vehicle_id, f"{now:%Y-%m}") >= allowed:
            what = f"Nothing to do: the vehicle's {allowed} requests of this month are used up; next month goes on."
            raise VehicleWaits(at, what, until=first_of_next_month(now))

    def _space_from_before(self) -> None:
        """Space the vehicles that a run before this one may just have had an answer about."""
        spacing = self.plan.vehicle_spacing
        since = self._wall() - timedelta(seconds=spacing + self.plan.jitter)
        for vehicle_id in self._budget.vehicles_asked(since) if spacing else ():
            self.hold(vehicle_id, spacing)

    def _seeded(self) -> _SeededThrottler:
        count, period = self.plan.window
        shortest, longest = _RETRY_INTERVALS
        throttler = _SeededThrottler(count, period, retry_interval=min(max(period / count / 10, shortest), longest))
        now, wall = self._time(), self._wall()
        recent = self._budget.recent(wall - timedelta(seconds=period))
        # A time in the future means that the clock was set back: it counts as now, the careful side.
        throttler.seed([now - max((wall - at).total_seconds(), 0.0) for at in recent])
        return throttler
