"""What vehicles are set to, from landed answers to history: schedules and climate alike.

In: answers and the known history of their makes. Out: the whole history with the new revisions, what cannot be true,
and what became of each answer: received = new + changed + unchanged + quarantined, each answer counting as one. An
answer that tells what is known already makes nothing. No file, no socket, no clock.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import polars as pl

from lake.raw import Answer
from lake.schemas import CHARGE_SCHEDULES, CLIMATE_STATES, QUARANTINE, UTC, Table
from transforms import climate, revisions, schedules
from transforms.drift import Drift
from transforms.reading import NO_MAKE
from transforms.schedules import Row
from transforms.told import Impossible

KEY: Final = ("vehicle_id", "source", "part")
_SIGNAL: Final = "v3_timers"
_BODY_LIMIT: Final = 1000
_NAMES: Final = ("vehicle_id", "make", "source", "part", "stream", "told", "run_id", "raw_ref")
OBSERVATION: Final = pl.Schema([*((name, pl.String) for name in _NAMES), ("received_at", UTC), ("position", pl.Int64)])
"""One row an answer; `told` is what it tells as JSON in one form, so that equal things are equal text."""

_REVISION: Final = pl.Schema(
    [*((name, pl.String) for name in KEY), ("revision", pl.Int32), ("first_seen_at", UTC), ("raw_ref", pl.String)]
)

CONTENT: Final = {CHARGE_SCHEDULES.name: schedules.CONTENT, CLIMATE_STATES.name: climate.CONTENT}


@dataclass(frozen=True, slots=True)
class Read:
    """What a batch of answers tells.

    Attributes:
        schedules: `OBSERVATION` of charge schedules; `part` is empty text.
        climates: `OBSERVATION` of parts of the climate.
        quarantine: `lake.schemas.QUARANTINE`.
        received: Answers, a stream.
        drift: What a stream told otherwise than documented.
    """

    schedules: pl.DataFrame
    climates: pl.DataFrame
    quarantine: pl.DataFrame
    received: dict[str, int]
    drift: dict[str, set[str]]


def read(answers: Iterable[Answer]) -> Read:
    """Read all 200 answers of schedules and climate; any other is passed over, as is what was said when one was set."""
    wanted = [each for each in answers if each.status == 200 and _is_told(each.stream)]  # noqa: PLR2004 (HTTP OK)
    received = Counter[str]()
    drift, good, bad = Drift(), list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for answer in wanted:
        try:
            if (told := _told(answer, drift)) is not None:
                good.append(_observation(answer, told))
                received[answer.stream] += 1
        except Impossible as error:
            bad.append(_quarantined(answer, error))
            received[answer.stream] += 1
    observed = pl.DataFrame(good, schema=OBSERVATION, orient="row")
    of_schedule = observed["stream"].is_in(list(schedules.READERS))
    return Read(
        observed.filter(of_schedule),
        observed.filter(~of_schedule),
        pl.DataFrame(bad, schema=QUARANTINE.schema, orient="row"),
        dict(received),
        drift.notes(),
    )


def apply(table: Table, history: pl.DataFrame, observations: pl.DataFrame) -> tuple[pl.DataFrame, _Counts]:
    """The history with the revisions that the observations make, and what became of them, a stream.

    Args:
        table: `CHARGE_SCHEDULES` or `CLIMATE_STATES`.
        history: Its rows of the makes observed.
        observations: `OBSERVATION`, in any order; what was taken in before makes nothing.
    """
    known, told, _ = revisions.in_order(_revisions(table, history), observations, _NO_SWEEPS)
    made = revisions.revise(known, told, KEY, ("told",))
    rows = [row for each in made.iter_rows(named=True) for row in _rows(table, each)]
    new = pl.DataFrame(rows, schema=table.schema, orient="row")
    return _superseded(table, pl.concat([history, new])), revisions.counts(told, made)


def current(history: pl.DataFrame) -> pl.DataFrame:
    """The rows that stand: those that no later answer has replaced."""
    return history.filter(pl.col("superseded_at").is_null())


def is_sound(table: Table, history: pl.DataFrame) -> bool:
    """Whether each revision says rightly when it was replaced, so that one of each stands."""
    return history.equals(_superseded(table, history))


def known_at(history: pl.DataFrame, at: Any) -> pl.DataFrame:
    """The rows as they were known at an instant: what was replaced later still stood."""
    later = pl.col("superseded_at") > at
    rows = history.filter(pl.col("observed_at") <= at)
    return rows.with_columns(pl.when(~later).then("superseded_at").alias("superseded_at"))


_Counts = dict[str, revisions.Counts]
_NO_SWEEPS: Final = pl.DataFrame(schema={"raw_ref": pl.String, "position": pl.Int64})


def _is_told(stream: str) -> bool:
    return stream in schedules.READERS or stream in climate.PARTS


def _told(answer: Answer, drift: Drift) -> str | None:
    """What an answer tells, in one form; None where it tells that there is nothing to tell."""
    try:
        body = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Impossible("unreadable_answer", f"the body is not the documented JSON: {error}") from None
    if answer.stream in climate.PARTS:
        return _one_form([climate.state(answer.stream, body, drift)])
    if answer.stream == _SIGNAL:
        body = _body_of_signal(body)
    return None if body is None else _one_form(schedules.READERS[answer.stream](body, drift))


def _body_of_signal(answer: Any) -> Any:
    """The body of a signal, bare or as `data`; None where it has none, as one that is UNAVAILABLE."""
    signal = answer.get("data", answer) if isinstance(answer, dict) else None
    attributes = signal.get("attributes") if isinstance(signal, dict) else None
    if not isinstance(attributes, dict):
        raise Impossible("unreadable_answer", "the answer is no signal")
    return attributes.get("body")


def _one_form(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as JSON in an order of their own, since the order of windows says nothing."""
    return f"[{','.join(sorted(json.dumps(row, sort_keys=True) for row in rows))}]"


