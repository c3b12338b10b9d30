"""The inbox: what is pushed to us is durable before anybody is told that we have it.

Answers that come while others are being written share the next write and its one fsync. The journal behind it is
sealed into a segment once it is large or old, and at the end; a second delivery of what is known is not kept again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Final, Self

import msgspec

from lake.clock import Clock
from lake.journal import Cleaning, Journal, Sealed, left, seal_left
from lake.raw import TURN, Answer, new_run_id
from lake.store import HomeUnwritable, Store

_log = logging.getLogger(__name__)

MARK: Final = "h"
"""Stands in the names of a receiver's runs, and in no other's: `h` is no hexadecimal digit."""
_DIGEST: Final = 16
_PROBE: Final = "state/probe"
_PROBE_BYTES: Final = 4096


class InboxFull(Exception):
    """More waits to be written than may; the sender has to come again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When the journal is sealed, and how much is remembered.

    Attributes:
        journal_bytes: Size from which on it is sealed.
        journal_seconds: Age of its first answer from which on it is.
        look_every: Seconds between two looks at that.
        waiting_bytes: Bodies that may wait to be written.
        remembered: Ids of deliveries that are remembered, the newest.
    """

    journal_bytes: int = 8 * 2**20
    journal_seconds: float = 60
    look_every: float = 1
    waiting_bytes: int = 64 * 2**20
    remembered: int = 200_000


class Inbox:
    """What a receiver has accepted; an async context manager, inside the running event loop only.

    Args:
        store: The home, a folder of this machine.
        clock: What time it is; a run of answers is as long as a day (UTC) at most.
        limits: When the journal is sealed.
        on_sealed: Called with each journal that was sealed, from another thread.
        hides: Whether a vehicle was forgotten on purpose; nothing of it is kept.
        clean: Takes out of a journal what must not land, when it is sealed.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        limits: Limits = Limits(),
        on_sealed: Callable[[Sealed], None] = lambda _: None,
        hides: Callable[[str | None], bool] = lambda _: False,
        clean: Cleaning = list,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._on_sealed = on_sealed
        self._hides = hides
        self._clean = clean
        self._run: tuple[date, str] | None = None
        self._number = 0
        self._journal: Journal | None = None
        self._begun_at = 0.0
        self._at_journal = asyncio.Lock()
        self._waiting: list[tuple[Answer, asyncio.Future[None]]] = []
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._under_way: dict[bytes, asyncio.Future[None]] = {}
        self._known: dict[bytes, None] = {}

    async def __aenter__(self) -> Self:
        """Seal what an earlier receiver left, and remember it."""
        for event_id in await asyncio.to_thread(self._seal):
            self._remember(event_id)
        self._keeper = asyncio.create_task(self._keep_sealing())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what waits, and seal it."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._writer is not None:
            await self._writer
        try:
            await self._seal_now()
        except HomeUnwritable:
            _log.exception("the journal stays as it is; the next start or run seals it")

    async def keep(self, answer: Answer) -> bool:
        """Keep what was delivered under `answer.request_id`; durable on return.

        Returns:
            Whether it is new; what is known is not kept again, and what is of a forgotten vehicle not at all.

        Raises:
            HomeUnwritable: It could not be written.
            InboxFull: Too much waits already.
        """
        key = _key(_id(answer))
        if key in self._known or self._hides(answer.vehicle_id):
            return False
        if (first := self._under_way.get(key)) is not None:
            await asyncio.shield(first)
            return False
        if self._waiting_bytes > self._limits.waiting_bytes:
            raise InboxFull
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way[key] = future
        try:
            await self._written(answer, future)
        finally:
            del self._under_way[key]
        return True

    async def probe(self) -> None:
        """See whether something could be kept now.

        Raises:
            HomeUnwritable: It could not be written.
            InboxFull: Too much waits already.
        """
        if self._waiting_bytes > self._limits.waiting_bytes:
            raise InboxFull
        await asyncio.to_thread(self._write_probe)

    async def seal_if_due(self) -> None:
        """Seal the journal if it is large or old, and what could not be sealed before."""
        journal = self._journal
        if journal is not None and journal.size and self._is_due(journal):
            await self._seal_now()
        elif self._left_before():
            await asyncio.to_thread(self._seal)

    async def _written(self, answer: Answer, future: asyncio.Future[None]) -> None:
        self._waiting.append((answer, future))
        self._waiting_bytes += len(answer.body)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        await asyncio.shield(future)

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting, self._waiting_bytes = self._waiting, [], 0
            try:
                async with self._at_journal:
                    await asyncio.to_thread(self._append, [answer for answer, _ in batch])
            except Exception as error:  # noqa: BLE001, whoever waits for it must hear of it
                _log.exception("%d deliveries could not be kept", len(batch))
                for _, future in batch:
                    future.set_exception(error)
            else:
                for answer, future in batch:
                    self._remember(_id(answer))
                    future.set_result(None)

    def _append(self, answers: list[Answer]) -> None:
        """Append to the journal, which is made with the first; in a thread, one at a time."""
        journal = self._journal or self._open()
        if not journal.size:
            self._begun_at = time.monotonic()
        try:
            journal.append([msgspec.structs.replace(answer, run_id=journal.run_id) for answer in answers])
        except HomeUnwritable:
            self._journal = None  # what is in it already is sealed; the next answer gets another
            journal.close()
            raise

    def _open(self) -> Journal:
        now = self._clock.now()
        if self._run is None or self._run[0] != now.date():
            self._run, self._number = (now.date(), new_run_id(now, MARK)), 0
        self._number += 1
        self._journal = Journal(self._store, self._run[1], self._number)
        return self._journal

    def _write_probe(self) -> None:
        with self._store.in_turn(TURN):
            self._store.put(_PROBE, bytes(_PROBE_BYTES))

    def _is_due(self, journal: Journal) -> bool:
        age = time.monotonic() - self._begun_at
        return journal.size >= self._limits.journal_bytes or age >= self._limits.journal_seconds

    def _left_before(self) -> bool:
        return len(left(self._store)) > (self._journal is not None)

    async def _keep_sealing(self) -> None:
        while True:
            await asyncio.sleep(self._limits.look_every)
            try:
                await self.seal_if_due()
            except Exception:  # noqa: BLE001, whatever it is, events come in and the next try may do
                _log.exception("the journal cannot be sealed yet")
                await asyncio.sleep(10 * self._limits.look_every)

    async def _seal_now(self) -> None:
        async with self._at_journal:
            journal, self._journal = self._journal, None
            if journal is not None:
                journal.close()
        await asyncio.to_thread(self._seal)

    def _seal(self) -> list[str]:
        """Seal what nobody writes; gives the ids of what was in it."""
        found: list[str] = []
        for sealed in seal_left(self._store, self._clean):
            found += map(_id, sealed.answers)
            self._on_sealed(sealed)
        return found

    def _remember(self, event_id: str) -> None:
        self._known[_key(event_id)] = None
        while len(self._known) > self._limits.remembered:
            del self._known[next(iter(self._known))]


def _id(answer: Answer) -> str:
    return answer.request_id or answer.sha256


def _key(event_id: str) -> bytes:
    """An id of any length as a short one."""
    return blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()
