from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from collecting_rig import NOW, House, practice, rig, task

from collectors import errors
from collectors.asking import RetryPolicy
from collectors.collect import Outcome, Task
from collectors.consent import Connected
from collectors.http import Limits, Transport
from collectors.pacing import Plan
from collectors.streams import streams_of
from emulator import EmulatorConfig, running


def tasks_of(connected: Connected) -> list[Task]:
    return [task(vehicle, stream) for vehicle in connected.vehicles for stream in streams_of(vehicle)]


def by_vehicle(outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.task.vehicle.vehicle_id, []).append(outcome)
    return found


async def test_every_task_has_an_outcome_and_progress_is_told(house: House) -> None:
    async with practice(house) as (emulator, made):
        tasks = tasks_of(await made.connected(30))
        told: list[Outcome] = []
        made.collector._on_progress = told.append
        emulator.log.clear()
        outcomes = await made.collector.collect(tasks)
        assert sum(outcome.requests for outcome in outcomes) == len(emulator.log)
    assert told == outcomes
    assert {(o.task.vehicle.vehicle_id, o.task.stream.name) for o in outcomes} == {
        (each.vehicle.vehicle_id, each.stream.name) for each in tasks
    }


async def test_nothing_to_do_is_done(house: House) -> None:
    async with practice(house) as (_, made):
        assert await made.collector.collect([]) == []


async def test_one_vehicles_trouble_of_any_kind_never_stops_the_others(house: House) -> None:
    async with practice(house) as (emulator, made):
        tasks = [each for each in tasks_of(await made.connected(24)) if each.stream.make != "TESLA"]
        faults = ["reset", "asleep", "html", "subscription", "not_found", "validation", "upstream_rate_limit"]
        sick = dict(zip((each.vehicle.vehicle_id for each in tasks), faults, strict=False))
        for vehicle_id, fault in sick.items():
            emulator.faults.add(fault, vehicle=vehicle_id)
        outcomes = by_vehicle(await made.collector.collect(tasks))
    for vehicle_id, (outcome,) in outcomes.items():
        assert outcome.answered == (vehicle_id not in sick)


async def test_an_exception_nobody_foresaw_is_one_vehicles_bug(house: House, logs: Callable[[], str]) -> None:
    async with practice(house) as (_, made):
        tasks = tasks_of(await made.connected(6))
        broken = tasks[0].vehicle.vehicle_id
        records = made.client.records

        async def sometimes(vehicle: object, *rest: object) -> object:
            if vehicle.vehicle_id == broken:  # type: ignore[attr-defined]
                raise ZeroDivisionError
            return await records(vehicle, *rest)  # type: ignore[arg-type]

        made.client.records = sometimes  # type: ignore[method-assign,assignment]
        made.collector._on_progress = lambda _: 1 / 0  # type: ignore[assignment,return-value]
        outcomes = by_vehicle(await made.collector.collect(tasks))
    assert {type(outcome.error) for outcome in outcomes[broken]} == {errors.OurBug}
    assert "ZeroDivisionError" in logs()
    assert any(outcome.answered for outcomes_ in outcomes.values() for outcome in outcomes_)
    assert len(outcomes) == 6


async def test_a_plan_problem_stops_the_run_and_keeps_no_vehicle_from_the_next(house: House) -> None:
    async with practice(house, at_once=2) as (emulator, made):
        tasks = tasks_of(await made.connected(12))
        emulator.log.clear()
        emulator.faults.add("account_suspended")
        outcomes = await made.collector.collect(tasks)
        assert len(emulator.log) <= 2
    assert len(outcomes) == len(tasks)
    assert {type(outcome.error) for outcome in outcomes} == {errors.ApplicationMustAct}
    told = {(each.blocked_state, each.blocked_until, each.whose_move) for each in house.ledger.states().values()}
    assert told == {("not_asked", None, "application_owner")}


