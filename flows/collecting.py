"""The collectors, wired for one run: one session, one pacer and one landing within one event loop."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cached_property, partial

from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

from collectors.asking import Asker, RetryPolicy
from collectors.collect import Client, Collector, Outcome
from collectors.connections import Changes
from collectors.consent import ConnectPage
from collectors.errors import ApplicationMustAct, Circumstances, CollectError
from collectors.http import Transport
from collectors.observe import Observer, Reader
from collectors.pacing import Pacer
from collectors.smartcar_v2.auth import Application
from collectors.smartcar_v2.client import Endpoints, SmartcarClient, token_store
from collectors.smartcar_v2.connect import Connect
from collectors.smartcar_v2.controls import Controls
from collectors.smartcar_v2.credentials import ApplicationBasic
from collectors.smartcar_v2.disconnecting import Disconnecting
from collectors.smartcar_v2.inventory import Inventory as V2Inventory
from collectors.smartcar_v3.auth import Application as V3Application
from collectors.smartcar_v3.client import SmartcarV3Client
from collectors.smartcar_v3.connect import ConnectV3
from collectors.smartcar_v3.inventory import Inventory
from collectors.smartcar_v3.timers import Timers
from collectors.smartcar_v3.token import ApplicationToken
from collectors.streams import V2, V3
from collectors.tokens import TokenStore
from flows.exits import Exit, Stop
from flows.forgetting import finish_begun
from flows.house import House
from flows.planning import pacing_plan
from lake.raw import Answer, Landing
from lake.registry import Vehicle

NO_VEHICLE = "no vehicle is connected; `chargelake connect` connects an owner"
_log = logging.getLogger(__name__)
Progress = Callable[[Outcome], None]


class Wiring:
    """What a run asks with, for each interface that is configured; made by `wired`."""

    def __init__(self, house: House, transport: Transport, landing: Landing, run_id: str) -> None:
        """Wire the collectors; inside the running event loop only."""
        self._house = house
        self._transport = transport
        self._interfaces = house.settings.smartcar.interfaces
        require_credentials(house)
        self.pacer = Pacer(pacing_plan(house), house.budget)
        asker = partial(Asker, transport=transport, pacer=self.pacer, landing=landing, clock=house.clock, run_id=run_id)
        self._asker = asker(retries=RetryPolicy())
        self._asker_once = asker(retries=RetryPolicy(attempts=1))

    @cached_property
    def tokens(self) -> TokenStore:
        """The tokens of v2.0's owners."""
        house = self._house
        return token_store(application(house), self._transport, house.registry, house.vault, house.clock)

    @cached_property
    def client(self) -> SmartcarClient:
        """Asks v2.0."""
        return SmartcarClient(self._asker, self.tokens, endpoints(self._house))

    @cached_property
    def v3_client(self) -> SmartcarV3Client:
        """Asks v3."""
        return SmartcarV3Client(self._asker, self._v3_token, self._house.settings.smartcar.v3_api_url)

    @cached_property
    def _v3_token(self) -> ApplicationToken:
        return ApplicationToken(v3_application(self._house), self._transport, self._house.clock)

    @property
    def inventory(self) -> Inventory:
        """Keeps the registry as v3's connections are."""
        house = self._house
        return Inventory(self.v3_client, house.registry, house.ledger, house.clock, house.settings.smartcar.mode)

    async def prepare(self) -> Changes:
        """Before a run asks: finish forgetting, refresh tokens that would end unused, read which vehicles there are.

        Returns:
            What has changed among the connections; nothing where they could not be read.

        Raises:
            Stop: There are none (exit code 5).
            CollectError: None are known, and the API could not say which there are.
        """
        await finish_begun(self._house, self.disconnect)
        if V2 in self._interfaces:
            await self.tokens.keep_alive()
        changes = await self._sync_or_go_on()
        if V2 in self._interfaces:
            await self.connect().read_missing()
        if not self._house.registry.vehicles():
            raise Stop(Exit.NOTHING_COLLECTED, NO_VEHICLE)
        return changes

    async def sync(self, *, believe: bool = False) -> Changes:
        """Read who is connected, through every interface in use, and keep the registry as that is.

        Args:
            believe: Mark what is gone even where an answer tells far fewer than are known.

        Raises:
            CollectError: The connections of an interface could not be read; those of the other are taken in.
        """
        changes, errors = await self._synced(believe=believe)
        if errors:
            raise errors[0]
        return changes

    async def _synced(self, *, believe: bool = False) -> tuple[Changes, list[CollectError]]:
        """What the interfaces told, and why one did not, which is no reason not to ask the other."""
        changes, errors = Changes(), list[CollectError]()
        for inventory in self._inventories():
            try:
                changes += await inventory.sync(believe=believe)
            except CollectError as error:
                errors.append(error)
        return changes, errors

    def _inventories(self) -> Iterator[V2Inventory | Inventory]:
        house = self._house
        if V2 in self._interfaces and self.client.is_manager:
            yield V2Inventory(self.client, house.registry, house.ledger, house.clock)
        if V3 in self._interfaces and self._is_seen_through_v3():
            yield self.inventory

    async def _sync_or_go_on(self) -> Changes:
        changes, errors = await self._synced()
        if errors and not self._house.registry.vehicles():
            raise errors[0]
        for error in errors:  # what is known from before can be asked all the same
            _log.warning("the connections could not be read: %s", error)
        for sentence in changes.in_words():
            _log.info("%s", sentence)
        return changes

    def _is_seen_through_v3(self) -> bool:
        """Whether v3 is in use: by a vehicle, or because there is nothing else."""
        vehicles = self._house.registry.vehicles()
        return V2 not in self._interfaces or any(V3 in vehicle.interfaces for vehicle in vehicles)

    def collector(self, on_progress: Progress = lambda _: None) -> Collector:
        """Collects records."""
        settings = self._house.settings
        clients: dict[str, Client] = {V2: self.client} if V2 in self._interfaces else {}
        return Collector(
            clients | ({V3: self.v3_client} if V3 in self._interfaces else {}),
            self._house.ledger,
            self._house.clock,
            window_days=settings.smartcar.window_days,
            at_once=settings.concurrency,
            on_progress=on_progress,
        )

    @property
    def disconnecting(self) -> Disconnecting:
        """Gives up access through v2.0."""
        return Disconnecting(self.client, self._house.registry)

    async def disconnect(self, vehicle: Vehicle) -> None:
        """Give up the access to a vehicle through every interface that it is connected by.

        Raises:
            ApplicationMustAct: It is connected by one that is not configured.
            CollectError: As the answers mean.
        """
        for interface in sorted({*vehicle.interfaces, *vehicle.switched_off}):
            if interface not in self._interfaces:
                at = Circumstances(call="disconnect", vehicle_id=vehicle.vehicle_id)
                raise ApplicationMustAct(
                    at, f"It is connected through {interface}: set that application's credentials."
                )
            if interface == V3:
                await self.v3_client.disconnect(vehicle)
            else:
                await self.disconnecting.vehicle(vehicle)

    @cached_property
    def controls(self) -> Controls:
        """Asks what vehicles are set to, and sets it; for a person who waits."""
        return self._controls(self._asker)

    def observer(self) -> Observer:
        """Observes what vehicles are set to; what fails is asked again another day, and not before."""
        at_once = self._house.settings.concurrency
        return Observer(self._readers(self._asker_once), self._house.ledger, self._house.clock, at_once=at_once)

    @cached_property
    def readers(self) -> Mapping[str, Reader]:
        """Ask what vehicles are set to, by interface; for a person who waits."""
        return self._readers(self._asker)

    def _readers(self, asker: Asker) -> Mapping[str, Reader]:
        found: dict[str, Reader] = {V2: self._controls(asker)} if V2 in self._interfaces else {}
        if V3 in self._interfaces:
            house = self._house
            url = house.settings.smartcar.v3_api_url
            found[V3] = Timers(asker, self._v3_token, house.budget, house.clock, url)
        return found

    def _controls(self, asker: Asker) -> Controls:
        return Controls(asker, self.tokens, self._house.budget, self._house.settings.smartcar.api_url)

    def connect(self) -> Connect:
        """Takes owners through Connect for v2.0."""
        return Connect(
            application=application(self._house),
            transport=self._transport,
            client=self.client,
            tokens=self.tokens,
            registry=self._house.registry,
            ledger=self._house.ledger,
            clock=self._house.clock,
        )

    def connect_v3(self) -> ConnectV3:
        """Takes owners through Connect for v3."""
        return ConnectV3(
            page=v3_connect_page(self._house),
            transport=self._transport,
            inventory=self.inventory,
            registry=self._house.registry,
            ledger=self._house.ledger,
        )


