"""Names that stand for vehicles outside of the lake: the same in one home at all times, and not to be turned back.

A name is a hash of the vehicle's id under a key that is made once and kept in the state database. Pages and exports
show it instead of the id; who has the home can find the vehicle of a name, nobody else can.
"""

from __future__ import annotations

import hmac
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from lake import state

Namer = Callable[[str], str]
"""What a page calls the vehicle with this id."""

_DIGITS: Final = 6
_UNKNOWN_MAKE: Final = "VEHICLE"


def house_key(engine: Engine, name: str) -> bytes:
    """The home's own key of that name, 32 random bytes; made once."""
    query = select(state.house_keys.c.key).where(state.house_keys.c.name == name)
    with engine.connect() as connection:
        found = connection.execute(query).scalar_one_or_none()
    if found is not None:
        return bytes(found)
    try:
        with engine.begin() as connection:
            connection.execute(insert(state.house_keys).values(name=name, key=secrets.token_bytes(32)))
    except IntegrityError:  # another process made it first
        pass
    with engine.connect() as connection:
        return bytes(connection.execute(query).scalar_one())


def pseudonyms(key: bytes, vehicles: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """A short name for each vehicle, as `TESLA-7F3A9C`, by its id.

    Args:
        key: The home's own; the same key and id give the same name.
        vehicles: Ids and makes. Where two of them would share a name (one pair in 16 million), both get a longer one.
    """
    makes = dict(vehicles)
    digests = {each: hmac.new(key, each.encode(), sha256).hexdigest().upper() for each in makes}
    short = {each: _name(makes[each], digest[:_DIGITS]) for each, digest in digests.items()}
    often = Counter(short.values())
    return {each: name if often[name] == 1 else _name(makes[each], digests[each]) for each, name in short.items()}


def namer(key: bytes, vehicles: Iterable[tuple[str, str | None]]) -> Namer:
    """What to call each vehicle; one that is not among `vehicles` gets a name without a make."""
    known = pseudonyms(key, vehicles)
    return lambda vehicle_id: known.get(vehicle_id) or pseudonyms(key, [(vehicle_id, None)])[vehicle_id]


def real_ids(vehicle_id: str) -> str:
    """The name of a vehicle where real ids are asked for: its id."""
    return vehicle_id


def _name(make: str | None, digits: str) -> str:
    return f"{make or _UNKNOWN_MAKE}-{digits}"
