"""What is said of the figures of the parity report: one sentence a make, that the person who decides can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from reports import wording
from reports.parity import MakeParity
from transforms.parity import AMOUNTS, KWH, SECONDS, TIMES

READY: Final = "ready"
LOOK: Final = "look"
NOTHING: Final = "nothing"

NEEDED: Final = ("ended_at", "energy_kwh", *AMOUNTS, "currency")
"""Fields that v3 must tell wherever v2.0 does, before anybody pays or plans by v3 alone."""

_MINUTE: Final = 60

LABELS: Final = {
    "started_at": "Start",
    "ended_at": "End",
    "energy_kwh": "Energy",
    "soc_start_pct": "State of charge at start",
    "soc_end_pct": "State of charge at end",
    "billed_energy": "Billed for energy",
    "billed_other": "Billed for other",
    "billed_total": "Billed in all",
    "currency": "Currency",
    "charger_type": "Kind of current",
    "connector_type": "Connector",
    "is_public": "Public charger",
    "place": "Kind of place",
    "location_name": "Name of the place",
    "address": "Address",
    "latitude": "Latitude",
    "longitude": "Longitude",
}
"""Fields by the words of the page, in its order."""


def readiness(of: MakeParity) -> str:
    """`ready`, `look` (at something first) or `nothing` (to compare).

    A make is ready only where something was compared, of every vehicle, and v3 tells all that is needed of it.
    """
    if not of.both + len(of.only_v2):
        return NOTHING
    is_open = of.only_v2 or of.vehicles_without_common_day or _untold(of, NEEDED) or _money(of)
    return LOOK if is_open else READY


def verdict(of: MakeParity) -> str:
    """One sentence that says what v3 tells of what v2.0 tells, and what to do."""
    if readiness(of) == NOTHING:
        return (
            f"v2.0 tells no session of {_cars(of)} on a day that both know, so nothing is proved yet: collect through "
            "both for some days more, and ask again."
        )
    do = "it can switch." if readiness(of) == READY else "look at that before it switches."
    return "; ".join([_told(of), *_distances(of), *_findings(of), do])


def as_json(makes: Sequence[MakeParity]) -> list[dict[str, Any]]:
    """All figures by make, with the verdict; times UTC, differences in the units that stand beside them."""
    return [{"readiness": readiness(each), "verdict": verdict(each)} | asdict(each) for each in makes]


def apart(value: Decimal, unit: str) -> str:
    """A difference for a person: `45 s`, `1.8 min`, `0.31 kWh`, `2 points`, `0.01 EUR`; never rounded to nothing."""
    if unit == SECONDS:
        return f"{value:.0f} s" if value < _MINUTE else f"{value / _MINUTE:.1f} min"
    if unit == KWH:
        return f"{_short(value)} kWh"
    if unit in {"points", "°"}:
        return f"{_short(value)} {unit}"
    written = wording.money(value, unit)
    return written if Decimal(written.split()[0].replace(",", "")) == value else f"{value.normalize():f} {unit}"


def _short(value: Decimal) -> str:
    """At most two decimals; a value too small for them keeps its own."""
    rounded = round(value, 2)
    return f"{(rounded or value).normalize():f}"


def _cars(of: MakeParity) -> str:
    return wording.counted(of.vehicles, f"{of.make} vehicle", f"{of.make} vehicles")


def _sessions(number: int) -> str:
    return wording.counted(number, "session", "sessions")


def _told(of: MakeParity) -> str:
    missing = len(of.only_v2)
    all_of_v2 = of.both + missing
    if not missing:
        return f"v3 tells {'all ' * (all_of_v2 > 1)}{_sessions(all_of_v2)} of {_cars(of)} that v2.0 tells"
    are = f"{missing:,} {'is' if missing == 1 else 'are'} missing in v3 and listed"
    near = len({each.session_id_v2 for each in of.near_misses})
    but = f", but v3 tells {'one' if near == 1 else 'ones'} within half an hour of {near:,}" * bool(near)
    return f"v3 tells {of.both:,} of the {_sessions(all_of_v2)} of {_cars(of)} that v2.0 tells: {are}{but}"


def _distances(of: MakeParity) -> list[str]:
    """How far times and energies are apart at most, where any were compared."""
    said = []
    for name, fields, unit in (("times", TIMES, SECONDS), ("energies", ("energy_kwh",), KWH)):
        compared = [each for each in of.fields if each.field in fields and each.agree + each.differ]
        largest = max((spread.largest for each in compared for spread in each.spreads), default=None)
        if compared:
            said.append(f"{name} are equal" if largest is None else f"{name} differ by at most {apart(largest, unit)}")
    return said


def _findings(of: MakeParity) -> list[str]:
    """Amounts, what v3 does not tell, what it tells besides, and vehicles that were not compared."""
    equal = any(each.agree for each in of.fields if each.field in AMOUNTS)
    said = _money(of) or ["amounts are equal"] * equal
    if untold := _untold(of, tuple(LABELS)):
        said.append(f"v3 does not always tell what v2.0 does of: {', '.join(untold)}")
    if more := len(of.only_v3):
        said.append(f"v3 tells {_sessions(more)} that v2.0 does not")
    if count := of.vehicles_without_common_day:
        said.append(f"{wording.counted(count, 'vehicle has', 'vehicles have')} no day that both know")
    return said


def _untold(of: MakeParity, among: Sequence[str]) -> list[str]:
    """Fields that v2.0 alone tells of a session told by both."""
    return [LABELS[each.field].lower() for each in of.fields if each.only_v2 and each.field in among]


def _money(of: MakeParity) -> list[str]:
    """What is said of amounts that are not the same; nothing if all are."""
    largest: dict[str, Decimal] = {}
    for spread in (spread for each in of.fields if each.field in AMOUNTS for spread in each.spreads):
        largest[spread.unit] = max(spread.largest, largest.get(spread.unit, Decimal(0)))
    at_most = ", ".join(apart(value, unit) for unit, value in sorted(largest.items()))
    differ = f"amounts of {_sessions(of.amounts_differ)} differ by at most {at_most}" * bool(of.amounts_differ)
    other = f"amounts of {_sessions(of.other_currency)} are in two currencies" * bool(of.other_currency)
    return [each for each in (differ, other) if each]