@contextlib.asynccontextmanager
async def wired(house: House, run_id: str) -> AsyncIterator[Wiring]:
    """The collectors for one run; everything asked for has landed when this ends."""
    set_on_retry_hooks([LoggingOnRetryHook])  # its default is structlog where that is installed, to standard output

    def clean(answer: Answer) -> Answer:
        return house.guard.cleaned(answer)  # renewed while answers land, where a vehicle is forgotten in between

    landing = Landing(house.store, run_id, house.clock.now(), clean)
    async with Transport() as transport, landing:
        yield Wiring(house, transport, landing, run_id)


def require_credentials(house: House) -> None:
    """Let nothing begin that could ask nobody.

    Raises:
        Stop: Neither interface has credentials (exit code 2).
    """
    if not house.settings.smartcar.interfaces:
        application(house)


def application(house: House) -> Application:
    """The application as the settings describe it.

    Raises:
        Stop: Its credentials are missing (exit code 2).
    """
    smartcar = house.settings.smartcar
    if V2 not in smartcar.interfaces:
        line = (
            "set CHARGELAKE_SMARTCAR__CLIENT_ID and CHARGELAKE_SMARTCAR__CLIENT_SECRET (or …_FILE) first; for v3 "
            "__V3_CLIENT_ID and __V3_CLIENT_SECRET"
        )
        raise Stop(Exit.USAGE, line)
    return Application(
        client_id=smartcar.client_id,
        client_secret=smartcar.client_secret.get_secret_value(),
        redirect_uri=smartcar.redirect_uri,
        mode=smartcar.mode,
        connect_url=smartcar.connect_url,
        token_url=smartcar.auth_url,
    )


