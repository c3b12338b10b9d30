"""Bills that stand one day beside the energy they are for: matched, and not a day unbilled and a bill too many.

Tesla's day is on the clock of the place, and a bill's on that of the vehicle's zone, as far as it is known. Abroad, or
without a zone, a session near midnight has its energy on one day and its bill on the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import polars as pl

_A_DAY: Final = timedelta(days=1)
_PAIR: Final = {"unbilled", "billed_only"}


def paired(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `supercharger_day`, with each such pair as one row of the earlier day.

    Args:
        rows: Columns as `transforms.reconciliation.days.compared` gives them; one row a vehicle and day.

    Returns:
        The same columns. A pair's row has the energy of the one and the bills of the other.
    """
    ordered = rows.sort("make", "vehicle_id", "day")
    told = list(ordered.iter_rows(named=True)) if {*ordered["state"]} >= _PAIR else []
    pairs = list(_pairs(told))
    both = [_one(told[at], told[at + 1]) for at in pairs]
    gone = {at + step for at in pairs for step in (0, 1)}
    kept = ordered.with_row_index("_row").filter(~pl.col("_row").is_in(sorted(gone))).drop("_row")
    return pl.concat([kept, pl.DataFrame(both, schema=rows.schema)])


def _pairs(rows: list[dict[str, Any]]) -> Iterator[int]:
    """Where a pair begins; no row is in two of them."""
    at = 0
    while at + 1 < len(rows):
        if _belong_together(rows[at], rows[at + 1]):
            yield at
            at += 1
        at += 1


def _belong_together(one: dict[str, Any], other: dict[str, Any]) -> bool:
    beside = one["vehicle_id"] == other["vehicle_id"] and other["day"] - one["day"] == _A_DAY
    if not beside or {one["state"], other["state"]} != _PAIR:
        return False
    energy, bills = _sides(one, other)
    apart = abs(float(bills["found"]) - float(energy["expected"]))
    return apart <= max(float(one["tolerance"]), float(other["tolerance"]))


def _sides(one: dict[str, Any], other: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The day with the energy, and the one with the bills."""
    return (one, other) if one["state"] == "unbilled" else (other, one)


def _one(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    energy, bills = _sides(one, other)
    expected, found = float(energy["expected"]), float(bills["found"])
    return one | {
        "session_ids": bills["session_ids"],
        "state": "matched",
        "expected": expected,
        "found": found,
        "difference": found - expected,
        "tolerance": max(float(one["tolerance"]), float(other["tolerance"])),
        "detail": f"{expected:.2f} kWh by the car's day {energy['day']}, {found:.2f} by bills of {bills['day']}",
        "is_open": False,
    }
