"""The suite on all cores: what is costly to make is made once, by the process that runs all tests that share it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.tries import tries

settings.register_profile("chargelake", tries(50))
settings.load_profile("chargelake")

ROOT: Final = Path(__file__).parents[1]
OF_A_SESSION: Final = ("backfilled", "breakdowns", "chromium", "controls.rig", "showroom", "spring")
OF_A_FILE: Final = 'scope="module"'


class BySharing(LoadScopeScheduling):
    """Hands out the tests of files that share a fixture together, and all others one by one.

    `--dist loadgroup` of pytest-xdist 3.8 would do it, but renames tests in a way that pytest 9.2 takes no notice of.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _shared_by(nodeid.partition("::")[0]) or nodeid


@cache
def _shared_by(file: str) -> str | None:
    """What the tests of a file share that is costly to make; None if nothing."""
    content = (ROOT / file).read_text("utf-8")
    return next((name for name in OF_A_SESSION if name in content), file if OF_A_FILE in content else None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BySharing:
    return BySharing(config, log)
