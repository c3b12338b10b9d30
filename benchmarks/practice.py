"""What the benchmarks that ask need: an emulator in a process of its own, and a house with a connected fleet."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import aiohttp

from flows.collecting import wired
from flows.house import House
from flows.settings import load_settings
from lake.raw import new_run_id

_ROOT: Final = Path(__file__).parents[1]
_PREFIX: Final = "CHARGELAKE_SMARTCAR__"
_PATIENCE: Final = 20.0
"""Seconds that an emulator has to end after it was told to."""

WIDE: Final[dict[str, object]] = {"bucket": 100_000_000, "refill_per_minute": 1e10, "vehicle_monthly": 10_000_000}
"""Limits of ours that are looked at and that nobody meets."""

GENEROUS: Final = ("--bucket", "100000000", "--refill-per-minute", "1e10", "--vehicle-spacing", "0",
                   "--vehicle-monthly", "100000000")  # fmt: skip
"""Limits of the emulator that nobody meets."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator.

    Attributes:
        url: Where it listens.
        smartcar: The settings below `CHARGELAKE_SMARTCAR__` that point chargelake at it, in lower case.
    """

    url: str
    smartcar: dict[str, object]

    def house(
        self,
        home: Path,
        limits: Mapping[str, object] = MappingProxyType({}),
        *,
        now: datetime | None = None,
        concurrency: int = 8,
    ) -> House:
        """A house at `home` that asks this emulator, without Prefect; `limits` go over the emulator's own."""
        settings = {"home": str(home), "orchestrator": "none", "concurrency": concurrency, "now": now}
        return House(load_settings(**settings, smartcar=self.smartcar | dict(limits)))

    async def control(self, method: str, path: str, **body: object) -> Any:
        """Ask `/emulator/…`; gives the JSON as it comes."""
        url = f"{self.url}/emulator/{path}"
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.request(method, url, json=body or None) as answer,
        ):
            return await answer.json()

    async def entries(self) -> list[dict[str, Any]]:
        """The log of what was asked since it was last emptied, oldest first."""
        found: list[dict[str, Any]] = (await self.control("GET", "log"))["entries"]
        return found


@contextlib.contextmanager
def emulating(folder: Path, *options: str) -> Iterator[Emulator]:
    """An emulator in its own process, which is ended with the block.

    Args:
        folder: Where its settings are written.
        options: Of `python -m emulator`.
    """
    file = folder / "emulator.env"
    command = [sys.executable, "-m", "emulator", "--port", "0", "--env-file", str(file), *options]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603, our own words
        try:
            yield _greeted(process, file)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            process.kill()


def _greeted(process: subprocess.Popen[str], file: Path) -> Emulator:
    """Wait for the greeting, which comes after the settings are written."""
    if process.stdout is None or not process.stdout.readline():
        raise RuntimeError("the emulator did not start; its reason is above")
    exports = (line.removeprefix("export ") for line in shlex.split(file.read_text("utf-8")) if line != "export")
    smartcar: dict[str, object] = {}
    for name, _, value in (line.partition("=") for line in exports):
        smartcar[name.removeprefix(_PREFIX).lower()] = value
    return Emulator(str(smartcar["api_url"]).removesuffix("/v2.0"), smartcar)


async def connect(house: House, vehicles: int) -> str:
    """Connect one owner with so many generated vehicles; gives the owner's access token."""
    async with wired(house, new_run_id(house.clock.now())) as wiring:
        connected = await wiring.connect().test_account(f"{vehicles}-vehicles@smartcar.com", timezone="Europe/Berlin")
        if connected.failed or len(connected.vehicles) != vehicles:
            raise RuntimeError(f"only {len(connected.vehicles)} of {vehicles} vehicles could be connected")
        return await wiring.tokens.access(connected.owner_id)


@contextlib.asynccontextmanager
async def hurried(emulator: Emulator, rate: float = 200) -> AsyncIterator[None]:
    """Let the emulator's clock run fast, so that its bucket refills at once; on leaving it tells the real time."""
    await emulator.control("PUT", "clock", rate=rate)
    yield
    await emulator.control("PUT", "clock", now=f"{datetime.now().astimezone().isoformat()}", rate=1)
    await emulator.control("DELETE", "log")


def refused(entries: list[dict[str, Any]]) -> int:
    """How many requests were answered 429."""
    return sum(entry["status"] == 429 for entry in entries)
