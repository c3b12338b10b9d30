"""From Smartcar to the lake by push: what is delivered is landed, taken in by the next run, and known to the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

from collectors.inbox import MARK
from collectors.smartcar_v3.events import EVENTS
from flows import jobs
from flows.connecting import connect_owner
from flows.doctoring import findings
from flows.house import House
from flows.jobs import Result
from flows.mending import forget_what_is_gone
from flows.planning import agenda
from flows.publishing import completeness_now, publish_state, vehicles_now
from flows.receiving import receiver, seal_journals
from flows.settings import load_settings
from flows.transforming import rebuild, take_in_new
from flows.verifying import faults
from flows.webhooks import Address, receiving, reception_of
from lake import schemas
from lake.forgotten import Erasure
from lake.intervals import DayInterval
from lake.journal import Journal, left
from lake.lock import hold
from lake.raw import Answer, Landing, encode_body, new_run_id, read_answers, segment_path, segments
from lake.registry import Vehicle
from tests.flows.conftest import NOW, Practice
from tests.flows.webhook_events import failed, good

DAY = timedelta(days=1)
KEY = ("v-1", "v3_records")
MONTH = DayInterval((NOW - 29 * DAY).date(), (NOW - DAY).date())


@pytest.fixture
def house() -> House:
    """A house with one vehicle on v3."""
    made = House(load_settings(now=NOW))
    vehicle = Vehicle("v-1", "u-1", "BMW", "iX", 2025, "UTC", NOW - 60 * DAY, ("read_charge_records",), ("v3",))
    made.registry.keep_vehicle(vehicle)
    return made


def answer(told: dict[str, object], run_id: str, at: object = NOW, make: str | None = "BMW") -> Answer:
    body, encoding, digest = encode_body(json.dumps(told).encode())
    return Answer(
        source="smartcar_v3", stream=EVENTS, run_id=run_id, asked_at=at, received_at=at, method="POST",
        path="/webhook", status=200, body=body, encoding=encoding, sha256=digest, make=make,
        vehicle_id=str(told["data"]["vehicle"]["id"]), request_id=str(told["eventId"]),
    )  # fmt: skip


def push(house: House, *events: dict[str, object], number: int = 1, make: str | None = "BMW") -> str:
    """Leave events in a journal, as a receiver that was killed does; gives its run."""
    run_id = new_run_id(NOW, MARK)
    journal = Journal(house.store, run_id, number)
    journal.append([answer(event, run_id, make=make) for event in events])
    journal.close()
    return run_id


def transformed(house: House) -> Result:
    """What the transforming part of a run does."""
    result = Result(jobs.begin(house, "run"))
    jobs.transform(house, result)
    jobs.check(house, result)
    return result


def blocked(house: House) -> str | None:
    state = house.ledger.state(*KEY)
    return state and state.blocked_state


def test_a_run_seals_what_a_killed_receiver_left_and_takes_it_in(house: House) -> None:
    push(house, good("e-1", "v-1", NOW))
    transformed(house)
    assert (left(house.store), set(segments(house.store)) - house.runs.taken_in()) == ([], set())
    assert list(faults(house)) == []


def test_what_was_pushed_is_known_before_anything_is_asked(house: House) -> None:
    push(house, good("e-1", "v-1", NOW))
    jobs.begin(house, "run")
    assert house.ledger.coverage(*KEY) == (MONTH,)
    assert agenda(house).tasks == ()
    assert vehicles_now(house, completeness_now(house))["interfaces"].to_list() == [["v3 by webhook"]]


def test_a_damaged_segment_of_events_does_not_keep_a_run_from_asking(house: House) -> None:
    push(house, good("e-1", "v-1", NOW))
    rebuild(house)
    push(house, good("e-2", "v-1", NOW))
    seal_journals(house)
    house.store.put(segment_path(segments(house.store)[-1]), b"no segment")
    assert jobs.begin(house, "run").command == "run"


def test_what_a_receiver_writes_to_is_left_to_it(house: House) -> None:
    journal = Journal(house.store, new_run_id(NOW, MARK), 1)
    with hold(house.receiver_lock):
        transformed(house)
        assert len(left(house.store)) == 1
        assert receiver(house) is not None
        says = {finding.about: finding.says for finding in findings(house)}
        assert "receives webhooks" in says["receiver"]
    journal.close()


def test_a_good_signal_makes_its_days_known(house: House) -> None:
    push(house, good("e-1", "v-1", NOW))
    transformed(house)
    assert house.ledger.coverage(*KEY) == (MONTH,)
    known = house.tables.read(schemas.COMPLETENESS).filter(pl.col("stream") == "v3_records")
    told = known.filter(pl.col("state").is_in(["collected", "confirmed_empty"]))
    assert (told["day"].min(), told["day"].max()) == (MONTH.since, MONTH.until)


def test_an_error_shows_in_vehicles_and_completeness_until_it_is_resolved(house: House) -> None:
    push(house, failed("e-1", "v-1", NOW - timedelta(hours=2)))
    result = transformed(house)
    known = completeness_now(house)
    (vehicle,) = vehicles_now(house, known).to_dicts()
    assert vehicle["whose_move"] == "owner"
    assert "renew the maker's connected services" in vehicle["what_to_do"]
    assert result.waiting_for == {vehicle["what_to_do"]: 1}
    assert "owner_must_act" in known["state"].to_list()
    push(house, failed("e-2", "v-1", NOW - timedelta(hours=1), tells="RESOLVED"))
    transformed(house)
    known = completeness_now(house)
    assert vehicles_now(house, known)["whose_move"].to_list() != ["owner"]
    assert "owner_must_act" not in known["state"].to_list()


def test_an_error_that_lands_after_its_end_does_not_win(house: House) -> None:
    push(house, failed("e-2", "v-1", NOW - timedelta(hours=1), tells="RESOLVED"))
    transformed(house)
    push(house, failed("e-1", "v-1", NOW - timedelta(hours=2)))
    transformed(house)
    assert blocked(house) is None


def test_an_event_of_a_vehicle_that_is_not_connected_stays_in_raw_and_is_said(house: House) -> None:
    run_id = push(house, good("e-1", "v-9", NOW), failed("e-2", "v-9", NOW))
    result = transformed(house)
    assert ("v-9", "v3_records") not in house.ledger.states()
    (note,) = [note for note in result.counts[EVENTS].drift if "not connected" in note]
    assert "v-9" in note
    assert note in house.runs.counts(run_id)[EVENTS].drift


@pytest.mark.parametrize("make", [None, "Bmw", "BMW AG"])
def test_a_make_that_an_event_tells_otherwise_or_not_at_all_doubles_no_record(house: House, make: str | None) -> None:
    push(house, good("e-1", "v-1", NOW - timedelta(hours=2)))
    transformed(house)
    push(house, good("e-2", "v-1", NOW), make=make)
    transformed(house)
    told = house.tables.read(schemas.CHARGE_SESSIONS)
    assert (told["make"].unique().to_list(), told["session_id"].n_unique(), told.height) == (["BMW"], 2, 2)
    assert rebuild(house) == 0


def test_a_vehicle_whose_make_nobody_told_is_published_all_the_same(house: House) -> None:
    house.registry.keep_vehicle(Vehicle("v-1", "u-1", None, None, None, "UTC", NOW - 60 * DAY, (), ("v3",)))
    transformed(house)
    assert house.tables.read(schemas.COMPLETENESS)["make"].unique().to_list() == ["UNKNOWN"]


@pytest.mark.parametrize("is_heard_before", [True, False])
def test_a_make_that_no_connection_told_is_learnt_from_an_event(
    house: House,
    is_heard_before: bool,  # noqa: FBT001, a parameter of the test
) -> None:
    house.registry.keep_vehicle(Vehicle("v-1", "u-1", None, None, None, "UTC", NOW - 60 * DAY, (), ("v3",)))
    push(house, good("e-1", "v-1", NOW - timedelta(hours=2)), make=None)
    transformed(house)
    result = None if is_heard_before else Result(jobs.begin(house, "run"))
    push(house, good("e-2", "v-1", NOW, records=3))
    result = result or Result(jobs.begin(house, "run"))
    jobs.transform(house, result)
    told = house.tables.read(schemas.CHARGE_SESSIONS)
    assert (told["make"].unique().to_list(), told["session_id"].n_unique(), told.height) == (["BMW"], 3, 3)
    assert rebuild(house) == 0


def test_what_was_told_of_a_vehicle_before_it_was_connected_is_described_as_it_is_then(house: House) -> None:
    push(house, good("e-1", "v-9", NOW), make=None)
    transformed(house)
    house.registry.keep_vehicle(Vehicle("v-9", "u-9", "MINI", "Cooper", 2024, "UTC", NOW - 60 * DAY, (), ("v3",)))
    transformed(house)
    told = house.tables.read(schemas.CHARGE_SESSIONS)
    assert set(told.select("make", "model").iter_rows()) == {("MINI", "Cooper")}
    assert rebuild(house) == 0


def test_an_event_of_a_forgotten_vehicle_in_a_copy_from_before_is_not_named(house: House) -> None:
    house.forgotten.start_erasing(Erasure("v-9", None, None, NOW, "keep"))
    house.renew_guard()
    run_id = push(house, good("e-1", "v-9", NOW))
    Landing(house.store, run_id, NOW).land_now([answer(good("e-1", "v-9", NOW), run_id)])
    result = transformed(house)
    assert "v-9" not in str(result.counts)
    assert "v-9" not in str(house.runs.counts(run_id))


def test_events_taken_in_again_change_nothing(house: House) -> None:
    push(house, good("e-1", "v-1", NOW), failed("e-2", "v-1", NOW))
    transformed(house)
    before = (house.ledger.states(), house.ledger.all_coverage())
    push(house, good("e-1", "v-1", NOW), failed("e-2", "v-1", NOW), number=2)
    transformed(house)
    assert (house.ledger.states(), house.ledger.all_coverage()) == before


def test_events_are_a_run_of_their_own_whose_sums_hold(house: House) -> None:
    run_id = push(house, good("e-1", "v-1", NOW))
    transformed(house)
    table = house.tables.read(schemas.RUNS).filter(pl.col("run_id") == run_id)
    assert set(table["command"]) <= {"webhooks"}
    assert all(count.is_conserved for count in house.runs.counts(run_id).values())
    assert list(faults(house)) == []


def test_a_rebuild_takes_notice_of_what_no_run_has_taken_in(house: House) -> None:
    push(house, good("e-1", "v-1", NOW))
    rebuild(house)
    assert house.ledger.coverage(*KEY) == (MONTH,)
    assert take_in_new(house) == {}


def test_days_stay_known_while_the_event_that_told_them_is_there(house: House) -> None:
    push(house, good("e-1", "v-1", NOW - 5 * DAY))
    transformed(house)
    first = house.ledger.coverage(*KEY)
    push(house, good("e-2", "v-1", NOW))
    transformed(house)
    house.store.delete(f"raw/2026-10-20/{segments(house.store)[-1]}.jsonl.gz")
    assert forget_what_is_gone(house) == 5
    assert house.ledger.coverage(*KEY) == first


def bills(house: House, run_id: str, at: object = NOW) -> Callable[[int, int, bool], None]:
    """Lands pages of a Tesla's bills under one run, one segment each."""
    landing = Landing(house.store, run_id, NOW)

    def page(number: int, record: int, has_more: bool) -> None:  # noqa: FBT001, as the API has it
        day = f"2026-10-{10 + record}"
        records = [{
            "chargeStart": f"{day}T10:00:00Z", "chargeEnd": f"{day}T11:00:00Z", "energyConsumed": 20.5,
            "cost": {"currency": "USD", "energy": "9", "other": "0"}, "location": "A", "recordId": f"r-{record}",
        }]  # fmt: skip
        body, encoding, digest = encode_body(json.dumps({"records": records, "hasMoreData": has_more}).encode())
        told = Answer(
            source="smartcar_v2", stream="tesla_billing", run_id=run_id, asked_at=at, received_at=at, method="GET",
            path="/", status=200, body=body, encoding=encoding, sha256=digest, vehicle_id="t-1", make="TESLA",
            since=MONTH.since, until=NOW.date(), page=number,
        )  # fmt: skip
        landing.land_now([told])

    return page