async def test_a_spent_budget_says_when_to_resume_and_the_next_run_goes_on(house: House) -> None:
    tight = Plan(bucket=40, refill_per_minute=1, max_wait=0, vehicle_monthly=0)
    config = EmulatorConfig(now=NOW, bucket=40, refill_per_minute=1, vehicle_spacing=0, newer_tesla_share=0)
    async with running(config) as emulator:
        async with rig(house, emulator.url, plan=tight) as made:
            tasks = tasks_of(await made.connected(15))
            outcomes = await made.collector.collect(tasks)
        done = [outcome for outcome in outcomes if outcome.answered]
        stopped = [outcome for outcome in outcomes if not outcome.answered]
        assert 0 < len(done) < len(tasks)
        for outcome in stopped:
            assert isinstance(outcome.error, errors.BudgetSpent)
            assert outcome.error.until is not None
            key = (outcome.task.vehicle.vehicle_id, outcome.task.stream.name)
            assert house.ledger.states()[key].blocked_state == "over_budget"
        async with rig(house, emulator.url, plan=tight) as made:  # a second command a moment later
            again = await made.collector.collect([outcome.task for outcome in stopped])
        assert all(outcome.requests == 0 for outcome in again)
        assert emulator.log.count(status=429) == 0


async def test_what_an_earlier_run_found_out_outlives_a_spent_budget(house: House) -> None:
    async with practice(house, plan=Plan(bucket=40, refill_per_minute=1, max_wait=0)) as (_, made):
        first = tasks_of(await made.connected(1))[0]
        key = (first.vehicle.vehicle_id, first.stream.name)
        house.ledger.block(*key, "not_capable", detail="x", until=None, at=NOW)
        made.pacer.pause(10_000)
        await made.collector.collect([first])
    assert house.ledger.states()[key].blocked_state == "not_capable"


async def test_a_run_that_obeys_its_limits_sees_no_429(house: House) -> None:
    config = EmulatorConfig(bucket=60, refill_per_minute=3000, vehicle_spacing=0.05, newer_tesla_share=0)
    plan = Plan(bucket=60, refill_per_minute=3000, vehicle_spacing=0.05, jitter=0.5)
    house.clock.instant = NOW
    async with running(config) as emulator, rig(house, emulator.url, plan=plan) as made:
        connected = await made.connected(40)
        outcomes = await made.collector.collect(tasks_of(connected))
        assert emulator.log.count(status=429) == 0
        assert all(outcome.answered for outcome in outcomes)
        assert len(emulator.log) > 120


async def test_a_429_for_the_application_pauses_everyone_then_goes_on(house: House) -> None:
    async with practice(house) as (emulator, made):
        tasks = tasks_of(await made.connected(6))
        emulator.log.clear()
        emulator.faults.add("rate_limit_api", times=1, retry_after=1)
        outcomes = await made.collector.collect(tasks)
        (refused,) = emulator.log.select(status=429)
        later = [entry for entry in emulator.log if entry.number > refused.number + 8]
        assert later
        assert all(entry.at_real - refused.at_real > timedelta(seconds=0.9) for entry in later)
    assert not [outcome for outcome in outcomes if isinstance(outcome.error, errors.EveryoneWaits)]


@pytest.mark.parametrize("retry_after", ["hours", "7200"])
async def test_a_429_for_hours_ends_the_run_at_once(house: House, retry_after: str) -> None:
    async with practice(house) as (emulator, made):
        tasks = tasks_of(await made.connected(6))
        emulator.faults.add("rate_limit_api", retry_after=retry_after)
        outcomes = await made.collector.collect(tasks)
    assert len(outcomes) == len(tasks)
    assert {type(outcome.error) for outcome in outcomes} <= {errors.BudgetSpent}


async def test_a_429_for_one_vehicle_holds_that_one_only(house: House) -> None:
    async with practice(house) as (emulator, made):
        tasks = tasks_of(await made.connected(6))
        slow = tasks[0].vehicle.vehicle_id
        emulator.faults.add("rate_limit_vehicle", vehicle=slow, times=1, retry_after=1)
        ended: dict[str, float] = {}
        began = time.monotonic()
        made.collector._on_progress = lambda outcome: ended.setdefault(
            outcome.task.vehicle.vehicle_id, time.monotonic() - began
        )
        outcomes = by_vehicle(await made.collector.collect(tasks))
    assert outcomes[slow][0].requests == 2
    assert ended[slow] > 0.9
    assert max(ended, key=lambda vehicle: ended[vehicle]) == slow


async def test_a_429_of_hours_for_one_vehicle_leaves_it_to_the_next_run(house: House) -> None:
    async with practice(house) as (emulator, made):
        tasks = [each for each in tasks_of(await made.connected(6)) if each.stream.make == "TESLA"][:2]
        assert tasks[0].vehicle is tasks[1].vehicle
        emulator.log.clear()
        emulator.faults.add("rate_limit_vehicle", retry_after="hours")
        outcomes = await made.collector.collect(tasks)
        assert len(emulator.log) == 1
    for outcome in outcomes:
        assert type(outcome.error) is errors.VehicleWaits
        assert outcome.error.until is not None


