"""The parity report as one HTML document, nothing to fetch and nothing to run, in the look of the overview page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from reports import verdicts, wording
from reports.grids import Columns, Grid, labels, numbers, prose
from reports.overview import render
from reports.parity import FieldParity, Lone, MakeParity, NearMiss
from reports.verdicts import LABELS, apart

NOBODY: Final = (
    "No vehicle is seen through both v2.0 and v3, so there is nothing to compare: `chargelake connect --v3` connects "
    "one through v3 as well."
)
_BADGES: Final = {verdicts.READY: "✓ can switch", verdicts.LOOK: "! look first", verdicts.NOTHING: "… not proved yet"}
_MOST_LISTED: Final = 100
_SHORT: Final = 10
_NOTHING: Final = "–"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: its class in the style sheet, its words, how many and how that is written."""

    name: str
    label: str
    number: int
    written: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The first rows of a list, how many it has and how many are left out."""

    grid: Grid
    number: str
    more: int
    is_short: bool


@dataclass(frozen=True, slots=True)
class MakeSection:
    """A make, written out for the template."""

    name: str
    readiness: str
    badge: str
    verdict: str
    parts: tuple[Part, ...]
    fields: Grid
    reasons: Grid
    lone_v2: Listed
    lone_v3: Listed
    near: Listed


def page(
    makes: Sequence[MakeParity],
    generated_at: datetime,
    title: str,
    since: date | None = None,
    until: date | None = None,
) -> str:
    """The page as one self-contained HTML document; without a make it says that nothing can be compared."""
    return render(
        "parity.html.j2",
        title=title,
        generated_at=wording.instant(generated_at.astimezone(UTC)),
        period=f", for sessions that start {since or 'at any time'} to {until or 'now'}" * bool(since or until),
        nobody=NOBODY.replace("`", ""),
        sessions=sessions(makes),
        makes=[_section(each) for each in makes],
    )


def sessions(makes: Sequence[MakeParity]) -> Grid:
    """Sessions by make and by who tells them, as on the terminal."""
    columns = numbers(
        "Vehicles", "Days both know", "Told by both", "v2.0 alone", "v3 alone", "Not told by v2.0", "Not comparable"
    )
    rows = (
        (
            each.make,
            *map(wording.count, (each.vehicles, each.common_days, each.both, len(each.only_v2), len(each.only_v3))),
            *map(wording.count, (each.not_told_by_v2, each.uncompared)),
        )
        for each in makes
    )
    return Grid((*labels("Make"), *columns), tuple(rows))


def _section(of: MakeParity) -> MakeSection:
    readiness = verdicts.readiness(of)
    return MakeSection(
        name=of.make,
        readiness=readiness,
        badge=_BADGES[readiness],
        verdict=verdicts.verdict(of),
        parts=_parts(of),
        fields=_fields(of.fields),
        reasons=_reasons(of),
        lone_v2=_listed(_LONE, [_lone(each) for each in of.only_v2]),
        lone_v3=_listed(_LONE, [_lone(each) for each in of.only_v3]),
        near=_listed(_NEAR, [_near(each) for each in of.near_misses]),
    )


def _parts(of: MakeParity) -> tuple[Part, ...]:
    numbered = (
        ("both", "told by both", of.both),
        ("only_v2", "told by v2.0 alone", len(of.only_v2)),
        ("only_v3", "told by v3 alone", len(of.only_v3)),
        ("not_told_by_v2", "without a bill, which v2.0 does not tell by its nature", of.not_told_by_v2),
        ("not_comparable", "not comparable", of.uncompared),
    )
    return tuple(Part(name, label, number, wording.count(number)) for name, label, number in numbered)


def _fields(fields: Sequence[FieldParity]) -> Grid:
    """A row a field; of amounts, a row a currency that differs. What neither tells is left out."""
    rows: list[tuple[str, ...]] = []
    for each in fields:
        counts = (each.agree, each.differ, each.other_currency, each.only_v2, each.only_v3)
        if not any(counts):
            continue
        spreads = [tuple(apart(value, of.unit) for value in (of.median, of.p95, of.largest)) for of in each.spreads]
        first, *more = spreads or [(_NOTHING,) * 3]
        rows.append((LABELS[each.field], *map(wording.count, counts), *first))
        rows += [("",) * 6 + spread for spread in more]
    counted = numbers("Equal", "Differ", "Two currencies", "v2.0 alone", "v3 alone")
    return Grid((*labels("Field"), *counted, *numbers("Median apart", "95 % within", "At most")), tuple(rows))


def _reasons(of: MakeParity) -> Grid:
    rows = ((each.means, wording.count(each.sessions), wording.count(each.tellings)) for each in of.not_comparable)
    return Grid((*prose("Why"), *numbers("Sessions", "Tellings")), tuple(rows))


_LONE: Final[Columns] = (*labels("Vehicle", "Start", "End"), *numbers("Energy", "Billed"), *labels("session_id"))
_NEAR: Final[Columns] = (
    *labels("Vehicle", "Start in v2.0", "Start in v3"),
    *numbers("Starts apart", "Ends apart", "Energies apart"),
    *labels("session_id of v2.0", "of v3"),
)


def _lone(of: Lone) -> tuple[str, ...]:
    energy = _NOTHING if of.energy_kwh is None else f"{wording.kwh(of.energy_kwh)} kWh"
    billed = _NOTHING if of.currency is None else wording.money(of.billed_total, of.currency)
    return of.vehicle, wording.instant(of.started_at), wording.instant(of.ended_at), energy, billed, of.session_id


def _near(of: NearMiss) -> tuple[str, ...]:
    starts, ends = (
        _NOTHING if each is None else f"{each / 60:.1f} min" for each in (of.starts_apart_s, of.ends_apart_s)
    )
    energy = _NOTHING if of.energy_apart_kwh is None else f"{wording.kwh(of.energy_apart_kwh)} kWh"
    moments = (wording.instant(of.started_at_v2), wording.instant(of.started_at_v3))
    return of.vehicle, *moments, starts, ends, energy, of.session_id_v2, of.session_id_v3


def _listed(columns: Columns, rows: Sequence[tuple[str, ...]]) -> Listed:
    more = max(len(rows) - _MOST_LISTED, 0)
    return Listed(Grid(columns, tuple(rows[:_MOST_LISTED])), wording.count(len(rows)), more, len(rows) <= _SHORT)
