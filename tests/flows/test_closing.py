"""A month is closed, a refund comes late: the statement prints the same, and the next one carries the correction."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.closing import all_printed, close_month, month_of, printed
from flows.exits import Stop
from flows.house import House
from flows.leaving import forget_vehicle
from flows.transforming import rebuild
from flows.verifying import faults
from lake import schemas
from lake.closed import CORRECTIONS, LINES, MANIFEST, Closed
from lake.store import LocalStore
from tests.flows.conftest import Chargelake, Practice, a_home, command_line, practising

TESLA = "1-vehicles@smartcar.com"
IN_NOVEMBER = datetime(2026, 11, 2, 12, tzinfo=UTC)
POLICY = """
id = "public-bills"
version = "2026"
title = "What public charging cost"
country = "DE"
currency = "EUR"
valid_from = 2026-01-01
source = "the company's handbook"
source_date = 2026-01-01
caveat = "Check with your tax adviser."

[[rule]]
name = "by bill"
kind = "actual_bill"
places = ["public"]
"""


@dataclass(frozen=True, slots=True)
class Story:
    """What was printed of Ada's October and November, as time went by."""

    first: dict[str, bytes]
    again: dict[str, bytes]
    november: dict[str, Any]
    december: dict[str, Any]
    house: House
    refused: tuple[str, ...]
    sound: tuple[list[str], ...]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """October is closed, every bill gets a refund of 1.00, November is closed, and the lake is rebuilt."""
    with a_home(tmp_path_factory.mktemp("closing")) as patch:
        yield asyncio.run(told(patch))


async def told(patch: pytest.MonkeyPatch) -> Story:
    async with practising(patch, now=IN_NOVEMBER) as practice:
        await practice.connect(TESLA)
        practice.emulator.faults.add("session_at", start="2026-10-28T08:00:00Z", hours=0.5)
        write_rules(practice.house())
        await practice.run()
        refused = [said(practice.house(), "2016-10"), said(practice.house(), "2026-11")]
        with (house := practice.house()).held():
            close_month(house, "2026-10")
        refused += [said(practice.house(), "2026-10"), said(practice.house(), "2026-12")]
        first = printed(practice.house(), "2026-10", "Ada")
        practice.emulator.faults.add("new_cost", by="-1.00")
        practice.emulator.clock.advance(timedelta(hours=1))
        await practice.run()
        sound = [list(faults(practice.house()))]
        again = printed(practice.house(), "2026-10", "Ada")
        november = json.loads(printed(practice.house(), "2026-11", "Ada")["json"])
        practice.emulator.clock.set(datetime(2026, 12, 1, 12, tzinfo=UTC))
        with (house := practice.house()).held():
            close_month(house, "2026-11")
            rebuild(house)
        sound.append(list(faults(practice.house())))
        december = json.loads(printed(practice.house(), "2026-12", "Ada")["json"])
        return Story(first, again, november, december, practice.house(), tuple(refused), tuple(sound))


def write_rules(house: House) -> None:
    folder = house.rules_folder
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "bills.toml").write_text(POLICY)
    (vehicle,) = house.registry.vehicles()
    name = house.names()(vehicle.vehicle_id)
    rows = f"vehicle,driver,cost_centre,valid_from,valid_to\n{name},Ada,CC1,2026-01-01,\n"
    (folder / "assignments.csv").write_text(rows)


def said(house: House, month: str) -> str:
    with house.held(), pytest.raises(Stop) as stopped:
        close_month(house, month)
    return str(stopped.value)


@pytest.mark.parametrize("text", ["0000-01", "0206-10", "1999-12", "2026-13", "2026-1"])
def test_a_month_that_no_session_can_be_of_is_refused(text: str) -> None:
    with pytest.raises(Stop, match=f"--month {text}: not a month such as 2026-10"):
        month_of(text)


def test_a_closed_statement_prints_the_same_bytes_whatever_came_after(story: Story) -> None:
    assert story.again == story.first
    assert printed(story.house, "2026-10", "Ada") == story.first


