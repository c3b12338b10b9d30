"""Grams of CO2 stand once a session, by the hours it charged in, and are null with a reason where one is not told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.schemas import SESSION_COSTS
from lake.schemas import UTC as INSTANT
from tests.tries import tries
from transforms.costs.carbon import co2, with_co2
from transforms.rules.carbon import Carbon, parse
from transforms.rules.reading import BadRule
from transforms.rules.series import Series
from transforms.rules.series import parse as series_of

NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)
COUNTRIES = {"Europe/Berlin": "DE", "Europe/Amsterdam": "NL"}
FACTOR = '[[factor]]\ncountry = "DE"\nyear = 2026\ng_per_kwh = 300\nsource = "a mean"\n'
SERIES = '[[series]]\ncountry = "NL"\nfile = "nl.csv"\nsource = "a series"\n'
SESSIONS = pl.Schema(
    [("session_id", pl.String), ("vehicle_id", pl.String), ("started_at", INSTANT), ("ended_at", INSTANT),
     ("timezone", pl.String), ("local_date", pl.Date), ("energy_kwh", pl.Float64)]
)  # fmt: skip


def hourly(*grams: str, step: int = 60) -> Series:
    at = [(NOON + timedelta(minutes=step * number)).isoformat() for number in range(len(grams))]
    told = [(when, value) for when, value in zip(at, grams, strict=True) if value]
    return series_of(pl.DataFrame(told, schema={"utc_start": pl.String, "g_per_kwh": pl.String}, orient="row"))


def carbon(text: str = FACTOR + SERIES, *grams: str, step: int = 60) -> Carbon:
    return parse(text, lambda _: hourly(*(grams or ("100", "200", "400")), step=step))


def session(
    minutes: float | None = 60, kwh: float | None = 10.0, start: float = 0, **more: object
) -> dict[str, object]:
    begins = NOON + timedelta(minutes=start)
    ends = None if minutes is None else begins + timedelta(minutes=minutes)
    told = {"session_id": "s", "vehicle_id": "v", "started_at": begins, "ended_at": ends, "energy_kwh": kwh}
    return told | {"timezone": "Europe/Amsterdam", "local_date": begins.date()} | more


def grams(*sessions: dict[str, object], rules: Carbon | None = None) -> list[tuple[float | None, str | None]]:
    frame = pl.DataFrame(sessions, schema=SESSIONS, orient="row")
    return co2(frame, carbon() if rules is None else rules, COUNTRIES).select("co2_g", "co2_source").rows()


def test_a_session_takes_the_value_of_its_hour() -> None:
    assert grams(session()) == [(1000.0, "a series")]


def test_a_session_over_two_hours_takes_both_by_their_share() -> None:
    assert grams(session(60, start=30)) == [(1500.0, "a series")]


def test_values_may_be_of_a_quarter_of_an_hour() -> None:
    assert grams(session(30), rules=carbon(SERIES, "100", "200", step=15)) == [(1500.0, "a series")]


def test_a_factor_counts_where_there_is_no_series() -> None:
    assert grams(session(timezone="Europe/Berlin")) == [(3000.0, "a mean")]


def test_a_factor_needs_no_end() -> None:
    assert grams(session(None, timezone="Europe/Berlin")) == [(3000.0, "a mean")]


def test_a_factor_may_be_taken_for_later_years() -> None:
    rules = carbon(FACTOR.replace("2026", "2023\nlast_year = 2026"))
    assert grams(session(timezone="Europe/Berlin"), rules=rules) == [(3000.0, "a mean")]


def test_no_energy_is_no_gram() -> None:
    assert grams(session(kwh=0.0)) == [(0.0, "a series")]


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        (session(240), "missing: no value from 2026-10-08T15:00Z on (a series)"),
        (session(60, start=-30), "missing: no value from 2026-10-08T11:30Z on (a series)"),
        (session(None), "missing: no end was told"),
        (session(kwh=None), "missing: no energy was told"),
        (session(timezone="UTC"), "missing: UTC is the zone of no country"),
        (session(timezone="Europe/Berlin", local_date=date(2025, 1, 1)), "missing: nothing is told of DE in 2025"),
    ],
)
def test_what_is_missing_is_said_and_leaves_no_grams(told: dict[str, object], missing: str) -> None:
    assert grams(told) == [(None, missing)]


def test_a_gap_in_a_series_is_not_filled_by_a_factor() -> None:
    both = FACTOR.replace("DE", "NL") + SERIES
    rules = carbon(both, "100", "", "400")
    assert grams(session(180), rules=rules) == [(None, "missing: no value from 2026-10-08T13:00Z on (a series)")]


def test_outside_of_its_days_a_series_leaves_the_place_to_the_factor() -> None:
    both = FACTOR.replace("DE", "NL") + SERIES + "valid_from = 2026-10-09\n"
    assert grams(session(), rules=carbon(both)) == [(3000.0, "a mean")]


def test_without_rules_nothing_is_said() -> None:
    assert grams(session(), rules=Carbon()) == []


def lines(*rows: tuple[str, str | None, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["line_id", "session_id", "basis", "component"], orient="row")


def borne(*rows: tuple[str, str | None, str, str]) -> dict[str, float | None]:
    sessions = pl.DataFrame([session()], schema=SESSIONS, orient="row")
    told = with_co2(lines(*rows), sessions, carbon(), COUNTRIES)
    return dict(told.select("line_id", "co2_g").rows())


def test_the_grams_stand_on_one_energy_line_of_the_cost_side() -> None:
    rows = [("1", "s", "policy", "energy"), ("2", "s", "tariff", "session_fee"), ("3", "s", "tariff", "energy"),
            ("4", "s", "tariff", "energy"), ("5", None, "tariff", "monthly_base")]  # fmt: skip
    assert borne(*rows) == {"1": None, "2": None, "3": 1000.0, "4": None, "5": None}


def test_a_session_without_an_energy_line_has_them_on_another() -> None:
    assert borne(("1", "s", "billed", "other_unspecified")) == {"1": 1000.0}


def test_the_columns_are_those_of_the_table() -> None:
    told = with_co2(lines(("1", "s", "tariff", "energy")), SESSIONS.to_frame(), carbon(), COUNTRIES)
    assert {name: told.schema[name] for name in ("co2_g", "co2_source")} == {
        name: SESSION_COSTS.schema[name] for name in ("co2_g", "co2_source")
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FACTOR + FACTOR, "there are two factors for DE in 2026"),
        (FACTOR + FACTOR.replace("2026", "2023\nlast_year = 2027"), "there are two factors for DE in 2026"),
        (FACTOR + "last_year = 2025\n", "the factor of DE: last_year 2025 is before 2026"),
        (FACTOR.replace("300", "0.3e9"), "the factor of DE in 2026: g_per_kwh is in grams"),
        (FACTOR.replace("300", "-1"), "the factor of DE in 2026: g_per_kwh is in grams"),
        (FACTOR.replace("DE", "Germany"), "Expected `str` matching regex"),
        (FACTOR.replace("source", "said_by"), "Object contains unknown field `said_by`"),
        (SERIES + SERIES.replace("nl.csv", "other.csv"), "the series nl.csv and other.csv are both for NL"),
        (SERIES + "valid_from = 2026-02-01\nvalid_to = 2026-01-31\n", "the series nl.csv: valid_to 2026-01-31"),
        ("factor = 3", "Expected `array`"),
    ],
)
def test_rules_that_cannot_be_are_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(BadRule) as raised:
        carbon(text)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize("value", ["-1", "3000.1"])
def test_a_series_in_another_unit_is_refused(value: str) -> None:
    with pytest.raises(BadRule, match=r"the series nl\.csv: values are grams a kWh"):
        carbon(SERIES, value)


@tries(40)
@given(
    st.lists(st.integers(0, 900), min_size=4, max_size=4),
    st.integers(0, 100),
    st.integers(1, 130),
    st.integers(0, 100_000),
)
def test_grams_are_those_of_a_sum_minute_by_minute(
    values: list[int], start: int, minutes: int, watt_hours: int
) -> None:
    found = grams(session(minutes, watt_hours / 1000, start), rules=carbon(SERIES, *map(str, values)))
    each = Decimal(watt_hours) / 1000 / minutes
    slowly = sum(each * values[minute // 60] for minute in range(start, start + minutes))
    assert found == [(pytest.approx(float(slowly), rel=1e-6, abs=1e-3), "a series")]


def test_the_factors_that_ship_can_be_used() -> None:
    shipped = Path(__file__).parents[2] / "data" / "reference" / "carbon.toml"
    countries = {entry.country for entry in carbon(shipped.read_text("utf-8")).factors}
    assert countries >= {"AT", "CA", "CH", "DE", "FR", "GB", "NL", "NO", "US"}
