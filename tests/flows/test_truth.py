"""What the tables say is what happened: the sessions of the demo's fleet against the emulator's truth, to the last one.

The truth says of each session what v2.0 and v3 tell of it. Which of the two counts is written down here a second time,
in plain Python and from decision 12 alone. What no interface can tell is left out, and nothing else:
v2.0 tells a BMW's or MINI's sessions of the last 30 days, v3 those of the 30 days before its data, and the
truth knows no such limits; one vehicle's services have ended, as the demo has it, and a record that the demo makes
impossible is in quarantine instead.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

import polars as pl
import pytest

from emulator import Emulator, EmulatorConfig, running
from emulator.telling import Telling
from emulator.truth import TrueSession
from flows import jobs
from flows.demo_fleet import connect_fleet, demo_owners, make_trouble
from flows.house import House
from flows.jobs import Result
from flows.practice import Practice
from flows.running import run_here
from flows.settings import load_settings
from lake.schemas import CHARGE_SESSIONS, QUARANTINE, SESSION_HISTORY, VEHICLES, Table
from tests.flows.conftest import a_home

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FLEET = 40
REACH = timedelta(days=30)
BY_V2, BY_V3 = "smartcar_v2", "smartcar_v3"
SEEN = (("v2.0",), ("v3 by poll",), ("v3 by webhook",), ("v2.0", "v3 by poll"))


class Row(NamedTuple):
    """What a session's row says, as far as the truth knows it."""

    source: str
    record_id: str | None
    started_at: datetime
    ended_at: datetime | None
    energy_kwh: float | None
    soc_start_pct: float | None
    soc_end_pct: float | None
    currency: str | None
    billed_energy: Decimal | None
    billed_other: Decimal | None
    status: str


COLUMNS = ("source", "source_record_id", *Row._fields[2:])


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's fleet after its run and after another that asked for everything again, and what is true of it."""

    tables: Mapping[str, pl.DataFrame]
    again: Mapping[str, pl.DataFrame]
    second: Result
    truth: tuple[TrueSession, ...]
    asked: Counter[tuple[str, str | None]]
    refused: int

    def rows(self, table: Table) -> pl.DataFrame:
        return self.tables[table.name]

    def vehicles(self, *interfaces: str) -> list[str]:
        """Those that are seen so and nothing stands in the way of."""
        rows = self.rows(VEHICLES).filter(pl.col("interfaces") == list(interfaces), pl.col("whose_move") != "owner")
        return rows["vehicle_id"].to_list()

    def reach(self, vehicle_id: str) -> datetime:
        """From when on v3's list tells sessions: the 30 days before the day of its data."""
        told = self.rows(SESSION_HISTORY).filter(pl.col("vehicle_id") == vehicle_id)["told_as_of"].max()
        return midnight(told.date() - REACH) if isinstance(told, datetime) else NOW

    def refused_starts(self, vehicle_id: str) -> set[datetime]:
        """Sessions that are in quarantine; the demo exchanges their start and end."""
        records = self.rows(QUARANTINE).filter(pl.col("vehicle_id") == vehicle_id)["record"]
        return {datetime.fromisoformat(json.loads(record)["chargeEnd"]) for record in records}

    def told(self, vehicle_id: str) -> list[tuple[Telling | None, Telling | None]]:
        """What v2.0 and v3 can have told of each of a vehicle's sessions."""
        since, refused = self.reach(vehicle_id), self.refused_starts(vehicle_id)
        return [
            (
                true.v2 if true.v2 and in_reach_of_v2(true) and true.session.start not in refused else None,
                true.v3 if true.v3 and true.session.start >= since else None,
            )
            for true in self.truth
            if true.vehicle.id == vehicle_id
        ]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def in_reach_of_v2(true: TrueSession) -> bool:
    return true.vehicle.make == "TESLA" or true.session.start >= midnight(NOW.date() - REACH)


def alone(source: str, told: Telling) -> Row:
    """The row of a session that one interface tells."""
    energy, start, end = (
        None if each is None else float(each) for each in (told.energy_kwh, told.soc_start_pct, told.soc_end_pct)
    )
    status = "ongoing" if told.end is None else "complete"
    return Row(
        source, told.record_id, told.start, told.end, energy, start, end,
        told.currency, told.billed_energy, told.billed_other, status,
    )  # fmt: skip


