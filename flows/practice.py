"""An emulator in a process of its own, for the demo: started on a free port, read over HTTP, ended by its own id."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp

from flows.exits import Exit, Stop


@dataclass(frozen=True, slots=True)
class Practice:
    """A running emulator: where it is, and the settings that point at it."""

    url: str
    environment: Mapping[str, str]

    async def control(self, method: str, path: str, **values: object) -> dict[str, Any]:
        """Ask one of its own endpoints, `/emulator/PATH`; gives its answer."""
        url = f"/emulator/{path}"
        async with aiohttp.ClientSession(self.url) as session, session.request(method, url, json=values) as answer:
            answer.raise_for_status()
            told: dict[str, Any] = await answer.json()
            return told

    async def trouble(self, **fault: object) -> None:
        """Turn a fault on."""
        await self.control("POST", "faults", **fault)

    async def asked(self) -> list[dict[str, Any]]:
        """The requests it was asked so far, and those that it sent to webhooks, oldest first."""
        entries: list[dict[str, Any]] = (await self.control("GET", "log"))["entries"]
        return entries

    @asynccontextmanager
    async def standing_still(self, now: datetime) -> AsyncIterator[None]:
        """Its clock shows this instant (UTC) while the block runs, and goes on as if it had run."""
        begun = time.monotonic()
        await self.control("PUT", "clock", now=now.isoformat(), rate=0)
        yield
        passed = timedelta(seconds=time.monotonic() - begun)
        await self.control("PUT", "clock", now=(now + passed).isoformat(), rate=1)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent of the request budget, as the emulator counted it.

    Attributes:
        requests: Requests that count against the application's bucket.
        allowed: Requests that the bucket would have let through in that time.
        seconds: From the first to the last.
        refused: Requests answered 429.
    """

    requests: int
    allowed: int
    seconds: float
    refused: int


_FREE: Final = frozenset({"token", "v3_token", "connections", "webhook"})
"""What costs nothing: calls for tokens and to the management API, and what the emulator itself delivers."""


def spent(asked: Sequence[Mapping[str, Any]], bucket: int, refill_per_minute: float) -> Spent:
    """What these requests spent of the budget."""
    counted = [entry for entry in asked if entry["endpoint"] not in _FREE]
    times = [datetime.fromisoformat(entry["at_real"]) for entry in counted]
    seconds = (max(times) - min(times)).total_seconds() if times else 0.0
    allowed = int(bucket + refill_per_minute / 60 * seconds)
    return Spent(len(counted), allowed, seconds, sum(entry["status"] == 429 for entry in asked))  # noqa: PLR2004, HTTP's


@contextmanager
def emulator_process(options: Sequence[str]) -> Iterator[Practice]:
    """Run `python -m emulator` with these options while the block runs.

    Raises:
        Stop: It does not start (exit code 1).
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "emulator.env"
        command = [sys.executable, "-m", "emulator", "--port", "0", "--env-file", str(file), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603, a module of this project
        try:
            greeting = process.stdout.readline() if process.stdout else ""
            if not file.exists():
                raise Stop(Exit.FAULT, f"the emulator did not start: {greeting.strip()}")
            environment = _read(file)
            yield Practice(environment["CHARGELAKE_SMARTCAR__API_URL"].removesuffix("/v2.0"), environment)
        finally:
            process.terminate()
            process.communicate()


def _read(file: Path) -> dict[str, str]:
    pairs = (line.removeprefix("export ").split("=", 1) for line in file.read_text("utf-8").splitlines())
    return {name: value.strip("'") for name, value in pairs}
