"""What nobody should find in the house: promises, private indexes, and exceptions that do not say from what."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("flows", "collectors", "transforms", "lake", "reports", "emulator", "tests", "benchmarks", "docs", ".ci")
TEXTS = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".sh", ".j2", ".html", ".css", ".js", ""}
PROMISE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|HA" + r"CK)\b")
INDEX = re.compile(r"https?://\S*/simple\b|pypi\.org|pythonhosted\.org|--(extra-)?index-url|--find-links|trusted-host")
NOQA = re.compile(r"noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*\b")
IGNORE = re.compile(r"type: ignore\[[a-z-]+(, ?[a-z-]+)*\]")


def files() -> list[Path]:
    below = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
    found = [path for path in [*sorted(ROOT.iterdir()), *below] if path.is_file() and path.suffix in TEXTS]
    return [path for path in found if "__pycache__" not in path.parts]


WRITTEN = {str(path.relative_to(ROOT)): path for path in files()}
SOURCES = [name for name in WRITTEN if name.endswith(".py")]
INSTALLING = [
    name for name in WRITTEN if name in {"constraints.txt", "pyproject.toml", "Makefile"} or name.startswith(".ci/")
]


def comments(name: str) -> list[str]:
    with tokenize.open(WRITTEN[name]) as opened:
        return [each.string for each in tokenize.generate_tokens(opened.readline) if each.type == tokenize.COMMENT]


def offending(names: list[str], offends: Callable[[str], bool]) -> dict[str, list[str]]:
    """The lines that offend, by file."""
    found = {name: [line for line in WRITTEN[name].read_text("utf-8").splitlines() if offends(line)] for name in names}
    return {name: lines for name, lines in found.items() if lines}


def unnamed(mark: str, named: re.Pattern[str]) -> dict[str, list[str]]:
    """Comments with the mark that do not name what they except, by file."""
    found = {
        name: [each for each in comments(name) if mark in each.lower() and not named.search(each)] for name in SOURCES
    }
    return {name: each for name, each in found.items() if each}


def test_nothing_is_left_for_later() -> None:
    assert offending(list(WRITTEN), lambda line: bool(PROMISE.search(line))) == {}


def test_no_registry_is_named_so_that_everybodys_own_is_used() -> None:
    assert {"constraints.txt", "pyproject.toml"} <= set(INSTALLING)
    assert offending(INSTALLING, lambda line: bool(INDEX.search(line))) == {}


def test_an_exception_to_lint_names_its_rule() -> None:
    assert unnamed("noqa", NOQA) == {}


def test_an_exception_to_types_names_its_error() -> None:
    assert unnamed("type: ignore", IGNORE) == {}


@pytest.mark.parametrize("comment", ["# noqa", "# noqa: all", "# NOQA, since"])
def test_a_bare_exception_would_be_seen(comment: str) -> None:
    assert not NOQA.search(comment)


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "index = 'http://10.0.0.1:3141/root/simple'",
        "--find-links /wheels",
    ],
)
def test_a_private_index_would_be_seen(line: str) -> None:
    assert INDEX.search(line)