@pytest.mark.parametrize("form", ["date", "1", "absent"])
async def test_a_failing_server_is_asked_again_when_it_says(house: House, form: str) -> None:
    async with practice(house, retries=RetryPolicy(attempts=2, backoff=0.001, longest=3)) as (emulator, made):
        one = tasks_of(await made.connected(1))[-1]
        emulator.faults.add("server_internal", times=1, retry_after=form, seconds=1)
        began = time.monotonic()
        (outcome,) = await made.collector.collect([one])
    assert outcome.answered
    assert form == "absent" or time.monotonic() - began > 0.9


async def test_a_failing_server_that_wants_hours_is_left_to_the_next_run(house: House) -> None:
    async with practice(house) as (emulator, made):
        one = tasks_of(await made.connected(1))[-1]
        emulator.faults.add("server_internal", retry_after="hours")
        (outcome,) = await made.collector.collect([one])
    assert outcome.requests == 1
    assert isinstance(outcome.error, errors.RetryNow)


async def test_a_server_that_hangs_is_given_up_and_asked_again(house: House) -> None:
    async with practice(house, transport=Transport(Limits(total=1.5))) as (emulator, made):
        one = tasks_of(await made.connected(1))[-1]
        emulator.faults.add("hang", times=1, wait=10)
        (outcome,) = await made.collector.collect([one])
    assert outcome.answered
    assert outcome.requests == 2


async def test_streams_of_one_vehicle_follow_each_other_and_few_vehicles_are_asked_at_once(house: House) -> None:
    running_now: dict[str, int] = {}
    most = 0

    async with practice(house, at_once=3) as (_, made):
        tasks = tasks_of(await made.connected(20))
        records = made.client.records

        async def watched(vehicle: object, *rest: object) -> object:
            nonlocal most
            name = vehicle.vehicle_id  # type: ignore[attr-defined]
            running_now[name] = running_now.get(name, 0) + 1
            assert running_now[name] == 1
            most = max(most, sum(running_now.values()))
            try:
                await asyncio.sleep(0)
                return await records(vehicle, *rest)  # type: ignore[arg-type]
            finally:
                running_now[name] -= 1

        made.client.records = watched  # type: ignore[method-assign,assignment]
        outcomes = await made.collector.collect(tasks)
    assert not [outcome for outcome in outcomes if isinstance(outcome.error, errors.OurBug)]
    assert most == 3


async def test_a_run_that_is_cancelled_stops_and_what_was_answered_is_known(house: House) -> None:
    async with practice(house) as (emulator, made):
        tasks = tasks_of(await made.connected(6))
        emulator.faults.add("hang", vehicle=tasks[-1].vehicle.vehicle_id, wait=30)
        some_answered = asyncio.Event()
        made.collector._on_progress = lambda _: some_answered.set()
        work = asyncio.create_task(made.collector.collect(tasks))
        await some_answered.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert house.ledger.all_coverage()


async def test_a_window_asked_before_midnight_leaves_that_day_unknown(house: House) -> None:
    async with practice(house) as (_, made):
        one = tasks_of(await made.connected(1))[-1]
        clock = house.clock
        records = made.client.records

        async def past_midnight(*given: object) -> object:
            collected = await records(*given)  # type: ignore[arg-type]
            clock.advance(days=1)
            return collected

        made.client.records = past_midnight  # type: ignore[method-assign,assignment]
        await made.collector.collect([one])
    (known,) = house.ledger.coverage(one.vehicle.vehicle_id, one.stream.name)
    assert known.until.isoformat() == "2026-10-19"


async def test_the_monthly_allowance_is_kept_before_asking(house: House) -> None:
    async with practice(house, plan=Plan(bucket=1000, refill_per_minute=6000, vehicle_monthly=4)) as (emulator, made):
        one = tasks_of(await made.connected(1))[-1]
        outcomes = [(await made.collector.collect([one]))[0] for _ in range(4)]
        assert [outcome.answered for outcome in outcomes] == [True, True, False, False]
        assert type(outcomes[-1].error) is errors.VehicleWaits
        assert emulator.log.count(status=430) == 0
    state = house.ledger.states()[one.vehicle.vehicle_id, one.stream.name]
    assert state.blocked_state == "over_budget"
