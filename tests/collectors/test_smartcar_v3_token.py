"""The application's one token: had once, replaced before its end, and shown nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from collecting_rig import NOW, House, Rig, practice, v3_application

from collectors.collect import Task
from collectors.errors import ApplicationMustAct, RetryLater, TokenRefused
from collectors.smartcar_v3.token import ApplicationToken
from collectors.streams import STREAMS, V3_RECORDS, Stream
from collectors.tokens import RefreshPolicy
from emulator import Emulator, EmulatorConfig
from lake.intervals import DayInterval

DAYS = DayInterval(NOW.date() - timedelta(days=9), NOW.date())


@asynccontextmanager
async def tokens(house: House, **application: str) -> AsyncIterator[tuple[Emulator, Rig, ApplicationToken]]:
    async with practice(house) as (emulator, made):
        who = replace(v3_application(emulator.url), **application)
        yield emulator, made, ApplicationToken(who, made.transport, house.clock, RefreshPolicy(backoff=0.001))


def fetched(emulator: Emulator) -> int:
    return emulator.log.count(endpoint="v3_token")


async def test_many_who_need_a_token_fetch_one(house: House) -> None:
    async with tokens(house) as (emulator, _, token):
        assert len(set(await asyncio.gather(*(token.header() for _ in range(20))))) == 1
        assert fetched(emulator) == 1


async def test_a_token_is_replaced_before_its_hour_is_over(house: House) -> None:
    async with tokens(house) as (emulator, _, token):
        first = await token.header()
        house.clock.advance(minutes=54)
        assert await token.header() == first
        house.clock.advance(minutes=2)
        assert await token.header() != first
        assert fetched(emulator) == 2


async def test_many_who_were_refused_fetch_one(house: House) -> None:
    async with tokens(house) as (emulator, _, token):
        first = await token.header()
        others = await asyncio.gather(*(token.after_refusal(first, TokenRefused()) for _ in range(20)))
        assert len({first, *others}) == 2
        assert fetched(emulator) == 2


async def test_a_lost_answer_is_asked_for_again_and_a_lasting_failure_once_a_run(house: House) -> None:
    async with tokens(house) as (emulator, _, token):
        emulator.faults.add("server_internal", endpoint="v3_token", times=2)
        assert await token.header()
        emulator.faults.add("reset", endpoint="v3_token")
        house.clock.advance(hours=1)
        before = fetched(emulator)
        for _ in range(3):
            with pytest.raises(RetryLater):
                await token.header()
        assert fetched(emulator) - before == 4


@pytest.mark.parametrize("wrong", [{"client_secret": "wrong"}, {"client_id": "client_other"}, {"client_secret": ""}])
async def test_wrong_credentials_are_the_applications_move_and_tried_once(house: House, wrong: dict[str, str]) -> None:
    async with tokens(house, **wrong) as (emulator, _, token):
        for _ in range(3):
            with pytest.raises(ApplicationMustAct, match="V3_CLIENT_ID"):
                await token.header()
        assert fetched(emulator) == 1


async def test_a_refused_token_is_replaced_once_and_then_the_application_must_act(house: House) -> None:
    async with practice(house) as (emulator, made):
        vehicle = (await made.connected_v3(1)).vehicles[0]
        emulator.faults.add("authentication", endpoint="v3_signal", times=1)
        (recovered,) = await made.collector.collect([Task(vehicle, V3_RECORDS, DAYS)])
        emulator.faults.add("authentication", endpoint="v3_signal")
        (refused,) = await made.collector.collect([Task(vehicle, V3_RECORDS, DAYS)])
    assert recovered.answered
    assert recovered.requests == 2
    assert type(refused.error) is ApplicationMustAct
    assert refused.requests == 2


async def test_an_application_that_must_act_stops_its_interface_alone(house: House) -> None:
    async with practice(house) as (emulator, made):
        await made.connected(2)
        vehicles = (await made.connected_v3(2)).vehicles
        emulator.faults.add("invalid_plan", endpoint="v3_signal")
        streams = [(each, stream) for each in vehicles for stream in (V3_RECORDS, *_of_v2(each.make))]
        outcomes = await made.collector.collect([Task(each, stream, DAYS) for each, stream in streams])
    assert {type(each.error) for each in outcomes if each.task.stream is V3_RECORDS} == {ApplicationMustAct}
    assert all(each.answered for each in outcomes if each.task.stream is not V3_RECORDS)


async def test_tokens_take_nothing_of_the_bucket(house: House) -> None:
    async with tokens(house) as (_, made, token):
        await token.header()
        assert house.budget.recent(NOW - timedelta(days=3650)) == []
        assert made.house.landed() == []


async def test_no_token_or_secret_reaches_the_log_or_the_lake(house: House, logs: Callable[[], str]) -> None:
    async with practice(house) as (emulator, made):
        vehicles = (await made.connected_v3(3)).vehicles
        seen = await made.v3_client._token.header()
        for fault in ("reset", "html", "truncated", "server_internal", "authentication"):
            emulator.faults.add(fault, endpoint="v3_signal", times=1)
        outcomes = await made.collector.collect([Task(each, V3_RECORDS, DAYS) for each in vehicles])
        told = logs() + "".join(repr(outcome) + str(outcome.error) for outcome in outcomes)
    landed = "".join(f"{answer.body}{answer.headers}{answer.query}{answer.path}" for answer in house.landed())
    for secret in (seen.removeprefix("Bearer "), EmulatorConfig().v3_client_secret, "vehicles@smartcar.com"):
        assert secret not in told
        assert secret not in landed


def _of_v2(make: str | None) -> tuple[Stream, ...]:
    return tuple(stream for stream in STREAMS if make is not None and stream.make == make)
