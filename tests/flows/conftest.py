"""A house with an emulator beside it, and the command line as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, EmulatorConfig, running
from flows import jobs
from flows.connecting import connect_owner
from flows.house import House
from flows.jobs import Result
from flows.practice import emulator_process
from flows.running import run_here
from flows.settings import load_settings

NOW = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Chargelake = Callable[..., Ended]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CHARGELAKE_") and name != "CHARGELAKE_TEST_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHARGELAKE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CHARGELAKE_ORCHESTRATOR", "none")


@contextmanager
def a_home(folder: Path) -> Iterator[pytest.MonkeyPatch]:
    """An empty home for a fixture that lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CHARGELAKE_HOME", str(folder / "home"))
        patch.setenv("CHARGELAKE_ORCHESTRATOR", "none")
        yield patch


def command_line(environment: Mapping[str, str], folder: Path) -> Chargelake:
    """`chargelake` as a process in `folder`, with nothing but this environment."""
    usual = {name: os.environ[name] for name in ("PATH", "HOME", "COVERAGE_PROCESS_CONFIG") if name in os.environ}
    env = usual | {"CHARGELAKE_ORCHESTRATOR": "none"} | dict(environment)

    def run(*arguments: str, **more: str) -> Ended:
        command = [sys.executable, "-m", "flows", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env | more, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def chargelake(tmp_path: Path) -> Chargelake:
    return command_line({"CHARGELAKE_HOME": str(tmp_path / "home")}, tmp_path)


@dataclass(slots=True)
class Practice:
    """An emulator in this process and a house that is pointed at it; both share the emulator's clock."""

    emulator: Emulator
    monkeypatch: pytest.MonkeyPatch

    def house(self, **overrides: Any) -> House:
        """The house as a new process would open it now."""
        for name, value in self.emulator.environment().items():
            self.monkeypatch.setenv(name, value)
        return House(load_settings(now=self.emulator.clock.now(), **overrides))

    async def connect(self, account: str) -> House:
        house = self.house()
        await connect_owner(house, test_account=account)
        return house

    async def run(self, command: str = "run", **overrides: Any) -> Result:
        house = self.house(**overrides)
        return await run_here(house, jobs.begin(house, command))


@asynccontextmanager
async def practising(monkeypatch: pytest.MonkeyPatch, **config: Any) -> AsyncIterator[Practice]:
    """An emulator with a frozen clock at NOW and generous limits, unless told otherwise."""
    generous = {"bucket": 1000, "refill_per_minute": 60_000, "vehicle_spacing": 0, "history_days": 60}
    async with running(EmulatorConfig(**({"now": NOW, "clock_rate": 0} | generous | config))) as emulator:
        yield Practice(emulator, monkeypatch)


@pytest.fixture
async def practice(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Practice]:
    async with practising(monkeypatch) as ready:
        yield ready


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real sets."""
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("CHARGELAKE_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.fail(f"real charging data is not at {folder}: set CHARGELAKE_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def backfilled(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A lake with all real sets, backfilled by the command line from the emulator; gives its environment.

    Its folder of rules has the ECB's rates.
    """
    home = tmp_path_factory.mktemp("real")
    with_rates(home / "rules", real_data)
    with emulator_process(["--dataset", str(real_data)]) as server:
        environment = {"CHARGELAKE_HOME": str(home / "home"), "CHARGELAKE_RULES": str(home / "rules")}
        environment |= server.environment
        run = command_line(environment, home)
        for name, zone in ZONES.items():
            connected = run("connect", "--test-account", f"{name}@smartcar.com", "--timezone", zone)
            assert connected.code == 0, connected.err
        ended = run("backfill", "--since", "2014-01-01", "--until", "2023-12-31", "--json")
        assert ended.code == 0, ended.err
        yield environment


def with_rates(rules: Path, real_data: Path) -> Path:
    """Put the shared rates of the ECB into a folder of rules, which is given back."""
    (rules / "rates").mkdir(parents=True)
    ecb = (real_data / "reference" / "ecb_eurofxref_2014-2026.csv").read_bytes()
    (rules / "rates" / "ecb.csv").write_bytes(ecb)
    return rules


ZONES = {
    "dundee": "Europe/London",
    "norway_apartment": "Europe/Oslo",
    "workplace_asensio": "America/New_York",
    "bmw_u11": "Europe/Berlin",
}
