"""Disconnecting: the application gives up its access, by whichever way is open.

A vehicle's own endpoint takes the owner's token or the application's management token (Smartcar's API reference, §4);
the management API takes back connections by vehicle and by owner, and says so where there was none (§7).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator

from collectors.errors import ApplicationMustAct, CollectError, OurBug, OwnerMustAct
from collectors.smartcar_v2.client import SmartcarClient
from lake.registry import Registry, Vehicle

_log = logging.getLogger(__name__)
_ANOTHER_WAY_MAY_HELP = (OwnerMustAct, ApplicationMustAct, OurBug)


class Disconnecting:
    """Gives up access, and leaves to the caller what becomes of the data.

    Args:
        client: Asks.
        registry: Whose tokens there are.
    """

    def __init__(self, client: SmartcarClient, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    async def vehicle(self, vehicle: Vehicle) -> str:
        """Disconnect a vehicle; gives by which way, in words.

        Raises:
            CollectError: No way led there; the first one's error.
        """
        refusals: list[CollectError] = []
        for name, way in self._ways(vehicle):
            try:
                await way()
            except _ANOTHER_WAY_MAY_HELP as error:
                _log.warning("not disconnected with %s: %s", name, error)
                refusals.append(error)
            else:
                return name
        raise refusals[0]

    async def owner(self, owner_id: str) -> tuple[str, ...]:
        """Disconnect all vehicles of an owner through the management API; gives the ids of those that were connected.

        Raises:
            ApplicationMustAct: No management token is configured, or it is refused.
        """
        return await self._client.disconnect_all(owner_id=owner_id)

    def _ways(self, vehicle: Vehicle) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
        """The ways to take, in order. The last one is sure: it says that there is no connection any more."""
        if self._registry.sealed_tokens(vehicle.owner_id) is not None or not self._client.is_manager:
            yield "the owner's token", lambda: self._client.disconnect(vehicle)
        if self._client.is_manager:
            yield "the management token", lambda: self._client.disconnect_as_manager(vehicle)
            yield "the management API", lambda: self._client.disconnect_all(vehicle_id=vehicle.vehicle_id)
