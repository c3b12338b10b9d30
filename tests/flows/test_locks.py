"""Two runs at once: the second is refused at once, and a killed one holds nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.practice import emulator_process
from tests.chaos.lakes import missing, read_lake, too_many
from tests.flows.conftest import NOW, Chargelake, command_line

HOURS = "3600"


@pytest.fixture
def server() -> Iterator[Any]:
    options = ["--now", NOW.isoformat(), "--bucket", "100000", "--refill-per-minute", "60000", "--vehicle-spacing", "0"]
    with emulator_process([*options, "--history-days", "40"]) as practice:
        yield practice


@pytest.fixture
def environment(server: Any, tmp_path: Path) -> dict[str, str]:
    return {"CHARGELAKE_HOME": str(tmp_path / "home"), "CHARGELAKE_NOW": NOW.isoformat(), **server.environment}


@pytest.fixture
async def connected(server: Any, environment: dict[str, str], tmp_path: Path) -> Chargelake:
    """A house with vehicles, at an emulator that keeps the first who asks for records waiting for hours."""
    run = command_line(environment, tmp_path)
    assert run("connect", "--test-account", "3-vehicles@smartcar.com").code == 0
    await server.trouble(name="hang", endpoint="*_records", wait=HOURS, times=1)
    return run


def end_troubles(server: Any) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{server.url}/emulator/faults", method="DELETE")).close()


@contextmanager
def a_run_under_way(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run that holds the lake."""
    command = [sys.executable, "-m", "flows", "run"]
    usual = {"PATH": os.environ["PATH"], "CHARGELAKE_ORCHESTRATOR": "none"}
    lock = folder / "home/state/lock"
    with subprocess.Popen(command, cwd=folder, env=usual | environment, stderr=subprocess.DEVNULL) as process:
        while lock.read_text("ascii") != str(process.pid) or not any(folder.glob("home/raw/*/*")):
            assert process.poll() is None
        yield process
        process.kill()


def test_a_second_run_is_refused_at_once_and_who_only_reads_is_not(
    connected: Chargelake, environment: dict[str, str], tmp_path: Path
) -> None:
    with a_run_under_way(environment, tmp_path) as first:
        for command in ("run", "collect", "rebuild", "connect --code x"):
            second = connected(*command.split())
            assert second.code == 6
            assert second.err.startswith(f"chargelake: another run holds the lake (process {first.pid})")
            assert second.err.count("\n") == 1
        for command in ("vehicles", "plan", "query SELECT(1)", "verify"):
            assert connected(*command.split()).code == 0
        assert first.poll() is None, "none of them waited for it: it waits for hours itself"


def test_a_killed_run_holds_nothing_and_the_next_one_has_it_all(
    server: Any, connected: Chargelake, environment: dict[str, str], tmp_path: Path
) -> None:
    with a_run_under_way(environment, tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert (tmp_path / "home/state/lock").read_text("ascii") == str(first.pid), "its name stays, its lock does not"
        end_troubles(server)
        assert connected("run").code == 0
    other = tmp_path / "other"
    other.mkdir()
    undisturbed = command_line(environment | {"CHARGELAKE_HOME": str(other)}, tmp_path)
    assert undisturbed("connect", "--test-account", "3-vehicles@smartcar.com").code == 0
    assert undisturbed("run").code == 0
    taken_over, whole = read_lake(tmp_path / "home"), read_lake(other)
    assert (missing(taken_over, whole), too_many(taken_over, whole)) == (0, 0)


def test_the_number_of_a_process_that_lives_on_is_no_lock(connected: Chargelake, tmp_path: Path) -> None:
    (tmp_path / "home/state/lock").write_text(str(os.getpid()), "ascii")
    assert connected("rebuild").code == 0
