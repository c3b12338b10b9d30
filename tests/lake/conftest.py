from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lake.state import open_state
from lake.store import LocalStore
from lake.tables import Tables


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "home")


@pytest.fixture
def tables(store: LocalStore) -> Tables:
    return Tables(store)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A real SQLite file, where the house keeps it."""
    return tmp_path / "home" / "state" / "chargelake.db"


@pytest.fixture
def engine(database: Path) -> Iterator[Engine]:
    opened = open_state(f"sqlite:///{database}")
    yield opened
    opened.dispose()
