"""The client of v3: the calls as methods, with their pages read to the end. VINs are never asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from collectors.asking import Asker, Asking, Collected, Reply, Tally
from collectors.calls import Call
from collectors.errors import Circumstances, CollectError, RetryLater
from collectors.smartcar_v3 import protocol, signals
from collectors.smartcar_v3.protocol import Connection, Signal, Stored
from collectors.smartcar_v3.token import ApplicationToken
from collectors.streams import Stream
from lake.intervals import DayInterval
from lake.registry import Vehicle

_MOST_PAGES: Final = 2000
"""Pages after which a list that never ends is given up."""

_MOST_ENTRIES: Final = 500_000
"""Connections in all; more is no list of one application, and pages may be of any size."""


class SmartcarV3Client:
    """What v3 can be asked.

    Args:
        asker: Sends, paces, retries, lands.
        token: The application's token.
        api_url: Base of the API.
        most_pages: Pages after which a list that never ends is given up.
    """

    def __init__(
        self,
        asker: Asker,
        token: ApplicationToken,
        api_url: str = "https://vehicle.api.smartcar.com/v3",
        most_pages: int = _MOST_PAGES,
    ) -> None:
        self._asker = asker
        self._token = token
        self._api_url = api_url
        self._most_pages = most_pages

    async def records(
        self, vehicle: Vehicle, stream: Stream, window: DayInterval, tally: Tally | None = None
    ) -> Collected:
        """What is stored of a vehicle's charge records: the whole signal, whatever days are wanted.

        Raises:
            NothingYet: Nothing is stored, or nothing of this kind: one call more tells which.
            CollectError: As the answer or the signal in it means.
        """
        del stream, window
        count = tally or Tally()
        call = protocol.ask_records(vehicle.vehicle_id, vehicle.owner_id)
        try:
            stored, reply = await self._asker.ask(self._asking(call, vehicle, count), protocol.read_stored)
        except CollectError as error:
            if not signals.is_absent(error):
                raise
            absent = error.at
        else:
            return _collected(vehicle, stored, reply, call)
        raise await self._absence(vehicle, count, absent)

    async def connections(self, owner_id: str | None = None) -> list[Connection]:
        """Who is connected with what.

        Args:
            owner_id: Only this owner's.

        Raises:
            CollectError: As the answers mean.
            RetryLater: Also where the pages do not end.
        """
        found: list[Connection] = []
        told = 0
        for number in range(1, self._most_pages + 1):
            call = protocol.ask_connections(number, owner_id=owner_id)
            page, _reply = await self._asker.ask(self._asking(call), protocol.read_connections)
            found += page.entries
            told += page.told
            has_more = page.has_next if page.total is None else told < page.total
            if not page.told or not has_more:
                return [each for each in found if owner_id in {None, each.owner_id}]
            if told > _MOST_ENTRIES:
                break
        at = Circumstances(call=call.name, detail=f"no end within {number} pages")
        raise RetryLater(at, "Smartcar's pages do not end: report it to Smartcar if it stays.")

    async def disconnect(self, vehicle: Vehicle) -> None:
        """Remove all connections of a vehicle; there is nothing to do where there is none.

        Raises:
            CollectError: As the answers mean.
            RetryLater: A connection has no id that can be one, so that it is still there.
        """
        for connection in await self.connections(vehicle.owner_id):
            if connection.vehicle_id == vehicle.vehicle_id:
                if connection.connection_id is None:
                    at = Circumstances(call=protocol.CONNECTIONS, vehicle_id=vehicle.vehicle_id, detail="without an id")
                    raise RetryLater(at, "End this connection in Smartcar's dashboard: its id is not told.")
                call = protocol.ask_disconnect(connection.connection_id, vehicle.vehicle_id)
                await self._asker.ask(self._asking(call), protocol.read_disconnect)

    async def _absence(self, vehicle: Vehicle, tally: Tally, absent: Circumstances) -> CollectError:
        call = protocol.ask_signals(vehicle.vehicle_id, vehicle.owner_id)
        stored, reply = await self._asker.ask(self._asking(call, vehicle, tally), protocol.read_stored)
        return signals.absence(stored, absent, reply.received_at)

    def _asking(self, call: Call, vehicle: Vehicle | None = None, tally: Tally | None = None) -> Asking:
        return Asking(
            call=call,
            base=self._api_url,
            credentials=self._token,
            make=vehicle.make if vehicle else None,
            tally=tally or Tally(),
        )


def _collected(vehicle: Vehicle, stored: Stored, reply: Reply, call: Call) -> Collected:
    headers, now = reply.response.headers, reply.received_at
    at = Circumstances(
        call=call.name,
        vehicle_id=vehicle.vehicle_id,
        status=reply.response.status,
        request_id=headers.get("sc-request-id"),
    )
    if stored.signal is None:
        raise signals.absence(stored, at, now)
    if (error := signals.problem(stored.signal, at, now)) is not None:
        raise error
    return _told(vehicle, stored.signal, now)


def _told(vehicle: Vehicle, signal: Signal, now: datetime) -> Collected:
    """The days that a signal speaks of: from consent to what its source knew. One without a time makes none known."""
    as_of = None if signal.as_of is None else min(signal.as_of, now)
    since = vehicle.consented_at.date()
    window = DayInterval(since, as_of.date()) if as_of is not None and since <= as_of.date() else None
    return Collected(signal.records or 0, now, window, as_of)
