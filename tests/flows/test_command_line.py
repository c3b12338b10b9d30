"""The command line as a process: exit codes, one clear line for a mistake, JSON where it reads."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import subprocess
import sys
import urllib.request
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.main import get_command

from emulator import EmulatorConfig, running
from flows.cli.app import app
from flows.practice import emulator_process
from lake.lock import hold
from tests.flows.conftest import NOW, Chargelake, command_line


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    options = ["--now", NOW.isoformat(), "--bucket", "2000", "--refill-per-minute", "60000", "--vehicle-spacing", "0"]
    with emulator_process([*options, "--history-days", "40"]) as practice:
        yield practice


@pytest.fixture
def practised(server: Any, tmp_path: Path) -> Chargelake:
    """`chargelake` pointed at an emulator, with an empty home."""
    home = {"CHARGELAKE_HOME": str(tmp_path / "home"), "CHARGELAKE_NOW": NOW.isoformat()}
    return command_line(home | server.environment, tmp_path)


@pytest.fixture
def collected(practised: Chargelake) -> Chargelake:
    """The same after a first run over five vehicles."""
    assert practised("connect", "--test-account", "5-vehicles@smartcar.com").code == 0
    assert practised("run").code == 0
    return practised


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


def test_help_answers_within_half_a_second_of_cpu() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "flows", "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def commands(of: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every command with its name, those of groups as `quarantine list`."""
    for name, command in getattr(of, "commands", {}).items():
        yield from commands(command, *path, name)
    if not hasattr(of, "commands"):
        yield " ".join(path), of


EVERY = dict(commands(get_command(app)))
WITHOUT_JSON = {"demo", "emulator", "webhooks", "rebuild", "key rotate", "key new", "report overview"}
"""They print where something is, a key, or what they do as they go."""


@pytest.mark.parametrize("name", sorted(EVERY.keys() - {"emulator"}))
def test_every_command_shows_an_example_of_itself(name: str) -> None:
    assert re.match(rf"Example.*: .*chargelake {name}\b", EVERY[name].epilog)


def test_the_emulator_shows_an_example_too(chargelake: Chargelake) -> None:
    shown = chargelake("emulator", "--help")
    assert (shown.code, "Example: chargelake emulator" in shown.out) == (0, True)


def test_every_other_command_answers_machines_as_well() -> None:
    assert {name for name, each in EVERY.items() if not any("--json" in of.opts for of in each.params)} == WITHOUT_JSON


MISTAKES = (
    (["run"], {}, "CLIENT_ID"),
    (["backfill", "--since", "yesterday"], {}, "not a day"),
    (["backfill", "--since", "2026-02-01", "--until", "2026-01-01"], {}, "before --since"),
    (["connect", "--test-account", "1-vehicles@smartcar.com"], {}, "MODE=test"),
    (["connect", "--timezone", "Mars/Olympus"], {}, "IANA"),
    (["query", "SELECT nothing FROM nowhere"], {}, "nowhere"),
    (["query", "SELECT * FROM '/etc/passwd'"], {}, "query:"),
    (["quarantine", "show", "x#0/0"], {}, "no such record"),
    (["quarantine", "list", "--reason", "odd"], {}, "no such reason"),
    (["vehicles"], {"CHARGELAKE_HOME": "s3://bucket/lake"}, "only folders"),
    (["vehicles"], {"CHARGELAKE_STATE_URL": "nonsense"}, "SQLAlchemy URL"),
    (["vehicles"], {"CHARGELAKE_LOG_LEVEL": "LOUD"}, "LOUD"),
    (["emulator", "--dataset", "/nowhere"], {}, "/nowhere"),
)


@pytest.mark.parametrize(("arguments", "environment", "says"), MISTAKES)
def test_a_mistake_gets_one_clear_line(
    chargelake: Chargelake, arguments: list[str], environment: dict[str, str], says: str
) -> None:
    ended = chargelake(*arguments, **environment)
    assert ended.code == 2
    assert says in ended.err
    assert one_line(ended.err)


def test_no_connected_vehicle_is_nothing_to_collect(practised: Chargelake) -> None:
    ended = practised("run")
    assert (ended.code, one_line(ended.err)) == (5, True)


def test_refused_credentials_are_nothing_to_collect(practised: Chargelake) -> None:
    ended = practised(
        "connect", "--test-account", "2-vehicles@smartcar.com", CHARGELAKE_SMARTCAR__CLIENT_SECRET="wrong"
    )
    assert (ended.code, one_line(ended.err), "wrong" in ended.err) == (5, True, False)


