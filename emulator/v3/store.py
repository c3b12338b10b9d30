"""The store that the signals endpoint reads: as of when each signal of a vehicle is known (Smartcar's reference, §8).

A vehicle is read about once a day, at an hour of its own, and whenever a webhook delivers it. What the store holds is
what the vehicle told then, so a poll can be a day behind. Only instants are kept: what was told follows from them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from emulator.clock import Clock
from emulator.identity import digest
from emulator.model import Vehicle

DAY = timedelta(days=1)
# From the maker's data to the store: `oemUpdatedAt`, then `retrievedAt`.
LAG = timedelta(seconds=20)


class SignalStore:
    """When each vehicle's signals were read last, on the emulator's clock (UTC)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pushed: dict[tuple[str, str], datetime] = {}

    def push(self, vehicle_id: str, codes: Iterable[str], at: datetime) -> None:
        """Keep what a delivery told of some signals as of `at`, unless something later is known."""
        for code in codes:
            self._pushed[vehicle_id, code] = max(at, self._pushed.get((vehicle_id, code), at))

    def as_of(self, vehicle: Vehicle, code: str) -> datetime | None:
        """Tell the instant (UTC) the store's telling of a signal is of; None if it was never read."""
        known = [self._refreshed(vehicle), self._pushed.get((vehicle.id, code))]
        return max((each for each in known if each is not None), default=None)

    def _refreshed(self, vehicle: Vehicle) -> datetime | None:
        """Tell the last daily refresh that has arrived; the first comes within a day of consent."""
        now = self._clock.now() - LAG
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        last = midnight + timedelta(seconds=digest("refresh", vehicle.id) % 86_400)
        last = last if last <= now else last - DAY
        return last if last >= vehicle.connected_at else None
