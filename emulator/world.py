"""The state of one emulator, shared by all of its faces: clock, fleet, tokens, limits, faults and log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from emulator.climate import Climates
from emulator.clock import Clock
from emulator.config import EmulatorConfig
from emulator.connections import Connections
from emulator.faults import Switchboard
from emulator.faults.injected import sessions_of
from emulator.fleet import Fleet
from emulator.limits import Throttle
from emulator.log import RequestLog
from emulator.model import Session, Vehicle
from emulator.schedules import Schedules
from emulator.tokens import TokenStore


@dataclass(frozen=True, slots=True)
class TrueSession:
    """A session as it really was, with its vehicle; `posted` says whether a bill of it can be seen by now."""

    vehicle: Vehicle
    session: Session
    posted: bool

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
        }


class World:
    """Everything one emulator knows, made from its settings.

    Raises:
        ValueError: a fault of the settings does not exist, or the folder of the dataset does not.
    """

    def __init__(self, config: EmulatorConfig) -> None:
        if config.dataset is not None and not config.dataset.is_dir():
            raise ValueError(f"the dataset folder {config.dataset} does not exist")
        self.config = config
        self.clock = Clock(config.now, config.clock_rate)
        self.fleet = Fleet(config, self.clock.now())
        self.connections = Connections()
        self.tokens = TokenStore(config, self.clock)
        self.throttle = Throttle(config.limits, self.clock)
        self.faults = Switchboard(config.seed)
        self.log = RequestLog()
        self.schedules = Schedules(config.seed)
        self.climates = Climates(config.seed)
        for text in config.faults:
            self.faults.add_text(text)

    def sessions(self, vehicle: Vehicle, since: datetime, until: datetime) -> list[Session]:
        """Give the sessions of a vehicle that start in [since, until) and are over by now."""
        now = self.clock.now()
        return [each for each in sessions_of(self.faults, vehicle, since, until) if each.known_at(now)]

    def truth(
        self, vehicle_id: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[TrueSession]:
        """Give what really happened to connected vehicles: sessions that start in [since, until), over by now.

        Without `since` from the day of consent on, which is as far back as a BMW's or MINI's records can reach.
        """
        now = self.clock.now()
        for connection in self.connections.select(vehicle_id=vehicle_id):
            vehicle = self.fleet.vehicle(connection.vehicle_id)
            if vehicle is None:
                continue
            first = since or vehicle.connected_at.replace(hour=0, minute=0, second=0, microsecond=0)
            for session in self.sessions(vehicle, first, until or now):
                yield TrueSession(vehicle, session, session.bill is not None and session.bill.posted_at <= now)
