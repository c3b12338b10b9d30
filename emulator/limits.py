"""The three limits of Smartcar's API reference, §11: the application's bucket, the vehicle's spacing, its month."""

import time
from collections import Counter
from datetime import datetime
from math import ceil

from emulator.clock import Clock
from emulator.config import Limits
from emulator.errors import failure


class Throttle:
    """Counts what was asked and refuses what is too much.

    The bucket and the month are kept on the emulator's clock, so that a test can advance them. The spacing of a
    vehicle is kept on real time: a caller paces itself by waiting, and a frozen clock must not stop it for ever.
    A refused call takes nothing.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._level = float(limits.bucket)
        self._filled_at = clock.now()
        self._last_call: dict[str, float] = {}
        self._months: Counter[tuple[str, int, int]] = Counter()

    def take_from_bucket(self) -> None:
        """Take one request out of the application's bucket, or refuse with RATE_LIMIT:SMARTCAR_API."""
        self._refill()
        if self._level < 1:
            rate = self.limits.refill_per_minute
            wait = ceil((1 - self._level) * 60 / rate) if rate else 86400
            raise failure("RATE_LIMIT", "SMARTCAR_API", retry_after=max(wait, 1))
        self._level -= 1

    def check_vehicle(self, vehicle_id: str, requests: int = 1) -> None:
        """Count `requests` calls for a vehicle, or refuse for its spacing (429) or its month (430)."""
        now = time.monotonic()
        ready = self._last_call.get(vehicle_id, -1e9) + self.limits.vehicle_spacing
        if now < ready:
            raise failure("RATE_LIMIT", "VEHICLE", retry_after=max(ceil(ready - now), 1))
        month = self._month(vehicle_id, self._clock.now())
        if self._months[month] + requests > self.limits.vehicle_monthly:
            raise failure("BILLING", "VEHICLE_REQUEST_LIMIT")
        self._last_call[vehicle_id] = now
        self._months[month] += requests

    @staticmethod
    def _month(vehicle_id: str, now: datetime) -> tuple[str, int, int]:
        return vehicle_id, now.year, now.month

    def _refill(self) -> None:
        now = self._clock.now()
        passed = max((now - self._filled_at).total_seconds(), 0.0)
        self._level = min(self._level + passed * self.limits.refill_per_minute / 60, self.limits.bucket)
        self._filled_at = now
