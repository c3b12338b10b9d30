"""Whatever sessions, places, days and overrides there are: order decides nothing, and what was said always wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.located import HOUSE, NOON, day, days, session, sessions
from tests.tries import tries
from transforms.places import NO_DAYS, decided
from transforms.rules.places import KINDS, Override, Place, Places

HOME = Place("Anna's home", "home", ("Müllerstraße 12",), **HOUSE, radius_m=100, vehicles=("v1",))
TOWN = Place("Home of Ben", "home", ("Los Gatos, CA",))
DEPOT = Place("Depot", "work", ("Hafenstraße*",))
YARD = Place("Yard", "home", vehicles=("v1",))


def at_house(north_m: float = 0.0, **told: Any) -> dict[str, Any]:
    """A session so many metres north of the house."""
    return session(latitude=HOUSE["latitude"] + north_m / 111_195, longitude=HOUSE["longitude"], **told)


def test_what_is_said_of_a_session_itself_is_before_what_is_said_of_its_telling() -> None:
    said = tuple(
        Override(name, place, None, "Kim", date(2026, 10, 31), "saw it")
        for name, place in (("s1", "work"), ("s0", "home"))
    )
    told = sessions(session("s0", tellings=["s0", "s1"]))
    assert decided(told, NO_DAYS, Places((), said))["place"].to_list() == ["home"]


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
