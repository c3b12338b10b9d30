"""The collectors, wired for one run: one session, one pacer and one landing within one event loop."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

from collectors.collect import Collector, Outcome
from collectors.http import Transport
from collectors.observe import Observer
from collectors.pacing import Pacer
from collectors.smartcar_v2.asking import Asker, RetryPolicy
from collectors.smartcar_v2.auth import Application
from collectors.smartcar_v2.client import Endpoints, SmartcarClient, token_store
from collectors.smartcar_v2.connect import Connect
from collectors.smartcar_v2.controls import Controls
from collectors.tokens import TokenStore
from flows.exits import Exit, Stop
from flows.house import House
from flows.planning import pacing_plan
from lake.raw import Landing

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
        self._landing = landing
        self._run_id = run_id
        asker = self._asker(RetryPolicy())
        self.client = SmartcarClient(asker, self.tokens, endpoints(house))
        self.controls = Controls(asker, self.tokens, house.budget, house.settings.smartcar.api_url)

    async def prepare(self) -> None:
        """Before a run asks: refresh tokens that would end unused, and read vehicles that are not known yet."""
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

    def observer(self) -> Observer:
        """Observes what vehicles are set to; what fails is asked again another day, and not before."""
        house, settings = self._house, self._house.settings
        once = Controls(self._asker(RetryPolicy(attempts=1)), self.tokens, house.budget, settings.smartcar.api_url)
        return Observer(once, house.ledger, house.clock, at_once=settings.concurrency)

    def _asker(self, retries: RetryPolicy) -> Asker:
        return Asker(
            transport=self._transport,
            pacer=self.pacer,
            landing=self._landing,
            clock=self._house.clock,
            run_id=self._run_id,
            retries=retries,
        )

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
    async with Transport() as transport, Landing(house.store, run_id, house.clock.now()) as landing:
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
