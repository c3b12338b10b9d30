from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import START, VirtualLoop, run

from collectors.errors import BudgetSpent, VehicleWaits
from collectors.pacing import Pacer, Plan
from lake.budget import RequestBudget
from lake.state import open_state
from tests.tries import tries


class Spent:
    """A budget kept in memory, for the many examples of a property."""

    def __init__(self, earlier: Iterable[datetime] = ()) -> None:
        self.times = list(earlier)
        self.vehicles: list[str | None] = [None] * len(self.times)

    def spend(self, at: datetime, vehicle_id: str | None) -> None:
        self.times.append(at)
        self.vehicles.append(vehicle_id)

    def recent(self, since: datetime) -> list[datetime]:
        return [at for at in self.times if at >= since]

    def vehicles_asked(self, since: datetime) -> set[str]:
        pairs = zip(self.times, self.vehicles, strict=True)
        return {vehicle for at, vehicle in pairs if at >= since and vehicle is not None}

    def month_total(self, vehicle_id: str, month: str) -> int:
        pairs = zip(self.times, self.vehicles, strict=True)
        return sum(f"{at:%Y-%m}" == month and vehicle == vehicle_id for at, vehicle in pairs)


def pacer(plan: Plan, budget: object, loop: VirtualLoop) -> Pacer:
    return Pacer(plan, budget, loop.wall)


def overdrawn(arrivals: list[float], plan: Plan) -> bool:
    """Whether a bucket that is full at first and refills steadily ever has less than a whole request."""
    level, last = float(plan.bucket), arrivals[0] if arrivals else 0.0
    for at in sorted(arrivals):
        level = min(plan.bucket, level + (at - last) * plan.refill_per_minute / 60)
        last = at
        level -= 1
        if level < -1e-6:
            return True
    return False


plans = st.builds(
    Plan,
    bucket=st.integers(1, 40),
    refill_per_minute=st.sampled_from([0.5, 2.0, 60.0, 600.0]),
    jitter=st.just(0.0),
    vehicle_monthly=st.just(0),
)


