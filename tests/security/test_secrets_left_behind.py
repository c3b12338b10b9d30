"""What runs with troubles leave behind: output, talkative logs, raw, state, lake, page. No secret is in any of it."""

from __future__ import annotations

import asyncio
import gzip
import sqlite3
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from leaks import Secrets, everything_in, found

from emulator import Emulator, EmulatorConfig, running
from flows.house import House
from flows.settings import load_settings
from reports.overview import overview
from tests.security.conftest import NOW, Chargelake, Ended, chargelake_in

OWNER, OTHER = "7-vehicles@smartcar.com", "2-vehicles@smartcar.com"
STRICKEN = "vehicle-incompatible@smartcar.com"
VIN_OF_STRICKEN = "1FTFW1E50LFA00001"
TROUBLES = (
    ("TESLA", 0, {"name": "authentication", "endpoint": "tesla_records", "times": 1}),
    ("TESLA", 1, {"name": "unknown_fields", "endpoint": "tesla_records"}),
    ("TESLA", 1, {"name": "validation_parameter", "endpoint": "tesla_billing"}),
    ("TESLA", 2, {"name": "truncated", "endpoint": "tesla_billing", "times": 1}),
    ("TESLA", 3, {"name": "error_with_200", "endpoint": "tesla_records", "times": 1}),
    ("BMW", 0, {"name": "html", "endpoint": "bmw_records", "times": 1}),
    ("BMW", 1, {"name": "account_issue", "endpoint": "bmw_records"}),
    ("MINI", 0, {"name": "reset", "endpoint": "mini_records", "times": 1}),
)
EVERYWHERE = (
    {"name": "refresh_answer_lost", "times": 1},
    {"name": "end_before_start", "share": 0.2},
    {"name": "location", "value": "formula", "share": 0.5},
)
COMMANDS = (
    ("vehicles",), ("verify",), ("doctor",), ("query", "SELECT * FROM vehicles", "--json"),
)  # fmt: skip


@dataclass
class Left:
    """What was left behind, what must not be in it, and what had happened."""

    content: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    struck: set[str | None] = field(default_factory=set)
    tokens: int = 0

    def keep(self, name: str, ended: Ended) -> Ended:
        self.content |= {f"{name}: output": ended.out.encode(), f"{name}: errors and log": ended.err.encode()}
        return ended


async def troubled(folder: Path, left: Left) -> None:
    """Connect, run, backfill and look, with faults on and tokens refreshed."""
    config = EmulatorConfig(
        now=NOW, clock_rate=0, bucket=5000, refill_per_minute=600_000, vehicle_spacing=0, history_days=40
    )
    async with running(config) as emulator:
        secrets = Secrets(emulator)
        chargelake = chargelake_in(folder, {"CHARGELAKE_LOG_LEVEL": "DEBUG", **emulator.environment()})
        await _do_all(emulator, chargelake, left)
        left.secrets = secrets.all(OWNER, OTHER, STRICKEN) | {VIN_OF_STRICKEN: "VIN"}
        left.struck, left.tokens = {entry.fault for entry in emulator.log}, len(secrets.access)


async def _do_all(emulator: Emulator, chargelake: Chargelake, left: Left) -> None:
    async def do(*arguments: str, **more: str) -> Ended:
        more["CHARGELAKE_NOW"] = emulator.clock.now().isoformat()
        return left.keep(" ".join(arguments), await chargelake(*arguments, **more))

    assert (await do("connect", "--test-account", OWNER)).code == 0
    emulator.clock.advance(timedelta(hours=3))
    _make_trouble(emulator)
    assert (await do("run")).code in {1, 3}  # of the troubles, one is ours to mend and one is an owner's
    for account in (OTHER, STRICKEN):
        await do("connect", "--test-account", account)
    assert (await do("connect", "--test-account", OWNER, CHARGELAKE_SMARTCAR__CLIENT_SECRET="wrong-secret")).code == 5
    emulator.clock.advance(timedelta(days=1))
    assert (await do("backfill", "--since", "2026-09-01", CHARGELAKE_SMARTCAR__WINDOW_DAYS="0")).code in {1, 3}
    await asyncio.gather(*(do(*command) for command in COMMANDS))
    assert (await do("key", "rotate")).code == 0


def _make_trouble(emulator: Emulator) -> None:
    vehicles = emulator.vehicles(OWNER)
    for make, number, trouble in TROUBLES:
        stricken = [vehicle.id for vehicle in vehicles if vehicle.make == make][number]
        emulator.faults.add(vehicle=stricken, **trouble)
    for trouble in EVERYWHERE:
        emulator.faults.add(**trouble)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder, left = tmp_path_factory.mktemp("left"), Left()
    asyncio.run(troubled(folder, left))
    home = folder / "home"
    left.content |= everything_in(folder)
    house = House(load_settings(home=str(home)))
    left.content["page"] = overview(house.tables, NOW, "A fleet", house.names()).encode()
    left.secrets[house.key_file.read_text("ascii")] = "key"
    return left


def test_the_troubles_happened_and_tokens_were_refreshed(left: Left) -> None:
    assert {*(str(trouble["name"]) for _, _, trouble in TROUBLES), "refresh_answer_lost"} <= left.struck
    assert left.tokens >= 4
    assert b"DEBUG" in left.content["run: errors and log"]


def test_no_secret_is_left_in_the_clear(left: Left) -> None:
    assert found(left.secrets, left.content) == ["key in home/state/secret.key"]


def test_a_refused_secret_is_not_repeated(left: Left) -> None:
    assert found({"wrong-secret": "client secret"}, left.content) == []


def test_the_search_looks_into_every_kind_of_file(left: Left) -> None:
    kinds = {Path(name).suffix for name in left.content}
    assert {".gz", ".parquet", ".db", ".key"} <= kinds
    vehicle = next(iter(pl.read_json(left.content["query SELECT * FROM vehicles --json: output"])["vehicle_id"]))
    hits = found({vehicle: "vehicle"}, left.content)
    assert {"chargelake.db", "part-0.parquet"} <= {Path(each).name for each in hits}
    assert any("home/raw/" in each for each in hits)


def test_a_planted_secret_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x" * 1000 + b"hidden"))
    pl.DataFrame({"a": ["hidden"] * 100}).write_parquet(tmp_path / "b.parquet", compression="zstd")
    connection = sqlite3.connect(tmp_path / "c.db")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES ('hidden')")
    connection.commit()
    connection.close()
    hits = found({"hidden": "secret"}, everything_in(tmp_path))
    assert hits == ["secret in a.gz", "secret in b.parquet", "secret in c.db"]
