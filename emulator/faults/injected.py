"""Sessions that a fault adds to a vehicle, at a time that matters: over midnight, in a repeated hour."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from emulator.faults.switchboard import Fault, Switchboard
from emulator.identity import uuid_of
from emulator.model import Bill, Session, Vehicle


def sessions_of(switchboard: Switchboard, vehicle: Vehicle, since: datetime, until: datetime) -> list[Session]:
    """Give the vehicle's sessions that start in [since, until), those of `session_at` faults among them."""
    faults = [each for each in switchboard.of("session", None, vehicle.id) if switchboard.hits(each, vehicle.id)]
    if not faults:
        return list(vehicle.sessions(since, until))
    more = [_session(vehicle, fault) for fault in faults]
    more = [session for session in more if since <= session.start < until]
    return sorted([*vehicle.sessions(since, until), *more], key=lambda session: session.start)


def _session(vehicle: Vehicle, fault: Fault) -> Session:
    told = datetime.fromisoformat(str(fault.option("start")))
    start = told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    end = start + timedelta(hours=fault.number("hours"))
    key = uuid_of("injected", vehicle.id, fault.id)
    kwh = Decimal(str(fault.option("kwh")))
    return Session(
        key=key,
        start=start,
        end=end,
        energy_kwh=kwh,
        place="public",
        location="Rest Stop 1",
        is_public=True,
        soc_start=Decimal("0.4"),
        soc_end=Decimal("0.6"),
        charging_type="DC",
        bill=Bill(f"INJ-{key}", vehicle.currency, kwh / 2, Decimal(0), end) if vehicle.make == "TESLA" else None,
    )
