"""What becomes of sessions as they are told again: identity, revisions, months."""

from __future__ import annotations

import pytest
from landed_answers import Lake, answer, bill, cost, lake_of, session, swept

from transforms.identity import TOLERANCE

OPEN = {"chargeEnd": None}


def told_in_turn(stream, *tellings):
    """A lake that was told these lists of records, one answer and one batch each."""
    return lake_of([[answer(stream, records, run=run)] for run, records in enumerate(tellings, 1)])


def test_the_first_telling_is_the_first_revision():
    row = told_in_turn("bmw_records", [session()]).sessions().row(0, named=True)
    assert (row["revision"], row["run_id"], row["first_seen_at"]) == (1, "run-001", row["last_changed_at"])
    assert row["raw_ref"].endswith("#1/0")


def test_the_same_told_again_makes_no_revision():
    lake = told_in_turn("bmw_records", [session()], [session()])
    assert lake.history.height == 1
    assert lake.counts[2] == {"bmw_records": (0, 0, 1)}


def test_a_changed_cost_is_a_revision_that_keeps_id_and_first_sight():
    lake = told_in_turn("tesla_billing", [bill()], [bill(cost=cost(energy="43.50"))])
    first, second = lake.history.sort("revision").rows(named=True)
    assert second["session_id"] == first["session_id"]
    assert second["first_seen_at"] == first["first_seen_at"] == first["last_changed_at"] < second["last_changed_at"]
    assert lake.sessions()["billed_total"].to_list() == [second["billed_total"]]


def test_there_and_back_again_is_three_revisions():
    lake = told_in_turn("tesla_billing", [bill()], [bill(energyConsumed=45)], [bill()])
    assert lake.history["revision"].to_list() == [1, 2, 3]


def test_times_a_few_seconds_off_are_the_same_session():
    drifted = session("2026-10-08T12:54:49Z", "2026-10-08T13:54:40Z")
    lake = told_in_turn("bmw_records", [session()], [drifted])
    assert lake.history["session_id"].n_unique() == 1
    assert lake.sessions()["started_at"].dt.second().to_list() == [49]


@pytest.mark.parametrize(("seconds", "sessions"), [(30, 1), (31, 2)])
def test_the_tolerance_is_where_it_is_documented(seconds, sessions):
    assert TOLERANCE.total_seconds() == 30
    other = session(f"2026-10-08T12:01:{seconds - 30:02}Z", "2026-10-08T13:00:00Z")
    lake = told_in_turn("bmw_records", [session("2026-10-08T12:00:30Z", "2026-10-08T13:00:00Z")], [other])
    assert lake.sessions().height == sessions


def test_an_end_out_of_tolerance_is_another_session_with_an_id_of_its_own():
    start = "2026-10-08T12:00:00Z"
    lake = told_in_turn(
        "bmw_records", [session(start, "2026-10-08T13:00:00Z")], [session(start, "2026-10-08T14:00:00Z")]
    )
    assert lake.sessions()["session_id"].n_unique() == 2
    assert lake.history["session_id"].str.contains("^[0-9a-f]{32}$").all()


def test_a_false_start_two_minutes_before_is_a_session_of_its_own():
    false_start = session("2026-10-08T12:52:44Z", "2026-10-08T12:53:00Z", energy=0)
    lake = told_in_turn("bmw_records", [false_start, session()], [false_start, session()])
    assert lake.history.height == lake.sessions().height == 2


def test_two_equal_records_of_one_answer_stay_two():
    twins = [session(), session()]
    lake = told_in_turn("bmw_records", twins, twins)
    assert lake.sessions()["session_id"].n_unique() == lake.history.height == 2
    assert lake.counts == [{"bmw_records": (2, 0, 0)}, {}, {"bmw_records": (0, 0, 2)}, {}]


def test_two_of_equal_times_keep_apart_by_their_energy_when_told_in_another_order():
    small, large = session(energy=5), session(energy=50)
    lake = told_in_turn("bmw_records", [small, large], [large, small])
    assert lake.history.height == 2


def test_a_record_goes_to_the_nearest_of_two_sessions():
    first, second = session("2026-10-08T12:00:00Z"), session("2026-10-08T12:00:20Z")
    lake = told_in_turn("bmw_records", [first, second], [session("2026-10-08T12:00:16Z", "2026-10-08T13:00:16Z")])
    assert lake.sessions()["started_at"].dt.second().to_list() == [0, 16]


def test_a_record_with_an_end_goes_to_a_session_with_an_end_before_an_open_one():
    closed, opened = session("2026-10-08T12:00:00Z"), session("2026-10-08T12:00:02Z", **OPEN)
    lake = told_in_turn("bmw_records", [opened, closed], [session("2026-10-08T12:00:01Z", "2026-10-08T13:00:05Z")])
    assert sorted(lake.sessions()["status"]) == ["complete", "ongoing"]
    assert lake.sessions()["started_at"].dt.second().to_list() == [1, 2]


