"""Whose session it is: by the vehicle and the local day it started, and never two at once."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tries import tries
from transforms.costs.assigning import with_assignment
from transforms.rules.assignments import Assignment, parse
from transforms.rules.reading import BadRule

HEADER = "vehicle,driver,cost_centre,valid_from,valid_to\n"
FIRST = date(2026, 10, 1)


def sessions(*days: date, vehicle: str = "v-1") -> pl.DataFrame:
    schema = {"vehicle_id": pl.String, "local_date": pl.Date}
    return pl.DataFrame([(vehicle, day) for day in days], schema=schema, orient="row")


def drivers(text: str, *days: date, vehicle: str = "v-1") -> list[str | None]:
    return with_assignment(sessions(*days, vehicle=vehicle), parse(HEADER + text))["driver"].to_list()


def test_the_last_day_is_still_the_drivers_and_the_next_one_is_not():
    text = "v-1,Ada,CC1,2026-10-01,2026-10-15\nv-1,Bob,CC2,2026-10-16,\n"
    days = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 15), date(2026, 10, 16), date(2030, 1, 1)]
    assert drivers(text, *days) == [None, "Ada", "Ada", "Bob", "Bob"]


def test_a_vehicle_may_be_named_as_on_pages():
    assert parse(HEADER + "BMW-ABC123,Ada,,2026-10-01,\n", {"BMW-ABC123": "v-1"})[0].vehicle_id == "v-1"


def test_a_vehicle_that_is_on_no_line_has_nobody():
    assert drivers("v-1,Ada,CC1,2026-10-01,\n", FIRST, vehicle="v-2") == [None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("v-1,Ada,C,2026-10-01,2026-10-15\nv-1,Bob,C,2026-10-15,\n", "lines 2 and 3"),
        ("v-1,Ada,C,2026-10-01,\nv-1,Bob,C,2027-10-15,\n", "lines 2 and 3"),
        ("v-1,Ada,C,2026-10-05,2026-10-01\n", "line 2: valid_to 2026-10-01 is before"),
        ("v-1,Ada,C,1 October,\n", "line 2: valid_from '1 October' is not a day"),
        (",Ada,C,2026-10-01,\n", "line 2: vehicle is empty"),
        ("v-1,,,2026-10-01,\n", "line 2: it names neither"),
    ],
)
def test_a_line_that_cannot_be_is_told_by_its_number(text, said):
    with pytest.raises(BadRule, match=said):
        parse(HEADER + text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER.replace("cost_centre", "driver,cost_centre"), "names driver twice"),
        ('"vehicle"s,driver\n', "line 1: "),
        ('"vehicle,driver\n', "line 1: unexpected end"),
    ],
    ids=["a column twice", "a quote within", "an open quote"],
)
def test_a_first_line_that_cannot_be_is_told(text, said):
    with pytest.raises(BadRule, match=said):
        parse(text)


def test_a_name_of_two_lines_keeps_both():
    (told,) = parse(HEADER + 'v-1,"Ada\nLovelace",C,2026-10-01,\n')
    assert told.driver == "Ada\nLovelace"


def test_two_names_of_one_vehicle_do_not_hide_an_overlap():
    text = "v-1,Ada,C,2026-10-01,\nBMW-ABC123,Bob,C,2026-10-02,\n"
    with pytest.raises(BadRule, match="lines 2 and 3"):
        parse(HEADER + text, {"BMW-ABC123": "v-1"})


def test_a_session_keeps_its_row_whatever_is_assigned():
    @tries(30)
    @given(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=6),
        st.lists(st.integers(-5, 60), max_size=12),
    )
    def holds(lengths: list[tuple[int, int]], starts: list[int]) -> None:
        assigned, at = [], FIRST
        for number, (days, gap) in enumerate(lengths):
            until = at + timedelta(days=days)
            assigned.append(Assignment("v-1", f"driver {number}", None, at, until, number))
            at = until + timedelta(days=1 + gap)
        frame = sessions(*(FIRST + timedelta(days=each) for each in starts))
        expected = [
            next((a.driver for a in assigned if a.valid_from <= day <= (a.valid_to or date.max)), None)
            for day in frame["local_date"]
        ]
        told = with_assignment(frame, assigned)
        assert (told["local_date"].to_list(), told["driver"].to_list()) == (frame["local_date"].to_list(), expected)

    holds()
