"""Small months of sessions and costs, and policies that pay for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from lake.schemas import CHARGE_SESSIONS, COST_LINE
from transforms.costs.evidence import KNOWN_DAYS
from transforms.costs.lines import joined, shaped
from transforms.costs.policies import policy_lines
from transforms.rules.policies import Distance, Policy, parse

DIGITS = {"EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3}
START = datetime(2026, 10, 5, 18, 0, tzinfo=UTC)
HEAD = """
id = "{id}"
version = "{version}"
title = "Home charging"
country = "DE"
currency = "{currency}"
valid_from = 2026-01-01
source = "the company's handbook"
source_date = 2025-12-01
"""
RATE = '[[rule]]\nname = "at home"\nkind = "rate_per_kwh"\nplaces = ["home"]\nrate = 0.34\n'
Row = dict[str, Any]


def policy(rules: str = RATE, *, more: str = "", **head: str) -> Policy:
    names = {"id": "home", "version": "2026", "currency": "EUR"} | head
    return parse(HEAD.format(**names) + more + "\n" + rules, frozenset(DIGITS))


def session(number: int = 1, **told: Any) -> Row:
    """A session of 10 kWh at Ada's home on 5 October 2026."""
    started_at = told.get("started_at", START + timedelta(days=number - 1))
    return {
        "session_id": f"s-{number}", "vehicle_id": "v-1", "make": "BMW", "started_at": started_at,
        "ended_at": started_at + timedelta(hours=2), "timezone": "Europe/Berlin", "local_date": started_at.date(),
        "energy_kwh": 10.0, "place": "home", "place_name": "Ada's home", "status": "complete", "revision": 1,
        "raw_ref": f"a#{number}/0", "driver": "Ada", "cost_centre": "CC1",
    } | told  # fmt: skip


def frame(rows: list[Row]) -> pl.DataFrame:
    people = {"driver": pl.String, "cost_centre": pl.String}
    return pl.DataFrame(rows, schema={**CHARGE_SESSIONS.schema, **people}, orient="row")


def cost(number: int = 1, amount: str | None = "4.00", **told: Any) -> Row:
    """A line by tariff of a session."""
    row = {key: value for key, value in session(number).items() if key not in {"ended_at", "energy_kwh", "status"}}
    priced = {"amount": None if amount is None else Decimal(amount), "currency": "EUR" if amount else None}
    more = {"basis": "tariff", "component": "energy", "rule_id": "t", "rule_version": "1", "rule_name": "flat"}
    energy = {"kwh_priced": 10.0, "kwh_unpriced": 0.0} if amount else {"kwh_priced": 0.0, "kwh_unpriced": 10.0}
    return row | more | priced | energy | {"amount_is": "gross", "reason": None if amount else "no_price"} | told


def cost_lines(rows: list[Row]) -> pl.DataFrame:
    known = {name: dtype for name, dtype in COST_LINE.items() if rows and name in rows[0]}
    return shaped(pl.DataFrame(rows, known | {"revision": pl.Int32}, orient="row")) if rows else joined([])


def known(days: int = 31, of: int = 31, vehicle: str = "v-1", month: str = "2026-10") -> pl.DataFrame:
    return pl.DataFrame([(vehicle, month, days, of)], schema=KNOWN_DAYS, orient="row")


def lines(
    sessions: list[Row],
    *policies: Policy,
    costs: list[Row] | None = None,
    distances: tuple[Distance, ...] = (),
    known_days: pl.DataFrame | None = None,
) -> pl.DataFrame:
    days = KNOWN_DAYS.to_frame() if known_days is None else known_days
    return policy_lines(frame(sessions), cost_lines(costs or []), policies, distances, days, DIGITS)


def told(found: pl.DataFrame) -> list[tuple[str, str | None]]:
    """Component and amount, or reason, of each line."""
    return [
        (row["component"], str(row["amount"].normalize()) if row["amount"] is not None else row["reason"])
        for row in found.iter_rows(named=True)
    ]
