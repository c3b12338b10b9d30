"""`verify`: whether the lake is what its documentation says, file by file and row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from flows import locating
from flows.costing import costs_of, settled_months
from flows.exits import Stop
from flows.house import House
from flows.reconciling import differing_months
from lake import schemas
from lake.closed import Closed
from lake.raw import DamagedSegment, read_segment, segments, strays
from lake.schemas import Table
from lake.state import StateUnusable, damage
from lake.tables import DamagedTable, Partition, SchemaMismatch, with_month
from transforms import days, places, sessions, snapshots

_KEYS: Final = {
    "charge_sessions": ("session_id",),
    "session_history": ("session_id", "revision", "month"),
    "charge_days": ("vehicle_id", "day"),
    "charge_day_history": ("vehicle_id", "day", "revision"),
    "completeness": ("vehicle_id", "stream", "day"),
    "quarantine": ("raw_ref",),
    "vehicles": ("vehicle_id",),
    "runs": ("run_id", "stream"),
    "charge_schedules": ("vehicle_id", "source", "revision", "window_no"),
    "climate_states": ("vehicle_id", "source", "part", "revision"),
    "session_costs": ("line_id",),
    "reconciliation": ("item_id",),
}


def faults(house: House) -> Iterator[str]:
    """Every fault found, one sentence each; none if the lake is sound."""
    yield from _raw_faults(house)
    yield from _stray_files(house)
    yield from Closed(house.store).faults()
    damaged = False
    for table in schemas.TABLES:
        for fault in _table_faults(house, table):
            damaged = True
            yield fault
    if state := _state_fault(house):
        yield state
        return  # what is left compares the tables with the state
    if not damaged:
        yield from _standing_faults(house)
    yield from _sum_faults(house)


def _state_fault(house: House) -> str | None:
    try:
        return damage(house.engine)
    except (Stop, StateUnusable) as error:
        return str(error)


def _raw_faults(house: House) -> Iterator[str]:
    for name in segments(house.store):
        try:
            read_segment(house.store, name)
        except DamagedSegment as error:
            yield f"{error}; `chargelake doctor` says how to heal it"
    for path in strays(house.store):
        yield f"{path}: no run has landed it, and none reads it; move it elsewhere"


def _stray_files(house: House) -> Iterator[str]:
    expected = {partition.path(table) for table in schemas.TABLES for partition in _partitions_or_none(house, table)}
    for path in house.store.list("lake"):
        if path not in expected:
            yield f"{path}: not a file of a table"


def _partitions_or_none(house: House, table: Table) -> list[Partition]:
    try:
        return house.tables.partitions(table)
    except (TypeError, ValueError):
        return []


def _table_faults(house: House, table: Table) -> Iterator[str]:
    frames = []
    for partition in _partitions_or_none(house, table):
        try:
            frame = house.tables.read(table, [partition])
        except (DamagedTable, SchemaMismatch) as error:
            yield str(error)
            continue
        frames.append(frame)
        yield from _partition_faults(table, partition, frame)
    if frames and (doubled := pl.concat(frames).select(_KEYS[table.name]).is_duplicated().sum()):
        yield f"{table.name}: {doubled} rows share their key ({', '.join(_KEYS[table.name])})"


def _partition_faults(table: Table, partition: Partition, frame: pl.DataFrame) -> Iterator[str]:
    path = partition.path(table)
    if not frame.equals(frame.sort(table.sort_by, maintain_order=True)):
        yield f"{path}: rows are not sorted by {', '.join(table.sort_by)}"
    if "make" in table.partition_by and not (frame["make"] == partition.make).all():
        yield f"{path}: has rows of another make"
    if "month" in table.partition_by and not (with_month(table, frame)["month"] == partition.month).all():
        yield f"{path}: has rows of another month"


def _standing_faults(house: House) -> Iterator[str]:
    """Whether the current rows are the latest revisions."""
    history = house.tables.read(schemas.SESSION_HISTORY)
    told = house.tables.read(schemas.CHARGE_DAYS)
    standing = sessions.current(
        history, house.vehicles_frame(), house.settings.timezone, days=told, said=house.places.said
    )
    published = house.tables.read(schemas.CHARGE_SESSIONS).sort(schemas.CHARGE_SESSIONS.sort_by)
    # places that were written since are applied by the next run
    aside = places.DECIDED if locating.have_changed(house) else ()
    if not standing.drop(aside).equals(published.drop(aside)):
        yield "charge_sessions: differs from the latest revisions in session_history; `chargelake rebuild` heals it"
    else:
        yield from _cost_faults(house)
        for month in differing_months(house):
            yield f"reconciliation: {month} differs from what sessions and days make; `chargelake rebuild` heals it"
    latest = days.current(house.tables.read(schemas.CHARGE_DAY_HISTORY))
    if not latest.equals(house.tables.read(schemas.CHARGE_DAYS).sort(schemas.CHARGE_DAYS.sort_by)):
        yield "charge_days: differs from the latest revisions in charge_day_history; `chargelake rebuild` heals it"
    for table in (schemas.CHARGE_SCHEDULES, schemas.CLIMATE_STATES):
        if not snapshots.is_sound(table, house.tables.read(table)):
            yield f"{table.name}: a revision is not followed by the one that replaced it; `chargelake rebuild` heals it"


def _cost_faults(house: House) -> Iterator[str]:
    for wanted in settled_months(house):
        kept = [each for each in house.tables.partitions(schemas.SESSION_COSTS) if each.month in wanted]
        costs = house.tables.read(schemas.SESSION_COSTS, kept)
        if not costs_of(house, wanted).equals(costs.sort(schemas.SESSION_COSTS.sort_by)):
            yield f"session_costs: {wanted[0]} to {wanted[-1]} differ from what the rules make; `chargelake rebuild`"


def _sum_faults(house: House) -> Iterator[str]:
    runs = house.runs.table()
    parts = ("records_new", "records_changed", "records_unchanged", "records_quarantined")
    off = runs.filter(pl.col("records_received") != pl.sum_horizontal(parts))
    for row in off.iter_rows(named=True):
        yield f"run {row['run_id']}, {row['stream']}: received records are not the sum of what became of them"
