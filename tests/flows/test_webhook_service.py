"""The receiver over HTTP: what is answered 2xx is on disk, once, and whatever else comes ends in a clear answer."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from collectors.inbox import Limits
from flows.house import House
from flows.settings import load_settings
from flows.webhooks import Address, receiving, reception_of
from lake.journal import left
from lake.lock import in_turn
from lake.raw import Answer, read_answers, read_segment, segments
from tests.flows.conftest import NOW
from tests.flows.webhook_events import TOKEN, deliver, failed, good, post

QUICK = Limits(journal_seconds=0.05, look_every=0.02)
LAZY = Limits()


def house_at(folder: Path, **tokens: str) -> House:
    return House(load_settings(home=str(folder), now=NOW, smartcar={"management_token": TOKEN} | tokens))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return house_at(tmp_path / "home")


def listening(house: House, limits: Limits = LAZY) -> AbstractAsyncContextManager[str]:
    return receiving(house, reception_of(house, "/webhook"), Address(port=0), limits)


@pytest.fixture
async def url(house: House) -> AsyncIterator[str]:
    async with listening(house) as found:
        yield found


def on_disk(house: House) -> list[str]:
    """The lines of what is written, sealed or not."""
    journals = [Path(house.store.uri(path)).read_text("utf-8") for path in left(house.store)]
    sealed = [gzip.decompress(house.store.read(path)).decode() for path in house.store.list("raw", ".gz")]
    return [line for text in (*journals, *sealed) for line in text.splitlines()]


def in_raw(house: House) -> list[Answer]:
    return list(read_answers(house.store, segments(house.store)))


async def sealed(house: House, count: int) -> None:
    """Wait until so many segments are there."""
    async with asyncio.timeout(20):
        while len(segments(house.store)) < count:  # noqa: ASYNC110, files tell nobody that they appear
            await asyncio.sleep(0.01)


def at(url: str, path: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{path}"


async def test_an_event_is_on_disk_when_it_is_answered(house: House, url: str) -> None:
    assert await deliver(url, good("e-1", "v-1", NOW)) == 200
    assert sum('"request_id":"e-1"' in line for line in on_disk(house)) == 1


async def test_an_event_lands_as_it_came_with_what_it_is_about(house: House) -> None:
    body = json.dumps(good("e-1", "v-1", NOW), indent=1).encode()
    async with listening(house) as url:
        assert await post(url, body) == (200, {"status": "kept"})
    (landed,) = in_raw(house)
    about = (landed.source, landed.stream, landed.vehicle_id, landed.make, landed.request_id, landed.status)
    assert about == ("smartcar_v3", "v3_events", "v-1", "BMW", "e-1", 200)
    assert (landed.content, landed.received_at, left(house.store)) == (body, NOW, [])


async def test_verify_is_answered_and_not_kept(house: House, url: str) -> None:
    expected = hmac.new(TOKEN.encode(), b"abc-1", hashlib.sha256).hexdigest()
    for place in ("data", "payload"):
        body = json.dumps({"eventType": "VERIFY", place: {"challenge": "abc-1"}}).encode()
        assert await post(url, body, token=None) == (200, {"challenge": expected})
    assert on_disk(house) == []


async def test_nobody_gets_an_event_signed_by_asking_for_a_verification(url: str) -> None:
    forged = json.dumps(good("e-1", "v-1", NOW))
    body = json.dumps({"eventType": "VERIFY", "data": {"challenge": forged}}).encode()
    assert (await post(url, body, token=None))[0] == 400


async def test_a_bad_signature_or_none_is_refused_and_nothing_kept(house: House, url: str) -> None:
    assert await deliver(url, good("e-1", "v-1", NOW), token="another") == 401
    assert (await post(url, json.dumps(good("e-1", "v-1", NOW)).encode(), token=None))[0] == 401
    assert on_disk(house) == []


async def test_the_token_before_is_good_for_signatures_while_tokens_change(tmp_path: Path) -> None:
    house = house_at(tmp_path / "home", old_management_token="old")
    async with listening(house) as url:
        assert await deliver(url, good("e-1", "v-1", NOW), token="old") == 200
        assert await deliver(url, good("e-2", "v-1", NOW)) == 200
        assert await deliver(url, good("e-3", "v-1", NOW), token="older") == 401


async def test_an_event_of_another_type_is_answered_and_not_kept(house: House, url: str) -> None:
    told = good("e-1", "v-1", NOW) | {"eventType": "VEHICLE_PARKED"}
    assert await post(url, json.dumps(told).encode()) == (200, {"status": "passed over"})
    assert on_disk(house) == []


async def test_a_second_delivery_is_answered_and_not_kept_again(house: House, url: str) -> None:
    told = [json.dumps(good("e-1", "v-1", NOW)).encode() for _ in range(2)]  # another deliveryId each
    assert [await post(url, each) for each in told] == [(200, {"status": "kept"}), (200, {"status": "known already"})]
    assert len(on_disk(house)) == 1


async def test_deliveries_of_one_event_at_once_are_kept_once(house: House, url: str) -> None:
    told = good("e-1", "v-1", NOW)
    assert await asyncio.gather(*(deliver(url, told) for _ in range(8))) == [200] * 8
    assert len(on_disk(house)) == 1


async def test_what_the_journal_holds_is_known_after_a_restart(house: House) -> None:
    async with listening(house) as url:
        await deliver(url, good("e-1", "v-1", NOW))
        copy = [(path, house.store.read(path)) for path in left(house.store)]
    for path in house.store.list("raw", ".gz"):
        house.store.delete(path)
    for path, content in copy:  # as a kill leaves it
        house.store.put(path, content)
    async with listening(house) as url:
        assert (await post(url, json.dumps(good("e-1", "v-1", NOW)).encode()))[1] == {"status": "known already"}
    assert [answer.request_id for answer in in_raw(house)] == ["e-1"]


async def test_many_at_once_are_all_kept(house: House) -> None:
    async with listening(house) as url:
        told = [good(f"e-{number}", f"v-{number % 7}", NOW) for number in range(60)]
        assert await asyncio.gather(*(deliver(url, each) for each in told)) == [200] * 60
    assert sorted(str(answer.request_id) for answer in in_raw(house)) == sorted(f"e-{n}" for n in range(60))


async def test_the_journal_is_sealed_while_events_come(house: House) -> None:
    async with listening(house, QUICK) as url:
        for number in range(2):
            await deliver(url, good(f"e-{number}", "v-1", NOW))
            await sealed(house, number + 1)
    runs = {answer.run_id for name in segments(house.store) for answer in read_segment(house.store, name)}
    assert (len(segments(house.store)), len(runs)) == (2, 1)


async def test_a_large_journal_is_sealed(house: House) -> None:
    async with listening(house, Limits(journal_bytes=2000, look_every=0.02)) as url:
        await deliver(url, good("e-1", "v-1", NOW, records=9))
        await sealed(house, 1)
    assert [answer.request_id for answer in in_raw(house)] == ["e-1"]


HOSTILE = {
    "empty": (b"", 400),
    "no JSON": (b"<html>", 400),
    "not UTF-8": (b'{"eventType":"\xff"}', 400),
    "deep": (b'{"eventType":"VEHICLE_STATE","data":' + b"[" * 300_000 + b"]" * 300_000 + b"}", 400),
    "deep and secret": (
        b'{"eventType":"VEHICLE_STATE","eventId":"e","vehicleId":"v","x":"a@b.co","y":'
        + b"[" * 900
        + b"]" * 900
        + b"}",
        (200, 400),
    ),
    "no event id": (b'{"eventType":"VEHICLE_STATE","vehicleId":"v-1"}', 400),
    "no vehicle": (b'{"eventType":"VEHICLE_ERROR","eventId":"e-1"}', 400),
    "a path as vehicle": (b'{"eventType":"VEHICLE_ERROR","eventId":"e-1","vehicleId":"../x"}', 400),
    "wrong types": (b'{"eventType":[],"eventId":{},"data":7}', 400),
    "too long": (b" " * (2**20 + 1), 413),
}


@pytest.mark.parametrize(("body", "status"), HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_body_ends_in_a_clear_answer(url: str, body: bytes, status: int | tuple[int, ...]) -> None:
    found, said = await post(url, body)
    assert found in (status if isinstance(status, tuple) else (status,))
    assert found == 200 or said["error"]


async def test_a_body_that_is_too_long_is_refused_without_a_length_told(url: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    async with aiohttp.ClientSession() as session, session.post(url, data=chunks()) as answer:
        assert answer.status == 413


async def test_a_compressed_body_is_refused(url: str) -> None:
    assert (await post(url, gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}))[0] == 415


async def test_other_methods_and_paths_are_refused(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 405
        async with session.post(at(url, "/other"), data=b"{}") as answer:
            assert answer.status == 404


async def test_the_service_says_that_it_lives_and_is_ready(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for path, status in (("/health", "alive"), ("/ready", "ready")):
            async with session.get(at(url, path)) as answer:
                assert (answer.status, await answer.json()) == (200, {"status": status})


@contextmanager
def a_full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("lake.journal._write_whole", full)
        patch.setattr("lake.store.LocalStore._stage", full)
        yield


async def test_an_event_that_cannot_be_written_is_not_accepted_and_is_when_it_comes_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(house) as url:
        told = good("e-1", "v-1", NOW)
        with a_full_disk(monkeypatch):
            assert await deliver(url, told) == 503
            async with aiohttp.ClientSession() as session, session.get(at(url, "/ready")) as answer:
                assert (answer.status, (await answer.json())["status"]) == (503, "not ready")
        assert await deliver(url, told) == 200
    assert [answer.request_id for answer in in_raw(house)] == ["e-1"]


async def test_what_was_being_written_when_it_stops_has_landed(house: House) -> None:
    async with listening(house) as url:
        with in_turn(Path(house.store.uri("state/landing"))):  # keeps the journal from being made
            waiting = asyncio.create_task(deliver(url, good("e-1", "v-1", NOW)))
            await asyncio.sleep(0.2)
            assert not waiting.done()
    assert await waiting == 200
    assert [answer.request_id for answer in in_raw(house)] == ["e-1"]


async def test_no_secret_is_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vin = "WBA3A5C51DF123456"
    async with listening(house) as url:
        told = good("e-1", "v-1", NOW)
        told["data"]["signals"].append({"code": "vin", "body": {"vin": vin, "owner": "me@example.com"}})
        await deliver(url, told)
        await deliver(url, told, token="another")
        await deliver(url, told | {"eventType": f"me@example.com {vin}"})
        await deliver(url, failed("e-2", "v-1", NOW) | {"eventId": None})
    shown = caplog.text + "".join(on_disk(house))
    assert [word for word in (TOKEN, vin, "me@example.com") if word in shown] == []
