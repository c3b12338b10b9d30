from datetime import UTC, date, datetime

from lakes import bill, lake, session

from lake.schemas import COMPLETENESS_STATES
from reports import tallies
from reports.figures import KNOWN, NOT_GIVEN
from reports.panels import KIND_OF_STATE


def starts(home, *rows):
    return tallies.take(lake(home, charge_sessions=list(rows))).starts.rows()


def test_a_start_counts_at_the_hour_of_its_own_zone(tmp_path):
    # Sunday 23:30 in UTC is Monday 08:30 in Tokyo and Sunday 19:30 in New York
    at = datetime(2026, 9, 6, 23, 30, tzinfo=UTC)
    rows = (session(1, started_at=at, timezone="Asia/Tokyo"), session(2, started_at=at, timezone="America/New_York"))
    assert starts(tmp_path, *rows) == [(1, 8, 1), (7, 19, 1)]


def test_a_start_counts_at_the_hour_that_clocks_showed_through_a_change_of_clocks(tmp_path):
    before, after = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    rows = (session(n, started_at=at, timezone="Europe/Berlin") for n, at in enumerate((before, after)))
    assert starts(tmp_path, *rows) == [(7, 2, 2)]


def test_counts_of_the_partitions_are_added(tmp_path):
    august, september = (datetime(2026, month, 7, 8, tzinfo=UTC) for month in (8, 9))
    rows = (session(1, started_at=august), session(2, started_at=september), session(3, make="MINI"))
    assert sum(number for *_, number in starts(tmp_path, *rows)) == 3


def test_a_month_is_that_of_the_local_day(tmp_path):
    at = datetime(2026, 8, 31, 23, 30, tzinfo=UTC)
    rows = [bill(1, "5", "JPY", started_at=at, timezone="Asia/Tokyo", local_date=date(2026, 9, 1))]
    taken = tallies.take(lake(tmp_path, charge_sessions=rows))
    assert taken.bills["month"].to_list() == taken.sessions["month"].to_list() == ["2026-09"]


def test_a_session_is_in_the_class_that_begins_with_its_energy(tmp_path):
    rows = [session(n, energy_kwh=kwh) for n, kwh in enumerate((0.0, 4.99, 5.0, None))]
    taken = tallies.take(lake(tmp_path, charge_sessions=[*rows, session(9, charger_type=None)]))
    assert taken.sizes.rows() == [("AC", 0, 2), ("AC", 5, 1), ("not told", 10, 1)]


def test_only_a_lake_with_nothing_at_all_is_empty(tmp_path):
    assert tallies.take(lake(tmp_path / "a")).is_empty
    assert not tallies.take(lake(tmp_path / "b", charge_sessions=[session(1)])).is_empty


def test_each_state_is_drawn_or_known_to_be_left_out():
    assert KIND_OF_STATE.keys() | set(NOT_GIVEN) == COMPLETENESS_STATES.keys()
    assert {state for state, kind in KIND_OF_STATE.items() if kind == "known"} == set(KNOWN)