def endpoints(house: House) -> Endpoints:
    """Where the API is."""
    smartcar = house.settings.smartcar
    return Endpoints(
        api_url=smartcar.api_url,
        management_url=smartcar.management_url,
        management_token=smartcar.management_token.get_secret_value() or None,
        application=ApplicationBasic(smartcar.client_id, smartcar.client_secret.get_secret_value()),
    )


def v3_application(house: House) -> V3Application:
    """The application's credentials for v3 as the settings have them.

    Raises:
        Stop: They are missing (exit code 2).
    """
    smartcar = house.settings.smartcar
    if V3 not in smartcar.interfaces:
        line = "set CHARGELAKE_SMARTCAR__V3_CLIENT_ID and CHARGELAKE_SMARTCAR__V3_CLIENT_SECRET (or …_FILE) first"
        raise Stop(Exit.USAGE, line)
    return V3Application(
        client_id=smartcar.v3_client_id,
        client_secret=smartcar.v3_client_secret.get_secret_value(),
        token_url=smartcar.v3_auth_url,
    )


def v3_connect_page(house: House) -> ConnectPage:
    """How Connect is asked for v3: it knows the application by its application id."""
    smartcar = house.settings.smartcar
    return ConnectPage(
        client_id=smartcar.application_id or smartcar.v3_client_id,
        redirect_uri=smartcar.redirect_uri,
        mode=smartcar.mode,
        connect_url=smartcar.connect_url,
        answer="user_id",
    )
