"""What each vehicle can give: from its own answers, from the compatibility endpoint, and from where Smartcar offers it.

Looking asks nobody. A check asks for the VIN, with it for the vehicle's compatibility, and forgets the VIN: it lands
nowhere and is stored nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from collectors.consent import READ_VIN
from collectors.errors import ApplicationMustAct, BudgetSpent, CollectError
from collectors.smartcar_v2.client import SmartcarClient
from collectors.smartcar_v2.protocol import Compatibility
from collectors.snapshots import Snapshot, snapshots_of
from collectors.streams import V2, V3, Stream, streams_of
from flows.collecting import wired
from flows.house import House
from lake.capabilities import Told
from lake.intervals import Intervals
from lake.ledger import StreamState
from lake.raw import new_run_id
from lake.reference import availability, country_of
from lake.registry import Vehicle

_REMEMBERED: Final = timedelta(days=30)
"""As long as a 501: a newer integration or a software update may change what a vehicle gives."""

Asked = Stream | Snapshot
Can = Literal["can", "cannot", "unknown"]


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether a vehicle can give a stream.

    Attributes:
        why: How that is known, or why it is not.
        since: When it was found out (UTC); None where it was not.
        until: Until when it is remembered; None: it is not forgotten.
    """

    vehicle_id: str
    make: str | None
    stream: str
    can: Can
    why: str
    since: datetime | None = None
    until: datetime | None = None


def capabilities(house: House) -> Iterator[Capability]:
    """One a vehicle and stream, from what is known here; asks nobody."""
    now = house.clock.now()
    states, coverage, told = house.ledger.states(), house.ledger.all_coverage(), house.capabilities.told(now)
    for vehicle in house.registry.vehicles():
        for stream in _asked_of(vehicle):
            key = (vehicle.vehicle_id, stream.name)
            can, why, since, until = _judged(
                vehicle, stream, states.get(key), coverage.get(key, ()), told.get(key), now
            )  # fmt: skip
            yield Capability(vehicle.vehicle_id, vehicle.make, stream.name, can, why, since, until)


async def check(house: House, country: str | None = None) -> dict[str, str]:
    """Ask for the compatibility of every vehicle that v2.0 reaches; gives why not where it could not be asked.

    Args:
        house: The house; the caller holds the lake.
        country: ISO 3166 code of the country the vehicles are in; default: that of each vehicle's zone.

    Raises:
        ApplicationMustAct, BudgetSpent: No vehicle can be asked.
    """
    failed: dict[str, str] = {}
    async with wired(house, new_run_id(house.clock.now())) as wiring:
        for vehicle in house.registry.connected():
            if V2 not in vehicle.interfaces:
                continue
            if READ_VIN not in vehicle.permissions:
                failed[vehicle.vehicle_id] = _NO_VIN
                continue
            try:
                await _check_one(house, wiring.client, vehicle, country or country_of(vehicle.timezone))
            except (ApplicationMustAct, BudgetSpent):
                raise
            except CollectError as error:
                failed[vehicle.vehicle_id] = str(error)
    return failed


def _asked_of(vehicle: Vehicle) -> tuple[Asked, ...]:
    """All that a vehicle may be asked for: records, and what it is set to."""
    return *streams_of(vehicle), *snapshots_of(vehicle)


_NO_VIN: Final = f"its owner has not granted {READ_VIN}: `chargelake connect --scopes vin` asks for it"


async def _check_one(house: House, client: SmartcarClient, vehicle: Vehicle, country: str | None) -> None:
    streams = [each for each in _asked_of(vehicle) if each.interface == V2]
    scopes = tuple(sorted({each.permission for each in streams}))
    if not scopes:
        return
    found = await client.compatibility(await client.vin(vehicle), scopes, country)
    now = house.clock.now()
    told = (_told(vehicle, stream, found, now) for stream in streams)
    house.capabilities.keep(vehicle.vehicle_id, [each for each in told if each is not None])


def _told(vehicle: Vehicle, stream: Asked, found: Compatibility, now: datetime) -> Told | None:
    """What an answer says of a stream; None where it does not list it."""
    if not found.compatible:
        return Told(vehicle.vehicle_id, stream.name, capable=False, reason=found.reason, checked_at=now,
                    until=now + _REMEMBERED)  # fmt: skip
    said = found.endpoints.get(stream.path.removeprefix("/vehicles/{id}"))
    if said is None:
        return None
    capable, reason = said
    return Told(vehicle.vehicle_id, stream.name, capable, reason, now, now + _REMEMBERED)


_Judgement = tuple[Can, str, datetime | None, datetime | None]


def _judged(
    vehicle: Vehicle,
    stream: Asked,
    state: StreamState | None,
    known: Intervals,
    told: Told | None,
    now: datetime,
) -> _Judgement:
    """The latest word counts: what the vehicle answered itself, or what Smartcar said of it since."""
    answered_at = state.asked_at if state is not None else None
    if told is not None and (answered_at is None or told.checked_at >= answered_at):
        return _as_told(told)
    if state is not None and state.blocked_state == "not_capable":
        if state.blocked_until is not None and state.blocked_until <= now:
            return "unknown", "it could not when it was last asked; the next run asks again", state.asked_at, None
        return "cannot", "it answered so (501)", state.asked_at, state.blocked_until
    if state is not None and (state.blocked_state is None or known):
        return "can", "it answered", state.asked_at, None
    return ("unknown", _why_unknown(vehicle, stream, state), answered_at, None) if told is None else _as_told(told)


def _as_told(told: Told) -> _Judgement:
    can: Can = "can" if told.capable else "cannot"
    reason = f": {told.reason}" if told.reason else ""
    return can, f"Smartcar's compatibility check says so{reason}", told.checked_at, told.until


def _why_unknown(vehicle: Vehicle, stream: Asked, state: StreamState | None) -> str:
    if vehicle.permissions and stream.permission not in vehicle.permissions:
        return f"its owner has not granted {stream.permission}"
    if state is not None:
        return f"asked, and not answered yet ({state.blocked_state})"
    if stream.interface == V3:
        return "not asked yet; v3 has it for every make, where the maker tells it"
    offer = availability().get((vehicle.make or "", stream.name))
    if offer is None:
        return "not asked yet; Smartcar's list does not have it"
    return f"not asked yet; Smartcar offers it in {offer.regions or 'regions it does not name'} since {offer.since}"
