"""Pacing: how much of what a plan allows is really asked, without one refusal, and what waiting costs.

The judge is the emulator's log: its bucket is the one that refuses, its times are those of the answers. `allowed` is
what no client can exceed in the time of the run: the bucket, and what it refills.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import linear_regression
from typing import Final

from benchmarks.harness import Figure, Spent, measured
from benchmarks.practice import GENEROUS, WIDE, Emulator, connect, emulating, hurried, refused
from flows import jobs
from flows.collecting import wired
from flows.planning import agenda, pacing_plan
from flows.running import run_here
from lake.raw import new_run_id

NAME: Final = "pacing"


@dataclass(frozen=True, slots=True)
class Speed:
    """A plan that is used to the full.

    Attributes:
        per_second: Requests a second that come back.
        bucket: Requests that can be sent at once after a rest.
        vehicles: Of the fleet that is asked; about 1.5 requests each.
    """

    per_second: float
    bucket: int
    vehicles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured.

    Attributes:
        speeds: The plans that are used to the full.
        slow_per_second: Requests a second of the plan that makes wait.
        slow_seconds: How long it is waited on.
        waiters: Vehicles that wait side by side there; 64 at most.
        rounds: How often all is done.
    """

    speeds: tuple[Speed, ...] = (Speed(10, 100, 200), Speed(50, 100, 400))
    slow_per_second: float = 2
    slow_seconds: float = 10
    waiters: int = 64
    rounds: int = 3


FULL: Final = Size()
SMALL: Final = Size(speeds=(Speed(20, 20, 16),), slow_seconds=1, waiters=8, rounds=1)


@dataclass(frozen=True, slots=True)
class Reached:
    """What one run at full speed reached, by the emulator's log.

    Attributes:
        whole: Requests ÷ (bucket + refill · time).
        sustained: Requests a second once the bucket was used up, ÷ refill a second.
        requests: Requests in all.
        refused: Those answered 429.
    """

    whole: float
    sustained: float
    requests: int
    refused: int


@dataclass(frozen=True, slots=True)
class Waited:
    """What one run on the slow plan took: CPU seconds a second, its few requests included, and how many they were."""

    share: float
    requests: int


def run(size: Size = FULL) -> list[Figure]:
    """Measure; for each plan an emulator with its bucket and refill."""
    reached: dict[Speed, list[Reached]] = {speed: [] for speed in size.speeds}
    waited = []
    for _ in range(size.rounds):
        for speed in size.speeds:
            reached[speed].append(_reached(speed))
        waited.append(_waited(size))
    lines = [line for speed, rounds in reached.items() for line in _lines(speed, rounds)]
    share, requests = [each.share for each in waited], [float(each.requests) for each in waited]
    lines += [
        (f"CPU ÷ time, {size.waiters} wait, {size.slow_per_second:g}/s", share, "ratio"),
        ("requests in that time", requests, "requests"),
    ]
    return [Figure(NAME, what, tuple(values), unit) for what, values, unit in lines]


def _lines(speed: Speed, rounds: list[Reached]) -> list[tuple[str, list[float], str]]:
    plan = f"{speed.per_second:g}/s"
    return [
        (f"reached ÷ allowed, {plan}, bucket used up", [each.sustained for each in rounds], "ratio"),
        (f"reached ÷ allowed, {plan}, whole run", [each.whole for each in rounds], "ratio"),
        (f"requests, {plan}", [each.requests for each in rounds], "requests"),
        (f"answered 429, {plan}", [each.refused for each in rounds], "requests"),
    ]


def _reached(speed: Speed) -> Reached:
    limits = ("--bucket", str(speed.bucket), "--refill-per-minute", str(60 * speed.per_second))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with emulating(folder, *limits, "--vehicle-spacing", "0", "--vehicle-monthly", "100000") as emulator:
            return asyncio.run(_at_full_speed(emulator, folder / "home", speed))


async def _at_full_speed(emulator: Emulator, home: Path, speed: Speed) -> Reached:
    """The whole fleet asked as `chargelake collect` does, as fast as the plan allows."""
    async with hurried(emulator):
        await connect(emulator.house(home, WIDE), speed.vehicles)
    await asyncio.sleep(speed.bucket / speed.per_second)  # both sides forget what connecting asked
    house = emulator.house(home)
    with house.held():
        await run_here(house, jobs.begin(house, "collect"))
    entries = await emulator.entries()
    times = [datetime.fromisoformat(entry["at_real"]).timestamp() for entry in entries]
    allowed = speed.bucket + speed.per_second * (times[-1] - times[0])
    sustained = _slope(times, times[0] + speed.bucket / speed.per_second) / speed.per_second
    return Reached(len(times) / allowed, sustained, len(times), refused(entries))


def _slope(times: list[float], since: float) -> float:
    """Requests a second from `since` on, by least squares: they may come in bursts, and the ends must not decide."""
    later = [time for time in times if time >= since] or times
    return linear_regression(later, range(len(later))).slope


def _waited(size: Size) -> Waited:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with emulating(folder, *GENEROUS) as emulator:
            return asyncio.run(_on_slow_plan(emulator, folder / "home", size))


async def _on_slow_plan(emulator: Emulator, home: Path, size: Size) -> Waited:
    """As many vehicles as can wait for a plan that lets few through, broken off after some seconds."""
    await connect(emulator.house(home, WIDE), 2 * size.waiters)
    limits = {"bucket": round(4 * size.slow_per_second), "refill_per_minute": 60 * size.slow_per_second}
    house = emulator.house(home, limits, concurrency=size.waiters)
    await asyncio.sleep(pacing_plan(house).window[1])  # our own pacing forgets what connecting asked
    await emulator.control("DELETE", "log")
    tasks = [planned.task for planned in agenda(house).tasks]
    async with wired(house, new_run_id(house.clock.now())) as wiring:
        spent = await _broken_off(wiring.collector().collect(tasks), size.slow_seconds)
    return Waited(spent.cpu / spent.wall, len(await emulator.entries()))


async def _broken_off(work: Awaitable[object], seconds: float) -> Spent:
    with measured() as spent, contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work
    return spent
