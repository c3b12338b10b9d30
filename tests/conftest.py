"""The suite on all cores: what is costly to make is made once, by the process that runs all tests that share it."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.tries import tries

settings.register_profile("chargelake", tries(50))
settings.load_profile("chargelake")
SHARED = ("session", "module")
CHEAP = frozenset({"real_data"})
"""Shared, and made in no time: tests that share nothing else may run anywhere."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group the tests that share a fixture, for `--dist loadgroup`."""
    for item in items if config.pluginmanager.hasplugin("xdist") else ():
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str | None:
    """Where its first shared fixture of ours is from: a session's by its name, a module's by its file."""
    names = getattr(item, "fixturenames", ())
    for name in names:
        made = item._fixtureinfo.name2fixturedefs.get(name)
        if made and made[-1].baseid.startswith("tests") and made[-1].scope in SHARED and name not in CHEAP:
            return name if made[-1].scope == "session" else made[-1].baseid
    return None
