from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


Chargelake = Callable[..., Any]


def chargelake_in(
    folder: Path, environment: Mapping[str, str], program: tuple[str, ...] = ("-m", "flows")
) -> Chargelake:
    """`chargelake` as a process beside this one's event loop, with nothing but this environment."""
    usual = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "PYTHONPATH", "COVERAGE_PROCESS_CONFIG")
        if name in os.environ
    }
    env = usual | {"CHARGELAKE_HOME": str(folder / "home"), "CHARGELAKE_ORCHESTRATOR": "none"} | dict(environment)

    async def run(*arguments: str, **more: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *program, *arguments, cwd=folder, env=env | more,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    return run


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """A server on the loopback that answers every path with `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CHARGELAKE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
