"""Costs made month by month are those made of all at once, whatever is owed by the local month."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from priced import DIGITS, HEAD, a_session, sessions, the_tariffs

from tests.tries import tries
from transforms import months
from transforms.costs.table import MARGIN, CostRules, session_costs
from transforms.rules.assignments import Assignment
from transforms.rules.policies import checked
from transforms.rules.policies import parse as policy_of
from transforms.rules.rates import joined

TARIFF = HEAD + "price_per_kwh = 0.30\nmonthly_base_per_vehicle = 9.90\n"
POLICY = """
id = "home"
version = "1"
title = "At home"
country = "DE"
currency = "EUR"
valid_from = 2025-01-01
source = "a test"
source_date = 2025-01-01

[[rule]]
name = "by kWh"
kind = "rate_per_kwh"
rate = 0.40
cap_per_month = 11.00

[[rule]]
name = "for the wallbox"
kind = "flat_sum"
amount = 5.00
"""
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago")


def rules() -> CostRules:
    people = tuple(Assignment(f"v-{at}", f"d-{at % 2}", None, date(2025, 1, 1), None, at) for at in range(3))
    policies = checked([("policies/home.toml", policy_of(POLICY, frozenset({"EUR"})))])
    return CostRules(the_tariffs(TARIFF), joined([]), "EUR", DIGITS, assignments=people, policies=policies)


def drawn(seed: int, number: int) -> pl.DataFrame:
    """Sessions of three vehicles in three zones over half a year, many of them at the turn of months."""
    dice = random.Random(seed)
    rows = []
    for at in range(number):
        turn = (FIRST + timedelta(days=31 * dice.randrange(6))).replace(day=1)
        start = turn + timedelta(hours=dice.choice((-13, -1, 0, 1, 13, 200)), minutes=dice.randrange(60))
        vehicle = dice.randrange(3)
        end = start + timedelta(hours=dice.randrange(1, 30))
        more = {"vehicle_id": f"v-{vehicle}", "make": f"M{vehicle % 2}", "timezone": ZONES[vehicle]}
        rows.append(a_session(start.isoformat(), end.isoformat(), dice.randrange(1, 30), session_id=f"s-{at}", **more))
    frame = sessions(*rows)
    days = [start.astimezone(ZoneInfo(zone)).date() for start, zone in frame.select("started_at", "timezone").rows()]
    return frame.with_columns(pl.Series("local_date", days, pl.Date)).drop("driver", "cost_centre")


@tries(8)
@given(seed=st.integers(0, 10**6), number=st.integers(1, 25))
def test_costs_of_each_month_with_its_margin_are_those_of_all(seed: int, number: int) -> None:
    told, of = drawn(seed, number), rules()
    whole = session_costs(told, of)
    at = told["started_at"].dt.strftime("%Y-%m")
    parts = []
    for month in sorted({months.shifted(each, step) for each in at for step in (-1, 0, 1)}):
        near = [months.shifted(month, step) for step in range(-MARGIN, MARGIN + 1)]
        parts.append(session_costs(told.filter(at.is_in(near)), of).filter(pl.col("month") == month))
    assert pl.concat(parts).sort("line_id").equals(whole.sort("line_id"))
    assert whole["line_id"].is_unique().all()
