"""The client of v2.0: the calls as methods, with their pages read to the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from collectors.asking import Asker, Asking, Collected, Credentials, Reply, Tally
from collectors.calls import Attributes, Call, is_id
from collectors.errors import ApplicationMustAct, Circumstances, RetryLater
from collectors.http import Response, Transport
from collectors.smartcar_v2 import auth, protocol
from collectors.smartcar_v2.credentials import ApplicationBasic, ManagementToken, OwnersToken
from collectors.smartcar_v2.protocol import Compatibility, Connection, Listing
from collectors.streams import Stream
from collectors.tokens import RefreshPolicy, TokenPair, TokenStore
from lake.clock import Clock
from lake.intervals import DayInterval
from lake.registry import Registry, Vehicle
from lake.vault import Vault

_MOST_ENTRIES: Final = 100_000
"""Entries of a list in all; more is no list of one account, and pages may be of any size."""

_TOKEN_TIMEOUT: Final = 15.0
"""Seconds for an answer of the token endpoint: a lost one must leave time to try again within the grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The API's bases.

    Attributes:
        api_url: Of the vehicles.
        management_url: Of the management API.
        management_token: Opens the management API; None: it is not used.
        application: The application's own credentials, for its compatibility endpoint; None: that is not used.
        most_pages: Pages after which a list that never ends is given up.
    """

    api_url: str = "https://api.smartcar.com/v2.0"
    management_url: str = "https://management.smartcar.com/v2.0"
    management_token: str | None = field(default=None, repr=False)
    application: ApplicationBasic | None = None
    most_pages: int = 200


def token_store(
    application: auth.Application, transport: Transport, registry: Registry, vault: Vault, clock: Clock
) -> TokenStore:
    """The owners' tokens, refreshed at Smartcar's token endpoint, which is no part of the API's request budget."""

    async def refresh(refresh_token: str) -> TokenPair:
        request = replace(auth.refresh(application, refresh_token), timeout=_TOKEN_TIMEOUT)
        return auth.read_tokens(await transport.send(request), clock.now())

    return TokenStore(registry, vault, clock, refresh, RefreshPolicy())


