"""An emulator in a thread of its own, and the command line in this process: whole paths, in milliseconds."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, EmulatorConfig, running
from emulator.model import Vehicle
from flows.cli import main
from flows.house import House
from flows.settings import load_settings
from tests.flows.conftest import NOW, Ended

FLEET = "18-mixed@smartcar.com"
OTHER = "6-mixed@smartcar.com"
SCHEDULED = ("TESLA", "NISSAN", "FORD", "LINCOLN")
PARTS = ("cabin", "defroster", "steering_wheel")


@contextmanager
def emulator_in_a_thread(**config: Any) -> Iterator[Emulator]:
    """A frozen emulator with generous limits that answers while this thread waits for a command."""
    started, loop = threading.Event(), asyncio.new_event_loop()
    found: list[Emulator] = []
    stop = asyncio.Event()

    async def serve() -> None:
        usual = {"now": NOW, "clock_rate": 0, "bucket": 100_000, "refill_per_minute": 6e6, "vehicle_spacing": 0}
        generous = {"vehicle_monthly": 100_000, "history_days": 3, "newer_tesla_share": 0}
        async with running(EmulatorConfig(**(usual | generous | config))) as emulator:
            found.append(emulator)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    started.wait()
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@dataclass(slots=True)
class Desk:
    """The command line over one home, and the emulator behind it."""

    emulator: Emulator
    home: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, **environment: str) -> Ended:
        told = {"CHARGELAKE_HOME": str(self.home), "CHARGELAKE_NOW": self.emulator.clock.now().isoformat()}
        for name, value in (self.emulator.environment() | told | environment).items():
            self.patch.setenv(name, value)
        self.patch.setattr(sys, "argv", ["chargelake", *arguments])
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capture.readouterr()
        code = ended.value.code
        return Ended(int(code) if code is not None else 0, out, err)

    def house(self) -> House:
        return House(load_settings(home=str(self.home), now=self.emulator.clock.now()))

    def vehicle(self, make: str, number: int = 0, account: str = FLEET) -> Vehicle:
        return [each for each in self.emulator.vehicles(account) if each.make == make][number]

    def sent(self) -> list[str]:
        """Method and endpoint of the requests about vehicles since the log was cleared."""
        return [f"{entry.method} {entry.endpoint}" for entry in self.emulator.log.entries if entry.vehicle_id]

    def shown(self, kind: str, vehicle: Vehicle, *options: str) -> list[dict[str, Any]]:
        ended = self(kind, "show", vehicle.id, "--json", *options)
        assert ended.code == 0, ended.err
        rows: list[dict[str, Any]] = json.loads(ended.out)[kind]
        return rows


def copied(home: Path, folder: Path) -> Path:
    """A home of one's own, with the owner connected in another."""
    shutil.copytree(home, folder / "home")
    return folder / "home"


def one_line(ended: Ended) -> bool:
    return ended.err.count("\n") == 1 and "Traceback" not in ended.err


def kind_of(part: str) -> str:
    return "climate" if part in PARTS else "schedule"


def endpoint_of(part: str) -> str:
    if part in PARTS:
        return f"tesla_{part}"
    return f"{part.lower()}_schedule{'s' if part in {'FORD', 'LINCOLN'} else ''}"


def vehicle_for(desk: Desk, part: str) -> Vehicle:
    """A vehicle of the make; for a part of the climate, a Tesla that has it fitted."""
    if part not in PARTS:
        return desk.vehicle(part)
    teslas = [desk.vehicle("TESLA", number) for number in range(3)]
    return next(each for each in teslas if desk.emulator._world.climates.of(each, part).status != "UNAVAILABLE")


def order_for(desk: Desk, part: str) -> list[str]:
    """Arguments that set something of a vehicle."""
    vehicle = vehicle_for(desk, part).id
    if part in PARTS:
        return ["climate", "start", vehicle, part]
    if part == "TESLA":
        return ["schedule", "set", vehicle, "--start-time", "23:30"]
    if part == "NISSAN":
        return ["schedule", "set", vehicle, "--window", "MON-FRI 22:00-06:00", "--window", "SAT,SUN 10:00-14:00"]
    desk.shown("schedule", vehicle_for(desk, part), "--live")
    place = desk.emulator._world.schedules.places(vehicle_for(desk, part))[0]
    here = ["--at", f"{place.latitude},{place.longitude}", "--limit", "0.7"]
    return ["schedule", "set", vehicle, *here, "--weekday", "22:00-06:00", "--any-time", "weekend"]


def times(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {(each["kind"], each["start_time"], each["end_time"]) for each in rows}
