"""Small lakes for the tests of reports: rows with defaults, published as a run publishes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, COMPLETENESS, QUARANTINE, RUNS, VEHICLES, Table
from lake.store import LocalStore
from lake.tables import Tables, partition_of, with_month

NOW = datetime(2026, 10, 3, 6, 12, tzinfo=UTC)
_TOLD = {"revision": 1, "first_seen_at": NOW, "last_changed_at": NOW, "run_id": "run-1", "raw_ref": "raw/a#1"}


def lake(home: Path, **rows: list[dict[str, Any]]) -> Tables:
    """A lake with these rows, by name of the table."""
    tables = Tables(LocalStore(home))
    known = {table.name: table for table in (CHARGE_DAYS, CHARGE_SESSIONS, COMPLETENESS, QUARANTINE, RUNS, VEHICLES)}
    for name, of_table in rows.items():
        publish(tables, known[name], of_table)
    return tables


def publish(tables: Tables, table: Table, rows: list[dict[str, Any]]) -> None:
    full = pl.DataFrame(rows, schema=table.schema, orient="row")
    frame = with_month(table, full) if table.month_of else full
    tables.publish(table, frame, [partition_of(table, row) for row in frame.iter_rows(named=True)])


def session(number: int, **told: Any) -> dict[str, Any]:
    """A complete BMW session of 10 kWh on the Monday 2026-09-07 at 08:00 UTC."""
    started_at = told.get("started_at", datetime(2026, 9, 7, 8, 0, tzinfo=UTC))
    default = dict.fromkeys(CHARGE_SESSIONS.schema) | {
        "session_id": f"session-{number}",
        "vehicle_id": "vehicle-1",
        "make": "BMW",
        "model": "i4",
        "started_at": started_at,
        "ended_at": started_at + timedelta(hours=1),
        "timezone": "UTC",
        "local_date": started_at.date(),
        "energy_kwh": 10.0,
        "charger_type": "AC",
        "place": "unknown",
        "status": "complete",
        "flags": [],
        "source": "smartcar_v2",
    }
    return default | _TOLD | told


def bill(number: int, total: str | None, currency: str, **told: Any) -> dict[str, Any]:
    """A session with a bill; without a total, a part of the bill is not known."""
    amount = None if total is None else Decimal(total)
    return session(number, billed_energy=amount, billed_total=amount, currency=currency, **told)


def day(on: date, **told: Any) -> dict[str, Any]:
    """A Tesla's day of 12 kWh at home."""
    energy = {"home_kwh": 12.0, "other_kwh": 0.0, "supercharger_kwh": 0.0, "total_kwh": 12.0}
    return {"vehicle_id": "vehicle-2", "make": "TESLA", "day": on, "flags": []} | energy | _TOLD | told


def known(on: date, state: str = "collected", **told: Any) -> dict[str, Any]:
    """What is known of a day of BMW's records."""
    row = {"vehicle_id": "vehicle-1", "make": "BMW", "stream": "bmw_records", "day": on, "state": state, "as_of": NOW}
    return row | told


def vehicle(vehicle_id: str = "vehicle-1", **told: Any) -> dict[str, Any]:
    """A BMW that nobody has to do anything for."""
    row = {"vehicle_id": vehicle_id, "make": "BMW", "model": "i4", "year": 2024, "timezone": "UTC", "owner_id": "o"}
    more = {"consented_at": NOW, "last_good_day": None, "days_known": 0, "days_unknown": 0}
    return row | more | {"whose_move": "nobody", "what_to_do": None} | told


def refused(reason: str, **told: Any) -> dict[str, Any]:
    """A record in quarantine."""
    row = {"received_at": NOW, "run_id": "run-1", "source": "smartcar_v2", "stream": "bmw_records"}
    return row | {"vehicle_id": "v", "reason": reason, "detail": "d", "record": "{}", "raw_ref": "raw/a#1/0"} | told


def run(run_id: str, stream: str = "bmw_records", **told: Any) -> dict[str, Any]:
    """A run that received one new record of a stream."""
    row = {"run_id": run_id, "command": "run", "stream": stream, "requests": 2, "records_received": 1, "drift": []}
    counts = {"records_new": 1, "records_changed": 0, "records_unchanged": 0, "records_quarantined": 0}
    return row | {"started_at": NOW, "finished_at": NOW + timedelta(minutes=3)} | counts | told
