"""From what has landed to published tables: a batch of answers at a time, touching only what they touch.

Tables are a function of what has landed, in the order of landing. History is published before the current rows, and
a segment is marked as taken in after both: whatever is cut short is done again, and doing it again changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import Final

import polars as pl
from msgspec.structs import replace as with_fields

from collectors.inbox import MARK
from collectors.smartcar_v3.events import EVENTS
from flows.exits import Exit, Stop
from flows.house import House
from flows.locating import standing
from flows.publishing import window_days
from flows.receiving import COMMAND, seal_journals, take_notice
from lake import schemas
from lake.raw import Answer, DamagedSegment, landed_so_far, read_segment, segments, tag_of
from lake.reference import currencies
from lake.runs import StreamCount, add_counts
from lake.store import LocalStore
from lake.tables import Partition, Tables, with_month
from transforms import days, sessions, snapshots
from transforms.decode import Decoded, decode
from transforms.drift import about
from transforms.revisions import Counts as Made
from transforms.sweeps import Sweeps, told_whole

_BATCH_BYTES: Final = 64 * 2**20
"""Bodies that are taken in together, about; bounds the memory of a rebuild."""

BUILT: Final = (
    schemas.SESSION_HISTORY, schemas.CHARGE_SESSIONS, schemas.CHARGE_DAY_HISTORY, schemas.CHARGE_DAYS,
    schemas.CHARGE_SCHEDULES, schemas.CLIMATE_STATES, schemas.QUARANTINE,
)  # fmt: skip
"""The tables that are made from raw alone."""

Counts = dict[str, StreamCount]


@dataclass(slots=True)
class Batch:
    """Answers of one run that landed one after the other, and the segments they are in."""

    run_id: str
    segments: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


def take_in_new(house: House) -> Counts:
    """Take in everything that has landed since the last time; gives what became of the records, by stream."""
    done = house.runs.taken_in()
    counts: Counts = {}
    for batch in _batches(house, [name for name in _landed(house) if name not in done]):
        taken = add_counts(_take_in_batch(house, house.tables, batch), _take_notice(house, batch.answers))
        taken = _drift_once(house, batch.run_id, taken)
        _account_received(house, batch)
        house.runs.add(batch.run_id, taken, batch.segments)
        counts = add_counts(counts, taken)
    return counts


def hear(house: House) -> None:
    """Tell the ledger what landed events tell, before anything is asked: what was pushed need not be polled.

    Their records are taken in with everything else, and what is damaged is said then.
    """
    done = house.runs.taken_in()
    for name in _landed(house):
        if name not in done and tag_of(name).startswith(MARK):
            with contextlib.suppress(DamagedSegment):
                _take_notice(house, read_segment(house.store, name))


def rebuild(house: House, on_batch: Callable[[int], None] = lambda _: None) -> int:
    """Make the tables anew from all that has landed, asking nobody; gives how many files differed.

    They are built aside and only then replace what is published, so that readers see whole tables throughout.

    Args:
        house: The house.
        on_batch: Called with the number of segments of each batch that is done.
    """
    aside = LocalStore(Path(house.store.uri("state/staging/rebuild")))
    rmtree(aside.home, ignore_errors=True)
    done, marks = house.runs.taken_in(), []
    for batch in _batches(house, _landed(house)):
        taken = _take_in_batch(house, Tables(aside), batch)
        if new := [name for name in batch.segments if name not in done]:
            taken = add_counts(taken, _take_notice(house, batch.answers))
            _account_received(house, batch)
            marks.append((batch.run_id, taken if len(new) == len(batch.segments) else {}, new))
        on_batch(len(batch.segments))
    paths = _in_order(_built_files(house.store) | _built_files(aside))
    differing = sum(_replace(house, aside, path) for path in paths)
    for run_id, taken, new in marks:  # only now are their records in the tables
        house.runs.add(run_id, _drift_once(house, run_id, taken), new)
    rmtree(aside.home, ignore_errors=True)
    return differing


def take_in(house: House, tables: Tables, answers: list[Answer], earlier: Sequence[Answer] = ()) -> Counts:
    """Decode answers, make revisions of what they tell and no longer tell, and publish the partitions they touch.

    Args:
        house: The house.
        tables: Where to publish.
        answers: What has landed, of one run.
        earlier: Pages taken in before, of sweeps that end in these answers; they are not counted again.
    """
    decoded, before = decode(answers, currencies()), decode(earlier, currencies())
    refused = pl.concat([before.refused, decoded.refused])
    sweeps = told_whole([*before.pages, *decoded.pages], refused, window_days(house))
    by_day, with_days = _take_in_days(house, tables, decoded.days, sweeps.of_days())
    by_session = _take_in_sessions(house, tables, decoded.sessions, sweeps.of_sessions(), before.sessions, with_days)
    told = snapshots.read(answers)
    set_to = _take_in_snapshots(tables, told)
    _keep_quarantine(tables, pl.concat([decoded.quarantine, told.quarantine]))
    by_stream = add_counts(add_counts(by_session, by_day), set_to)
    return add_counts(add_counts(by_stream, _received(decoded)), _received(told))


def _landed(house: House) -> list[str]:
    """All segments, with what a receiver that has ended left in its journal."""
    seal_journals(house)
    return landed_so_far(house.store)


def _account_received(house: House, batch: Batch) -> None:
    """Begin the run of a batch that no run of ours has asked for."""
    if received := [answer.received_at for answer in batch.answers if answer.stream == EVENTS]:
        house.runs.receive(batch.run_id, COMMAND, min(received), max(received))


def _take_in_batch(house: House, tables: Tables, batch: Batch) -> Counts:
    answers, earlier = (
        _of_known_make(house, _remembered(house, each)) for each in (batch.answers, _begun_before(house, batch))
    )
    return take_in(house, tables, answers, earlier)


def _take_notice(house: House, answers: list[Answer]) -> Counts:
    return take_notice(house, _remembered(house, answers))


def _of_known_make(house: House, answers: list[Answer]) -> list[Answer]:
    """Each with the make that its vehicle is known by, whatever was told beside it.

    The make is where a record is kept. An event and a poll, or two events, may tell it otherwise or not at all, and the
    record must be found again all the same. A make that becomes known later makes the tables anew (`descriptions`).
    """
    makes = {each.vehicle_id: each.make for each in house.registry.vehicles() if each.make}
    known = ((answer, makes.get(answer.vehicle_id or "", answer.make)) for answer in answers)
    return [answer if make == answer.make else with_fields(answer, make=make) for answer, make in known]


def _remembered(house: House, answers: list[Answer]) -> list[Answer]:
    """Without those of a vehicle that was forgotten, as a copy of raw from before would bring them back."""
    return [answer for answer in answers if not house.guard.hides(answer.vehicle_id)]


def _take_in_sessions(
    house: House,
    tables: Tables,
    observed: pl.DataFrame,
    sweeps: Sweeps,
    again: pl.DataFrame,
    with_days: set[tuple[str, str]],
) -> Counts:
    told = pl.concat([again, observed])
    touched = sessions.touched_months(told, sweeps) | sessions.touched_by_id(_known_ids(tables, told), told)
    history = tables.read(schemas.SESSION_HISTORY, _partitions(touched))
    applied = sessions.apply(history, observed, sweeps, again)
    _keep_history(tables, history, applied)
    existing = touched | _existing(tables)
    published = (sessions.months_to_publish(touched) | sessions.touched_by_days(with_days)) & existing
    tables.publish_changed(schemas.CHARGE_SESSIONS, standing(house, tables, published), _partitions(published))
    return _counts(applied.counts, applied.notes)


def _take_in_days(
    house: House, tables: Tables, told: pl.DataFrame, sweeps: Sweeps
) -> tuple[Counts, set[tuple[str, str]]]:
    """What became of the days, and the months of them: where a session was may follow from its day."""
    observed = days.dated(told, house.vehicles_frame(), house.settings.timezone)
    months = days.touched_months(observed, sweeps)
    touched = _partitions(months)
    history = tables.read(schemas.CHARGE_DAY_HISTORY, touched)
    applied = days.apply(history, observed, sweeps)
    _append(tables, schemas.CHARGE_DAY_HISTORY, history, applied.appended)
    now = days.current(pl.concat([history, applied.appended]))
    tables.publish_changed(schemas.CHARGE_DAYS, now, touched)
    return _counts(applied.counts, applied.notes), months


def _take_in_snapshots(tables: Tables, told: snapshots.Read) -> Counts:
    """What vehicles are set to: whole files of a make each, as they hold changes alone."""
    counts: Counts = {}
    for table, observed in ((schemas.CHARGE_SCHEDULES, told.schedules), (schemas.CLIMATE_STATES, told.climates)):
        touched = {Partition(make) for make in observed["make"].unique()}
        history, made = snapshots.apply(table, tables.read(table, touched), observed)
        tables.publish_changed(table, history, touched)
        counts = add_counts(counts, _counts(made, {}))
    return counts


def _keep_quarantine(tables: Tables, found: pl.DataFrame) -> None:
    found = with_month(schemas.QUARANTINE, found)
    touched = {Partition(month=month) for month in found["month"].unique()}
    kept = pl.concat([tables.read(schemas.QUARANTINE, touched), found]).unique("raw_ref", keep="first")
    tables.publish_changed(schemas.QUARANTINE, kept, touched)


def _keep_history(tables: Tables, history: pl.DataFrame, applied: sessions.AppliedSessions) -> None:
    """Publish the months of history in which a revision was made or told again."""
    after = applied.history(history)
    again = history.filter(history["told_as_of"].ne_missing(after["told_as_of"].head(history.height)))
    touched = pl.concat([frame.select("make", "month") for frame in (applied.appended, again)]).unique()
    if not touched.is_empty():
        tables.publish(schemas.SESSION_HISTORY, after, _partitions(touched.iter_rows()))


def _append(tables: Tables, table: schemas.Table, history: pl.DataFrame, appended: pl.DataFrame) -> None:
    if appended.is_empty():
        return
    touched = _partitions(appended.select("make", "month").unique().iter_rows())
    tables.publish(table, pl.concat([history, appended]), touched)


def _known_ids(tables: Tables, observed: pl.DataFrame) -> pl.DataFrame:
    """The ids that history knows, of the makes whose observed records have ids."""
    makes = set(observed.filter(pl.col("source_record_id").is_not_null())["make"].unique())
    wanted = [each for each in tables.partitions(schemas.SESSION_HISTORY) if each.make in makes]
    return tables.read(schemas.SESSION_HISTORY, wanted, columns=sessions.INDEX.names()).select(sessions.INDEX.names())


def _existing(tables: Tables) -> set[tuple[str, str]]:
    return {(str(each.make), str(each.month)) for each in tables.partitions(schemas.SESSION_HISTORY)}


def _partitions(pairs: Iterable[tuple[str, str]]) -> set[Partition]:
    return {Partition(make, month) for make, month in pairs}


def _counts(made: dict[str, Made], notes: dict[str, set[str]]) -> Counts:
    counts = {
        stream: StreamCount(new=count.new, changed=count.changed, unchanged=count.unchanged)
        for stream, count in made.items()
    }
    said = {stream: StreamCount(drift=tuple(sorted(about_it))) for stream, about_it in notes.items()}
    return add_counts(counts, said)


def _received(decoded: Decoded | snapshots.Read) -> Counts:
    """What was received, sent to quarantine, and told otherwise than documented, by stream."""
    quarantined = dict(decoded.quarantine.group_by("stream").len().iter_rows())
    return {
        stream: StreamCount(
            received=received,
            quarantined=quarantined.get(stream, 0),
            drift=tuple(sorted(decoded.drift.get(stream, ()))),
        )
        for stream, received in decoded.received.items()
    }


def _drift_once(house: House, run_id: str, taken: Counts) -> Counts:
    """Counts without the drift that an earlier batch of the run has noted, with whatever example."""
    known = {stream: {about(note) for note in count.drift} for stream, count in house.runs.counts(run_id).items()}
    return {
        stream: replace(count, drift=tuple(note for note in count.drift if about(note) not in known.get(stream, ())))
        for stream, count in taken.items()
    }


def _batches(house: House, names: Iterable[str]) -> Iterator[Batch]:
    """Batches of whole segments: each of one run, and of a bounded size."""
    batch, size = Batch(""), 0
    for name in names:
        answers = _read(house, name)
        if batch.segments and (answers[0].run_id != batch.run_id or size > _BATCH_BYTES):
            yield batch
            batch, size = Batch(""), 0
        batch.run_id = answers[0].run_id
        batch.segments.append(name)
        batch.answers.extend(answers)
        size += sum(len(answer.body) for answer in answers)
    if batch.segments:
        yield batch


def _begun_before(house: House, batch: Batch) -> list[Answer]:
    """The pages, landed before this batch in the same run, of what its first pages go on with."""
    first_pages: dict[tuple[str | None, str], int] = {}
    for answer in batch.answers:
        first_pages.setdefault((answer.vehicle_id, answer.stream), answer.page or 1)
    wanted = {key for key, page in first_pages.items() if page > 1}
    found: list[Answer] = []
    names = segments(house.store) if wanted else []
    for name in reversed(names[: names.index(batch.segments[0])] if names else []):
        if not wanted:
            break
        if tag_of(name) != tag_of(batch.run_id):  # landed beside it, by a receiver
            continue
        answers = [answer for answer in _read(house, name) if answer.run_id == batch.run_id]
        pages = [answer for answer in answers if (answer.vehicle_id, answer.stream) in wanted]
        found += pages
        wanted -= {(answer.vehicle_id, answer.stream) for answer in pages if answer.page == 1}
    return found


def _read(house: House, name: str) -> list[Answer]:
    try:
        return read_segment(house.store, name)
    except DamagedSegment as error:
        raise Stop(Exit.FAULT, f"{error}; `chargelake doctor` says how to heal it") from None


def _built_files(store: LocalStore) -> set[str]:
    return {path for table in BUILT for path in store.list(f"lake/{table.name}", ".parquet")}


def _in_order(paths: Iterable[str]) -> list[str]:
    """History before current rows, and quarantine last: a record leaves it once it is in the tables."""
    tables = [table.name for table in BUILT]
    return sorted(paths, key=lambda path: (tables.index(path.split("/")[1]), path))


def _replace(house: House, aside: LocalStore, path: str) -> bool:
    """Publish the file that was built aside, or remove the one that was not; whether it differed."""
    if not aside.exists(path):
        house.store.delete(path)
        return True
    content = aside.read(path)
    if house.store.exists(path) and house.store.read(path) == content:
        return False
    house.store.put(path, content)
    return True
