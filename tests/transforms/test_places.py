"""Where a session was: what decides, in which order, and that nothing is guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from priced import SCHEMA, a_session, sessions

from lake.schemas import CHARGE_DAYS
from tests.tries import tries
from transforms.places import NO_DAYS, decided, distance_m
from transforms.rules.places import Override, Place, Places

HOME = Place("Home", "home", address=("Müllerstraße *, München",))
DEPOT = Place("Depot", "work", latitude=48.1293, longitude=11.5581, radius_m=200)
DAY = date(2026, 1, 5)


def told(**more: Any) -> pl.DataFrame:
    """One session, as `charge_sessions` has it before its place is decided."""
    usual = {"tellings": ["s-1"], "session_id": "s-1", "place": "unknown", "place_method": None, "make": "TESLA"}
    return sessions(a_session("2026-01-05T10:00Z", "2026-01-05T12:00Z", **(usual | more)))


def day(home: float, other: float, fast: float, **more: Any) -> pl.DataFrame:
    row = {"vehicle_id": "v-1", "make": "TESLA", "day": DAY, "home_kwh": home, "other_kwh": other, "flags": []}
    return pl.DataFrame([row | {"supercharger_kwh": fast} | more], schema=CHARGE_DAYS.schema)


def place(session: pl.DataFrame, *places: Place, days: pl.DataFrame = NO_DAYS, said: tuple[Override, ...] = ()) -> Any:
    """Place, its name, the method and the confidence of one session."""
    found = decided(session, days, Places(places, said))
    return found.select("place", "place_name", "place_method", "place_confidence").row(0)


def says(where: str, session: str = "s-1", name: str | None = None) -> tuple[Override, ...]:
    return (Override(session, where, name, "Anna", date(2026, 1, 6), "was there"),)


def test_what_nobody_tells_is_unknown():
    assert place(told()) == ("unknown", None, None, None)


@pytest.mark.parametrize(
    "address",
    ["Müllerstraße 12, München", "MÜLLERSTRASSE 12, MÜNCHEN".replace("SS", "ß"), " müllerstraße  3, münchen "],
)
def test_an_address_fits_whatever_its_case_and_spaces(address):
    assert place(told(address=address), HOME) == ("home", "Home", "address", "medium")


@pytest.mark.parametrize("address", ["Untermüllerstraße 12, München", "Müllerstraße 12, Münchenstein"])
def test_a_pattern_fits_whole_words(address):
    assert place(told(address=address), HOME)[0] == "unknown"


@pytest.mark.parametrize(("latitude", "found"), [(48.1293, "work"), (48.1309, "work"), (48.1313, "unknown")])
def test_coordinates_are_inside_a_radius_or_not(latitude, found):
    assert place(told(latitude=latitude, longitude=11.5581), DEPOT)[0] == found


def test_of_two_places_the_nearer_counts():
    near = Place("Gate", "public", latitude=48.1294, longitude=11.5581, radius_m=500)
    assert place(told(latitude=48.1295, longitude=11.5581), DEPOT, near)[:2] == ("public", "Gate")


def test_coordinates_count_before_an_address():
    session = told(address="Müllerstraße 12, München", latitude=48.1293, longitude=11.5581)
    assert place(session, HOME, DEPOT) == ("work", "Depot", "coordinates", "high")


def test_places_of_different_kinds_that_fit_equally_are_unknown():
    other = Place("Office", "work", address=("Müllerstraße",))
    assert place(told(address="Müllerstraße 12, München", is_public=True), HOME, other) == ("unknown", None, None, None)


def test_the_home_of_one_vehicle_is_not_the_home_of_another():
    home = Place("Anna's", "home", address=("Müllerstraße",), vehicles=("v-2",))
    assert place(told(address="Müllerstraße 12, München"), home)[0] == "unknown"


def test_a_place_that_names_the_vehicle_comes_first():
    own = Place("Anna's", "home", address=("Müllerstraße",), vehicles=("v-1",))
    office = Place("Office", "work", address=("Müllerstraße",))
    assert place(told(address="Müllerstraße 12, München"), office, own)[:2] == ("home", "Anna's")


@pytest.mark.parametrize(("first", "last", "found"), [(5, 5, "home"), (6, 9, "unknown"), (1, 4, "unknown")])
def test_a_place_counts_on_its_days(first, last, found):
    home = Place(
        "Home", "home", address=("Müllerstraße",), valid_from=date(2026, 1, first), valid_to=date(2026, 1, last)
    )
    assert place(told(address="Müllerstraße 12, München"), home)[0] == found


def test_a_bill_counts_before_the_address_of_its_town():
    session = told(place="public", place_method="billing", location_name="Müllerstraße 1, München")
    assert place(session, HOME) == ("public", None, "billing", "high")


def test_not_public_is_neither_home_nor_work():
    assert place(told(is_public=False))[0] == "unknown"


def test_a_source_that_contradicts_lowers_the_confidence():
    assert place(told(address="Müllerstraße 12, München", is_public=True), HOME) == ("home", "Home", "address", "low")


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (day(10.2, 0, 0), ("home", None, "daily_split", "medium")),
        (day(0, 0, 10.2), ("public", None, "daily_split", "medium")),
        (day(10.2, 1.0, 0), ("unknown", None, None, None)),
        (day(0, 10.2, 0), ("unknown", None, None, None)),
        (day(2.0, 0, 0), ("unknown", None, None, None)),
        (day(10.2, 0, 0, flags=["no_longer_told"]), ("unknown", None, None, None)),
        (day(10.2, 0, 0, vehicle_id="v-2"), ("unknown", None, None, None)),
    ],
    ids=["home", "Supercharger", "two kinds", "elsewhere", "too little", "not told any more", "another's"],
)
def test_a_day_of_one_kind_of_place_says_where_its_sessions_were(days, found):
    assert place(told(), days=days) == found


def test_a_vehicle_is_where_it_is_kept_if_nothing_else_is_told():
    kept = Place("Barn", "home", vehicles=("v-1",))
    assert place(told(), kept)[:3] == ("home", "Barn", "vehicle")
    assert place(told(address="elsewhere"), kept)[0] == "unknown"


def test_a_session_may_be_named_by_any_of_its_tellings():
    assert place(told(tellings=["s-1", "s-9"]), said=says("work", "s-9")) == ("work", None, "override", "high")


def test_a_person_may_say_that_it_is_not_known():
    assert place(told(is_public=True), said=says("unknown")) == ("unknown", None, "override", None)


WHERE = st.fixed_dictionaries(
    {
        "address": st.sampled_from([None, "Müllerstraße 12, München", "Hafen 1, Hamburg"]),
        "latitude": st.sampled_from([None, 48.1293, 10.0]),
        "longitude": st.just(11.5581),
        "is_public": st.sampled_from([None, True, False]),
        "place_method": st.sampled_from([None, "billing"]),
    }
)


@tries(60)
@given(where=WHERE, said=st.sampled_from(["home", "work", "public", "unknown"]))
def test_what_a_person_says_counts_whatever_else_is_told(where, said):
    assert place(told(**where), HOME, DEPOT, days=day(10.2, 0, 0), said=says(said))[0] == said


@tries(40)
@given(rows=st.lists(WHERE, min_size=1, max_size=6), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, order):
    frame = pl.concat([told(**row, session_id=f"s-{at}", tellings=[f"s-{at}"]) for at, row in enumerate(rows)])
    shuffled = frame.sample(fraction=1, shuffle=True, seed=order.randrange(1000))
    both = [decided(each, NO_DAYS, Places((HOME, DEPOT))).sort("session_id") for each in (frame, shuffled)]
    assert both[0].equals(both[1])
    assert list(both[0].schema) == list(SCHEMA)


def test_a_degree_of_latitude_is_111_km():
    metres = pl.select(distance_m(pl.lit(48.0), pl.lit(11.0), pl.lit(49.0), pl.lit(11.0))).item()
    assert metres == pytest.approx(111_195, abs=1)


def test_the_dateline_is_no_distance():
    metres = pl.select(distance_m(pl.lit(0.0), pl.lit(179.999), pl.lit(0.0), pl.lit(-179.999))).item()
    assert metres < 300
