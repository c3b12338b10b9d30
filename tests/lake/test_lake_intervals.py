"""Interval arithmetic against the plainest model there is: sets of days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.intervals import DayInterval, covers, subtract, union

FIRST = date(2026, 2, 20)
DAY = timedelta(days=1)


@st.composite
def intervals(draw: st.DrawFn) -> DayInterval:
    since = FIRST + draw(st.integers(0, 40)) * DAY
    return DayInterval(since, since + draw(st.integers(0, 12)) * DAY)


any_intervals = st.lists(intervals(), max_size=8)


def days_of(found: Iterable[DayInterval]) -> set[date]:
    return {each.since + offset * DAY for each in found for offset in range(each.days)}


@given(any_intervals)
def test_a_union_has_the_days_of_its_parts(given_: list[DayInterval]) -> None:
    assert days_of(union(given_)) == days_of(given_)


@given(any_intervals)
def test_a_union_is_sorted_and_no_two_of_it_touch(given_: list[DayInterval]) -> None:
    found = union(given_)
    assert all(one.until + DAY < other.since for one, other in pairwise(found))


@given(any_intervals)
def test_a_union_of_a_union_is_itself(given_: list[DayInterval]) -> None:
    assert union(union(given_)) == union(given_)


@given(intervals(), any_intervals)
def test_subtracting_leaves_the_days_that_are_not_known(whole: DayInterval, known: list[DayInterval]) -> None:
    gaps = subtract(whole, union(known))
    assert days_of(gaps) == days_of([whole]) - days_of(known)
    assert gaps == union(gaps)


@given(intervals(), any_intervals)
def test_covered_is_what_has_every_day(whole: DayInterval, known: list[DayInterval]) -> None:
    assert covers(union(known), whole) == (days_of([whole]) <= days_of(known))


@given(any_intervals)
def test_days_are_counted_once(given_: list[DayInterval]) -> None:
    assert sum(each.days for each in union(given_)) == len(days_of(given_))


@given(intervals(), st.integers(-3, 60))
def test_an_interval_has_its_first_its_last_and_what_is_between(interval: DayInterval, offset: int) -> None:
    day = FIRST + offset * DAY
    assert (day in interval) == (day in days_of([interval]))


def test_an_interval_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="has no day"):
        DayInterval(FIRST, FIRST - DAY)


def test_neighbours_become_one_and_a_day_between_keeps_them_apart() -> None:
    first, next_day, later = (DayInterval(FIRST + n * DAY, FIRST + n * DAY) for n in (0, 1, 3))
    assert union([later, next_day, first]) == (DayInterval(FIRST, FIRST + DAY), later)
