from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from lakes import bill, day, known, lake, refused, run, session, vehicle

from lake.runs import StreamCount
from lake.schemas import COMPLETENESS, COMPLETENESS_STATES, RUNS
from reports.figures import Billed, DailyEnergy, DaysInState, Quarantined, Sessions, Vehicles, runs, summarize
from transforms import vehicles as vehicles_table

AUGUST, SEPTEMBER = (datetime(2026, month, 7, 8, tzinfo=UTC) for month in (8, 9))


def test_an_empty_lake_has_no_figures_rather_than_zeros(tmp_path):
    summary = summarize(lake(tmp_path))
    assert (summary.vehicles, summary.sessions, summary.daily, summary.billed) == ((), (), (), ())
    assert (summary.completeness, summary.actions, summary.quarantined) == ((), (), ())


def test_vehicles_are_counted_by_make(tmp_path):
    rows = [vehicle("a"), vehicle("b"), vehicle("c", make="MINI")]
    assert summarize(lake(tmp_path, vehicles=rows)).vehicles == (Vehicles("BMW", 2), Vehicles("MINI", 1))


def test_vehicles_are_counted_by_how_they_are_seen(tmp_path):
    both = ["v2.0", "v3 by poll"]
    seen = {"a": both, "b": ["v3 by webhook"], "c": ["v2.0"], "d": ["v2.0"]}
    rows = [vehicle(vehicle_id, interfaces=interfaces) for vehicle_id, interfaces in seen.items()]
    told = summarize(lake(tmp_path, vehicles=rows)).seen_by
    assert list(map(str, told)) == ["2 v2.0", "1 v3 by webhook", "1 both v2.0 and v3 by poll"]


def test_a_session_that_two_interfaces_tell_is_one_session(tmp_path):
    both = ["smartcar_v2", "smartcar_v3"]
    rows = [
        session(1, sources=both),
        session(2, sources=both, started_at=AUGUST),
        session(3, sources=both, status="vanished"),
        session(4, sources=["smartcar_v3"]),
    ]
    summary = summarize(lake(tmp_path, charge_sessions=rows))
    assert (summary.told_by_both, summary.sessions[0].complete) == (2, 3)


def test_sessions_are_added_over_months_by_make(tmp_path):
    rows = [
        session(1, started_at=AUGUST, energy_kwh=1.5),
        session(2, started_at=SEPTEMBER, energy_kwh=2.0),
        session(3, started_at=SEPTEMBER, status="ongoing", energy_kwh=4.0),
        session(4, make="MINI"),
    ]
    bmw, mini = summarize(lake(tmp_path, charge_sessions=rows)).sessions
    assert bmw == Sessions("BMW", complete=2, ongoing=1, vanished=0, kwh=7.5, without_energy=0)
    assert mini == Sessions("MINI", complete=1, ongoing=0, vanished=0, kwh=10.0, without_energy=0)


def test_energy_that_no_session_tells_is_not_zero(tmp_path):
    rows = [session(1, energy_kwh=None)]
    assert summarize(lake(tmp_path, charge_sessions=rows)).sessions == (Sessions("BMW", 1, 0, 0, None, 1),)


def test_zero_energy_that_was_told_is_zero(tmp_path):
    rows = [session(1, energy_kwh=0.0), session(2, energy_kwh=None)]
    assert summarize(lake(tmp_path, charge_sessions=rows)).sessions == (Sessions("BMW", 2, 0, 0, 0.0, 1),)


def test_a_vanished_session_counts_neither_as_energy_nor_as_money(tmp_path):
    rows = [bill(1, "5", "EUR"), bill(2, "7", "EUR", status="vanished")]
    summary = summarize(lake(tmp_path, charge_sessions=rows))
    assert summary.sessions == (Sessions("BMW", 1, 0, 1, 10.0, 0),)
    assert summary.billed == (Billed("EUR", 1, 0, Decimal(5)),)


def test_amounts_of_different_currencies_are_not_added(tmp_path):
    rows = [bill(1, "0.1", "EUR"), bill(2, "0.2", "EUR", started_at=AUGUST), bill(3, "300", "JPY"), session(4)]
    assert summarize(lake(tmp_path, charge_sessions=rows)).billed == (
        Billed("EUR", 2, 0, Decimal("0.300000")),
        Billed("JPY", 1, 0, Decimal(300)),
    )


def test_an_incomplete_bill_is_counted_and_not_in_the_total(tmp_path):
    rows = [bill(1, "5", "EUR"), bill(2, None, "EUR"), bill(3, None, "USD")]
    assert summarize(lake(tmp_path, charge_sessions=rows)).billed == (
        Billed("EUR", 2, 1, Decimal(5)),
        Billed("USD", 1, 1, None),
    )


