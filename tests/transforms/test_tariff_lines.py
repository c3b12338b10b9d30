"""What sessions cost by tariff: hours, seasons, holidays, changes of clocks, fees, taxes, and what has no price."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from priced import HEAD, a_session, amounts, priced

from lake.schemas import COST_LINE
from tests.tries import tries
from transforms.costs.spread import CURVE

NIGHT = (
    HEAD
    + """
[[tariff.time_of_use]]
band = "night"
price_per_kwh = 0.10
hours = ["22:00-06:00"]
[[tariff.time_of_use]]
band = "day"
price_per_kwh = 0.30
hours = ["06:00-22:00"]
"""
)


def flat(price: str = "0.30", **more: str) -> str:
    extra = "".join(f"{name} = {value}\n" for name, value in more.items())
    return f"{HEAD}price_per_kwh = {price}\n{extra}"


def test_the_columns_are_those_of_cost_lines():
    assert priced(NIGHT, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z")).schema == COST_LINE


def test_a_flat_price_is_energy_times_price():
    lines = priced(flat(), a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z", 12.345))
    assert amounts(lines) == [("energy", "3.7")]


def test_energy_is_spread_evenly_over_the_hours():
    lines = priced(NIGHT, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z"))  # 21:00 to 23:00 in Berlin
    assert amounts(lines) == [("energy", "2")]


def test_the_parts_of_a_line_say_what_was_priced_how():
    lines = priced(NIGHT, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z"))
    parts = [(part["band"], part["kwh"], str(part["price_per_kwh"])) for part in lines["parts"][0]]
    assert parts == [("day", 5.0, "0.300000000"), ("night", 5.0, "0.100000000")]


@pytest.mark.parametrize(
    ("day", "night_kwh"),
    [("2026-03-28T21:00Z/2026-03-29T04:00Z", 7.0), ("2026-10-24T20:00Z/2026-10-25T05:00Z", 9.0)],
    ids=["23 hours", "25 hours"],
)
def test_a_night_in_which_clocks_are_changed_has_the_hours_it_has(day: str, night_kwh: float):
    start, end = day.split("/")
    lines = priced(NIGHT, a_session(start, end, night_kwh))  # from 22:00 to 06:00 on the clock, 1 kW
    assert [(part["band"], part["kwh"]) for part in lines["parts"][0]] == [("night", night_kwh)]


def test_the_hour_that_comes_twice_has_its_price_twice():
    text = HEAD + "\n".join(
        f'[[tariff.time_of_use]]\nband = "{hours}"\nprice_per_kwh = {price}\nhours = ["{hours}"]'
        for hours, price in (("02:00-03:00", 1), ("03:00-02:00", 0))
    )
    lines = priced(text, a_session("2026-10-24T22:00Z", "2026-10-25T03:00Z", 5.0))
    assert amounts(lines) == [("energy", "2")]


def test_the_hour_that_does_not_exist_costs_nothing():
    text = HEAD + "\n".join(
        f'[[tariff.time_of_use]]\nband = "{hours}"\nprice_per_kwh = {price}\nhours = ["{hours}"]'
        for hours, price in (("02:00-03:00", 1), ("03:00-02:00", 0))
    )
    lines = priced(text, a_session("2026-03-28T23:00Z", "2026-03-29T03:00Z", 4.0))
    assert amounts(lines) == [("energy", "0")]


def test_a_season_goes_over_new_year():
    text = HEAD + "".join(
        f'[[tariff.time_of_use]]\nband = "{band}"\nprice_per_kwh = {price}\nseason = "{season}"\n'
        for band, price, season in (("winter", 1, "10-01..03-31"), ("summer", 0, "04-01..09-30"))
    )
    lines = priced(
        text, a_session("2026-12-31T20:00Z", "2027-01-01T20:00Z"), a_session("2026-09-30T10:00Z", "2026-09-30T11:00Z")
    )
    assert amounts(lines) == [("energy", "10"), ("energy", "0")]


def test_a_holiday_is_no_weekday():
    text = (
        HEAD
        + 'holidays = "DE-BY"\nholiday_dates = [2026-12-24]\n'
        + "".join(
            f'[[tariff.time_of_use]]\nband = "{days[0]}"\nprice_per_kwh = {price}\ndays = {list(days)}\n'
            for days, price in ((("weekdays",), 1), (("weekends", "holidays"), 2))
        )
    )
    on = [a_session(f"2026-{day}T10:00Z", f"2026-{day}T11:00Z", 1.0) for day in ("01-05", "01-06", "12-24", "12-27")]
    assert [amount for _, amount in amounts(priced(text, *on))] == ["1", "2", "2", "2"]


def test_a_price_that_follows_a_series_may_be_negative():
    text = HEAD + '[tariff.dynamic]\nseries = "spot.csv"\nunit = "MWh"\nplus_per_kwh = 0.01\n'
    spot = "utc_start,price\n2026-01-05T20:00:00Z,-50\n2026-01-05T21:00:00Z,-30.5\n"
    lines = priced(text, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z"), spot=spot)
    assert amounts(lines) == [("energy", "-0.3")]  # 5 x -0.04 + 5 x -0.0205 = -0.3025


def test_quarter_hours_are_priced_by_themselves():
    text = HEAD + '[tariff.dynamic]\nseries = "spot.csv"\nunit = "kWh"\n'
    spot = "utc_start,price\n" + "".join(f"2026-01-05T20:{15 * at:02}:00Z,{at}\n" for at in range(4))
    assert amounts(priced(text, a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z", 4.0), spot=spot)) == [
        ("energy", "6")
    ]


def test_an_hour_that_a_series_does_not_have_leaves_a_session_partial():
    text = HEAD + '[tariff.dynamic]\nseries = "spot.csv"\nunit = "kWh"\n'
    spot = "utc_start,price\n2026-01-05T20:00:00Z,1\n2026-01-05T22:00:00Z,1\n"
    lines = priced(text, a_session("2026-01-05T20:00Z", "2026-01-05T23:00Z", 3.0), spot=spot)
    assert lines.select("reason", "kwh_priced", "kwh_unpriced", "state").rows() == [
        (None, 2.0, 0.0, "partial"),
        ("no_price", 0.0, 1.0, "partial"),
    ]


def test_a_price_that_changes_within_a_session_makes_a_line_of_each_version():
    text = flat("0.30", valid_to="2026-01-05") + flat("0.40").replace('"1"', '"2"').replace("2020-01-01", "2026-01-06")
    lines = priced(text, a_session("2026-01-05T22:00Z", "2026-01-06T00:00Z"))
    assert lines.select("rule_version", "kwh_priced").rows() == [("1", 5.0), ("2", 5.0)]


@pytest.mark.parametrize("band", ["flat", "night"])
def test_a_band_of_some_hours_prices_no_others_whatever_it_is_called(band: str):
    hours = f'[[tariff.time_of_use]]\nband = "{band}"\nprice_per_kwh = 0.10\nhours = ["22:00-06:00"]\n'
    assert amounts(priced(HEAD + hours, a_session("2026-01-05T11:00Z", "2026-01-05T12:00Z"))) == [("energy", None)]


def test_the_more_specific_tariff_counts():
    text = flat("1", places='["home"]') + flat("2", vehicles='["v-1"]').replace('"home"\nv', '"mine"\nv')
    assert amounts(priced(text, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z", 1.0))) == [("energy", "2")]


def test_two_tariffs_that_are_equally_specific_price_nothing():
    text = flat("1", places='["home"]') + flat("2", places='["home"]').replace('"home"\nv', '"other"\nv')
    lines = priced(text, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z"))
    assert lines.select("amount", "reason", "state").rows() == [(None, "several_tariffs", "unpriced")]


def test_two_prices_of_one_hour_are_no_price():
    text = HEAD + "".join(f'[[tariff.time_of_use]]\nband = "b{price}"\nprice_per_kwh = {price}\n' for price in (1, 2))
    assert priced(text, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z"))["reason"].to_list() == ["several_prices"]


@pytest.mark.parametrize(
    ("session", "reason", "unpriced"),
    [
        (a_session("2026-01-05T20:00Z", None, 4.0), "ongoing", 4.0),
        (a_session("2026-01-05T20:00Z", None, 4.0, status="complete"), "end_not_told", 4.0),
        (a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z", None), "energy_not_told", None),
        (a_session("2019-01-05T20:00Z", "2019-01-05T21:00Z", 4.0), "no_tariff", 4.0),
        (a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z", 4.0, place="work"), "no_tariff", 4.0),
    ],
    ids=["ongoing", "no end", "no energy", "before the tariff", "elsewhere"],
)
def test_what_cannot_be_priced_has_a_line_that_says_why(session, reason, unpriced):
    lines = priced(flat(places='["home"]'), session)
    assert lines.select("amount", "reason", "kwh_unpriced", "state").rows() == [(None, reason, unpriced, "unpriced")]


@pytest.mark.parametrize(
    ("currency", "price", "amount"),
    [("JPY", "31.45", "315"), ("KWD", "0.02055", "0.206"), ("EUR", "0.0205", "0.21"), ("EUR", "-0.0205", "-0.21")],
)
def test_an_amount_is_rounded_once_to_the_digits_of_its_currency_a_half_away_from_zero(currency, price, amount):
    text = flat(price).replace("EUR", currency)
    assert amounts(priced(text, a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z", 10.0))) == [("energy", amount)]


def test_tax_comes_on_top_of_net_prices_in_a_line_of_its_own():
    text = flat("0.25", tax_pct="19", session_fee="1.00").replace("gross", "net")
    lines = priced(text, a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z", 10.0))
    assert amounts(lines) == [("energy", "2.5"), ("session_fee", "1"), ("tax", "0.67")]  # 19 % of 3.50 is 0.665


def test_a_gross_price_has_no_line_of_tax():
    assert [
        name for name, _ in amounts(priced(flat(tax_pct="19"), a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z")))
    ] == ["energy"]


def test_a_session_without_energy_has_no_fee():
    lines = priced(flat(session_fee="1.00"), a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z", 0.0))
    assert amounts(lines) == [("energy", "0")]


@pytest.mark.parametrize(
    ("end", "fees"),
    [("22:00", ["1.2"]), ("23:59", ["2.39"]), ("23:58:30", ["2.39"])],
    ids=["two hours", "just before four", "half a minute"],
)
def test_time_is_priced_by_the_minute(end, fees):
    text = flat("0") + "[[tariff.time]]\nprice_per_minute = 0.01\n"
    lines = priced(text, a_session("2026-01-05T20:00Z", f"2026-01-05T{end}Z"))
    assert [amount for name, amount in amounts(lines) if name == "time"] == fees


def test_idling_is_priced_beyond_its_free_minutes_up_to_a_most():
    text = (
        flat("0") + '[[tariff.time]]\nprice_per_minute = 0.10\nafter_minutes = 240\nat_most = 12\ncomponent = "idle"\n'
    )
    ends = {"2026-01-05T23:00Z": None, "2026-01-06T01:00Z": "6", "2026-01-06T20:00Z": "12"}
    lines = priced(text, *(a_session("2026-01-05T20:00Z", end, session_id=end) for end in ends))
    idle = {
        session: str(amount.normalize())
        for session, name, amount in lines.select("session_id", "component", "amount").rows()
        if name == "idle"
    }
    assert idle == {end: fee for end, fee in ends.items() if fee}


def test_a_monthly_base_is_owed_once_a_vehicle_and_local_month():
    text = flat(monthly_base_per_vehicle="9.90")
    lines = priced(
        text,
        a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z"),
        a_session("2026-01-31T22:59Z", "2026-01-31T23:30Z"),
        a_session("2026-01-31T23:00Z", "2026-01-31T23:30Z"),  # the first of February in Berlin
        a_session("2026-01-31T23:00Z", "2026-01-31T23:30Z", vehicle_id="v-2", session_id="other"),
    )
    base = lines.filter(pl.col("component") == "monthly_base")
    assert base.select("vehicle_id", "started_at", "session_id").sort("vehicle_id", "started_at").rows() == [
        ("v-1", datetime(2026, 1, 1, 11, tzinfo=UTC), None),
        ("v-1", datetime(2026, 2, 1, 11, tzinfo=UTC), None),
        ("v-2", datetime(2026, 2, 1, 11, tzinfo=UTC), None),
    ]


def test_a_power_curve_says_when_energy_flowed():
    curve = pl.DataFrame(
        [("v-1", datetime(2026, 1, 5, 19 + at, tzinfo=UTC), watts) for at, watts in enumerate((0, 9000, 1000, 0))],
        schema=CURVE,
        orient="row",
    )
    lines = priced(NIGHT, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z"), curve=curve)
    assert [(part["band"], part["kwh"]) for part in lines["parts"][0]] == [("day", 9.0), ("night", 1.0)]


def test_a_power_curve_that_covers_a_session_in_part_is_left_aside():
    at = [datetime(2026, 1, 5, hour, tzinfo=UTC) for hour in (20, 21)]
    curve = pl.DataFrame([("v-1", each, 9000) for each in at], schema=CURVE, orient="row")
    lines = priced(NIGHT, a_session("2026-01-05T20:00Z", "2026-01-05T22:00Z"), curve=curve)
    assert [part["kwh"] for part in lines["parts"][0]] == [5.0, 5.0]


def test_line_ids_are_stable_and_no_two_are_equal():
    text = flat("0.25", tax_pct="19", session_fee="1.00", monthly_base_per_vehicle="5").replace("gross", "net")
    one = [a_session("2026-01-05T20:00Z", "2026-01-05T21:00Z"), a_session("2026-01-06T20:00Z", None)]
    lines, again = priced(text, *one), priced(text, *reversed(one))
    assert lines["line_id"].is_unique().all()
    assert set(lines["line_id"]) == set(again["line_id"])


MINUTES = st.integers(0, 60 * 24 * 400)


@tries(60)
@given(
    start=MINUTES,
    length=st.integers(0, 60 * 72),
    millionths=st.integers(0, 300_000_000),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_the_parts_of_a_session_are_its_energy_and_its_time_whatever_the_clocks_do(start, length, millionths, zone):
    begin = datetime.fromtimestamp(1_767_225_600 + 60 * start, UTC)  # 2026
    end = datetime.fromtimestamp(begin.timestamp() + 60 * length, UTC)
    session = a_session(begin.isoformat(), end.isoformat(), millionths / 1e6, timezone=zone)
    (parts,) = priced(NIGHT, session)["parts"]
    assert sum(round(part["kwh"] * 1e9) for part in parts) == millionths * 1000
    assert all(one["until"] == next_["from"] for one, next_ in pairwise(parts))
