"""An emulator in a process of its own, for the demo: started on a free port, read over HTTP, ended by its own id."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from flows.exits import Exit, Stop


@dataclass(frozen=True, slots=True)
class Practice:
    """A running emulator: where it is, and the settings that point at it."""

    url: str
    environment: Mapping[str, str]

    async def trouble(self, **fault: object) -> None:
        """Turn a fault on."""
        async with aiohttp.ClientSession(self.url) as session, session.post("/emulator/faults", json=fault) as answer:
            answer.raise_for_status()

    async def asked(self) -> list[dict[str, Any]]:
        """The requests it was asked so far, oldest first."""
        async with aiohttp.ClientSession(self.url) as session, session.get("/emulator/log") as answer:
            entries: list[dict[str, Any]] = (await answer.json())["entries"]
            return entries


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


def spent(asked: Sequence[Mapping[str, Any]], bucket: int, refill_per_minute: float) -> Spent:
    """What these requests spent of the budget; calls for tokens and to the management API cost nothing."""
    counted = [entry for entry in asked if entry["endpoint"] not in {"token", "connections"}]
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
