"""Starting and stopping an emulator: one aiohttp server on one port for all of the API's hosts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from aiohttp import web

from emulator import api, control, oauth
from emulator.clock import Clock
from emulator.config import EmulatorConfig
from emulator.faults import Switchboard
from emulator.log import RequestLog
from emulator.model import Vehicle
from emulator.truth import TrueSession, truth
from emulator.v3 import api as v3_api
from emulator.webhooks import control as webhook_control
from emulator.webhooks.desk import WebhookDesk
from emulator.world import World

STOP_WITHIN = 0.2
MOST_BYTES = 1024 * 1024


class Emulator:
    """A running emulator: where it listens, and the handles that tests turn.

    `url` is its address, as in `http://127.0.0.1:40123`; `webhooks` subscribes addresses to v3's events.
    """

    def __init__(self, world: World, url: str, webhooks: WebhookDesk) -> None:
        self.url = url
        self.webhooks = webhooks
        self._world = world

    @property
    def config(self) -> EmulatorConfig:
        """The settings it was started with."""
        return self._world.config

    @property
    def clock(self) -> Clock:
        """Its clock (UTC), to set and to advance."""
        return self._world.clock

    @property
    def log(self) -> RequestLog:
        """What was asked and answered."""
        return self._world.log

    @property
    def faults(self) -> Switchboard:
        """The fault switchboard."""
        return self._world.faults

    def environment(self) -> dict[str, str]:
        """Give the environment variables that point chargelake here."""
        return self.config.environment(self.url)

    def vehicles(self, email: str) -> list[Vehicle]:
        """Give the vehicles of a test account, connected or not; none if there is no such account."""
        account = self._world.fleet.account(email)
        return [] if account is None else [account.vehicle(each) for each in account.vehicle_ids]

    def truth(
        self,
        vehicle_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        ongoing: bool = False,
    ) -> list[TrueSession]:
        """Give what really happened to connected vehicles: sessions that start in [since, until) and are over.

        Without `since` from the day (UTC) of consent, without `until` up to the clock's now; with `ongoing` those that
        are not over as well. It takes no request and no allowance.
        """
        return list(truth(self._world, vehicle_id, since, until, ongoing=ongoing))


def application(world: World, webhooks: WebhookDesk) -> web.Application:
    """Make the aiohttp application of a world."""
    app = web.Application(client_max_size=MOST_BYTES)
    control.add_routes(app, world)
    webhook_control.add_routes(app, webhooks)
    oauth.add_routes(app, world)
    v3_api.add_routes(app, world)
    api.add_routes(app, world)
    return app


@asynccontextmanager
async def running(config: EmulatorConfig | None = None) -> AsyncIterator[Emulator]:
    """Run an emulator on `config.host` and `config.port` (0: a free one) until the block is left."""
    config = config or EmulatorConfig()
    world = World(config)
    webhooks = WebhookDesk(world)
    app = application(world, webhooks)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.host, config.port).start()
        host, port = runner.addresses[0][:2]
        yield Emulator(world, f"http://{host}:{port}", webhooks)
    finally:
        await runner.cleanup()
