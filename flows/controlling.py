"""Showing and setting what a vehicle is set to, as a run of its own: asked, landed, taken into the tables at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl

from collectors.asking import Tally
from collectors.calls import Call
from collectors.errors import CollectError, NotCapable, RetryLater, RetryNow
from collectors.observe import Reader
from collectors.snapshots import NAMES, SCOPES, Kind, Snapshot, snapshots_of
from flows import jobs
from flows.collecting import Wiring, wired
from flows.exits import Exit, Stop
from flows.house import House
from flows.jobs import Job, Result
from lake.raw import new_run_id
from lake.registry import Vehicle
from lake.runs import StreamCount
from lake.schemas import CHARGE_SCHEDULES, CLIMATE_STATES
from lake.tables import Partition
from transforms import snapshots
from transforms.reading import NO_MAKE

T = TypeVar("T")
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """Something to set, ready to be sent.

    Attributes:
        vehicle: Whose.
        snapshot: What it changes.
        calls: What is sent, in this order.
        older: Of a single call: the same as older documentation has it.
    """

    vehicle: Vehicle
    snapshot: Snapshot
    calls: tuple[Call, ...]
    older: Call | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What the API said to each call of an order, and whether what stands now could be read back."""

    answers: tuple[Answer, ...]
    read_back: bool


def settings_of(vehicle: Vehicle, kind: Kind, part: str | None = None) -> tuple[Snapshot, ...]:
    """What of a kind a vehicle can be set to.

    Raises:
        Stop: Smartcar offers none for this make or interface (exit code 2), or there is no such part.
    """
    offered = snapshots_of(vehicle, kind)
    if not offered:
        what = "charge schedule" if kind == "schedule" else "climate"
        raise Stop(Exit.USAGE, f"{vehicle.vehicle_id}: Smartcar offers no {what} of a {vehicle.make or 'vehicle'}")
    found = tuple(each for each in offered if part in {None, each.part})
    if not found:
        raise Stop(
            Exit.USAGE, f"{part}: no part of the climate; there are {', '.join(str(each.part) for each in offered)}"
        )
    return found


def setting_of(vehicle: Vehicle, kind: Kind, part: str | None = None) -> Snapshot:
    """What of a kind can be set, and not only shown.

    Raises:
        Stop: There is none (exit code 2).
    """
    found = [each for each in settings_of(vehicle, kind, part) if each.control is not None]
    if not found:
        raise Stop(Exit.USAGE, f"{vehicle.vehicle_id}: it can be shown, but set through v2.0 only")
    return found[0]


def standing(house: House, vehicle: Vehicle, kind: Kind) -> pl.DataFrame:
    """The rows of the tables that stand for a vehicle."""
    table = CHARGE_SCHEDULES if kind == "schedule" else CLIMATE_STATES
    rows = house.tables.read(table, [Partition(vehicle.make or NO_MAKE)])
    return snapshots.current(rows.filter(pl.col("vehicle_id") == vehicle.vehicle_id)).sort(table.sort_by)


def trouble(house: House, vehicle: Vehicle, wanted: Sequence[Snapshot]) -> str | None:
    """Why nothing newer is known of these, in one sentence; None if nothing stands in the way."""
    states = house.ledger.states()
    for each in wanted:
        state = states.get((vehicle.vehicle_id, each.name))
        if state is not None and state.blocked_state is not None:
            return state.blocked_detail or state.blocked_state
        if each.permission not in vehicle.permissions:
            return _not_granted(each.permission)
    return None


def look(house: House, vehicle: Vehicle, wanted: Sequence[Snapshot]) -> None:
    """Ask what a vehicle is set to; the tables have it when this returns. The caller holds the lake.

    Raises:
        Stop: The owner has not granted the permission (exit code 3).
        CollectError: As the answer means.
    """
    for each in wanted:
        _require(vehicle, each.permission)

    async def ask(wiring: Wiring, result: Result) -> None:
        for each in wanted:
            await _read(house, wiring, result, vehicle, each)

    _as_a_run(house, f"{wanted[0].kind} show", ask)


def send(house: House, order: Order) -> Done:
    """Set something, and read back what stands; the tables have it when this returns. The caller holds the lake.

    Raises:
        Stop: The owner has not granted the permission (exit code 3).
        CollectError: As the answer means.
    """
    vehicle, snapshot = order.vehicle, order.snapshot
    if snapshot.control is not None:
        _require(vehicle, snapshot.control)
    read_back = snapshot.permission in vehicle.permissions

    async def ask(wiring: Wiring, result: Result) -> Done:
        answers = []
        for call in order.calls:
            tally = Tally()
            try:
                answers.append(await wiring.controls.send(vehicle, call, order.older, tally))
            finally:
                _count(house, result, call.stream, tally)
        if read_back:
            await _read(house, wiring, result, vehicle, snapshot)
        return Done(tuple(answers), read_back)

    return _as_a_run(house, f"{snapshot.kind} set", ask)


def _as_a_run(house: House, command: str, ask: Callable[[Wiring, Result], Awaitable[T]]) -> T:
    """Ask as a run of its own, and take in what has landed, whatever the answers were."""
    now = house.clock.now()
    result = Result(Job(new_run_id(now), command))
    house.runs.begin(result.job.run_id, command, now)

    async def within() -> T:
        async with wired(house, result.job.run_id) as wiring:
            return await ask(wiring, result)

    try:
        return asyncio.run(within())
    except CollectError as error:
        result.failed += 1
        raise _reworded(error) if isinstance(error, NotCapable | RetryLater | RetryNow) else error from None
    finally:
        jobs.transform(house, result)
        jobs.check(house, result, of_records=bool(set(result.counts) - NAMES))


async def _read(house: House, wiring: Wiring, result: Result, vehicle: Vehicle, snapshot: Snapshot) -> None:
    tally = Tally()
    try:
        await _reader(wiring, snapshot).read(vehicle, snapshot, tally)
    finally:
        _count(house, result, snapshot.name, tally)
    house.ledger.answered(vehicle.vehicle_id, snapshot.name, None, house.clock.now())


def _reader(wiring: Wiring, snapshot: Snapshot) -> Reader:
    if snapshot.interface not in wiring.readers:
        raise Stop(Exit.USAGE, f"the credentials of {snapshot.interface} are not set, which tells {snapshot.name}")
    return wiring.readers[snapshot.interface]


def _count(house: House, result: Result, stream: str, tally: Tally) -> None:
    result.requests += tally.requests
    house.runs.add(result.job.run_id, {stream: StreamCount(requests=tally.requests)})


def _reworded(error: CollectError) -> CollectError:
    """The error with what it means to a person who waits: no run asks again for them."""
    what = "This vehicle cannot do this." if isinstance(error, NotCapable) else "The vehicle did not answer: try later."
    return type(error)(error.at, what, until=error.until, retry_after=error.retry_after)


def _require(vehicle: Vehicle, scope: str) -> None:
    if scope not in vehicle.permissions:
        raise Stop(Exit.SOMEBODY_MUST_ACT, f"{vehicle.vehicle_id}: {_not_granted(scope)}")


def _not_granted(scope: str) -> str:
    word = next(word for word, scopes in SCOPES.items() if scope in scopes)
    return f"the owner has not granted {scope}: connect again with `chargelake connect --scopes {word}`"
