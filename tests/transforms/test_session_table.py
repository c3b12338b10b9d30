"""The sessions as they stand: local days, overlaps, and which partitions they need."""

from __future__ import annotations

from datetime import date

import pytest
from landed_answers import NO_HISTORY, VEHICLES, Lake, answer, bill, lake_of, read, session

from lake.schemas import CHARGE_SESSIONS, SESSION_HISTORY
from transforms import sessions


def flags_of(*records: dict[str, object]) -> list[list[str]]:
    """Flags by start of sessions told in one answer."""
    return lake_of([[answer("bmw_records", records)]]).sessions()["flags"].to_list()


def test_the_columns_are_those_of_the_tables_and_the_month():
    lake = lake_of([[answer("bmw_records", [session()])]])
    assert list(lake.history.schema.items()) == [
        *SESSION_HISTORY.schema.items(),
        ("month", lake.history["month"].dtype),
    ]
    assert lake.sessions().drop("month").schema == CHARGE_SESSIONS.schema


def test_nothing_told_is_an_empty_table():
    lake = Lake()
    lake.take_in()
    assert lake.sessions().drop("month").schema == CHARGE_SESSIONS.schema
    assert lake.sessions().is_empty()


@pytest.mark.parametrize(
    ("vehicle", "start", "day"),
    [
        ("v-1", "2026-10-08T21:59:59Z", date(2026, 10, 8)),
        ("v-1", "2026-10-08T22:00:00Z", date(2026, 10, 9)),
        ("v-ny", "2026-10-09T03:59:59Z", date(2026, 10, 8)),
        ("v-1", "2025-10-26T00:30:00Z", date(2025, 10, 26)),
        ("v-1", "2025-10-26T23:00:00Z", date(2025, 10, 27)),
        ("v-unknown", "2026-10-08T22:00:00Z", date(2026, 10, 8)),
    ],
)
def test_the_local_date_is_on_the_clocks_of_the_vehicle(vehicle, start, day):
    lake = lake_of([[answer("bmw_records", [session(start)], vehicle_id=vehicle)]])
    assert lake.sessions()["local_date"].to_list() == [day]


def test_model_and_zone_are_the_vehicles_and_default_where_unknown():
    lake = lake_of([[answer("bmw_records", [session()], 1), answer("bmw_records", [session()], 2, "v-unknown")]])
    assert lake.sessions().select("model", "timezone").rows() == [("i4", "Europe/Berlin"), (None, "UTC")]


def test_of_two_that_overlap_the_later_is_marked():
    assert flags_of(session("2026-10-08T12:00:00Z"), session("2026-10-08T12:30:00Z")) == [[], ["overlaps"]]


def test_one_that_starts_as_the_other_ends_does_not_overlap():
    assert flags_of(session("2026-10-08T12:00:00Z"), session("2026-10-08T13:00:00Z")) == [[], []]


def test_a_long_session_overlaps_all_that_start_in_it():
    told = [
        session(f"2026-10-08T{hour}:00:00Z", end)
        for hour, end in ((10, "2026-10-08T20:00:00Z"), (12, None), (14, None))
    ]
    assert flags_of(*told) == [[], ["overlaps"], ["overlaps"]]


def test_an_ongoing_session_neither_overlaps_nor_is_overlapped():
    told = [session("2026-10-08T12:00:00Z", chargeEnd=None), session("2026-10-08T12:30:00Z")]
    assert flags_of(*told, session("2026-10-08T12:45:00Z", chargeEnd=None)) == [[], [], []]


def test_a_session_of_more_than_28_days_overlaps_nothing():
    forgotten = session("2026-09-01T00:00:00Z", "2026-09-29T00:00:01Z")
    assert flags_of(forgotten, session("2026-09-20T12:00:00Z")) == [["over_24_hours"], []]


def test_sessions_of_two_vehicles_do_not_overlap():
    lake = lake_of([[answer("bmw_records", [session()], 1), answer("bmw_records", [session()], 2, "v-ny")]])
    assert lake.sessions()["flags"].to_list() == [[], []]


def test_an_overlap_reaches_across_the_end_of_a_month():
    long = session("2026-09-30T20:00:00Z", "2026-10-01T08:00:00Z")
    lake = lake_of([[answer("bmw_records", [long, session("2026-10-01T07:00:00Z")])]])
    assert lake.published()["flags"].to_list() == [[], ["overlaps"]]


def test_an_overlap_that_is_corrected_away_loses_its_mark():
    first, second = session("2026-10-08T12:00:00Z", "2026-10-08T12:40:20Z"), session("2026-10-08T12:40:00Z")
    mended = session("2026-10-08T12:00:00Z", "2026-10-08T12:39:59Z")
    lake = lake_of([[answer("bmw_records", [first, second])]])
    assert lake.sessions()["flags"].to_list() == [[], ["overlaps"]]
    lake.take_in(answer("bmw_records", [mended, second], run=2))
    assert lake.sessions()["flags"].to_list() == [[], []]


def test_a_session_that_is_no_longer_told_keeps_its_status():
    history = lake_of([[answer("bmw_records", [session()])]]).history
    vanished = history.with_columns(status=SESSION_HISTORY.empty()["status"].extend_constant("vanished", 1))
    assert sessions.current(vanished, VEHICLES, "UTC")["status"].to_list() == ["vanished"]


def test_a_start_near_midnight_touches_both_months():
    observed = read(answer("bmw_records", [session("2026-09-30T23:59:45Z")])).sessions
    assert sessions.touched_months(observed) == {("BMW", "2026-09"), ("BMW", "2026-10")}


def test_an_observed_id_touches_the_months_that_know_it():
    index = lake_of([[answer("tesla_billing", [bill(), bill(recordId="other")])]]).history.select(
        sessions.INDEX.names()
    )
    moved = read(answer("tesla_billing", [bill(chargeStart="2026-08-10T15:40:00Z")])).sessions
    assert sessions.touched_by_id(index, moved) == {("TESLA", "2026-10")}


def test_nothing_observed_touches_nothing():
    nothing = read().sessions
    assert sessions.touched_months(nothing) == set()
    assert sessions.touched_by_id(NO_HISTORY.select(sessions.INDEX.names()), nothing) == set()


def test_publishing_reaches_a_month_either_way_and_reading_what_those_rows_are_made_of():
    assert sessions.months_to_publish({("BMW", "2026-12")}) == {("BMW", m) for m in ("2026-11", "2026-12", "2027-01")}
    read_for = {("BMW", m) for m in ("2026-11", "2026-12", "2027-01", "2027-02")}
    assert sessions.months_to_read({("BMW", "2027-01")}) == read_for
