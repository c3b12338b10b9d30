from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from collecting_rig import House, new_house


@pytest.fixture(autouse=True)
def _hasty_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here cuts the power: what would wait for the disk does not."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return new_house(tmp_path)


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that was logged, with the structured fields."""
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
