"""A small lake made by hand: two vehicles, six sessions, bills, tariffs, a policy, a refund, and things not known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

from lake import schemas
from lake.schemas import Table
from lake.store import open_store
from lake.tables import Tables, with_month

Row = dict[str, object]
TESLA = {"vehicle_id": "v-1", "make": "TESLA", "driver": "Ada", "timezone": "Europe/Berlin"}
BMW = {"vehicle_id": "v-2", "make": "BMW", "timezone": "Europe/Berlin"}
PEAK, OFF_PEAK = Decimal("0.45"), Decimal("0.20")


def lake_at(home: Path) -> Path:
    """Publish the lake under a home, which is returned."""
    tables = Tables(open_store(str(home)))
    for table, rows in ROWS.items():
        frame = pl.DataFrame([_whole(table, row) for row in rows], schema=table.schema, orient="row")
        tables.replace_all(table, with_month(table, frame))
    return home


def _whole(table: Table, row: Row) -> Row:
    told = dict.fromkeys(table.schema) | row
    if told.get("local_date") is None and isinstance(begin := told.get("started_at"), datetime):
        told |= {"local_date": begin.date()} if "local_date" in told else {}
    return told


def at(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def cost(session: str | None, vehicle: Row, start: datetime, amount: str | None, kwh: float, **more: object) -> Row:
    """A cost line; priced in euro unless told otherwise."""
    told: Row = {"session_id": session, "started_at": start, "place": "home", "basis": "tariff", "component": "energy"}
    if amount is None:
        told |= {"kwh_priced": 0.0, "kwh_unpriced": kwh, "state": "unpriced", "reason": "no_tariff"}
    else:
        told |= {"amount": Decimal(amount), "currency": "EUR", "kwh_priced": kwh, "kwh_unpriced": 0.0}
        told |= {"state": "complete"}
    name = f"{session}/{more.get('basis', 'tariff')}/{more.get('component', 'energy')}"
    return vehicle | told | {"line_id": name} | more


def parts(start: datetime, peak: float, off: float) -> list[Row]:
    middle = start + timedelta(hours=1)
    return [
        {"from": start, "until": middle, "kwh": peak, "band": "peak", "price_per_kwh": PEAK},
        {"from": middle, "until": middle + timedelta(hours=1), "kwh": off, "band": "off", "price_per_kwh": OFF_PEAK},
    ]


def session(name: str, vehicle: Row, start: datetime, kwh: float, **more: object) -> Row:
    told: Row = {"session_id": name, "started_at": start, "energy_kwh": kwh, "status": "complete", "place": "home"}
    return (
        {key: vehicle[key] for key in ("vehicle_id", "make", "timezone")} | told | {"revision": 1, "flags": []} | more
    )


def bill(revision: int, total: str) -> Row:
    told = session("s-2", TESLA, at(10, 5), 30, location_name="Ionity A", revision=revision, currency="EUR")
    more = {"billed_total": Decimal(total), "last_changed_at": at(10, 5 + revision), "raw_ref": f"r#{revision}/0"}
    return told | more | {"timezone": None}


BY_TARIFF: Row = {"rule_id": "home", "rule_version": "1", "rule_name": "time of use"}
BY_POLICY: Row = {"basis": "policy", "rule_id": "de-home", "rule_version": "2026", "rule_name": "rate"}
GRAMS: Row = {"co2_g": 3000.0, "co2_source": "a mean"}
MISSING: Row = {"co2_source": "missing: no value from 2026-10-07T10:00Z on (a series)"}
PUBLIC: Row = {"place": "public", "basis": "billed"}

ROWS: dict[Table, list[Row]] = {
    schemas.CHARGE_SESSIONS: [
        session("s-1", TESLA, at(9, 10), 10),
        session("s-2", TESLA, at(10, 5), 30, place="public", location_name="Ionity A"),
        session("s-3", TESLA, at(10, 6), 20, place="public", location_name="Oslo S"),
        session("s-4", BMW, at(10, 7), 12),
        session("s-5", BMW, at(11, 2), 40),
        session("s-6", TESLA, at(11, 1), 5),
    ],
    schemas.SESSION_HISTORY: [bill(1, "18"), bill(2, "15")],
    schemas.SESSION_COSTS: [
        cost("s-1", TESLA, at(9, 10), "3.00", 10, parts=parts(at(9, 10), 4, 6), **BY_TARIFF, **GRAMS),
        cost("s-1", TESLA, at(9, 10), "2.80", 10, **BY_POLICY),
        cost(None, TESLA, at(9, 1), "-1.00", 0, **BY_POLICY | {"component": "cap"}),
        cost("s-2", TESLA, at(10, 5), "15.00", 30, **PUBLIC),
        cost("s-3", TESLA, at(10, 6), "120.00", 20, **PUBLIC, currency="NOK"),
        cost("s-4", BMW, at(10, 7), None, 12, **MISSING),
        cost("s-4", BMW, at(10, 7), None, 0, **BY_POLICY | {"reason": "cost_not_known"}),
        cost("s-5", BMW, at(11, 2), "12.00", 40, **BY_TARIFF),
        cost("s-6", TESLA, at(11, 1), "1.50", 5, **BY_TARIFF),
    ],
    schemas.RECONCILIATION: [
        {"item_id": "1", "kind": "supercharger_day", "vehicle_id": "v-1", "make": "TESLA", "day": date(2026, 10, 5),
         "session_ids": ["s-2"], "state": "unbilled", "is_open": True},
        {"item_id": "2", "kind": "supercharger_day", "vehicle_id": "v-1", "make": "TESLA", "day": date(2026, 10, 6),
         "session_ids": [], "state": "matched", "is_open": False},
    ],
    schemas.COMPLETENESS: [
        {"vehicle_id": "v-2", "make": "BMW", "stream": "bmw_records", "day": date(2026, 10, day), "state": state}
        for day, state in [(1, "outside_window"), (2, "outside_window"), (3, "collected"), (4, "outside_window")]
    ],
    schemas.RUNS: [{"run_id": "r", "started_at": at(11, 3), "stream": "bmw_records"}],
}  # fmt: skip
