from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from collectors.errors import CollectError, NoAnswer, OurBug, RetryLater
from collectors.http import Limits, Request, Response, Transport

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SECRET = "Bearer very-secret-token"


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


def asked(url: str, **more: object) -> Request:
    return Request(
        method="GET", url=url, call="GET /x", query={"q": "1"}, headers={"authorization": SECRET}, **more
    )  # fmt: skip


async def answer_to(handler: Handler, limits: Limits | None = None, **more: object) -> Response:
    async with served(handler) as url, Transport(limits) as transport:
        return await transport.send(asked(url, **more))


async def test_an_answer_of_any_status_is_read_whole() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.headers["authorization"] == SECRET
        assert request.query == {"q": "1"}
        return web.Response(status=418, text="tea", headers={"SC-Request-Id": "r-1"})

    response = await answer_to(handler)
    assert (response.status, response.body, response.headers["sc-request-id"]) == (418, b"tea", "r-1")


async def test_a_redirect_is_not_followed() -> None:
    async def handler(_: web.Request) -> web.Response:
        raise web.HTTPFound("https://elsewhere.example/")

    assert (await answer_to(handler)).status == 302


async def test_a_form_is_sent_as_one() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=str(dict(await request.post())))

    async with served(handler) as url, Transport() as transport:
        request = Request(method="POST", url=url, call="POST /x", form={"a": "b c"})
        assert (await transport.send(request)).body == b"{'a': 'b c'}"


async def test_no_cookie_of_one_owner_reaches_another() -> None:
    async def handler(request: web.Request) -> web.Response:
        response = web.Response(text=str(dict(request.cookies)))
        response.set_cookie("owner", "one")
        return response

    async with served(handler) as url, Transport() as transport:
        await transport.send(asked(url))
        assert (await transport.send(asked(url))).body == b"{}"


async def test_a_hanging_server_is_given_up_in_time() -> None:
    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    began = time.monotonic()
    for limits, more in ((Limits(total=0.1), {}), (Limits(read=0.1), {}), (Limits(), {"timeout": 0.1})):
        with pytest.raises(NoAnswer):
            await answer_to(handler, limits, **more)
    assert time.monotonic() - began < 3


async def test_a_body_that_only_drips_is_bounded_by_the_time_in_all() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        while True:
            await stream.write(b" ")
            await asyncio.sleep(0.02)

    began = time.monotonic()
    with pytest.raises(NoAnswer):
        await answer_to(handler, Limits(total=0.3, read=0.2))
    assert time.monotonic() - began < 2


async def test_a_huge_body_is_not_read_to_its_end() -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        stream = web.StreamResponse()
        await stream.prepare(request)
        while sent < 50_000_000:
            await stream.write(b" " * 100_000)
            sent += 100_000
        return stream

    with pytest.raises(RetryLater, match="larger than allowed"):
        await answer_to(handler, Limits(body=1_000_000))
    assert sent < 20_000_000


async def test_a_body_that_unpacks_to_too_much_is_not_kept() -> None:
    async def handler(_: web.Request) -> web.Response:
        packed = gzip.compress(b" " * 20_000_000)
        return web.Response(body=packed, headers={"content-encoding": "gzip"})

    with pytest.raises(RetryLater, match="larger than allowed"):
        await answer_to(handler, Limits(body=1_000_000))


async def test_a_body_that_does_not_unpack_is_no_answer() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"this is no gzip", headers={"content-encoding": "gzip"})

    with pytest.raises(NoAnswer):
        await answer_to(handler)


async def test_a_dropped_connection_is_no_answer() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with pytest.raises(NoAnswer):
        await answer_to(handler)


async def test_no_request_is_sent_twice_by_itself_when_a_kept_connection_turns_out_to_be_dropped() -> None:
    asked_for = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal asked_for
        asked_for += 1
        if asked_for > 1 and request.transport is not None:
            request.transport.abort()
        return web.Response()

    async with served(handler) as url, Transport() as transport:
        await transport.send(asked(url))
        with pytest.raises(NoAnswer):
            await transport.send(asked(url))
    assert asked_for == 2


async def test_an_answer_cut_in_the_middle_is_no_answer() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"content-length": "1000"})
        await stream.prepare(request)
        await stream.write(b"only this")
        assert request.transport is not None
        request.transport.abort()
        return stream

    with pytest.raises(NoAnswer):
        await answer_to(handler)


async def test_nobody_listening_is_no_answer() -> None:
    async with Transport() as transport:
        with pytest.raises(NoAnswer):
            await transport.send(asked(f"http://127.0.0.1:{unused_port()}/"))


async def test_a_setting_that_is_no_url_is_said_to_be_none() -> None:
    async with Transport() as transport:
        for url in ("not a url", "htp:/x", ""):
            with pytest.raises(CollectError):
                await transport.send(asked(url))
        with pytest.raises(OurBug):
            await transport.send(asked("http://"))


async def test_an_error_shows_neither_authorization_nor_query_nor_its_cause() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with pytest.raises(NoAnswer) as caught:
        await answer_to(handler)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    for text in (str(error), repr(error)):
        assert "very-secret" not in text
        assert "q=1" not in text


async def test_a_transport_sends_only_while_it_is_open() -> None:
    with pytest.raises(RuntimeError):
        await Transport().send(asked("http://127.0.0.1/"))
