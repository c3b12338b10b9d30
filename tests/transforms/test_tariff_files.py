"""Tariffs as they are written: what is read as it is, and one line for what cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from priced import HEAD, a_session, amounts, priced, the_tariffs

from transforms.rules.reading import BadRule

SHARED = Path(os.environ.get("CHARGELAKE_TEST_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
SCHEDULES = SHARED / "reference" / "tariffs"
US = HEAD.replace("EUR", "USD").replace("2020", "2018") + 'timezone = "America/Los_Angeles"\nschedule = "{}.json"\n'


def at_a_kw(schedule: str, start: str, end: str, kwh: float) -> list[tuple[str, str | None]]:
    """Components and amounts of a session by a utility's schedule."""
    text = (SCHEDULES / f"{schedule}.json").read_text("utf-8")
    return amounts(priced(US.format(schedule), a_session(start, end, kwh), **{schedule: text}))


@pytest.mark.parametrize(
    ("schedule", "start", "end", "kwh", "cost"),
    [
        # summer weekday, 15:00 to 22:00 on the clock: 1 h + 5 h at the peak + 1 h
        ("sce_tou_ev_8_june_2019", "2019-07-03T22:00Z", "2019-07-04T05:00Z", 7.0, "2.73"),
        # winter, every day, 07:00 to 17:00: 1 h at .13568, 8 h at .07724, 1 h at .297
        ("sce_tou_ev_8_june_2019", "2018-11-17T15:00Z", "2018-11-18T01:00Z", 10.0, "1.05"),
        # summer weekend, 08:00 to 09:00
        ("pge_a10_tou_aug_2019", "2019-08-03T15:00Z", "2019-08-03T16:00Z", 1.0, "0.15"),
        # summer weekday over 8:30, at half an hour each
        ("pge_a10_tou_aug_2019", "2019-08-05T15:00Z", "2019-08-05T16:00Z", 100.0, "16.31"),
    ],
)
def test_a_schedule_of_a_utility_is_read_as_it_is(schedule, start, end, kwh, cost):
    assert at_a_kw(schedule, start, end, kwh) == [("energy", cost)]


@pytest.mark.parametrize("schedule", [path.stem for path in sorted(SCHEDULES.glob("*.json"))])
def test_every_schedule_has_a_price_for_a_summer_night(schedule):
    assert at_a_kw(schedule, "2019-08-07T09:00Z", "2019-08-07T10:00Z", 1.0)[0][1] is not None


def test_hours_to_which_a_schedule_gives_two_prices_have_none():
    """PG&E's file says `ALL` of both its winter weekdays and its winter weekends."""
    schedule = "pge_a10_tou_aug_2019"
    text = (SCHEDULES / f"{schedule}.json").read_text("utf-8")
    over_half_past_eight = a_session("2019-12-04T16:00Z", "2019-12-04T17:00Z", 1.0)
    lines = priced(US.format(schedule), over_half_past_eight, **{schedule: text})
    assert lines.select("reason", "kwh_priced", "kwh_unpriced", "state").rows() == [
        (None, 0.5, 0.0, "partial"),
        ("several_prices", 0.0, 0.5, "partial"),
    ]


