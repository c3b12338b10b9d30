"""One call from start to end: credentials, pacing, sending, landing, deciphering, and again if that may help.

Every answer is landed, errors included, before it is deciphered: what a bug here misreads is not lost. Those alone that
hold a VIN are read and dropped. What lands holds
no credentials, and outside of records no e-mail and no VIN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

import stamina

from collectors.calls import Call, NotAsPromised
from collectors.errors import (
    CollectError,
    EveryoneWaits,
    MakerWaits,
    RetryNow,
    TokenRefused,
    VehicleWaits,
    without_secrets,
)
from collectors.failures import failure, unreadable
from collectors.http import Response, Transport
from collectors.pacing import Pacer
from lake.clock import Clock
from lake.intervals import DayInterval
from lake.raw import Answer, Landing, encode_body

T = TypeVar("T")
_KEPT_HEADERS: Final = ("content-type", "date", "retry-after", "sc-data-age", "sc-unit-system")


class Credentials(Protocol):
    """Who asks."""

    async def header(self) -> str:
        """The value of the Authorization header."""

    async def after_refusal(self, refused: str, error: TokenRefused) -> str:
        """Another value after a 401; raises where there is none."""

    def given_up(self, error: TokenRefused) -> CollectError:
        """What a 401 means that came for the other value as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How a failing call is tried again within the run.

    Attributes:
        attempts: Requests in all, the first included.
        backoff: Seconds before the second; doubles, with as much jitter.
        longest: Longest backoff, and the longest `Retry-After` that is sat out, in seconds.
    """

    attempts: int = 4
    backoff: float = 2
    longest: float = 60


@dataclass(slots=True)
class Tally:
    """How many requests were sent for something, retries included."""

    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A call with all that is needed to send it and to land its answer.

    Attributes:
        call: What is asked.
        base: URL of the API.
        credentials: Who asks.
        make: The vehicle's make, for the lake.
        tally: Counts the requests.
    """

    call: Call
    base: str
    credentials: Credentials
    make: str | None = None
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True, slots=True)
class Reply:
    """A landed answer and when it was asked and received (UTC, the run's clock)."""

    response: Response
    asked_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Collected:
    """What an interface told whole.

    Attributes:
        records: How many came, on all pages.
        received_at: When the last answer had arrived (UTC, the run's clock).
        window: The days that it speaks of; None: of no whole day.
        as_of: The instant up to which it tells: when it was asked for, or when its source knew it; None: not told.
    """

    records: int
    received_at: datetime
    window: DayInterval | None
    as_of: datetime | None


def _has_records(call: Call, response: Response) -> bool:
    """Whether tables are made of the answer. It stays exactly as it came: an id in it may look like a VIN."""
    return (
        call.records is not None and response.status == HTTPStatus.OK and f'"{call.records}"'.encode() in response.body
    )


def _without_secrets(response: Response, authorization: str) -> Response:
    """The answer without e-mails, VINs and credentials; error pages like to repeat those they were asked with."""
    text, secret = response.body.decode(errors="surrogateescape"), authorization.partition(" ")[2]
    clean = without_secrets(text.replace(secret, "…") if secret else text)
    return response if clean == text else replace(response, body=clean.encode(errors="surrogateescape"))