class SmartcarClient:
    """What v2.0 can be asked.

    Args:
        asker: Sends, paces, retries, lands.
        tokens: The owners' tokens.
        endpoints: Where the API is.
    """

    def __init__(self, asker: Asker, tokens: TokenStore, endpoints: Endpoints) -> None:
        self._asker = asker
        self._tokens = tokens
        self._endpoints = endpoints

    @property
    def is_manager(self) -> bool:
        """Whether the management API can be asked."""
        return bool(self._endpoints.management_token)

    async def records(
        self, vehicle: Vehicle, stream: Stream, window: DayInterval, tally: Tally | None = None
    ) -> Collected:
        """Ask for a vehicle's records of a window, to the last page.

        Only `hasMoreData` ends the pages: one may be empty while more follow (Smartcar's API reference, §5.2).

        Raises:
            CollectError: As the answers mean; whatever pages came before have landed.
            RetryLater: Also where the pages do not end.
        """
        credentials, count = OwnersToken(self._tokens, vehicle.owner_id), 0
        first: Reply | None = None
        for page in range(1, self._endpoints.most_pages + 1):
            call = protocol.ask_records(stream, vehicle.vehicle_id, window, page)
            asking = self._asking(call, credentials, vehicle.make, tally)
            answer, reply = await self._asker.ask(asking, lambda response: protocol.read_records(response, stream))
            first, count = first or reply, count + answer.records
            if not answer.has_more:
                return Collected(count, reply.received_at, window, first.asked_at)
        raise self._endless(stream.path, vehicle.vehicle_id)

    async def user(self, credentials: Credentials) -> str:
        """Whose token it is: Smartcar's user id."""
        found, _ = await self._asker.ask(self._asking(protocol.ask_user(), credentials), protocol.read_user)
        return found

    async def vehicles(self, owner_id: str) -> tuple[str, ...]:
        """Ids of all vehicles the owner granted, as they were told: not each need be one (`is_id`)."""
        return await self._listing(protocol.ask_vehicles, protocol.read_vehicles, owner_id)

    async def attributes(self, owner_id: str, vehicle_id: str) -> Attributes:
        """Make, model and year."""
        asking = self._asking(protocol.ask_attributes(vehicle_id), OwnersToken(self._tokens, owner_id))
        found, _ = await self._asker.ask(asking, protocol.read_attributes)
        return found

    async def permissions(self, owner_id: str, vehicle_id: str) -> tuple[str, ...]:
        """Scopes the owner granted for a vehicle."""

        def ask(offset: int) -> Call:
            return protocol.ask_permissions(vehicle_id, offset)

        return tuple(filter(is_id, await self._listing(ask, protocol.read_permissions, owner_id)))

    async def vin(self, vehicle: Vehicle) -> str:
        """The vehicle's VIN, for `compatibility` alone: keep it in memory, and no longer than it takes."""
        asking = self._asking(protocol.ask_vin(vehicle.vehicle_id), OwnersToken(self._tokens, vehicle.owner_id))
        found, _ = await self._asker.ask(asking, protocol.read_vin)
        return found

    async def compatibility(self, vin: str, scopes: tuple[str, ...], country: str | None) -> Compatibility:
        """What a VIN can give of these permissions.

        Args:
            vin: Lands nowhere and is in no error.
            scopes: Permissions to ask about.
            country: ISO 3166 code; None: Smartcar takes the United States.

        Raises:
            ApplicationMustAct: Client id and secret are missing or wrong.
        """
        call = protocol.ask_compatibility(vin, scopes, country)
        application = self._endpoints.application
        if application is None:
            raise ApplicationMustAct(Circumstances(call=call.name), "Set the application's client id and secret.")
        asking = Asking(call=call, base=self._endpoints.api_url, credentials=application)
        found, _ = await self._asker.ask(asking, protocol.read_compatibility)
        return found

    async def disconnect(self, vehicle: Vehicle) -> None:
        """Give up the access to a vehicle at Smartcar; its records can no longer be asked for."""
        call = protocol.ask_disconnect(vehicle.vehicle_id)
        asking = self._asking(call, OwnersToken(self._tokens, vehicle.owner_id), vehicle.make)
        await self._asker.ask(asking, protocol.read_disconnect)

    async def disconnect_as_manager(self, vehicle: Vehicle) -> None:
        """The same with the application's management token, where the owner's tokens open nothing any more.

        Raises:
            ApplicationMustAct: No management token is configured, or it is refused.
        """
        call = protocol.ask_disconnect(vehicle.vehicle_id)
        credentials = ManagementToken(self._management_token(call))
        await self._asker.ask(self._asking(call, credentials, vehicle.make), protocol.read_disconnect)

    async def disconnect_all(self, *, owner_id: str | None = None, vehicle_id: str | None = None) -> tuple[str, ...]:
        """Give up the access by owner, by vehicle or by both, through the management API.

        Returns:
            Ids of the vehicles that were connected until now; none if none was.

        Raises:
            ApplicationMustAct: No management token is configured, or it is refused.
        """
        call = protocol.ask_disconnect_all(owner_id=owner_id, vehicle_id=vehicle_id)
        credentials = ManagementToken(self._management_token(call))
        asking = Asking(call=call, base=self._endpoints.management_url, credentials=credentials)
        found, _ = await self._asker.ask(asking, protocol.read_connections)
        return tuple(each.vehicle_id for each in found.entries)

    async def connections(self, owner_id: str | None = None) -> list[Connection]:
        """Who is connected, newest first.

        Args:
            owner_id: Only this owner's.

        Raises:
            ApplicationMustAct: No management token is configured, or it is refused.
        """
        token = self._management_token(protocol.ask_connections())
        found: list[Connection] = []
        cursor: str | None = None
        for _ in range(self._endpoints.most_pages):
            call = protocol.ask_connections(cursor, owner_id=owner_id)
            asking = Asking(call=call, base=self._endpoints.management_url, credentials=ManagementToken(token))
            page, _reply = await self._asker.ask(asking, protocol.read_connections)
            found += page.entries
            cursor = page.cursor
            if cursor is None:
                return found
            if len(found) > _MOST_ENTRIES:
                break
        raise self._endless(protocol.ask_connections().template)

    def _management_token(self, call: Call) -> str:
        if not self._endpoints.management_token:
            raise ApplicationMustAct(Circumstances(call=call.name), "Set CHARGELAKE_SMARTCAR__MANAGEMENT_TOKEN.")
        return self._endpoints.management_token

    async def _listing(
        self, ask: Callable[[int], Call], read: Callable[[Response], Listing], owner_id: str
    ) -> tuple[str, ...]:
        credentials = OwnersToken(self._tokens, owner_id)
        found: list[str] = []
        for _ in range(self._endpoints.most_pages):
            page, _reply = await self._asker.ask(self._asking(ask(len(found)), credentials), read)
            found += page.entries
            if len(found) >= page.total or not page.entries:
                return tuple(dict.fromkeys(found))
            if len(found) > _MOST_ENTRIES:
                break
        raise self._endless(ask(0).template)

    def _asking(
        self, call: Call, credentials: Credentials, make: str | None = None, tally: Tally | None = None
    ) -> Asking:
        return Asking(
            call=call, base=self._endpoints.api_url, credentials=credentials, make=make, tally=tally or Tally()
        )

    def _endless(self, template: str, vehicle_id: str | None = None) -> RetryLater:
        pages = self._endpoints.most_pages
        at = Circumstances(call=f"GET {template}", vehicle_id=vehicle_id, detail=f"no end within {pages} pages")
        return RetryLater(at, "Smartcar's pages do not end: ask for fewer days, and report it to Smartcar if it stays.")
