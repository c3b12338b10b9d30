"""Collecting: CPU a request, beside a bare loop that asks for the same and keeps nothing.

Three things take turns, each with as many requests under way at once: a bare aiohttp loop that reads the JSON and
forgets it; `collect`, which paces, lands durably and writes the ledger; and `run`, which transforms and publishes as
well. The emulator has a process of its own, so that its work does not count.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
import orjson

from benchmarks.harness import Figure, Spent, measured, ratios
from benchmarks.practice import GENEROUS, WIDE, Emulator, connect, emulating, refused
from collectors.calls import bearer
from flows import jobs
from flows.house import House
from flows.running import run_here
from lake.raw import read_answers, segments

NAME: Final = "collecting"
_NOW: Final = datetime(2026, 9, 15, 12, tzinfo=UTC)
_HOURS: Final = ("--now", _NOW.isoformat(), "--clock-rate", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is asked.

    Attributes:
        vehicles: Of the fleet; about 1.5 requests each.
        at_once: Requests under way at once, on every side.
        rounds: How often all is done.
    """

    vehicles: int = 800
    at_once: int = 8
    rounds: int = 5


FULL: Final = Size()
SMALL: Final = Size(vehicles=8, rounds=1)

Urls = list[tuple[str, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Round:
    """What each side took for the same requests."""

    bare: Spent
    collect: Spent
    run: Spent


@dataclass(frozen=True, slots=True)
class Sides:
    """What the sides ask with.

    Attributes:
        emulator: Whom they ask.
        connected: A home with the fleet connected and nothing collected; copied for each run of ours.
        token: The owner's access token.
        size: How much.
    """

    emulator: Emulator
    connected: Path
    token: str
    size: Size

    def house(self, home: Path) -> House:
        """A house at `home` with limits that nobody meets."""
        return self.emulator.house(home, WIDE, now=_NOW, concurrency=self.size.at_once)


def run(size: Size = FULL) -> list[Figure]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with emulating(folder, *GENEROUS, *_HOURS) as emulator:
            rounds, requests, refusals = asyncio.run(_rounds(emulator, folder, size))
    return _figures(rounds, requests, refusals)


def _figures(rounds: list[Round], requests: int, refusals: int) -> list[Figure]:
    sides = {
        "bare loop": [each.bare for each in rounds],
        "collect": [each.collect for each in rounds],
        "run": [each.run for each in rounds],
    }
    lines: list[tuple[str, tuple[float, ...], str]] = [("requests a round", (requests,), "requests")]
    lines.append(("answered 429", (refusals,), "requests"))
    for what, spent in sides.items():
        lines.append((f"CPU, {what}", tuple(1000 * each.cpu / requests for each in spent), "s a 1,000 requests"))
    for what in ("collect", "run"):
        cpu = ratios([each.cpu for each in sides[what]], [each.cpu for each in sides["bare loop"]])
        wall = ratios([each.wall for each in sides[what]], [each.wall for each in sides["bare loop"]])
        lines += [(f"CPU {what} ÷ bare loop", cpu, "ratio"), (f"wall {what} ÷ bare loop", wall, "ratio")]
    return [Figure(NAME, what, values, unit) for what, values, unit in lines]


async def _rounds(emulator: Emulator, folder: Path, size: Size) -> tuple[list[Round], int, int]:
    """The rounds, the requests of each side in a round, and how many of all were refused."""
    connected = folder / "connected"
    house = emulator.house(connected, WIDE, now=_NOW)
    sides = Sides(emulator, connected, await connect(house, size.vehicles), size)
    house.engine.dispose()
    urls = await _urls(sides, folder)  # also lets the emulator draw its fleet before anything is measured
    await emulator.control("DELETE", "log")
    rounds = [await _round(sides, folder, urls) for _ in range(size.rounds)]
    entries = await emulator.entries()
    records = [entry for entry in entries if entry["endpoint"] != "connections"]  # each run of ours looks there first
    assert len(records) == 3 * len(urls) * size.rounds, "each side has to ask for the same records"
    return rounds, len(urls), refused(entries)


async def _urls(sides: Sides, folder: Path) -> Urls:
    """What our collectors ask for, as it landed."""
    home = folder / "first"
    await _ours(sides, home, "collect")
    store = sides.house(home).store
    names = segments(store)
    landed = [answer for answer in read_answers(store, names) if answer.stream.split("_")[0] in _MAKES]
    shutil.rmtree(home)
    return [(f"{sides.emulator.smartcar['api_url']}{answer.path}", answer.query) for answer in landed]


_MAKES: Final = frozenset({"tesla", "bmw", "mini"})
"""How the streams of records begin; answers about the account landed when it was connected."""


async def _round(sides: Sides, folder: Path, urls: Urls) -> Round:
    bare = await _bare(sides, urls)
    collect = await _ours(sides, folder / "collect", "collect")
    whole = await _ours(sides, folder / "run", "run")
    for home in ("collect", "run"):
        shutil.rmtree(folder / home)
    return Round(bare, collect, whole)


async def _ours(sides: Sides, home: Path, command: str) -> Spent:
    """One run of ours on a fresh copy of the connected home."""
    shutil.copytree(sides.connected, home)
    house = sides.house(home)
    with house.held(), measured() as spent:
        await run_here(house, jobs.begin(house, command))
    house.engine.dispose()
    return spent


async def _bare(sides: Sides, urls: Urls) -> Spent:
    """The least that a client does: ask, read the JSON, forget it."""
    headers = {"authorization": bearer(sides.token), "accept": "application/json", "sc-unit-system": "metric"}
    waiting = iter(urls)
    with measured() as spent:
        async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
            for _ in range(sides.size.at_once):
                group.create_task(_ask_all(session, waiting))
    return spent


async def _ask_all(session: aiohttp.ClientSession, waiting: Iterator[tuple[str, dict[str, str]]]) -> None:
    for url, query in waiting:  # shared: each takes the next
        async with session.get(url, params=query) as answer:
            orjson.loads(await answer.read())
