"""A whole collecting side on a temporary folder, against an emulator over HTTP or against a server of one oddity."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import event

from collectors.asking import Asker, RetryPolicy
from collectors.collect import Collector, Task
from collectors.consent import Connected, ConnectPage
from collectors.errors import ApplicationMustAct, OwnerMustAct, RetryLater
from collectors.http import Transport
from collectors.pacing import Pacer, Plan
from collectors.smartcar_v2.auth import Application
from collectors.smartcar_v2.client import Endpoints, SmartcarClient, token_store
from collectors.smartcar_v2.connect import Connect
from collectors.smartcar_v3.auth import Application as V3Application
from collectors.smartcar_v3.client import SmartcarV3Client
from collectors.smartcar_v3.connect import ConnectV3
from collectors.smartcar_v3.inventory import Inventory
from collectors.smartcar_v3.token import ApplicationToken
from collectors.streams import V2, V3, Stream
from collectors.tokens import RefreshPolicy, TokenStore
from emulator import Emulator, EmulatorConfig, running
from lake.budget import RequestBudget
from lake.intervals import DayInterval
from lake.ledger import Ledger
from lake.raw import Answer, Landing, read_answers, segments
from lake.registry import Registry, Vehicle
from lake.state import open_state
from lake.store import LocalStore
from lake.vault import Vault

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
KEY = Fernet.generate_key().decode()
QUICK = RetryPolicy(attempts=4, backoff=0.001, longest=3)
ERRORS_OF_CONNECT = [
    ("invalid-subscription", OwnerMustAct),
    ("vehicle-incompatible", OwnerMustAct),
    ("no-vehicles", OwnerMustAct),
    ("configuration-error", ApplicationMustAct),
    ("server-error", RetryLater),
]
"""Accounts with which the emulator's Connect ends in an error, and whose move that is."""

WIDE = Plan(bucket=100_000, refill_per_minute=6_000_000, vehicle_monthly=0)


class SettableClock:
    """A clock that a test sets."""

    def __init__(self, instant: datetime = NOW) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def advance(self, **delta: float) -> None:
        self.instant += timedelta(**delta)


@dataclass
class House:
    """Everything that collecting touches on this machine."""

    store: LocalStore
    clock: SettableClock
    registry: Registry
    ledger: Ledger
    budget: RequestBudget
    vault: Vault

    def landed(self) -> list[Answer]:
        return list(read_answers(self.store, segments(self.store)))


@dataclass
class Rig:
    """One run of the collecting side."""

    house: House
    transport: Transport
    pacer: Pacer
    tokens: TokenStore
    client: SmartcarClient
    connect: Connect
    collector: Collector
    v3_client: SmartcarV3Client
    inventory: Inventory
    connect_v3: ConnectV3
    emulator: Emulator | None = None

    async def connected(self, vehicles: int) -> Connected:
        return await self.connect.test_account(f"{vehicles}-vehicles@smartcar.com")

    async def connected_v3(self, vehicles: int) -> Connected:
        return await self.connect_v3.test_account(f"{vehicles}-vehicles@smartcar.com")


def application(url: str, config: EmulatorConfig | None = None) -> Application:
    config = config or EmulatorConfig()
    return Application(
        client_id=config.client_id,
        client_secret=config.client_secret,
        redirect_uri=config.redirect_uri,
        mode="test",
        connect_url=f"{url}/oauth/authorize",
        token_url=f"{url}/oauth/token",
    )


def v3_application(url: str, config: EmulatorConfig | None = None) -> V3Application:
    config = config or EmulatorConfig()
    return V3Application(
        client_id=config.v3_client_id, client_secret=config.v3_client_secret, token_url=f"{url}/oauth2/token"
    )


def v3_page(url: str, config: EmulatorConfig | None = None) -> ConnectPage:
    config = config or EmulatorConfig()
    return ConnectPage(
        client_id=config.application_id,
        redirect_uri=config.redirect_uri,
        mode="test",
        connect_url=f"{url}/oauth/authorize",
        answer="user_id",
    )


@asynccontextmanager
async def rig(
    house: House,
    url: str,
    *,
    plan: Plan = WIDE,
    retries: RetryPolicy = QUICK,
    transport: Transport | None = None,
    at_once: int = 8,
    management: bool = True,
    window_days: int = 30,
    most_pages: int = 200,
) -> AsyncIterator[Rig]:
    app = application(url)
    endpoints = Endpoints(
        api_url=f"{url}/v2.0",
        management_url=f"{url}/v2.0",
        management_token=EmulatorConfig().management_token if management else None,
        most_pages=most_pages,
    )
    run_id = "20261020T120000Z-abc123"
    async with transport or Transport() as sending, Landing(house.store, run_id, house.clock.now()) as landing:
        pacer = Pacer(plan, house.budget)
        tokens = token_store(app, sending, house.registry, house.vault, house.clock)
        asker = Asker(
            transport=sending, pacer=pacer, landing=landing, clock=house.clock, run_id=run_id, retries=retries
        )
        client = SmartcarClient(asker, tokens, endpoints)
        connect = Connect(
            application=app,
            transport=sending,
            client=client,
            tokens=tokens,
            registry=house.registry,
            ledger=house.ledger,
            clock=house.clock,
        )
        token = ApplicationToken(v3_application(url), sending, house.clock, RefreshPolicy(backoff=0.001))
        v3_client = SmartcarV3Client(asker, token, f"{url}/v3", most_pages)
        inventory = Inventory(v3_client, house.registry, house.ledger, house.clock, "test")
        connect_v3 = ConnectV3(
            page=v3_page(url),
            transport=sending,
            inventory=inventory,
            registry=house.registry,
            ledger=house.ledger,
        )
        clients = {V2: client, V3: v3_client}
        collector = Collector(clients, house.ledger, house.clock, window_days=window_days, at_once=at_once)
        yield Rig(house, sending, pacer, tokens, client, connect, collector, v3_client, inventory, connect_v3)


@asynccontextmanager
async def practice(
    house: House, config: EmulatorConfig | None = None, **settings: object
) -> AsyncIterator[tuple[Emulator, Rig]]:
    """An emulator at the house's time with wide limits, and a rig that talks to it."""
    defaults = EmulatorConfig(
        now=house.clock.now(), clock_rate=0, bucket=100_000, refill_per_minute=1e6, vehicle_spacing=0
    )
    async with running(config or defaults) as emulator, rig(house, emulator.url, **settings) as made:
        made.emulator = emulator
        yield emulator, made


def task(vehicle: Vehicle, stream: Stream, since: str = "2026-09-25", until: str = "2026-10-20") -> Task:
    window = DayInterval(datetime.fromisoformat(since).date(), datetime.fromisoformat(until).date())
    return Task(vehicle, stream, window)


def of_make(vehicles: tuple[Vehicle, ...], make: str) -> list[Vehicle]:
    return [vehicle for vehicle in vehicles if vehicle.make == make]


def new_house(folder: Path) -> House:
    engine = open_state(f"sqlite:///{folder}/state/state.db")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    engine.dispose()  # connections made from here on wait for no disk
    return House(
        LocalStore(folder), SettableClock(), Registry(engine), Ledger(engine), RequestBudget(engine), Vault(KEY)
    )
