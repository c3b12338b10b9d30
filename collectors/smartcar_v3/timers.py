"""The charge timers of v3: one signal in place of v2.0's schedules, for every make; it can be read and not set (§8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from collectors.asking import Asker, Asking, Tally
from collectors.calls import Call, NotAsPromised, read_object
from collectors.errors import CollectError, NotThisSignalYet, SignalUnavailable
from collectors.http import Response
from collectors.pacing import real_now
from collectors.smartcar_v3.signals import is_absent
from collectors.smartcar_v3.token import ApplicationToken
from collectors.snapshots import V3_TIMERS, Snapshot
from collectors.streams import SOURCES, V3
from lake.budget import RequestBudget
from lake.clock import Clock
from lake.registry import Vehicle

_HOURS: Final = timedelta(hours=6)
_NOT_YET: Final = "Nothing to do: Smartcar has stored no charge timers of this vehicle yet."
_UNAVAILABLE: Final = "Nothing to do: the vehicle or its maker does not offer charge timers now."


def ask_timers(vehicle_id: str, owner_id: str) -> Call:
    """The signal with a vehicle's charge timers."""
    user = (("sc-user-id", owner_id),)
    return Call("GET", V3_TIMERS.path, V3_TIMERS.name, vehicle_id, headers=user, source=SOURCES[V3])


def read_timers(response: Response) -> Mapping[str, Any]:
    """The signal, bare or as `data`.

    Raises:
        NotAsPromised: It is no signal.
    """
    body = read_object(response)
    told = body.get("data", body)
    if not isinstance(told, dict) or not isinstance(told.get("attributes"), dict):
        raise NotAsPromised
    return told


class Timers:
    """Asks for charge timers.

    Args:
        asker: Sends, paces, retries, lands.
        token: The application's token.
        budget: Is told which requests were none for charge records.
        clock: Waits are reckoned by it.
        api_url: Base of the API.
    """

    def __init__(
        self, asker: Asker, token: ApplicationToken, budget: RequestBudget, clock: Clock, api_url: str
    ) -> None:
        self._asker = asker
        self._token = token
        self._budget = budget
        self._clock = clock
        self._api_url = api_url

    async def read(self, vehicle: Vehicle, snapshot: Snapshot, tally: Tally | None = None) -> Mapping[str, Any]:
        """What is stored now, as told; the answer has landed.

        Raises:
            NotThisSignalYet: Nothing is stored.
            SignalUnavailable: The vehicle does not tell it now.
            CollectError: As the answer means.
        """
        del snapshot
        count = tally or Tally()
        before, until = count.requests, self._clock.now() + _HOURS
        call = ask_timers(vehicle.vehicle_id, vehicle.owner_id)
        asking = Asking(call=call, base=self._api_url, credentials=self._token, make=vehicle.make, tally=count)
        try:
            told, _ = await self._asker.ask(asking, read_timers)
        except CollectError as error:
            if not is_absent(error):
                raise
            absent = error.at
        else:
            return _successful(told)
        finally:
            self._budget.set_aside(real_now(), vehicle.vehicle_id, count.requests - before)
        raise NotThisSignalYet(absent, _NOT_YET, until=until)


def _successful(told: Mapping[str, Any]) -> Mapping[str, Any]:
    status = told["attributes"].get("status")
    value = status.get("value") if isinstance(status, dict) else status
    if value not in {None, "SUCCESS"}:
        raise SignalUnavailable(what_to_do=_UNAVAILABLE)
    return told
