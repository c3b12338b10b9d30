"""Asking what a vehicle is set to, and setting it: the calls of `schedules` and `climate` sent and landed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from collectors.asking import Asker, Asking, Tally
from collectors.calls import Call
from collectors.errors import OurBug
from collectors.http import Response
from collectors.pacing import real_now
from collectors.smartcar_v2 import climate, schedules
from collectors.smartcar_v2.credentials import OwnersToken
from collectors.snapshots import Snapshot
from collectors.tokens import TokenStore
from lake.budget import RequestBudget
from lake.registry import Vehicle

_NO_SUCH_CALL: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


class Controls:
    """What a vehicle is set to.

    Args:
        asker: Sends, paces, retries, lands.
        tokens: The owners' tokens.
        budget: Is told which requests were none for charge records.
        api_url: Where the API is.
    """

    def __init__(self, asker: Asker, tokens: TokenStore, budget: RequestBudget, api_url: str) -> None:
        self._asker = asker
        self._tokens = tokens
        self._budget = budget
        self._api_url = api_url

    async def read(self, vehicle: Vehicle, snapshot: Snapshot, tally: Tally | None = None) -> Mapping[str, Any]:
        """What stands now, as told; the answer has landed.

        Raises:
            CollectError: As the answer means.
        """
        call = schedules.ask_schedule(snapshot, vehicle.vehicle_id)
        reader = schedules.read_schedule if snapshot.kind == "schedule" else climate.read_climate
        return await self._ask(vehicle, call, reader, tally or Tally())

    async def send(
        self, vehicle: Vehicle, call: Call, older: Call | None = None, tally: Tally | None = None
    ) -> Mapping[str, Any]:
        """Set something; gives what the API said.

        Args:
            vehicle: The vehicle.
            call: What to set.
            older: The same as older documentation has it, where the API does not know the call.
            tally: Counts the requests.

        Raises:
            CollectError: As the answer means.
        """
        tally = tally or Tally()
        try:
            return await self._ask(vehicle, call, schedules.read_set, tally)
        except OurBug as error:
            if older is None or error.at.status not in _NO_SUCH_CALL:
                raise
        return await self._ask(vehicle, older, schedules.read_set, tally)

    async def _ask(
        self, vehicle: Vehicle, call: Call, read: Callable[[Response], Mapping[str, Any]], tally: Tally
    ) -> Mapping[str, Any]:
        credentials, before = OwnersToken(self._tokens, vehicle.owner_id), tally.requests
        asking = Asking(call=call, base=self._api_url, credentials=credentials, make=vehicle.make, tally=tally)
        try:
            found, _ = await self._asker.ask(asking, read)
            return found
        finally:
            self._budget.set_aside(real_now(), vehicle.vehicle_id, tally.requests - before)
