"""Runs: what each asked, and what became of every record that it received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

import polars as pl
from sqlalchemy import Connection, Engine, insert, select, update

from lake import state
from lake.schemas import RUNS


@dataclass(frozen=True, slots=True)
class StreamCount:
    """What a run did with one stream.

    Attributes:
        requests: Requests sent.
        received: Records received = new + changed + unchanged + quarantined.
        drift: What the stream told otherwise than documented.
    """

    requests: int = 0
    received: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    drift: tuple[str, ...] = field(default=())

    def __add__(self, other: StreamCount) -> StreamCount:
        """Counts added, drift united."""
        return StreamCount(
            self.requests + other.requests,
            self.received + other.received,
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.quarantined + other.quarantined,
            tuple(sorted({*self.drift, *other.drift})),
        )

    @property
    def is_conserved(self) -> bool:
        """Whether every record received has become exactly one thing."""
        return self.received == self.new + self.changed + self.unchanged + self.quarantined


class Runs:
    """Runs in the state database."""

    def __init__(self, engine: Engine) -> None:
        """Work on the database behind `engine`."""
        self._engine = engine

    def begin(self, run_id: str, command: str, at: datetime) -> None:
        """A run starts."""
        with self._engine.begin() as connection:
            connection.execute(insert(state.runs).values(run_id=run_id, command=command, started_at=at))

    def receive(self, run_id: str, command: str, since: datetime, until: datetime) -> None:
        """What was pushed to us is taken in under a run that no process of ours ends: it is as long as its answers."""
        with self._engine.begin() as connection:
            known = state.runs.c.run_id == run_id
            if connection.execute(update(state.runs).where(known).values(finished_at=until)).rowcount:
                return
            values = {"run_id": run_id, "command": command, "started_at": since, "finished_at": until}
            connection.execute(insert(state.runs).values(values | {"outcome": "done"}))

    def add(self, run_id: str, counts: Mapping[str, StreamCount], segments: Iterable[str] = ()) -> None:
        """Add to what the run did, by stream.

        Args:
            run_id: The run.
            counts: What to add.
            segments: Landed segments whose records these are; they are marked as taken in, in the same transaction.
        """
        known = self.counts(run_id)
        marks = [{"segment": segment} for segment in set(segments) - self.taken_in()]
        with self._engine.begin() as connection:
            for stream, count in counts.items():
                _set_count(connection, run_id, stream, known.get(stream, StreamCount()) + count)
            if marks:
                connection.execute(insert(state.transformed), marks)

    def taken_in(self) -> frozenset[str]:
        """The landed segments whose records are in the tables."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(select(state.transformed.c.segment)).scalars())

    def finish(self, run_id: str, outcome: str, at: datetime) -> None:
        """A run ended, with this outcome."""
        with self._engine.begin() as connection:
            change = update(state.runs).where(state.runs.c.run_id == run_id)
            connection.execute(change.values(finished_at=at, outcome=outcome))

    def counts(self, run_id: str) -> dict[str, StreamCount]:
        """What a run did, by stream."""
        table = state.run_streams
        with self._engine.connect() as connection:
            rows = connection.execute(select(table).where(table.c.run_id == run_id)).mappings()
            return {
                row["stream"]: StreamCount(
                    row["requests"],
                    row["received"],
                    row["new"],
                    row["changed"],
                    row["unchanged"],
                    row["quarantined"],
                    tuple(row["drift"]),
                )
                for row in rows
            }

    def table(self) -> pl.DataFrame:
        """All runs and streams, in the schema of the `runs` table."""
        runs, streams = state.runs, state.run_streams
        query = select(
            runs.c.run_id, runs.c.command, runs.c.started_at, runs.c.finished_at, streams.c.stream, streams.c.requests,
            streams.c.received, streams.c.new, streams.c.changed, streams.c.unchanged, streams.c.quarantined,
            streams.c.drift,
        ).join_from(runs, streams, runs.c.run_id == streams.c.run_id)  # fmt: skip
        with self._engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(query.order_by(runs.c.run_id, streams.c.stream))]
        return pl.DataFrame(rows, schema=RUNS.schema, orient="row")


def add_counts(one: Mapping[str, StreamCount], other: Mapping[str, StreamCount]) -> dict[str, StreamCount]:
    """Counts by stream, added."""
    streams = sorted({*one, *other})
    return {name: one.get(name, StreamCount()) + other.get(name, StreamCount()) for name in streams}


def _set_count(connection: Connection, run_id: str, stream: str, count: StreamCount) -> None:
    table = state.run_streams
    values = asdict(count) | {"drift": list(count.drift)}
    where = (table.c.run_id == run_id, table.c.stream == stream)
    if not connection.execute(update(table).where(*where).values(values)).rowcount:
        connection.execute(insert(table).values(run_id=run_id, stream=stream, **values))
