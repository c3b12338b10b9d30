"""What becomes of what is no longer told: when a sweep makes it vanish, when not, and when it is told again."""

from __future__ import annotations

import json

import polars as pl
import pytest
from landed_answers import Lake, answer, bill, day, lake_of, session, swept

from lake.schemas import SESSION_HISTORY


def bills(*numbers):
    return [bill(recordId=f"id-{n}", chargeStart=f"2026-10-{n:02}T10:00:00Z", chargeEnd=None) for n in numbers]


def sessions(*numbers):
    return [session(f"2026-10-{n:02}T10:00:00Z") for n in numbers]


def day_records(*numbers):
    return [day(f"2026-10-{n:02}") for n in numbers]


RECORDS = {"tesla_billing": bills, "bmw_records": sessions}
STREAMS = pytest.mark.parametrize("stream", RECORDS)


def told_in_turn(stream, *tellings):
    """A lake that was told these lists of records in turn, each a whole answer of a run of its own."""
    return lake_of(swept(stream, records, run=run) for run, records in enumerate(tellings, 1))


def statuses(lake):
    return dict(lake.sessions().select(pl.col("started_at").dt.day(), "status").iter_rows())


def vanished(lake):
    return sorted(day for day, status in statuses(lake).items() if status == "vanished")


@STREAMS
def test_a_session_that_a_whole_answer_does_not_tell_has_vanished(stream):
    told = RECORDS[stream]
    lake = told_in_turn(stream, told(7, 8, 9), told(7, 9))
    assert vanished(lake) == [8]
    first, second = lake.history.filter(pl.col("started_at").dt.day() == 8).sort("revision").rows(named=True)
    content = [
        name for name in SESSION_HISTORY.schema if name not in {"status", "revision", "last_changed_at", "run_id"}
    ]
    assert [name for name in content if first[name] != second[name]] == ["raw_ref"]
    assert (second["revision"], second["run_id"]) == (2, "run-002")
    assert second["raw_ref"].endswith("#1/2"), "the place after the last record of the answer"
    assert second["last_changed_at"] > first["last_changed_at"]


@STREAMS
def test_what_is_told_again_is_alive_again(stream):
    told = RECORDS[stream]
    lake = told_in_turn(stream, told(7, 8, 9), told(7, 9), told(7, 9), told(7, 8, 9))
    assert vanished(lake) == []
    assert lake.history.filter(pl.col("started_at").dt.day() == 8)["revision"].to_list() == [1, 2, 3]


@STREAMS
def test_what_has_vanished_is_in_no_count(stream):
    told = RECORDS[stream]
    lake = told_in_turn(stream, told(7, 8, 9), told(7, 9))
    assert lake.counts[2] == {stream: (0, 0, 2)}
    assert lake.notes == {"known records that are no longer told: 1; kept with status vanished"}


def test_an_ongoing_session_vanishes_too():
    lake = told_in_turn("bmw_records", [*sessions(7), session(chargeEnd=None)], sessions(7))
    assert vanished(lake) == [8]


@STREAMS
@pytest.mark.parametrize(
    "second",
    [
        {"until": "2026-10-08"},
        {"since": "2026-10-08"},
        {"since": "2026-10-09"},
        {"until": "2026-10-07"},
    ],
)
def test_a_session_at_the_edge_of_the_window_or_outside_is_not_judged(stream, second):
    told = RECORDS[stream]
    lake = lake_of([swept(stream, told(7, 8, 9)), swept(stream, told(7, 9), run=2, **second)])
    assert vanished(lake) == []


def test_a_session_of_today_is_not_judged():
    today = [session("2026-10-20T05:00:00Z"), *sessions(9)]
    lake = lake_of(
        swept("bmw_records", told, run=run, until="2026-10-31") for run, told in ((1, today), (2, today[1:]))
    )
    assert vanished(lake) == []


