"""Statements of a month, made of the tables: one for each driver, one for what nobody had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from lake.names import Namer
from lake.reference import currency_digits
from reports.statements.model import (
    Remark,
    StatedCorrection,
    StatedLine,
    StatedSession,
    Statement,
    Total,
    UnknownDays,
)
from transforms.months import month_of
from transforms.rules.policies import Policy

_KNOWN: Final = ("collected", "confirmed_empty")
_SUMS: Final = ("cost", "cost_corrected", "reimbursed", "reimbursed_corrected")


@dataclass(frozen=True, slots=True)
class Material:
    """What statements of a month are made of.

    Attributes:
        month: `YYYY-MM`, local.
        made_at: Now (UTC).
        closes: Whether the month is being closed.
        lines: Columns of `lake.schemas.SESSION_COSTS`; lines of other months are left out.
        sessions: Columns of `lake.schemas.CHARGE_SESSIONS` and driver.
        corrections: Columns of `transforms.costs.correcting.CORRECTION` that this month's statements carry.
        completeness: Columns of `lake.schemas.COMPLETENESS`.
        remarks: Columns of `lake.schemas.RECONCILIATION`.
        held: Columns vehicle_id, driver, day: who had which vehicle on the days of the month.
        policies: For their caveats.
        hash_of: SHA-256 of the landed answer of a raw_ref; None if it is not there.
        names: What pages call a vehicle.
    """

    month: str
    made_at: datetime
    closes: bool
    lines: pl.DataFrame
    sessions: pl.DataFrame
    corrections: pl.DataFrame
    completeness: pl.DataFrame
    remarks: pl.DataFrame
    held: pl.DataFrame
    policies: Sequence[Policy]
    hash_of: Callable[[str], str | None]
    names: Namer


def drivers(material: Material) -> list[str | None]:
    """Those of whom there is anything to say in the month, by name; None last, where nobody had a vehicle."""
    parts = (
        _of_month(material.lines, material.month),
        material.corrections,
        _of_month(material.sessions, material.month),
    )
    named: set[str | None] = {name for part in parts for name in part["driver"].unique()}
    named |= set(material.held["driver"].drop_nulls())
    return sorted(named, key=lambda name: (name is None, name or ""))


def statement(material: Material, driver: str | None) -> Statement:
    """The statement of a driver; of what nobody had, for None."""
    lines = _of(_of_month(material.lines, material.month), driver).sort("started_at", "session_id", "basis", "line_id")
    corrected = _of(material.corrections, driver).sort("started_at", "session_id", "basis", "line_id", "currency")
    sessions = _of(_of_month(material.sessions, material.month), driver).filter(pl.col("status") != "vanished")
    held = _held(material, sessions, driver)
    policy = (lines["basis"] == "policy") & lines["amount"].is_null()
    unpriced = lines.filter((pl.col("basis") != "policy") & pl.col("reason").is_not_null())
    return Statement(
        month=material.month,
        driver=driver,
        made_at=material.made_at,
        closes=material.closes,
        sessions=[_session(row, material) for row in _rows(sessions.sort("started_at", "session_id"))],
        lines=[_line(row, material.names) for row in _rows(lines)],
        corrections=[_correction(row, material.names) for row in _rows(corrected)],
        totals=_totals(lines, corrected),
        unknown_days=_unknown(material, held),
        remarks=_remarks(material, held),
        not_paid=dict(sorted(Counter(lines.filter(policy)["reason"].drop_nulls()).items())),
        not_priced=unpriced["session_id"].drop_nulls().n_unique(),
        caveats=_caveats([lines, corrected], material.policies),
    )


def _of(frame: pl.DataFrame, driver: str | None) -> pl.DataFrame:
    return frame.filter(pl.col("driver").eq_missing(pl.lit(driver, pl.String)))


def _of_month(frame: pl.DataFrame, month: str) -> pl.DataFrame:
    return frame.filter(month_of("local_date") == month)


def _rows(frame: pl.DataFrame) -> Iterable[dict[str, Any]]:
    return frame.iter_rows(named=True)


def _session(row: Mapping[str, Any], material: Material) -> StatedSession:
    local = row["started_at"].astimezone(ZoneInfo(row["timezone"]))
    own: dict[str, Any] = {
        "vehicle": material.names(row["vehicle_id"]),
        "local_start": f"{local:%Y-%m-%d %H:%M}",
        "energy_source": row["sources"] or [row["source"]],
        "answer_sha256": material.hash_of(row["raw_ref"]),
    }
    return StatedSession(**own, **{name: row[name] for name in StatedSession.__struct_fields__ if name not in own})


def _line(row: Mapping[str, Any], names: Namer) -> StatedLine:
    own: dict[str, Any] = {
        "vehicle": names(row["vehicle_id"]),
        "amount": _money(row["amount"], row["currency"]),
        "tax_rate_pct": _money(row["tax_rate_pct"]),
    }
    return StatedLine(**own, **{name: row[name] for name in StatedLine.__struct_fields__ if name not in own})


def _correction(row: Mapping[str, Any], names: Namer) -> StatedCorrection:
    own: dict[str, Any] = {name: _money(row[name], row["currency"]) for name in ("stated", "stands", "amount")}
    own["vehicle"] = names(row["vehicle_id"])
    return StatedCorrection(
        **own, **{name: row[name] for name in StatedCorrection.__struct_fields__ if name not in own}
    )


def _money(value: Decimal | None, currency: str | None = None) -> Decimal | None:
    """With the digits of its currency, or as many more as it has."""
    if value is None:
        return None
    plain = value.normalize()
    digits = currency_digits().get(currency or "", 0)
    return plain.quantize(Decimal(1).scaleb(min(-digits, int(plain.as_tuple().exponent))))


def _totals(lines: pl.DataFrame, corrected: pl.DataFrame) -> list[Total]:
    sums: dict[str, dict[str, Decimal]] = {}
    for frame, suffix in ((lines, ""), (corrected, "_corrected")):
        for basis, currency, amount in frame.select("basis", "currency", "amount").drop_nulls("amount").iter_rows():
            name = ("reimbursed" if basis == "policy" else "cost") + suffix
            of = sums.setdefault(currency, dict.fromkeys(_SUMS, Decimal(0)))
            of[name] += amount
    return [_total(currency, of) for currency, of in sorted(sums.items())]


def _total(currency: str, of: Mapping[str, Decimal]) -> Total:
    to_pay = of["reimbursed"] + of["reimbursed_corrected"]
    shown: dict[str, Any] = {name: _money(value, currency) for name, value in {**of, "to_pay": to_pay}.items()}
    return Total(currency=currency, **shown)


def _held(material: Material, sessions: pl.DataFrame, driver: str | None) -> pl.DataFrame:
    """The days on which the driver had each vehicle; of nobody: the whole month of the vehicles that charged."""
    if driver is not None:
        return material.held.filter(pl.col("driver") == driver).select("vehicle_id", "day")
    days = material.held.select("day").unique()
    return sessions.select("vehicle_id").unique().join(days, how="cross").join(
        material.held.filter(pl.col("driver").is_not_null()), on=["vehicle_id", "day"], how="anti"
    )  # fmt: skip


def _unknown(material: Material, held: pl.DataFrame) -> list[UnknownDays]:
    """Days of theirs that are not known, and those that nothing is said of yet."""
    told = held.join(material.completeness.drop("month", strict=False), on=["vehicle_id", "day"], how="left")
    states = told.with_columns(pl.col("state").fill_null("not_asked"), pl.col("stream").fill_null("any"))
    unknown = states.filter(~pl.col("state").is_in(_KNOWN))
    grouped = (
        unknown.sort("day").group_by("vehicle_id", "stream", "state").agg("day").sort("vehicle_id", "stream", "state")
    )
    return [
        UnknownDays(material.names(vehicle), stream, state, days)
        for vehicle, stream, state, days in grouped.iter_rows()
    ]


def _remarks(material: Material, held: pl.DataFrame) -> list[Remark]:
    theirs = material.remarks.filter(pl.col("is_open")).join(held, on=["vehicle_id", "day"], how="semi")
    wanted = theirs.sort("day", "kind", "item_id").select("kind", "vehicle_id", "day", "detail")
    return [
        Remark(kind, material.names(vehicle), day, detail or "") for kind, vehicle, day, detail in wanted.iter_rows()
    ]


def _caveats(parts: Sequence[pl.DataFrame], policies: Sequence[Policy]) -> list[str]:
    rules = pl.concat([part.filter(pl.col("basis") == "policy").select("rule_id", "rule_version") for part in parts])
    used = set(rules.iter_rows())
    said = [
        f"{each.id} ({each.version}): {each.caveat}"
        for each in policies
        if each.caveat and (each.id, each.version) in used
    ]
    return sorted(said)


def days_of(month: str) -> list[date]:
    """The days of a month."""
    first = date.fromisoformat(f"{month}-01")
    return pl.date_range(first, pl.lit(first).dt.month_end(), eager=True).to_list()
