"""The world of a trial: an emulator whose clock stands still, and homes from which each trial starts.

The emulator answers a used refresh token with the same pair for ten minutes of its clock. As its clock is put back
for each trial, every trial starts from the same tokens, and a pair that a trial lost is lost as with Smartcar.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from collectors.tokens import TokenPair
from flows.practice import Practice, emulator_process
from lake.registry import Registry
from lake.state import open_state
from lake.vault import Vault
from tests.chaos.deliveries import Left, left_by_answers
from tests.chaos.lakes import Lake, read_lake
from tests.chaos.nursery import End, Nursery, Order
from tests.tariff_texts import tariff

START: Final = datetime(2026, 10, 20, 12, tzinfo=UTC)
_FIRST: Final = START + timedelta(hours=3)
_DAILY: Final = START + timedelta(days=2)
_LATER: Final = START + timedelta(days=4)
ACCOUNTS: Final = ("2-vehicles@smartcar.com", "3-vehicles@smartcar.com", "5-vehicles@smartcar.com")
_OPTIONS: Final = (
    "--now", START.isoformat(), "--clock-rate", "0", "--history-days", "60", "--vehicle-spacing", "0",
    "--bucket", "10000000", "--refill-per-minute", "10000000", "--vehicle-monthly", "10000000",
)  # fmt: skip
ODD_RECORDS: Final[tuple[Mapping[str, object], ...]] = (
    {"name": "end_before_start", "share": 0.1},
    {"name": "location", "share": 0.2},
    {"name": "record_on_two_pages"},
)
"""What is odd in the records, whether a run is disturbed or not."""
CORRECTED: Final[Mapping[str, object]] = {"name": "new_cost"}
"""Bills are corrected after the first run, so that the next one makes revisions."""
PASSING: Final[tuple[Mapping[str, object], ...]] = (
    {"name": "reset", "endpoint": "tesla_billing"},
    {"name": "reset", "endpoint": "connections"},
    {"name": "truncated", "endpoint": "bmw_records"},
    {"name": "truncated", "endpoint": "tesla_billing"},
    {"name": "html", "endpoint": "mini_records"},
    {"name": "html", "endpoint": "connections"},
    {"name": "server_internal", "endpoint": "tesla_records"},
    {"name": "upstream_no_response", "endpoint": "bmw_records"},
    {"name": "rate_limit_api", "retry_after": 0},
    {"name": "refresh_answer_lost", "endpoint": "token"},
    {"name": "slow_drip", "wait": 0.001, "endpoint": "tesla_billing"},
    {"name": "unknown_fields", "endpoint": "bmw_records"},
)
"""What strikes a run before it is killed, each once: what a run gets over by itself. Most strike records: without an
endpoint they would strike the first call of each run, which reads the connections. Not a refused token: one more
refresh would take the chain of tokens on, and the trials after it start from the same chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a trial begins.

    Attributes:
        name: For people.
        command: What is killed, and what is run after it.
        at: The clock, from the killed command to the end of the next.
        later: When the tokens that are kept then are tried; the access tokens have expired.
        odd: What is odd in the records.
        base: The home before.
        before: What its lake has.
        undisturbed: What its lake has after the command was left alone.
        left: What each answer left in quarantine then.
        code: How the command ended then.
        seconds: How long that took.
        steps: The durable steps it passed.
    """

    name: str
    command: str
    at: datetime
    later: datetime
    odd: tuple[Mapping[str, object], ...] = field(repr=False)
    base: Path
    before: Lake = field(repr=False)
    undisturbed: Lake = field(repr=False)
    left: Left = field(repr=False)
    code: int | None
    seconds: float
    steps: tuple[str, ...] = field(repr=False)


class World:
    """The emulator and the nursery, with a folder for homes."""

    def __init__(self, practice: Practice, nursery: Nursery, folder: Path) -> None:
        self.folder = folder
        self._practice = practice
        self._nursery = nursery

    def run(self, home: Path, at: datetime, *arguments: str, **how: Any) -> End:
        """Run a command on a home, with the emulator's clock and its own at this instant."""
        self.tell("PUT", "/emulator/clock", {"now": at.isoformat()})
        environment = {
            "PATH": os.environ["PATH"],
            "CHARGELAKE_HOME": str(home / "home"),
            "CHARGELAKE_NOW": at.isoformat(),
            "CHARGELAKE_ORCHESTRATOR": "none",
            **self._practice.environment,
        }
        return self._nursery.run(Order(arguments=arguments, environment=environment, folder=str(home), **how))

    def set_faults(self, *faults: Mapping[str, object]) -> None:
        """Turn these faults on and all others off."""
        self.tell("DELETE", "/emulator/faults")
        for fault in faults:
            self.tell("POST", "/emulator/faults", fault)

    def tell(self, method: str, path: str, body: object = None) -> Any:
        """Ask the emulator's own endpoints."""
        request = urllib.request.Request(
            f"{self._practice.url}{path}", method=method, data=None if body is None else json.dumps(body).encode()
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def copy_of(self, base: Path, name: str) -> Path:
        """A home like the base, in a new folder."""
        copied = self.folder / name
        shutil.rmtree(copied, ignore_errors=True)
        shutil.copytree(base, copied)
        return copied

    def refreshes(self, refresh_token: str, at: datetime) -> bool:
        """Whether Smartcar gives a pair for this refresh token at this instant."""
        self.tell("PUT", "/emulator/clock", {"now": at.isoformat()})
        form = urllib.parse.urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token})
        secrets = self.application_secrets
        basic = b64encode(f"{self.setting('CLIENT_ID')}:{secrets[0]}".encode()).decode()
        request = urllib.request.Request(
            self.setting("AUTH_URL"), data=form.encode(), headers={"authorization": f"Basic {basic}"}
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def setting(self, name: str) -> str:
        return self._practice.environment[f"CHARGELAKE_SMARTCAR__{name}"]

    @property
    def application_secrets(self) -> list[str]:
        return [self.setting("CLIENT_SECRET"), self.setting("MANAGEMENT_TOKEN")]


def token_pairs(home: Path) -> list[TokenPair]:
    """The pairs that a home keeps, opened."""
    engine = open_state(f"sqlite:///{home}/home/state/chargelake.db")
    try:
        registry, vault = Registry(engine), Vault((home / "home/state/secret.key").read_text("ascii"))
        sealed = [registry.sealed_tokens(owner.owner_id) for owner in registry.owners()]
        return [msgspec.json.decode(vault.open(each), type=TokenPair) for each in sealed if each is not None]
    finally:
        engine.dispose()


@contextlib.contextmanager
def world(nursery: Nursery, folder: Path) -> Iterator[World]:
    with emulator_process(_OPTIONS) as practice:
        yield World(practice, nursery, folder)


def stages(ready: World) -> tuple[Stage, Stage, Stage]:
    """A first run, a run two days later, and a rebuild of a lake that somebody took a file from and gave another.

    One chain of tokens serves all three: it is refreshed at the first run and at the daily one, and a judge who
    refreshes after the first run or the rebuild does so at the daily run's instant.
    """
    connected = _connected(ready)
    collected = ready.copy_of(connected, "collected")
    ended = ready.run(collected, _FIRST, "run")
    assert ended.code == 0, ended.out
    altered = ready.copy_of(collected, "altered")
    _alter(altered / "home/lake/charge_sessions/make=TESLA")
    return (
        _stage(ready, ("first run", "run", _FIRST, _DAILY), connected),
        _stage(ready, ("daily run", "run", _DAILY, _LATER), collected, (*ODD_RECORDS, CORRECTED)),
        _stage(ready, ("rebuild", "rebuild", _FIRST, _DAILY), altered),
    )


def _alter(months: Path) -> None:
    """Take a partition away, and add one with a session that nobody told."""
    first, second = sorted(months.iterdir())[:2]
    strange = pl.read_parquet(second / "part-0.parquet").head(1).with_columns(session_id=pl.lit("never told"))
    (months / "month=2030-01").mkdir()
    strange.write_parquet(months / "month=2030-01/part-0.parquet")
    shutil.rmtree(first)


def _connected(ready: World) -> Path:
    base = ready.folder / "connected"
    (base / "home/rules").mkdir(parents=True)
    (base / "home/rules/tariffs.toml").write_text(_TARIFF, "utf-8")
    ready.set_faults(*ODD_RECORDS)
    for account in ACCOUNTS:
        ended = ready.run(base, START, "connect", "--test-account", account)
        assert ended.code == 0, ended.out
    return base


_TARIFF: Final = (
    tariff("everywhere")
    + """
[[tariff.time_of_use]]
band = "night"
price_per_kwh = 0.21
hours = ["22:00-06:00"]

[[tariff.time_of_use]]
band = "day"
price_per_kwh = 0.34
hours = ["06:00-22:00"]
"""
)

_What = tuple[str, str, datetime, datetime]
"""Name, command, when it runs, and when its tokens are tried."""


def _stage(
    ready: World,
    what: _What,
    base: Path,
    odd: Sequence[Mapping[str, object]] = ODD_RECORDS,
) -> Stage:
    name, command, at, later = what
    ready.set_faults(*odd)
    alone = ready.copy_of(base, "alone")
    ended = ready.run(alone, at, command, note_steps=str(alone / "steps"))
    return Stage(
        name=name,
        command=command,
        at=at,
        later=later,
        odd=tuple(odd),
        base=base,
        before=read_lake(base / "home"),
        undisturbed=read_lake(alone / "home"),
        left=left_by_answers(alone / "home"),
        code=ended.code,
        seconds=ended.seconds,
        steps=tuple((alone / "steps").read_text("utf-8").splitlines()),
    )
