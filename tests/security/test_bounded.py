"""Answers without end: each ends with the right error in bounded time and memory, and its days stay unknown."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from collectors.calls import NotAsPromised
from collectors.collect import Outcome
from collectors.errors import CollectError, NoAnswer, RetryLater, RetryNow
from collectors.http import Limits, Transport
from collectors.smartcar_v2 import protocol
from collectors.smartcar_v2.client import _MOST_ENTRIES
from collectors.streams import BMW_RECORDS, TESLA_BILLING, Stream
from collectors.tokens import TokenPair
from lake.registry import Owner, Vehicle
from tests.collectors.collecting_rig import NOW, House, new_house, rig, task
from tests.security.conftest import serving

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
VEHICLE = Vehicle("v-1", "o-1", "BMW", "iX", 2025, "UTC", NOW, ("read_charge_records",))
MEGABYTE = 1024 * 1024
BOMB = gzip.compress(b" " * 50 * MEGABYTE, compresslevel=9)
ASK = """
import asyncio, resource, sys
from collectors.errors import CollectError
from collectors.http import Request, Transport

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

async def ask(path):
    async with Transport() as transport:
        await transport.send(Request(method="GET", url=sys.argv[1] + path, call="GET /x"))

asyncio.run(ask("/small"))
before = peak()
try:
    asyncio.run(ask("/huge"))
except CollectError as error:
    print(type(error).__name__, peak() - before)
"""


async def huge(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse()
    await stream.prepare(request)
    for _ in range(50):
        await stream.write(b" " * MEGABYTE)
    return stream


async def bomb(request: web.Request) -> web.StreamResponse:
    del request
    return web.Response(body=BOMB, headers={"content-encoding": "gzip"})


@pytest.mark.parametrize("handler", [huge, bomb])
async def test_fifty_megabytes_are_an_error_within_a_few_of_memory(handler: Handler) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="{}") if request.path == "/small" else await handler(request)

    async with serving(answer) as url:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", ASK, url, stdout=asyncio.subprocess.PIPE)
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    kind, grown = out.decode().split()
    assert kind == "RetryLater"
    assert int(grown) < 40


def test_the_bomb_is_small_enough_to_be_one() -> None:
    assert len(BOMB) < 60_000


async def collected(
    folder: Path, handler: Handler, stream: Stream = BMW_RECORDS, limits: Limits | None = None, **more: Any
) -> tuple[Outcome, House]:
    house = new_house(folder)
    house.registry.keep_owner(Owner("o-1", NOW))
    async with serving(handler) as url, rig(house, url, transport=Transport(limits), **more) as made:
        life = NOW.replace(year=NOW.year + 1)
        made.tokens.keep("o-1", TokenPair(access="a-token", refresh="another", expires_at=life, refreshed_at=NOW))
        async with asyncio.timeout(30):
            (outcome,) = await made.collector.collect([task(VEHICLE, stream)])
    return outcome, house


async def drip(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse()
    await stream.prepare(request)
    while True:
        await stream.write(b" ")
        await asyncio.sleep(0.02)


def saying(body: bytes) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    return handler


DEEP = b'{"records":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
DEEP_OBJECT = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
ENDLESS = b'{"records": [], "hasMoreData": true}'
CASES = {
    "drip": (drip, BMW_RECORDS, NoAnswer),
    "huge": (huge, BMW_RECORDS, RetryLater),
    "bomb": (bomb, BMW_RECORDS, RetryLater),
    "deep": (saying(DEEP), BMW_RECORDS, RetryNow),
    "deep object": (saying(DEEP_OBJECT), BMW_RECORDS, RetryNow),
    "endless": (saying(ENDLESS), TESLA_BILLING, RetryLater),
}


@pytest.mark.parametrize("case", CASES)
async def test_an_answer_without_end_leaves_its_days_unknown(tmp_path: Path, case: str) -> None:
    handler, stream, kind = CASES[case]
    outcome, house = await collected(tmp_path, handler, stream, Limits(total=0.5), most_pages=30)
    assert type(outcome.error) is kind
    assert house.ledger.coverage(VEHICLE.vehicle_id, stream.name) == ()
    assert house.ledger.states()[VEHICLE.vehicle_id, stream.name].blocked_state == "upstream_error"
    assert outcome.requests <= 30


async def test_a_deep_answer_that_landed_is_no_harm_to_the_tables(tmp_path: Path) -> None:
    from transforms.decode import decode  # noqa: PLC0415, only this test needs the room above

    _, house = await collected(tmp_path, saying(DEEP))
    decoded = decode(house.landed(), {"EUR": 2})
    assert set(decoded.quarantine["reason"]) == {"unreadable_answer"}


def listing(entries: int) -> Iterator[bytes]:
    """Pages of vehicle ids that never end, each larger than it was asked to be."""
    while True:
        ids = [f"v-{number}" for number in range(entries)]
        yield json.dumps({"vehicles": ids, "paging": {"count": 10**12}}).encode()


async def test_a_list_that_never_ends_is_given_up_by_its_size_too(tmp_path: Path) -> None:
    pages = listing(_MOST_ENTRIES // 2)
    asked = 0

    async def handler(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.Response(body=next(pages))

    house = new_house(tmp_path)
    house.registry.keep_owner(Owner("o-1", NOW))
    async with serving(handler) as url, rig(house, url) as made:
        life = NOW.replace(year=NOW.year + 1)
        made.tokens.keep("o-1", TokenPair(access="a-token", refresh="another", expires_at=life, refreshed_at=NOW))
        with pytest.raises(CollectError, match="do not end"):
            await made.client.vehicles("o-1")
    assert asked == 3


@pytest.mark.parametrize("cursor", ["x" * 5000, "x" * 8_000_000])
def test_a_cursor_longer_than_a_url_is_none(cursor: str) -> None:
    body = json.dumps({"connections": [], "paging": {"cursor": cursor}}).encode()
    with pytest.raises(NotAsPromised):
        protocol.read_connections(protocol.Response(status=200, headers={}, body=body))


def test_memory_is_measured_in_the_unit_it_is_compared_in() -> None:
    assert 20 < resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 < 20_000