FLAT = HEAD + "price_per_kwh = 0.30\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[tariff]", "it is no TOML"),
        (FLAT + "prise = 1\n", "unknown field `prise`"),
        (HEAD, "it needs one of price_per_kwh, time_of_use, schedule or dynamic"),
        (FLAT + 'schedule = "x.json"\n', "and only one"),
        (FLAT.replace("EUR", "EURO"), "tariff 1 (home): 'EURO' is no currency of ISO 4217"),
        (FLAT.replace("gross", "net"), "net prices need tax_pct"),
        (FLAT + "valid_to = 2019-12-31\n", "valid_to 2019-12-31 is before valid_from 2020-01-01"),
        (FLAT + 'timezone = "Berlin"\n', "'Berlin' is no IANA zone"),
        (FLAT + "tax_pct = 119\n", "in percent, from 0 to 100"),
        (FLAT + "session_fee = -1\n", "session_fee is below 0"),
        (FLAT.replace("0.30", "nan"), "nan is no number"),
        (FLAT + "tax_pct = -inf\n", "-inf is no number"),
        (FLAT.replace("0.30", '"nan"'), "NaN is no number"),
        (FLAT + 'tax_pct = "sNaN"\n', "sNaN is no number"),
        (FLAT.replace("0.30", "1e9999999999999999999"), "1e9999999999999999999 is no number"),
        (FLAT.replace("0.30", "1" * 5000), "it is no TOML: Exceeds the limit"),
        (FLAT + f"x = {'[' * 5000}\n", "lists stand in lists too often"),
        (HEAD + '[tariff.dynamic]\nseries = "s"\nunit = "kWh"\ntimes = 1e400\n', "times is 1E+400"),
        (FLAT.replace("2020-01-01", "0001-01-01"), "valid_from 0001-01-01 is before 2000"),
        (FLAT.replace("0.30", "300000"), "price_per_kwh is 300000"),
        (FLAT.replace("0.30", "0.12345678901"), "more than nine decimals"),
        (FLAT + 'holidays = "XX"\n', "no calendar of holidays is known of XX"),
        (FLAT + FLAT, "version 1 stands there twice"),
        (FLAT + FLAT.replace('"1"', '"2"'), "versions 1 and 2 are both valid on some days"),
        (HEAD + 'schedule = "x.json"\n', "there is no file x.json"),
        (
            HEAD + '[[tariff.time_of_use]]\nband = "b"\nprice_per_kwh = 1\nhours = ["25:00-26:00"]\n',
            "'25:00-26:00' are no hours",
        ),
        (
            HEAD + '[[tariff.time_of_use]]\nband = "b"\nprice_per_kwh = 1\nseason = "02-30..03-01"\n',
            "'02-30..03-01' is no season",
        ),
        (HEAD + '[[tariff.time_of_use]]\nband = "b"\nprice_per_kwh = 1\ndays = ["mondays"]\n', "'mondays' is none of"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(text, line):
    with pytest.raises(BadRule) as refused:
        the_tariffs(text)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("series", "line"),
    [
        ("a,b\n1,2\n", "an instant named utc_start"),
        ("utc_start,b\n2026-01-05T20:00:00Z,999999999999\n", "look at unit and times"),
        ("utc_start,b\nx,2\n", "row 1: utc_start 'x' cannot be read"),
        ("utc_start,b\n2026-01-05T20:00:00Z,x\n", "row 1: b 'x' cannot be read"),
        ("utc_start,b\n2026-01-05T20:00:00Z,1\n2026-01-05T21:00:00+01:00,2\n", "2026-01-05T20:00Z stands there twice"),
    ],
)
def test_a_series_that_cannot_be_is_said_in_one_line(series, line):
    with pytest.raises(BadRule, match=line):
        the_tariffs(HEAD + '[tariff.dynamic]\nseries = "spot.csv"\nunit = "MWh"\n', spot=series)


@pytest.mark.parametrize(
    ("price", "line"),
    [('"NaN"', "NaN is no number"), ("1e308", "a price is 1E+308"), ("-100000", "a price is below 100,000")],
)
def test_a_price_of_a_schedule_that_cannot_be_is_said_in_one_line(price, line):
    days = '"effective_start": "1-1", "effective_end": "12-31", "dow_mask": "ALL"'
    steps = f'{{"name": "x", "schedule": [{{"id": "a", {days}, "times": [0], "tariffs": [{price}]}}]}}'
    with pytest.raises(BadRule) as refused:
        the_tariffs(HEAD + 'schedule = "steps.json"\n', steps=steps)
    assert line in str(refused.value)
