"""The emulator's clock: it can stand still, run at any rate, be set and be advanced.

Consent, windows, tokens, the application's bucket, the monthly allowance and the posting of bills all read it.
"""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """A UTC clock that starts at `start` and runs `rate` times as fast as the real one (0: frozen)."""

    def __init__(self, start: datetime | None = None, rate: float = 1.0) -> None:
        self._base = (start or datetime.now(UTC)).astimezone(UTC)
        self._mark = time.monotonic()
        self._rate = rate

    @property
    def rate(self) -> float:
        """How many of its seconds pass in a real one."""
        return self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        self.set(self.now())
        self._rate = value

    def now(self) -> datetime:
        """Tell the time (UTC)."""
        return self._base + timedelta(seconds=(time.monotonic() - self._mark) * self._rate)

    def set(self, instant: datetime) -> None:
        """Put the clock to `instant`, which must carry a zone."""
        if instant.tzinfo is None:
            raise ValueError("an instant for the clock must carry its zone")
        self._base = instant.astimezone(UTC)
        self._mark = time.monotonic()

    def advance(self, delta: timedelta) -> None:
        """Move the clock on by `delta`."""
        self.set(self.now() + delta)
