"""A running emulator and a small client of it for every test of this folder."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
import pytest

from emulator import Emulator, EmulatorConfig, running

NOW = datetime(2026, 9, 15, 12, tzinfo=UTC)
SCOPES = "read_vehicle_info read_vin read_charge_records"


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> tuple[str, str | None]:
        return self.json["type"], self.json["code"]

    @property
    def v3_error(self) -> tuple[int, str, str, str | None]:
        """The status of the answer, then what its body says."""
        (error,) = self.json["errors"]
        return self.status, error["status"], error["type"], error["code"]


@dataclass
class Client:
    """An owner's token at one emulator; `connect` goes through Connect as a browser and chargelake would."""

    emulator: Emulator
    http: aiohttp.ClientSession
    pair: dict[str, Any] = field(default_factory=dict)
    v3_token: str = ""
    v3_user: str = ""

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self.http.request(method, self.emulator.url + path, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    def authorization(self, **changes: str) -> dict[str, str]:
        config = self.emulator.config
        query = {"response_type": "code", "client_id": config.client_id, "redirect_uri": config.redirect_uri}
        return query | {"scope": SCOPES, "mode": "test", "state": "s t/1"} | changes

    async def sign_in(self, email: str, action: str = "allow", **changes: str) -> dict[str, str]:
        form = {"username": email, "password": "any", "action": action}
        query = self.authorization(**changes)
        answer = await self.ask("POST", "/oauth/authorize", params=query, data=form, allow_redirects=False)
        assert answer.status == 302, answer.body
        return {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    async def token(self, **form: str) -> Answer:
        config = self.emulator.config
        headers = {"Authorization": aiohttp.encode_basic_auth(config.client_id, config.client_secret)}
        return await self.ask("POST", "/oauth/token", data=form, headers=headers)

    async def connect(self, email: str, **changes: str) -> list[str]:
        code = (await self.sign_in(email, **changes))["code"]
        uri = self.emulator.config.redirect_uri
        answer = await self.token(grant_type="authorization_code", code=code, redirect_uri=uri)
        assert answer.status == 200, answer.body
        self.pair = answer.json
        return [vehicle.id for vehicle in self.emulator.vehicles(email)]

    async def refresh(self, token: str) -> Answer:
        return await self.token(grant_type="refresh_token", refresh_token=token)

    async def get(self, path: str, **query: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.pair.get('access_token', '')}"}
        return await self.ask("GET", f"/v2.0{path}", params=query, headers=headers)

    async def connect_v3(self, email: str, **changes: str) -> list[str]:
        """Connect through v3's application, and take a token of it for `v3`."""
        config = self.emulator.config
        back = await self.sign_in(email, client_id=config.v3_client_id, **changes)
        self.v3_user = back["user_id"]
        form = {"grant_type": "client_credentials", "client_id": config.v3_client_id}
        answer = await self.ask("POST", "/oauth2/token", data=form | {"client_secret": config.v3_client_secret})
        self.v3_token = answer.json["access_token"]
        return [vehicle.id for vehicle in self.emulator.vehicles(email)]

    async def v3(self, path: str, method: str = "GET", user: str | None = "", **options: Any) -> Answer:
        """Ask v3 in the name of the owner who connected, of another `user`, or of none."""
        user = self.v3_user if user == "" else user
        headers = {"Authorization": f"Bearer {self.v3_token}"} | ({"sc-user-id": user} if user else {})
        return await self.ask(method, f"/v3{path}", headers=headers, **options)

    async def advance(self, **by: float) -> None:
        await self.ask("POST", "/emulator/clock/advance", json=by)

    async def managed(self, method: str, path: str, **query: Any) -> Answer:
        secret = self.emulator.config.management_token
        headers = {"Authorization": aiohttp.encode_basic_auth("default", secret)}
        return await self.ask(method, f"/v2.0{path}", params=query, headers=headers)

    def of_make(self, email: str, make: str) -> list[str]:
        return [vehicle.id for vehicle in self.emulator.vehicles(email) if vehicle.make == make]


Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start an emulator on a frozen clock without limits that a test did not ask for, and give a client of it."""
    async with AsyncExitStack() as stack:

        async def begin(**settings: Any) -> Client:
            usual = {"now": NOW, "clock_rate": 0, "vehicle_spacing": 0, "bucket": 100_000}
            emulator = await stack.enter_async_context(running(EmulatorConfig(**(usual | settings))))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            return Client(emulator, http)

        yield begin


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Find the folder of real sets; a test that needs it fails without it."""
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("CHARGELAKE_TEST_DATA", beside))
    if not (folder / "norway_apartment").is_dir():
        pytest.fail(f"no real sets in {folder}: set CHARGELAKE_TEST_DATA to the folder that holds them")
    return folder