def test_a_month_closes_once_in_order_and_after_it_has_ended(story: Story) -> None:
    assert [each.partition(";")[0] for each in story.refused] == [
        "there is nothing to state in 2016-10",
        "2026-11 has not ended in UTC",
        "2026-10 is closed",
        "months close in order: 2026-11 is next, not 2026-12",
    ]


def test_a_late_refund_is_a_correction_with_reference_in_the_next_month(story: Story) -> None:
    october = json.loads(story.first["json"])
    stated = {line["line_id"]: line for line in october["lines"]}
    paid_back = [each for each in story.november["corrections"] if each["basis"] == "policy"]
    assert len(paid_back) == sum(line["basis"] == "policy" and line["amount"] is not None for line in october["lines"])
    assert {each["amount"] for each in paid_back} == {"-1.00"}
    assert all(each["corrects_month"] == "2026-10" for each in paid_back)
    assert all(stated[each["line_id"]]["amount"] == each["stated"] for each in paid_back)


def test_the_cost_side_is_corrected_beside_what_is_reimbursed(story: Story) -> None:
    sums = {"billed": Decimal(0), "policy": Decimal(0)}
    for each in story.november["corrections"]:
        sums[each["basis"]] += Decimal(each["amount"])
    assert sums["billed"] == sums["policy"] < 0


def test_totals_carry_the_corrections(story: Story) -> None:
    for total in story.november["totals"]:
        corrected = [
            Decimal(each["amount"])
            for each in story.november["corrections"]
            if each["basis"] == "policy" and each["currency"] == total["currency"]
        ]
        assert Decimal(total["reimbursed_corrected"]) == sum(corrected)
        assert Decimal(total["to_pay"]) == Decimal(total["reimbursed"]) + sum(corrected)


def test_what_was_corrected_once_is_not_corrected_again(story: Story) -> None:
    assert story.december["corrections"] == []


def test_closed_months_and_corrections_add_up_to_what_stands(story: Story) -> None:
    closed = Closed(story.house.store)
    said_so_far = [closed.frame(month, name) for month in closed.months() for name in (LINES, CORRECTIONS)]
    key = ["line_id", "driver", "currency"]
    stated = pl.concat([each.select(*key, "amount") for each in said_so_far]).group_by(key).agg(pl.col("amount").sum())
    now = story.house.tables.read(schemas.SESSION_COSTS).filter(
        pl.col("local_date").dt.strftime("%Y-%m").is_in(closed.months())
    )
    stands = now.group_by(key).agg(pl.col("amount").sum())
    dropped = pl.col("amount") != 0
    assert stated.filter(dropped).sort(key).rows() == stands.filter(dropped).sort(key).rows()


def test_the_lake_is_sound_with_closed_months_also_after_a_rebuild(story: Story) -> None:
    assert story.sound == ([], [])


def test_a_statement_says_where_each_figure_is_from(story: Story) -> None:
    stated = json.loads(story.first["json"])
    for each in stated["sessions"]:
        assert len(each["answer_sha256"]) == 64
        assert each["place_method"] == "billing"
        assert each["energy_source"] == ["smartcar_v2"]
    text = story.first["txt"].decode()
    assert all(word in text for word in ("public-bills 2026, by bill", "Check with your tax adviser.", "signature"))


def test_a_statement_shows_the_names_of_pages_and_no_id(story: Story) -> None:
    (vehicle,) = story.house.registry.vehicles()
    assert not any(vehicle.vehicle_id.encode() in content for content in story.first.values())


def test_all_statements_of_a_month_are_those_of_its_drivers_and_of_nobody(story: Story) -> None:
    assert [driver for driver, _ in all_printed(story.house, "2026-10")] == ["Ada"]