def _observation(answer: Answer, told: str) -> tuple[Any, ...]:
    part = climate.PARTS.get(answer.stream, "")
    make = (answer.make or NO_MAKE) if answer.stream == _SIGNAL else answer.stream.partition("_")[0].upper()
    names = (answer.vehicle_id, make, answer.source, part, answer.stream, told, answer.run_id, answer.ref)
    return (*names, answer.received_at, 0)


def _quarantined(answer: Answer, error: Impossible) -> tuple[Any, ...]:
    record = answer.body[:_BODY_LIMIT].encode(errors="replace").decode()
    where = (answer.received_at, answer.run_id, answer.source, answer.stream, answer.vehicle_id)
    return (*where, error.reason, error.detail, record, f"{answer.ref}/0")


def _revisions(table: Table, history: pl.DataFrame) -> pl.DataFrame:
    """One row a known revision, with what it told."""
    content, found = CONTENT[table.name], dict[tuple[Any, ...], list[Row]]()
    for row in history.iter_rows(named=True):
        key = (
            row["vehicle_id"],
            row["source"],
            row.get("part", ""),
            row["revision"],
            row["observed_at"],
            row["raw_ref"],
        )
        found.setdefault(key, []).append({name: row[name] for name in content})
    frame = pl.DataFrame(list(found), schema=_REVISION, orient="row")
    return frame.with_columns(pl.Series("told", [_one_form(rows) for rows in found.values()], pl.String))


def _rows(table: Table, made: Row) -> list[Row]:
    """The table's rows of one revision."""
    shared = {name: made[name] for name in ("vehicle_id", "make", "source", "revision", "run_id", "raw_ref")}
    shared |= {"part": made["part"], "observed_at": made["received_at"], "superseded_at": None}
    told: Sequence[Row] = json.loads(made["told"])
    rows = [shared | each | {"window_no": number} for number, each in enumerate(told, 1)]
    return [{name: row[name] for name in table.schema} for row in rows]


def _superseded(table: Table, history: pl.DataFrame) -> pl.DataFrame:
    """History with the instant at which each revision was replaced by the next."""
    keys = [name for name in KEY if name in table.schema]
    known = history.select(*keys, "revision", "observed_at").unique().sort(*keys, "revision")
    replaced = known.with_columns(pl.col("observed_at").shift(-1).over(keys).alias("superseded_at"))
    joined = history.drop("superseded_at").join(
        replaced.drop("observed_at"), on=[*keys, "revision"], how="left", maintain_order="left"
    )
    return joined.select(table.schema.names())