class Asker:
    """Sends calls and lands answers for one run.

    Args:
        transport: Sends.
        pacer: Says when.
        landing: Keeps every answer.
        clock: Stamps the answers.
        run_id: The run that asks.
        retries: How often a failing call is tried.
    """

    def __init__(
        self, *, transport: Transport, pacer: Pacer, landing: Landing, clock: Clock, run_id: str, retries: RetryPolicy
    ) -> None:
        self._transport = transport
        self._pacer = pacer
        self._landing = landing
        self._clock = clock
        self._run_id = run_id
        self._retries = retries

    async def ask(self, asking: Asking, read: Callable[[Response], T]) -> tuple[T, Reply]:
        """Ask until there is an answer that `read` can read, or an error that asking again does not help.

        Raises:
            CollectError: As the answer means; see `collectors.errors`.
        """
        policy = self._retries
        attempts = stamina.retry_context(
            on=self._backoff,
            attempts=policy.attempts,
            timeout=None,  # stamina would sleep past it; the attempts and the longest backoff bound the time
            wait_initial=policy.backoff,
            wait_jitter=policy.backoff,
            wait_max=policy.longest,
        )
        async for attempt in attempts:
            with attempt:
                return await self._with_credentials(asking, read)
        raise AssertionError("stamina ends with a result or an error")

    async def _with_credentials(self, asking: Asking, read: Callable[[Response], T]) -> tuple[T, Reply]:
        authorization = await asking.credentials.header()
        try:
            return await self._once(asking, authorization, read)
        except TokenRefused as error:
            other = await asking.credentials.after_refusal(authorization, error)
        try:
            return await self._once(asking, other, read)
        except TokenRefused as error:
            last = asking.credentials.given_up(error)
        raise last

    async def _once(self, asking: Asking, authorization: str, read: Callable[[Response], T]) -> tuple[T, Reply]:
        call = asking.call
        async with self._pacer.slot(call.vehicle_id, call.name):
            asking.tally.requests += 1
            asked_at = self._clock.now()
            response = await self._transport.send(call.request(asking.base, authorization))
            if not (call.is_private or _has_records(call, response)):
                response = _without_secrets(response, authorization)
        reply = Reply(response, asked_at, self._clock.now())
        if not call.is_private:
            await self._landing.land(self._answer(asking, reply))
        error = self._problem(call, reply)
        if error is not None:
            raise error
        self._pacer.resume()
        try:
            return read(response), reply
        except NotAsPromised:
            name, now = call.name, reply.received_at
        raise unreadable(response, call=name, vehicle_id=call.vehicle_id, now=now)

    @staticmethod
    def _problem(call: Call, reply: Reply) -> CollectError | None:
        response = reply.response
        if 200 <= response.status < 300:  # noqa: PLR2004, the class of statuses by its number
            return None
        return failure(response, call=call.name, vehicle_id=call.vehicle_id, now=reply.received_at)

    def _backoff(self, error: Exception) -> bool | float:
        """What stamina asks after each failure: whether to try again, or after how many seconds."""
        if isinstance(error, EveryoneWaits):
            self._pacer.pause(error.retry_after)
            return 0.0  # the next slot comes after the pause
        if isinstance(error, VehicleWaits) and not isinstance(error, MakerWaits):
            return self._hold(error)
        if not isinstance(error, RetryNow):
            return False
        wait = error.retry_after
        return True if wait is None else wait <= self._retries.longest and wait

    def _hold(self, error: VehicleWaits) -> bool | float:
        if error.at.vehicle_id is None or error.retry_after is None:
            return False
        self._pacer.hold(error.at.vehicle_id, error.retry_after)
        return 0.0  # the vehicle's next slot comes after the hold, or is refused

    def _answer(self, asking: Asking, reply: Reply) -> Answer:
        call, headers = asking.call, reply.response.headers
        body, encoding, digest = encode_body(reply.response.body)
        return Answer(
            source=call.source,
            stream=call.stream,
            vehicle_id=call.vehicle_id,
            make=asking.make,
            run_id=self._run_id,
            asked_at=reply.asked_at,
            received_at=reply.received_at,
            method=call.method,
            path=call.path,
            query=dict(call.query),
            since=call.window.since if call.window else None,
            until=call.window.until if call.window else None,
            page=call.page,
            status=reply.response.status,
            request_id=headers.get("sc-request-id"),
            headers={name: headers[name] for name in _KEPT_HEADERS if name in headers},
            body=body,
            encoding=encoding,
            sha256=digest,
        )