def are_one(v2: Telling, v3: Telling) -> bool:
    """Whether the rule takes two tellings of one session for one: it cannot where the clocks are too far apart."""
    apart = abs(v2.start - v3.start)
    ends = [each.end for each in (v2, v3) if each.end is not None]
    overlap = max(v2.start, v3.start) < min(ends)
    if not overlap and apart > timedelta(seconds=30):
        return False
    if v3.end is None or v2.end is None:
        return apart <= timedelta(seconds=90)
    energies = [float(each.energy_kwh) for each in (v2, v3) if each.energy_kwh is not None]
    alike = len(energies) == 1 or max(energies) - min(energies) <= max(0.35 * max(energies), 2)
    return alike and max(apart, abs(v2.end - v3.end)) <= timedelta(minutes=5)


def merged(v2: Telling, v3: Telling) -> Row:
    """A complete telling before an ongoing one, then one with a bill: v2.0's before v3's; without any bill v3's."""
    found = {BY_V2: alone(BY_V2, v2), BY_V3: alone(BY_V3, v3)}
    order = sorted(found, key=lambda name: (found[name].status != "complete", *of_bill(found[name])))
    better, other = (found[name] for name in order)
    values = {
        name: getattr(better, name) if getattr(better, name) is not None else getattr(other, name)
        for name in ("energy_kwh", "soc_start_pct", "soc_end_pct")
    }
    bill = better if better.currency else other
    amounts = {name: getattr(bill, name) for name in ("currency", "billed_energy", "billed_other")}
    return better._replace(**values, **amounts)


def of_bill(row: Row) -> tuple[bool, bool]:
    return row.currency is None, row.source == (BY_V2 if row.currency is None else BY_V3)


def expected(pairs: list[tuple[Telling | None, Telling | None]]) -> list[Row]:
    """One row a session; two of those whose tellings the rule cannot know to be one, and says so."""
    rows: list[Row] = []
    for v2, v3 in pairs:
        if v2 and v3 and are_one(v2, v3):
            rows.append(merged(v2, v3))
        else:
            rows += [alone(name, told) for name, told in ((BY_V2, v2), (BY_V3, v3)) if told]
    return in_order(rows)


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.started_at, row.source))


def published(rows: pl.DataFrame, vehicle_id: str) -> list[Row]:
    of_vehicle = rows.filter(pl.col("vehicle_id") == vehicle_id).select(COLUMNS)
    return in_order([Row(*values) for values in of_vehicle.iter_rows()])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    with a_home(tmp_path_factory.mktemp("truth")) as patch:
        return asyncio.run(_demo(patch))


async def _demo(patch: pytest.MonkeyPatch) -> Demo:
    config = EmulatorConfig(
        now=NOW, history_days=90, bucket=10_000, refill_per_minute=600_000, vehicle_spacing=0, clock_rate=0
    )
    async with running(config) as emulator:
        for name, value in emulator.environment().items():
            patch.setenv(name, value)
        practice = Practice(emulator.url, emulator.environment())
        fleet = await connect_fleet(_house(), practice, FLEET)
        await make_trouble(practice, fleet.vehicles)
        emulator.clock.rate = 0
        emulator.clock.set(NOW)
        await run_here(_house(), jobs.begin(_house(), "run"))
        return await _judged(emulator)


async def _judged(emulator: Emulator) -> Demo:
    """What the first run came to, and what one that reads everything again makes of it."""
    truth, asked = tuple(emulator.truth(ongoing=True)), [(each.endpoint, each.vehicle_id) for each in emulator.log]
    tables = _tables()
    house = _house()
    everything = jobs.begin(house, "backfill", since=(NOW - timedelta(days=90)).date(), until=NOW.date())
    second = await run_here(house, everything)
    return Demo(tables, _tables(), second, truth, Counter(asked), emulator.log.count(status=429))


def _house() -> House:
    return House(load_settings(now=NOW))


