"""`forget`: no byte of a vehicle stays, the others are as they were, and it does not come back by itself."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import event

from flows import forgetting, jobs
from flows.connecting import connect_owner
from flows.exits import Exit, Stop
from flows.house import House
from flows.leaving import forget_vehicle, may_come_back
from flows.transforming import BUILT, rebuild
from flows.verifying import faults
from flows.webhooks import Address, receiving, reception_of
from lake import schemas, state
from lake.erasing import ERASED
from lake.journal import Journal
from lake.lock import hold
from lake.raw import Answer, encode_body, read_answers, segments
from reports.overview import overview
from tests.flows.conftest import NOW, Practice, practising
from tests.flows.webhook_events import deliver, good

FLEET, LONELY = "5-vehicles@smartcar.com", "1-vehicles@smartcar.com"
TABLES = [each for each in schemas.TABLES if "vehicle_id" in each.schema]


@dataclass(frozen=True, slots=True)
class Fleet:
    """A home that ran twice with records in quarantine, its page, and a vehicle of it."""

    practice: Practice
    home: Path
    vehicle: Any
    words: frozenset[str]

    def house(self) -> House:
        return self.practice.house()


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that ran on two days, with records in quarantine, a vehicle whose owner must act, and a page."""
    folder = tmp_path_factory.mktemp("grown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHARGELAKE_HOME", str(folder / "home"))
        asyncio.run(grow(patch))
    return folder / "home"


async def grow(patch: pytest.MonkeyPatch) -> None:
    async with practising(patch, history_days=30) as practice:
        await practice.connect(FLEET)
        vehicle = tesla_of(practice)
        practice.emulator.faults.add(name="end_before_start", share=0.2)
        practice.emulator.faults.add(name="unknown_fields", vehicle=vehicle.id)
        await practice.run()
        practice.emulator.faults.clear()
        practice.emulator.faults.add(name="account_issue", vehicle=vehicle.id, endpoint="tesla_records")
        practice.emulator.clock.advance(timedelta(days=1))
        await practice.run()
        house = practice.house()
        page = overview(house.tables, house.clock.now(), "A fleet", house.names())
        house.store.put("reports/overview.html", page.encode())
        house.engine.dispose()


def tesla_of(practice: Practice) -> Any:
    return next(each for each in practice.emulator.vehicles(FLEET) if each.make == "TESLA")


@pytest.fixture
async def fleet(grown: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Fleet]:
    """That home, and an emulator with its owner connected anew."""
    shutil.copytree(grown, tmp_path / "home")
    async with practising(monkeypatch, history_days=30, now=NOW + timedelta(days=1)) as practice:
        house = await practice.connect(FLEET)
        vehicle = tesla_of(practice)
        yield Fleet(practice, tmp_path / "home", vehicle, words_of(house, vehicle.id) | {vehicle.vin})


def words_of(house: House, vehicle_id: str) -> frozenset[str]:
    """What tells of a vehicle: its ids, its records' ids, and addresses that no other vehicle has."""
    history = house.tables.read(schemas.SESSION_HISTORY)
    own, others = (history.filter((pl.col("vehicle_id") == vehicle_id) == mine) for mine in (True, False))
    columns = ("session_id", "source_record_id", "address", "location_name")
    told = {value for name in columns for value in own[name].drop_nulls()}
    return frozenset(
        {vehicle_id, house.names()(vehicle_id)}
        | told - {value for name in columns for value in others[name].drop_nulls()}
    )


def holding(home: Path, words: frozenset[str]) -> list[str]:
    """The files that hold one of the words in any form: packed, columnar, in a database's pages or its log."""
    wanted = [each.encode() for each in words]
    files = [path for path in sorted(home.rglob("*")) if path.is_file()]
    return [
        str(path.relative_to(home)) for path in files
        if any(word in form for form in (str(path).encode(), *forms(path)) for word in wanted)
    ]  # fmt: skip


def forms(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())
    if path.suffix == ".parquet":
        yield pl.read_parquet(path).write_ndjson().encode()


def of_others(house: House, vehicle_id: str) -> dict[str, pl.DataFrame]:
    return {each.name: house.tables.read(each).filter(pl.col("vehicle_id") != vehicle_id) for each in TABLES}