def test_a_driver_without_a_statement_is_told_so(story: Story) -> None:
    with pytest.raises(Stop, match="there is nothing of Bob in 2026-10"):
        printed(story.house, "2026-10", "Bob")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a changed statement": lambda folder: next(folder.glob("*.txt")).write_bytes(b"paid"),
    "a statement that is gone": lambda folder: next(folder.glob("*.json")).unlink(),
    "a file that came later": lambda folder: (folder / "more.txt").write_bytes(b""),
    "another manifest": lambda folder: (folder / MANIFEST).write_bytes(b"{}"),
    "other lines": lambda folder: (folder / LINES).write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_verify_sees_what_was_done_to_a_closed_month(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    closed = Closed(LocalStore(tmp_path))
    closed.close(
        "2026-10", IN_NOVEMBER, {LINES: pl.DataFrame({"a": [1]})}, [("Ada", "ada", {"json": b"{}", "txt": b"x"})]
    )
    assert list(closed.faults()) == []
    damage(tmp_path / "closed" / "2026-10")
    assert list(closed.faults()) != []


def test_a_closing_that_was_killed_leaves_the_month_open_and_is_done_again(tmp_path: Path) -> None:
    class Killed(Exception):
        """Stands for a kill."""

    class Store(LocalStore):
        puts = 0

        def put(self, path: str, content: bytes) -> None:
            Store.puts += 1
            if Store.puts == dies_at:
                raise Killed
            super().put(path, content)

    tables = {LINES: pl.DataFrame({"a": [1]}), CORRECTIONS: pl.DataFrame({"a": [2]})}
    statements = [("Ada", "ada", {"json": b"{}", "txt": b"x"})]
    for dies_at in range(1, 6):
        home, Store.puts = tmp_path / str(dies_at), 0
        with pytest.raises(Killed):
            Closed(Store(home)).close("2026-10", IN_NOVEMBER, tables, [*statements, ("Bob", "bob", {"txt": b"y"})][:1])
        closed = Closed(LocalStore(home))
        assert closed.months() == []
        closed.close("2026-10", IN_NOVEMBER, tables, statements)
        assert list(closed.faults()) == []
        assert closed.read("2026-10", "ada.txt") == b"x"


async def test_a_forgotten_vehicle_stays_in_closed_months_and_is_not_taken_back(
    practice: Practice,
) -> None:
    practice.emulator.clock.set(IN_NOVEMBER)
    await practice.connect(TESLA)
    practice.emulator.faults.add("session_at", start="2026-10-28T08:00:00Z", hours=0.5)
    write_rules(practice.house())
    await practice.run()
    with (house := practice.house()).held():
        close_month(house, "2026-10")
        (vehicle,) = house.registry.vehicles()
        before = printed(house, "2026-10", "Ada")
    with (house := practice.house()).held():
        note = await forget_vehicle(house, vehicle.vehicle_id, "must_end")
    assert note is not None
    assert "the closed months 2026-10 keep what was stated of it" in note
    assert printed(practice.house(), "2026-10", "Ada") == before
    assert [json.loads(each["json"])["corrections"] for _, each in all_printed(practice.house(), "2026-11")] == []


@dataclass(frozen=True, slots=True)
class Shell:
    """The command line on the story's home."""

    run: Chargelake
    folder: Path


@pytest.fixture(scope="module")
def shell(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    return Shell(command_line({"CHARGELAKE_HOME": str(story.house.store.home)}, folder), folder)


def test_the_command_prints_what_is_archived(story: Story, shell: Shell) -> None:
    ended = shell.run("report", "statement", "--month", "2026-10", "--driver", "Ada")
    assert (ended.code, ended.out) == (0, story.first["txt"].decode())


def test_the_command_writes_the_archived_documents(story: Story, shell: Shell) -> None:
    ended = shell.run("report", "statement", "--month", "2026-10", "--all", "--output", "out")
    written = {Path(line).suffix[1:]: (shell.folder / line).read_bytes() for line in ended.out.splitlines()}
    assert (ended.code, written) == (0, story.first)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["close", "--month", "2026-10"],
            "chargelake: 2026-10 is closed; what has changed since is stated in 2026-12\n",
        ),
        (["close", "--month", "October"], "chargelake: --month October: not a month such as 2026-10\n"),
        (["statement", "--month", "2026-10"], "chargelake: name a driver with --driver NAME, or take --all\n"),
    ],
)
def test_a_command_that_cannot_be_done_ends_with_one_line_and_2(shell: Shell, arguments: list[str], said: str) -> None:
    ended = shell.run("report", *arguments, CHARGELAKE_NOW="2027-02-01T00:00:00Z")
    assert (ended.code, ended.err) == (2, said)
