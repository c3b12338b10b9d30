"""Who has which vehicle, and on whose account: `assignments.csv`, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from transforms.rules.reading import BadRule, rows

COLUMNS: Final = ("vehicle", "driver", "cost_centre", "valid_from", "valid_to")
_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Assignment:
    """A vehicle, who drives it, and the cost centre it is on, for some local days.

    Attributes:
        vehicle_id: Smartcar's id.
        driver: Who has the vehicle; None: nobody is named, as of a pool car.
        cost_centre: Who bears its costs; None: nobody is named.
        valid_from: First local day.
        valid_to: Last local day; None: until further notice.
        line: Line of the file.
    """

    vehicle_id: str
    driver: str | None
    cost_centre: str | None
    valid_from: date
    valid_to: date | None
    line: int


def parse(text: str, vehicle_ids: Mapping[str, str] = _NO_NAMES) -> tuple[Assignment, ...]:
    """The assignments of an `assignments.csv`, by vehicle and day.

    Args:
        text: The file: vehicle, driver, cost_centre, valid_from, valid_to; `valid_to` may be empty.
        vehicle_ids: Ids by the names that pages show; what is not among them is taken as an id.

    Raises:
        BadRule: A line cannot be used, or two of one vehicle share a day; the line names both.
    """
    found = [_assignment(line, row, vehicle_ids) for line, row in rows(text, COLUMNS)]
    ordered = sorted(found, key=lambda each: (each.vehicle_id, each.valid_from, each.line))
    for one, other in pairwise(ordered):
        if one.vehicle_id == other.vehicle_id and other.valid_from <= (one.valid_to or date.max):
            first, second = sorted((one.line, other.line))
            raise BadRule(
                f"lines {first} and {second} give one vehicle to two on {other.valid_from}; end one before the other"
            )
    return tuple(ordered)


def _assignment(line: int, row: dict[str, str], vehicle_ids: Mapping[str, str]) -> Assignment:
    if not row["vehicle"]:
        raise BadRule(f"line {line}: vehicle is empty; give its id or its name on pages")
    if not row["driver"] and not row["cost_centre"]:
        raise BadRule(f"line {line}: it names neither a driver nor a cost_centre; give one, or leave out the line")
    since, until = _day(line, "valid_from", row["valid_from"]), _last_day(line, row["valid_to"])
    if until is not None and until < since:
        raise BadRule(f"line {line}: valid_to {until} is before valid_from {since}")
    vehicle = vehicle_ids.get(row["vehicle"], row["vehicle"])
    return Assignment(vehicle, row["driver"] or None, row["cost_centre"] or None, since, until, line)


def _last_day(line: int, text: str) -> date | None:
    return _day(line, "valid_to", text) if text else None


def _day(line: int, column: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRule(f"line {line}: {column} {text!r} is not a day such as 2026-10-31") from None
