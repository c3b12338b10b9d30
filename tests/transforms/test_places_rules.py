"""Places and overrides as people write them: what is read, and the one line for what cannot be used."""

from __future__ import annotations

from datetime import date

import pytest

from transforms.rules.places import Override, Place, read_overrides, read_places
from transforms.rules.reading import BadRule

HEADER = "session_id,place,place_name,said_by,said_on,why\n"
DEPOT = Place("Depot", "work", address=("Hafenstraße*",))


def place(**fields: str) -> str:
    told = {"name": '"Anna\'s home"', "kind": '"home"', "address": '["Müllerstraße 12*"]'} | fields
    return "[[place]]\n" + "".join(f"{name} = {value}\n" for name, value in told.items() if value)


def test_a_place_is_read_with_all_it_says() -> None:
    text = place(latitude="48.13", longitude="11", radius_m="80", vehicles='["BMW-7F3A9C"]', valid_from="2026-01-01")
    assert read_places(text) == (
        Place(
            "Anna's home",
            "home",
            ("Müllerstraße 12*",),
            48.13,
            11.0,
            80.0,
            ("BMW-7F3A9C",),
            valid_from=date(2026, 1, 1),
        ),
    )


def test_no_places_are_no_fault() -> None:
    assert read_places("") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (place(kind='"office"'), "Invalid enum value 'office'"),
        (place(name=""), "missing required field `name`"),
        (place(name='" "'), "place 1 has an empty name"),
        (place(colour='"red"'), "unknown field `colour`"),
        (place() + place(), 'two places have the name "Anna\'s home"'),
        (place(radius_m="80"), "a radius_m and no coordinates"),
        (place(latitude="48.1"), "one of latitude and longitude"),
        (place(latitude="98.1", longitude="11"), "latitude 98.1 is not between"),
        (place(latitude="48.1", longitude="-181"), "longitude -181 is not between"),
        (place(latitude="48.1", longitude="11", radius_m="0"), "radius_m 0 is not above 0"),
        (place(latitude="48.1", longitude="11", radius_m="60000"), "at most 50000 metres"),
        (place(valid_from="2026-02-01", valid_to="2026-01-31"), "valid_to 2026-01-31 is before valid_from"),
        (place(address='["*"]'), "it would fit everywhere"),
        (place(address=""), "nothing tells what is there"),
        (place(vehicles='[""]'), "a vehicle without a name"),
        ("[[place", "it is no TOML"),
    ],
)
def test_a_place_that_cannot_be_used_is_one_line(text: str, said: str) -> None:
    with pytest.raises(BadRule, match=said.replace("(", r"\(")) as refused:
        read_places(text)
    assert "\n" not in str(refused.value)


def test_an_override_may_name_a_place_and_leave_its_kind_out() -> None:
    text = HEADER + "s1,,Depot,Kim,2026-10-31,saw it\ns2,PUBLIC,,Kim,2026-11-01,receipt\n"
    assert read_overrides(text, [DEPOT]) == (
        Override("s1", "work", "Depot", "Kim", date(2026, 10, 31), "saw it"),
        Override("s2", "public", None, "Kim", date(2026, 11, 1), "receipt"),
    )


def test_the_same_override_twice_is_one() -> None:
    line = "s1,home,,Kim,2026-10-31,told me\n"
    assert len(read_overrides(HEADER + line + line, [])) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("s1,home,,Kim,2026-10-31,a\ns1,work,,Kim,2026-11-01,b", "lines 2 and 3 say different things of session s1"),
        ("s1,garage,,Kim,2026-10-31,a", 'line 2: place "garage" is not home, work, public or unknown'),
        ("s1,,,Kim,2026-10-31,a", 'line 2: place "" is not'),
        ("s1,home,Depot,Kim,2026-10-31,a", '"Depot" is work in places.toml, not home'),
        ("s1,,Deport,Kim,2026-10-31,a", 'places.toml has no place "Deport"'),
        ("s1,home,,Kim,31.10.2026,a", "said_on 31.10.2026 is not a day such as"),
        ("s1,home,,,2026-10-31,a", "said_by is empty"),
        (",home,,Kim,2026-10-31,a", "session_id is empty"),
        ("s1,home,,Kim,2026-10-31,", "why is empty"),
        ("s1,home,,Kim,2026-10-31,a,b", "more cells than the first line"),
    ],
)
def test_an_override_that_cannot_be_used_is_one_line(line: str, said: str) -> None:
    with pytest.raises(BadRule, match=said) as refused:
        read_overrides(HEADER + line, [DEPOT])
    assert "\n" not in str(refused.value)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadRule, match="it has no column why"):
        read_overrides("session_id,place,place_name,said_by,said_on\n", [])