@pytest.mark.parametrize(("start", "gone"), [("2026-09-21", 1), ("2026-09-20", 0), ("2026-09-19", 0)])
def test_nothing_at_the_edge_of_a_moving_window_or_beyond_is_judged(start, gone):
    told = [session(f"{start}T23:00:00Z"), session("2026-09-18T10:00:00Z"), *sessions(9)]
    lake = lake_of(swept("bmw_records", records, run=run) for run, records in ((1, told), (2, told[1:])))
    assert (lake.sessions()["status"] == "vanished").sum() == gone


@pytest.mark.parametrize("spoil", [{"status": 500}, {"body": '{"records": ['}, {"body": "{}"}, {"since": None}])
def test_an_answer_that_does_not_tell_its_window_whole_makes_nothing_vanish(spoil):
    (second,) = swept("bmw_records", sessions(7, 9), run=2)
    body = spoil.pop("body", None)
    fields = {name: getattr(second, name) for name in second.__struct_fields__} | spoil
    if body is not None:
        fields |= {"body": body}
    lake = lake_of([swept("bmw_records", sessions(7, 8, 9)), [type(second)(**fields)]])
    assert vanished(lake) == []


def test_pages_that_do_not_end_make_nothing_vanish():
    lake = lake_of([swept("tesla_billing", bills(7, 8, 9)), swept("tesla_billing", bills(9), [], run=2, more=True)])
    assert vanished(lake) == []


def test_a_page_that_is_missing_makes_nothing_vanish():
    pages = swept("tesla_billing", bills(9), bills(8), bills(7), run=2)
    lake = lake_of([swept("tesla_billing", bills(7, 8, 9)), [pages[0], pages[2]]])
    assert vanished(lake) == []


def test_all_pages_together_tell_the_window():
    lake = lake_of([swept("tesla_billing", bills(7, 8, 9)), swept("tesla_billing", bills(9), [], bills(7), run=2)])
    assert vanished(lake) == [8]


@pytest.mark.parametrize("cut", [1, 2])
def test_pages_that_are_taken_in_apart_tell_the_window_together(cut):
    pages = swept("tesla_billing", bills(9), bills(7), bills(6), run=2)
    before = swept("tesla_billing", bills(6, 7, 8, 9))
    apart = lake_of([before, pages[:cut], pages[cut:]])
    assert vanished(apart) == [8]
    assert apart.rows() == lake_of([before, pages]).rows()
    assert sum(sum(counts["tesla_billing"]) for counts in apart.counts if counts) == 7, "each record is counted once"


def test_pages_that_a_killed_run_left_make_nothing_vanish():
    left = swept("tesla_billing", bills(9), run=2, more=True)
    lake = lake_of([swept("tesla_billing", bills(7, 8, 9)), left, swept("tesla_billing", bills(7, 8, 9), run=3)])
    assert lake.history["revision"].to_list() == [1, 1, 1]


def test_what_a_killed_run_told_first_vanishes_when_the_next_does_not_tell_it():
    lake = lake_of([[*swept("tesla_billing", bills(7, 8, 9), more=True), *swept("tesla_billing", bills(7, 9), run=2)]])
    assert vanished(lake) == [8]


@STREAMS
def test_a_record_that_cannot_be_true_keeps_the_session_it_tells(stream):
    told = RECORDS[stream]
    broken = told(8)[0] | {"energy" if stream == "bmw_records" else "energyConsumed": -1}
    lake = told_in_turn(stream, told(7, 8, 9, 10), [*told(7, 10), broken])
    assert vanished(lake) == [9]


def test_a_record_with_start_and_end_exchanged_keeps_its_session():
    wrong = session("2026-10-08T11:00:00Z", "2026-10-08T10:00:00Z")
    assert vanished(told_in_turn("bmw_records", sessions(7, 8, 9), [*sessions(7, 9), wrong])) == []


@pytest.mark.parametrize("odd", ["text", {"energy": -1}, {"chargeStart": {}}, {"chargeStart": "now"}])
def test_a_record_that_may_be_any_keeps_all(odd):
    assert vanished(told_in_turn("bmw_records", sessions(7, 8, 9), [*sessions(7, 9), odd])) == []


