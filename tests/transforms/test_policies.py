"""What is reimbursed: by which rule, for whom, on which evidence, and what a cap takes away."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from policy_cases import RATE, START, cost, frame, known, lines, policy, session, told

from lake.schemas import COST_LINE, UNPRICED_REASONS
from tests.tries import tries
from transforms.costs.evidence import known_days
from transforms.rules.policies import distances

BILL = '[[rule]]\nname = "public"\nkind = "actual_bill"\nplaces = ["public"]\n'
TARIFF = '[[rule]]\nname = "contract"\nkind = "actual_tariff"\n'
FLAT = '[[rule]]\nname = "flat"\nkind = "flat_sum"\namount = 30\nplaces = ["home"]\n'
MILES = (
    '[[rule]]\nname = "home"\nkind = "rate_per_distance"\nplaces = ["home"]\nrate = 0.07\nunit = "mile"\n'
    '[[rule]]\nname = "public"\nkind = "rate_per_distance"\nplaces = ["public"]\nrate = 0.14\nunit = "mile"\n'
)
CAPPED = RATE + "cap_per_month = 5\n"


def test_a_rate_pays_each_kwh_and_names_policy_version_and_rule():
    (line,) = lines([session()], policy()).iter_rows(named=True)
    named = [line[name] for name in ("basis", "rule_id", "rule_version", "rule_name", "amount", "currency")]
    assert named == ["policy", "home", "2026", "at home", Decimal("3.4"), "EUR"]


def test_the_columns_are_those_of_a_cost_line():
    assert lines([session()], policy(CAPPED + FLAT)).schema == COST_LINE


def test_a_half_is_rounded_away_from_zero_once_a_line():
    assert told(lines([session(energy_kwh=0.25)], policy(RATE.replace("0.34", "0.02")))) == [("energy", "0.01")]


def test_the_digits_are_those_of_the_currency():
    rate = RATE.replace("0.34", "31.05")
    assert told(lines([session()], policy(rate, currency="JPY"))) == [("energy", "311")]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"place": "public"}, []),
        ({"place": "unknown"}, [("energy", "place_unknown")]),
        ({"place": None}, [("energy", "place_unknown")]),
        ({"energy_kwh": None}, [("energy", "energy_not_told")]),
        ({"status": "ongoing"}, [("energy", "ongoing")]),
        ({"status": "vanished"}, []),
        ({"driver": None}, []),
        ({"started_at": datetime(2025, 12, 31, 18, tzinfo=UTC)}, []),
    ],
)
def test_what_does_not_qualify_has_no_line_and_what_is_not_known_has_a_reason(changed, expected):
    assert told(lines([session(**changed)], policy())) == expected


def test_every_reason_is_explained():
    found = lines([session(place="unknown"), session(2, energy_kwh=None)], policy())
    assert set(found["reason"]) <= UNPRICED_REASONS.keys()


@pytest.mark.parametrize(
    ("who", "paid"),
    [('drivers = ["Bob"]', 0), ('drivers = ["Ada"]', 1), ('cost_centres = ["CC2"]', 0), ('vehicles = ["v-1"]', 1)],
)
def test_a_policy_pays_only_whom_it_is_for(who, paid):
    assert lines([session()], policy(f"[who]\n{who}\n{RATE}")).height == paid


# Actual cost


def test_actual_tariff_pays_all_lines_of_the_session():
    costs = [cost(), cost(amount="1.50", component="session_fee", rule_name="fee")]
    assert told(lines([session()], policy(TARIFF), costs=costs)) == [("energy", "5.5")]


def test_a_session_that_is_partially_priced_is_not_paid_as_if_complete():
    costs = [cost(), cost(amount=None)]
    assert told(lines([session()], policy(TARIFF), costs=costs)) == [("energy", "cost_not_known")]


def test_actual_tariff_does_not_pay_a_bill():
    assert told(lines([session()], policy(TARIFF), costs=[cost(basis="billed")])) == [("energy", "cost_not_known")]


def test_actual_bill_pays_in_the_currency_of_the_bill():
    costs = [cost(basis="billed", currency="GBP", amount_is=None)]
    found = lines([session(place="public")], policy(BILL), costs=costs)
    assert found.select("amount", "currency", "amount_is").rows() == [(Decimal(4), "GBP", None)]


def test_a_cap_is_not_held_against_another_currency():
    costs = [cost(basis="billed", currency="GBP")]
    found = lines([session(place="public")], policy(BILL + "cap_per_month = 50\n"), costs=costs)
    assert told(found) == [("energy", "other_currency")]


# Months


def test_a_cap_counts_amounts_of_its_own_currency_where_a_policy_changes_its_currency_within_a_month():
    until = policy(CAPPED, version="1", currency="EUR")
    since = policy(CAPPED, version="2", currency="GBP")
    both = (replace(until, valid_to=date(2026, 10, 5)), replace(since, valid_from=date(2026, 10, 6)))
    assert told(lines([session(1), session(2)], *both)) == [("energy", "3.4"), ("energy", "3.4")]


def test_no_share_of_days_is_asked_for_by_0_percent():
    asked = policy(more="[evidence]\nknown_days_pct = 0\n")
    assert told(lines([session()], asked)) == [("energy", "3.4")]


def test_a_cap_shows_what_it_cut_and_leaves_the_lines():
    found = lines([session(1), session(2)], policy(CAPPED))
    assert told(found) == [("energy", "3.4"), ("energy", "3.4"), ("cap", "-1.8")]


def test_a_cap_is_of_the_local_month():
    late = datetime(2026, 10, 31, 22, 30, tzinfo=UTC)
    rows = [session(1), session(2, started_at=late), session(3, started_at=late.replace(hour=23, minute=30))]
    rows[2]["local_date"] = datetime(2026, 11, 1, tzinfo=UTC).date()
    found = lines(rows, policy(CAPPED)).filter(pl.col("component") == "cap")
    assert [(str(row[0]), row[1]) for row in found.select("local_date", "session_id").iter_rows()] == [
        ("2026-10-01", None)
    ]


def test_a_flat_sum_is_paid_once_a_driver_vehicle_and_month():
    rows = [session(1), session(2), session(3, driver="Bob")]
    found = lines(rows, policy(FLAT))
    assert found.select("driver", "amount", "session_id").rows() == [
        ("Ada", Decimal(30), None),
        ("Bob", Decimal(30), None),
    ]
    assert found["line_id"].n_unique() == 2


def test_a_flat_sum_waits_for_a_place_that_would_earn_it():
    assert told(lines([session(place="unknown")], policy(FLAT))) == [("flat_sum", "place_unknown")]


def test_miles_are_apportioned_by_energy_over_places():
    rows = [session(1, energy_kwh=30.0), session(2, energy_kwh=10.0, place="public")]
    told_miles = distances("driver,vehicle,month,distance,unit\nAda,,2026-10,400,mile\n")
    found = lines(rows, policy(MILES, currency="GBP"), distances=told_miles)
    assert found.select("rule_name", "amount").rows() == [("home", Decimal(21)), ("public", Decimal(14))]


def test_without_a_distance_nothing_is_paid_by_distance():
    assert told(lines([session()], policy(MILES))) == [("energy", "no_distance")]


def test_miles_wait_until_all_energy_of_the_month_is_known():
    told_miles = distances("driver,vehicle,month,distance,unit\n,v-1,2026-10,400,mile\n")
    found = lines([session(1), session(2, energy_kwh=None)], policy(MILES), distances=told_miles)
    assert told(found) == [("energy", "energy_not_told")] * 2


# Evidence

METER = 'evidence = { meter_kinds = ["MID"], known_days_pct = 90 }\nmeter = [ { kind = "MID", place = "Ada\'s home" } ]'


@pytest.mark.parametrize(
    ("place_name", "days", "expected"),
    [
        ("Ada's home", 28, "3.4"),
        ("Ada's home", 27, "evidence_missing"),
        ("elsewhere", 31, "evidence_missing"),
        (None, 31, "evidence_missing"),
    ],
)
def test_nothing_is_paid_without_the_evidence(place_name, days, expected):
    found = lines([session(place_name=place_name)], policy(more=METER), known_days=known(days))
    assert told(found) == [("energy", expected)]


def test_a_day_is_known_by_v3_or_by_all_streams_of_v2():
    rows = [
        ("v-1", "tesla_days", 1, "collected"), ("v-1", "tesla_billing", 1, "not_asked"),
        ("v-1", "tesla_days", 2, "collected"), ("v-1", "tesla_billing", 2, "confirmed_empty"),
        ("v-1", "tesla_days", 3, "not_asked"), ("v-1", "v3_records", 3, "collected"),
    ]  # fmt: skip
    streams = pl.DataFrame(rows, schema=["vehicle_id", "stream", "day", "state"], orient="row")
    frame_of_days = streams.with_columns(pl.date(2026, 10, pl.col("day")).alias("day"))
    assert known_days(frame_of_days).rows() == [("v-1", "2026-10", 2, 3)]


# Several policies


def test_two_policies_do_not_both_pay_for_one_session():
    found = lines([session()], policy(), policy(id="other"))
    assert told(found) == [("energy", "several_policies")] * 2


def test_a_policy_that_cannot_pay_does_not_stop_one_that_can():
    found = lines([session()], policy(), policy(TARIFF, id="other"))
    assert told(found) == [("energy", "3.4"), ("energy", "cost_not_known")]


def test_caps_are_never_exceeded_and_never_make_a_driver_owe():
    amounts = st.lists(
        st.tuples(st.decimals("0", "20", places=2), st.sampled_from(["Ada", "Bob"]), st.sampled_from(["v-1", "v-2"])),
        min_size=1,
        max_size=12,
    )

    @tries(40)
    @given(amounts, st.integers(0, 30))
    def holds(drawn: list[tuple[Decimal, str, str]], cap: int) -> None:
        rows = [
            session(number, driver=driver, vehicle_id=vehicle, place="public", started_at=START)
            for number, (_, driver, vehicle) in enumerate(drawn)
        ]
        costs = [cost(number, str(amount), basis="billed") for number, (amount, _, _) in enumerate(drawn)]
        found = lines(rows, policy(BILL + f"cap_per_month = {cap}\n"), costs=costs)
        whole = {"Ada": Decimal(0), "Bob": Decimal(0)}
        for amount, driver, _ in drawn:
            whole[driver] += amount
        paid = dict(found.group_by("driver").agg(pl.col("amount").sum()).iter_rows())
        assert paid == {driver: min(whole[driver], Decimal(cap)) for driver in paid}
        assert (found.group_by("driver", "vehicle_id").agg(pl.col("amount").sum())["amount"] >= 0).all()
        assert found["session_id"].drop_nulls().sort().to_list() == frame(rows)["session_id"].sort().to_list()
        assert found["line_id"].is_unique().all()

    holds()
