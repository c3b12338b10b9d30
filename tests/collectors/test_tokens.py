from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from collecting_rig import NOW, House, of_make, practice, rig, task
from cryptography.fernet import Fernet

from collectors.errors import ApplicationMustAct, NoAnswer, OwnerMustAct, RetryLater
from collectors.streams import BMW_RECORDS
from collectors.tokens import RefreshPolicy, TokenPair, TokenStore
from emulator import EmulatorConfig, running
from lake.registry import Owner
from lake.vault import Vault

POLICY = RefreshPolicy(backoff=0.001)


def pair(number: int, *, life: float = 7200) -> TokenPair:
    return TokenPair(
        access=f"access-{number}",
        refresh=f"refresh-{number}",
        expires_at=NOW + timedelta(seconds=life),
        refreshed_at=NOW,
    )


class Endpoint:
    """A token endpoint that gives pair after pair, or fails first."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked: list[str] = []

    async def __call__(self, refresh_token: str) -> TokenPair:
        self.asked.append(refresh_token)
        await asyncio.sleep(0.01)
        if self.failures:
            raise self.failures.pop(0)
        return pair(len(self.asked) + 1)


def store(house: House, endpoint: Endpoint, *, first: TokenPair | None = None) -> TokenStore:
    tokens = TokenStore(house.registry, house.vault, house.clock, endpoint, POLICY)
    house.registry.keep_owner(Owner("o-1", NOW))
    if first is not None:
        tokens.keep("o-1", first)
    return tokens


async def test_a_token_that_lives_is_used_as_it_is(house: House) -> None:
    endpoint = Endpoint()
    assert await store(house, endpoint, first=pair(1)).access("o-1") == "access-1"
    assert endpoint.asked == []


async def test_a_token_is_refreshed_before_it_expires(house: House) -> None:
    tokens = store(house, Endpoint(), first=pair(1, life=299))
    assert await tokens.access("o-1") == "access-2"


async def test_many_who_need_a_token_make_one_refresh(house: House) -> None:
    endpoint = Endpoint()
    tokens = store(house, endpoint, first=pair(1, life=0))
    assert set(await asyncio.gather(*(tokens.access("o-1") for _ in range(20)))) == {"access-2"}
    assert endpoint.asked == ["refresh-1"]


async def test_many_who_were_refused_make_one_refresh(house: House) -> None:
    endpoint = Endpoint()
    tokens = store(house, endpoint, first=pair(1))
    found = await asyncio.gather(*(tokens.renewed("o-1", "access-1") for _ in range(20)))
    assert set(found) == {"access-2"}
    assert endpoint.asked == ["refresh-1"]


async def test_a_new_pair_is_stored_before_it_is_used(house: House) -> None:
    tokens = store(house, Endpoint(), first=pair(1, life=0))
    kept: list[bytes | None] = []
    keep = house.registry.keep_tokens
    house.registry.keep_tokens = lambda *given: (keep(*given), kept.append(given[1]))  # type: ignore[method-assign]
    access = await tokens.access("o-1")
    assert access.encode() in house.vault.open(kept[-1] or b"")


async def test_a_pair_that_cannot_be_stored_is_not_used(house: House) -> None:
    endpoint = Endpoint()
    tokens = store(house, endpoint, first=pair(1, life=0))

    def full(*_: object) -> None:
        raise OSError("disk full")

    house.registry.keep_tokens = full  # type: ignore[method-assign,assignment]
    with pytest.raises(OSError, match="disk full"):
        await tokens.access("o-1")
    assert endpoint.asked == [], "the old pair is not used up for one that has no place"


async def test_a_lost_answer_is_fetched_again_with_the_same_refresh_token(house: House) -> None:
    endpoint = Endpoint(NoAnswer(), NoAnswer())
    tokens = store(house, endpoint, first=pair(1, life=0))
    assert await tokens.access("o-1") == "access-4"
    assert endpoint.asked == ["refresh-1"] * 3


async def test_an_answer_lost_for_good_leaves_the_old_pair_for_the_next_run(house: House) -> None:
    tokens = store(house, Endpoint(*[NoAnswer() for _ in range(4)]), first=pair(1, life=0))
    with pytest.raises(RetryLater):
        await tokens.access("o-1")
    endpoint = Endpoint()
    assert await store(house, endpoint).access("o-1") == "access-2"
    assert endpoint.asked == ["refresh-1"]


async def test_a_refresh_that_failed_is_not_tried_again_for_each_stream_of_the_owner(house: House) -> None:
    endpoint = Endpoint(*[NoAnswer() for _ in range(4)])
    tokens = store(house, endpoint, first=pair(1, life=0))
    for _ in range(3):
        with pytest.raises(RetryLater):
            await tokens.access("o-1")
    assert endpoint.asked == ["refresh-1"] * 4


async def test_a_used_up_refresh_token_is_the_owners_move_and_asked_once(house: House) -> None:
    endpoint = Endpoint(OwnerMustAct(what_to_do="The vehicle's owner must connect again."))
    tokens = store(house, endpoint, first=pair(1, life=0))
    for _ in range(3):
        with pytest.raises(OwnerMustAct):
            await tokens.access("o-1")
    assert endpoint.asked == ["refresh-1"]
    assert house.registry.owners()[0].trouble == "The vehicle's owner must connect again."


async def test_a_pair_that_another_process_stored_meanwhile_is_taken(house: House) -> None:
    class Outrun(Endpoint):
        async def __call__(self, refresh_token: str) -> TokenPair:
            self.asked.append(refresh_token)
            tokens.keep("o-1", pair(9))
            raise OwnerMustAct

    tokens = store(house, Outrun(), first=pair(1, life=0))
    assert await tokens.access("o-1") == "access-9"


async def test_a_refresh_that_works_again_ends_the_owners_trouble(house: House) -> None:
    tokens = store(house, Endpoint(), first=pair(1, life=0))
    house.registry.keep_owner(Owner("o-1", NOW, trouble="reconnect"))
    await tokens.access("o-1")
    assert house.registry.owners()[0].trouble is None


async def test_an_owner_without_tokens_must_connect(house: House) -> None:
    with pytest.raises(OwnerMustAct):
        await store(house, Endpoint()).access("o-1")


async def test_tokens_sealed_with_another_key_stop_the_run(house: House) -> None:
    store(house, Endpoint(), first=pair(1))
    house.vault = Vault(Fernet.generate_key().decode())
    with pytest.raises(ApplicationMustAct, match="CHARGELAKE_SECRET_KEY"):
        await store(house, Endpoint()).access("o-1")


async def test_what_is_stored_shows_no_token(house: House) -> None:
    store(house, Endpoint(), first=pair(1))
    sealed = house.registry.sealed_tokens("o-1")
    assert sealed is not None
    assert b"access-1" not in sealed
    assert b"refresh-1" not in sealed


async def test_a_pair_that_nobody_uses_is_kept_alive(house: House) -> None:
    endpoint = Endpoint()
    tokens = store(house, endpoint, first=pair(1))
    house.registry.keep_owner(Owner("o-2", NOW))  # an owner who never finished connecting
    assert await tokens.keep_alive() == {}
    house.clock.advance(days=31)
    assert await tokens.keep_alive() == {"o-1": None}
    assert endpoint.asked == ["refresh-1"]


async def test_a_pair_that_cannot_be_kept_alive_is_reported(house: House) -> None:
    tokens = store(house, Endpoint(OwnerMustAct()), first=pair(1))
    house.clock.advance(days=31)
    assert type((await tokens.keep_alive())["o-1"]) is OwnerMustAct


async def test_a_refresh_whose_answer_is_dropped_is_recovered_at_the_server(house: House) -> None:
    async with practice(house) as (emulator, made):
        connected = await made.connected(3)
        emulator.clock.advance(timedelta(hours=3))
        house.clock.advance(hours=3)
        emulator.faults.add("refresh_answer_lost", times=1)
        vehicle = of_make(connected.vehicles, "BMW")[0]
        (outcome,) = await made.collector.collect([task(vehicle, BMW_RECORDS)])
        assert outcome.answered
        assert emulator.log.count(status=401) == 0


async def test_a_refused_token_is_refreshed_once_and_the_call_succeeds(house: House) -> None:
    async with practice(house) as (emulator, made):
        connected = await made.connected(3)
        emulator.clock.advance(timedelta(hours=3))  # the server's clock alone: our pair looks alive
        vehicle = of_make(connected.vehicles, "BMW")[0]
        (outcome,) = await made.collector.collect([task(vehicle, BMW_RECORDS)])
        assert outcome.answered
        assert outcome.requests == 2
        assert emulator.log.count(status=401) == 1


async def test_a_token_refused_twice_is_the_owners_move(house: House) -> None:
    async with practice(house) as (emulator, made):
        connected = await made.connected(3)
        emulator.faults.add("authentication", endpoint="bmw_records")
        vehicle = of_make(connected.vehicles, "BMW")[0]
        (outcome,) = await made.collector.collect([task(vehicle, BMW_RECORDS)])
        assert isinstance(outcome.error, OwnerMustAct)
        assert outcome.requests == 2
        state = house.ledger.states()[vehicle.vehicle_id, "bmw_records"]
        assert state.blocked_state == "owner_must_act"


async def test_no_token_reaches_the_log_or_the_lake(house: House, logs: Callable[[], str]) -> None:
    seen: list[str] = []
    async with (
        running(EmulatorConfig(now=NOW, clock_rate=0, vehicle_spacing=0)) as emulator,
        rig(house, emulator.url) as made,
    ):
        keep = made.tokens.keep
        made.tokens.keep = lambda owner, new: (seen.extend((new.access, new.refresh)), keep(owner, new))[1]  # type: ignore[method-assign]
        connected = await made.connected(3)
        emulator.clock.advance(timedelta(hours=3))
        for fault in ("reset", "html", "truncated", "server_internal", "authentication"):
            emulator.faults.add(fault, times=1)
        outcomes = await made.collector.collect([task(v, BMW_RECORDS) for v in connected.vehicles])
        told = logs() + "".join(repr(outcome) + str(outcome.error) for outcome in outcomes)
    assert len(seen) >= 4
    raw = b"".join(file.read_bytes() for file in house.store.home.rglob("*") if file.is_file())
    landed = "".join(f"{answer.body}{answer.headers}{answer.query}{answer.path}" for answer in house.landed())
    for secret in (*seen, EmulatorConfig().client_secret, EmulatorConfig().management_token, "vehicles@smartcar.com"):
        assert secret not in told
        assert secret not in landed
        assert secret.encode() not in raw
