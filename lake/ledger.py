"""The ledger: per vehicle and stream, the days known complete, and what stands in the way of the others.

It keeps intervals, not cursors: a gap stays a gap until an answer covers it. What asking found and what was told
without asking (notices) are kept apart and seen as one, so that the order in which they come does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, insert, select, update

from lake import state
from lake.intervals import DayInterval, Intervals, union
from lake.notices import Notice, StreamState, in_view_of, is_pushed, keep_newer, notices_of

__all__ = ["Ledger", "StreamKey", "StreamState"]

StreamKey = tuple[str, str]
"""Vehicle id and stream."""


class Ledger:
    """The ledger in the state database."""

    def __init__(self, engine: Engine) -> None:
        """Work on the database behind `engine`."""
        self._engine = engine

    def coverage(self, vehicle_id: str, stream: str) -> Intervals:
        """The days known complete, as disjoint intervals."""
        with self._engine.connect() as connection:
            return _coverage(connection, vehicle_id, stream)

    def all_coverage(self) -> dict[StreamKey, Intervals]:
        """The same for everything in the ledger, in one query."""
        table = state.coverage
        found: dict[StreamKey, list[DayInterval]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(select(table).order_by(table.c.vehicle_id, table.c.stream, table.c.since)):
                found.setdefault((row.vehicle_id, row.stream), []).append(DayInterval(row.since, row.until))
        return {key: tuple(intervals) for key, intervals in found.items()}

    def answered(self, vehicle_id: str, stream: str, window: DayInterval | None, at: datetime) -> None:
        """A window was answered whole: its days are known, and nothing stands in the way any more.

        Args:
            vehicle_id: The vehicle.
            stream: The stream.
            window: The whole days that are known now; None if it had only a part of today.
            at: When the last answer was received (UTC).
        """
        with self._engine.begin() as connection:
            _set_state(connection, (vehicle_id, stream), StreamState(at))
            if window is not None:
                _add_coverage(connection, vehicle_id, stream, window)

    def block(
        self, vehicle_id: str, stream: str, blocked: str, *, detail: str, until: datetime | None, at: datetime,
        whose_move: str = "chargelake",
    ) -> None:  # fmt: skip
        """The stream could not be answered: why, until when it need not be asked again, and whose move is next."""
        with self._engine.begin() as connection:
            _set_state(connection, (vehicle_id, stream), StreamState(at, blocked, detail, until, whose_move))

    def told(self, vehicle_id: str, stream: str, days: Iterable[DayInterval], notices: Iterable[Notice]) -> None:
        """Something was told without being asked for. Old news and repeated news change nothing.

        Args:
            vehicle_id: The vehicle.
            stream: The stream it is about.
            days: The whole days that are known by it.
            notices: What stands in its way, or no longer does, as of which instant.
        """
        with self._engine.begin() as connection:
            keep_newer(connection, vehicle_id, stream, notices)
            _add_coverage(connection, vehicle_id, stream, *days)

    def state(self, vehicle_id: str, stream: str) -> StreamState | None:
        """What is known of a stream; None if it was never asked nor told of."""
        table = state.streams
        query = select(table).where(table.c.vehicle_id == vehicle_id, table.c.stream == stream)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
            notices = notices_of(connection, vehicle_id).get((vehicle_id, stream), ())
            return in_view_of(None if row is None else _stream_state(row), notices)

    def states(self) -> dict[StreamKey, StreamState]:
        """What is known of every stream that was ever asked or told of."""
        with self._engine.connect() as connection:
            found = {
                (row.vehicle_id, row.stream): _stream_state(row) for row in connection.execute(select(state.streams))
            }
            for key, notices in notices_of(connection).items():
                if (known := in_view_of(found.get(key), notices)) is not None:
                    found[key] = known
        return found

    def pushed(self) -> set[StreamKey]:
        """The streams whose latest good news came without asking."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(state.streams)).all()
            notices = notices_of(connection)
        asked = {(row.vehicle_id, row.stream): _stream_state(row) for row in rows}
        return {key for key, told in notices.items() if is_pushed(asked.get(key), told)}

    def keep_only(self, vehicle_id: str, stream: str, known: Intervals) -> None:
        """Know these days and no others, as after a landed answer was lost; disjoint intervals."""
        with self._engine.begin() as connection:
            _replace_coverage(connection, vehicle_id, stream, known)

    def lift_blocks(self, vehicle_ids: Iterable[str], stream: str | None = None) -> None:
        """Let what stands in the way of these vehicles' streams, or of one, be asked again, as after a new consent."""
        wanted = list(vehicle_ids)
        nothing = {"blocked_state": None, "blocked_detail": None, "blocked_until": None, "whose_move": "chargelake"}
        with self._engine.begin() as connection:
            for table, lifted in ((state.streams, nothing), (state.notices, {"stands": False})):
                change = update(table).where(table.c.vehicle_id.in_(wanted), table.c.blocked_state.is_not(None))
                if stream is not None:
                    change = change.where(table.c.stream == stream)
                connection.execute(change.values(lifted))


def _stream_state(row: Row[Any]) -> StreamState:
    return StreamState(row.asked_at, row.blocked_state, row.blocked_detail, row.blocked_until, row.whose_move)


def _coverage(connection: Connection, vehicle_id: str, stream: str) -> Intervals:
    table = state.coverage
    query = select(table.c.since, table.c.until).where(table.c.vehicle_id == vehicle_id, table.c.stream == stream)
    return tuple(DayInterval(*row) for row in connection.execute(query.order_by(table.c.since)))


def _add_coverage(connection: Connection, vehicle_id: str, stream: str, *days: DayInterval) -> None:
    before = _coverage(connection, vehicle_id, stream)
    known = union((*before, *days))
    if known != before:
        _replace_coverage(connection, vehicle_id, stream, known)


def _replace_coverage(connection: Connection, vehicle_id: str, stream: str, known: Intervals) -> None:
    table = state.coverage
    connection.execute(delete(table).where(table.c.vehicle_id == vehicle_id, table.c.stream == stream))
    rows = [{"vehicle_id": vehicle_id, "stream": stream, "since": each.since, "until": each.until} for each in known]
    if rows:
        connection.execute(insert(table), rows)


def _set_state(connection: Connection, key: StreamKey, value: StreamState) -> None:
    table = state.streams
    where = and_(table.c.vehicle_id == key[0], table.c.stream == key[1])
    values = {
        "asked_at": value.asked_at,
        "blocked_state": value.blocked_state,
        "blocked_detail": value.blocked_detail,
        "blocked_until": value.blocked_until,
        "whose_move": value.whose_move,
    }
    if not connection.execute(update(table).where(where).values(values)).rowcount:
        connection.execute(insert(table).values(vehicle_id=key[0], stream=key[1], **values))