def test_an_event_that_lands_between_two_pages_of_bills_tears_nothing_apart(house: House) -> None:
    """The second sweep tells one bill less; it is only seen to be gone if its pages are read as one."""
    house.registry.keep_vehicle(Vehicle("t-1", "u-2", "TESLA", "3", 2024, "UTC", NOW - 60 * DAY, ()))
    first = bills(house, "20261020T120000Z-aaaaaa")
    first(1, 1, True)
    first(2, 2, True)
    first(3, 3, False)
    take_in_new(house)
    second = bills(house, "20261020T130000Z-bbbbbb", NOW + timedelta(hours=1))
    second(1, 1, True)
    push(house, good("e-1", "v-1", NOW))
    take_in_new(house)
    second(2, 3, False)
    take_in_new(house)
    published = house.tables.read(schemas.CHARGE_SESSIONS).filter(pl.col("make") == "TESLA")
    assert dict(published.select("source_record_id", "status").iter_rows()) == {
        "r-1": "complete", "r-2": "vanished", "r-3": "complete",
    }  # fmt: skip
    publish_state(house)
    assert rebuild(house) == 0


# With the emulator's own webhooks


async def test_what_the_emulator_delivers_comes_into_the_lake(practice: Practice) -> None:
    """Lost at first, told twice, newest first; an error, and its end that comes before it."""
    emulator = practice.emulator
    house = practice.house()
    await connect_owner(house, test_account="3-vehicles@smartcar.com", v3=True)
    first, second, third = (each.vehicle_id for each in house.registry.vehicles())
    async with receiving(house, reception_of(house, "/webhook"), Address(port=0)) as url:
        await emulator.webhooks.subscribe(url)
        emulator.faults.add("webhook_twice", endpoint="webhook", share=1)
        assert (await emulator.webhooks.deliver()).failed == 0
        emulator.faults.add("webhook_lost", endpoint="webhook", times=1)
        for vehicle_id in (first, second):
            emulator.webhooks.report(vehicle_id, "CONNECTED_SERVICES_ACCOUNT", "SUBSCRIPTION")
        emulator.webhooks.report(first, "CONNECTED_SERVICES_ACCOUNT", "SUBSCRIPTION", "RESOLVED")
        assert (await emulator.webhooks.deliver()).waiting == 1
        emulator.clock.advance(timedelta(seconds=30))
        assert (await emulator.webhooks.deliver()).waiting == 0
    house = practice.house()
    transformed(house)
    events = [
        answer.request_id for answer in read_answers(house.store, segments(house.store)) if answer.stream == EVENTS
    ]
    assert len(events) == len(set(events)) == 6
    keys = {vehicle_id: house.ledger.state(vehicle_id, "v3_records") for vehicle_id in (first, second, third)}
    assert {vehicle_id: state and state.blocked_state for vehicle_id, state in keys.items()} == {
        first: None, second: "owner_must_act", third: None,
    }  # fmt: skip
    assert all(house.ledger.coverage(vehicle_id, "v3_records") for vehicle_id in keys)
    assert (rebuild(house), list(faults(house))) == (0, [])
