"""`forget`: a vehicle is erased from everything under the home, and a mark keeps it from coming back.

The order is what makes a kill harmless: the erasure is written down first; the connection at Smartcar ends; the mark is
laid, and from here on there is no way back; then raw, tables, pages and descriptions are gone through, each file
replaced in one step, closed months apart; the home is searched for what is left; the rows of the state go last, with
the erasure itself, and the database's file is scrubbed. Every step can be done again, and the next `forget` or run does
so.
"""

from __future__ import annotations

import gzip
import io
import logging
import re
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

import polars as pl
from polars import selectors

from collectors.errors import CollectError
from flows import descriptions
from flows.exits import Exit, Stop
from flows.house import House
from flows.publishing import publish_runs
from flows.receiving import seal_journals
from lake import schemas
from lake.closed import FOLDER
from lake.erasing import erase_from_segment
from lake.forgotten import Ending, Erasure
from lake.raw import DamagedSegment, segments
from lake.registry import Vehicle
from lake.tables import DamagedTable, SchemaMismatch
from transforms.drift import about

_log = logging.getLogger(__name__)
_AN_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,128}")
_PAGES: Final = "reports"
_IN_THE_WAY: Final = (Stop, DamagedSegment, DamagedTable, SchemaMismatch)
"""What stops an erasure, and must not stop a run that only went on with it."""

Disconnect = Callable[[Vehicle], Awaitable[object]]
"""Ends a vehicle's connection at Smartcar; raises CollectError."""


def begin(house: House, vehicle_id: str, connection: Ending) -> Erasure:
    """Write down that a vehicle is to be forgotten; the caller holds the lake.

    Args:
        house: The house.
        vehicle_id: Smartcar's id, or the name that pages show instead.
        connection: What is to become of the connection at Smartcar.

    Raises:
        Stop: Nothing here is of such a vehicle (exit code 2).
    """
    begun = {each.vehicle_id: each for each in house.forgotten.under_way()}
    if vehicle_id in begun and begun[vehicle_id].is_erasing:
        return begun[vehicle_id]
    vehicle = known(house, vehicle_id)
    if vehicle is None:
        erasure = Erasure(_unknown(house, vehicle_id), None, None, house.clock.now(), "keep")
    else:
        going = {each.vehicle_id for each in begun.values() if each.is_erasing} - {vehicle.vehicle_id}
        staying = [each for each in house.registry.vehicles() if each.vehicle_id not in going]
        is_last = sum(each.owner_id == vehicle.owner_id for each in staying) == 1
        owner_id = vehicle.owner_id if is_last else None
        erasure = Erasure(vehicle.vehicle_id, owner_id, vehicle.make, house.clock.now(), connection)
    house.forgotten.begin(erasure)
    return erasure


async def disconnected(house: House, erasure: Erasure, disconnect: Disconnect) -> Erasure:
    """End the connection, and lay the mark; the erasure as it is then.

    Raises:
        CollectError: The connection could not be ended, and was not allowed to stay: nothing was erased, and the
            erasure is taken back.
    """
    if erasure.is_erasing:
        return erasure
    try:
        await _end_connection(house, erasure, disconnect)
    except CollectError:
        house.forgotten.withdraw(erasure)
        raise
    house.forgotten.start_erasing(erasure)
    house.renew_guard()
    return replace(erasure, is_erasing=True)


def erase(house: House, erasure: Erasure) -> None:
    """Erase a vehicle whose connection is dealt with; the caller holds the lake.

    Raises:
        Stop: Something of it is left where chargelake does not erase (exit code 1); says where. The erasure stays
            written down, and the next `forget` or run goes on with it.
        DamagedSegment, DamagedTable: A file cannot be read, and so not be gone through.
    """
    seal_journals(house)
    _erase_raw(house, erasure)
    _erase_rows(house, erasure.vehicle_id)
    for page in house.store.list(_PAGES):
        house.store.delete(page)
    descriptions.drop(house, erasure.vehicle_id)
    if left := list(traces(house, erasure.ids)):
        shown = ", ".join(left[:5])
        line = f"{len(left)} files still name it: {shown}; remove or mend them, and `chargelake forget` it again"
        raise Stop(Exit.FAULT, line)
    house.forgotten.finish(erasure)
    if not house.forgotten.clean():
        _log.warning("the state database is being read: the next command that writes clears away what was deleted")


def finish_erasing(house: House) -> list[str]:
    """Go on with what was cut short after its connection had ended; gives what still stands in the way, in sentences.

    The caller holds the lake.
    """
    troubles = []
    for erasure in house.forgotten.under_way():
        if erasure.is_erasing:
            try:
                erase(house, erasure)
            except _IN_THE_WAY as error:
                troubles.append(f"a vehicle is not forgotten yet: {error}")
                _log.warning("not forgotten yet: %s", error)
    house.forgotten.clean()
    return troubles


