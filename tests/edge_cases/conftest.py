"""Houses with a fault in each: the showroom of records, and practice for faults that need more than one run."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

import pytest

from collectors.asking import RetryPolicy
from collectors.http import Limits, Transport
from collectors.smartcar_v2 import client
from collectors.tokens import RefreshPolicy
from flows import collecting
from tests.edge_cases.breakdowns import Breakdowns, broken_down
from tests.edge_cases.exhibits import EXHIBITS, SPRING
from tests.edge_cases.showroom import Showroom, opened
from tests.flows.conftest import a_home, clean_environment, practice

__all__ = ["clean_environment", "practice"]


APRIL = datetime(2026, 4, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def showroom(tmp_path_factory: pytest.TempPathFactory) -> Showroom:
    """The lake after one run with every exhibit."""
    with a_home(tmp_path_factory.mktemp("showroom")) as patch:
        return asyncio.run(opened(patch, EXHIBITS))


@pytest.fixture(scope="session")
def spring(tmp_path_factory: pytest.TempPathFactory) -> Showroom:
    """The same with the exhibits of the day on which clocks go forward."""
    with a_home(tmp_path_factory.mktemp("spring")) as patch:
        return asyncio.run(opened(patch, SPRING, APRIL))


def in_a_hurry(patch: pytest.MonkeyPatch, **policy: float) -> None:
    """Short timeouts and backoffs for the runs of a test, so that what hangs or is asked again ends soon."""
    quick = {"attempts": 2, "backoff": 0.01, "longest": 3} | policy
    patch.setattr(collecting, "RetryPolicy", partial(RetryPolicy, **quick))
    patch.setattr(collecting, "Transport", partial(Transport, Limits(total=2, read=2)))
    patch.setattr(client, "RefreshPolicy", partial(RefreshPolicy, attempts=2, backoff=0.01))


@pytest.fixture(scope="session")
def breakdowns(tmp_path_factory: pytest.TempPathFactory) -> Breakdowns:
    """The lake after a run in which answers went wrong, a day later, and in the next month."""
    with a_home(tmp_path_factory.mktemp("breakdowns")) as patch:
        in_a_hurry(patch)
        return asyncio.run(broken_down(patch))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    in_a_hurry(monkeypatch)