def test_an_open_session_is_completed_under_its_id():
    lake = told_in_turn("bmw_records", [session(**OPEN)], [session(energy=40)])
    row = lake.sessions().row(0, named=True)
    assert (row["status"], row["revision"], row["energy_kwh"]) == ("complete", 2, 40.0)
    assert lake.history["session_id"].n_unique() == 1


def test_equal_times_of_two_vehicles_are_two_sessions():
    lake = lake_of([[answer("bmw_records", [session()], 1), answer("bmw_records", [session()], 2, "v-ny")]])
    assert lake.sessions()["session_id"].n_unique() == 2


def test_the_same_id_on_two_pages_is_one_session():
    lake = lake_of([[answer("tesla_billing", [bill()], 1), answer("tesla_billing", [bill()], 2)]])
    assert lake.counts[0] == {"tesla_billing": (1, 0, 1)}


def test_two_ids_minutes_apart_are_two_sessions():
    again = bill(recordId="GF22-2", chargeStart="2026-10-10T15:40:10Z")
    assert told_in_turn("tesla_billing", [bill(), again]).sessions().height == 2


def test_line_ten_comes_after_line_nine():
    pages = [answer("tesla_billing", [bill(energyConsumed=line)], line) for line in (10, 9)]
    assert lake_of([pages]).sessions()["energy_kwh"].to_list() == [10.0]


BOTH_MONTHS = [
    ("tesla_billing", bill(chargeStart="2026-09-30T23:59:50Z"), bill(chargeStart="2026-10-01T00:10:00Z")),
    (
        "bmw_records",
        session("2026-09-30T23:59:50Z", "2026-10-01T01:00:00Z"),
        session("2026-10-01T00:00:05Z", "2026-10-01T01:00:00Z"),
    ),
]


@pytest.mark.parametrize(("stream", "before", "after"), BOTH_MONTHS)
def test_a_start_that_moves_to_another_month_leaves_a_moved_row(stream, before, after):
    history = told_in_turn(stream, [before], [after]).history.sort("month", "revision")
    assert history.select("month", "status", "revision").rows() == [
        ("2026-09", "complete", 1), ("2026-09", "moved", 2), ("2026-10", "complete", 2),
    ]  # fmt: skip
    assert history["session_id"].n_unique() == 1
    assert history["started_at"].dt.strftime("%Y-%m").to_list() == history["month"].to_list()


@pytest.mark.parametrize(("stream", "before", "after"), BOTH_MONTHS)
def test_a_session_that_moved_there_and_back_stands_once(stream, before, after):
    lake = told_in_turn(stream, [before], [after], [before])
    assert lake.sessions().select("month", "revision").rows() == [("2026-09", 3)]
    assert lake.published().rows() == lake.sessions().rows()


@pytest.mark.parametrize("first_written", ["2026-09", "2026-10"])
@pytest.mark.parametrize(("stream", "before", "after"), BOTH_MONTHS)
def test_a_move_cut_short_between_two_months_is_finished_by_the_same_answer(stream, before, after, first_written):
    moving = answer(stream, [after], run=2)
    whole = told_in_turn(stream, [before], [after])
    cut = Lake()
    cut.history = whole.history.filter((whole.history["revision"] == 1) | (whole.history["month"] == first_written))
    cut.take_in(moving)
    assert cut.rows() == whole.rows()


def test_a_record_told_before_later_drift_is_found_again_when_its_answer_is_repeated():
    tellings = [session(f"2026-10-08T12:{s // 60:02}:{s % 60:02}Z", "2026-10-08T13:00:00Z") for s in (0, 0, 25, 50, 75)]
    answers = [answer("bmw_records", [each], run=run) for run, each in enumerate(tellings, 1)]
    lake = lake_of([[each] for each in answers])
    before = lake.rows()
    lake.take_in(answers[1])
    assert lake.rows() == before
    assert lake.sessions().height == 1


def test_a_batch_cut_short_after_a_month_gives_each_session_the_name_it_would_have_had():
    told = [
        swept("bmw_records", [session("2026-10-01T00:00:09Z") | OPEN], run=1)[0],
        answer("bmw_records", [session(at) | OPEN for at in ("2026-10-01T00:00:21Z", "2026-09-30T23:59:40Z")], run=7),
    ]
    for written in (0, 1, 2):
        lake = Lake()
        lake.take_in(*told, cut_short_after=written)
        lake.take_in(*told)
        assert lake.rows() == lake_of([told]).rows()
