"""Parity: each telling has one outcome, and each field of a session told by both one agreement."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.schemas import COMPLETENESS
from tests.tellings import DAYS, NOON, bill, by_v2, by_v3, compared, days_of, telling
from tests.tries import tries
from transforms.parity import AGREEMENTS, FIELDS, OUTCOMES, V2_SOURCE, V3_SOURCE, Compared, common_days, known_days


def outcomes(found: Compared) -> dict[str, str]:
    return dict(found.told.select("session_id", "outcome").rows())


def reasons(found: Compared) -> set[str]:
    return set(found.told["reason"])


def agreement(found: Compared, field: str) -> dict[str, int]:
    (row,) = found.fields.filter(pl.col("field") == field).iter_rows(named=True)
    return {name: row[name] for name in AGREEMENTS if row[name]}


def test_a_session_told_by_both_is_paired_by_the_rule_of_the_tables() -> None:
    found = compared(by_v2(), by_v3(start=2, end=61))
    assert set(found.told["outcome"]) == {"both"}
    assert found.told["session"].n_unique() == 1


def test_a_session_in_one_alone_is_said_to_be() -> None:
    found = compared(by_v2("a"), by_v3("b", 300, 360))
    assert outcomes(found) == {"smartcar_v2/a": "only_v2", "smartcar_v3/b": "only_v3"}


def test_a_tesla_session_without_a_bill_is_not_missed_in_v2() -> None:
    free = by_v3("a", make="TESLA")
    paid = by_v3("b", 300, 360, make="TESLA", **bill("3"))
    assert outcomes(compared(free, paid)) == {"smartcar_v3/a": "not_told_by_v2", "smartcar_v3/b": "only_v3"}


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (days_of(V3_SOURCE, DAYS), "v2_does_not_know_the_day"),
        (days_of(V2_SOURCE, DAYS), "v3_does_not_know_the_day"),
        (days_of(V2_SOURCE, []), "neither_knows_the_day"),
    ],
)
def test_a_day_that_is_not_known_to_both_compares_nothing(known: pl.DataFrame, reason: str) -> None:
    assert reasons(compared(by_v2(), by_v3("b", 300, 360), known=known)) == {reason}


def test_a_day_known_of_another_vehicle_is_not_known() -> None:
    others = pl.concat([days_of(V2_SOURCE, DAYS, "v-2"), days_of(V3_SOURCE, DAYS, "v-2")])
    assert reasons(compared(by_v2(), known=others)) == {"neither_knows_the_day"}


def test_by_midnight_the_day_beyond_must_be_known_too_as_the_other_clock_may_have_it_there() -> None:
    until_the_8th = pl.concat([days_of(V2_SOURCE, DAYS), days_of(V3_SOURCE, DAYS[:8])])
    late = by_v2("a", 12 * 60 - 4, 13 * 60)
    assert reasons(compared(late, known=until_the_8th)) == {"v3_does_not_know_the_day"}
    assert outcomes(compared(by_v2("a", 12 * 60 - 6, 13 * 60), known=until_the_8th)) == {"smartcar_v2/a": "only_v2"}


def test_a_session_that_is_not_over_is_not_compared() -> None:
    found = compared(by_v2(), by_v3(start=1, end=None))
    assert (set(found.told["outcome"]), reasons(found)) == ({"not_comparable"}, {"no_end"})


def test_what_its_source_no_longer_tells_does_not_stand_for_it() -> None:
    found = compared(by_v2(status="vanished"), by_v3())
    assert outcomes(found) == {"smartcar_v2/a": "not_comparable", "smartcar_v3/a": "only_v3"}


def test_times_and_energies_are_measured() -> None:
    found = compared(by_v2(), by_v3(start=1, end=62, energy_kwh=30.4))
    told = {row["field"]: (row["unit"], row["largest"]) for row in found.differences.iter_rows(named=True)}
    assert told == {
        "started_at": ("s", Decimal(60)),
        "ended_at": ("s", Decimal(120)),
        "energy_kwh": ("kWh", Decimal("0.4")),
    }


def test_the_distribution_is_made_of_differences_that_occur() -> None:
    pairs = [
        (by_v2(str(n), n * 200, n * 200 + 60), by_v3(str(n), n * 200 + n / 10, n * 200 + 60)) for n in range(1, 21)
    ]
    found = compared(
        *(each for pair in pairs for each in pair),
        known=pl.concat([days_of(V2_SOURCE, DAYS), days_of(V3_SOURCE, DAYS)]),
    )
    (row,) = found.differences.filter(pl.col("field") == "started_at").iter_rows(named=True)
    assert (row["sessions"], row["median"], row["p95"], row["largest"]) == (20, 60, 114, 120)


def test_less_than_a_second_and_a_watt_hour_is_the_same() -> None:
    found = compared(by_v2(), by_v3(started_at=NOON + timedelta(milliseconds=999), energy_kwh=30.0009))
    assert (agreement(found, "started_at"), agreement(found, "energy_kwh")) == ({"agree": 1}, {"agree": 1})


def test_amounts_are_equal_only_to_the_last_digit() -> None:
    found = compared(by_v2(**bill("12.340000")), by_v3(**bill("12.340001")))
    assert agreement(found, "billed_total") == {"differ": 1}
    (row,) = found.differences.filter(pl.col("field") == "billed_total").iter_rows(named=True)
    assert (row["unit"], row["largest"]) == ("EUR", Decimal("0.000001"))
    assert agreement(found, "billed_other") == {"agree": 1}
    assert found.money.rows() == [("BMW", 1, 0)]


def test_amounts_of_two_currencies_are_not_compared() -> None:
    found = compared(by_v2(**bill("10")), by_v3(**bill("12", "USD")))
    assert agreement(found, "billed_total") == {"other_currency": 1}
    assert agreement(found, "currency") == {"differ": 1}
    assert "billed_total" not in found.differences["field"].to_list()
    assert found.money.rows() == [("BMW", 0, 1)]


def test_amounts_of_two_currencies_have_distributions_of_their_own() -> None:
    found = compared(
        by_v2("a", **bill("10")), by_v3("a", **bill("11")),
        by_v2("b", 300, 360, **bill("10", "USD")), by_v3("b", 300, 360, **bill("15", "USD")),
    )  # fmt: skip
    rows = found.differences.filter(pl.col("field") == "billed_total").select("unit", "sessions", "largest").rows()
    assert rows == [("EUR", 1, Decimal(1)), ("USD", 1, Decimal(5))]


def test_what_one_alone_tells_of_a_session_is_counted_as_that() -> None:
    found = compared(by_v2(soc_start_pct=10.0), by_v3(latitude=52.5, is_public=True))
    assert agreement(found, "soc_start_pct") == {"only_v2": 1}
    assert agreement(found, "latitude") == {"only_v3": 1}
    assert agreement(found, "address") == {"neither": 1}


def test_an_unknown_place_is_not_told() -> None:
    assert agreement(compared(by_v2(), by_v3(place="public")), "place") == {"only_v3": 1}


def test_what_almost_matches_is_shown_to_a_person() -> None:
    found = compared(by_v2("a", 0, 60), by_v3("a", 20, 60), by_v3("b", 120, 180))
    (row,) = found.near.iter_rows(named=True)
    assert (row["session_id_v3"], row["starts_apart"], row["ends_apart"]) == (
        "smartcar_v3/a",
        timedelta(minutes=20),
        timedelta(0),
    )


@pytest.mark.parametrize(("apart", "misses"), [(30, 1), (30.1, 0)])
def test_a_near_miss_starts_within_half_an_hour(apart: float, misses: int) -> None:
    assert compared(by_v2(), by_v3(start=apart, end=90)).near.height == misses


def test_days_since_and_until_take_whole_sessions() -> None:
    across = (by_v2("a", 12 * 60 - 1, 13 * 60), by_v3("a", 12 * 60 + 1, 13 * 60))
    assert compared(*across, until=date(2026, 10, 8)).told.height == 2
    assert compared(*across, since=date(2026, 10, 9)).told.height == 0


def test_only_days_that_are_known_and_streams_that_tell_sessions_count() -> None:
    rows = [
        ("v-1", "BMW", stream, DAYS[0], state, NOON)
        for stream in ("bmw_records", "v3_records", "tesla_days")
        for state in ("collected",)
    ] + [("v-1", "BMW", "bmw_records", DAYS[1], "upstream_error", NOON)]
    streams = {"bmw_records": V2_SOURCE, "v3_records": V3_SOURCE}
    known = known_days(pl.DataFrame(rows, schema=COMPLETENESS.schema, orient="row"), streams)
    assert set(known.rows()) == {("v-1", V2_SOURCE, DAYS[0]), ("v-1", V3_SOURCE, DAYS[0])}
    assert common_days(known).rows() == [("v-1", DAYS[0])]


def test_nothing_told_is_nothing_compared() -> None:
    found = compared()
    assert (found.told.height, found.fields.height, found.differences.height, found.near.height) == (0, 0, 0, 0)


@st.composite
def fleets(draw: st.DrawFn) -> list[dict[str, object]]:
    """Sessions of several makes, each told by v2.0, by v3 or by both, some without an end, some vanished."""
    tellings = []
    for number in range(draw(st.integers(0, 8))):
        source = draw(st.sampled_from([(V2_SOURCE,), (V3_SOURCE,), (V2_SOURCE, V3_SOURCE)]))
        make = draw(st.sampled_from(["BMW", "TESLA"]))
        for each in source:
            start = number * 200 + draw(st.sampled_from([0, 1, 4, 20]))
            told = telling(each, str(number), start, draw(st.sampled_from([start + 60, start + 61, None])))
            money = bill(draw(st.sampled_from(["1", "2"])), draw(st.sampled_from(["EUR", "USD"])))
            gone = {"status": "vanished"} if draw(st.booleans()) and draw(st.booleans()) else {}
            more = draw(st.sampled_from([{}, money])) | gone | {"make": make, "vehicle_id": f"v-{make}"}
            tellings.append(told | more)
    return tellings


@tries(60)
@given(fleets(), st.lists(st.sampled_from(DAYS[7:9])))
def test_every_telling_has_one_outcome_and_every_field_of_a_pair_one_agreement(
    tellings: list[dict[str, object]], unknown: list[date]
) -> None:
    known = pl.concat(
        days_of(source, [day for day in DAYS if day not in unknown], vehicle)
        for source in (V2_SOURCE, V3_SOURCE)
        for vehicle in ("v-BMW", "v-TESLA")
    )
    found = compared(*tellings, known=known)
    assert sorted(found.told["session_id"]) == sorted(each["session_id"] for each in tellings)
    assert set(found.told["outcome"]) <= set(OUTCOMES)
    assert found.told.filter(pl.col("reason").is_not_null() != (pl.col("outcome") == "not_comparable")).is_empty()
    pairs = found.told.filter(pl.col("outcome") == "both").group_by("session").agg("make", pl.len().alias("tellings"))
    assert set(pairs["tellings"]) <= {2}
    added = found.fields.select("make", "field", sessions=pl.sum_horizontal(AGREEMENTS))
    assert added["sessions"].sum() == pairs.height * len(FIELDS)
