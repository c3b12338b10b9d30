"""The receiver of Smartcar's webhooks: a small HTTP server in front of the inbox.

    POST /webhook   checked, made durable, answered; see `collectors.smartcar_v3.events`
    GET  /health    200 while the process lives
    GET  /ready     200 if an event could be kept now, 503 if not

Smartcar waits 15 seconds for an answer and comes back three times within two minutes. What is answered with 2xx is on
disk. Nothing of a body or of a token is logged.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from collectors.errors import scrub
from collectors.inbox import Inbox, InboxFull
from collectors.smartcar_v3.discretion import discreet
from collectors.smartcar_v3.events import (
    EVENTS,
    LANDED,
    VERIFY,
    Event,
    NotAnEvent,
    is_signed,
    read_event,
    verification,
)
from collectors.streams import SOURCES, V3
from lake.clock import Clock
from lake.raw import Answer, encode_body
from lake.store import HomeUnwritable

_log = logging.getLogger(__name__)

SIGNATURE: Final = "SC-Signature"
_OK, _BAD, _UNSIGNED, _SLOW, _LARGE, _ENCODED, _BUSY = 200, 400, 401, 408, 413, 415, 503
_COME_AGAIN: Final = {"Retry-After": "20"}
_PROBE_EVERY: Final = 1.0
"""Seconds that the answer of a look at the disk is good for: whoever asks often wears out nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """How events are received.

    Attributes:
        tokens: Management tokens of the application, the present one first; signatures by any of them are good.
        path: Where Smartcar posts to.
        body_bytes: The longest body that is read.
        body_seconds: The longest time that a body may take to arrive.
    """

    tokens: Sequence[str] = field(repr=False)
    path: str = "/webhook"
    body_bytes: int = 2**20
    body_seconds: float = 10


class _Refused(Exception):
    """Not accepted: the status, and one line for the sender."""

    def __init__(self, status: int, line: str) -> None:
        self.status = status
        super().__init__(line)


class Receiver:
    """Answers requests; what is to be kept goes to the inbox."""

    def __init__(self, reception: Reception, inbox: Inbox, clock: Clock) -> None:
        """Receive into `inbox`, which is open as long as this answers."""
        self._reception = reception
        self._inbox = inbox
        self._clock = clock
        self._probed = (0.0, "")

    def application(self) -> web.Application:
        """The server's routes."""
        app = web.Application(client_max_size=self._reception.body_bytes)
        app.router.add_post(self._reception.path, self._receive)
        app.router.add_get("/health", self._health)
        app.router.add_get("/ready", self._ready)
        return app

    async def _receive(self, request: web.Request) -> web.Response:
        try:
            return await self._received(await self._body(request), request.headers.get(SIGNATURE))
        except _Refused as refused:
            _log.warning("refused with %d: %s", refused.status, refused)
            return _said(refused.status, {"error": str(refused)})
        except (HomeUnwritable, InboxFull):
            return _said(_BUSY, {"error": "not kept; send it again"})

    async def _body(self, request: web.Request) -> bytes:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _Refused(_ENCODED, "compressed bodies are not accepted")
        if (request.content_length or 0) > self._reception.body_bytes:
            raise _Refused(_LARGE, f"the body is longer than {self._reception.body_bytes} bytes")
        try:
            async with asyncio.timeout(self._reception.body_seconds):
                return await request.read()
        except TimeoutError:
            raise _Refused(_SLOW, "the body did not arrive in time") from None
        except web.HTTPRequestEntityTooLarge:
            raise _Refused(_LARGE, f"the body is longer than {self._reception.body_bytes} bytes") from None

    async def _received(self, body: bytes, signed: str | None) -> web.Response:
        if signed is not None and not is_signed(body, signed, self._reception.tokens):
            raise _Refused(_UNSIGNED, f"{SIGNATURE} is not this body's")
        event = _event(body)
        if event.kind == VERIFY:
            return self._verified(event)
        if signed is None:
            raise _Refused(_UNSIGNED, f"{SIGNATURE} is missing")
        if event.kind not in LANDED:
            _log.warning("passed over an event of type %s", scrub(event.kind))
            return _said(_OK, {"status": "passed over"})
        is_new = await self._inbox.keep(_answer(event, body, self._clock.now()))
        return _said(_OK, {"status": "kept" if is_new else "known already"})

    def _verified(self, event: Event) -> web.Response:
        if event.challenge is None:
            raise _Refused(_BAD, "VERIFY has no challenge that can be answered")
        _log.info("answered a VERIFY")
        answer = verification(event.challenge, self._reception.tokens[0])
        return web.Response(body=answer, content_type="application/json")

    async def _health(self, _: web.Request) -> web.Response:
        return _said(_OK, {"status": "alive"})

    async def _ready(self, _: web.Request) -> web.Response:
        looked_at, found = self._probed
        if time.monotonic() - looked_at > _PROBE_EVERY:
            found = await self._look()
            self._probed = (time.monotonic(), found)
        return _said(_BUSY, {"status": "not ready", "why": found}) if found else _said(_OK, {"status": "ready"})

    async def _look(self) -> str:
        """Why no event could be kept now; empty if it could."""
        try:
            await self._inbox.probe()
        except InboxFull:
            return "too much waits to be written"
        except HomeUnwritable as error:
            _log.error("not ready: %s", error)
            return "the home cannot be written; the log says more"
        return ""


def _event(body: bytes) -> Event:
    try:
        return read_event(body)
    except NotAnEvent as error:
        raise _Refused(_BAD, f"no event: {error}") from None


def _answer(event: Event, body: bytes, now: datetime) -> Answer:
    """An event as it lands, without what must not."""
    if event.event_id is None:
        raise _Refused(_BAD, "no event: no eventId")
    if event.vehicle_id is None:
        raise _Refused(_BAD, "no event: it names no vehicle")
    text, encoding, digest = encode_body(discreet(body))
    return Answer(
        source=SOURCES[V3],
        stream=EVENTS,
        run_id="",
        asked_at=now,
        received_at=now,
        method="POST",
        path="/webhook",
        status=_OK,
        body=text,
        encoding=encoding,
        sha256=digest,
        vehicle_id=event.vehicle_id,
        make=event.make,
        request_id=event.event_id,
    )


def _said(status: int, words: dict[str, str]) -> web.Response:
    headers = _COME_AGAIN if status == _BUSY else None
    return web.Response(
        status=status, body=msgspec.json.encode(words), content_type="application/json", headers=headers
    )
