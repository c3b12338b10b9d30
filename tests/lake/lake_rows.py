"""Rows to publish, with defaults."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from lake.schemas import CHARGE_SESSIONS, RUNS, VEHICLES, Table
from lake.tables import Partition, with_month

NOW = datetime(2026, 11, 5, 6, 12, tzinfo=UTC)
TESLA_OCTOBER = Partition("TESLA", "2026-10")
TESLA_NOVEMBER = Partition("TESLA", "2026-11")
BMW_OCTOBER = Partition("BMW", "2026-10")


def session(number: int = 1, **told: Any) -> dict[str, Any]:
    """A Tesla session that was billed: from 08:00 on the 7th of October 2026, 10 kWh for 4.20 EUR."""
    started_at = told.get("started_at", datetime(2026, 10, 7, 8, tzinfo=UTC))
    known = {
        "session_id": f"s-{number}", "vehicle_id": "007", "make": "TESLA", "model": "Model 3",
        "started_at": started_at, "ended_at": started_at + timedelta(hours=1), "timezone": "UTC",
        "local_date": started_at.date(), "energy_kwh": 10.0, "place": "public", "place_method": "billing",
        "billed_energy": Decimal("4.20"), "billed_other": Decimal(0), "billed_total": Decimal("4.20"),
        "currency": "EUR", "status": "complete", "flags": [], "source": "smartcar_v2", "source_record_id": "0042",
        "revision": 1, "first_seen_at": NOW, "last_changed_at": NOW, "run_id": "run-1", "raw_ref": "a#00000/0",
    }  # fmt: skip
    return dict.fromkeys(CHARGE_SESSIONS.schema) | known | told


def vehicle(name: str = "007") -> dict[str, Any]:
    known = {"vehicle_id": name, "make": "TESLA", "last_good_day": date(2026, 11, 4), "whose_move": "nobody"}
    return dict.fromkeys(VEHICLES.schema) | known


def run(number: int) -> dict[str, Any]:
    known = {"run_id": f"run-{number}", "command": "run", "started_at": NOW, "stream": "bmw_records", "drift": ["x"]}
    return dict.fromkeys(RUNS.schema, 0) | known | {"finished_at": None}


def frame(*rows: dict[str, Any], table: Table = CHARGE_SESSIONS) -> pl.DataFrame:
    """The rows as the publisher takes them."""
    found = pl.DataFrame(list(rows), schema=table.schema, orient="row")
    return with_month(table, found) if table.month_of else found


def in_november(number: int, **told: Any) -> dict[str, Any]:
    return session(number, started_at=datetime(2026, 11, 1, 0, 30, tzinfo=UTC), **told)
