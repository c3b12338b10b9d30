"""Which session a record without an id is (BMW, MINI), decided and not guessed.

The rule, over all that has landed of a vehicle, answer after answer in canonical order:

- A record is the known session whose start and end both lie within `TOLERANCE`. An open end matches by start alone:
  an open record is a known session, and a known open session is completed by a record with an end.
- Two records of one answer are always two sessions, even with equal starts, even if they are wholly equal.
- Where several pairs are possible: equal times first, then both ends told, then the nearest times, then the
  nearest energy; each record and each session is in one pair.

Starts of one vehicle that follow each other within the tolerance are a **component**; no pair reaches across. Nearly
all components can hold one session alone and are decided in Polars; the few others are replayed, revision by
revision, as each answer found them: so a record told again is found again whatever its session has become since.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import polars as pl

from transforms.revisions import MOVED

TOLERANCE: Final = timedelta(seconds=30)
"""BMW tells a session again with its times a few seconds off; a false start lies minutes before the real one."""

_TOLERANCE_US = TOLERANCE // timedelta(microseconds=1)
_ANSWERS: Final = 1 << 31
"""More answers than any batch has."""
_VEHICLE: Final = ("source", "vehicle_id")
_TIMES: Final = (*_VEHICLE, "started_at", "ended_at", "energy_kwh", "answer", "position", "landed")


_RECORD_NAME: Final = "record\x1f{}\x1f{}\x1f{}"
_START_NAME: Final = "start\x1f{}\x1f{}\x1f{}\x1f{}"


def ids_of_records(records: pl.DataFrame) -> pl.Series:
    """Session ids from the source's own ids: 32 hex characters each.

    Args:
        records: Columns source, vehicle_id, source_record_id.
    """
    return _ids(records, pl.format(_RECORD_NAME, *_VEHICLE, "source_record_id"))


def _ids_of_starts(first: pl.DataFrame) -> pl.Series:
    """Session ids from the start as first told (µs since 1970), each the first of its vehicle with that start."""
    return _ids(first, pl.format(_START_NAME, *_VEHICLE, pl.col("started_at").to_physical(), pl.lit("0")))


def _ids(frame: pl.DataFrame, names: pl.Expr) -> pl.Series:
    return pl.Series("new_id", [_digest(name) for name in frame.select(names).to_series()], pl.String)


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def by_time(history: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """The session of each record that has no id of its own.

    Args:
        history: All revisions of the touched months without a source_record_id: source, vehicle_id, session_id,
            revision, status, started_at, ended_at, energy_kwh, answer, position, landed.
        observations: source, vehicle_id, started_at, ended_at, energy_kwh, answer, position, landed.

    Returns:
        Columns landed, session_id: one row an observation.
    """
    components = _components(history, observations)
    alone = _alone(components)
    simple = components.join(alone, on="component", how="inner")
    crowded = components.join(alone, on="component", how="anti")
    return pl.concat([_of_lone_sessions(simple), _replayed(crowded)])


def _components(history: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """History and observations of one timeline, cut into components; those without an observation are left out."""
    vehicles = observations.select(_VEHICLE).unique().with_row_index("vehicle")
    known = history.select(*_TIMES, "session_id", "revision", "status")
    timeline = pl.concat([known, observations.select(_TIMES)], how="diagonal").join(vehicles, on=_VEHICLE)
    timeline = timeline.sort("vehicle", "started_at", "landed")
    new_vehicle = pl.col("vehicle").ne_missing(pl.col("vehicle").shift(1))
    far = (pl.col("started_at") - pl.col("started_at").shift(1)) > TOLERANCE
    parts = timeline.with_columns((new_vehicle | far).cum_sum().cast(pl.Int64).alias("component"))
    observed = parts.filter(pl.col("session_id").is_null()).select("component").unique()
    return parts.join(observed, on="component", how="semi")


def _alone(components: pl.DataFrame) -> pl.DataFrame:
    """Components that hold one session whatever the order: column component, and its session_id if it is known.

    A revision that landed after all that is told here is of a batch that was cut short and is done again: what was
    known before it has to be found by the order.
    """
    told = pl.col("session_id").is_null()
    last_told, last_known = (pl.col("landed").filter(which).max() for which in (told, ~told))
    told_by = pl.when(told).then(pl.col("component") * _ANSWERS + pl.col("answer"))
    twice = told_by.is_duplicated() & told
    return (
        components.with_columns(twice.alias("twice"))
        .group_by("component")
        .agg(
            (pl.col("started_at").max() - pl.col("started_at").min() <= TOLERANCE).alias("near_starts"),
            (pl.col("ended_at").max() - pl.col("ended_at").min() <= TOLERANCE).fill_null(value=True).alias("near_ends"),
            pl.col("twice").any(),
            (pl.col("status") == MOVED).any().alias("moved"),
            (last_known > last_told).alias("known_later"),
            pl.col("session_id").min(),
            pl.col("session_id").max().alias("_other"),
        )
        .filter(
            "near_starts", "near_ends", ~pl.col("twice"), ~pl.col("moved").fill_null(value=False),
            ~pl.col("known_later").fill_null(value=False),
            pl.col("session_id").eq_missing(pl.col("_other")),
        )
        .select("component", pl.col("session_id").alias("known_id"))
    )  # fmt: skip


def _of_lone_sessions(simple: pl.DataFrame) -> pl.DataFrame:
    """All observations of such a component are the one session in it; its first start names it if it is new."""
    told = simple.filter(pl.col("session_id").is_null())
    first = told.filter(pl.col("known_id").is_null()).filter(
        pl.col("landed") == pl.col("landed").min().over("component")
    )
    named = told.join(first.select("component", _ids_of_starts(first)), on="component", how="left")
    return named.select("landed", pl.coalesce("known_id", "new_id").alias("session_id"))


def _replayed(crowded: pl.DataFrame) -> pl.DataFrame:
    """The few components that need one-to-one assignment, each replayed in the order of landing."""
    physical = crowded.with_columns(pl.col("started_at", "ended_at").to_physical()).sort("component", "landed")
    found: list[tuple[int, str]] = []
    for (_,), rows in physical.group_by("component", maintain_order=True):
        found += _Replay(rows.iter_rows(named=True)).run()
    return pl.DataFrame(found, schema={"landed": pl.Int64, "session_id": pl.String}, orient="row")


@dataclass(frozen=True, slots=True)
class _Told:
    """One record, or one revision of a known session: times in µs, energy in kWh."""

    start: int
    end: int | None
    energy: float | None
    landed: int
    session_id: str
    gone: bool


@dataclass(slots=True)
class _Landing:
    """What one answer told of a component, and what history knows of that answer."""

    told: list[_Told] = field(default_factory=list)
    revised: list[_Told] = field(default_factory=list)


class _Replay:
    """A component of one vehicle, answer by answer: what was known then, and what each record was."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._known: dict[str, _Told] = {}
        self._first_starts: Counter[int] = Counter()
        self._landings: defaultdict[int, _Landing] = defaultdict(_Landing)
        self._vehicle = ("", "")
        for row in rows:
            self._sort_in(row)

    def _sort_in(self, row: dict[str, Any]) -> None:
        self._vehicle = (row["source"], row["vehicle_id"])
        told = _Told(
            row["started_at"], row["ended_at"], row["energy_kwh"], row["landed"], row["session_id"] or "",
            gone=row["status"] == MOVED,
        )  # fmt: skip
        landing = self._landings[row["answer"]]
        if not told.session_id:
            landing.told.append(told)
            return
        landing.revised.append(told)
        self._first_starts[told.start] += row["revision"] == 1

    def run(self) -> Iterator[tuple[int, str]]:
        """Each record's place in the order of landing, and its session."""
        for _, landing in sorted(self._landings.items()):
            yield from self._take_in(landing)

    def _take_in(self, landing: _Landing) -> Iterator[tuple[int, str]]:
        """Records that made a revision are known by it; the others are matched with the sessions left."""
        made = {revision.landed: revision.session_id for revision in landing.revised}
        taken = set(made.values())
        open_records = [record for record in landing.told if record.landed not in made]
        pairs = _assigned(open_records, {key: known for key, known in self._known.items() if key not in taken})
        for record in landing.told:
            session_id = made.get(record.landed) or pairs.get(record.landed) or self._new(record.start)
            self._known[session_id] = record
            yield record.landed, session_id
        for revision in sorted(landing.revised, key=lambda told: not told.gone):
            self._know(revision)

    def _know(self, revision: _Told) -> None:
        """A session that moved out of the months at hand cannot be met in them any more."""
        if revision.gone:
            self._known.pop(revision.session_id, None)
        else:
            self._known[revision.session_id] = revision

    def _new(self, start: int) -> str:
        ordinal = self._first_starts[start]
        self._first_starts[start] += 1
        return _digest(_START_NAME.format(*self._vehicle, start, ordinal))


def _assigned(records: list[_Told], known: dict[str, _Told]) -> dict[int, str]:
    """The best pairs first, each record and each session in one pair at most."""
    ranked = sorted(
        (rank, record.landed, session_id)
        for record in records
        for session_id, session in known.items()
        if (rank := _rank(record, session)) is not None
    )
    pairs: dict[int, str] = {}
    for _, landed, session_id in ranked:
        if landed not in pairs and session_id not in pairs.values():
            pairs[landed] = session_id
    return pairs


def _rank(record: _Told, session: _Told) -> tuple[int, int, float] | None:
    """How well a record fits a known session, smallest is best; None if it cannot be that session."""
    apart = abs(record.start - session.start)
    if apart > _TOLERANCE_US:
        return None
    energy = abs((record.energy or 0.0) - (session.energy or 0.0))
    if (record.start, record.end) == (session.start, session.end):
        return 0, 0, energy
    if record.end is None or session.end is None:
        return 2, apart, energy
    ends_apart = abs(record.end - session.end)
    return None if ends_apart > _TOLERANCE_US else (1, apart + ends_apart, energy)