async def test_no_byte_of_a_forgotten_vehicle_stays(fleet: Fleet) -> None:
    before = holding(fleet.home, fleet.words)
    assert {Path(each).suffix.partition("-")[0] for each in before} >= {".gz", ".parquet", ".db", ".json", ".html"}
    assert len(fleet.words) > 8
    await forget_vehicle(fleet.house(), fleet.vehicle.id, "must_end")
    assert holding(fleet.home, fleet.words) == []


async def test_it_is_disconnected_at_smartcar(fleet: Fleet) -> None:
    await forget_vehicle(fleet.house(), fleet.vehicle.id, "must_end")
    assert fleet.practice.emulator._world.connections.select(None, fleet.vehicle.id) == []


async def test_a_vehicle_can_be_named_as_pages_name_it(fleet: Fleet) -> None:
    house = fleet.house()
    await forget_vehicle(house, house.names()(fleet.vehicle.id), "must_end")
    assert fleet.vehicle.id not in {each.vehicle_id for each in house.registry.vehicles()}


async def test_the_other_vehicles_are_as_they_were(fleet: Fleet) -> None:
    house = fleet.house()
    before, spent = of_others(house, fleet.vehicle.id), len(house.budget.recent(NOW - timedelta(days=3650)))
    refs = {each.ref: each for each in read_answers(house.store, segments(house.store))}
    await forget_vehicle(house, fleet.vehicle.id, "keep")
    for name, rows in of_others(house, fleet.vehicle.id).items():
        assert rows.equals(before[name]), name
    kept = {each.ref: each for each in read_answers(house.store, segments(house.store))}
    assert kept.keys() == refs.keys()
    assert {ref for ref, each in kept.items() if each != refs[ref] and each.stream != ERASED} == {
        ref for ref, each in refs.items() if each.vehicle_id is None and fleet.vehicle.id.encode() in each.content
    }
    assert len(house.budget.recent(NOW - timedelta(days=3650))) == spent
    assert list(faults(house)) == []


async def test_a_rebuild_gives_the_same_tables(fleet: Fleet) -> None:
    house = fleet.house()
    await forget_vehicle(house, fleet.vehicle.id, "must_end")
    before = of_others(house, fleet.vehicle.id)
    rebuild(house)
    after = of_others(house, "")
    assert [each.name for each in BUILT if not after[each.name].equals(before[each.name])] == []


async def test_it_does_not_come_back_while_it_is_still_connected_at_smartcar(fleet: Fleet) -> None:
    await forget_vehicle(fleet.house(), fleet.vehicle.id, "keep")
    house = fleet.house()
    connected = await connect_owner(house, test_account=FLEET)
    assert list(connected.failed) == [fleet.vehicle.id]
    assert "--undo" in str(connected.failed[fleet.vehicle.id])
    await fleet.practice.run()
    rebuild(fleet.house())
    assert holding(fleet.home, fleet.words) == []


async def test_a_copy_of_raw_from_before_does_not_bring_it_back(fleet: Fleet, tmp_path: Path) -> None:
    shutil.copytree(fleet.home / "raw", tmp_path / "copy")
    await forget_vehicle(fleet.house(), fleet.vehicle.id, "must_end")
    shutil.copytree(tmp_path / "copy", fleet.home / "raw", dirs_exist_ok=True)
    house = fleet.house()
    rebuild(house)
    assert fleet.vehicle.id not in set(house.tables.read(schemas.SESSION_HISTORY)["vehicle_id"])
    await forget_vehicle(house, fleet.vehicle.id, "must_end")
    assert holding(fleet.home, fleet.words) == []


async def test_a_person_can_let_it_come_back(fleet: Fleet) -> None:
    house = fleet.house()
    await forget_vehicle(house, fleet.vehicle.id, "keep")
    may_come_back(house, fleet.vehicle.id)
    await connect_owner(fleet.house(), test_account=FLEET)
    await fleet.practice.run()
    assert fleet.vehicle.id in set(fleet.house().tables.read(schemas.SESSION_HISTORY)["vehicle_id"])


async def test_what_was_not_forgotten_cannot_be_let_back(fleet: Fleet) -> None:
    with pytest.raises(Stop, match="was forgotten here"):
        may_come_back(fleet.house(), fleet.vehicle.id)


