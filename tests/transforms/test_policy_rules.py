"""Policies and distances as people write them: what cannot be used is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from policy_cases import RATE, policy

from transforms.rules.policies import Distance, checked, distances, parse
from transforms.rules.reading import BadRule

FLAT = '[[rule]]\nname = "flat"\nkind = "flat_sum"\namount = 30\n'


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (RATE + "surprise = 1\n", "surprise"),
        (RATE.replace("rate = 0.34", ""), "rate_per_kwh needs rate"),
        (RATE + "amount = 3\n", "rate_per_kwh has no amount"),
        (RATE.replace("0.34", "-0.34"), "rate -0.34 is not from 0"),
        (RATE.replace("0.34", '"nan"'), "NaN is no number"),
        (RATE.replace("0.34", "0.1234567891"), "at most nine decimals"),
        (RATE.replace("rate_per_kwh", "rate_per_distance"), "unit, km or mile"),
        (RATE.replace("home", "garage"), "garage"),
        (FLAT + "cap_per_month = 3\n", "a flat sum needs no cap"),
        (RATE + RATE.replace("at home", "again"), "pay at the same places"),
        (RATE + RATE.replace('"home"', '"public"'), "two rules are called"),
        ("", "rule"),
        ("valid_to = 2025-01-01\n" + RATE, "before valid_from"),
        (RATE + '[[meter]]\nkind = "MID"\n', "meter 1 stands for no place"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(rules, said):
    with pytest.raises(BadRule, match=said):
        policy(rules)


def test_an_unknown_currency_is_refused():
    with pytest.raises(BadRule, match="'XXY' is no currency"):
        policy(currency="XXY")


def test_versions_of_one_policy_follow_each_other():
    old, new = policy(more="valid_to = 2026-06-30", version="a"), policy(version="b")
    with pytest.raises(BadRule, match=r"a\.toml and b\.toml: .* are valid on the same days"):
        checked([("a.toml", old), ("b.toml", new)])
    with pytest.raises(BadRule, match="are called a"):
        checked([("a.toml", old), ("b.toml", policy(version="a"))])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Ada,v-1,2026-10,1,km", "line 2: give a driver or a vehicle"),
        ("Ada,,2026-13,1,km", "line 2: month '2026-13'"),
        ("Ada,,2026-10,1,furlong", "line 2: unit 'furlong'"),
        ("Ada,,2026-10,-1,km", "line 2: distance '-1'"),
        ("Ada,,2026-10,NaN,km", "line 2: distance 'NaN'"),
        ("Ada,,2026-10,1.2345,km", "line 2: distance '1.2345'"),
        ("Ada,,2026-10,1,km\nAda,,2026-10,2,km", "lines 2 and 3"),
    ],
)
def test_a_distance_that_cannot_be_is_refused(row, said):
    with pytest.raises(BadRule, match=said):
        distances("driver,vehicle,month,distance,unit\n" + row + "\n")


def test_a_distance_is_of_a_vehicle_by_its_name_on_pages():
    told = distances("driver,vehicle,month,distance,unit\n,BMW-1,2026-10,812.5,km\n", {"BMW-1": "v-1"})
    assert told == (Distance(None, "v-1", "2026-10", 812_500, "km"),)


SHIPPED = sorted((Path(__file__).parents[2] / "data" / "reference" / "policies").glob("*.toml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_policy_can_be_used_and_sends_to_the_tax_adviser(file: Path):
    shipped = parse(file.read_text("utf-8"), frozenset({"EUR", "GBP"}))
    assert shipped.caveat.startswith("Check with your tax adviser.")
    assert (shipped.source.startswith("https://"), shipped.source_date.year > 2020) == (True, True)


def test_the_shipped_policies_stand_beside_each_other():
    read = [(file.name, parse(file.read_text("utf-8"), frozenset({"EUR", "GBP"}))) for file in SHIPPED]
    assert {each.country for each in checked(read)} == {"DE", "AT", "GB"}
