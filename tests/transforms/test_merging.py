"""One physical session, once: what several sources tell is one row, and two real sessions are never one."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from landed_answers import Lake, answer, bill, cost, lake_of, session
from msgspec import structs
from told_by_v3 import NOON, at, polled, pushed, signal_session

from tests.tries import tries
from transforms.merging import ENERGY_KWH, OPEN_TOLERANCE, TOLERANCE

LATER = "2026-10-09T00:00:00Z"


def maker(start: float = 0, end: float = 60, **changes: object) -> dict[str, object]:
    """A BMW's session of v2.0, by minutes after noon."""
    return session(at(start), at(end), **changes)


def paid(start: float = 0, end: float = 60, record_id: str = "GF1", **changes: object) -> dict[str, object]:
    """A Tesla's bill of v2.0, by minutes after noon."""
    return bill(chargeStart=at(start), chargeEnd=at(end), recordId=record_id, energyConsumed=34, **changes)


def told_by_both(v2: list[object], v3: list[object], stream: str = "bmw_records") -> Lake:
    make = "BMW" if stream == "bmw_records" else "TESLA"
    second = polled(v3, LATER, run=2)
    return lake_of([[answer(stream, v2)], [_of_make(second, make)]])


def _of_make(told, make):
    return structs.replace(told, make=make)


def test_a_session_told_by_two_sources_is_one_row_that_names_both():
    lake = told_by_both([maker()], [signal_session(start=at(1.5), end=at(61))])
    row = lake.sessions().row(0, named=True)
    assert (lake.sessions().height, row["sources"]) == (1, ["smartcar_v2", "smartcar_v3"])
    assert set(row["tellings"]) == set(lake.history["session_id"])


def test_every_original_stays_in_history_as_it_was_told():
    lake = told_by_both([maker()], [signal_session(start=at(1.5), end=at(61))])
    assert lake.history.sort("source")["started_at"].dt.second().to_list() == [0, 30]


def test_a_session_of_one_source_names_that_one():
    lake = told_by_both([maker()], [])
    assert lake.sessions().select("sources").row(0) == (["smartcar_v2"],)


def test_the_name_given_first_stays():
    v2, v3 = answer("bmw_records", [maker()]), polled([signal_session()], LATER, run=2)
    first = lake_of([[v2]]).sessions()["session_id"].to_list()
    assert lake_of([[v2], [v3]]).sessions()["session_id"].to_list() == first


@pytest.mark.parametrize(("apart", "rows"), [(TOLERANCE.seconds / 60, 1), (TOLERANCE.seconds / 60 + 0.1, 2)])
def test_the_tolerance_of_times_is_where_it_is_documented(apart, rows):
    lake = told_by_both([maker()], [signal_session(start=at(apart), end=at(60))])
    assert lake.sessions().height == rows


@pytest.mark.parametrize(("seconds", "rows"), [(OPEN_TOLERANCE.seconds, 1), (OPEN_TOLERANCE.seconds + 1, 2)])
def test_an_open_session_is_matched_by_a_nearer_start(seconds, rows):
    lake = told_by_both([maker()], [signal_session(start=at(seconds / 60), end=None, energyAdded=3)])
    assert lake.sessions().height == rows


@pytest.mark.parametrize(("kwh", "rows"), [(34.2 * 0.66, 1), (34.2 * 0.64, 2)])
def test_energies_that_no_two_meters_would_tell_are_two_sessions(kwh, rows):
    lake = told_by_both([maker()], [signal_session(energyAdded=kwh)])
    assert lake.sessions().height == rows


def test_small_energies_may_differ_by_more():
    lake = told_by_both([maker(energy=0.4)], [signal_session(energyAdded=0.4 + ENERGY_KWH)])
    assert lake.sessions().height == 1


@pytest.mark.parametrize("v2", [[maker(0, 0.1, energy=0), maker(2.2, 60)]])
@pytest.mark.parametrize(("v3", "rows"), [
    ([(0, 0.1, 0), (2.2, 60, 34)], 2), ([(0.2, 0.4, 0), (2.3, 61, 34)], 2), ([(2.2, 60, 34)], 2), ([(0, 0.1, 0)], 2),
    ([(2.3, None, 5)], 2),
])  # fmt: skip
def test_a_false_start_and_the_real_session_two_minutes_later_stay_two(v2, v3, rows):
    told = [
        signal_session(f"c{n}", at(start), None if end is None else at(end), energyAdded=kwh)
        for n, (start, end, kwh) in enumerate(v3)
    ]
    assert told_by_both(v2, told).sessions().height == rows


def test_a_car_plugged_in_again_minutes_later_is_two_sessions_in_both_sources():
    v2 = [paid(0, 30), paid(33, 60, "GF2")]
    v3 = [signal_session("a", at(1), at(31)), signal_session("b", at(34), at(61))]
    assert told_by_both(v2, v3, "tesla_billing").sessions().height == 2


def test_one_of_two_sessions_minutes_apart_never_takes_the_other():
    lake = told_by_both([paid(0, 3)], [signal_session(start=at(3.5), end=at(7))], "tesla_billing")
    assert lake.sessions().height == 2


def test_two_tellings_of_one_source_are_two_sessions_though_they_are_equal():
    lake = told_by_both([maker(), maker()], [signal_session()])
    assert sorted(len(sources) for sources in lake.sessions()["sources"]) == [1, 2]


