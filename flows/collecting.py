"""The collectors, wired for one run: one session, one pacer and one landing within one event loop."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

from collectors.collect import Collector, Outcome
from collectors.http import Transport
from collectors.pacing import Pacer
from collectors.smartcar_v2.asking import Asker, RetryPolicy
from collectors.smartcar_v2.auth import Application
from collectors.smartcar_v2.client import Endpoints, SmartcarClient, token_store
from collectors.smartcar_v2.connect import Connect
from collectors.smartcar_v2.disconnecting import Disconnecting
from collectors.tokens import TokenStore
from flows.exits import Exit, Stop
from flows.forgetting import finish_begun
from flows.house import House
from flows.planning import pacing_plan
from lake.raw import Answer, Landing

Progress = Callable[[Outcome], None]


class Wiring:
    """What a run asks with; made by `wired`."""

    def __init__(self, house: House, transport: Transport, landing: Landing, run_id: str) -> None:
        """Wire the collectors; inside the running event loop only."""
        self._house = house
        self._transport = transport
        self._application = application(house)
        self.tokens: TokenStore = token_store(self._application, transport, house.registry, house.vault, house.clock)
        self.pacer = Pacer(pacing_plan(house), house.budget)
        asker = Asker(
            transport=transport,
            pacer=self.pacer,
            landing=landing,
            clock=house.clock,
            run_id=run_id,
            retries=RetryPolicy(),
        )
        self.client = SmartcarClient(asker, self.tokens, endpoints(house))

    async def prepare(self) -> None:
        """Before a run asks: end what is to be forgotten, keep tokens alive, read vehicles that are not known yet."""
        await finish_begun(self._house, self.disconnecting().vehicle)
        await self.tokens.keep_alive()
        await self.connect().read_missing()

    def collector(self, on_progress: Progress = lambda _: None) -> Collector:
        """Collects records."""
        settings = self._house.settings
        return Collector(
            self.client,
            self._house.ledger,
            self._house.clock,
            window_days=settings.smartcar.window_days,
            at_once=settings.concurrency,
            on_progress=on_progress,
        )

    def disconnecting(self) -> Disconnecting:
        """Gives up access."""
        return Disconnecting(self.client, self._house.registry)

    def connect(self) -> Connect:
        """Takes owners through Connect."""
        return Connect(
            application=self._application,
            transport=self._transport,
            client=self.client,
            tokens=self.tokens,
            registry=self._house.registry,
            ledger=self._house.ledger,
            clock=self._house.clock,
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


def application(house: House) -> Application:
    """The application as the settings describe it.

    Raises:
        Stop: Its credentials are missing (exit code 2).
    """
    smartcar = house.settings.smartcar
    if not smartcar.client_id or not smartcar.client_secret.get_secret_value():
        line = "set CHARGELAKE_SMARTCAR__CLIENT_ID and CHARGELAKE_SMARTCAR__CLIENT_SECRET (or …_FILE) first"
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
    )
