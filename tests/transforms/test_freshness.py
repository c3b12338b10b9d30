"""Deliveries of v3 come twice and in no order: of each session the data of the latest instant count."""

from __future__ import annotations

import itertools

import pytest
from landed_answers import Lake, lake_of
from told_by_v3 import at, polled, pushed, signal_session

GROWING = signal_session(end=None, energyAdded=10)
DONE = signal_session()


def told(*deliveries):
    """A lake that took in each delivery by itself."""
    return lake_of([[delivery] for delivery in deliveries])


def standing(lake):
    return lake.sessions().select("status", "energy_kwh", "started_at", "ended_at").rows()


def test_an_ongoing_session_is_completed_under_its_name():
    lake = told(polled([GROWING], at(30)), pushed([DONE], at(70), run=2))
    assert lake.history["session_id"].n_unique() == 1
    assert lake.sessions().select("status", "energy_kwh", "revision").rows() == [("complete", 34.2, 2)]


def test_each_growth_is_a_revision():
    growth = [pushed([signal_session(end=None, energyAdded=kwh)], at(kwh), run=kwh) for kwh in (5, 10, 15)]
    assert told(*growth).history["energy_kwh"].to_list() == [5, 10, 15]


def test_an_older_delivery_that_lands_late_changes_nothing():
    lake = told(pushed([DONE], at(70)), pushed([GROWING], at(30), run=2))
    assert lake.sessions().select("status", "revision").rows() == [("complete", 1)]
    assert lake.counts[-2] == {"v3_events": (0, 0, 1)}


def test_what_was_told_again_in_between_makes_older_data_stale():
    corrected = signal_session(energyAdded=30)
    lake = told(polled([DONE], at(70)), polled([DONE], at(90), run=2), pushed([corrected], at(80), run=3))
    assert lake.sessions()["energy_kwh"].to_list() == [34.2]


def test_history_says_of_when_each_revision_was_last_told():
    lake = told(polled([GROWING], at(30)), polled([GROWING], at(40), run=2), polled([DONE], at(70), run=3))
    assert lake.history["told_as_of"].dt.minute().to_list() == [40, 10]


def test_data_of_one_instant_told_twice_are_known():
    lake = told(polled([DONE], at(70)), pushed([DONE], at(70), run=2))
    assert lake.history.height == 1


DELIVERIES = (
    (polled, [GROWING], 30),
    (pushed, [DONE], 70),
    (pushed, [DONE], 90),
    (polled, [signal_session(energyAdded=36)], 80),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_any_order_of_deliveries_ends_in_the_same_row(order):
    deliveries = [DELIVERIES[number] for number in order]
    lake = told(*(way(values, at(minute), run=run) for run, (way, values, minute) in enumerate(deliveries, 1)))
    assert [row[:2] for row in standing(lake)] == [("complete", 34.2)]


def test_deliveries_done_again_change_nothing():
    answers = [way(values, at(minute), run=run) for run, (way, values, minute) in enumerate(DELIVERIES, 1)]
    lake = told(*answers)
    before = lake.rows()
    for answer in (*answers, *reversed(answers)):
        lake.take_in(answer)
    assert lake.rows() == before


def test_one_batch_and_a_batch_for_each_give_equal_rows():
    answers = [way(values, at(minute), run=run) for run, (way, values, minute) in enumerate(DELIVERIES, 1)]
    assert told(*answers).rows() == lake_of([answers]).rows()


def test_a_list_that_no_longer_has_a_session_leaves_it_as_it_is():
    lake = Lake()
    lake.take_in(polled([DONE, signal_session("CHG2", at(200), at(260))], at(300)))
    lake.take_in(polled([DONE], at(400), run=2))
    assert lake.sessions()["status"].to_list() == ["complete", "complete"]


def test_of_an_id_that_one_list_tells_twice_the_last_counts_and_telling_it_again_makes_no_revision():
    twice = [DONE, signal_session(energyAdded=35)]
    lake = told(polled(twice, at(70)), pushed(twice, at(80), run=2))
    assert lake.sessions().select("energy_kwh", "revision").rows() == [(35.0, 1)]
