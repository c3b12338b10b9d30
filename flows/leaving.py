"""Vehicles that leave, as the commands do it: the way to Smartcar, then what becomes of what is here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from collectors.connections import Changes
from collectors.errors import CollectError
from collectors.streams import V2
from flows import forgetting
from flows.collecting import wired
from flows.exits import Exit, Stop
from flows.house import House
from flows.publishing import publish_state
from lake.forgotten import Ending
from lake.lock import LakeHeld, hold
from lake.raw import new_run_id
from lake.registry import Vehicle

_STAYS = "its connection at Smartcar may still be there: end it in Smartcar's dashboard"


async def disconnect_vehicle(house: House, name: str) -> str:
    """Disconnect a vehicle by its id or its name, and mark it; gives its id. The caller holds the lake.

    Raises:
        Stop: There is no such vehicle (exit code 2).
        CollectError: Smartcar let none of the ways through.
    """
    vehicle = known_vehicle(house, name)
    async with wired(house, new_run_id(house.clock.now())) as wiring:
        await wiring.disconnect(vehicle)
    _mark(house, [vehicle.vehicle_id])
    return vehicle.vehicle_id


async def disconnect_owner(house: House, owner_id: str) -> tuple[str, ...]:
    """Disconnect all vehicles of an owner, and mark them; gives their ids. The caller holds the lake.

    Raises:
        Stop: There is no such owner (exit code 2).
        CollectError: Smartcar did not do it.
    """
    theirs = [each for each in house.registry.vehicles() if each.owner_id == owner_id]
    if not theirs:
        raise Stop(Exit.USAGE, f"no vehicle of an owner {owner_id}; `chargelake vehicles --json` lists owners")
    async with wired(house, new_run_id(house.clock.now())) as wiring:
        by_v2 = [each for each in theirs if {*each.interfaces, *each.switched_off} == {V2}]
        at_once = by_v2 if by_v2 and wiring.client.is_manager else []
        if at_once:
            await wiring.disconnecting.owner(owner_id)
        for vehicle in theirs:
            if vehicle not in at_once:
                await wiring.disconnect(vehicle)
    _mark(house, [each.vehicle_id for each in theirs])
    return tuple(each.vehicle_id for each in theirs)


async def sync(house: House, *, believe: bool = False) -> Changes:
    """Read who is connected at Smartcar, and keep the registry as that is; the caller holds the lake.

    Args:
        house: The house.
        believe: Mark what is gone even where an answer tells far fewer than are known.

    Raises:
        CollectError: The connections could not be read.
    """
    async with wired(house, new_run_id(house.clock.now())) as wiring:
        changes = await wiring.sync(believe=believe)
        if V2 in house.settings.smartcar.interfaces:
            await wiring.connect().read_missing()
    publish_state(house)
    return changes


async def forget_vehicle(house: House, name: str, ending: Ending) -> str | None:
    """Forget a vehicle; gives what a person should know beside that it is done. The caller holds the lake.

    Args:
        house: The house.
        name: Its id, or its name on pages.
        ending: What is to become of the connection at Smartcar.

    Raises:
        Stop: There is no such vehicle (exit code 2), its connection could not be ended (exit code 5; nothing was
            erased), something of it is left (exit code 1), or webhooks are received on this home (exit code 6).
    """
    with _no_receiver(house):
        return await _forget(house, name, ending)


async def _forget(house: House, name: str, ending: Ending) -> str | None:
    forgetting.finish_erasing(house)
    erasure = forgetting.begin(house, name, ending)
    notes: list[str] = []

    async def end(vehicle: Vehicle) -> None:
        try:
            async with wired(house, new_run_id(house.clock.now())) as wiring:
                await wiring.disconnect(vehicle)
        except CollectError as error:
            notes.append(f"{_STAYS} ({error})")
            raise

    with _nothing_erased():
        erasure = await forgetting.disconnected(house, erasure, end)
    forgetting.erase(house, erasure)
    if books := forgetting.kept_in_books(house, erasure.ids):
        notes.append(books)
    if erasure.connection == "keep" and erasure.owner_id is not None:
        notes.append(_STAYS)
    return "; ".join(notes) or None


def may_come_back(house: House, vehicle_id: str) -> None:
    """Take back the mark of a forgotten vehicle; the caller holds the lake.

    Raises:
        Stop: No vehicle with this id was forgotten here (exit code 2), or webhooks are received on this home (exit code
            6): a receiver goes by the marks of its start, and would answer for events that it does not keep.
    """
    with _no_receiver(house):
        lifted = house.forgotten.lift(vehicle_id)
    if not lifted:
        raise Stop(Exit.USAGE, f"no vehicle {vehicle_id} was forgotten here; it takes Smartcar's own id")


def known_vehicle(house: House, name: str) -> Vehicle:
    """The connected vehicle with this id, or with this name on pages.

    Raises:
        Stop: There is none (exit code 2).
    """
    found = forgetting.known(house, name)
    if found is None:
        raise Stop(Exit.USAGE, f"{name}: no such vehicle; `chargelake vehicles` lists them")
    return found


def _mark(house: House, vehicle_ids: list[str]) -> None:
    house.registry.mark_disconnected(vehicle_ids, house.clock.now())
    publish_state(house)


@contextmanager
def _no_receiver(house: House) -> Iterator[None]:
    """Let no receiver of webhooks run meanwhile: its open journal may hold events of the vehicle."""
    said = "webhooks are received on this home: stop `chargelake webhooks`, do this again, and start it again"
    try:
        with hold(house.receiver_lock, said):
            yield
    except LakeHeld as error:
        raise Stop(Exit.LAKE_HELD, str(error)) from None


@contextmanager
def _nothing_erased() -> Iterator[None]:
    try:
        yield
    except CollectError as error:
        line = f"nothing was erased, as the connection at Smartcar could not be ended: {error}"
    else:
        return
    advice = "; without it and its tokens nobody here could end it later. --even-if-connected erases all the same"
    raise Stop(Exit.NOTHING_COLLECTED, line + advice)