def test_the_same_id_with_another_start_has_not_vanished():
    moved = bills(8)[0] | {"chargeStart": "2026-10-10T10:00:00Z"}
    lake = told_in_turn("tesla_billing", bills(7, 8, 9), [*bills(7, 9), moved])
    assert statuses(lake) == dict.fromkeys((7, 9, 10), "ongoing")


def test_times_a_few_seconds_off_have_not_vanished():
    drifted = session("2026-10-08T10:00:20Z", "2026-10-08T11:00:10Z")
    assert vanished(told_in_turn("bmw_records", sessions(7, 8, 9), [*sessions(7, 9), drifted])) == []


def test_another_vehicles_answer_makes_nothing_vanish():
    others = swept("bmw_records", [], run=2, vehicle_id="v-ny")
    assert vanished(lake_of([swept("bmw_records", sessions(8)), others])) == []


def test_another_streams_answer_makes_nothing_vanish():
    others = swept("tesla_days", [], run=2)
    assert vanished(lake_of([swept("tesla_billing", bills(8)), others])) == []


@STREAMS
@pytest.mark.parametrize(
    ("known", "told", "gone"),
    [
        ((8, 9), (), []),
        ((8, 9, 10), (8,), [9, 10]),
        ((5, 6, 7, 8, 9, 10), (5, 6), [7, 8, 9, 10]),
        ((5, 6, 7, 8, 9, 10, 11, 12), (5, 6, 7), []),
        ((5, 6, 7, 8, 9, 10, 11, 12, 13, 14), (5, 6, 7, 8, 9), [10, 11, 12, 13, 14]),
    ],
)
def test_too_much_at_once_is_not_believed(stream, known, told, gone):
    records = RECORDS[stream]
    lake = told_in_turn(stream, records(*known), records(*told))
    assert vanished(lake) == gone
    if not gone:
        untold = len(known) - len(told)
        said = f"{untold} of {len(known)} known records (1 x vehicle) were not told, too many to be true"
        assert [note for note in lake.notes if said in note] == list(lake.notes)


@STREAMS
def test_new_records_in_place_of_all_known_ones_are_not_believed(stream):
    records = RECORDS[stream]
    assert vanished(told_in_turn(stream, records(5, 6, 7), records(8, 9, 10))) == []


