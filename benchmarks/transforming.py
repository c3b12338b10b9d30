"""Transforming: from landed answers to published tables, beside Polars that only moves the same rows.

Ours reads every landed answer, judges each record, decides which session it is, and publishes history and current
rows, each file durable. Polars reads the rows that came out of that from one Parquet file, sorts them, and writes
them once into the same partitions, without making them durable. Each measurement has a process of its own, because
memory is measured too.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import orjson
import polars as pl

from benchmarks.harness import Figure, Spent, in_child, measured, ratios
from flows.house import House
from flows.settings import load_settings
from flows.transforming import take_in_new
from lake.raw import Answer, Landing, encode_body
from lake.registry import Owner, Vehicle
from lake.runs import StreamCount
from lake.schemas import CHARGE_SESSIONS

NAME: Final = "transforming"
_YEAR: Final = 2025
_RECEIVED: Final = datetime(2026, 2, 1, tzinfo=UTC)
_ROW_GROUP: Final = 65_536
"""As in the files of the lake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is transformed: `vehicles · months · sessions` records.

    Attributes:
        vehicles: Two of three are BMWs, the others MINIs.
        months: Of one year; an answer is a vehicle's month.
        sessions: Of a vehicle in a month.
        together: Answers in a landed segment, as many as are asked side by side by default.
        rounds: How often all is done.
    """

    vehicles: int = 2000
    months: int = 10
    sessions: int = 50
    together: int = 8
    rounds: int = 3

    @property
    def records(self) -> int:
        """Records in all."""
        return self.vehicles * self.months * self.sessions


FULL: Final = Size()
SMALL: Final = Size(vehicles=6, months=2, sessions=5, rounds=1)


@dataclass(frozen=True, slots=True)
class Round:
    """One round: all records new, all known already, and Polars alone."""

    new: Spent
    known: Spent
    moved: Spent


def run(size: Size = FULL) -> list[Figure]:
    """Measure, after the answers have landed twice: as new ones, and as told again later."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for landing in ("first", "again"):
            in_child(land, folder / landing, size, landing)
        rounds = [_round(folder, size) for _ in range(size.rounds)]
    return _figures(rounds)


def _figures(rounds: list[Round]) -> list[Figure]:
    moved = [each.moved for each in rounds]
    lines: list[tuple[str, tuple[float, ...], str]] = [("Polars alone, wall", tuple(each.wall for each in moved), "s")]
    for what, ours in (("all new", [each.new for each in rounds]), ("all known", [each.known for each in rounds])):
        wall = ratios([each.wall for each in ours], [each.wall for each in moved])
        cpu = ratios([each.cpu for each in ours], [each.cpu for each in moved])
        lines += [(f"wall ÷ Polars, {what}", wall, "ratio"), (f"CPU ÷ Polars, {what}", cpu, "ratio")]
        lines.append((f"peak memory, {what}", tuple(each.peak_mib for each in ours), "MiB"))
    lines.append(("peak memory, Polars alone", tuple(each.peak_mib for each in moved), "MiB"))
    return [Figure(NAME, what, values, unit) for what, values, unit in lines]


def _round(folder: Path, size: Size) -> Round:
    """Transform into a fresh lake, let Polars move the same rows, then transform what was told again."""
    home, source = folder / "home", folder / "rows.parquet"
    shutil.copytree(folder / "first" / "state", home / "state")
    shutil.copytree(folder / "first" / "raw", home / "raw", copy_function=os.link)
    new, first = in_child(transform, home)
    if not source.exists():
        in_child(gather, home, source)
    moved, rows = in_child(move, source, folder / "moved")
    shutil.copytree(folder / "again" / "raw", home / "raw", copy_function=os.link, dirs_exist_ok=True)
    known, again = in_child(transform, home)
    for done in (home, folder / "moved"):
        shutil.rmtree(done)
    assert (first.new, again.unchanged, rows) == (size.records,) * 3, "both sides have to do the whole work"
    return Round(new, known, moved)


def transform(home: Path) -> tuple[Spent, StreamCount]:
    """Take in what is new in a home; what it took, and what became of the records."""
    house = _house(home)
    with house.held(), measured() as spent:
        counts = take_in_new(house)
    return spent, sum(counts.values(), StreamCount())