async def test_an_owner_goes_with_their_last_vehicle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with practising(monkeypatch, history_days=5) as practice:
        house = await practice.connect(LONELY)
        (owner,), (vehicle,) = house.registry.owners(), house.registry.vehicles()
        await practice.run()
        await forget_vehicle(practice.house(), vehicle.vehicle_id, "must_end")
        assert practice.house().registry.owners() == []
        assert holding(tmp_path / "home", frozenset({owner.owner_id, vehicle.vehicle_id})) == []


async def test_an_owner_who_has_only_what_was_forgotten_stays_out_and_with_another_vehicle_comes_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with practising(monkeypatch, history_days=5) as practice:
        house = await practice.connect(LONELY)
        (owner,), (vehicle,) = house.registry.owners(), house.registry.vehicles()
        await forget_vehicle(practice.house(), vehicle.vehicle_id, "keep")
        await practice.connect(LONELY)
        house = practice.house()
        assert house.registry.owners() == []
        assert holding(tmp_path / "home", frozenset({owner.owner_id, vehicle.vehicle_id})) == []
        assert house.forgotten.guard().hides(owner.owner_id)
        house.registry.keep_vehicle(replace(vehicle, vehicle_id="another"))
        assert not house.forgotten.guard().hides(owner.owner_id)


