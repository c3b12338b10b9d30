"""The fleet of the demo: owners on v2.0, on v3 by poll, on v3 by webhook, and on both; and two troubles fleets have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.streams import V2, V3
from flows.connecting import connect_owner
from flows.house import House
from flows.practice import Practice
from flows.webhooks import Address, receiving, reception_of
from lake.registry import Vehicle

_FEWEST: Final = 11
"""The smallest fleet in which owners of every kind have vehicles."""
_PART: Final = 13
"""One in so many vehicles is of the makes that v3 alone knows, as many are a BMW, MINI or Tesla on v3 by poll."""
_SPREAD: Final = (1, 0, -1)
"""How the sizes of v2.0's owners differ: a test account is named by its size, so no two may be equal."""


@dataclass(frozen=True, slots=True)
class DemoOwner:
    """One owner of the demo.

    Attributes:
        account: E-mail of the test account, which says how many vehicles it has.
        interfaces: The versions of the API through which access is granted.
        pushes: Whether the vehicles are told by webhook.
    """

    account: str
    interfaces: tuple[str, ...]
    pushes: bool = False


@dataclass(frozen=True, slots=True)
class DemoFleet:
    """What was connected.

    Attributes:
        vehicles: As they are known now, seen through every interface that was connected.
        delivered: Webhook events that were received.
    """

    vehicles: tuple[Vehicle, ...]
    delivered: int


def demo_owners(vehicles: int) -> list[DemoOwner]:
    """The owners of a fleet of this size: five in eight vehicles are on v2.0; a very small fleet is one owner on v2.0.

    Args:
        vehicles: Size of the fleet.
    """
    if vehicles < _FEWEST:
        return [_owner(vehicles, V2)]
    part = max(vehicles // _PART, 1)
    return [
        DemoOwner(f"{part + 2}-vehicles@smartcar.com", (V3,), pushes=True),
        *(_owner(size, V2) for size in _sizes_on_v2(vehicles - (4 * part + 3), part + 2)),
        _owner(part + 1, V2, V3),
        _owner(part, V3),
        DemoOwner(f"{part}-other-vehicles@smartcar.com", (V3,)),
    ]


async def connect_fleet(house: House, practice: Practice, vehicles: int) -> DemoFleet:
    """Connect the owners, and let what is due be delivered to the webhook; the caller holds the lake.

    Args:
        house: The house, pointed at the emulator.
        practice: The emulator.
        vehicles: Size of the fleet.
    """
    ids: set[str] = set()
    delivered = 0
    for owner in demo_owners(vehicles):
        theirs = await _connect(house, owner)
        ids |= theirs
        if owner.pushes:
            delivered += await _deliver(house, practice, theirs)
    return DemoFleet(tuple(each for each in house.registry.vehicles() if each.vehicle_id in ids), delivered)


async def make_trouble(practice: Practice, vehicles: tuple[Vehicle, ...]) -> None:
    """Give two vehicles on v2.0 troubles that a fleet has: one's services have ended, the other's records are wrong."""
    bmws = sorted(each.vehicle_id for each in vehicles if each.make == "BMW" and each.interfaces == (V2,))
    if len(bmws) > 1:
        await practice.trouble(name="subscription", vehicle=bmws[0], endpoint="bmw_records")
        await practice.trouble(name="end_before_start", vehicle=bmws[1], share=0.2)


def _owner(size: int, *interfaces: str) -> DemoOwner:
    return DemoOwner(f"{size}-vehicles@smartcar.com", interfaces)


def _sizes_on_v2(vehicles: int, largest_on_v3: int) -> list[int]:
    """Three owners of different sizes, or one where a size would be that of another owner."""
    usual = vehicles // len(_SPREAD)
    if usual + min(_SPREAD) <= largest_on_v3:
        return [vehicles]
    sizes = [usual + more for more in _SPREAD]
    return [sizes[0] + vehicles % len(_SPREAD), *sizes[1:]]


async def _connect(house: House, owner: DemoOwner) -> set[str]:
    ids: set[str] = set()
    for interface in owner.interfaces:
        connected = await connect_owner(house, test_account=owner.account, v3=interface == V3)
        ids |= {each.vehicle_id for each in connected.vehicles}
    return ids


async def _deliver(house: House, practice: Practice, vehicle_ids: set[str]) -> int:
    """Subscribe vehicles to a receiver of this process while their first events are delivered; gives how many were.

    The emulator's clock stands still meanwhile: what is delivered is as of then, so a fixed instant has fixed figures.
    """
    address = Address(port=0)
    async with (
        receiving(house, reception_of(house, address.path), address) as url,
        practice.standing_still(house.clock.now()),
    ):
        webhook = await practice.control("POST", "webhooks", url=url, vehicles=sorted(vehicle_ids))
        outcome = await practice.control("POST", "webhooks/deliver")
        await practice.control("DELETE", f"webhooks/{webhook['id']}")
    return int(outcome["delivered"])
