"""What Smartcar said that each vehicle can give, remembered for a while.

Kept from the compatibility endpoint, which is asked on demand. What a vehicle answered to a request of its own is in
the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select

from lake import state
from lake.ledger import StreamKey


@dataclass(frozen=True, slots=True)
class Told:
    """What Smartcar said of a stream of a vehicle.

    Attributes:
        reason: Its word for why not; None if it gave none.
        checked_at: When it was asked (UTC).
        until: Until when that is remembered.
    """

    vehicle_id: str
    stream: str
    capable: bool
    reason: str | None
    checked_at: datetime
    until: datetime


class Capabilities:
    """What was said, in the state database."""

    def __init__(self, engine: Engine) -> None:
        """Work on the database behind `engine`."""
        self._engine = engine

    def told(self, now: datetime) -> dict[StreamKey, Told]:
        """What was said and is still remembered at `now`, by vehicle and stream."""
        query = select(state.capabilities).where(state.capabilities.c.until > now)
        with self._engine.connect() as connection:
            rows = [Told(**row) for row in connection.execute(query).mappings()]
        return {(each.vehicle_id, each.stream): each for each in rows}

    def keep(self, vehicle_id: str, told: Iterable[Told]) -> None:
        """Replace what was said of a vehicle."""
        rows = [asdict(each) for each in told]
        with self._engine.begin() as connection:
            connection.execute(delete(state.capabilities).where(state.capabilities.c.vehicle_id == vehicle_id))
            if rows:
                connection.execute(insert(state.capabilities), rows)
