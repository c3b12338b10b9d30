"""Places of yours (`places.toml`) and what people said of single sessions (`places-overrides.csv`), read and checked.

Whether a session is at a place is decided in `transforms.places`; how both files are written is in docs/places.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

import msgspec

from transforms.rules.reading import BadRule, rows, toml

Kind = Literal["home", "work", "public"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
UNKNOWN: Final = "unknown"
RADIUS_M: Final = 150.0
"""Radius of a place that names none: what a car tells lies some tens of metres off, a charger often at the street."""
LARGEST_RADIUS_M: Final = 50_000.0

_OVERRIDE: Final = ("session_id", "place", "place_name", "said_by", "said_on", "why")


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place of yours.

    Attributes:
        name: Its name, once in the file.
        kind: `home`, `work` or `public`.
        address: Patterns of addresses and names of locations; `*` stands for any text, `?` for one character.
        latitude: Degrees north.
        longitude: Degrees east.
        radius_m: How far from there a session may be, in metres; with coordinates, `RADIUS_M` unless told.
        vehicles: The vehicles it is for, by id or by name on pages; empty: all.
        valid_from: First local day on which it counts; None: ever since.
        valid_to: Last local day on which it counts; None: from then on.
    """

    name: str
    kind: Kind
    address: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    radius_m: float | None = None
    vehicles: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def is_kept_at(self) -> bool:
        """Whether nothing but its vehicles says what is there: sessions of which no location is told."""
        return not self.address and self.latitude is None


@dataclass(frozen=True, slots=True)
class Override:
    """What somebody said of one session.

    Attributes:
        session_id: The session, or one of its tellings.
        place: `home`, `work`, `public` or `unknown`.
        place_name: The place of yours, or None.
        said_by: Who said so.
        said_on: On which day.
        why: For whoever reads it later.
    """

    session_id: str
    place: str
    place_name: str | None
    said_by: str
    said_on: date
    why: str


@dataclass(frozen=True, slots=True)
class Places:
    """All that people wrote of places; without anything, what sources tell decides alone."""

    places: tuple[Place, ...] = ()
    overrides: tuple[Override, ...] = ()


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    place: tuple[Place, ...] = ()


def read_places(text: str) -> tuple[Place, ...]:
    """The places of a `places.toml`, in its order.

    Raises:
        BadRule: One cannot be used.
    """
    found = toml(text, _Document).place
    for number, place in enumerate(found, 1):
        if not place.name.strip():
            raise BadRule(f"place {number} has an empty name")
        if fault := next(_faults(place), None):
            raise BadRule(f'place "{place.name}": {fault}')
    if twice := [name for name, count in Counter(place.name for place in found).items() if count > 1]:
        raise BadRule(f'two places have the name "{twice[0]}": give each its own, as "{twice[0]} until 2026"')
    return found


def read_overrides(text: str, places: Sequence[Place]) -> tuple[Override, ...]:
    """What a `places-overrides.csv` says of sessions, one entry a session, in its order.

    Args:
        text: The file.
        places: The places there are: an override may name one and leave out its kind.

    Raises:
        BadRule: A line cannot be used, or two say different things of one session.
    """
    kinds = {place.name: place.kind for place in places}
    said: dict[str, tuple[int, Override]] = {}
    for line, row in rows(text, _OVERRIDE):
        override = _override(line, row, kinds)
        earlier, other = said.get(override.session_id, (line, override))
        if (other.place, other.place_name) != (override.place, override.place_name):
            raise BadRule(
                f"lines {earlier} and {line} say different things of session {override.session_id}: keep the right one"
            )
        said.setdefault(override.session_id, (line, override))
    return tuple(override for _, override in said.values())


def _faults(place: Place) -> Iterator[str]:
    """What is wrong with a place, in the order in which one would mend it."""
    if (place.latitude is None) != (place.longitude is None):
        yield "it has one of latitude and longitude; give both"
    if place.radius_m is not None and place.latitude is None:
        yield "it has a radius_m and no coordinates; give latitude and longitude"
    if place.latitude is not None and not -90 <= place.latitude <= 90:  # noqa: PLR2004 (degrees)
        yield f"latitude {place.latitude:g} is not between -90 and 90"
    if place.longitude is not None and not -180 <= place.longitude <= 180:  # noqa: PLR2004 (degrees)
        yield f"longitude {place.longitude:g} is not between -180 and 180"
    if place.radius_m is not None and not 0 < place.radius_m <= LARGEST_RADIUS_M:
        yield f"radius_m {place.radius_m:g} is not above 0 and at most {LARGEST_RADIUS_M:g} metres"
    if place.valid_from and place.valid_to and place.valid_to < place.valid_from:
        yield f"valid_to {place.valid_to} is before valid_from {place.valid_from}"
    if any(not pattern.strip(" *?") for pattern in place.address):
        yield "a pattern of address has no text: it would fit everywhere"
    if any(not vehicle.strip() for vehicle in place.vehicles):
        yield "a vehicle without a name: give its id or its name on pages"
    if place.is_kept_at and not place.vehicles:
        yield "nothing tells what is there: give address, coordinates, or the vehicles that are kept there"


def _override(line: int, row: dict[str, str], kinds: dict[str, Kind]) -> Override:
    if absent := [name for name in ("session_id", "said_by", "said_on", "why") if not row[name]]:
        raise BadRule(f"line {line}: {absent[0]} is empty; an auditor asks who said it, when and why")
    name = row["place_name"] or None
    if name is not None and name not in kinds:
        raise BadRule(f'line {line}: places.toml has no place "{name}"; leave place_name empty, or write it there')
    place = row["place"].lower() or kinds.get(name or "", "")
    if place not in {*KINDS, UNKNOWN}:
        raise BadRule(f'line {line}: place "{row["place"]}" is not {", ".join(KINDS)} or {UNKNOWN}')
    if name is not None and place != kinds[name]:
        raise BadRule(f'line {line}: "{name}" is {kinds[name]} in places.toml, not {place}')
    return Override(row["session_id"], place, name, row["said_by"], _day(line, row["said_on"]), row["why"])


def _day(line: int, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRule(f"line {line}: said_on {text} is not a day such as 2026-10-31") from None
