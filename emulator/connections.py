"""Who is connected: an application's grants, and the list of connections that each version's API tells."""

from dataclasses import dataclass
from datetime import datetime

from emulator.fleet import Account
from emulator.tokens import Grant


@dataclass(frozen=True, slots=True)
class Connection:
    """One vehicle that an owner connected; `connected_at` is UTC."""

    user_id: str
    vehicle_id: str
    connected_at: datetime
    mode: str

    def as_json(self) -> dict[str, object]:
        """Give the connection as the management API does (Smartcar's API reference, §7)."""
        stamp = self.connected_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {"userId": self.user_id, "vehicleId": self.vehicle_id, "connectedAt": stamp, "mode": self.mode}


class Connections:
    """The connections of one application, with one grant for each owner.

    A renewed consent replaces the scopes and keeps the day of the first.
    """

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._accounts: dict[str, Account] = {}
        self._newest_first: list[Connection] | None = None

    def grant(self, account: Account, scopes: frozenset[str], mode: str) -> Grant:
        """Record that the owner allowed `scopes`; tokens given out before speak for the new grant as well."""
        grant = self._grants.setdefault(account.user_id, Grant(account.user_id, scopes, mode))
        grant.scopes, grant.mode = scopes, mode
        grant.vehicle_ids = dict.fromkeys(account.vehicle_ids)
        self._accounts[account.user_id] = account
        self._newest_first = None
        return grant

    def grant_of(self, user_id: str) -> Grant | None:
        """Give what an owner allowed, if there is still a vehicle to it."""
        grant = self._grants.get(user_id)
        return grant if grant is not None and grant.vehicle_ids else None

    def disconnect(self, user_id: str | None, vehicle_id: str | None) -> list[Connection]:
        """Remove what fits the owner and the vehicle (either or both) and give what was removed."""
        removed = self.select(user_id, vehicle_id)
        for connection in removed:
            del self._grants[connection.user_id].vehicle_ids[connection.vehicle_id]
        self._newest_first = None
        return removed

    def select(
        self, user_id: str | None = None, vehicle_id: str | None = None, mode: str | None = None
    ) -> list[Connection]:
        """Give the connections that fit, newest first."""
        if self._newest_first is None:
            self._newest_first = sorted(self._all(), key=lambda each: each.connected_at, reverse=True)
        if user_id is None and vehicle_id is None and mode is None:
            return self._newest_first
        return [
            each
            for each in self._newest_first
            if user_id in (None, each.user_id) and vehicle_id in (None, each.vehicle_id) and mode in (None, each.mode)
        ]

    def _all(self) -> list[Connection]:
        return [
            Connection(user_id, vehicle_id, self._accounts[user_id].connected_at(vehicle_id), grant.mode)
            for user_id, grant in self._grants.items()
            for vehicle_id in grant.vehicle_ids
        ]
