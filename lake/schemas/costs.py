"""Tables of what sessions cost, who pays, and whether it adds up. They are made of sessions and of dated rules."""

from __future__ import annotations

from typing import Final

import polars as pl

from lake.schemas.columns import MONEY, TEXTS, UTC, VEHICLE, Column, Table

PRICE: Final = pl.Decimal(18, 9)
PARTS: Final = pl.List(
    pl.Struct({"from": UTC, "until": UTC, "kwh": pl.Float64, "band": pl.String, "price_per_kwh": PRICE})
)

_LINE = (
    Column("line_id", pl.String, "Stable as long as session, basis, component and rule are the same."),
    Column(
        "session_id", pl.String, "The session; null for what is owed by the month (`monthly_base`, `flat_sum`, `cap`)."
    ),
    *VEHICLE,
    Column("started_at", UTC, "Start of the session; noon of the month's first day, local, for what is owed by it."),
    Column("timezone", pl.String, "IANA zone of the vehicle, or the configured default where its own is unknown."),
    Column("local_date", pl.Date, "The day of `started_at` in `timezone`."),
    Column("place", pl.String, "`home`, `work`, `public` or `unknown`, as in `charge_sessions`."),
    Column("place_name", pl.String, "Name of the place of yours, as in `charge_sessions`."),
    Column("driver", pl.String, "Who had the vehicle when it started, by `assignments.csv`; null if nobody is named."),
    Column("cost_centre", pl.String, "Cost centre of that assignment, or null."),
    Column("basis", pl.String, "`billed`: as it was billed; `tariff`: by a tariff; `policy`: what is reimbursed."),
    Column("component", pl.String, "What the amount is for; each is explained below."),
    Column("rule_id", pl.String, "Tariff or policy; null for bills and for what no rule prices."),
    Column("rule_version", pl.String, "Its version; null with `rule_id`."),
    Column(
        "rule_name",
        pl.String,
        "The rule within the tariff or policy; of a bill its column in `charge_sessions`; else null.",
    ),
    Column(
        "amount", MONEY, "In `currency`: as billed, or rounded to its digits, a half away from 0; null if not priced."
    ),
    Column("currency", pl.String, "ISO 4217 code of `amount`; null with it."),
    Column(
        "amount_is",
        pl.String,
        "`gross`: tax is in it; `net`: it is not; `tax`: it is tax; null: not told, as of bills.",
    ),
    Column("tax_rate_pct", MONEY, "Tax rate, percent 0..100; null if not told."),
    Column("priced_from", UTC, "Begin of what this line prices; null where it is no interval."),
    Column("priced_until", UTC, "End of it."),
    Column(
        "kwh_priced",
        pl.Float64,
        "Energy that this line prices, kWh; 0 where the amount is not for energy, null if it is not told.",
    ),
    Column("kwh_unpriced", pl.Float64, "Energy that no rule prices, kWh; null if the energy is not known."),
    Column("parts", PARTS, "Of energy by tariff: each interval of one price, with its energy; null elsewhere."),
    Column(
        "state",
        pl.String,
        "Of the session on this basis: `complete`; `partial`: some of it has no price; `unpriced`: none has.",
    ),
    Column("reason", pl.String, "Why this line has no amount; each is explained below. Null if it has."),
    Column("session_revision", pl.Int32, "Revision of the session that was priced; null with `session_id`."),
    Column("raw_ref", pl.String, "The landed answer of that revision; null with `session_id`."),
)
_REPORTING = (
    Column("reporting_amount", MONEY, "`amount` × `fx_reporting_per_eur` ÷ `fx_per_eur`, rounded; null without rate."),
    Column("reporting_currency", pl.String, "The configured reporting currency."),
    Column("fx_rate", PRICE, "Units of `currency` for one of `reporting_currency`'s, 9 decimals; null if not known."),
    Column("fx_date", pl.Date, "The day the rate was published for: `local_date`, or the last one before it."),
    Column("fx_source", pl.String, "Who published it; `same currency` where nothing was converted."),
    Column("fx_per_eur", PRICE, "Units of `currency` for one euro, as published; null where nothing was converted."),
    Column("fx_reporting_per_eur", PRICE, "Units of `reporting_currency` for one euro, as published that day."),
)
_CARBON = (
    Column("co2_g", pl.Float64, "Grams of CO2 of the session's energy, on one line of it; null if not known."),
    Column("co2_source", pl.String, "The series or factor it is from; where `co2_g` is null, `missing: ` and what is."),
)

COST_LINE: Final = pl.Schema({column.name: column.dtype for column in _LINE})
"""A cost line before it is converted and its CO2 is told."""

SESSION_COSTS: Final = Table(
    "session_costs",
    "One row a cost line of a session. Add amounts of one basis and one currency only. Each session that is still told "
    "has a line, one without an amount if nothing prices it.",
    (*_LINE, *_REPORTING, *_CARBON),
    ("make", "month"),
    "started_at",
    ("vehicle_id", "started_at", "session_id", "line_id"),
)

RECONCILIATION: Final = Table(
    "reconciliation",
    "One row a thing that was compared or looks wrong: Tesla's days against bills and sessions, and audit flags.",
    (
        Column("item_id", pl.String, "Stable as long as kind, vehicle, day and sessions are the same."),
        Column("kind", pl.String, "What was compared, or which audit flag; each is explained below."),
        *VEHICLE,
        Column("driver", pl.String, "Who had the vehicle, by `assignments.csv`, or null."),
        Column("day", pl.Date, "The day, in the vehicle's zone."),
        Column("session_ids", TEXTS, "The sessions it is about, sorted."),
        Column(
            "state",
            pl.String,
            "`matched`; `unbilled` (a day with no bill); `billed_only` (a bill, and no energy that day); `difference`; "
            "`no_session` and `session_only` (the same of sessions, which need not all be told); `not_compared` (a "
            "side is not known); `flagged` (of audit flags).",
        ),
        Column("expected", pl.Float64, "What one side says, in `unit`; null if it says nothing."),
        Column("found", pl.Float64, "What the other side says, in `unit`; null if it says nothing."),
        Column("difference", pl.Float64, "`found` - `expected`, where both are known."),
        Column("tolerance", pl.Float64, "How far apart they may be, or the threshold of the flag."),
        Column("unit", pl.String, "`kWh`, `%`, `km/h`, `min`, a currency, or a currency a kWh."),
        Column("detail", pl.String, "What it is about, for a person."),
        Column("is_open", pl.Boolean, "Whether somebody should look at it; its age counts from `day`."),
    ),
    ("make", "month"),
    "day",
    ("vehicle_id", "day", "kind", "item_id"),
)
