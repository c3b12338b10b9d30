"""HTTP: plain requests and responses, and the one place that opens a socket.

A `Transport` makes its session inside the running event loop and belongs to that loop. It follows no redirect,
keeps no cookie, reads no more of a body than it was allowed, and turns every failure into an error of ours
without its cause: aiohttp's own errors show the Authorization header and the query.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp

from collectors.errors import Circumstances, NoAnswer, OurBug, RetryLater

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as plain values. What may hold a secret is left out of its `repr`.

    Attributes:
        method: `GET`, `POST`, `DELETE`.
        url: Without the query.
        call: Method and path template, for people.
        vehicle_id: The vehicle it is about, for people.
        timeout: Seconds in all, where they should be fewer than the transport's limit.
        query: Query parameters.
        headers: Request headers; the Authorization is among them.
        form: Fields of a form body, if there is one.
        json: What is sent as a JSON body, if there is one.
    """

    method: str
    url: str
    call: str
    vehicle_id: str | None = None
    timeout: float | None = None
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response, read to its end.

    Attributes:
        status: HTTP status.
        headers: Names in lower case; of a repeated header the last.
        body: The bytes, decompressed.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a request may take.

    Attributes:
        connect: Seconds until a connection must stand.
        read: Seconds without a byte. Smartcar waits for the vehicle, which may take minutes.
        total: Seconds from the first attempt to connect to the last byte; bounds a body that only drips.
        body: Bytes of a decompressed body.
        connections: Connections open at once.
    """

    connect: float = 30
    read: float = 300
    total: float = 300
    body: int = 8 * 1024 * 1024
    connections: int = 32


class Transport:
    """Sends requests over one aiohttp session; use it as an async context manager, within one event loop."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        limits = self._limits
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limits.connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=limits.total, connect=None, sock_connect=limits.connect, sock_read=limits.read
            ),
            headers={"accept": "application/json", "user-agent": "chargelake"},
        )
        # aiohttp 3.14 sends a GET or DELETE again by itself when a reused connection turns out to be dropped: a request
        # that nobody paced or counted. It has no public switch for that; its own TestClient uses this one.
        self._session._retry_connection = False  # noqa: SLF001, see above
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: Request) -> Response:
        """Send one request and read its answer, whatever its status.

        Raises:
            NoAnswer: No connection, a dropped one, or the time was up.
            RetryLater: The body is larger than allowed.
            OurBug: The URL is none.
        """
        if self._session is None:
            raise RuntimeError("a Transport sends inside `async with` only")
        at = Circumstances(call=request.call, vehicle_id=request.vehicle_id)
        try:
            async with asyncio.timeout(request.timeout):
                return await self._exchange(self._session, request)
        except TimeoutError:
            raise NoAnswer(at, "No answer within the time allowed; it will be asked again.") from None
        except aiohttp.InvalidURL:
            raise OurBug(at, "The configured URL is not one: correct the setting.") from None
        except (aiohttp.ClientError, OSError) as error:
            what = f"No answer came ({type(error).__name__}); it will be asked again."
        raise NoAnswer(at, what) from None

    async def _exchange(self, session: aiohttp.ClientSession, request: Request) -> Response:
        async with session.request(
            request.method,
            request.url,
            params=dict(request.query),
            headers=dict(request.headers),
            data=None if request.form is None else dict(request.form),
            json=None if request.json is None else dict(request.json),
            allow_redirects=False,
        ) as answer:
            body = await self._body(answer, request)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(status=answer.status, headers=headers, body=body)

    async def _body(self, answer: aiohttp.ClientResponse, request: Request) -> bytes:
        body = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._limits.body:
                answer.close()  # the rest is not wanted: without this, leaving would read on
                at = Circumstances(
                    call=request.call,
                    vehicle_id=request.vehicle_id,
                    status=answer.status,
                    detail=f"more than {self._limits.body} bytes",
                )
                raise RetryLater(
                    at, "The answer was larger than allowed and was not kept; raise the limit if it is right."
                )
        return bytes(body)
