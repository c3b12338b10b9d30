"""Errors, their tracebacks, and what lands of them: no credentials, even where the other side repeats those it got."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from leaks import everything_in, found

from collectors import errors
from collectors.errors import CollectError, scrub, without_secrets
from collectors.http import Limits, Request, Response, Transport
from collectors.smartcar_v2 import auth
from collectors.streams import BMW_RECORDS
from collectors.tokens import TokenPair
from flows.settings import Settings, load_settings
from lake.registry import Owner, Vehicle
from tests.collectors.collecting_rig import NOW, new_house, rig, task
from tests.security.conftest import serving

SECRETS = {
    "a-very.secret_token~1": "access token",
    "the-refresh-token-0001": "refresh token",
    "a-code-4711": "code",
    "jane.doe@mail.example": "e-mail",
    "5YJ3E1EA7KF000001": "VIN",
}
TOKEN, REFRESH, CODE, MAIL, VIN = SECRETS
VEHICLE = Vehicle("v-1", "o-1", "BMW", "iX", 2025, "UTC", NOW, ("read_charge_records",))
Answer = Callable[[web.Request], web.StreamResponse]


def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def cut(request: web.Request) -> web.StreamResponse:
    del request
    return web.Response(body=b"this is no gzip", headers={"content-encoding": "gzip"})


def large(request: web.Request) -> web.StreamResponse:
    del request
    return web.Response(body=b" " * 100_000)


def shown(error: BaseException) -> dict[str, bytes]:
    whole = "".join(traceback.format_exception(error))
    return {"str": str(error).encode(), "repr": repr(error).encode(), "traceback": whole.encode()}


@pytest.mark.parametrize("answer", [reset, cut, large])
async def test_an_error_of_the_transport_shows_nothing_of_the_request(answer: Answer) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return answer(request)

    async with serving(handler) as url, Transport(Limits(total=5, body=10_000)) as transport:
        request = Request(
            method="POST", url=url, call="POST /x", query={"code": CODE}, form={"refresh_token": REFRESH},
            headers={"authorization": f"Bearer {TOKEN}"},
        )  # fmt: skip
        with pytest.raises(CollectError) as caught:
            await transport.send(request)
    assert found(SECRETS, shown(caught.value) | {"request": repr(request).encode()}) == []


def token_refusal(response: Response) -> CollectError:
    with pytest.raises(CollectError) as caught:
        auth.read_tokens(response, NOW)
    return caught.value


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 502])
def test_a_token_endpoint_that_repeats_what_it_was_sent_is_not_quoted(status: int) -> None:
    said = f'"refresh token {REFRESH}, code {CODE} of {MAIL}"'
    body = f'{{"type":"VALIDATION","code":null,"description":{said},"error_description":{said},"requestId":{said}}}'
    refusal = token_refusal(Response(status=status, headers={}, body=body.encode()))
    assert found(SECRETS, shown(refusal)) == []


@pytest.mark.parametrize("body", ['{"error": {"code": 1}}', '{"error": ["invalid_grant"]}', '{"error": 5}', "[]"])
def test_a_refusal_of_another_shape_is_an_error_of_ours(body: str) -> None:
    assert isinstance(token_refusal(Response(status=400, headers={}, body=body.encode())), CollectError)


@pytest.mark.parametrize("token", ['"a b"', '"a\\r\\nX-Header: 1"', '"\\u0000"', '""', "5", "{}", "null", '"é"'])
def test_what_cannot_stand_in_a_header_is_no_token(token: str) -> None:
    body = f'{{"access_token": {token}, "refresh_token": "r", "expires_in": 7200}}'
    with pytest.raises(errors.RetryNow):
        auth.read_tokens(Response(status=200, headers={}, body=body.encode()), NOW)


@pytest.mark.parametrize("life", ["1e300", '"inf"', '"nan"', "-1e300", '"soon"'])
def test_a_life_that_is_none_is_no_crash(life: str) -> None:
    body = f'{{"access_token": "a", "refresh_token": "r", "expires_in": {life}}}'
    try:
        auth.read_tokens(Response(status=200, headers={}, body=body.encode()), NOW)
    except errors.RetryNow as error:
        assert "asked again" in str(error)  # noqa: PT017, either a pair or this error


def test_values_that_hold_secrets_do_not_show_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "SMARTCAR__CLIENT_SECRET", "SMARTCAR__MANAGEMENT_TOKEN", "SMARTCAR__V3_CLIENT_SECRET"):
        monkeypatch.setenv(f"CHARGELAKE_{name}", TOKEN)
    monkeypatch.setenv("CHARGELAKE_STATE_URL", f"postgresql+psycopg://user:{REFRESH}@host/db")
    settings: Settings = load_settings()
    pair = TokenPair(access=TOKEN, refresh=REFRESH, expires_at=NOW, refreshed_at=NOW)
    application = auth.Application(client_id="id", client_secret=TOKEN, redirect_uri="http://127.0.0.1/")
    texts = [repr(settings), str(settings), repr(pair), repr(application), repr(auth.refresh(application, REFRESH))]
    assert found(SECRETS, {text[:20]: text.encode() for text in texts}) == []


@pytest.mark.parametrize("kind", [kind for _, kind in inspect.getmembers(errors, inspect.isclass)
                                  if issubclass(kind, CollectError)])  # fmt: skip
def test_every_error_says_a_scrubbed_text_on_one_line(kind: type[CollectError]) -> None:
    said = f"Bearer {TOKEN} code={CODE} refresh_token: {REFRESH}\n{MAIL} vin_{VIN}_ \x1b[31m\x00"
    error = kind(errors.Circumstances(call="GET /x", detail=scrub(said)), "Do this.")
    assert found(SECRETS, shown(error)) == []
    assert str(error).isprintable()


async def test_an_error_page_that_repeats_the_request_lands_without_credentials(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["authorization"])
        said = f"<pre>{dict(request.headers)} {TOKEN} of {MAIL} with {VIN}</pre>"
        return web.Response(status=404, text=said, content_type="text/html")

    house = new_house(tmp_path)
    house.registry.keep_owner(Owner("o-1", NOW))
    async with serving(handler) as url, rig(house, url) as made:
        life = NOW.replace(year=NOW.year + 1)
        made.tokens.keep("o-1", TokenPair(access=TOKEN, refresh=REFRESH, expires_at=life, refreshed_at=NOW))
        (outcome,) = await made.collector.collect([task(VEHICLE, BMW_RECORDS)])
    assert asked == [f"Bearer {TOKEN}"]
    assert outcome.error is not None
    log = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    content = everything_in(tmp_path) | shown(outcome.error) | {"log": log.encode()}
    assert found(SECRETS, content) == []
    (landed,) = house.landed()
    assert landed.status == 404
    assert "<pre>" in landed.body


async def test_records_land_exactly_as_they_came(tmp_path: Path) -> None:
    body = b'{"records": [{"recordId": "5YJ3E1EA7KF000001", "location": "at jane.doe@mail.example"}], "hasMoreData": 0}'

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    house = new_house(tmp_path)
    house.registry.keep_owner(Owner("o-1", NOW))
    async with serving(handler) as url, rig(house, url) as made:
        life = NOW.replace(year=NOW.year + 1)
        made.tokens.keep("o-1", TokenPair(access=TOKEN, refresh=REFRESH, expires_at=life, refreshed_at=NOW))
        await made.collector.collect([task(VEHICLE, BMW_RECORDS)])
    assert [answer.content for answer in house.landed()] == [body]


PARTS = ("a", "1a", "a.", "a@", "x@a-.", "eyJ-", "eyJ.", "bearer ", "token ", "token: ", "password=", " ")


@pytest.mark.parametrize("part", PARTS)
def test_scrubbing_takes_time_in_proportion_to_the_text(part: str) -> None:
    began = time.process_time()
    without_secrets(part * (1_000_000 // len(part)))
    scrub(part * (8_000_000 // len(part)))
    assert time.process_time() - began < 3


async def test_no_task_waits_for_the_scrubbing_of_a_long_error(tmp_path: Path) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"type": "VALIDATION", "description": "a" * 4_000_000}, status=400)

    house = new_house(tmp_path)
    house.registry.keep_owner(Owner("o-1", NOW))
    async with serving(handler) as url, rig(house, url) as made:
        life = NOW.replace(year=NOW.year + 1)
        made.tokens.keep("o-1", TokenPair(access=TOKEN, refresh=REFRESH, expires_at=life, refreshed_at=NOW))
        async with asyncio.timeout(20):
            (outcome,) = await made.collector.collect([task(VEHICLE, BMW_RECORDS)])
    assert isinstance(outcome.error, errors.OurBug)
    assert len(str(outcome.error)) < 1000
