"""What a vehicle is set to now, as values: charge schedules and climate (Smartcar's API reference, §6 and §12).

Unlike the records of `streams` these have no days: an answer tells what stands at that moment, and nothing is lost if
it is asked a day later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from collectors.streams import V2, V3
from lake.registry import Vehicle

Kind = Literal["schedule", "climate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One thing a vehicle is set to.

    Attributes:
        name: What the lake and the ledger call it.
        kind: `schedule` or `climate`.
        make: In upper case; None: every make.
        path: Template of the path below the API's base; the make in it must be in lower case.
        permission: The scope that reading it needs.
        control: The scope that setting it needs; None: it can only be read.
        interface: The version of the API that tells it.
        part: Of the climate: `cabin`, `defroster`, `steering_wheel`.
    """

    name: str
    kind: Kind
    make: str | None
    path: str
    permission: str
    control: str | None
    interface: str = V2
    part: str | None = None


def _schedule(make: str, *, by_place: bool = False) -> Snapshot:
    """A charge schedule: one for the vehicle, or one for each place (Ford, Lincoln)."""
    maker, end = make.lower(), "_by_location" if by_place else ""
    return Snapshot(
        name=f"{maker}_schedules" if by_place else f"{maker}_schedule",
        kind="schedule",
        make=make,
        path=f"/vehicles/{{id}}/{maker}/charge/schedule{end}",
        permission="read_charge_locations" if by_place else "read_charge",
        control="control_charge",
    )


def _climate(part: str) -> Snapshot:
    return Snapshot(
        name=f"tesla_{part}",
        kind="climate",
        make="TESLA",
        path=f"/vehicles/{{id}}/tesla/climate/{part}",
        permission="read_climate",
        control="control_climate",
        part=part,
    )


TESLA_SCHEDULE: Final = _schedule("TESLA")
NISSAN_SCHEDULE: Final = _schedule("NISSAN")
FORD_SCHEDULES: Final = _schedule("FORD", by_place=True)
LINCOLN_SCHEDULES: Final = _schedule("LINCOLN", by_place=True)
V3_TIMERS: Final = Snapshot(
    name="v3_timers",
    kind="schedule",
    make=None,
    path="/vehicles/{id}/signals/charge-chargetimers",
    permission="read_charge",
    control=None,
    interface=V3,
)
PARTS: Final = ("cabin", "defroster", "steering_wheel")
SNAPSHOTS: Final = (
    TESLA_SCHEDULE, NISSAN_SCHEDULE, FORD_SCHEDULES, LINCOLN_SCHEDULES, V3_TIMERS, *(_climate(part) for part in PARTS),
)  # fmt: skip

NAMES: Final = frozenset(snapshot.name for snapshot in SNAPSHOTS)
SCOPES: Final = {
    "schedules": ("read_charge", "read_charge_locations", "control_charge"),
    "climate": ("read_climate", "control_climate"),
}
"""Scopes that are asked for at Connect only on request, by the word for them."""


def snapshots_of(vehicle: Vehicle, kind: Kind | None = None) -> tuple[Snapshot, ...]:
    """What a vehicle has by its make and interfaces, whether or not its owner permits it; all kinds by default."""
    return tuple(
        each
        for each in SNAPSHOTS
        if each.make in {None, vehicle.make} and each.interface in vehicle.interfaces and kind in {None, each.kind}
    )


def permitted(vehicle: Vehicle) -> tuple[Snapshot, ...]:
    """What may be asked of a vehicle: of its make, with the permission granted."""
    return tuple(each for each in snapshots_of(vehicle) if each.permission in vehicle.permissions)
