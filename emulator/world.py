"""The state of one emulator, shared by all of its faces: clock, fleet, tokens, limits, store, faults and log."""

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
from emulator.telling import Drift
from emulator.tokens import TokenStore
from emulator.v3.store import SignalStore
from emulator.v3.tokens import ApplicationTokens


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
        self.v3_connections = Connections()
        self.v3_tokens = ApplicationTokens(config, self.clock)
        self.store = SignalStore(self.clock)
        self.drift = Drift(config.v3_clock_offset, config.v3_meter_factor)
        self.throttle = Throttle(config.limits, self.clock)
        self.faults = Switchboard(config.seed)
        self.log = RequestLog()
        self.schedules = Schedules(config.seed)
        self.climates = Climates(config.seed)
        for text in config.faults:
            self.faults.add_text(text)

    def begun(self, vehicle: Vehicle, since: datetime, until: datetime) -> list[Session]:
        """Give the sessions of a vehicle that start in [since, until), over or not."""
        return sessions_of(self.faults, vehicle, since, until)

    def sessions(self, vehicle: Vehicle, since: datetime, until: datetime) -> list[Session]:
        """Give the sessions of a vehicle that start in [since, until) and are over by now."""
        now = self.clock.now()
        return [each for each in self.begun(vehicle, since, until) if each.known_at(now)]
