"""Pages written by command: of what is known now, and of what was known at an instant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from flows.exits import Exit, Stop
from flows.reporting import KnownAt, write_overview
from reports.figures import summarize
from tests.flows.conftest import NOW, Chargelake, Practice

FLEET = "4-vehicles@smartcar.com"


async def collected_twice(practice: Practice) -> None:
    """Two daily runs; the second knows more."""
    await practice.connect(FLEET)
    await practice.run()
    practice.emulator.clock.advance(timedelta(days=9))
    await practice.run()


async def test_a_page_as_of_an_instant_has_the_figures_of_that_day(practice: Practice) -> None:
    await practice.connect(FLEET)
    await practice.run()
    then = summarize(practice.house().tables)
    practice.emulator.clock.advance(timedelta(days=9))
    await practice.run()
    house = practice.house()
    known = summarize(KnownAt(house, NOW + timedelta(hours=1)))
    assert (known.sessions, known.billed, known.daily) == (then.sessions, then.billed, then.daily)
    assert known.sessions != summarize(house.tables).sessions


async def test_a_page_as_of_an_instant_says_so_and_nothing_of_what_is_not_kept(practice: Practice) -> None:
    await collected_twice(practice)
    house, told = practice.house(), {"title": "T", "with_real_ids": False}
    now = write_overview(house, None, as_of=None, **told).read_text("utf-8")
    then = write_overview(house, None, as_of=NOW, **told).read_text("utf-8")
    assert ("As it was known on 2026-10-20 12:00 UTC" in then, "As it was known" in now) == (True, False)
    assert summarize(KnownAt(house, NOW)).completeness == ()


async def test_a_page_as_of_an_instant_before_anything_was_known_says_that(practice: Practice) -> None:
    page = write_overview(practice.house(), None, as_of=NOW, title="T", with_real_ids=False).read_text("utf-8")
    assert ("Nothing was known then." in page, "no vehicle is connected" in page) == (True, False)


async def test_a_page_that_cannot_be_written_is_bad_usage(practice: Practice, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="cannot be written") as stopped:
        write_overview(practice.house(), tmp_path / "no" / "x.html", as_of=None, title="T", with_real_ids=False)
    assert stopped.value.code == Exit.USAGE


def test_the_command_says_where_the_page_is(chargelake: Chargelake, tmp_path: Path) -> None:
    ended = chargelake("report", "overview", "--output", "page.html", CHARGELAKE_NOW=NOW.isoformat())
    assert (ended.code, ended.out.strip()) == (0, str(tmp_path / "page.html"))
