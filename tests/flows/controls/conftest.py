"""An emulator whose vehicles have schedules and climate, and homes whose owner has granted them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Emulator
from flows.transforming import take_in_new
from tests.flows.conftest import NOW
from tests.flows.controls.rig import FLEET, OTHER, Desk, copied, emulator_in_a_thread


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with emulator_in_a_thread() as started:
        yield started


@pytest.fixture(scope="session")
def connected(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose owner has granted schedules and climate."""
    home = tmp_path_factory.mktemp("connected") / "home"
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk(emulator, home, patch, _Silent())  # type: ignore[arg-type]  # what is printed is not looked at
        ended = desk("connect", "--test-account", FLEET, "--scopes", "schedules,climate")
        take_in_new(desk.house())  # once for all tests
    assert ended.code == 0
    return home


class _Silent:
    def readouterr(self) -> tuple[str, str]:
        return "", ""


@pytest.fixture
def desk(
    emulator: Emulator,
    connected: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    emulator.log.clear()
    emulator.clock.set(NOW)
    monkeypatch.setattr("os.fsync", lambda _: None)  # no test here cuts the power
    yield Desk(emulator, copied(connected, tmp_path), monkeypatch, capsys)
    emulator.faults.clear()


@pytest.fixture
def collected(desk: Desk) -> Desk:
    assert desk("run").code == 0
    return desk


@pytest.fixture(scope="session")
def through_v3(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose owner has granted schedules through v3."""
    home = tmp_path_factory.mktemp("v3") / "home"
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk(emulator, home, patch, _Silent())  # type: ignore[arg-type]  # what is printed is not looked at
        ended = desk("connect", "--test-account", OTHER, "--v3", "--scopes", "schedules")
    assert ended.code == 0
    return home


@pytest.fixture
def v3(desk: Desk, through_v3: Path, tmp_path: Path) -> Desk:
    return Desk(desk.emulator, copied(through_v3, tmp_path / "v3"), desk.patch, desk.capture)
