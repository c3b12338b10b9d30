"""The headline figures of a page: what, how much, and of what it consists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reports import wording
from reports.figures import Billed, DailyEnergy, Sessions, Summary

_MOST_CURRENCIES: Final = 4
_GLUE: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure.

    Attributes:
        values: One line each; several currencies are several lines.
        note: What it consists of, or why it is not known.
        alert: Whether somebody should look at it.
    """

    label: str
    values: tuple[str, ...]
    note: str
    alert: bool = False


def tiles(summary: Summary) -> tuple[Tile, ...]:
    """The headline figures of a summary."""
    return (
        _vehicles(summary),
        _sessions(summary.sessions, summary.told_by_both),
        _session_energy(summary.sessions),
        _daily_energy(summary.daily),
        _billed(summary.billed),
        _days(summary),
        _waiting(summary),
        _quarantined(summary),
    )


def _vehicles(summary: Summary) -> Tile:
    if not summary.vehicles:
        return Tile("Vehicles", (wording.NOT_TOLD,), "no vehicle is on record")
    number = sum(each.vehicles for each in summary.vehicles)
    by_make = [f"{each.make}{_GLUE}{each.vehicles:,}" for each in summary.vehicles]
    return Tile("Vehicles", (wording.count(number),), " · ".join([*by_make, *map(str, summary.seen_by)]))


def _sessions(sessions: Sequence[Sessions], told_by_both: int) -> Tile:
    if not sessions:
        return Tile("Sessions", ("none known",), "no session was told yet")
    complete, ongoing = sum(each.complete for each in sessions), sum(each.ongoing for each in sessions)
    vanished = sum(each.vanished for each in sessions)
    note = f"{complete:,} complete · {ongoing:,} ongoing" + f" · {vanished:,} vanished, not counted" * bool(vanished)
    note += f" · {told_by_both:,} told by v2.0 and v3, each counted once" * bool(told_by_both)
    return Tile("Sessions", (wording.count(complete + ongoing),), note)


def _session_energy(sessions: Sequence[Sessions]) -> Tile:
    told = [each.kwh for each in sessions if each.kwh is not None]
    if not told:
        return Tile("Energy of sessions", (wording.NOT_TOLD,), "no session tells an energy")
    by_make = [f"{each.make}{_GLUE}{wording.kwh(each.kwh)}" for each in sessions]
    return Tile("Energy of sessions", (f"{wording.kwh(sum(told))} kWh",), " · ".join(by_make))


def _daily_energy(daily: Sequence[DailyEnergy]) -> Tile:
    label = "Daily energy, Tesla"
    told = [each.total_kwh for each in daily if each.total_kwh is not None]
    if not told:
        return Tile(label, (wording.NOT_TOLD,), "no vehicle tells its days")
    places = {
        "home": [each.home_kwh for each in daily],
        "other": [each.other_kwh for each in daily],
        "Supercharger": [each.supercharger_kwh for each in daily],
    }
    note = [f"{place} {wording.kwh(_sum(energies))}" for place, energies in places.items()]
    return Tile(label, (f"{wording.kwh(sum(told))} kWh",), " · ".join(note))


def _billed(billed: Sequence[Billed]) -> Tile:
    if not billed:
        return Tile("Billed", (wording.NOT_TOLD,), "no session has a bill")
    most = sorted(billed, key=lambda each: (-each.bills, each.currency))
    amounts = tuple(wording.money(each.total, each.currency) for each in most[:_MOST_CURRENCIES])
    more = len(most) - _MOST_CURRENCIES
    incomplete = sum(each.incomplete for each in billed)
    note = wording.counted(sum(each.bills for each in billed), "bill", "bills")
    note += f" · {incomplete:,} incomplete, not in the total" * bool(incomplete)
    return Tile("Billed", amounts, note + f" · {more} more {'currency' if more == 1 else 'currencies'}" * (more > 0))


def _days(summary: Summary) -> Tile:
    known, unknown = summary.days_known, summary.days_unknown
    if not known + unknown:
        return Tile("Days known", (wording.NOT_TOLD,), "no day could have been asked yet")
    note = f"{known:,} known · {unknown:,} unknown vehicle × stream × days"
    return Tile("Days known", (wording.share(known, known + unknown),), note)


def _waiting(summary: Summary) -> Tile:
    label, waiting = "Vehicles that wait", summary.vehicles_waiting
    if not summary.vehicles:
        return Tile(label, (wording.NOT_TOLD,), "no vehicle is on record")
    by_move = {
        "owner": sum(len(each.vehicle_ids) for each in summary.actions if each.whose_move == "owner"),
        "application's owner": sum(len(each.vehicle_ids) for each in summary.actions if each.whose_move != "owner"),
    }
    note = " · ".join(f"{number:,} on the {who}" for who, number in by_move.items() if number)
    return Tile(label, (wording.count(waiting),), note or "for nobody", alert=waiting > 0)


def _quarantined(summary: Summary) -> Tile:
    number = sum(each.records for each in summary.quarantined)
    most = f"most: {summary.quarantined[0].reason}" if summary.quarantined else "no record was refused"
    return Tile("Records in quarantine", (wording.count(number),), most, alert=number > 0)


def _sum(energies: Sequence[float | None]) -> float | None:
    told = [energy for energy in energies if energy is not None]
    return sum(told) if told else None
