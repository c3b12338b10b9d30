"""A fleet in which each answer goes wrong for a car of its own: one run with the faults on, then two without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest

from collectors.pacing import Pacer
from emulator import Emulator
from flows import collecting
from flows.house import House
from flows.jobs import Result
from lake.schemas import CHARGE_SESSIONS, COMPLETENESS, VEHICLES
from tests.flows.conftest import Practice, practising

FLEET = "72-vehicles@smartcar.com"
DECEMBER = datetime(2026, 12, 1, 6, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)

ONCE: dict[str, tuple[str, dict[str, Any]]] = {
    "429 in seconds": ("rate_limit_vehicle", {"retry_after": 1}),
    "500": ("server_internal", {}),
    "502": ("upstream_no_response", {}),
    "hang": ("hang", {}),
    "reset": ("reset", {}),
    "truncated": ("truncated", {}),
    "html": ("html", {}),
    "empty": ("empty_body", {}),
    "error with 200": ("error_with_200", {}),
}
"""Struck once: asked again within the run."""

FOR_GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: fault for name, fault in ONCE.items() if name != "429 in seconds"},
    "401": ("authentication", {}),
    "REAUTHENTICATE": ("authentication_failed", {}),
    "403": ("permission", {}),
    "404": ("not_found", {}),
    "409": ("asleep", {}),
    "429 as a date": ("rate_limit_vehicle", {"retry_after": "date", "seconds": 7200}),
    "429 of hours": ("rate_limit_vehicle", {"retry_after": "hours"}),
    "429 absent": ("rate_limit_vehicle", {"retry_after": "absent"}),
    "430": ("vehicle_request_limit", {}),
    "501": ("vehicle_not_capable", {}),
    "502 of the maker's limit": ("upstream_rate_limit", {}),
    "huge body": ("huge_body", {"megabytes": 12}),
    "slow drip": ("slow_drip", {"bytes": 1, "wait": 0.5}),
    "drip": ("slow_drip", {"bytes": 2000, "wait": 0.01}),
}
"""Struck whenever it is asked."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the lake said after a run."""

    result: Result
    tables: Mapping[str, pl.DataFrame]
    whole: Mapping[str, bool]
    asked: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Breakdowns:
    """The three runs, and which car is whose."""

    cars: Mapping[str, str]
    blocks: Mapping[str, datetime | None]
    broken: Moment
    next_day: Moment
    next_month: Moment

    def states(self, name: str, moment: Moment) -> set[str]:
        """Why days are not known after a run; empty where all that can be told is known."""
        rows = moment.tables[COMPLETENESS.name].filter(pl.col("vehicle_id") == self.cars[name])
        return set(rows["state"]) - {"collected", "confirmed_empty", "outside_window"}

    def vehicle(self, name: str, moment: Moment) -> dict[str, Any]:
        rows = moment.tables[VEHICLES.name]
        return rows.row(by_predicate=pl.col("vehicle_id") == self.cars[name], named=True)

    def whole(self, name: str, moment: Moment) -> bool:
        """Whether the lake has exactly the sessions that could be told."""
        return moment.whole[self.cars[name]]

    def blocked_for(self, name: str) -> timedelta:
        """How long after the first run the car is left alone."""
        until = self.blocks[self.cars[name]]
        return timedelta(0) if until is None else until - NOVEMBER

    def asked(self, name: str, moment: Moment) -> int:
        return moment.asked.get(self.cars[name], 0)


async def broken_down(patch: pytest.MonkeyPatch) -> Breakdowns:
    """Run with every fault on, then a day and a month later with none."""
    names = [*(f"{name}, once" for name in ONCE), *FOR_GOOD]
    async with practising(patch, now=NOVEMBER, history_days=20) as practice:
        _on_one_clock(patch, practice.emulator)
        house = await practice.connect(FLEET)
        for each in house.registry.vehicles():
            if each.make == "TESLA":  # the streams of BMW and MINI have all that goes wrong with an answer
                house.registry.keep_vehicle(replace(each, make="OTHER"))
        makers = [each.vehicle_id for each in house.registry.vehicles() if each.make != "OTHER"]
        cars = dict(zip(names, makers, strict=False))
        _turn_on(practice.emulator, cars)
        broken = await _run(practice)
        blocks = {vehicle_id: state.blocked_until for (vehicle_id, _), state in house.ledger.states().items()}
        practice.emulator.faults.clear()
        practice.emulator.clock.advance(timedelta(days=1))
        next_day = await _run(practice)
        practice.emulator.clock.set(DECEMBER)
        return Breakdowns(cars, blocks, broken, next_day, await _run(practice))


def _on_one_clock(patch: pytest.MonkeyPatch, emulator: Emulator) -> None:
    """Let the emulator's time be the machine's as well, as it is where no run pretends another time."""
    patch.setattr(collecting, "Pacer", partial(Pacer, wall=emulator.clock.now))
    patch.setattr(House, "real_now", lambda _house: emulator.clock.now())


def _turn_on(emulator: Emulator, cars: Mapping[str, str]) -> None:
    for name, (fault, options) in ONCE.items():
        emulator.faults.add(fault, vehicle=cars[f"{name}, once"], endpoint="*_records", times=1, **options)
    for name, (fault, options) in FOR_GOOD.items():
        emulator.faults.add(fault, vehicle=cars[name], endpoint="*_records", **options)


async def _run(practice: Practice) -> Moment:
    before = len(practice.emulator.log)
    result = await practice.run()
    house = practice.house()
    tables = {table.name: house.tables.read(table) for table in (COMPLETENESS, VEHICLES)}
    asked: dict[str, int] = {}
    for entry in practice.emulator.log.entries[before:]:
        asked[str(entry.vehicle_id)] = asked.get(str(entry.vehicle_id), 0) + 1
    return Moment(result, tables, _whole(house, practice.emulator), asked)


def _whole(house: House, emulator: Emulator) -> dict[str, bool]:
    told = house.tables.read(CHARGE_SESSIONS).select("vehicle_id", "started_at").rows()
    truth: dict[str, set[datetime]] = {}
    for true in emulator.truth():
        truth.setdefault(true.vehicle.id, set()).add(true.session.start)
    known: dict[str, set[datetime]] = {}
    for vehicle_id, start in told:
        known.setdefault(vehicle_id, set()).add(start)
    ids = [each.vehicle_id for each in house.registry.vehicles()]
    return {each: truth.get(each, set()) == known.get(each, set()) for each in ids}
