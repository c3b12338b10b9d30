"""Observing what vehicles are set to, after everything else: nothing here may cost a charge record.

One request each. What stands in the way is noted in the ledger and asked again another day; a budget that is spent, or
an application that may not go on, ends the observing and nothing more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from collectors.asking import Tally
from collectors.errors import ApplicationMustAct, BudgetSpent, Circumstances, CollectError, EveryoneWaits, OurBug
from collectors.snapshots import Snapshot
from lake.clock import Clock
from lake.ledger import Ledger
from lake.registry import Vehicle
from lake.state import StateUnusable
from lake.store import HomeUnwritable

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of a snapshot: the requests it took, and what stood in the way, if anything did."""

    vehicle: Vehicle
    snapshot: Snapshot
    requests: int = 0
    error: CollectError | None = None


class Reader(Protocol):
    """Asks one interface what a vehicle is set to."""

    async def read(self, vehicle: Vehicle, snapshot: Snapshot, tally: Tally | None = None) -> Mapping[str, Any]:
        """What stands now, as told; raises a `CollectError` as the answer means."""


class Observer:
    """Observes for one run.

    Args:
        readers: Ask and land, by interface.
        ledger: Is told when each was asked, and what stood in the way.
        clock: What time it is for the ledger.
        at_once: How many are asked side by side.
    """

    def __init__(self, readers: Mapping[str, Reader], ledger: Ledger, clock: Clock, *, at_once: int = 8) -> None:
        self._readers = readers
        self._ledger = ledger
        self._clock = clock
        self._at_once = at_once

    async def observe(self, wanted: Iterable[tuple[Vehicle, Snapshot]]) -> list[Observed]:
        """Ask in this order, until an answer ends the asking; gives an outcome for each that was asked.

        Raises:
            HomeUnwritable: An answer could not be landed; the run ends.
            StateUnusable: The ledger or the tokens could not be kept; the run ends.
        """
        waiting, found = iter(wanted), list[Observed]()

        async def worker() -> None:
            for vehicle, snapshot in waiting:  # shared: each takes the next
                found.append(await self._one(vehicle, snapshot))
                if any(isinstance(each.error, ApplicationMustAct | BudgetSpent | EveryoneWaits) for each in found):
                    return

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._at_once):
                    group.create_task(worker())
        except* (HomeUnwritable, StateUnusable) as several:
            broken = several
        else:
            return found
        raise broken.exceptions[0]

    async def _one(self, vehicle: Vehicle, snapshot: Snapshot) -> Observed:
        """Ask for one, and tell the ledger."""
        tally, key = Tally(), (vehicle.vehicle_id, snapshot.name)
        try:
            await self._readers[snapshot.interface].read(vehicle, snapshot, tally)
        except (HomeUnwritable, StateUnusable):
            raise  # what cannot be kept must not be asked for
        except CollectError as error:
            self._note(key, error)
            return Observed(vehicle, snapshot, tally.requests, error)
        except Exception as error:  # noqa: BLE001, what nobody foresaw here must not end a run that has its records
            _log.exception("observing failed: %s of %s", snapshot.name, vehicle.vehicle_id)
            at = Circumstances(call=f"GET {snapshot.path}", vehicle_id=key[0], detail=type(error).__name__)
            bug = OurBug(at, "This is a bug of chargelake: report it with the log of this run.")
            self._note(key, bug)
            return Observed(vehicle, snapshot, tally.requests, bug)
        self._ledger.answered(*key, None, self._clock.now())
        return Observed(vehicle, snapshot, tally.requests)

    def _note(self, key: tuple[str, str], error: CollectError) -> None:
        _log.info("not observed: %s: %s", type(error).__name__, error)
        if error.state is None or isinstance(error, BudgetSpent | EveryoneWaits):
            return  # the next run knows the budget by itself
        detail = error.what_to_do or str(error)
        self._ledger.block(
            *key, error.state, detail=detail, until=error.until, at=self._clock.now(), whose_move=error.whose_move
        )