def gather(home: Path, file: Path) -> None:
    """The current rows of a home as one Parquet file, in the order in which their answers landed."""
    _house(home).tables.read(CHARGE_SESSIONS).sort("raw_ref").write_parquet(file, compression="zstd")


def move(source: Path, target: Path) -> tuple[Spent, int]:
    """Polars alone: read, sort by vehicle and start, write one file a make and month; what it took, and the rows.

    Sorting each part was the quickest of three ways; sorting the whole, or `sink_parquet`, took a quarter longer.
    """
    keys = ["make", "month"]
    with measured() as spent:
        for (make, month), rows in pl.read_parquet(source).partition_by(keys, as_dict=True).items():
            folder = target / f"make={make}" / f"month={month}"
            folder.mkdir(parents=True)
            rows.drop("month").sort("vehicle_id", "started_at").write_parquet(
                folder / "part-0.parquet", compression="zstd", statistics=True, row_group_size=_ROW_GROUP
            )
    return spent, pl.scan_parquet(target / "**/*.parquet").select(pl.len()).collect().item()


def land(home: Path, size: Size, tag: str) -> None:
    """Land the answers of a fleet, the same at each call, and register its vehicles."""
    house = _house(home)
    cars = [f"{number:08x}-benchmark" for number in range(size.vehicles)]
    house.registry.keep_owner(Owner("owner", _RECEIVED))
    for number, car in enumerate(cars):
        make = _make(number)
        house.registry.keep_vehicle(Vehicle(car, "owner", make, None, None, "Europe/Berlin", _RECEIVED))
    received = _RECEIVED + timedelta(days=tag == "again")
    landing = Landing(house.store, f"{received:%Y%m%dT%H%M%SZ}-{tag}", received)
    answers: list[Answer] = []
    for answer in _answers(cars, size, received, tag):
        answers.append(answer)
        if len(answers) == size.together:
            landing.land_now(answers)
            answers = []
    if answers:
        landing.land_now(answers)


def _answers(cars: list[str], size: Size, received: datetime, tag: str) -> Iterator[Answer]:
    """Month by month, an answer for each vehicle."""
    for month in range(1, size.months + 1):
        for number, car in enumerate(cars):
            make = _make(number)
            records = _sessions(random.Random(12 * number + month), month, size.sessions)
            body, encoding, digest = encode_body(orjson.dumps({"records": records}))
            path = f"/vehicles/{car}/{make.lower()}/charge/records"
            yield Answer(
                source="smartcar_v2",
                stream=f"{make.lower()}_records",
                vehicle_id=car,
                make=make,
                run_id=tag,
                asked_at=received,
                received_at=received,
                method="GET",
                path=path,
                status=200,
                body=body,
                encoding=encoding,
                sha256=digest,
            )


def _sessions(chance: random.Random, month: int, sessions: int) -> list[dict[str, object]]:
    """A month of sessions of one vehicle, none of which overlaps another, as BMW and MINI tell them."""
    first, room = datetime(_YEAR, month, 1, tzinfo=UTC), 28 * 24 * 3600 // sessions
    told: list[dict[str, object]] = []
    for number in range(sessions):
        start = first + timedelta(seconds=number * room + chance.randrange(room // 3))
        level = round(chance.uniform(0.1, 0.6), 2)
        told.append(
            {
                "chargeStart": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                "chargeEnd": f"{start + timedelta(seconds=chance.randrange(600, room // 2)):%Y-%m-%dT%H:%M:%SZ}",
                "location": f"{chance.randrange(200)} Main Street, Springfield",
                "energy": round(chance.uniform(2, 60), 3),
                "isPublic": chance.random() < 0.3,
                "startPercentRemaining": level,
                "endPercentRemaining": round(level + 0.3, 2),
                "chargingType": chance.choice(("AC", "DC")),
            }
        )
    return told


def _make(number: int) -> str:
    return "MINI" if number % 3 == 2 else "BMW"


def _house(home: Path) -> House:
    return House(load_settings(home=str(home), orchestrator="none", now=_RECEIVED + timedelta(days=2)))
