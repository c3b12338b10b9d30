"""What changed among the connections, and when an answer that tells far fewer than before is not believed.

The same for both versions: who is connected is what Smartcar's lists of connections tell (API reference, §7 and §8).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from lake.registry import Vehicle

MANY: Final = 5
"""So many gone at once, or more, and more than half of those known: the answer is not believed."""


class Grant(Protocol):
    """What the connections of both versions have."""

    @property
    def vehicle_id(self) -> str:
        """Smartcar's id of the vehicle."""

    @property
    def owner_id(self) -> str:
        """Smartcar's id of the user who granted access."""


_Connection = TypeVar("_Connection", bound=Grant)


@dataclass(frozen=True, slots=True)
class Changes:
    """What taking in connections has found, as ids of vehicles.

    Attributes:
        new: Seen through this interface for the first time.
        gone: Known through it and, since this answer, no longer connected.
        back: Gone before and connected again.
        elsewhere: Vehicles, by owner, of owners who never connected here: they cannot be asked.
        doubted: How many were not told in an answer that was not believed; nothing is taken for gone then.
    """

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doubted: int = 0

    def __add__(self, other: Changes) -> Changes:
        """What two interfaces have found together."""
        return Changes(
            self.new + other.new, self.gone + other.gone, self.back + other.back,
            {**self.elsewhere, **other.elsewhere}, self.doubted + other.doubted,
        )  # fmt: skip

    def in_words(self) -> list[str]:
        """A sentence for each kind of change, for a person."""
        counted = {
            "new: their records are asked for from now on": self.new,
            "no longer connected: marked, and asked no more; what was collected stays": self.gone,
            "connected again": self.back,
        }
        said = [f"{len(ids)} vehicles {what}" for what, ids in counted.items() if ids]
        if self.elsewhere:
            vehicles = sum(map(len, self.elsewhere.values()))
            said.append(
                f"{vehicles} vehicles of {len(self.elsewhere)} owners are connected to the application and not here: "
                "each owner must connect once through `chargelake connect`"
            )
        if self.doubted:
            said.append(
                f"{self.doubted} vehicles were not among the connections, too many to be true: nothing is marked; "
                "`chargelake vehicles --sync --believe` marks them if they are gone"
            )
        return said


def one_a_vehicle(connections: Iterable[_Connection], known: Mapping[str, Vehicle]) -> dict[str, _Connection]:
    """One connection a vehicle: of several owners' the one who is known, or else the first told."""
    found: dict[str, _Connection] = {}
    for each in connections:
        before = known.get(each.vehicle_id)
        if each.vehicle_id not in found or (before is not None and before.owner_id == each.owner_id):
            found[each.vehicle_id] = each
    return found


def believably_gone(known: Collection[str], told: Collection[str], *, believe: bool = False) -> tuple[list[str], int]:
    """Those of the known that are not told any more, or how many there are where that is not to be believed.

    Marking a vehicle stops asking for it, and BMW and MINI forget after 30 days: a list that came empty or cut short
    must not do that to a fleet. A missed mark costs a few requests.

    Args:
        known: Ids that were connected.
        told: Ids in the answer.
        believe: A person says that the answer is right.
    """
    missing = sorted(set(known) - set(told))
    is_cut = not told or (len(missing) >= MANY and 2 * len(missing) > len(set(known)))
    if missing and is_cut and not believe:
        return [], len(missing)
    return missing, 0
