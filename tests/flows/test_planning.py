"""The order of asking: never beyond the budget, the nearest deadline first, and whole whatever can be kept whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.pacing import Plan
from flows.dues import outlook, pages_of
from flows.exits import Stop
from flows.house import House
from flows.planner import Allowance, Due, Later, Schedule, Why, report_due, schedule
from flows.planner.arithmetic import Limits, Part, need
from flows.planning import agenda
from flows.settings import load_settings
from flows.whatif import suppose
from lake.intervals import DayInterval
from lake.registry import Vehicle
from tests.flows.conftest import Chargelake, practising
from tests.tries import tries

NOW = datetime(2026, 10, 20, 4, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NO_MARGIN = timedelta()


def allowed(count: int = 3, hours: float = 1, **more: Any) -> Allowance:
    return Allowance(count=count, period=timedelta(hours=hours), **more)


def bmw(name: str, lost_in: timedelta, **more: Any) -> Due:
    usual = {"wanted_by": NOW + 30 * DAY, "asked_at": NOW - 3 * DAY, "lost_at": NOW + lost_in}
    return Due(vehicle_id=name, stream="bmw_records", **usual | more)


def tesla(name: str, **more: Any) -> Due:
    usual = {"wanted_by": NOW + 30 * DAY, "asked_at": NOW - 3 * DAY}
    return Due(vehicle_id=name, stream="tesla_billing", **usual | more)


def names(made: Schedule) -> list[str]:
    return [step.due.vehicle_id for step in made.steps]


hours = st.integers(-3, 60).map(lambda n: n * HOUR / 2)
losing = st.builds(
    lambda lost, cost, waits: {"lost_at": NOW + lost, "cost": cost, "wanted_by": NOW + (-DAY if waits else 40 * DAY)},
    hours, st.integers(1, 3), st.booleans(),
)  # fmt: skip
lasting = st.builds(
    lambda cost, days: {"cost": cost, "wanted_by": NOW + days * DAY}, st.integers(1, 3), st.integers(-9, 9)
)

allowances = st.builds(
    lambda count, period, ago: allowed(count, period, spent=tuple(NOW - each * HOUR / 4 for each in sorted(ago)[::-1])),
    st.integers(1, 4), st.integers(1, 3), st.lists(st.integers(0, 9), max_size=6),
)  # fmt: skip


def dues_of(*kinds: Iterable[dict[str, Any]]) -> list[Due]:
    every = list(itertools.chain(*kinds))
    return [Due(vehicle_id=f"v-{number}", stream="s", **each) for number, each in enumerate(every)]


dues = st.builds(dues_of, st.lists(losing, max_size=9), st.lists(lasting, max_size=9))


def sent_at(made: Schedule, allowance: Allowance) -> list[datetime]:
    slots = allowance.slots(NOW)
    return [slots.at(index) for index in range(sum(step.due.cost for step in made.steps))]


def keeps_all(order: Iterable[Due], allowance: Allowance) -> bool:
    slots, used = allowance.slots(NOW), 0
    for due in order:
        used += due.cost
        if due.lost_at is not None and slots.at(used - 1) >= due.lost_at:
            return False
    return True


@tries(60)
@given(dues=dues, allowance=allowances)
def test_no_period_has_more_requests_than_the_pacer_lets_through(dues: list[Due], allowance: Allowance) -> None:
    recent = [at for at in allowance.spent if at + allowance.period > NOW][-allowance.count :]
    times = [*recent, *sent_at(schedule(dues, allowance, NOW), allowance)]
    assert times == sorted(times)
    pairs = zip(times, times[allowance.count :], strict=False)
    assert all(later - earlier >= allowance.period for earlier, later in pairs)


@tries(60)
@given(plan=st.builds(Plan, bucket=st.integers(1, 200), refill_per_minute=st.sampled_from([0.5, 2, 60])))
def test_a_bucket_that_refills_is_never_overdrawn(plan: Plan) -> None:
    count, seconds = plan.window
    slots = Allowance(count=count, period=timedelta(seconds=seconds)).slots(NOW)
    level, last = float(plan.bucket), NOW
    for at in (slots.at(index) for index in range(3 * count + 5)):
        level = min(plan.bucket, level + (at - last) / timedelta(minutes=1) * plan.refill_per_minute) - 1
        last = at
        assert level > -1e-6


@tries(60)
@given(allowance=allowances, lost=hours)
def test_slots_before_an_instant_are_counted_as_they_come(allowance: Allowance, lost: timedelta) -> None:
    slots = allowance.slots(NOW)
    before = slots.before(NOW + lost)
    assert all(slots.at(index) < NOW + lost for index in range(before))
    assert slots.at(before) >= NOW + lost


@tries(100)
@given(some=st.lists(losing, max_size=5), more=st.lists(lasting, max_size=2), allowance=allowances, margin=hours)
def test_whatever_some_order_keeps_whole_ours_keeps_whole(
    some: list[dict[str, Any]], more: list[dict[str, Any]], allowance: Allowance, margin: timedelta
) -> None:
    every = dues_of(some, more)
    possible = any(keeps_all(order, allowance) for order in itertools.permutations(every[: len(some)]))
    made = schedule(every, allowance, NOW, margin=max(margin, NO_MARGIN))
    assert (made.lost == ()) == possible
    assert len(made.steps) == len(every)


@tries(40)
@given(lost=st.lists(hours, max_size=5), allowance=allowances)
def test_where_not_all_can_be_kept_the_least_is_lost(lost: list[timedelta], allowance: Allowance) -> None:
    def lateness(order: Iterable[Due]) -> timedelta:
        slots = allowance.slots(NOW)
        late = (slots.at(index) - due.lost_at for index, due in enumerate(order) if due.lost_at)
        return sum((max(each, timedelta()) for each in late), timedelta())

    every = [bmw(f"v-{number}", each) for number, each in enumerate(lost)]
    made = schedule(every, allowance, NOW, margin=NO_MARGIN)
    assert lateness(step.due for step in made.steps) == min(map(lateness, itertools.permutations(every)))


@tries(60)
@given(dues=dues, allowance=allowances)
def test_what_loses_is_asked_in_the_order_of_its_deadlines(dues: list[Due], allowance: Allowance) -> None:
    made = schedule(dues, allowance, NOW)
    deadlines = [step.due.lost_at for step in made.steps if step.why in {Why.AT_RISK, Why.CAN_WAIT}]
    assert deadlines == sorted(deadlines, key=lambda at: at or NOW)


@tries(60)
@given(dues=dues, allowance=allowances, seed=st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_it_is_handed_in(dues: list[Due], allowance: Allowance, seed: Any) -> None:
    shuffled = list(dues)
    seed.shuffle(shuffled)
    assert schedule(shuffled, allowance, NOW) == schedule(dues, allowance, NOW)


@tries(60)
@given(dues=dues, spent=st.integers(0, 6), most=st.integers(1, 5))
def test_no_vehicle_is_asked_beyond_its_month(dues: list[Due], spent: int, most: int) -> None:
    shared = [Due(vehicle_id="v-1", stream=due.vehicle_id, cost=due.cost, wanted_by=due.wanted_by) for due in dues]
    made = schedule(shared, allowed(50, vehicle_monthly=most, month_spent={"v-1": spent}), NOW)
    assert sum(step.due.cost for step in made.steps) <= max(0, most - spent)
    assert {reason for _, reason in made.aside} <= {Later.MONTH}
    assert len(made.steps) + len(made.aside) == len(shared)


def test_a_new_month_gives_a_vehicle_new_requests() -> None:
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    made = schedule([tesla("a"), tesla("b")], allowed(1, vehicle_monthly=5, month_spent={"a": 4, "b": 5}), late)
    assert names(made) == ["a", "b"]


def test_what_can_wait_leaves_its_turn_to_what_a_report_wants() -> None:
    made = schedule([bmw("b", 20 * DAY), tesla("t")], allowed(), NOW)
    assert [(step.due.vehicle_id, step.why) for step in made.steps] == [("t", Why.DUE), ("b", Why.CAN_WAIT)]


def test_what_is_at_risk_comes_first() -> None:
    made = schedule([bmw("b", DAY), tesla("t")], allowed(), NOW)
    assert [(step.due.vehicle_id, step.why) for step in made.steps] == [("b", Why.AT_RISK), ("t", Why.DUE)]


def test_many_with_one_deadline_begin_early_enough() -> None:
    fleet = [bmw(f"b{number:02}", 4 * DAY) for number in range(48)]
    made = schedule([*fleet, *(tesla(f"t{number:02}") for number in range(48))], allowed(1), NOW)
    assert made.lost == ()
    assert names(made)[0] == "b00"
    assert names(schedule([*fleet[1:], tesla("t")], allowed(1), NOW))[0] == "t"


def test_a_month_that_ended_is_reported_before_what_can_wait() -> None:
    waits = {"wanted_by": NOW - 18 * DAY}
    made = schedule([tesla("t"), bmw("b", 20 * DAY, **waits), tesla("old", **waits)], allowed(), NOW)
    assert names(made) == ["b", "old", "t"]
    assert [step.why for step in made.steps] == [Why.REPORT, Why.REPORT, Why.DUE]


def test_what_was_asked_longest_ago_comes_first() -> None:
    fleet = [tesla("a", asked_at=NOW - DAY), tesla("b", asked_at=NOW - 2 * DAY), tesla("c", asked_at=None)]
    assert names(schedule(fleet, allowed(), NOW)) == ["c", "b", "a"]


def test_a_run_leaves_what_it_cannot_send_within_its_day() -> None:
    made = schedule([tesla(f"t{number}") for number in range(7)], allowed(3, 24), NOW, until=NOW + DAY)
    assert [step.later for step in made.steps] == [None] * 3 + [Later.ANOTHER_DAY] * 4


def test_what_was_asked_today_waits_for_the_others_unless_all_fits() -> None:
    fleet = [tesla("a", asked_at=NOW), tesla("b"), tesla("c"), tesla("d")]
    made = schedule(fleet, allowed(3), NOW, until=NOW + DAY)
    assert (names(made), [(due.vehicle_id, why) for due, why in made.aside]) == (["b", "c", "d"], [("a", Later.TODAY)])
    assert len(schedule(fleet, allowed(4), NOW, until=NOW + DAY).now) == 4


def test_runs_that_stop_early_begin_with_what_is_lost_earlier() -> None:
    fleet = [*(bmw(f"b{number}", 5 * DAY) for number in range(8)), tesla("t")]
    assert names(schedule(fleet, allowed(2), NOW))[0] == "t"
    stopping = schedule(fleet, allowed(2), NOW, runs=allowed(2, 24))
    assert names(stopping)[0] == "b0"
    assert [step.is_whole_by_runs for step in stopping.steps[:8]] == [True] * 8


@pytest.mark.parametrize(
    ("asked", "wanted"), [("2026-10-05", "2026-11-02"), ("2026-11-01", "2026-12-02"), ("2026-12-31", "2027-01-02")]
)
def test_a_report_wants_what_was_last_asked_before_the_month_ended(asked: str, wanted: str) -> None:
    assert report_due(date.fromisoformat(asked)) == date.fromisoformat(wanted)


@pytest.mark.parametrize(("days", "pages"), [([2], 1), ([2, 5], 1), ([4, 4, 9], 3), ([1, 1], 1)])
def test_pages_of_bills_are_learned_from_the_days_on_which_a_vehicle_was_asked(days: list[int], pages: int) -> None:
    assert pages_of(days, beside=1) == pages


def test_after_a_pause_the_days_before_the_last_request_are_read_again() -> None:
    today, consent = NOW.date(), date(2026, 1, 1)
    known = (DayInterval(consent, today - 10 * DAY),)
    window, _ = outlook(known, consent, today, look_back=3, reach=0) or (None, None)
    assert window == DayInterval(today - 11 * DAY, today)


def test_a_session_under_way_at_a_request_is_still_told_by_the_next() -> None:
    today, consent = NOW.date(), date(2026, 1, 1)
    known = (DayInterval(consent, today - DAY),)
    window, lost_on = outlook(known, consent, today, look_back=3, reach=30) or (None, None)
    assert (window, lost_on) == (DayInterval(today - 7 * DAY, today), today + 24 * DAY)


def test_reading_the_whole_window_again_is_no_reason_to_hurry() -> None:
    today, consent = NOW.date(), date(2026, 1, 1)
    known = (DayInterval(consent, today - DAY),)
    window, lost_on = outlook(known, consent, today, look_back=30, reach=30) or (None, None)
    assert (window, lost_on) == (DayInterval(today - 30 * DAY, today), today + 24 * DAY)


# arithmetic


def test_a_fleet_of_bmws_alone_is_kept_whole_up_to_what_the_refill_gives_in_its_rhythm() -> None:
    only = (Part(make="BMW", share=1, rhythm_days=30),)
    assert need(only, 1, Limits()).whole_up_to == 86_400
    assert need(only, 86_400, Limits()).is_whole
    assert not need(only, 86_401, Limits()).is_whole


def test_a_month_too_small_for_a_vehicle_cannot_keep_it() -> None:
    dear = (Part(make="TESLA", share=1, cost=501),)
    assert need(dear, 1, Limits()).months_too_small == ("TESLA",)
    assert need(dear, 1, Limits(vehicle_monthly=0)).is_whole


@given(vehicles=st.integers(1, 200_000), refill=st.floats(0.1, 100))
def test_a_fleet_is_whole_just_as_long_as_it_is_no_larger_than_the_limit(vehicles: int, refill: float) -> None:
    mix = (Part(make="BMW", share=0.5, rhythm_days=23), Part(make="TESLA", share=0.5, cost=2))
    found = need(mix, vehicles, Limits(refill_per_minute=refill))
    assert found.whole_up_to is not None
    assert found.is_whole == (vehicles <= found.whole_up_to)


# the house


def bmws(house: House, number: int, consented: datetime) -> None:
    for each in range(number):
        permissions = ("read_charge_records",)
        vehicle = Vehicle(f"v-{each:04}", "o-1", "BMW", "iX", 2025, "UTC", consented, permissions)
        house.registry.keep_vehicle(vehicle)


def test_stopping_at_the_budget_is_no_asking() -> None:
    house = House(load_settings(now=NOW))
    bmws(house, 2, NOW - 5 * DAY)
    house.ledger.block("v-0000", "bmw_records", "over_budget", detail="", until=None, at=NOW)
    house.ledger.answered("v-0001", "bmw_records", DayInterval(date(2026, 10, 15), date(2026, 10, 18)), NOW - DAY)
    asked = {each.due.vehicle_id: each.due.asked_at for each in agenda(house).tasks}
    assert asked == {"v-0000": None, "v-0001": NOW - DAY}


def test_a_fleet_that_waited_too_long_is_told_apart() -> None:
    house = House(load_settings(now=NOW, max_wait_seconds=3600))
    bmws(house, 2600, NOW - 60 * DAY)
    due = agenda(house)
    assert len(list(due.not_whole())) > 0
    assert {each.lost_on for each, _ in due.not_whole()} == {NOW.date() + DAY}
    assert len(due.tasks) + len(due.later) == 2600
    assert all(each.step is not None and each.step.at < NOW + DAY for each in due.tasks)


def test_a_backfill_leaves_nothing_for_later() -> None:
    house = House(load_settings(now=NOW))
    bmws(house, 3000, NOW - 60 * DAY)
    assert len(agenda(house, since=date(2026, 10, 1)).tasks) == 3000


async def test_runs_that_resume_as_told_ask_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with practising(monkeypatch, bucket=40, refill_per_minute=2) as practice:
        await practice.connect("12-vehicles@smartcar.com")
        first = await practice.run(max_wait_seconds=1)
        assert first.exit == 4
        left = agenda(practice.house())
        assert len(left.tasks) + len(left.waiting) == first.tasks - first.answered
        assert {each.later for each in left.later} == {Later.TODAY}


def test_plan_shows_the_order_in_groups(chargelake: Chargelake) -> None:
    house = House(load_settings(now=NOW))
    bmws(house, 150, NOW - DAY)
    shown = chargelake("plan", CHARGELAKE_NOW=NOW.isoformat())
    assert shown.code == 0
    assert ("bmw_records" in shown.out, "can wait" in shown.out, "150 requests" in shown.out) == (True, True, True)
    assert "CHARGELAKE_MAX_WAIT_SECONDS" in shown.out
    told = chargelake("plan", "--json", CHARGELAKE_NOW=NOW.isoformat()).json
    assert (told["requests"], len(told["tasks"]), told["not_whole"], told["fleet"]["is_whole"]) == (150, 150, [], True)


@pytest.mark.parametrize(("vehicles", "whole"), [(30_000, True), (132_480, True), (132_481, False)])
def test_what_if_says_where_the_limit_lies(chargelake: Chargelake, vehicles: int, whole: object) -> None:
    told = chargelake("plan", "--what-if", f"vehicles={vehicles}", "--json").json
    assert told["mix"] == {"TESLA": 0.5, "BMW": 0.35, "MINI": 0.15}
    assert (told["is_whole"], told["whole_up_to"]) == (whole, 132_480)
    assert told["requests_a_day"]["allowed"] == 2880


def test_what_if_scales_the_present_mix() -> None:
    house = House(load_settings(now=NOW))
    bmws(house, 3, NOW - DAY)
    supposed = suppose(house, ["vehicles=100,refill=4", "bucket=7"])
    assert [(part.make, part.share) for part in supposed.mix] == [("BMW", 1)]
    assert (supposed.need.allowed, supposed.limits.bucket, supposed.need.daily) == (5760, 7, 100)


@pytest.mark.parametrize(
    "wish", ["ships=3", "vehicles", "vehicles=", "vehicles=-1", "vehicles=1.5", "refill=nan", "refill=0"]
)
def test_a_wish_that_means_nothing_gets_one_clear_line(wish: str) -> None:
    with pytest.raises(Stop, match="--what-if") as stopped:
        suppose(House(load_settings(now=NOW)), [wish])
    assert stopped.value.code == 2


def test_what_if_has_no_days(chargelake: Chargelake) -> None:
    ended = chargelake("plan", "--what-if", "vehicles=3", "--since", "2026-01-01")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