async def test_an_owner_goes_with_the_last_of_two_although_the_first_is_not_finished(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with practising(monkeypatch, history_days=5) as practice:
        house = await practice.connect("2-vehicles@smartcar.com")
        (owner,), (first, last) = house.registry.owners(), house.registry.vehicles()
        in_the_way = tmp_path / "home" / "notes.txt"
        in_the_way.write_text(first.vehicle_id)
        with pytest.raises(Stop, match=r"notes\.txt"):
            await forget_vehicle(practice.house(), first.vehicle_id, "must_end")
        await forget_vehicle(practice.house(), last.vehicle_id, "must_end")
        in_the_way.unlink()
        assert forgetting.finish_erasing(practice.house()) == []
        assert practice.house().registry.owners() == []
        ids = frozenset({owner.owner_id, first.vehicle_id, last.vehicle_id})
        assert holding(tmp_path / "home", ids) == []


async def test_an_owner_goes_with_one_that_was_begun_when_there_was_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with practising(monkeypatch, history_days=5) as practice:
        house = await practice.connect("2-vehicles@smartcar.com")
        (owner,), (first, last) = house.registry.owners(), house.registry.vehicles()
        forgetting.begin(house, first.vehicle_id, "keep")
        await forget_vehicle(practice.house(), last.vehicle_id, "must_end")
        with pytest.raises(Stop, match="no vehicle is connected"):
            await practice.run()
        assert practice.house().registry.owners() == []
        assert holding(tmp_path / "home", frozenset({owner.owner_id, first.vehicle_id})) == []


async def test_an_owner_of_other_vehicles_stays(fleet: Fleet) -> None:
    await forget_vehicle(fleet.house(), fleet.vehicle.id, "must_end")
    assert fleet.house().registry.has_tokens()


async def test_nothing_is_erased_while_the_connection_cannot_be_ended(fleet: Fleet) -> None:
    fleet.practice.emulator.faults.add(name="validation_parameter", endpoint="disconnect")
    fleet.practice.emulator.faults.add(name="validation_parameter", endpoint="connections")
    house = fleet.house()
    with pytest.raises(Stop, match="nothing was erased") as stopped:
        await forget_vehicle(house, fleet.vehicle.id, "must_end")
    assert stopped.value.code is Exit.NOTHING_COLLECTED
    assert fleet.vehicle.id in {each.vehicle_id for each in house.registry.vehicles()}
    assert house.forgotten.under_way() == []
    note = await forget_vehicle(house, fleet.vehicle.id, "may_stay")
    assert "Smartcar's dashboard" in str(note)
    assert holding(fleet.home, fleet.words) == []


async def test_an_unknown_vehicle_is_said_to_be_none(fleet: Fleet) -> None:
    with pytest.raises(Stop, match="not known here"):
        await forget_vehicle(fleet.house(), "0" * 36, "must_end")


async def test_a_file_of_somebody_else_that_names_it_is_pointed_at_and_the_next_run_finishes(fleet: Fleet) -> None:
    mine = fleet.home / "notes.txt"
    mine.write_text(f"look at {fleet.vehicle.id}")
    with pytest.raises(Stop, match=r"notes\.txt"):
        await forget_vehicle(fleet.house(), fleet.vehicle.id, "must_end")
    mine.unlink()
    await fleet.practice.run()
    assert holding(fleet.home, fleet.words) == []


# Webhooks


async def test_an_event_that_a_receiver_left_is_erased_and_another_is_not_kept(fleet: Fleet) -> None:
    house, at = fleet.house(), fleet.practice.emulator.clock.now()
    token = house.settings.smartcar.management_token.get_secret_value()
    journal = Journal(house.store, "20261021T120000Z-habcde", 1)
    journal.append([answer_of(fleet.vehicle.id)])
    journal.close()
    await forget_vehicle(house, fleet.vehicle.id, "must_end")
    assert holding(fleet.home, fleet.words) == []
    async with receiving(house, reception_of(house, "/webhook"), Address(port=0)) as url:
        assert await deliver(url, good("e-2", fleet.vehicle.id, at), token=token) == 200
    assert holding(fleet.home, fleet.words) == []


def answer_of(vehicle_id: str) -> Answer:
    body, encoding, digest = encode_body(f'{{"vehicleId": "{vehicle_id}"}}'.encode())
    return Answer(
        source="smartcar_v3", stream="v3_events", run_id="20261021T120000Z-habcde", asked_at=NOW, received_at=NOW,
        method="POST", path="/webhook", status=200, body=body, encoding=encoding, sha256=digest,
        vehicle_id=vehicle_id, request_id="e-1",
    )  # fmt: skip


async def test_it_waits_until_no_receiver_runs(fleet: Fleet) -> None:
    house = fleet.house()
    with hold(house.receiver_lock), pytest.raises(Stop, match="stop `chargelake webhooks`") as stopped:
        await forget_vehicle(house, fleet.vehicle.id, "must_end")
    assert stopped.value.code is Exit.LAKE_HELD
    assert house.forgotten.under_way() == []


async def test_what_may_come_back_is_not_left_to_a_receiver_that_still_hides_it(fleet: Fleet) -> None:
    house = fleet.house()
    await forget_vehicle(house, fleet.vehicle.id, "keep")
    with hold(house.receiver_lock), pytest.raises(Stop, match="stop `chargelake webhooks`") as stopped:
        may_come_back(house, fleet.vehicle.id)
    assert stopped.value.code is Exit.LAKE_HELD
    assert house.forgotten.guard().hides(fleet.vehicle.id)


# A kill at any moment


class Killed(BaseException):
    """Ends the process in all but name: nothing that is durable happens after it."""


async def erased_until_killed(house: House, vehicle_id: str, steps: int, patch: pytest.MonkeyPatch) -> bool:
    """Forget, and die before a durable step, after `steps` of them; whether that was before the end."""
    left = iter(range(steps))

    def killing(act: Callable[..., Any]) -> Callable[..., Any]:
        def act_or_die(*arguments: Any, **named: Any) -> Any:
            if next(left, None) is None:
                raise Killed
            return act(*arguments, **named)

        return act_or_die

    engine = house.engine
    with patch.context() as dying:
        for name in ("replace", "fsync", "unlink"):
            dying.setattr(os, name, killing(getattr(os, name)))
        dying.setattr(state, "scrub", killing(state.scrub))
        event.listen(engine, "commit", killing(lambda _: None))
        try:
            erasure = forgetting.begin(house, vehicle_id, "keep")
            forgetting.erase(house, await forgetting.disconnected(house, erasure, nobody))
        except Killed:
            return True
        finally:
            house.engine.dispose()
    return False


async def nobody(_: object) -> None:
    raise AssertionError("nobody is asked")


async def test_a_kill_at_any_step_is_finished_by_the_next_run(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(fleet.home, copy)
    steps, killed, withdrawn = 0, True, 0
    while killed:
        shutil.rmtree(fleet.home)
        shutil.copytree(copy, fleet.home)
        killed = await erased_until_killed(fleet.house(), fleet.vehicle.id, steps, monkeypatch)
        house = fleet.house()
        with house.held():
            jobs.begin(house, "run")
        if house.forgotten.guard().marks:
            assert holding(fleet.home, fleet.words) == [], steps
            assert list(faults(house)) == [], steps
        else:  # before there was no way back, all is as it was
            assert fleet.vehicle.id in {each.vehicle_id for each in house.registry.vehicles()}
            withdrawn += 1
        steps += 1 + steps // 4
    assert (steps > 10, withdrawn >= 2) == (True, True)
