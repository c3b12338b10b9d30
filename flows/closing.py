"""Statements of a month as they are now, and closing a month: freezing what was stated.

The months close in order, each once, after it has ended on the clocks of every vehicle. What changes afterwards is
stated in the next open month, as corrections with reference to the line that was stated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from flows.costing import publish_costs
from flows.exits import Exit, Stop
from flows.house import House
from lake import schemas
from lake.closed import CORRECTIONS, LINES, AlreadyClosed, Closed, Manifest
from lake.raw import DamagedSegment, read_segment
from reports.statements.forms import FORMS, documents
from reports.statements.making import Material, days_of, drivers, statement
from transforms import months
from transforms.costs.assigning import with_assignment
from transforms.costs.correcting import CORRECTION, corrections, of_months
from transforms.exact import EARLIEST

_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_EARLIEST: Final = f"{EARLIEST:%Y-%m}"
_UNSAFE: Final = re.compile(r"[^a-z0-9]+")
_NOBODY: Final = "nobody"


def month_of(text: str) -> str:
    """A month of an option.

    Raises:
        Stop: It is none (exit code 2).
    """
    if not _MONTH.fullmatch(text) or text < _EARLIEST:
        raise Stop(Exit.USAGE, f"--month {text}: not a month such as 2026-10")
    return text


def printed(house: House, month: str, driver: str, forms: Iterable[str] = FORMS) -> dict[str, bytes]:
    """The documents of one driver's statement, by form: as archived if the month is closed, else as of now.

    Raises:
        Stop: There is nothing of that driver in the month (exit code 2).
        ClosedDamaged: The archived documents are not as they were.
    """
    found = dict(all_printed(house, month, forms, only=driver))
    if driver not in found:
        raise Stop(Exit.USAGE, f"there is nothing of {driver} in {month}; `--all` shows whom there is")
    return found[driver]


def all_printed(
    house: House, month: str, forms: Iterable[str] = FORMS, only: str | None = None
) -> Iterator[tuple[str | None, dict[str, bytes]]]:
    """Whose statements there are in a month, with their documents; of one driver alone if `only` says so."""
    closed, wanted = Closed(house.store), list(forms)
    if month in closed.months():
        for each in closed.manifest(month).statements:
            if only in {None, each.driver}:
                yield each.driver, {form: closed.read(month, each.files[form]) for form in wanted if form in each.files}
        return
    material = material_of(house, month, closes=False)
    for driver in drivers(material):
        if only in {None, driver}:
            yield driver, documents(statement(material, driver), wanted)


def close_month(house: House, month: str) -> Manifest:
    """Close a month; the caller holds the lake.

    Raises:
        Stop: It is closed, has not ended, or is not the next one (exit code 2).
    """
    closed = Closed(house.store)
    _check_turn(house, closed.months(), month)
    publish_costs(house)
    material = material_of(house, month, closes=True)
    lines = of_months(material.lines, [month]).select(schemas.COST_LINE.names())
    if lines.is_empty() and not closed.months():  # a month that is mistyped would be the first, and all others follow
        raise Stop(
            Exit.USAGE, f"there is nothing to state in {month}; the first month that closes is one with sessions"
        )
    stated = [
        (driver, file_stem(month, driver), documents(statement(material, driver))) for driver in drivers(material)
    ]
    tables = {LINES: lines.sort("started_at", "line_id"), CORRECTIONS: material.corrections}
    try:
        return closed.close(month, house.clock.now(), tables, stated)
    except AlreadyClosed as error:
        raise Stop(Exit.USAGE, str(error)) from None


def file_stem(month: str, driver: str | None) -> str:
    """What a driver's documents are called: a name that any file system takes, and no two drivers share."""
    if driver is None:
        return f"statement-{month}-{_NOBODY}"
    mark = hashlib.sha256(driver.encode()).hexdigest()[:8]
    return f"statement-{month}-{_UNSAFE.sub('-', driver.lower()).strip('-')[:40] or 'driver'}-{mark}"


def material_of(house: House, month: str, *, closes: bool) -> Material:
    """What the statements of an open month are made of; the next one to close carries the corrections."""
    around = [months.shifted(month, step) for step in (-1, 0, 1)]
    sessions = _read(house, schemas.CHARGE_SESSIONS, around)
    return Material(
        month=month,
        made_at=house.clock.now(),
        closes=closes,
        lines=_read(house, schemas.SESSION_COSTS, around),
        sessions=with_assignment(sessions, house.rules.assignments),
        corrections=_due(house, month),
        completeness=_read(house, schemas.COMPLETENESS, [month]),
        remarks=_read(house, schemas.RECONCILIATION, [month]),
        held=_held(house, month),
        policies=house.rules.policies,
        hash_of=_hashes(house),
        names=house.names(),
    )


def _read(house: House, table: schemas.Table, wanted: list[str]) -> pl.DataFrame:
    return house.tables.read(table, [each for each in house.tables.partitions(table) if each.month in wanted])


def _due(house: House, month: str) -> pl.DataFrame:
    """Corrections of what is closed, if this month is the next to close; of forgotten vehicles there are none."""
    closed = Closed(house.store)
    done = closed.months()
    if not done or month != months.shifted(done[-1], 1):
        return CORRECTION.to_frame()
    said = pl.concat([closed.frame(each, LINES) for each in done])
    corrected = pl.concat([closed.frame(each, CORRECTIONS).drop("stated_in") for each in done])
    now = house.tables.read(schemas.SESSION_COSTS)
    due = corrections(said, corrected, now, done)
    gone = {each for each in due["vehicle_id"].unique() if house.guard.hides(each)}
    return due.filter(~pl.col("vehicle_id").is_in(sorted(gone)))


def _held(house: House, month: str) -> pl.DataFrame:
    """Who had each vehicle on each day of the month: vehicle_id, driver, day."""
    days = pl.DataFrame({"local_date": days_of(month)}, schema={"local_date": pl.Date})
    vehicles = house.vehicles_frame().select("vehicle_id")
    told = with_assignment(vehicles.join(days, how="cross"), house.rules.assignments)
    return told.select("vehicle_id", "driver", pl.col("local_date").alias("day"))


def _hashes(house: House) -> Callable[[str], str | None]:
    """SHA-256 of landed answers by raw_ref; segments are read once."""

    @cache
    def of_segment(segment: str) -> dict[str, str]:
        try:
            return {each.ref: each.sha256 for each in read_segment(house.store, segment)}
        except DamagedSegment:
            return {}

    def hash_of(raw_ref: str) -> str | None:
        ref = raw_ref.partition("/")[0]
        return of_segment(ref.partition("#")[0]).get(ref)

    return hash_of


def _check_turn(house: House, done: list[str], month: str) -> None:
    if month in done:
        raise Stop(Exit.USAGE, f"{month} is closed; what has changed since is stated in {months.shifted(done[-1], 1)}")
    if done and month != months.shifted(done[-1], 1):
        raise Stop(Exit.USAGE, f"months close in order: {months.shifted(done[-1], 1)} is next, not {month}")
    first_after = date.fromisoformat(f"{months.shifted(month, 1)}-01")
    zones = {house.settings.timezone, *house.vehicles_frame()["timezone"].drop_nulls()}
    if early := sorted(zone for zone in zones if house.clock.now().astimezone(ZoneInfo(zone)).date() < first_after):
        raise Stop(Exit.USAGE, f"{month} has not ended in {early[0]}; close it from {first_after} on")
