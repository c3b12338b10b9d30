"""When requests may be sent: the rule of `collectors.pacing` as arithmetic, without waiting for anything."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may be asked.

    Attributes:
        count: Requests that are let through in any `period` (`collectors.pacing.Plan.window`).
        period: That time.
        spent: When requests were sent before now, as far as they still count.
        vehicle_monthly: Requests a vehicle may have in a calendar month (UTC); 0: no limit.
        month_spent: Requests of the running month so far, by vehicle.
    """

    count: int
    period: timedelta
    spent: tuple[datetime, ...] = ()
    vehicle_monthly: int = 0
    month_spent: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def slots(self, now: datetime) -> Slots:
        """The instants from `now` on at which a request may be sent."""
        return Slots(self, now)

    def months(self, now: datetime) -> Months:
        """What vehicles have left of their months."""
        return Months(self, now)


class Slots:
    """The instants at which requests may be sent, one each, if each is sent as soon as it may be.

    The first `count` of them are `now` and, for each request that was sent within the last period, a period after it;
    from then on each lies a period after the one `count` before it.
    """

    def __init__(self, allowance: Allowance, now: datetime) -> None:
        """Count from `now` on."""
        self._period = allowance.period
        recent = sorted(min(at, now) for at in allowance.spent if at + allowance.period > now)[-allowance.count :]
        self._first = [now] * (allowance.count - len(recent)) + [at + allowance.period for at in recent]
        self.free_now = allowance.count - len(recent)
        """How many may be sent at once."""

    def at(self, index: int) -> datetime:
        """When request `index`, from 0 on, may be sent."""
        rounds, place = divmod(index, len(self._first))
        return self._first[place] + rounds * self._period

    def before(self, instant: datetime) -> int:
        """How many may be sent before `instant`."""
        rounds = max(0, math.ceil((instant - self._first[-1]) / self._period))
        return rounds * len(self._first) + bisect_left(self._first, instant - rounds * self._period)


class Months:
    """What each vehicle has left of its month; the month of a request is that of its slot (UTC)."""

    def __init__(self, allowance: Allowance, now: datetime) -> None:
        """Begin with what was spent in the month of `now`."""
        self._most = allowance.vehicle_monthly
        self._spent = Counter({(vehicle, now.year, now.month): n for vehicle, n in allowance.month_spent.items()})

    def take(self, vehicle_id: str, requests: int, at: datetime) -> bool:
        """Take so many requests at `at`; False, and nothing is taken, where the month has not as many left."""
        month = (vehicle_id, at.year, at.month)
        if self._most and self._spent[month] + requests > self._most:
            return False
        self._spent[month] += requests
        return True
