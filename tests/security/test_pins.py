"""The pins: all exact, from nobody's private place, none known to be bad, and what is installed is what is pinned."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HOUSE = Path(__file__).parents[2]
LINES = [line for line in (HOUSE / "constraints.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
PINS = [Requirement(line) for line in LINES]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
ASKED = [Requirement(each) for each in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"])]
KNOWN_BAD = {
    "aiohttp": ("<3.13.3", "a small packed body unpacks to gigabytes (CVE-2025-69223)"),
    "fastapi": (">=0.151", "Prefect's in-process server breaks"),
    "sqlalchemy": (">=2.1", "Prefect's schedules stop firing"),
}
HOST = re.compile(r"://|@|--|\s-e\b|^-|\bfile:|\bgit\+")


def test_every_pin_is_exact_and_names_no_host_file_or_option() -> None:
    assert [line for line in LINES if not re.match(r"[\w.-]+==[\w.!+]+( ;|$)", line) or HOST.search(line)] == []


def test_everything_that_is_asked_for_is_pinned_within_what_was_asked() -> None:
    found = {each.name: versions(each.name) for each in ASKED}
    assert [name for name, pinned in found.items() if not pinned] == []
    assert [each.name for each in ASKED for pinned in found[each.name] if not each.specifier.contains(pinned)] == []


@pytest.mark.parametrize("name", KNOWN_BAD)
def test_no_pin_is_known_to_be_bad(name: str) -> None:
    bad, why = KNOWN_BAD[name]
    assert [each for each in versions(name) if Requirement(f"{name}{bad}").specifier.contains(each)] == [], why


def test_what_is_installed_is_what_is_pinned() -> None:
    def installed(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    applying = {pin.name: version_of(pin) for pin in PINS if pin.marker is None or pin.marker.evaluate()}
    found = {name: installed(name) for name in applying}
    other = {name: has for name, has in found.items() if has is not None and Version(has) != applying[name]}
    assert other == {}
    assert [each.name for each in ASKED if installed(each.name) is None] == []


def versions(name: str) -> list[Version]:
    """Every version that is pinned, as some pins depend on the interpreter."""
    return [version_of(pin) for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(name)]


def version_of(pin: Requirement) -> Version:
    return Version(next(iter(pin.specifier)).version)