def test_a_bill_decides_times_energy_and_money_and_the_signal_what_no_bill_tells():
    v3 = signal_session(start=at(1), end=at(61), cost={"currency": "USD", "energyAmount": 9, "otherAmount": 1})
    row = told_by_both([paid()], [v3], "tesla_billing").sessions().row(0, named=True)
    assert (row["started_at"], row["energy_kwh"], row["billed_total"]) == (NOON, 34.0, Decimal(41))
    assert (row["source"], row["source_record_id"], row["soc_end_pct"], row["latitude"]) == (
        "smartcar_v2",
        "GF1",
        100,
        52.5,
    )


def test_without_a_bill_the_signal_decides():
    row = told_by_both([maker(energy=33)], [signal_session(start=at(1), end=at(61))]).sessions().row(0, named=True)
    assert (row["source"], row["energy_kwh"], row["charger_type"]) == ("smartcar_v3", 34.2, "DC")


def test_amounts_are_never_mixed_from_two_tellings():
    v3 = signal_session(cost={"currency": "EUR", "energyAmount": 9, "otherAmount": 1})
    v2 = paid(cost=cost(currency="USD", energy="7", other=None))
    row = told_by_both([v2], [v3], "tesla_billing").sessions().row(0, named=True)
    assert (row["billed_energy"], row["billed_other"], row["billed_total"], row["currency"]) == (7, None, None, "USD")


def test_a_complete_telling_wins_over_an_ongoing_one():
    row = told_by_both([maker()], [signal_session(end=None, energyAdded=3)]).sessions().row(0, named=True)
    assert (row["status"], row["energy_kwh"]) == ("complete", 34.2)


def test_sources_that_differ_by_more_than_a_tenth_are_marked():
    row = told_by_both([maker(energy=30)], [signal_session()]).sessions().row(0, named=True)
    assert row["flags"] == ["sources_differ"]


def test_a_mark_of_a_telling_that_lost_is_not_kept():
    row = told_by_both([maker(energy=None)], [signal_session()]).sessions().row(0, named=True)
    assert row["flags"] == []


def test_a_mark_that_only_a_telling_shows_is_kept():
    row = told_by_both([maker(startPercentRemaining=7)], [signal_session()]).sessions().row(0, named=True)
    assert row["flags"] == ["soc_out_of_range"]


def test_what_vanished_in_one_source_stands_by_the_other():
    lake = told_by_both([paid()], [signal_session()], "tesla_billing")
    gone = pl.when(pl.col("source") == "smartcar_v2").then(pl.lit("vanished")).otherwise("status").alias("status")
    lake.history = lake.history.with_columns(gone)
    row = lake.sessions().row(0, named=True)
    assert (row["status"], row["billed_total"], row["source"]) == ("complete", None, "smartcar_v3")


def test_a_session_on_both_sides_of_a_month_is_one_row_however_it_is_published():
    v2 = session("2026-09-30T23:59:00Z", "2026-10-01T01:00:00Z")
    v3 = signal_session(start="2026-10-01T00:01:00Z", end="2026-10-01T01:00:00Z")
    lake = told_by_both([v2], [v3])
    assert lake.published().rows() == lake.sessions().rows()
    assert lake.sessions()["month"].to_list() == ["2026-10"]


REAL = ((0, 30, 20.0), (32.5, 40, 4.0), (45, 45.5, 0.0), (48, 110, 34.0))
"""Sessions of one car, minutes apart: start, end, kWh."""
CONTENT = ("started_at", "ended_at", "energy_kwh", "status", "sources", "soc_end_pct", "flags", "billed_total")


@st.composite
def deliveries(draw):
    """Any of the ways in which the sessions are told, each some minutes off, in any order, some of them twice."""
    offsets = draw(st.tuples(*(st.floats(-2, 2).map(lambda off: round(off, 2)) for _ in REAL)))
    by_v2 = ("v2", draw(st.sets(st.sampled_from(range(len(REAL))))))
    by_v3 = draw(st.lists(st.tuples(st.sampled_from([polled, pushed]), st.sampled_from([20, 35, 60, 120])), max_size=4))
    return offsets, draw(st.permutations([by_v2, *by_v3]))


def _known_at(minute: float, offsets: tuple[float, ...]) -> list[dict]:
    """What v3 tells at a minute: sessions under way are ongoing and have a part of their energy."""
    told = []
    for number, ((start, end, kwh), off) in enumerate(zip(REAL, offsets, strict=True)):
        if start + off <= minute:
            is_over = end + off <= minute
            until, energy = (at(end + off), kwh) if is_over else (None, kwh / 2)
            told.append(signal_session(f"c{number}", at(start + off), until, energyAdded=energy))
    return told


def _landed(told, offsets, run):
    way, what = told
    if way == "v2":
        return answer("bmw_records", [maker(*REAL[n][:2], energy=REAL[n][2]) for n in sorted(what)], run=run)
    return way(_known_at(what, offsets), at(what), run=run)


def _lake(order, offsets):
    return lake_of([[_landed(told, offsets, run)] for run, told in enumerate(order, 1)])


@tries(15)
@given(deliveries(), st.randoms(use_true_random=False))
def test_any_subset_and_order_of_deliveries_gives_the_same_rows(drawn, random):
    offsets, told = drawn
    again = random.sample(told + told, len(told) * 2)
    rows = [_lake(order, offsets).sessions().select(CONTENT).sort(CONTENT[:3]).rows() for order in (told, again)]
    assert rows[0] == rows[1]


@tries(15)
@given(deliveries())
def test_two_real_sessions_are_never_one(drawn):
    offsets, told = drawn
    latest = max((what for way, what in told if way != "v2"), default=0)
    by_v2 = next(set(what) for way, what in told if way == "v2")
    by_v3 = {int(each["id"][1:]) for each in _known_at(latest, offsets)} if len(told) > 1 else set()
    assert _lake(told, offsets).sessions().height >= len(by_v2 | by_v3)
