"""The signal `charge-chargerecords`: every session of a vehicle that can still be seen (Smartcar's reference, §8)."""

from datetime import datetime, timedelta

from emulator.faults.rows import apply
from emulator.faults.shapes import SHAPE_FAULTS
from emulator.model import Session, Vehicle
from emulator.telling import Telling, told_by_v3
from emulator.v2.shapes import Record, Row, stamp
from emulator.v2.windows import midnight
from emulator.world import World

PLACES = {"home": "Home Charger", "work": "Workplace"}
NORTH_AMERICA = ("US", "CA")


def charge_records(world: World, vehicle: Vehicle, at: datetime, endpoint: str) -> Record:
    """Give the body as of `at`: the whole list, oldest first, of what began since consent and in the last days.

    Energies are kWh, states of charge percent 0..100, costs in their currency and only where billed.
    """
    # By its own clock v3 may see a session begin a little before the car does.
    latest = at + timedelta(seconds=world.drift.seconds + 1)
    sessions = world.begun(vehicle, first_instant(world, vehicle, at), latest)
    rows = [row for each in sessions if (row := _row(world, vehicle, each, at)) is not None]
    rows = apply(world.faults, SHAPE_FAULTS, world.faults.of("shapes", endpoint, vehicle.id), rows, (vehicle, at))
    return {"values": [row.record for row in rows]}


def first_instant(world: World, vehicle: Vehicle, at: datetime) -> datetime:
    """Tell the midnight (UTC) before which a session is no longer in the list: consent, or the window of days."""
    consent = midnight(vehicle.connected_at.date())
    days = world.throttle.limits.window_days
    return max(consent, midnight(at.date()) - timedelta(days=days)) if days else consent


def _row(world: World, vehicle: Vehicle, session: Session, at: datetime) -> Row | None:
    told = told_by_v3(vehicle, session, at, world.drift)
    return None if told is None else Row(session.key, told.start, _record(vehicle, session, told), session)


def _record(vehicle: Vehicle, session: Session, told: Telling) -> Record:
    """Write a record; a field of which nothing is known is not there."""
    record: Record = {
        "id": told.record_id,
        "startTime": stamp(told.start, milliseconds=False),
        "endTime": stamp(told.end, milliseconds=False) if told.end else None,
        "energyAdded": told.energy_kwh,
        "cost": _cost(told),
        "location": _location(session),
        "connectorType": _connector(vehicle, session),
        "isPublicCharger": session.is_public,
        "startStateOfCharge": told.soc_start_pct,
        "endStateOfCharge": told.soc_end_pct,
    }
    return _told(record)


def _told(record: Record) -> Record:
    return {name: value for name, value in record.items() if value is not None}


def _cost(told: Telling) -> Record | None:
    if told.currency is None:
        return None
    return {"currency": told.currency, "energyAmount": told.billed_energy, "otherAmount": told.billed_other}


def _location(session: Session) -> Record | None:
    latitude, longitude = session.coordinates or (None, None)
    name = PLACES.get(session.place, session.location)
    told = _told({"name": name, "address": session.location, "latitude": latitude, "longitude": longitude})
    return told if session.location else None


def _connector(vehicle: Vehicle, session: Session) -> str | None:
    """Name the plug: by kind of current, continent and make."""
    if session.charging_type is None:
        return None
    american = vehicle.country in NORTH_AMERICA
    if session.charging_type.startswith("DC"):
        return "NACS" if american and vehicle.make == "TESLA" else "CCS"
    return "J1772" if american else "TYPE_2"
