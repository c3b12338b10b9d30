"""Tellings of one vehicle by v2.0 and v3, made by hand, and what comparing them finds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from lake.schemas import SESSION_HISTORY
from transforms.parity import KNOWN, V2_SOURCE, V3_SOURCE, Compared, compare

NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)
DAYS = [date(2026, 10, 1) + timedelta(days=n) for n in range(15)]


def telling(source: str, name: str, start: float = 0, end: float | None = 60, **changes: object) -> dict[str, object]:
    """A session as a source tells it, by minutes after noon of 8 October 2026."""
    told = {
        "session_id": f"{source}/{name}",
        "vehicle_id": "v-1",
        "make": "BMW",
        "source": source,
        "started_at": NOON + timedelta(minutes=start),
        "ended_at": None if end is None else NOON + timedelta(minutes=end),
        "energy_kwh": 30.0,
        "status": "ongoing" if end is None else "complete",
        "place": "unknown",
        "flags": [],
        "revision": 1,
    }
    return dict.fromkeys(SESSION_HISTORY.schema) | told | changes


def by_v2(name: str = "a", *times: float, **changes: object) -> dict[str, object]:
    return telling(V2_SOURCE, name, *times, **changes)


def by_v3(name: str = "a", start: float = 0, end: float | None = 60, **changes: object) -> dict[str, object]:
    return telling(V3_SOURCE, name, start, end, **changes)


def bill(total: str, currency: str = "EUR") -> dict[str, object]:
    amount = Decimal(total)
    return {"billed_energy": amount, "billed_other": Decimal(0), "billed_total": amount, "currency": currency}


def days_of(source: str, days: list[date], vehicle_id: str = "v-1") -> pl.DataFrame:
    return pl.DataFrame([(vehicle_id, source, day) for day in days], schema=KNOWN, orient="row")


EVERY_DAY = pl.concat([days_of(V2_SOURCE, DAYS), days_of(V3_SOURCE, DAYS)])


def compared(*tellings: dict[str, object], known: pl.DataFrame = EVERY_DAY, **within: date) -> Compared:
    return compare(pl.DataFrame(tellings, schema=SESSION_HISTORY.schema, orient="row"), known, **within)
