"""The signals of v3 by code: name, group, permission, and how the body follows from what really happened.

To add a signal, add it to `SIGNALS`; it can be read, listed, pushed and made to fail like the others. A body is built
from the world as it was at an instant (UTC), never from now.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from emulator.identity import digest
from emulator.model import Session, Vehicle
from emulator.v3.records import charge_records
from emulator.v3.timers import charge_timers
from emulator.world import World

Body = dict[str, object]
# World, vehicle, as of when, and the endpoint that tells it (faults may be aimed at one).
Build = Callable[[World, Vehicle, datetime, str], Body | None]

RECORDS = "charge-chargerecords"
# How far back a state of charge looks for the session it comes from.
RECENT = timedelta(days=28)
EMPTIEST, HOURS_A_PERCENT = 12, 3
NEW_CAR = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal; `build` gives None where the vehicle has nothing to tell."""

    code: str
    name: str
    group: str
    permission: str
    build: Build


def _state_of_charge(world: World, vehicle: Vehicle, at: datetime, endpoint: str) -> Body | None:
    """Give the percent after the last session, less one in three hours of standing and driving."""
    del endpoint
    told = [each for each in world.begun(vehicle, at - RECENT, at) if each.soc_start is not None]
    if not told:
        return None
    return {"value": _level(told[-1], at), "unit": "percent"}


def _level(last: Session, at: datetime) -> int:
    first, final = (int(Decimal(str(each or 0)) * 100) for each in (last.soc_start, last.soc_end))
    if last.end is not None and at < last.end:
        return first + int((final - first) * ((at - last.start) / (last.end - last.start)))
    idle = (at - (last.end or last.start)) // timedelta(hours=HOURS_A_PERCENT)
    return max(final - idle, min(EMPTIEST, final))


def _odometer(world: World, vehicle: Vehicle, at: datetime, endpoint: str) -> Body:
    """Give kilometres that grow by the same part every day: 20 to 60 of them, by the vehicle."""
    del world, endpoint
    a_day = 20 + digest("odometer", vehicle.id) % 41
    return {"value": int((at - NEW_CAR) / timedelta(days=1) * a_day), "unit": "km"}


def _vin(world: World, vehicle: Vehicle, at: datetime, endpoint: str) -> Body:
    del world, at, endpoint
    return {"value": vehicle.vin}


def _trim(world: World, vehicle: Vehicle, at: datetime, endpoint: str) -> Body:
    del world, at, endpoint
    return {"value": vehicle.model}


SIGNALS: dict[str, Signal] = {
    each.code: each
    for each in (
        Signal(RECORDS, "ChargeRecords", "Charge", "read_charge_records", charge_records),
        Signal("charge-chargetimers", "ChargeTimers", "Charge", "read_charge", charge_timers),
        Signal("odometer-traveleddistance", "TraveledDistance", "Odometer", "read_odometer", _odometer),
        Signal("tractionbattery-stateofcharge", "StateOfCharge", "TractionBattery", "read_battery", _state_of_charge),
        Signal("vehicleidentification-trim", "Trim", "VehicleIdentification", "read_vehicle_info", _trim),
        Signal("vehicleidentification-vin", "VIN", "VehicleIdentification", "read_vin", _vin),
    )
}
