"""Where a session was: what decides before what, and what is not guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.located import HOUSE, NOON, day, days, session, sessions
from tests.tries import tries
from transforms.places import NO_DAYS, decided, distance_m
from transforms.rules.places import KINDS, Override, Place, Places

HOME = Place("Anna's home", "home", ("Müllerstraße 12",), **HOUSE, radius_m=100, vehicles=("v1",))
TOWN = Place("Home of Ben", "home", ("Los Gatos, CA",))
DEPOT = Place("Depot", "work", ("Hafenstraße*",))
YARD = Place("Yard", "home", vehicles=("v1",))
DECISION = ("place", "place_name", "place_method", "place_confidence")


def of(told: dict[str, Any], *places: Place, day_rows: pl.DataFrame = NO_DAYS, said: str | None = None) -> Any:
    """What is decided of one session."""
    overrides = (Override("s1", said, None, "Kim", date(2026, 10, 31), "saw it"),) if said else ()
    return decided(sessions(told), day_rows, Places(places, overrides)).select(DECISION).row(0)


def at_house(north_m: float = 0.0, **told: Any) -> dict[str, Any]:
    """A session so many metres north of the house."""
    return session(latitude=HOUSE["latitude"] + north_m / 111_195, longitude=HOUSE["longitude"], **told)


def test_nothing_told_is_unknown() -> None:
    assert of(session()) == ("unknown", None, None, None)


def test_an_override_is_before_a_bill() -> None:
    told = session(place="public", place_method="billing")
    assert of(told, said="home") == ("home", None, "override", "high")


def test_an_override_can_say_that_nobody_knows() -> None:
    assert of(session(address="Müllerstraße 12"), HOME, said="unknown") == ("unknown", None, "override", None)


def test_an_override_of_a_telling_is_one_of_its_session() -> None:
    assert of(session("s0", tellings=["s0", "s1"]), said="work")[0] == "work"


def test_what_is_said_of_the_session_itself_is_before_what_is_said_of_a_telling() -> None:
    said = tuple(
        Override(name, place, None, "Kim", date(2026, 10, 31), "saw it")
        for name, place in (("s1", "work"), ("s0", "home"))
    )
    told = sessions(session("s0", tellings=["s0", "s1"]))
    assert decided(told, NO_DAYS, Places((), said))["place"].to_list() == ["home"]


def test_a_bill_is_before_a_home_whose_pattern_is_a_town() -> None:
    told = session(place="public", place_method="billing", location_name="Los Gatos, CA")
    assert of(told, TOWN) == ("public", None, "billing", "high")


def test_a_bill_at_a_public_place_of_yours_has_its_name() -> None:
    told = session(place="public", place_method="billing", location_name="Gilroy, CA")
    assert of(told, Place("Gilroy", "public", ("gilroy",)))[:2] == ("public", "Gilroy")


@pytest.mark.parametrize(("north_m", "kind"), [(0, "home"), (99, "home"), (101, "unknown")])
def test_coordinates_decide_within_the_radius(north_m: float, kind: str) -> None:
    assert of(at_house(north_m), HOME)[0] == kind


def test_of_two_places_in_reach_the_nearer_one_counts() -> None:
    shop = Place("Shop", "public", latitude=HOUSE["latitude"] + 0.0009, longitude=HOUSE["longitude"], radius_m=200)
    assert of(at_house(30), HOME, shop)[:3] == ("home", "Anna's home", "coordinates")
    assert of(at_house(80), HOME, shop)[:3] == ("public", "Shop", "coordinates")


def test_an_address_does_not_count_where_coordinates_say_elsewhere() -> None:
    assert of(at_house(500, address="Müllerstraße 12"), HOME)[0] == "unknown"


def test_an_address_decides_where_no_coordinates_are_told() -> None:
    assert of(session(address="Müllerstraße 12, 80469 München"), HOME) == ("home", "Anna's home", "address", "medium")


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("Müllerstraße 12", "MÜLLERSTRASSE 12", False),
        ("Müllerstraße 12", "müllerstraße  12, München", True),
        ("Müllerstraße 12", "Mu\u0308llerstraße 12", True),
        ("Müllerstraße 12", "Müllerstraße 123", False),
        ("Müllerstraße 12", "Neumüllerstraße 12", False),
        ("Müllerstraße 12*", "Müllerstraße 123", True),
        ("Müller* 12", "Müllerstrasse 12", True),
        ("EN4 ?", "Barnet, EN4 0", True),
        ("(gate 3)", "Depot (Gate 3)", True),
        ("a.c", "abc", False),
    ],
)
def test_a_pattern_fits_whole_words_whatever_their_case(pattern: str, text: str, fits: bool) -> None:
    assert (of(session(address=text), Place("There", "work", (pattern,)))[0] == "work") is fits


def test_the_name_of_a_location_is_looked_at_like_an_address() -> None:
    assert of(session(location_name="Hafenstraße 3"), DEPOT)[:2] == ("work", "Depot")


def test_home_of_one_vehicle_is_not_home_of_another() -> None:
    assert of(session(vehicle_id="v2", address="Müllerstraße 12"), HOME)[0] == "unknown"


def test_a_place_that_names_the_vehicle_is_before_one_for_all() -> None:
    site = Place("Site", "work", ("Müllerstraße*",))
    assert of(session(address="Müllerstraße 12"), site, HOME)[1] == "Anna's home"


def test_two_kinds_that_fit_equally_are_unknown_whatever_else_is_told() -> None:
    other = Place("Site", "work", ("Hafenstraße 3",))
    again = Place("Harbour", "public", ("Hafenstraße",))
    assert of(session(address="Hafenstraße 3", is_public=True), other, again) == ("unknown", None, None, None)


def test_two_places_of_one_kind_that_fit_equally_are_that_without_a_name() -> None:
    assert of(session(address="Hafenstraße 3"), DEPOT, Place("Gate", "work", ("Hafenstraße 3",)))[:2] == ("work", None)


@pytest.mark.parametrize(
    ("of_day", "counts"),
    [(date(2026, 10, 9), False), (date(2026, 10, 10), True), (date(2026, 10, 11), True), (date(2026, 10, 12), False)],
)
def test_a_place_counts_from_its_first_day_to_its_last(of_day: date, counts: bool) -> None:
    place = Place("There", "work", ("Hafenstraße",), valid_from=date(2026, 10, 10), valid_to=date(2026, 10, 11))
    assert (of(session(address="Hafenstraße", local_date=of_day), place)[0] == "work") is counts


def test_what_the_source_says_against_it_lowers_the_confidence() -> None:
    assert of(at_house(is_public=True), HOME)[3] == "medium"
    assert of(session(address="Müllerstraße 12", is_public=True), HOME)[3] == "low"
    assert of(at_house(is_public=False), HOME)[3] == "high"


def test_public_is_public() -> None:
    assert of(session(is_public=True), YARD) == ("public", None, "is_public", "medium")


def test_not_public_alone_is_unknown() -> None:
    assert of(session(is_public=False)) == ("unknown", None, None, None)


def test_a_day_of_home_alone_is_home() -> None:
    assert of(session(), day_rows=days(day(home=11))) == ("home", None, "daily_split", "medium")


def test_a_day_of_home_alone_has_the_name_of_the_one_home_of_the_vehicle() -> None:
    assert of(session(), HOME, DEPOT, day_rows=days(day(home=11)))[:2] == ("home", "Anna's home")


@pytest.mark.parametrize(
    "row",
    [
        day(home=11, other=1),
        day(home=11, supercharger=1),
        day(home=11, other=None),
        day(other=11),
        day(),
        day(home=5),
        day(home=11) | {"flags": ["no_longer_told"]},
        day(home=11) | {"flags": ["parts_differ_from_total"]},
        day(home=11, vehicle_id="v2"),
        day(date(2026, 10, 9), home=11),
    ],
)
def test_a_day_that_does_not_say_one_kind_decides_nothing(row: dict[str, Any]) -> None:
    assert of(session(), day_rows=days(row))[0] == "unknown"


def test_a_day_of_superchargers_alone_is_public_unless_the_source_says_otherwise() -> None:
    row = days(day(supercharger=11))
    assert of(session(), day_rows=row)[0] == "public"
    assert of(session(is_public=False), day_rows=row)[0] == "unknown"


def test_a_session_over_midnight_needs_both_days_to_agree() -> None:
    night = session(started_at=datetime(2026, 10, 10, 23, 30, tzinfo=UTC))
    tenth, eleventh = date(2026, 10, 10), date(2026, 10, 11)
    assert of(night, day_rows=days(day(tenth, home=3), day(eleventh, home=8)))[3] == "medium"
    assert of(night, day_rows=days(day(tenth, home=11)))[3] == "low"
    assert of(night, day_rows=days(day(tenth, home=3), day(eleventh, other=8)))[0] == "unknown"


def test_a_session_without_energy_is_not_of_the_days_energy() -> None:
    assert of(session(energy_kwh=0.0), day_rows=days(day(home=11)))[0] == "unknown"


def test_where_a_vehicle_is_kept_counts_where_no_location_is_told() -> None:
    assert of(session(), YARD) == ("home", "Yard", "vehicle", "low")
    assert of(session(is_public=False), YARD)[3] == "medium"
    assert of(session(address="Hafenstraße 3"), YARD)[0] == "unknown"


def test_distances_are_those_of_the_globe() -> None:
    """Paris to New York is 5,837 km and London to Edinburgh 534 km (great circle)."""
    frame = pl.DataFrame([(48.8566, 2.3522, 40.7128, -74.0060), (51.5074, -0.1278, 55.9533, -3.1883)], orient="row")
    found = frame.select(distance_m(*(pl.col(name) for name in frame.columns))).to_series() / 1000
    assert [round(each) for each in found] == [5837, 534]


def test_across_the_date_line_is_near() -> None:
    place = Place("Ferry", "public", latitude=-16.8, longitude=179.9995, radius_m=200)
    assert of(session(latitude=-16.8, longitude=-179.9995), place)[0] == "public"


_TEXTS = st.sampled_from([None, "Müllerstraße 12", "Hafenstraße 3", "Los Gatos, CA"])
_PLACES = st.lists(st.sampled_from([HOME, TOWN, DEPOT, YARD]), unique=True)
_ROWS = st.builds(
    lambda address, public, north, vehicle, bill: (
        (at_house(north) if north is not None else session())
        | {"address": address, "is_public": public, "vehicle_id": vehicle, "place_method": bill}
    ),
    _TEXTS,
    st.sampled_from([None, True, False]),
    st.sampled_from([None, 0.0, 50.0, 900.0]),
    st.sampled_from(["v1", "v2"]),
    st.sampled_from([None, "billing"]),
)
_DAYS = st.sampled_from([days(), days(day(home=11)), days(day(supercharger=11)), days(day(home=11, vehicle_id="v2"))])


def numbered(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return sessions(*(row | {"session_id": f"s{n}", "tellings": [f"s{n}"]} for n, row in enumerate(rows)))


@given(st.lists(_ROWS, min_size=1, max_size=8), _PLACES, _DAYS, st.randoms(use_true_random=False))
@tries(40)
def test_the_order_of_sessions_places_and_days_decides_nothing(
    rows: list[dict[str, Any]], places: list[Place], day_rows: pl.DataFrame, random: Any
) -> None:
    told = numbered(rows)
    shuffled = places.copy()
    random.shuffle(shuffled)
    mixed = told.sample(fraction=1.0, shuffle=True, seed=random.randint(0, 99))
    usual = decided(told, day_rows, Places(tuple(places)))
    other = decided(mixed, day_rows.reverse(), Places(tuple(shuffled)))
    assert usual["session_id"].to_list() == told["session_id"].to_list()
    assert usual.sort("session_id").equals(other.sort("session_id"))


@given(st.lists(_ROWS, min_size=1, max_size=8), _PLACES, _DAYS, st.sampled_from([*KINDS, "unknown"]), st.data())
@tries(40)
def test_what_somebody_said_of_a_session_always_wins_and_touches_no_other(
    rows: list[dict[str, Any]], places: list[Place], day_rows: pl.DataFrame, kind: str, data: st.DataObject
) -> None:
    told = numbered(rows)
    chosen = data.draw(st.sampled_from(told["session_id"].to_list()))
    plain = Places(tuple(places))
    said = replace(plain, overrides=(Override(chosen, kind, None, "Kim", NOON.date(), "saw it"),))
    before, after = decided(told, day_rows, plain), decided(told, day_rows, said)
    is_it = pl.col("session_id") == chosen
    assert after.filter(is_it).select("place", "place_method").row(0) == (kind, "override")
    assert after.filter(~is_it).equals(before.filter(~is_it))


@given(st.lists(_ROWS, min_size=1, max_size=8), _PLACES, _DAYS)
@tries(40)
def test_a_place_is_unknown_exactly_where_nothing_decided_it(
    rows: list[dict[str, Any]], places: list[Place], day_rows: pl.DataFrame
) -> None:
    found = decided(numbered(rows), day_rows, Places(tuple(places)))
    unknown = found["place"] == "unknown"
    assert unknown.equals(found["place_method"].is_null())
    assert unknown.equals(found["place_confidence"].is_null())


def test_ten_thousand_sessions_and_a_home_for_each_of_a_thousand_vehicles_are_decided() -> None:
    one = session(address="Müllerstraße 12")
    many = sessions(*(one | {"session_id": f"s{n}", "vehicle_id": f"v{n % 1000}"} for n in range(10_000)))
    homes = tuple(replace_vehicle(n) for n in range(1000))
    assert decided(many, NO_DAYS, Places(homes))["place_name"].n_unique() == 1000


def replace_vehicle(number: int) -> Place:
    return Place(f"Home {number}", "home", ("Müllerstraße 12",), vehicles=(f"v{number}",))
