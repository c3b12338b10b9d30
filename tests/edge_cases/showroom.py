"""A fleet in which each fault strikes a car of its own: one emulator, one run, and every test looks at its car."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from emulator.model import Session, Vehicle
from flows.jobs import Result
from lake.runs import StreamCount
from lake.schemas import (
    CHARGE_DAYS,
    CHARGE_SESSIONS,
    COMPLETENESS,
    QUARANTINE,
    SESSION_HISTORY,
    VEHICLES,
    Table,
)
from tests.flows.conftest import Practice, practising

AUTUMN = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
FLEET = "100-vehicles@smartcar.com"
TABLES = (CHARGE_SESSIONS, CHARGE_DAYS, QUARANTINE, COMPLETENESS, VEHICLES, SESSION_HISTORY)
STANDARD = "2026-11-01T10:00:00Z"
"""Every car has one session more, so that each fault has something to strike: 90 minutes, 11.5 kWh."""

EAST = ("Europe/Berlin", "Europe/Zurich", "Europe/Oslo", "Europe/Amsterdam")


def anywhere(vehicle: Vehicle) -> bool:
    return bool(vehicle.id)


def in_europe(vehicle: Vehicle) -> bool:
    return vehicle.zone in EAST


def in_america(vehicle: Vehicle) -> bool:
    return vehicle.zone.startswith("America/")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A car of one of these makes, and what is wrong with it."""

    name: str
    makes: tuple[str, ...]
    faults: tuple[tuple[str, Mapping[str, Any]], ...]
    lives: Callable[[Vehicle], bool] = anywhere


def tesla(name: str, *faults: str, lives: Callable[[Vehicle], bool] = anywhere, **options: Any) -> Exhibit:
    return Exhibit(name, ("TESLA",), tuple((each, options) for each in faults or (name,)), lives)


def maker(name: str, *faults: str, lives: Callable[[Vehicle], bool] = anywhere, **options: Any) -> Exhibit:
    return Exhibit(name, ("BMW", "MINI"), tuple((each, options) for each in faults or (name,)), lives)


@dataclass(frozen=True, slots=True)
class Car:
    """What the lake says of one car, and what is true of it."""

    vehicle: Vehicle
    tables: Mapping[str, pl.DataFrame]
    truth: list[Session] = field(default_factory=list)

    def rows(self, table: Table) -> pl.DataFrame:
        return self.tables[table.name].filter(pl.col("vehicle_id") == self.vehicle.id)

    @property
    def sessions(self) -> pl.DataFrame:
        return self.rows(CHARGE_SESSIONS)

    @property
    def days(self) -> pl.DataFrame:
        return self.rows(CHARGE_DAYS)

    @property
    def quarantined(self) -> pl.DataFrame:
        return self.rows(QUARANTINE)

    @property
    def standard(self) -> dict[str, Any]:
        """The row of the session that every car has."""
        return self.session_at(STANDARD)

    def session_at(self, start: str) -> dict[str, Any]:
        return self.sessions.row(by_predicate=pl.col("started_at") == datetime.fromisoformat(start), named=True)

    @property
    def flags(self) -> set[str]:
        """Marks that every session of the car has."""
        return set.intersection(*(set(flags) for flags in self.sessions["flags"]))

    def states(self, stream: str) -> set[str]:
        """The states of the stream's days."""
        return set(self.rows(COMPLETENESS).filter(pl.col("stream") == stream)["state"])

    @property
    def starts(self) -> list[datetime]:
        return self.sessions["started_at"].to_list()

    @property
    def true_starts(self) -> list[datetime]:
        """Starts of what could be told: bills of fast charging, all sessions of a BMW or MINI."""
        tesla_only = self.vehicle.make == "TESLA"
        return sorted(each.start for each in self.truth if _posted(each) or not tesla_only)


def _posted(session: Session) -> bool:
    return session.bill is not None and session.bill.posted_at <= AUTUMN


@dataclass(frozen=True, slots=True)
class Showroom:
    """The lake after the run."""

    cars: Mapping[str, Car]
    result: Result
    drift: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, pl.DataFrame]
    counts: Mapping[str, StreamCount]

    def __getitem__(self, name: str) -> Car:
        return self.cars[name]


async def opened(patch: pytest.MonkeyPatch, exhibits: list[Exhibit], now: datetime = AUTUMN) -> Showroom:
    """Connect the fleet, turn the faults on, run once."""
    settings = {"now": now, "newer_tesla_share": 0.0, "billing_page_size": 2, "history_days": 30}
    async with practising(patch, **settings) as practice:
        house = await practice.connect(FLEET)
        vehicles = practice.emulator.vehicles(FLEET)
        zones = {each.id: each.zone for each in vehicles}
        for each in house.registry.vehicles():
            house.registry.keep_vehicle(replace(each, timezone=zones[each.vehicle_id]))
        chosen = _assigned(exhibits, vehicles)
        practice.emulator.faults.add("session_at", start=STANDARD)
        practice.emulator.faults.add("many_currencies")
        for exhibit in exhibits:
            for name, options in exhibit.faults:
                practice.emulator.faults.add(name, vehicle=chosen[exhibit.name].id, **options)
        _only(house, {each.id for each in chosen.values()})
        return _snapshot(practice, chosen, await practice.run())


def _assigned(exhibits: list[Exhibit], vehicles: list[Vehicle]) -> dict[str, Vehicle]:
    """A car for each, those who are choosy first."""
    free = list(vehicles)
    chosen: dict[str, Vehicle] = {}
    for exhibit in sorted(exhibits, key=lambda each: each.lives is anywhere):
        fits = (each for each in free if each.make in exhibit.makes and exhibit.lives(each))
        chosen[exhibit.name] = next(fits)
        free.remove(chosen[exhibit.name])
    return chosen


def _only(house: Any, vehicle_ids: set[str]) -> None:
    """Leave the other cars of the fleet alone."""
    for each in house.registry.vehicles():
        if each.vehicle_id not in vehicle_ids:
            house.registry.keep_vehicle(replace(each, make="OTHER"))


def _snapshot(practice: Practice, chosen: Mapping[str, Vehicle], result: Result) -> Showroom:
    house = practice.house()
    tables = {table.name: house.tables.read(table) for table in TABLES}
    truth: dict[str, list[Session]] = {}
    for true in practice.emulator.truth():
        truth.setdefault(true.vehicle.id, []).append(true.session)
    cars = {name: Car(vehicle, tables, truth.get(vehicle.id, [])) for name, vehicle in chosen.items()}
    counts = house.runs.counts(result.job.run_id)
    return Showroom(cars, result, {stream: count.drift for stream, count in counts.items()}, tables, counts)