async def finish_begun(house: House, disconnect: Disconnect) -> None:
    """Go on with what was cut short before its connection had ended; what cannot be ended is taken back and logged."""
    for erasure in house.forgotten.under_way():
        if not erasure.is_erasing:
            try:
                anew = begin(house, erasure.vehicle_id, erasure.connection)  # it may be its owner's last by now
                erase(house, await disconnected(house, anew, disconnect))
            except (CollectError, *_IN_THE_WAY) as error:
                _log.warning("not forgotten: %s", error)


def kept_in_books(house: House, ids: Iterable[str]) -> str | None:
    """Which closed months still hold one of these ids, as a sentence; None if none does.

    They are books: what was stated and paid has to be kept, and is never written again.
    """
    months = sorted({path.split("/")[1] for path in traces(house, ids, below=FOLDER)})
    if not months:
        return None
    return f"the closed months {', '.join(months)} keep what was stated of it: books have to be kept"


def traces(house: House, ids: Iterable[str], below: str = "") -> Iterator[str]:
    """The files of the home, the state database apart, that hold one of these ids in any form they are kept in.

    Args:
        house: The house.
        ids: What to look for.
        below: The folder to look in; by default everywhere but in closed months.
    """
    wanted = [each.encode() for each in ids]
    everything = (path for path in house.store.list(below) if below or not path.startswith(f"{FOLDER}/"))
    for path in everything:
        if not path.startswith("state/chargelake.db") and any(each in path.encode() for each in wanted):
            yield path
        elif not path.startswith("state/chargelake.db"):
            content = house.store.read(path)
            if any(each in form for form in _forms(path, content) for each in wanted):
                yield path


async def _end_connection(house: House, erasure: Erasure, disconnect: Disconnect) -> None:
    vehicle = known(house, erasure.vehicle_id)
    if vehicle is None or erasure.connection == "keep":
        return
    try:
        await disconnect(vehicle)
    except CollectError as error:
        if erasure.connection == "must_end" and vehicle.disconnected_at is None:
            raise
        _log.warning("the connection was not ended: %s", error)


def _erase_raw(house: House, erasure: Erasure) -> None:
    """Take it out of every segment, and examples that may be its own out of what those runs have noted."""
    runs: set[str] = set()
    for segment in segments(house.store):
        runs |= erase_from_segment(house.store, segment, erasure.ids)
    for run_id in runs:
        counts = house.runs.counts(run_id)
        notes = {stream: sorted({about(note) for note in count.drift}) for stream, count in counts.items()}
        house.forgotten.keep_drift(run_id, {name: kept for name, kept in notes.items() if kept})
    publish_runs(house)


def _erase_rows(house: House, vehicle_id: str) -> None:
    """Take its rows out of every table that has a vehicle in its rows."""
    for table in schemas.TABLES:
        if "vehicle_id" not in table.schema:
            continue
        for partition in house.tables.partitions(table):
            if vehicle_id in house.tables.read(table, [partition], columns=("vehicle_id",))["vehicle_id"]:
                rows = house.tables.read(table, [partition])
                house.tables.publish(table, rows.filter(pl.col("vehicle_id") != vehicle_id), [partition])


def _forms(path: str, content: bytes) -> Iterator[bytes]:
    yield content
    if path.endswith(".gz"):
        try:
            yield gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return
    elif path.endswith(".parquet"):
        frame = pl.read_parquet(io.BytesIO(content))
        texts = frame.select(selectors.string(), selectors.by_dtype(pl.List(pl.String)).list.join("\n"))
        yield from ("\n".join(column.drop_nulls().unique()).encode() for column in texts)


def known(house: House, name: str) -> Vehicle | None:
    """The vehicle with this id, or with this name on pages."""
    vehicles = house.registry.vehicles()
    called = house.names()
    return next((each for each in vehicles if name in {each.vehicle_id, called(each.vehicle_id)}), None)


def _unknown(house: House, vehicle_id: str) -> str:
    """The id of a vehicle that is not connected, if something of it is here all the same, as after a restored copy."""
    if not _AN_ID.fullmatch(vehicle_id) or not any(traces(house, [vehicle_id])):
        at = house.forgotten.forgotten_at(vehicle_id)
        said = f"was forgotten on {at:%Y-%m-%d}" if at else "is not known here; `chargelake vehicles` lists all"
        raise Stop(Exit.USAGE, f"vehicle {vehicle_id} {said}")
    return vehicle_id
