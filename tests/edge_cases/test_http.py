"""What goes wrong on the way: retried, left for the next run, or handed to the person whose move it is."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from collectors.errors import ApplicationMustAct, BudgetSpent
from flows.exits import Exit
from lake.schemas import CHARGE_SESSIONS, COMPLETENESS, VEHICLES
from tests.edge_cases.breakdowns import ONCE, Breakdowns
from tests.flows.conftest import NOW, Practice

FLEET = "6-vehicles@smartcar.com"
FINAL = {"NotCapable"}
"""Two of the fleet's Teslas do not give days; that is final, and no trouble."""
TRIED_AGAIN = ("500", "502", "hang", "reset", "truncated", "html", "empty", "error with 200", "slow drip")
LEFT_FOR_LATER = (*TRIED_AGAIN, "404", "409", "huge body")
WAITING = {"429 as a date": 120, "429 of hours": 120, "429 absent": 30, "502 of the maker's limit": 720}


@pytest.mark.parametrize("name", list(ONCE))
def test_what_fails_once_is_asked_again_in_the_same_run_and_whole(breakdowns: Breakdowns, name: str) -> None:
    car = f"{name}, once"
    assert breakdowns.asked(car, breakdowns.broken) == 2
    assert breakdowns.states(car, breakdowns.broken) == set()
    assert breakdowns.whole(car, breakdowns.broken)


@pytest.mark.parametrize("name", LEFT_FOR_LATER)
def test_what_fails_on_is_left_for_the_next_run_which_heals_it(breakdowns: Breakdowns, name: str) -> None:
    assert breakdowns.states(name, breakdowns.broken) == {"upstream_error"}
    assert breakdowns.asked(name, breakdowns.broken) == (2 if name in TRIED_AGAIN else 1)
    assert breakdowns.vehicle(name, breakdowns.broken)["whose_move"] == "chargelake"
    assert breakdowns.states(name, breakdowns.next_day) == set()
    assert breakdowns.whole(name, breakdowns.next_day)


@pytest.mark.parametrize(
    ("name", "state", "sentence"),
    [
        ("401", "owner_must_act", "The vehicle's owner must connect again."),
        (
            "REAUTHENTICATE",
            "owner_must_act",
            "The vehicle's owner must connect again: the maker's account no longer lets Smartcar in.",
        ),
        ("403", "no_permission", "The vehicle's owner must connect again and grant the permission."),
    ],
)
def test_what_the_owner_must_do_is_said_in_one_sentence(
    breakdowns: Breakdowns, name: str, state: str, sentence: str
) -> None:
    vehicle = breakdowns.vehicle(name, breakdowns.broken)
    assert breakdowns.states(name, breakdowns.broken) == {state}
    assert (vehicle["whose_move"], vehicle["what_to_do"]) == ("owner", sentence)
    assert breakdowns.whole(name, breakdowns.next_day)


async def test_where_somebody_must_act_the_run_is_done_with_exit_3(practice: Practice) -> None:
    await practice.connect(FLEET)
    practice.emulator.faults.add("account_issue", endpoint="mini_records")
    result = await practice.run()
    assert (result.exit, set(result.errors)) == (Exit.SOMEBODY_MUST_ACT, FINAL | {"OwnerMustAct"})


def test_404_is_told_as_a_bug_and_asked_again(breakdowns: Breakdowns) -> None:
    assert breakdowns.broken.result.errors["OurBug"] == 1
    assert breakdowns.broken.result.exit == Exit.FAULT
    assert breakdowns.whole("404", breakdowns.next_day)


@pytest.mark.parametrize(("name", "minutes"), WAITING.items())
def test_a_vehicle_asked_too_often_waits_as_long_as_it_is_told_and_others_go_on(
    breakdowns: Breakdowns, name: str, minutes: int
) -> None:
    assert breakdowns.asked(name, breakdowns.broken) == 1
    assert breakdowns.states(name, breakdowns.broken) <= {"over_budget", "upstream_error"} != set()
    assert abs(breakdowns.blocked_for(name) - timedelta(minutes=minutes)) < timedelta(seconds=10)
    assert breakdowns.whole(name, breakdowns.next_day)


def test_430_of_a_vehicle_waits_for_days_without_a_request(breakdowns: Breakdowns) -> None:
    assert breakdowns.states("430", breakdowns.broken) == {"over_budget"}
    assert (breakdowns.asked("430", breakdowns.broken), breakdowns.asked("430", breakdowns.next_day)) == (1, 0)
    assert breakdowns.blocked_for("430") > timedelta(days=2)
    assert breakdowns.states("430", breakdowns.next_month) == set()
    assert breakdowns.whole("430", breakdowns.next_month)


def test_501_is_final_and_nobodys_move(breakdowns: Breakdowns) -> None:
    assert breakdowns.states("501", breakdowns.broken) == {"not_capable"}
    assert breakdowns.asked("501", breakdowns.broken) == 1
    assert breakdowns.vehicle("501", breakdowns.broken)["whose_move"] == "nobody"


