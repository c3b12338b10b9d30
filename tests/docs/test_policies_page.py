"""What docs/policies.md and docs/statements.md show can be written as it stands, and they explain every word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from lake.reference import currencies
from lake.schemas import UNPRICED_REASONS
from transforms.rules import assignments
from transforms.rules.policies import RuleKind, distances, parse

DOCS = Path(__file__).parents[2] / "docs"
POLICIES = (DOCS / "policies.md").read_text("utf-8")
STATEMENTS = (DOCS / "statements.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", POLICIES, re.DOTALL)


def first_cells(page: str) -> set[str]:
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {word for cell in rows for word in re.findall(r"`(\w+)`", cell)}


def test_the_assignments_shown_can_be_read() -> None:
    told = assignments.parse(blocks("csv")[0], {"BMW-7F3A9C": "v-1"})
    assert [(each.vehicle_id, each.driver) for each in told] == [("v-1", "Ada Example"), ("v-1", "Bo Example")]


def test_the_policy_shown_can_be_read() -> None:
    (shown,) = blocks("toml")
    assert [rule.kind for rule in parse(shown, currencies()).rule] == ["rate_per_kwh", "actual_bill"]


def test_the_distances_shown_can_be_read() -> None:
    assert [each.unit for each in distances(blocks("csv")[1])] == ["mile", "km"]


def test_every_kind_of_rule_is_explained() -> None:
    assert set(get_args(RuleKind)) <= first_cells(POLICIES)


def test_every_reason_that_is_explained_is_one_of_the_tables() -> None:
    assert first_cells(POLICIES) - set(get_args(RuleKind)) <= UNPRICED_REASONS.keys()


def test_every_why_of_a_correction_is_explained() -> None:
    assert first_cells(STATEMENTS) == {"changed", "gone", "moved", "new"}
