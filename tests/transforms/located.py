"""Sessions and days of one kind, to decide places of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS

NOON = datetime(2026, 10, 10, 12, tzinfo=UTC)
HOUSE = {"latitude": 48.1372, "longitude": 11.5756}


def session(session_id: str = "s1", **told: Any) -> dict[str, Any]:
    """A session of an hour at noon UTC of which no place is told."""
    started_at = told.get("started_at", NOON)
    local = started_at.date()
    return {
        "session_id": session_id, "vehicle_id": "v1", "make": "TESLA", "tellings": [session_id],
        "started_at": started_at, "ended_at": started_at + timedelta(hours=1), "timezone": "UTC", "local_date": local,
        "energy_kwh": 10.0, "place": "unknown", "status": "complete", "flags": [], "sources": ["smartcar_v3"],
    } | told  # fmt: skip


def sessions(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of `charge_sessions`."""
    return pl.DataFrame(list(rows), schema=CHARGE_SESSIONS.schema, orient="row")


TENTH = NOON.date()


def day(day: date = TENTH, vehicle_id: str = "v1", **kwh: float | None) -> dict[str, Any]:
    """A day of zeros but for what is told."""
    energies = {f"{name}_kwh": kwh.get(name, 0.0) for name in ("home", "other", "supercharger")}
    total = sum(each or 0.0 for each in energies.values())
    return {"vehicle_id": vehicle_id, "make": "TESLA", "day": day, **energies, "total_kwh": total, "flags": []}


def days(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of `charge_days`."""
    return pl.DataFrame(list(rows), schema=CHARGE_DAYS.schema, orient="row")
