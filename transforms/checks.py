"""What is judged of a record once it is read: what cannot be true, and what is strange but can be.

Each rule is a Polars expression over the columns that `transforms.decode` builds. The first broken rule gives a
record its quarantine reason; marks are gathered into `flags`. Reasons and marks are those of `lake.schemas`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from lake.schemas import TEXTS

MAX_SESSION_KWH: Final = 300.0
"""More than any car's battery holds, losses included."""
MAX_DAY_KWH: Final = 1500.0
"""More than a car can charge in a day at the power of a fast charger and drive off again."""
MAX_POWER_KW: Final = 400.0
PARTS_TOLERANCE_KWH: Final = 0.5
CLOCK_TOLERANCE: Final = timedelta(minutes=15)
"""How far a maker's clock may be ahead of ours."""
ZONE_TOLERANCE: Final = timedelta(days=1)
"""A day is told in the vehicle's zone, up to 14 hours ahead of UTC, and may be told by its last second."""

DAY_ENERGIES: Final = ("home_kwh", "other_kwh", "supercharger_kwh", "total_kwh")


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason for quarantine, when it holds, and a word for a person."""

    reason: str
    broken: pl.Expr
    detail: pl.Expr


def _col(name: str) -> pl.Expr:
    return pl.col(name)


def _told(text: str, *names: str) -> pl.Expr:
    """A sentence with told values in it; a value that was not told reads `nothing`."""
    return pl.format(text, *(_col(name).cast(pl.String).fill_null("nothing") for name in names))


def _not_a_number(names: Sequence[str]) -> Rule:
    """JSON has no NaN and no infinity, but a number in text may spell them."""
    broken = pl.any_horizontal(_col(name).is_finite().not_() for name in names)
    return Rule("bad_type", broken, pl.lit("a number is not finite"))


def _missing(field: str, text: str) -> Rule:
    return Rule("missing_field", _col(text).is_null(), pl.lit(f"{field} is missing or null"))


def _bad_time(field: str, text: str, *read: str) -> Rule:
    unread = pl.all_horizontal(_col(name).is_null() for name in read)
    return Rule("bad_time", _col(text).is_not_null() & unread, _told(f"{field} is '{{}}'", text))


def _energy(names: Sequence[str], most: float) -> tuple[Rule, Rule]:
    told = " ".join(f"{name}: {{}}" for name in names)
    low = pl.any_horizontal(_col(name) < 0 for name in names)
    high = pl.any_horizontal(_col(name) > most for name in names)
    return (
        Rule("negative_energy", low, _told(told, *names)),
        Rule("energy_too_high", high, _told(told + f", at most {most:g} kWh", *names)),
    )


_ANY_AMOUNT: Final = _col("energy_amount").is_not_null() | _col("other_amount").is_not_null()
_BOTH_AMOUNTS: Final = _col("billed_energy").is_not_null() & _col("billed_other").is_not_null()


_FOR_WHAT: Final = {"energy": "energy", "other": "anything else"}


def _amount(part: str) -> tuple[Rule, Rule]:
    fault = _col(f"{part}_fault")
    detail = _told(f"the amount for {_FOR_WHAT[part]} is '{{}}'", f"{part}_amount")
    return (
        Rule("amount_not_a_number", fault == "amount_not_a_number", detail),
        Rule("amount_out_of_range", fault == "amount_out_of_range", detail),
    )


def session_rules() -> tuple[Rule, ...]:
    """What no session can be, by the limits of this module as they are now."""
    return (
        _missing("the start", "start_text"),
        _not_a_number(("energy_kwh", "soc_start", "soc_end")),
        _bad_time("the start", "start_text", "started_at"),
        _bad_time("the end", "end_text", "ended_at"),
        Rule(
            "end_before_start",
            _col("ended_at") < _col("started_at"),
            _told("the end {} is before the start {}", "end_text", "start_text"),
        ),
        Rule(
            "start_in_future",
            _col("started_at") > _col("received_at") + CLOCK_TOLERANCE,
            _told("the start {} is after the answer was received, {}", "start_text", "received_at"),
        ),
        *_energy(("energy_kwh",), MAX_SESSION_KWH),
        *_amount("energy"),
        *_amount("other"),
        Rule(
            "amount_out_of_range",
            _BOTH_AMOUNTS & _col("billed_total").is_null(),
            _told("{} + {} needs more than decimal(18,6)", "energy_amount", "other_amount"),
        ),
        Rule(
            "unknown_currency",
            _ANY_AMOUNT & _col("currency").is_null(),
            _told("the amounts {} and {} have the currency '{}'", "energy_amount", "other_amount", "currency_text"),
        ),
    )


def day_rules() -> tuple[Rule, ...]:
    """What no day can be."""
    return (
        _missing("date", "date_text"),
        _not_a_number(DAY_ENERGIES),
        _bad_time("date", "date_text", "told_at", "told_day"),
        Rule(
            "start_in_future",
            pl.coalesce("told_at", _col("told_day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
            > _col("received_at") + ZONE_TOLERANCE,
            _told("date {} is after the answer was received, {}", "date_text", "received_at"),
        ),
        *_energy(DAY_ENERGIES, MAX_DAY_KWH),
    )


_HOURS: Final = (_col("ended_at") - _col("started_at")).dt.total_microseconds() / 3.6e9
_SOC_RISE: Final = _col("soc_end_pct") - _col("soc_start_pct")


TOLD_FLAGS: Final = ("soc_out_of_range", "unknown_charger_type")
"""The marks that say how a session was told: its row does not show them any more."""


def session_flags() -> Mapping[str, pl.Expr]:
    """The marks of a session as it was told: strange, but possible."""
    told = {
        "soc_out_of_range": (_col("soc_start").is_not_null() & _col("soc_start_pct").is_null())
        | (_col("soc_end").is_not_null() & _col("soc_end_pct").is_null()),
        "unknown_charger_type": _col("charging_type").is_not_null() & _col("charger_type").is_null(),
    }
    return {**row_flags(), **told}


def row_flags() -> Mapping[str, pl.Expr]:
    """The marks that a session's row shows by its columns."""
    return {
        "free_of_charge": (_col("energy_kwh") > 0) & (_col("billed_total") == 0),
        "implausible_power": (_HOURS > 0) & (_col("energy_kwh") > MAX_POWER_KW * _HOURS),
        "incomplete_bill": _col("billed_energy").is_null() != _col("billed_other").is_null(),
        "negative_amount": (_col("billed_energy") < 0) | (_col("billed_other") < 0),
        "no_energy_told": _col("energy_kwh").is_null(),
        "over_24_hours": _col("ended_at") - _col("started_at") > timedelta(hours=24),
        "same_time": _col("ended_at") == _col("started_at"),
        "soc_mismatch": ((_SOC_RISE < 0) & (_col("energy_kwh") > 0)) | ((_SOC_RISE > 0) & (_col("energy_kwh") == 0)),
        "zero_energy": _col("energy_kwh") == 0,
    }