def test_a_slow_drip_within_the_time_allowed_is_whole(breakdowns: Breakdowns) -> None:
    assert breakdowns.asked("drip", breakdowns.broken) == 1
    assert breakdowns.whole("drip", breakdowns.broken)


def test_a_fault_of_one_vehicle_touches_no_other(breakdowns: Breakdowns) -> None:
    struck = set(breakdowns.cars.values())
    others = breakdowns.broken.tables[COMPLETENESS.name].filter(~pl.col("vehicle_id").is_in(struck))
    assert set(others["state"]) == {"collected", "confirmed_empty"}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("retry_after", [7200, "date", "hours"])
async def test_429_for_all_ends_the_run_and_says_when_to_resume(practice: Practice, retry_after: object) -> None:
    await practice.connect(FLEET)
    practice.emulator.faults.add("rate_limit_api", endpoint="*_records", retry_after=retry_after, seconds=7200)
    result = await practice.run()
    assert result.exit == Exit.BUDGET_SPENT
    assert isinstance(result.stopped, BudgetSpent)
    assert result.resume_at is not None
    assert practice.emulator.log.count(status=429) <= 8
    practice.emulator.faults.clear()
    healed = await practice.run()
    assert (healed.exit, set(healed.errors)) == (Exit.DONE, FINAL)


@pytest.mark.usefixtures("hurried")
async def test_429_for_all_of_a_second_pauses_everybody_and_goes_on(practice: Practice) -> None:
    await practice.connect(FLEET)
    practice.emulator.faults.add("rate_limit_api", endpoint="*_records", retry_after=1, times=1)
    result = await practice.run()
    assert (result.exit, set(result.errors)) == (Exit.DONE, FINAL)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("name", ["invalid_plan", "account_suspended"])
async def test_430_of_the_plan_is_the_application_owners_move_and_heals(practice: Practice, name: str) -> None:
    await practice.connect(FLEET)
    practice.emulator.faults.add(name, endpoint="*")
    result = await practice.run()
    assert result.exit == Exit.NOTHING_COLLECTED
    assert isinstance(result.stopped, ApplicationMustAct)
    assert "The owner of the Smartcar application must" in str(result.stopped)
    vehicles, known = (practice.house().tables.read(table) for table in (VEHICLES, COMPLETENESS))
    assert set(vehicles["whose_move"]) == {"application_owner"}
    assert set(vehicles["what_to_do"]) == {result.stopped.what_to_do}
    assert set(known["state"]) <= {"not_asked", "outside_window"}
    practice.emulator.faults.clear()
    healed = await practice.run()
    assert (healed.exit, set(healed.errors)) == (Exit.DONE, FINAL)


@pytest.mark.usefixtures("hurried")
async def test_430_for_one_vehicle_too_many_is_the_application_owners_move(practice: Practice) -> None:
    house = await practice.connect(FLEET)
    known = {each.vehicle_id: each.make for each in house.registry.vehicles()}
    one = next(vehicle_id for vehicle_id, make in known.items() if make == "BMW")
    practice.emulator.faults.add("vehicle_limit", endpoint="*_records", vehicle=one)
    result = await practice.run()
    vehicles = house.tables.read(VEHICLES).filter(pl.col("whose_move") != "nobody")
    assert (result.exit, vehicles["vehicle_id"].to_list()) == (Exit.SOMEBODY_MUST_ACT, [one])
    assert vehicles.select("whose_move", "what_to_do").row(0) == (
        "application_owner",
        "The owner of the Smartcar application must raise the plan's number of vehicles.",
    )


@pytest.mark.usefixtures("hurried")
async def test_a_refresh_token_used_twice_is_the_owners_move_until_a_new_consent(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    practice.emulator.clock.advance(timedelta(days=1))
    lost = practice.emulator.faults.add("refresh_answer_lost")
    await practice.run()
    practice.emulator.faults.remove(lost.id)
    practice.emulator.clock.advance(timedelta(hours=1))
    result = await practice.run()
    vehicles = practice.house().tables.read(VEHICLES)
    assert result.exit == Exit.SOMEBODY_MUST_ACT
    assert set(vehicles["what_to_do"]) == {"The vehicle's owner must connect again."}
    assert practice.emulator.log.select(endpoint="token")[-1].error_code == "invalid_grant"
    await practice.connect(FLEET)
    assert (await practice.run()).exit == Exit.DONE


async def test_a_refresh_answer_lost_once_is_fetched_again_within_the_grace(practice: Practice) -> None:
    await practice.connect(FLEET)
    practice.emulator.clock.advance(timedelta(days=1))
    practice.emulator.faults.add("refresh_answer_lost", times=1)
    result = await practice.run()
    assert (result.exit, set(result.errors)) == (Exit.DONE, FINAL)


async def test_unknown_fields_break_nothing(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    before = practice.house().tables.read(CHARGE_SESSIONS)
    practice.emulator.faults.add("unknown_fields")
    result = await practice.run()
    assert practice.house().tables.read(CHARGE_SESSIONS).equals(before)
    assert (result.exit, result.total().changed, result.total().quarantined) == (Exit.DONE, 0, 0)
    assert practice.emulator.clock.now() == NOW