def test_daily_energy_is_added_by_kind_of_place(tmp_path):
    rows = [
        day(date(2026, 8, 31)),
        day(date(2026, 9, 1), home_kwh=3.0, other_kwh=None, supercharger_kwh=20.0, total_kwh=23.0),
        day(date(2026, 9, 2), home_kwh=None, other_kwh=None, supercharger_kwh=None, total_kwh=1.0),
    ]
    assert summarize(lake(tmp_path, charge_days=rows)).daily == (DailyEnergy("TESLA", 3, 15.0, 0.0, 20.0, 36.0),)


def test_a_kind_of_place_that_no_day_tells_is_not_zero(tmp_path):
    rows = [day(date(2026, 9, 1), other_kwh=None)]
    assert summarize(lake(tmp_path, charge_days=rows)).daily[0].other_kwh is None


def test_days_are_counted_by_state(tmp_path):
    states = ["collected", "confirmed_empty", "owner_must_act", "owner_must_act", "not_capable", "before_consent"]
    rows = [known(date(2026, 9, 1 + at), state) for at, state in enumerate(states)]
    summary = summarize(lake(tmp_path, completeness=rows))
    assert summary.completeness[0] == DaysInState("owner_must_act", 2)
    assert (summary.days_known, summary.days_unknown) == (2, 2)


def test_days_are_counted_as_the_vehicles_table_counts_them(tmp_path):
    rows = [known(date(2026, 9, 1 + at), state) for at, state in enumerate(COMPLETENESS_STATES)]
    summary = summarize(lake(tmp_path, completeness=rows))
    registered = pl.DataFrame([{"vehicle_id": "vehicle-1"}], schema=vehicles_table.REGISTERED)
    days = pl.DataFrame(rows, schema=COMPLETENESS.schema)
    table = vehicles_table.vehicles(
        registered, pl.DataFrame(schema=vehicles_table.BLOCKED), days, {}, date(2026, 9, 30)
    )
    assert (summary.days_known, summary.days_unknown) == table.select("days_known", "days_unknown").row(0)


def test_what_to_do_is_grouped_by_sentence_and_leaves_out_what_is_nobodys_move(tmp_path):
    rows = [
        vehicle("a", whose_move="owner", what_to_do="Connect again."),
        vehicle("b", whose_move="application_owner", what_to_do="Ask for the permission."),
        vehicle("c", whose_move="owner", what_to_do="Connect again.", make="TESLA"),
        vehicle("d", whose_move="chargelake", what_to_do="The next run asks."),
        vehicle("e"),
    ]
    summary = summarize(lake(tmp_path, vehicles=rows))
    first, second = summary.actions
    assert (first.what_to_do, first.makes, first.vehicle_ids) == ("Connect again.", ("BMW", "TESLA"), ("a", "c"))
    assert (second.whose_move, second.vehicle_ids) == ("application_owner", ("b",))
    assert summary.vehicles_waiting == 3


def test_quarantine_is_counted_by_reason(tmp_path):
    rows = [refused("bad_time"), refused("end_before_start"), refused("bad_time", stream="mini_records")]
    first, second = summarize(lake(tmp_path, quarantine=rows)).quarantined
    assert first == Quarantined("bad_time", ("bmw_records", "mini_records"), 2)
    assert second == Quarantined("end_before_start", ("bmw_records",), 1)


def test_the_latest_run_is_told_by_stream_and_in_total(tmp_path):
    rows = [
        run("2026-10-02", requests=50),
        run("2026-10-03", records_received=4, records_changed=1, records_unchanged=2),
        run("2026-10-03", "tesla_days", requests=3, drift=["tax"]),
    ]
    (latest,) = runs(lake(tmp_path, runs=rows).read(RUNS), 1)
    assert latest.run_id == "2026-10-03"
    assert list(latest.streams) == ["bmw_records", "tesla_days"]
    assert latest.total == StreamCount(requests=5, received=5, new=2, changed=1, unchanged=2, drift=("tax",))
    assert latest.total.is_conserved


@pytest.mark.parametrize("finished_at", [None, datetime(2026, 10, 3, 7, tzinfo=UTC)])
def test_a_run_may_not_have_ended(tmp_path, finished_at):
    (latest,) = runs(lake(tmp_path, runs=[run("r", finished_at=finished_at)]).read(RUNS), 1)
    assert latest.finished_at == finished_at
