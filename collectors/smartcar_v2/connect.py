"""Connecting an owner: consent, the first pair of tokens, and what vehicles there are.

The way (Smartcar's API reference, §3): a person opens the Connect URL and grants access, Connect sends the browser back
with a code, the code is exchanged for tokens, and with them the account's vehicles are read into the registry.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime

from collectors.calls import is_id
from collectors.consent import Connected, ThroughConnect, with_what_is_known
from collectors.errors import Circumstances, CollectError, OwnerMustAct, RetryLater
from collectors.http import Transport
from collectors.smartcar_v2 import auth
from collectors.smartcar_v2.client import SmartcarClient
from collectors.smartcar_v2.credentials import NewToken
from collectors.streams import V2
from collectors.tokens import TokenStore
from lake.clock import Clock
from lake.ledger import Ledger
from lake.registry import Owner, Registry, Vehicle

_log = logging.getLogger(__name__)
_AT_ONCE = 8
_LONGEST_NAME = 40


class Connect(ThroughConnect):
    """Takes owners through Smartcar Connect.

    Args:
        application: Who asks for access.
        transport: Sends the code.
        client: Reads the account.
        tokens: Keeps the pair.
        registry: Keeps owner and vehicles.
        ledger: Streams that waited for the owner may be asked again after a new consent.
        clock: The time of consent where the management API cannot tell it.
    """

    def __init__(
        self, *, application: auth.Application, transport: Transport, client: SmartcarClient, tokens: TokenStore,
        registry: Registry, ledger: Ledger, clock: Clock,
    ) -> None:  # fmt: skip
        super().__init__(application, transport)
        self._application = application
        self._client = client
        self._tokens = tokens
        self._registry = registry
        self._ledger = ledger
        self._clock = clock

    async def with_grant(self, answer: str, *, timezone: str | None) -> Connected:
        """As `with_code`."""
        return await self.with_code(answer, timezone=timezone)

    async def with_code(self, code: str, *, timezone: str | None = None) -> Connected:
        """Exchange a code for tokens and read the account's vehicles into the registry.

        The pair is stored as soon as it is known whose it is, before any vehicle is read. A vehicle that cannot be read
        is reported and does not stop the others.

        Raises:
            OwnerMustAct: The code is used up or expired.
            CollectError: As the answers mean.
        """
        response = await self._transport.send(auth.exchange_code(self._application, code))
        pair = auth.read_tokens(response, self._clock.now())
        owner_id = await self._client.user(NewToken(pair.access))
        self._registry.keep_owner(Owner(owner_id, self._consent_known(owner_id)))
        self._tokens.keep(owner_id, pair)
        consents = await self._consents(owner_id)
        since = min(consents.values(), default=self._consent_known(owner_id))
        self._registry.keep_owner(Owner(owner_id, since))
        return await self._read_account(owner_id, since, consents, timezone)

    async def _read_account(
        self, owner_id: str, since: datetime, consents: dict[str, datetime], timezone: str | None
    ) -> Connected:
        vehicles: dict[str, Vehicle] = {}
        known = {vehicle.vehicle_id: vehicle for vehicle in self._registry.vehicles()}
        told = await self._client.vehicles(owner_id)
        forgotten = self._registry.forgotten_among(told)
        ids = [each for each in told if is_id(each) and each not in forgotten]
        failed = {_shown(each): _no_id() for each in told if not is_id(each)}
        failed |= {each: _forgotten() for each in forgotten}
        waiting = iter(ids)

        async def worker() -> None:
            for vehicle_id in waiting:  # shared: each takes the next vehicle
                blank = Vehicle(vehicle_id, owner_id, None, None, None, timezone, consents.get(vehicle_id, since))
                try:
                    vehicles[vehicle_id] = await self._read_vehicle(with_what_is_known(blank, known.get(vehicle_id)))
                except CollectError as error:
                    failed[vehicle_id] = error
                    if vehicle_id not in known:
                        self._registry.keep_vehicle(blank)  # the next run reads what is missing
                    _log.warning("a vehicle could not be read: %s", error)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(ids))):
                group.create_task(worker())
        self._ledger.lift_blocks(vehicles)
        if forgotten:
            self._registry.drop_owner(owner_id)  # where it was all they have
        return Connected(owner_id, tuple(vehicles[each] for each in ids if each in vehicles), failed)

    async def read_missing(self) -> dict[str, CollectError]:
        """Read what is not known of vehicles that could not be read when they were connected; gives what failed."""
        failed: dict[str, CollectError] = {}
        for vehicle in self._registry.connected():
            if vehicle.make is None and V2 in vehicle.interfaces:
                try:
                    await self._read_vehicle(vehicle)
                except CollectError as error:
                    failed[vehicle.vehicle_id] = error
                    _log.warning("a vehicle could not be read: %s", error)
        return failed

    async def _read_vehicle(self, blank: Vehicle) -> Vehicle:
        about = await self._client.attributes(blank.owner_id, blank.vehicle_id)
        permissions = await self._client.permissions(blank.owner_id, blank.vehicle_id)
        vehicle = replace(blank, make=about.make, model=about.model, year=about.year, permissions=permissions)
        self._registry.keep_vehicle(vehicle)
        return vehicle

    def _consent_known(self, owner_id: str) -> datetime:
        """The owner's consent as the registry has it; now for a new owner."""
        known = (owner.consented_at for owner in self._registry.owners() if owner.owner_id == owner_id)
        return next(known, self._clock.now())

    async def _consents(self, owner_id: str) -> dict[str, datetime]:
        """When each vehicle was connected, as the management API tells it; empty if that is not used.

        Connecting again keeps the first consent there; without it a new consent would seem to begin today.
        """
        if not self._client.is_manager:
            known = self._registry.vehicles()
            return {each.vehicle_id: each.consented_at for each in known if each.owner_id == owner_id}
        try:
            connections = await self._client.connections(owner_id)
        except CollectError as error:  # the code is used up: go on without
            _log.warning("the time of consent could not be read: %s", error)
            return {}
        return {
            each.vehicle_id: each.connected_at
            for each in connections
            if each.connected_at is not None and each.owner_id == owner_id
        }


def _no_id() -> CollectError:
    at = Circumstances(call="GET /vehicles", detail="an id that can be none")
    return RetryLater(at, "It was left out: report it to Smartcar.")


def _forgotten() -> CollectError:
    at = Circumstances(call="GET /vehicles", detail="this vehicle was forgotten")
    return OwnerMustAct(at, "It stays out, until `chargelake forget --undo VEHICLE` lets it be connected again.")


def _shown(text: str) -> str:
    """A text from outside in ASCII and short, as a name for what has no other."""
    return ascii(text[:_LONGEST_NAME])
