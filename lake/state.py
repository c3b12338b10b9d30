"""The state database: who is connected, what is known, what was spent, what ran.

Plain tables through SQLAlchemy, so that SQLite beside the lake and a PostgreSQL elsewhere are the same to
the rest of this room. Every commit is durable when it returns.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    Column,
    Date,
    DateTime,
    Dialect,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import JSON, TypeDecorator


class StateUnusable(Exception):
    """The state database cannot be opened; says which and why."""


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; SQLite forgets the zone, this puts it back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, the name and place are SQLAlchemy's
        """To UTC."""
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, the name and place are SQLAlchemy's
        """From UTC."""
        return value if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


metadata: Final = MetaData()

owners: Final = Table(
    "owners",
    metadata,
    Column("owner_id", String, primary_key=True),
    Column("consented_at", Instant, nullable=False),
    Column("trouble", String),
    Column("sealed_tokens", LargeBinary),
    Column("tokens_kept_at", Instant),
)
vehicles: Final = Table(
    "vehicles",
    metadata,
    Column("vehicle_id", String, primary_key=True),
    Column("owner_id", String, nullable=False),
    Column("make", String),
    Column("model", String),
    Column("year", Integer),
    Column("timezone", String),
    Column("consented_at", Instant, nullable=False),
    Column("permissions", JSON, nullable=False),
)
coverage: Final = Table(
    "coverage",
    metadata,
    Column("vehicle_id", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("since", Date, primary_key=True),
    Column("until", Date, nullable=False),
)
streams: Final = Table(
    "streams",
    metadata,
    Column("vehicle_id", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("asked_at", Instant, nullable=False),
    Column("blocked_state", String),
    Column("blocked_detail", String),
    Column("blocked_until", Instant),
)
spend: Final = Table(
    "spend",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("vehicle_id", String),
    Index("spend_at", "at"),
    Index("spend_vehicle", "vehicle_id", "at"),
)
runs: Final = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("command", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String),
)
run_streams: Final = Table(
    "run_streams",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("requests", Integer, nullable=False, default=0),
    Column("received", Integer, nullable=False, default=0),
    Column("new", Integer, nullable=False, default=0),
    Column("changed", Integer, nullable=False, default=0),
    Column("unchanged", Integer, nullable=False, default=0),
    Column("quarantined", Integer, nullable=False, default=0),
    Column("drift", JSON, nullable=False, default=list),
)
transformed: Final = Table("transformed", metadata, Column("segment", String, primary_key=True))


def open_state(url: str) -> Engine:
    """The engine of the state database, its tables made if they are not there.

    Args:
        url: SQLAlchemy URL. A SQLite file gets mode 0600.

    Raises:
        StateUnusable: The database cannot be opened or is damaged.
    """
    parsed = _parsed(url)
    try:
        engine = create_engine(parsed)
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        metadata.create_all(engine)
    except (SQLAlchemyError, OSError, ImportError, ValueError) as error:
        shown = parsed.set(query={}).render_as_string(hide_password=True)
        reason = f"{getattr(error, 'orig', None) or error}".partition("\n")[0]
        raise StateUnusable(f"the state database {shown} cannot be used: {reason}") from None
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    if engine.url.database and engine.url.database != ":memory:":
        file = Path(engine.url.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.chmod(0o600)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (SQLAlchemyError, ValueError):  # their messages may quote the password
        raise StateUnusable(
            "CHARGELAKE_STATE_URL is no SQLAlchemy URL, as sqlite:////folder/file.db or "
            "postgresql+psycopg://user:password@host:5432/database"
        ) from None