def test_what_vanished_before_does_not_count_as_forgotten_again():
    lake = told_in_turn("bmw_records", sessions(*range(2, 12)), sessions(*range(2, 9)), sessions(*range(2, 6)))
    assert vanished(lake) == [6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize(("stream", "gone"), [("tesla_billing", [7, 8]), ("bmw_records", [])])
def test_a_window_that_may_be_cut_judges_nothing_older_than_it_tells(stream, gone):
    told = RECORDS[stream]
    assert vanished(told_in_turn(stream, told(7, 8, 9), told(8, 9), told(9))) == gone


@pytest.mark.parametrize(("stream", "gone"), [("tesla_billing", [8]), ("bmw_records", [])])
def test_an_answer_without_any_record_makes_the_only_bill_vanish_but_no_record_of_a_window(stream, gone):
    assert vanished(told_in_turn(stream, RECORDS[stream](8), [])) == gone


def test_an_empty_list_of_answers_and_an_empty_lake_are_no_fault():
    assert lake_of([[], swept("bmw_records", [])]).sessions().is_empty()


def test_a_session_in_another_months_file_is_judged():
    told = [session("2026-09-28T10:00:00Z"), session("2026-09-29T10:00:00Z")]
    lake = told_in_turn("bmw_records", told, told[:1])
    assert lake.sessions().select("month", "status").rows() == [("2026-09", "complete"), ("2026-09", "vanished")]
    assert lake.published().rows() == lake.sessions().rows()


def test_a_day_that_is_no_longer_told_is_kept_with_a_mark():
    lake = told_in_turn("tesla_days", day_records(7, 8, 9), day_records(7, 9), day_records(7, 9))
    assert lake.days().select(pl.col("day").dt.day(), "flags", "revision", "total_kwh").rows() == [
        (7, [], 1, 50.0), (8, ["no_longer_told"], 2, 50.0), (9, [], 1, 50.0),
    ]  # fmt: skip
    assert lake.notes == {"known records that are no longer told: 1; kept with the mark no_longer_told"}


def test_a_day_that_is_told_again_loses_the_mark():
    lake = told_in_turn("tesla_days", day_records(7, 8, 9), day_records(7, 9), day_records(7, 8, 9))
    assert lake.days().select("flags", "revision").rows() == [([], 1), ([], 3), ([], 1)]


def test_a_day_that_cannot_be_true_keeps_all_days():
    lake = told_in_turn("tesla_days", day_records(7, 8, 9), [*day_records(7, 9), day("2026-10-08", total=-1)])
    assert lake.day_history["revision"].to_list() == [1, 1, 1]


@pytest.mark.parametrize(("hour", "gone"), [("2026-10-20T01:00:00Z", 0), ("2026-10-19T01:00:00Z", 1)])
def test_todays_row_is_not_judged(hour, gone):
    told = [day(hour), *day_records(7)]
    lake = told_in_turn("tesla_days", told, told[1:])
    assert sum("no_longer_told" in flags for flags in lake.days()["flags"]) == gone


def test_a_sweep_that_was_cut_short_between_two_months_is_finished_by_the_same_answers():
    told = [session("2026-09-28T10:00:00Z"), session("2026-09-29T10:00:00Z"), *sessions(7, 8, 9)]
    first, second = swept("bmw_records", told), swept("bmw_records", [told[0], *told[3:]], run=2)
    whole = lake_of([first, second])
    cut = lake_of([first])
    cut.take_in(*second, cut_short_after=1)
    assert cut.history.height == whole.history.height - 1
    cut.take_in(*second)
    assert cut.rows() == whole.rows()


def test_an_answer_without_records_of_its_shape_does_not_count_as_empty():
    lake = lake_of([swept("bmw_records", sessions(8)), swept("bmw_records", json.dumps({"sessions": []}), run=2)])
    assert vanished(lake) == []


def test_an_answer_to_nothing_in_particular_makes_nothing_vanish():
    assert vanished(lake_of([swept("bmw_records", sessions(7, 8)), [answer("bmw_records", sessions(7), run=2)]])) == []


def test_a_lake_that_never_saw_a_sweep_has_no_note():
    lake = Lake()
    lake.take_in(answer("bmw_records", sessions(7)))
    assert lake.notes == set()


@STREAMS
@pytest.mark.parametrize(("earlier", "later"), [(5, 8), (8, 5)])
def test_a_sweep_done_again_judges_by_what_was_known_when_it_landed(stream, earlier, later):
    told, kept = RECORDS[stream], (2, 3, 4)
    tellings = [(*kept, earlier, later), (*kept, later), kept, (*kept, earlier, later, 9)]
    runs = [swept(stream, told(*numbers), run=run) for run, numbers in enumerate([kept, *tellings], 1)]
    for again in runs:
        lake = lake_of(runs)
        before = lake.rows()
        lake.take_in(*again)
        assert lake.rows() == before


def test_a_session_that_moved_to_another_month_vanishes_there():
    starts = ("2026-09-30T10:00:00Z", "2026-10-01T10:00:00Z")
    moved = [bill(recordId="m", chargeStart=start, chargeEnd=None) for start in starts]
    lake = told_in_turn("tesla_billing", [moved[0], *bills(7)], [moved[1], *bills(7)], bills(7))
    assert lake.sessions().select("month", "status", "revision").rows() == [
        ("2026-10", "vanished", 3), ("2026-10", "ongoing", 1),
    ]  # fmt: skip
    assert lake.published().rows() == lake.sessions().rows()
