"""Connecting an owner through v3: Connect comes back with the owner's id, the connections tell the vehicles (§8)."""

from __future__ import annotations

from collectors.calls import is_id
from collectors.consent import Connected, ConnectPage, ThroughConnect
from collectors.errors import Circumstances, OurBug
from collectors.http import Transport
from collectors.smartcar_v3.inventory import Inventory
from lake.ledger import Ledger
from lake.registry import Registry


class ConnectV3(ThroughConnect):
    """Takes owners through Smartcar Connect; connecting again is how an owner authenticates anew.

    Args:
        page: How Connect is asked.
        transport: Sends a test account's consent.
        inventory: Reads the connections into the registry.
        registry: Owners and vehicles.
        ledger: Streams that waited for the owner may be asked again after a new consent.
    """

    def __init__(
        self, *, page: ConnectPage, transport: Transport, inventory: Inventory, registry: Registry, ledger: Ledger
    ) -> None:
        super().__init__(page, transport)
        self._inventory = inventory
        self._registry = registry
        self._ledger = ledger

    async def with_grant(self, answer: str, *, timezone: str | None) -> Connected:
        """As `with_user`."""
        return await self.with_user(answer, timezone=timezone)

    async def with_user(self, user_id: str, *, timezone: str | None = None) -> Connected:
        """Read an owner's connections into the registry, and let their streams be asked again.

        Raises:
            OurBug: The id can be none.
            CollectError: As the answers mean.
        """
        if not is_id(user_id):
            raise OurBug(Circumstances(call="redirect from Connect"), "Connect sent an owner's id that can be none.")
        connections = await self._inventory.inventory(user_id)
        self._inventory.take_in(connections, timezone)
        ids = {each.vehicle_id for each in connections}
        self._ledger.lift_blocks(ids)
        vehicles = tuple(each for each in self._registry.vehicles() if each.vehicle_id in ids)
        return Connected(user_id, vehicles, {})
