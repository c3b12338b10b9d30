"""The connections of v3 in the registry: whose a vehicle is, what it is, what was granted, since when.

`GET /connections` is where v3 tells which vehicles there are (Smartcar's API reference, §8). New ones are taken in,
gone ones are marked and never deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from collectors.connections import Changes, believably_gone, one_a_vehicle
from collectors.consent import with_what_is_known
from collectors.failures import NOT_CONNECTED
from collectors.smartcar_v3.client import SmartcarV3Client
from collectors.smartcar_v3.protocol import Connection
from collectors.streams import V3, V3_RECORDS
from lake.clock import Clock
from lake.ledger import Ledger
from lake.registry import Owner, Registry, Vehicle

_LEFT_ALONE: Final = timedelta(days=30)
"""A gone vehicle need not be asked: the connections say when it is back."""


class Inventory:
    """Keeps the registry as the connections are.

    Args:
        client: Asks.
        registry: Owners and vehicles.
        ledger: Is told which vehicles are gone.
        clock: The time of consent where no connection tells it.
        mode: `live`, `test` or `simulated`: connections of another mode are not ours.
    """

    def __init__(
        self, client: SmartcarV3Client, registry: Registry, ledger: Ledger, clock: Clock, mode: str = "live"
    ) -> None:
        self._client = client
        self._registry = registry
        self._ledger = ledger
        self._clock = clock
        self._mode = mode

    async def inventory(self, owner_id: str | None = None) -> list[Connection]:
        """The connections of this mode: of one owner, or of all.

        Raises:
            CollectError: As the answers mean.
        """
        found = await self._client.connections(owner_id)
        return [each for each in found if each.mode in {None, self._mode}]

    async def sync(self, *, believe: bool = False) -> Changes:
        """Take in all connections, and mark what is gone.

        Args:
            believe: Mark what is gone even where the answer tells far fewer than are known.

        Raises:
            CollectError: As the answers mean; nothing is changed then.
        """
        connections = await self.inventory()
        told = {each.vehicle_id for each in connections}
        known = [each.vehicle_id for each in self._registry.vehicles() if V3 in each.interfaces]
        gone, doubted = believably_gone(known, told, believe=believe)
        return replace(self.take_in(connections), gone=self._mark_gone(gone), doubted=doubted)

    def take_in(self, connections: Iterable[Connection], timezone: str | None = None) -> Changes:
        """Add or update the vehicles of these connections; first consents stay, and nothing is taken for gone.

        Args:
            connections: Who is connected with what.
            timezone: IANA zone of the vehicles, if known.
        """
        known = {vehicle.vehicle_id: vehicle for vehicle in self._registry.vehicles()}
        kept = {owner.owner_id for owner in self._registry.owners()}
        new: list[str] = []
        told = one_a_vehicle(connections, known)
        for forgotten in self._registry.forgotten_among(told):
            del told[forgotten]
        for vehicle_id, connection in told.items():
            before = known.get(vehicle_id)
            vehicle = with_what_is_known(_vehicle(connection, timezone, before, self._clock.now()), before)
            if vehicle.owner_id not in kept:
                self._registry.keep_owner(Owner(vehicle.owner_id, vehicle.consented_at))
                kept.add(vehicle.owner_id)
            if vehicle != before:
                self._registry.keep_vehicle(vehicle)
            if before is None or V3 not in (*before.interfaces, *before.switched_off):
                new.append(vehicle_id)
        return Changes(new=tuple(new), back=self._let_back(told))

    def _mark_gone(self, gone: Iterable[str]) -> tuple[str, ...]:
        """Tell registry and ledger which vehicles are connected no more; gives those of which that is news."""
        states, now = self._ledger.states(), self._clock.now()
        v3_alone = {each.vehicle_id for each in self._registry.vehicles() if each.interfaces == (V3,)}
        marked = {each.vehicle_id for each in self._registry.vehicles() if each.disconnected_at}
        news: list[str] = []
        for vehicle_id in gone:
            state = states.get((vehicle_id, V3_RECORDS.name))
            if vehicle_id not in marked and (state is None or state.blocked_detail != NOT_CONNECTED):
                news.append(vehicle_id)
            self._ledger.block(
                vehicle_id, V3_RECORDS.name, "owner_must_act", detail=NOT_CONNECTED, until=now + _LEFT_ALONE,
                at=state.asked_at if state else now, whose_move="owner",
            )  # fmt: skip
        self._registry.mark_disconnected(v3_alone & {*gone} - marked, now)
        return tuple(news)

    def _let_back(self, connected: Iterable[str]) -> tuple[str, ...]:
        states = self._ledger.states()
        marked = ((each, states.get((each, V3_RECORDS.name))) for each in connected)
        back = tuple(each for each, state in marked if state is not None and state.blocked_detail == NOT_CONNECTED)
        self._ledger.lift_blocks(back, V3_RECORDS.name)
        return back


def _vehicle(told: Connection, timezone: str | None, known: Vehicle | None, now: datetime) -> Vehicle:
    about = told.about
    return Vehicle(
        vehicle_id=told.vehicle_id,
        owner_id=told.owner_id,
        make=about.make or (known.make if known else None),
        model=about.model or (known.model if known else None),
        year=about.year or (known.year if known else None),
        timezone=timezone,
        consented_at=told.connected_at or now,
        permissions=told.permissions,
        interfaces=(V3,),
    )