def _tables() -> dict[str, pl.DataFrame]:
    house = _house()
    return {table.name: house.tables.read(table) for table in (CHARGE_SESSIONS, SESSION_HISTORY, QUARANTINE, VEHICLES)}


@pytest.mark.parametrize("interfaces", SEEN, ids=" and ".join)
def test_the_sessions_of_the_tables_are_those_that_happened(demo: Demo, interfaces: tuple[str, ...]) -> None:
    vehicles = demo.vehicles(*interfaces)
    rows = demo.rows(CHARGE_SESSIONS)
    assert sum(len(published(rows, each)) for each in vehicles) > 0
    for each in vehicles:
        assert published(rows, each) == expected(demo.told(each))


@pytest.mark.parametrize("interfaces", SEEN, ids=" and ".join)
def test_history_has_each_interfaces_own_telling(demo: Demo, interfaces: tuple[str, ...]) -> None:
    for each in demo.vehicles(*interfaces):
        tellings = [
            alone(source, told)
            for pair in demo.told(each)
            for source, told in zip((BY_V2, BY_V3), pair, strict=True)
            if told
        ]
        assert published(demo.rows(SESSION_HISTORY), each) == in_order(tellings)


def test_the_fleet_has_vehicles_of_every_kind(demo: Demo) -> None:
    seen = Counter(map(tuple, demo.rows(VEHICLES)["interfaces"]))
    assert seen == dict(zip(SEEN, (25, 6, 5, 4), strict=True))


def test_every_session_has_an_id_of_its_own(demo: Demo) -> None:
    assert demo.rows(CHARGE_SESSIONS)["session_id"].is_unique().all()


def test_some_sessions_are_told_by_both_and_some_are_ongoing(demo: Demo) -> None:
    rows = demo.rows(CHARGE_SESSIONS)
    pairs = [pair for each in demo.vehicles("v2.0", "v3 by poll") for pair in demo.told(each)]
    told_by_both = sum(bool(v2 and v3 and are_one(v2, v3)) for v2, v3 in pairs)
    assert rows.filter(pl.col("sources").list.len() > 1).height == told_by_both > 0
    assert (rows["status"] == "ongoing").sum() > 0


def test_of_a_vehicle_whose_services_have_ended_nothing_is_made_up(demo: Demo) -> None:
    (vehicle_id,) = demo.rows(VEHICLES).filter(pl.col("whose_move") == "owner")["vehicle_id"]
    assert published(demo.rows(CHARGE_SESSIONS), vehicle_id) == []


def test_an_impossible_record_is_in_quarantine_and_nowhere_else(demo: Demo) -> None:
    (vehicle_id,) = demo.rows(QUARANTINE)["vehicle_id"].unique()
    starts = {true.session.start for true in demo.truth if true.vehicle.id == vehicle_id and in_reach_of_v2(true)}
    assert demo.refused_starts(vehicle_id) <= starts
    assert len(starts) == demo.rows(QUARANTINE).height + len(published(demo.rows(CHARGE_SESSIONS), vehicle_id))


def test_what_was_delivered_is_not_polled(demo: Demo) -> None:
    assert [demo.asked["v3_signal", each] for each in demo.vehicles("v3 by webhook")] == [0] * 5
    assert [demo.asked["v3_signal", each] for each in demo.vehicles("v3 by poll")] == [1] * 6


def test_nothing_is_refused(demo: Demo) -> None:
    assert demo.refused == 0


def test_reading_everything_again_changes_nothing(demo: Demo) -> None:
    total = demo.second.total()
    assert (total.new, total.changed) == (0, 0)
    assert total.unchanged > 0
    assert demo.again[CHARGE_SESSIONS.name].equals(demo.tables[CHARGE_SESSIONS.name])


@pytest.mark.parametrize("vehicles", [1, 10, 11, 24, 26, 39, 40, 41, 127, 2000])
def test_no_two_owners_of_the_demo_have_the_same_account(vehicles: int) -> None:
    accounts = [each.account for each in demo_owners(vehicles)]
    assert len(set(accounts)) == len(accounts)
    assert sum(int(each.split("-")[0]) for each in accounts) == vehicles
