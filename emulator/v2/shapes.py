"""How sessions look in v2.0: the records of BMW and MINI, Tesla's days and Tesla's bills.

Pure functions over the model (Smartcar's API reference, §5.1 to §5.3).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from emulator.model import Session, Vehicle

Record = dict[str, object]
CENTI = Decimal("0.01")
NOON = time(12)


@dataclass(slots=True)
class Row:
    """A record on its way out: `key` stays the same for the same session or day, whenever it is asked."""

    key: str
    when: datetime
    record: Record
    session: Session | None = None


def stamp(instant: datetime, *, milliseconds: bool) -> str:
    """Write a UTC instant as the API does."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z" if milliseconds else "%Y-%m-%dT%H:%M:%SZ")


def session_row(vehicle: Vehicle, session: Session) -> Row:
    """Give a BMW or MINI session: energy in kWh, state of charge as a fraction 0..1, null where nothing is told."""
    ms = vehicle.milliseconds
    record: Record = {
        "chargeStart": stamp(session.start, milliseconds=ms),
        "chargeEnd": None if session.end is None else stamp(session.end, milliseconds=ms),
        "location": session.location,
        "energy": session.energy_kwh,
        "isPublic": session.is_public,
        "startPercentRemaining": session.soc_start,
        "endPercentRemaining": session.soc_end,
        "chargingType": session.charging_type,
    }
    return Row(session.key, session.start, record, session)


def billing_row(vehicle: Vehicle, session: Session, now: datetime) -> Row:
    """Give a Tesla's bill as it stands at `now`: kWh, and costs in the bill's currency as text or numbers."""
    if session.bill is None:
        raise ValueError("a session without a bill has no billing record")
    energy, other = session.bill.amounts(now)
    cost: Record = {"currency": session.bill.currency}
    cost |= {"energy": energy, "other": other} if vehicle.cost_as_numbers else _texts(energy, other)
    record: Record = {
        "chargeStart": stamp(session.start, milliseconds=True),
        "chargeEnd": None if session.end is None else stamp(session.end, milliseconds=True),
        "energyConsumed": session.energy_kwh,
        "cost": cost,
        "location": session.location,
        "recordId": session.bill.record_id,
    }
    if not session.bill.energy_told:
        del record["energyConsumed"]
    return Row(session.bill.record_id, session.start, record, session)


def _texts(energy: Decimal, other: Decimal) -> Record:
    return {"energy": f"{energy:f}", "other": f"{other:f}"}


def day_rows(vehicle: Vehicle, sessions: Iterable[Session]) -> list[Row]:
    """Give a Tesla's days with charging, oldest first: kWh at home, elsewhere, at superchargers and in all.

    A session belongs to the local day it starts on. Paid sessions are the supercharger's; without a home set in the
    car, what was charged at home is under `other`. The stamp of a day is its local noon, which is the same day in UTC.
    """
    zone = ZoneInfo(vehicle.zone)
    days: dict[date, dict[str, Decimal]] = {}
    for session in sessions:
        sums = days.setdefault(session.start.astimezone(zone).date(), {})
        part = _part(vehicle, session)
        sums[part] = sums.get(part, Decimal(0)) + Decimal(str(session.energy_kwh or 0))
    return [_day_row(vehicle, day, sums, zone) for day, sums in sorted(days.items())]


def _part(vehicle: Vehicle, session: Session) -> str:
    if session.bill is not None:
        return "superCharger"
    return "home" if session.place == "home" and vehicle.home_set else "other"


def _day_row(vehicle: Vehicle, day: date, sums: dict[str, Decimal], zone: ZoneInfo) -> Row:
    noon = datetime.combine(day, NOON, zone).astimezone(UTC)
    parts = {name: sums.get(name, Decimal(0)).quantize(CENTI) for name in ("home", "other", "superCharger")}
    record: Record = {"date": day_stamp(vehicle, noon), **parts, "total": sum(parts.values(), Decimal(0))}
    return Row(day.isoformat(), noon, record)


def day_stamp(vehicle: Vehicle, instant: datetime) -> str | int:
    """Write the date of a Tesla's day: ISO-8601, or epoch seconds where the vehicle's API does so."""
    return int(instant.timestamp()) if vehicle.dates_as_epoch else stamp(instant, milliseconds=True)