def day_flags() -> Mapping[str, pl.Expr]:
    """The marks of a day."""
    return {
        "all_zero": pl.all_horizontal((_col(name) == 0).fill_null(value=False) for name in DAY_ENERGIES),
        "no_energy_told": _col("total_kwh").is_null(),
        "parts_differ_from_total": (
            _col("home_kwh") + _col("other_kwh") + _col("supercharger_kwh") - _col("total_kwh")
        ).abs()
        > PARTS_TOLERANCE_KWH,
    }


def fault(rules: Sequence[Rule]) -> list[pl.Expr]:
    """Columns `reason` and `detail` of the first broken rule; null for a record that can be true."""
    reasons = pl.coalesce(pl.when(rule.broken).then(pl.lit(rule.reason)) for rule in rules)
    details = pl.coalesce(pl.when(rule.broken).then(rule.detail) for rule in rules)
    return [reasons.alias("reason"), details.alias("detail")]


def marks(flags: Mapping[str, pl.Expr]) -> pl.Expr:
    """Column `flags`: the names of the marks that hold, sorted; an empty list for an ordinary record."""
    held = [pl.when(flags[name]).then(pl.lit(name)) for name in sorted(flags)]
    return pl.concat_list(held).list.drop_nulls().cast(TEXTS).alias("flags")
