"""The rules that the pages on costs and places show are rules that can be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.rules import load_places, load_rules
from lake.reference import demo_rules
from lake.schemas import PLACE_METHODS

HOUSE = Path(__file__).parents[2]
COSTS, PLACES = ((HOUSE / "docs" / f"{name}.md").read_text("utf-8") for name in ("costs", "places"))
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
CSV = re.compile(r"```csv\n(.*?)```", re.DOTALL)


def test_the_tariffs_of_the_page_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "tariffs.toml").write_text(TOML.findall(COSTS)[0], "utf-8")
    (tmp_path / "day-ahead.csv").write_text("utc_start,eur_per_mwh\n2026-01-01T00:00:00Z,-3.5\n")
    assert [each.rule_name for each in load_rules(tmp_path).tariffs] == ["flat", "time of use", "dynamic"]


def test_the_places_of_the_page_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "places.toml").write_text(TOML.findall(PLACES)[0], "utf-8")
    (tmp_path / "places-overrides.csv").write_text(CSV.findall(PLACES)[0], "utf-8")
    said = load_places(tmp_path, {"quiet-otter": "v-1"}).said
    assert [each.vehicles for each in said.places] == [("v-1",), (), ("calm-heron",)]
    assert [each.place for each in said.overrides] == ["home", "public"]


def test_the_page_has_every_method_of_deciding_a_place() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PLACES, re.MULTILINE) == ["place_method", *PLACE_METHODS]


@pytest.mark.parametrize("name", ["places.toml", "tariffs.toml", "policies/demo.toml"])
def test_the_rules_of_the_demo_can_be_used(tmp_path: Path, name: str) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "day-ahead-made-up.csv").write_text("utc_start,eur_per_mwh\n2026-01-01T00:00:00Z,-3.5\n")
    (tmp_path / name).write_bytes(demo_rules(Path(name).name.replace("demo", "policy")))
    rules = load_rules(tmp_path)
    assert len(rules.tariffs) + len(rules.policies) + len(load_places(tmp_path).said.places) > 0
