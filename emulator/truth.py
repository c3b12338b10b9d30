"""The truth of connected vehicles: what really happened, and what each interface tells of it now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from emulator.model import Session, Vehicle
from emulator.telling import Telling, told_by_v2, told_by_v3
from emulator.v3.signals import RECORDS
from emulator.world import World


@dataclass(frozen=True, slots=True)
class TrueSession:
    """A session as it really was, with its vehicle; `posted` says whether a bill of it can be seen by now.

    `v2` and `v3` are what the two interfaces tell of it now, each None if the vehicle is not connected there or nothing
    is told: v2.0 tells no session of a Tesla without a posted bill, v3 what its store knows.
    """

    vehicle: Vehicle
    session: Session
    posted: bool
    v2: Telling | None = None
    v3: Telling | None = None

    def as_json(self) -> dict[str, object]:
        """Give the session as JSON can hold it: energy in kWh, times in UTC."""
        session, bill = self.session, self.session.bill
        return {
            "vehicleId": self.vehicle.id,
            "userId": self.vehicle.user_id,
            "make": self.vehicle.make,
            "timezone": self.vehicle.zone,
            "key": session.key,
            "start": session.start,
            "end": session.end,
            "energyKwh": session.energy_kwh,
            "place": session.place,
            "location": session.location,
            "recordId": bill.record_id if bill else None,
            "currency": bill.currency if bill else None,
            "billedEnergy": str(bill.energy) if bill else None,
            "billedOther": str(bill.other) if bill else None,
            "posted": self.posted,
            "v2": self.v2.as_json() if self.v2 else None,
            "v3": self.v3.as_json() if self.v3 else None,
        }


def truth(
    world: World,
    vehicle_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    ongoing: bool = False,
) -> Iterator[TrueSession]:
    """Give the sessions of connected vehicles that start in [since, until) and are over by now.

    Without `since` from the day of consent on, which is as far back as a BMW's or MINI's records can reach. With
    `ongoing` those as well that have begun and are not over.
    """
    now = world.clock.now()
    through = [
        dict.fromkeys(each.vehicle_id for each in application.select(vehicle_id=vehicle_id))
        for application in (world.connections, world.v3_connections)
    ]
    for each in through[0] | through[1]:
        vehicle = world.fleet.vehicle(each)
        if vehicle is None:
            continue
        first = since or vehicle.connected_at.replace(hour=0, minute=0, second=0, microsecond=0)
        stored = world.store.as_of(vehicle, RECORDS) if each in through[1] else None
        for session in world.begun(vehicle, first, until or now):
            if session.known_at(now) or (ongoing and session.start <= now):
                yield _true(world, vehicle, session, (each in through[0], stored))


def _true(world: World, vehicle: Vehicle, session: Session, seen: tuple[bool, datetime | None]) -> TrueSession:
    """Say what is told of a session; `seen` is whether v2.0 sees the vehicle, and as of when v3 knows it."""
    now = world.clock.now()
    through_v2, stored = seen
    posted = session.bill is not None and session.bill.posted_at <= now
    v2 = told_by_v2(vehicle, session, now) if through_v2 and session.known_at(now) else None
    v3 = told_by_v3(vehicle, session, stored, world.drift) if stored else None
    return TrueSession(vehicle, session, posted, v2, v3)
