from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import Chromium


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser for all tests of pages; it fails with one line where there is none."""
    try:
        started = Chromium(tmp_path_factory.mktemp("chromium"))
    except FileNotFoundError as missing:
        pytest.fail(str(missing), pytrace=False)
    yield started
    started.close()