CONNECT_ERRORS = ("invalid-subscription", "vehicle-incompatible", "no-vehicles", "configuration-error", "server-error")


@pytest.mark.parametrize("account", CONNECT_ERRORS)
def test_each_error_of_connect_is_explained(practised: Chargelake, account: str) -> None:
    ended = practised("connect", "--test-account", f"{account}@smartcar.com")
    assert ended.code in {3, 5}
    assert one_line(ended.err)


async def test_a_person_connects_through_the_browser(tmp_path: Path, unused_tcp_port: int) -> None:
    redirect = f"http://127.0.0.1:{unused_tcp_port}/callback"
    async with running(EmulatorConfig(redirect_uri=redirect)) as emulator, aiohttp.ClientSession() as browser:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "flows", "connect"), cwd=tmp_path, stdout=PIPE, stderr=PIPE,
            env={**emulator.environment(), "CHARGELAKE_HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        shown = await process.stderr.readuntil(b"redirect_uri=") + await process.stderr.readline()
        url = re.search(rb"http://\S+", shown)[0].decode()
        form = {"username": "3-vehicles@smartcar.com", "password": "x", "action": "allow"}
        async with browser.post(url, data=form) as answer:
            page = await answer.text()
        out, _ = await process.communicate()
    assert ("Connected" in page, process.returncode, out) == (True, 0, b"3 vehicles connected\n")


def test_a_held_lake_is_left_alone(collected: Chargelake, tmp_path: Path) -> None:
    with hold(tmp_path / "home" / "state" / "lock"):
        ended = collected("run")
    assert (ended.code, one_line(ended.err)) == (6, True)


def test_run_tells_in_json_what_became_of_the_records(collected: Chargelake) -> None:
    told = collected("run", "--json").json
    assert told["exit_code"] == 0
    assert told["records"]["received"] == told["records"]["unchanged"] > 0


def test_plan_asks_nothing(collected: Chargelake, server: Any) -> None:
    def asked() -> int:
        with urllib.request.urlopen(f"{server.url}/emulator/log") as answer:
            return len(json.load(answer)["entries"])

    before = asked()
    assert collected("plan", "--json").json["requests"] > 0
    assert asked() == before


def test_collect_lands_and_the_next_run_takes_it_in(practised: Chargelake) -> None:
    practised("connect", "--test-account", "4-vehicles@smartcar.com")
    assert practised("collect").code == 0
    assert practised("query", "SELECT count(*) AS n FROM charge_sessions", "--json").json == [{"n": 0}]
    assert practised("run").code == 0
    assert practised("query", "SELECT count(*) AS n FROM charge_sessions", "--json").json[0]["n"] > 0


def test_rebuild_after_the_lake_is_gone_gives_the_same_bytes(collected: Chargelake, tmp_path: Path) -> None:
    lake = tmp_path / "home" / "lake"
    before = {path: path.read_bytes() for path in sorted(lake.rglob("*.parquet"))}
    for path in before:
        path.unlink()
    assert collected("rebuild").code == 0
    assert {path: path.read_bytes() for path in sorted(lake.rglob("*.parquet"))} == before


def test_verify_finds_a_flipped_byte(collected: Chargelake, tmp_path: Path) -> None:
    path = next((tmp_path / "home" / "lake" / "charge_sessions").rglob("*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    ended = collected("verify")
    assert ended.code == 1
    assert path.name in ended.out


def test_verify_finds_nothing_in_a_sound_lake(collected: Chargelake) -> None:
    assert collected("verify", "--json").json == {"faults": []}


def test_doctor_is_content_after_a_run(collected: Chargelake) -> None:
    found = collected("doctor", "--json")
    assert (found.code, {each["state"] for each in found.json}) == (0, {"ok"})


def test_doctor_says_what_to_mend(chargelake: Chargelake) -> None:
    ended = chargelake("doctor")
    assert ended.code == 2
    assert "CHARGELAKE_SMARTCAR__CLIENT_ID" in ended.out


def test_the_files_of_state_are_the_owners_alone(collected: Chargelake, tmp_path: Path) -> None:
    state = tmp_path / "home" / "state"
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in state.iterdir() if path.is_file()}
    assert {modes[name] for name in ("chargelake.db", "secret.key", "lock")} == {"0o600"}
    assert collected("vehicles").code == 0
