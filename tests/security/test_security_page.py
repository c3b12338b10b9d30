"""SECURITY.md keeps its word: the tests it names are there, and so are the files."""

from __future__ import annotations

import re
from pathlib import Path

HOUSE = Path(__file__).parents[2]
PAGE = (HOUSE / "SECURITY.md").read_text("utf-8")
TESTS = {path.name for path in (HOUSE / "tests").rglob("test_*.py")}


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(test_\w+\.py)`", PAGE))
    assert len(named) > 8
    assert named - TESTS == set()


def test_every_test_of_security_is_named() -> None:
    own = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert {name for name in own if name not in PAGE} == set()


def test_every_file_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert links
    assert [link for link in links if not (HOUSE / link).exists()] == []
