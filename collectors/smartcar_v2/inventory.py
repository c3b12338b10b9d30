"""The connections of v2.0 in the registry: new vehicles of known owners are picked up, gone ones are marked.

The management API tells who is connected (Smartcar's API reference, §7). It gives no tokens: the vehicles of an owner
who connected elsewhere cannot be asked before that owner has been through Connect here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from collectors.connections import Changes, believably_gone, one_a_vehicle
from collectors.consent import with_what_is_known
from collectors.smartcar_v2.client import SmartcarClient
from collectors.smartcar_v2.protocol import Connection
from collectors.streams import V2, V3
from lake.clock import Clock
from lake.ledger import Ledger
from lake.registry import Registry, Vehicle


class Inventory:
    """Keeps the registry as the connections are; deletes nothing.

    Args:
        client: Asks.
        registry: Owners and vehicles.
        ledger: Streams of a vehicle that is back may be asked again.
        clock: When a vehicle was found to be gone.
    """

    def __init__(self, client: SmartcarClient, registry: Registry, ledger: Ledger, clock: Clock) -> None:
        self._client = client
        self._registry = registry
        self._ledger = ledger
        self._clock = clock

    async def sync(self, *, believe: bool = False) -> Changes:
        """Take in all connections. What a new vehicle is must still be read, with its owner's token.

        Args:
            believe: Mark what is gone even where the answer tells far fewer than are known.

        Raises:
            CollectError: As the answers mean; nothing is changed then.
        """
        connections = await self._client.connections()
        known = {vehicle.vehicle_id: vehicle for vehicle in self._registry.vehicles()}
        told = one_a_vehicle(connections, known)
        asked = [each.vehicle_id for each in known.values() if V2 in each.interfaces and not each.disconnected_at]
        gone, doubted = believably_gone(asked, told, believe=believe)
        for forgotten in self._registry.forgotten_among(told):
            del told[forgotten]
        self._mark_gone([known[each] for each in gone])
        new, elsewhere = self._take_in(told, known)
        return Changes(new, tuple(gone), self._let_back(told, known), elsewhere, doubted)

    def _take_in(
        self, told: Mapping[str, Connection], known: Mapping[str, Vehicle]
    ) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
        new: list[str] = []
        elsewhere: dict[str, tuple[str, ...]] = {}
        for vehicle_id, connection in told.items():
            before = known.get(vehicle_id)
            if before is not None and V2 in (*before.interfaces, *before.switched_off):
                continue
            if self._registry.sealed_tokens(connection.owner_id) is not None:
                self._registry.keep_vehicle(with_what_is_known(self._vehicle(connection, before), before))
                new.append(vehicle_id)
            elif before is None:
                elsewhere[connection.owner_id] = (*elsewhere.get(connection.owner_id, ()), vehicle_id)
        return tuple(new), elsewhere

    def _vehicle(self, told: Connection, before: Vehicle | None) -> Vehicle:
        since = told.connected_at or self._clock.now()
        if before is not None:
            return replace(before, interfaces=(V2,), consented_at=since, disconnected_at=None)
        return Vehicle(told.vehicle_id, told.owner_id, None, None, None, None, since)

    def _mark_gone(self, vehicles: Iterable[Vehicle]) -> None:
        """Mark them; one that v3 still asks goes on with that alone."""
        for vehicle in vehicles:
            if V3 in vehicle.interfaces:
                self._registry.keep_vehicle(replace(vehicle, interfaces=(V3,)))
            else:
                self._registry.mark_disconnected([vehicle.vehicle_id], self._clock.now())

    def _let_back(self, told: Mapping[str, Connection], known: Mapping[str, Vehicle]) -> tuple[str, ...]:
        back = [each for each in told if each in known and known[each].disconnected_at and V2 in known[each].interfaces]
        self._registry.mark_disconnected(back, None)
        self._ledger.lift_blocks(back)
        return tuple(back)
