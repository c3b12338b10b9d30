"""Owners and vehicles: who granted access, to what, and since when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, Row, delete, insert, select, update

from lake import state
from lake.forgotten import Forgotten


@dataclass(frozen=True, slots=True)
class Owner:
    """A person's account as Smartcar knows it.

    Attributes:
        owner_id: Smartcar's user id.
        consented_at: When access was granted.
        trouble: What the owner has to do, in one sentence; None if nothing.
    """

    owner_id: str
    consented_at: datetime
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A connected vehicle.

    Attributes:
        make: In upper case.
        timezone: IANA zone, given when it was connected; None if none was.
        consented_at: When access to this vehicle was granted.
        permissions: Scopes that the owner granted.
        interfaces: The versions of Smartcar's API that it is asked by: `v2.0`, `v3`, or both.
        disconnected_at: When it was found, or made, to be connected no more; None while it is.
        switched_off: Interfaces it is connected through and no longer asked by.
    """

    vehicle_id: str
    owner_id: str
    make: str | None
    model: str | None
    year: int | None
    timezone: str | None
    consented_at: datetime
    permissions: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ("v2.0",)
    disconnected_at: datetime | None = None
    switched_off: tuple[str, ...] = ()


_LISTS: Final = ("permissions", "interfaces", "switched_off")


class Registry:
    """Owners, vehicles and sealed tokens in the state database."""

    def __init__(self, engine: Engine) -> None:
        """Work on the database behind `engine`."""
        self._engine = engine

    def owners(self) -> list[Owner]:
        """All owners, by id."""
        table = state.owners
        query = select(table.c.owner_id, table.c.consented_at, table.c.trouble).order_by(table.c.owner_id)
        with self._engine.connect() as connection:
            return [Owner(*row) for row in connection.execute(query)]

    def keep_owner(self, owner: Owner) -> None:
        """Add the owner, or replace what is known; tokens stay."""
        with self._engine.begin() as connection:
            values = asdict(owner)
            where = state.owners.c.owner_id == owner.owner_id
            if not connection.execute(update(state.owners).where(where).values(values)).rowcount:
                connection.execute(insert(state.owners).values(values))

    def sealed_tokens(self, owner_id: str) -> bytes | None:
        """The owner's token pair as it was sealed; None if there is none."""
        query = select(state.owners.c.sealed_tokens).where(state.owners.c.owner_id == owner_id)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def has_tokens(self) -> bool:
        """Whether any owner's tokens are stored."""
        query = select(state.owners.c.owner_id).where(state.owners.c.sealed_tokens.is_not(None)).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def keep_tokens(self, owner_id: str, sealed: bytes, at: datetime) -> None:
        """Replace the owner's token pair; durable when this returns.

        Raises:
            LookupError: There is no such owner.
        """
        change = update(state.owners).where(state.owners.c.owner_id == owner_id)
        with self._engine.begin() as connection:
            if not connection.execute(change.values(sealed_tokens=sealed, tokens_kept_at=at)).rowcount:
                raise LookupError("tokens of an owner that is not connected")

    def reseal_tokens(self, reseal: Callable[[bytes], bytes]) -> int:
        """Replace every sealed pair by what `reseal` makes of it, all or none; gives how many there are."""
        table = state.owners
        query = select(table.c.owner_id, table.c.sealed_tokens).where(table.c.sealed_tokens.is_not(None))
        with self._engine.begin() as connection:
            sealed = connection.execute(query).all()
            for owner_id, tokens in sealed:
                change = update(table).where(table.c.owner_id == owner_id)
                connection.execute(change.values(sealed_tokens=reseal(tokens)))
        return len(sealed)

    def vehicles(self) -> list[Vehicle]:
        """All vehicles, by id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(state.vehicles).order_by(state.vehicles.c.vehicle_id))
            return [_vehicle(row) for row in rows]

    def connected(self) -> list[Vehicle]:
        """The vehicles that may be asked, by id: those that are gone are not."""
        return [vehicle for vehicle in self.vehicles() if vehicle.disconnected_at is None]

    def keep_vehicle(self, vehicle: Vehicle) -> None:
        """Add the vehicle, or replace what is known of it; an owner who was forgotten with another is known again."""
        with self._engine.begin() as connection:
            where = state.vehicles.c.vehicle_id == vehicle.vehicle_id
            connection.execute(delete(state.vehicles).where(where))
            values = asdict(vehicle) | {name: list(getattr(vehicle, name)) for name in _LISTS}
            connection.execute(insert(state.vehicles).values(values))
        Forgotten(self._engine).lift(vehicle.owner_id)

    def forgotten_among(self, vehicle_ids: Iterable[str]) -> list[str]:
        """Those of these vehicles that were forgotten on purpose, and stay out."""
        guard = Forgotten(self._engine).guard()
        return [each for each in vehicle_ids if guard.hides(each)]

    def mark_disconnected(self, vehicle_ids: Iterable[str], at: datetime | None) -> None:
        """Note since when these vehicles are connected no more; None: they are again."""
        change = update(state.vehicles).where(state.vehicles.c.vehicle_id.in_(list(vehicle_ids)))
        with self._engine.begin() as connection:
            connection.execute(change.values(disconnected_at=at))

    def drop_owner(self, owner_id: str) -> bool:
        """Forget an owner and the tokens, unless a vehicle of theirs is left; gives whether none was.

        Where the owner was forgotten before, no byte of the id stays in the database's file either.
        """
        has_vehicle = select(state.vehicles.c.vehicle_id).where(state.vehicles.c.owner_id == owner_id)
        with self._engine.begin() as connection:
            if connection.execute(has_vehicle.limit(1)).first() is not None:
                return False
            connection.execute(delete(state.owners).where(state.owners.c.owner_id == owner_id))
        Forgotten(self._engine).clean_of(owner_id)
        return True


def _vehicle(row: Row[tuple[object, ...]]) -> Vehicle:
    values = dict(row._mapping)  # noqa: SLF001, the public name of SQLAlchemy's row mapping has the underscore
    return Vehicle(**values | {name: tuple(values[name]) for name in _LISTS})
