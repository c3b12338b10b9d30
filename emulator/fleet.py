"""Everybody's vehicles: which test accounts there are, and which vehicle belongs to which.

Accounts come into being when somebody signs in with them. What is made, generated or read from files, is the same
to every API face above.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from emulator.config import EmulatorConfig
from emulator.datasets import DATASETS, load_dataset
from emulator.generator import GeneratedAccount
from emulator.generator.profile import MAKES, MIXED, OTHER_MAKES
from emulator.identity import uuid_of
from emulator.model import Vehicle

_NUMBERED = re.compile(r"(\d{1,6})-(vehicles|other-vehicles|mixed)@smartcar\.com")
_MAKES = {"vehicles": MAKES, "other-vehicles": OTHER_MAKES, "mixed": MIXED}


class Account(Protocol):
    """One owner with vehicles."""

    user_id: str
    vehicle_ids: Sequence[str]

    def connected_at(self, vehicle_id: str) -> datetime:
        """Tell when the owner consented for a vehicle."""

    def vehicle(self, vehicle_id: str) -> Vehicle:
        """Give a vehicle of the account."""


class FileAccount:
    """The owner of all vehicles of one real set."""

    def __init__(self, folder: Path, name: str) -> None:
        self.user_id = uuid_of("user of dataset", name)
        self._vehicles = {vehicle.id: vehicle for vehicle in load_dataset(folder, name, self.user_id)}
        self.vehicle_ids: Sequence[str] = list(self._vehicles)

    def connected_at(self, vehicle_id: str) -> datetime:
        """Tell the day before the vehicle's first session."""
        return self._vehicles[vehicle_id].connected_at

    def vehicle(self, vehicle_id: str) -> Vehicle:
        """Give a vehicle of the set."""
        return self._vehicles[vehicle_id]


class Fleet:
    """The accounts that have been signed in with, and their vehicles; `started_at` is when the clock began (UTC)."""

    def __init__(self, config: EmulatorConfig, started_at: datetime) -> None:
        self._config = config
        self._consent = started_at.replace(microsecond=0) - timedelta(days=config.history_days)
        self._accounts: dict[str, Account] = {}
        self._owner: dict[str, Account] = {}

    @property
    def accounts(self) -> list[Account]:
        """The accounts so far, in the order of their first sign-in."""
        return list(self._accounts.values())

    def account(self, email: str) -> Account | None:
        """Give the account of an e-mail, made now if need be; None if it is no test account."""
        email = email.strip().lower()
        if email not in self._accounts:
            made = self._make(email)
            if made is None:
                return None
            self._accounts[email] = made
            self._owner.update(dict.fromkeys(made.vehicle_ids, made))
        return self._accounts[email]

    def vehicle(self, vehicle_id: str) -> Vehicle | None:
        """Give the vehicle of an id, if any account has it."""
        owner = self._owner.get(vehicle_id)
        return None if owner is None else owner.vehicle(vehicle_id)

    def owner(self, vehicle_id: str) -> Account | None:
        """Give the account a vehicle belongs to."""
        return self._owner.get(vehicle_id)

    def _make(self, email: str) -> Account | None:
        config = self._config
        if match := _NUMBERED.fullmatch(email):
            share, makes = config.newer_tesla_share, _MAKES[match[2]]
            return GeneratedAccount(config.seed, email, int(match[1]), self._consent, share, makes)
        name = email.removesuffix("@smartcar.com")
        if config.dataset is not None and name in DATASETS and (config.dataset / name).is_dir():
            return FileAccount(config.dataset, name)
        return None