@tries(40)
@given(plan=plans, wanted=st.integers(1, 150), seed=st.integers(0, 999), stops=st.integers(0, 3))
def test_however_one_asks_and_restarts_the_bucket_is_never_overdrawn(
    plan: Plan, wanted: int, seed: int, stops: int
) -> None:
    loop, budget, random_ = VirtualLoop(), Spent(), random.Random(seed)

    async def ask(one: Pacer, delay: float) -> None:
        await asyncio.sleep(delay)
        async with one.slot():
            pass

    async def main() -> None:
        for _ in range(stops + 1):  # each time as a new process would: with what is in the state database
            one = pacer(plan, budget, loop)
            waits = [random_.expovariate(plan.refill_per_minute / 60) for _ in range(wanted // (stops + 1))]
            await asyncio.gather(*(ask(one, wait) for wait in waits))

    run(main(), loop)
    sent = [(at - START).total_seconds() for at in budget.times]
    assert len(sent) == wanted // (stops + 1) * (stops + 1)
    assert not overdrawn(sent, plan)


@pytest.mark.parametrize(("bucket", "refill", "late"), [(120, 2, 2.0), (120, 60, 2.0), (600, 600, 2.0), (10, 60, 2.0)])
def test_requests_that_arrive_late_do_not_overdraw_the_bucket(bucket: int, refill: float, late: float) -> None:
    plan = Plan(bucket=bucket, refill_per_minute=refill, jitter=late, vehicle_monthly=0)
    loop, budget, random_ = VirtualLoop(), Spent(), random.Random(1)

    async def main() -> None:
        one = pacer(plan, budget, loop)
        for _ in range(bucket * 4):
            async with one.slot():
                pass

    run(main(), loop)
    sent = [(at - START).total_seconds() for at in budget.times]
    assert not overdrawn([at + random_.choice([0.0, late]) for at in sent], plan)


def test_in_the_long_run_the_whole_rate_is_used() -> None:
    plan, loop, budget = Plan(bucket=120, refill_per_minute=2), VirtualLoop(), Spent()

    async def main() -> None:
        one = pacer(plan, budget, loop)
        for _ in range(119 * 10):
            async with one.slot():
                pass

    run(main(), loop)
    passed = (budget.times[-1] - START).total_seconds()
    assert passed <= 9 * 119 * 30 * 1.001


def test_whoever_comes_first_is_served_first() -> None:
    plan, loop = Plan(bucket=2, refill_per_minute=60, jitter=0), VirtualLoop()
    served: list[int] = []

    async def ask(one: Pacer, number: int) -> None:
        async with one.slot():
            served.append(number)

    async def main() -> None:
        one = pacer(plan, Spent(), loop)
        await asyncio.gather(*(ask(one, number) for number in range(200)))

    run(main(), loop)
    assert served == list(range(200))


def test_a_thousand_that_wait_burn_no_core() -> None:
    plan, loop = Plan(bucket=2, refill_per_minute=600, jitter=0), VirtualLoop()

    async def ask(one: Pacer) -> None:
        async with one.slot():
            pass

    async def main() -> None:
        one = pacer(plan, Spent(), loop)
        await asyncio.gather(*(ask(one) for _ in range(1000)))

    began = process_time()
    run(main(), loop)
    assert loop.time() - 1000 > 99  # a hundred seconds of waiting
    assert process_time() - began < 1.5


def test_one_vehicle_is_asked_one_request_at_a_time_with_its_spacing_and_others_go_on() -> None:
    plan, loop = Plan(vehicle_spacing=10, vehicle_monthly=0), VirtualLoop()
    log: list[tuple[str, float]] = []

    async def ask(one: Pacer, vehicle: str) -> None:
        async with one.slot(vehicle):
            log.append((vehicle, loop.time() - 1000))
            await asyncio.sleep(2)

    async def main() -> None:
        one = pacer(plan, Spent(), loop)
        await asyncio.gather(ask(one, "a"), ask(one, "a"), ask(one, "b"), ask(one, "a"), ask(one, "c"))

    run(main(), loop)
    assert [at for vehicle, at in log if vehicle == "a"] == pytest.approx([0, 12, 24])
    assert [at for vehicle, at in log if vehicle in "bc"] == pytest.approx([0, 0])


def test_one_pause_holds_everyone() -> None:
    loop, budget = VirtualLoop(), Spent()

    async def ask(one: Pacer, vehicle: str) -> None:
        async with one.slot(vehicle):
            pass

    async def main() -> None:
        one = pacer(Plan(), budget, loop)
        await ask(one, "a")
        one.pause(60)
        await asyncio.gather(*(ask(one, vehicle) for vehicle in "abcd"))

    run(main(), loop)
    assert all(at >= START + timedelta(seconds=60) for at in budget.times[1:])


def test_a_pause_without_a_time_doubles_until_a_request_goes_through() -> None:
    loop = VirtualLoop()

    async def main() -> list[float]:
        one = pacer(Plan(pause_cap=100), Spent(), loop)
        waits = []
        for _ in range(4):
            one.pause(None)
            waits.append(one.seconds_to_next())
            await asyncio.sleep(waits[-1])
        one.resume()
        one.pause(None)
        return [*waits, one.seconds_to_next()]

    assert run(main(), loop) == pytest.approx([30, 60, 100, 100, 30])


def test_a_pause_longer_than_the_cap_is_left_to_the_next_run() -> None:
    loop = VirtualLoop()

    async def main() -> None:
        one = pacer(Plan(pause_cap=900), Spent(), loop)
        one.pause(7200)
        with pytest.raises(BudgetSpent) as caught:
            async with one.slot("a"):
                pass
        assert caught.value.until == START + timedelta(seconds=7200)
        assert "2026-10-20 14:00:00 UTC" in caught.value.what_to_do

    run(main(), loop)


def test_a_run_that_may_not_wait_says_when_to_resume() -> None:
    loop, budget = VirtualLoop(), Spent()
    plan = Plan(bucket=3, refill_per_minute=1, max_wait=30)

    async def main() -> None:
        one = pacer(plan, budget, loop)
        for _ in range(2):
            async with one.slot():
                pass
        with pytest.raises(BudgetSpent) as caught:
            async with one.slot():
                pass
        assert caught.value.until == START + timedelta(seconds=120)

    run(main(), loop)
    assert len(budget.times) == 2


def test_a_restart_spends_no_budget_twice(tmp_path: Path) -> None:
    plan = Plan(bucket=5, refill_per_minute=1, max_wait=0)
    budget = RequestBudget(open_state(f"sqlite:///{tmp_path}/state.db"))
    sent = 0
    for _ in range(3):
        loop = VirtualLoop()

        async def main(loop: VirtualLoop = loop) -> int:
            one, count = pacer(plan, budget, loop), 0
            try:
                for _ in range(10):
                    async with one.slot():
                        count += 1
            except BudgetSpent:
                pass
            return count

        sent += run(main(), loop)
    assert sent == 4


def test_a_clock_that_was_set_back_gives_no_budget() -> None:
    loop = VirtualLoop()
    ahead = Spent([START + timedelta(hours=5)] * 4)

    async def main() -> float:
        return pacer(Plan(bucket=5, refill_per_minute=1), ahead, loop).seconds_to_next()

    assert run(main(), loop) == pytest.approx(240)


def test_a_request_is_written_down_before_it_is_sent() -> None:
    loop, budget = VirtualLoop(), Spent()

    async def main() -> None:
        async with pacer(Plan(), budget, loop).slot("a"):
            assert budget.vehicles == ["a"]

    run(main(), loop)


def test_a_vehicles_month_is_refused_before_asking_and_others_go_on() -> None:
    loop, budget = VirtualLoop(), Spent()

    async def main() -> None:
        one = pacer(Plan(vehicle_monthly=2), budget, loop)
        for _ in range(2):
            async with one.slot("a"):
                pass
        with pytest.raises(VehicleWaits) as caught:
            async with one.slot("a"):
                pass
        assert caught.value.until == datetime.fromisoformat("2026-11-01T00:00:00+00:00")
        async with one.slot("b"), one.slot(None):
            pass

    run(main(), loop)
    assert budget.vehicles == ["a", "a", "b", None]


def test_a_vehicle_told_to_wait_long_is_left_to_the_next_run_and_others_go_on() -> None:
    loop, budget = VirtualLoop(), Spent()

    async def main() -> None:
        one = pacer(Plan(vehicle_patience=60), budget, loop)
        one.hold("a", 3600)
        one.hold("b", 20)
        with pytest.raises(VehicleWaits) as caught:
            async with one.slot("a"):
                pass
        assert caught.value.until == START + timedelta(hours=1)
        async with one.slot("b"):
            assert loop.time() == pytest.approx(1020)

    run(main(), loop)
    assert budget.vehicles == ["b"]


def test_who_stops_waiting_frees_the_line() -> None:
    loop = VirtualLoop()

    async def ask(one: Pacer) -> None:
        async with one.slot("a"):
            pass

    async def main() -> None:
        one = pacer(Plan(bucket=2, refill_per_minute=60, vehicle_monthly=0), Spent(), loop)
        waiters = [asyncio.create_task(ask(one)) for _ in range(5)]
        await asyncio.sleep(0.5)
        for waiter in waiters[1:4]:
            waiter.cancel()
        await asyncio.wait_for(asyncio.gather(waiters[0], waiters[4]), 5)

    run(main(), loop)


@pytest.mark.parametrize(("bucket", "refill"), [(0, 2), (120, 0), (120, -1)])
def test_a_plan_without_requests_is_refused(bucket: int, refill: float) -> None:
    with pytest.raises(ValueError, match="bucket"):
        Plan(bucket=bucket, refill_per_minute=refill)


def test_a_vehicle_is_spaced_across_a_restart_too() -> None:
    plan, loop, budget = Plan(vehicle_spacing=5), VirtualLoop(), Spent()

    async def main() -> None:
        for _ in range(2):
            async with pacer(plan, budget, loop).slot("v"):
                pass

    run(main(), loop)
    assert (budget.times[1] - budget.times[0]).total_seconds() >= 5
