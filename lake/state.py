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
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Engine,
    ExceptionContext,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.schema import CreateColumn
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
    Column("disconnected_at", Instant),
    Column("switched_off", JSON, nullable=False, server_default="[]"),
    Column("interfaces", JSON, nullable=False, server_default='["v2.0"]'),
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
    Column("whose_move", String),
)
notices: Final = Table(
    "notices",
    metadata,
    Column("vehicle_id", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("sequence", BigInteger),
    Column("blocked_state", String),
    Column("blocked_detail", String),
    Column("blocked_until", Instant),
    Column("whose_move", String),
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
asides: Final = Table(
    "asides",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("vehicle_id", String, nullable=False),
    Column("requests", Integer, nullable=False),
    Index("asides_vehicle", "vehicle_id", "at"),
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
capabilities: Final = Table(
    "capabilities",
    metadata,
    Column("vehicle_id", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("capable", Boolean, nullable=False),
    Column("reason", String),
    Column("checked_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
)
house_keys: Final = Table(
    "house_keys",
    metadata,
    Column("name", String, primary_key=True),
    Column("key", LargeBinary, nullable=False),
)
tombstones: Final = Table(
    "tombstones",
    metadata,
    Column("mark", String, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("is_clean", Boolean, nullable=False),
)
forgetting: Final = Table(
    "forgetting",
    metadata,
    Column("vehicle_id", String, primary_key=True),
    Column("owner_id", String),
    Column("make", String),
    Column("begun_at", Instant, nullable=False),
    Column("connection", String, nullable=False),
    Column("is_erasing", Boolean, nullable=False),
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
        _add_new_columns(engine)
    except (SQLAlchemyError, OSError, ImportError, ValueError) as error:
        raise _unusable(parsed, error) from None
    _explain_errors(engine)
    return engine


def damage(engine: Engine) -> str | None:
    """What SQLite finds damaged in its file, in one sentence; None if it is sound, or another database.

    Raises:
        StateUnusable: It cannot even be looked at.
    """
    if engine.dialect.name != "sqlite":
        return None
    with engine.connect() as connection:
        found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    return None if found == "ok" else str(_unusable(engine.url, ValueError(f"malformed: {' '.join(found.split())}")))


def scrub(engine: Engine) -> bool:
    """Leave no byte of deleted rows in a SQLite file or its log; gives whether that is so.

    A reader that still looks at the past keeps the log as it is; then it is False, and another time may help. Another
    database keeps what its own vacuum has not cleared yet, which is for its administrator: there it is True.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))
        busy, *_ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    return not busy


def _add_new_columns(engine: Engine) -> None:
    """Give the tables of an older chargelake the columns that came since; each has a default."""
    found = inspect(engine)
    for table in metadata.sorted_tables:
        there = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                added = CreateColumn(column).compile(dialect=engine.dialect)
                with engine.begin() as connection:
                    connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {added}"))


def _explain_errors(engine: Engine) -> None:
    """Raise what the machine or the file is to blame for as StateUnusable, whichever statement met it."""

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        error = context.sqlalchemy_exception
        if error is not None and type(error) in {OperationalError, DatabaseError}:
            raise _unusable(engine.url, error) from None


def _unusable(url: URL, error: BaseException) -> StateUnusable:
    shown = url.set(query={}).render_as_string(hide_password=True)
    reason = f"{getattr(error, 'orig', None) or error}".partition("\n")[0]
    advice = next((f": {words}" for sign, words in _WHAT_TO_DO.items() if sign in reason.lower()), "")
    return StateUnusable(f"the state database {shown} cannot be used ({reason}){advice}")


_ANEW: Final = (
    "bring back a copy of it, or move it aside with its -wal and -shm, connect the owners again and run "
    "`chargelake rebuild`, which makes the tables from what has landed"
)
_WHAT_TO_DO: Final = {
    "malformed": _ANEW,
    "not a database": _ANEW,
    "full": "nothing is half written; free some space, and run again",
    "disk i/o error": "nothing is half written; look whether its disk is full or failing, and run again",
    "read-only": "mount it writable, or set CHARGELAKE_HOME to another folder",
    "readonly": "let this user write to it and to its folder",
    "permission denied": "let this user write to it and to its folder",
}


def _prepare_sqlite(engine: Engine) -> None:
    if engine.url.database and engine.url.database != ":memory:":
        file = Path(engine.url.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.chmod(0o600)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (SQLAlchemyError, ValueError):  # their messages may quote the password
        raise StateUnusable(
            "CHARGELAKE_STATE_URL is no SQLAlchemy URL, as sqlite:////folder/file.db or "
            "postgresql+psycopg://user:password@host:5432/database"
        ) from None
