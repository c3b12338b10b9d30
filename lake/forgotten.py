"""What was forgotten on purpose: marks that keep a vehicle out, and the erasures that are under way.

A mark is a hash of an id under a key of this home: it tells that an id is the one that was forgotten, and nobody can
read the id from it. An erasure is written down before it begins, so that one that was cut short is finished later; its
row holds the id, and goes last.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from sqlalchemy import Connection, Engine, delete, insert, select, update

from lake import state
from lake.erasing import without
from lake.names import house_key
from lake.raw import Answer

_KEY: Final = "tombstones"
_NOT_OF_VEHICLE: Final = (state.spend, state.forgetting)
_OF_VEHICLE: Final = tuple(
    table for table in state.metadata.sorted_tables if "vehicle_id" in table.c and table not in _NOT_OF_VEHICLE
)

Ending = Literal["must_end", "may_stay", "keep"]
"""What is to become of the connection at Smartcar: it must end first, may stay if it cannot be ended, is left alone."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """A vehicle that is being forgotten.

    Attributes:
        owner_id: Its owner where this was their last vehicle; None where the owner stays.
        make: For the name that pages gave it.
        begun_at: When it was asked for.
        connection: What is to become of the connection.
        is_erasing: Whether the connection is dealt with and erasing has begun: from here on there is no way back.
    """

    vehicle_id: str
    owner_id: str | None
    make: str | None
    begun_at: datetime
    connection: Ending
    is_erasing: bool = False

    @property
    def ids(self) -> frozenset[str]:
        """The ids of which no byte may stay."""
        return frozenset({self.vehicle_id, self.owner_id} - {None})  # type: ignore[arg-type]  # None is taken out


@dataclass(frozen=True, slots=True)
class Guard:
    """The marks as they are now, to hold ids against."""

    key: bytes = field(repr=False)
    marks: frozenset[str]

    def hides(self, id_: str | None) -> bool:
        """Whether this id was forgotten."""
        return bool(self.marks) and id_ is not None and _mark(self.key, id_) in self.marks

    def cleaned(self, answer: Answer) -> Answer:
        """The answer as it may land: nothing of a forgotten vehicle, no forgotten id in a list."""
        if not self.marks or (answer.vehicle_id is not None and not self.hides(answer.vehicle_id)):
            return answer
        return without(answer, self.hides)


class Forgotten:
    """Marks and erasures in the state database."""

    def __init__(self, engine: Engine) -> None:
        """Work on the database behind `engine`."""
        self._engine = engine

    def guard(self) -> Guard:
        """The marks as they are now; the state is asked once."""
        with self._engine.connect() as connection:
            marks = frozenset(connection.execute(select(state.tombstones.c.mark)).scalars())
        return Guard(self._key() if marks else b"", marks)

    def forgotten_at(self, id_: str) -> datetime | None:
        """When this id was forgotten; None if it was not."""
        query = select(state.tombstones.c.at).where(state.tombstones.c.mark == _mark(self._key(), id_))
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def lift(self, id_: str) -> bool:
        """Take back the mark of an id, so that it may be connected again; gives whether there was one."""
        change = delete(state.tombstones).where(state.tombstones.c.mark == _mark(self._key(), id_))
        with self._engine.begin() as connection:
            return bool(connection.execute(change).rowcount)

    def under_way(self) -> list[Erasure]:
        """Erasures that were begun and are not finished, oldest first."""
        query = select(state.forgetting).order_by(state.forgetting.c.begun_at)
        with self._engine.connect() as connection:
            return [Erasure(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001, SQLAlchemy's public name

    def begin(self, erasure: Erasure) -> None:
        """Write an erasure down before anything is done; durable on return."""
        with self._engine.begin() as connection:
            where = state.forgetting.c.vehicle_id == erasure.vehicle_id
            connection.execute(delete(state.forgetting).where(where))
            connection.execute(insert(state.forgetting).values(asdict(erasure)))

    def withdraw(self, erasure: Erasure) -> None:
        """Take an erasure back of which nothing was done."""
        with self._engine.begin() as connection:
            connection.execute(delete(state.forgetting).where(state.forgetting.c.vehicle_id == erasure.vehicle_id))

    def start_erasing(self, erasure: Erasure) -> None:
        """Lay the marks, and note that there is no way back."""
        key = self._key()
        with self._engine.begin() as connection:
            for id_ in erasure.ids:
                _lay(connection, _mark(key, id_), erasure.begun_at)
            where = state.forgetting.c.vehicle_id == erasure.vehicle_id
            connection.execute(update(state.forgetting).where(where).values(is_erasing=True))

    def keep_drift(self, run_id: str, notes: Mapping[str, Sequence[str]]) -> None:
        """Replace what the streams of a run told otherwise than documented, as after their examples were taken out."""
        table = state.run_streams
        with self._engine.begin() as connection:
            for stream, kept in notes.items():
                where = (table.c.run_id == run_id, table.c.stream == stream)
                connection.execute(update(table).where(*where).values(drift=list(kept)))

    def finish(self, erasure: Erasure) -> None:
        """Erase the vehicle from the state, the owner with it if it was their last, and the erasure itself.

        Requests stay counted, as they were sent: the application's budget knows of them, and no longer for whom.
        """
        key = self._key()
        with self._engine.begin() as connection:
            for table in _OF_VEHICLE:
                connection.execute(delete(table).where(table.c.vehicle_id == erasure.vehicle_id))
            spent = update(state.spend).where(state.spend.c.vehicle_id == erasure.vehicle_id)
            connection.execute(spent.values(vehicle_id=None))
            if erasure.owner_id is not None:
                connection.execute(delete(state.owners).where(state.owners.c.owner_id == erasure.owner_id))
            connection.execute(delete(state.forgetting).where(state.forgetting.c.vehicle_id == erasure.vehicle_id))
            for id_ in erasure.ids:  # what was deleted is still in the file
                _lay(connection, _mark(key, id_), erasure.begun_at)

    def clean(self) -> bool:
        """Leave no byte of what was deleted in the database's file; gives whether that is so."""
        dirty = state.tombstones.c.is_clean.is_(other=False)
        with self._engine.connect() as connection:
            if connection.execute(select(state.tombstones.c.mark).where(dirty).limit(1)).first() is None:
                return True
        if not state.scrub(self._engine):
            return False
        with self._engine.begin() as connection:
            connection.execute(update(state.tombstones).where(dirty).values(is_clean=True))
        return True

    def clean_of(self, id_: str) -> bool:
        """The same after rows that name this id again were deleted; nothing to do where it was not forgotten."""
        mark = _mark(self._key(), id_)
        with self._engine.begin() as connection:
            connection.execute(update(state.tombstones).where(state.tombstones.c.mark == mark).values(is_clean=False))
        return self.clean()

    def _key(self) -> bytes:
        return house_key(self._engine, _KEY)


def _mark(key: bytes, id_: str) -> str:
    return hmac.new(key, id_.encode(), sha256).hexdigest()


def _lay(connection: Connection, mark: str, at: datetime) -> None:
    change = update(state.tombstones).where(state.tombstones.c.mark == mark)
    if not connection.execute(change.values(at=at, is_clean=False)).rowcount:
        connection.execute(insert(state.tombstones).values(mark=mark, at=at, is_clean=False))
