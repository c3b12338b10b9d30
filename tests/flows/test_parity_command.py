"""`chargelake parity` over the whole path: a fleet that the emulator serves through v2.0 and v3 at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from emulator.telling import Telling
from flows.comparing import parity
from flows.connecting import connect_owner
from flows.exits import Exit, Stop
from flows.house import House
from lake.names import real_ids
from lake.schemas import COMPLETENESS
from reports.parity import MakeParity
from reports.parity_page import NOBODY
from reports.verdicts import LOOK, READY, readiness, verdict
from tests.flows.conftest import NOW, Chargelake, Practice

FLEET = "6-vehicles@smartcar.com"
AROUND = (timedelta(minutes=-5), timedelta(minutes=5))


async def both_ways(practice: Practice) -> House:
    """The house with a fleet that is seen through both, collected once."""
    house = practice.house()
    for v3 in (False, True):
        await connect_owner(house, test_account=FLEET, v3=v3)
    await practice.run()
    return practice.house()


def figures(house: House) -> dict[str, MakeParity]:
    return {each.make: each for each in parity(house, real_ids)}


def known_to_both(house: House) -> set[tuple[str, object]]:
    table = house.tables.read(COMPLETENESS).filter(
        pl.col("state").is_in(["collected", "confirmed_empty"]) & (pl.col("stream") != "tesla_days")
    )
    streams = table.group_by("vehicle_id", "day").agg(pl.col("stream").n_unique())
    return set(streams.filter(pl.col("stream") == 2).select("vehicle_id", "day").rows())


def truly(practice: Practice, house: House) -> dict[str, Counter[str]]:
    """By who tells them, how many true sessions of each make are over and lie on days that both know."""
    known, found = known_to_both(house), {"both": Counter[str](), "v2": Counter[str](), "v3": Counter[str]()}

    def is_known(vehicle: str, told: Telling | None) -> bool:
        starts: list[datetime] = [told.start] if told else []
        return all((vehicle, (start + shift).date()) in known for start in starts for shift in AROUND)

    for true in practice.emulator.truth(since=NOW - timedelta(days=60)):
        tellings = (true.v2, true.v3)
        told = [each for each in tellings if each is not None and each.end is not None]
        if told and all(is_known(true.vehicle.id, each) for each in tellings) and None not in {e.end for e in told}:
            who = "both" if len(told) == 2 else "v2" if true.v2 else "v3"
            found[who][str(true.vehicle.make)] += 1
    return found


async def test_both_tell_every_comparable_session_as_it_truly_was(practice: Practice) -> None:
    house = await both_ways(practice)
    makes, true = figures(house), truly(practice, house)
    assert {make: of.both + len(of.near_misses) for make, of in makes.items()} == dict(true["both"])
    assert {make: of.not_told_by_v2 for make, of in makes.items() if of.not_told_by_v2} == dict(true["v3"])
    assert true["v2"].total() == 0
    ready = {make: of for make, of in makes.items() if readiness(of) == READY}
    assert [(of.only_v2, of.only_v3) for of in ready.values()] == [((), ())] * 2
    for make in makes.keys() - ready.keys():
        assert_shorter_than_the_clocks_are_apart(makes[make])


def assert_shorter_than_the_clocks_are_apart(of: MakeParity) -> None:
    """The one session that no rule can tell from two (decision 12) is the near miss that a person is shown."""
    ((lone,), (near,)) = of.only_v2, of.near_misses
    assert lone.session_id == near.session_id_v2
    assert lone.ended_at is not None
    assert (lone.ended_at - lone.started_at).total_seconds() < near.starts_apart_s


async def test_a_session_that_v3_leaves_out_is_found_and_named(practice: Practice, chargelake: Chargelake) -> None:
    practice.emulator.faults.add("missing_field", endpoint="v3_signal", share=0.3, field="startTime")
    house = await both_ways(practice)
    bmw = figures(house)["BMW"]
    assert bmw.only_v2
    assert readiness(bmw) == LOOK
    assert f"{len(bmw.only_v2)} are missing in v3" in verdict(bmw)
    page = house.store.home / "parity.html"
    ended = await asyncio.to_thread(
        chargelake, "parity", "--html", str(page), "--json", **practice.emulator.environment()
    )
    assert ended.code == Exit.DONE, ended.err
    (told,) = [each for each in ended.json["makes"] if each["make"] == "BMW"]
    lone = {each["session_id"] for each in told["only_v2"]}
    assert lone == {each.session_id for each in bmw.only_v2}
    html = page.read_text("utf-8")
    assert all(each in html for each in lone)
    assert not any(each.vehicle_id in html + ended.out for each in house.registry.vehicles())


async def test_one_vehicle_and_some_days_are_compared_alone(practice: Practice, chargelake: Chargelake) -> None:
    house = await both_ways(practice)
    one = next(each.vehicle_id for each in house.registry.vehicles() if each.make == "BMW")
    all_days, since = parity(house, real_ids, one), (NOW - timedelta(days=10)).date()
    (some,) = parity(house, real_ids, house.names()(one), since=since, until=since + timedelta(days=3))
    assert [each.vehicles for each in all_days] == [1]
    assert 0 < some.common_days <= 4
    assert (some.first_day, some.both <= all_days[0].both) == (since, True)
    shown = await asyncio.to_thread(chargelake, "parity", "--vehicle", one, **practice.emulator.environment())
    assert shown.code == Exit.DONE, shown.err
    assert f"v3 tells all {all_days[0].both} sessions of 1 BMW vehicle that v2.0 tells" in shown.out
    with pytest.raises(Stop, match="no such vehicle"):
        parity(house, real_ids, "nobody")


async def test_without_a_vehicle_seen_through_both_one_line_says_so(practice: Practice, chargelake: Chargelake) -> None:
    await practice.connect(FLEET)
    environment = practice.emulator.environment()
    ended = await asyncio.to_thread(chargelake, "parity", **environment)
    assert (ended.code, ended.out.splitlines()) == (Exit.DONE, [NOBODY])
    as_json = await asyncio.to_thread(chargelake, "parity", "--json", **environment)
    assert as_json.json["makes"] == []


def test_a_page_that_cannot_be_written_and_days_in_the_wrong_order_are_mistakes_of_use(
    chargelake: Chargelake, tmp_path: Path
) -> None:
    ended = chargelake("parity", "--html", str(tmp_path / "no" / "folder.html"))
    assert ended.code == Exit.USAGE
    assert "No such file" in ended.err
    ended = chargelake("parity", "--since", "2026-10-02", "--until", "2026-10-01")
    assert ended.code == Exit.USAGE
    assert "is after --until" in ended.err
