"""The overview page: one HTML document that says what a lake holds, with nothing to fetch and nothing to run.

It is read from the published tables alone and can be mailed, archived and printed. All text from data is escaped by
the template; only the drawings of `reports.charts` pass as markup. The same tables and time give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from lake.names import Namer
from reports import figures, grids, tallies, wording
from reports.figures import Action
from reports.headline import tiles
from reports.tallies import Readable

_TEMPLATE: Final = "overview.html.j2"
_MOST_ACTIONS: Final = 25
_MOST_VEHICLES: Final = 20
_MOST_RUNS: Final = 10


@dataclass(frozen=True, slots=True)
class Todo:
    """A sentence for somebody to act on.

    Attributes:
        vehicles: How many wait, and of which makes.
        ids: The first of them, by the names that the page gives them.
        more: How many others.
    """

    whose_move: str
    what_to_do: str
    vehicles: str
    ids: tuple[str, ...]
    more: int


def overview(
    tables: Readable, generated_at: datetime, title: str, named: Namer, *, as_of: datetime | None = None
) -> str:
    """The page as one self-contained HTML document.

    Args:
        tables: The published tables of a lake; it may be empty.
        generated_at: When the page is made, an aware instant; shown in UTC.
        title: Heading of the page.
        named: What to call a vehicle: pseudonyms as a rule, `lake.names.real_ids` on request.
        as_of: The instant as of which the tables are known, where that is not now; shown in UTC.

    Raises:
        lake.tables.DamagedTable: A file of the lake cannot be read.
        lake.tables.SchemaMismatch: A file of the lake was written with another schema.
    """
    from reports import panels  # noqa: PLC0415, drawing loads altair: half a second for who only imports this module

    tallied = tallies.take(tables)
    summary = figures.summary(tallied)
    return render(
        _TEMPLATE,
        title=title,
        generated_at=wording.instant(generated_at.astimezone(UTC)),
        as_of=as_of and wording.instant(as_of.astimezone(UTC)),
        is_empty=tallied.is_empty,
        summary=summary,
        tiles=tiles(summary),
        panels=panels.all_panels(tallied, summary.billed),
        todos=todos(summary.actions, named),
        actions_left=max(len(summary.actions) - _MOST_ACTIONS, 0),
        runs=figures.runs(tallied.runs, _MOST_RUNS),
        grids=grids,
        instant=wording.instant,
    )


def render(template: str, **values: Any) -> str:
    """A page of a template, all text escaped; a value that the template asks for and is not given is an error."""
    pages = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return pages.get_template(template).render(**values)


def todos(actions: tuple[Action, ...], named: Namer) -> tuple[Todo, ...]:
    """What needs somebody, the sentence of most vehicles first, as many as a page should show."""
    return tuple(
        Todo(
            whose_move=each.whose_move.replace("_", " "),
            what_to_do=each.what_to_do or "No sentence was given.",
            vehicles=f"{wording.counted(len(each.vehicle_ids), 'vehicle', 'vehicles')} ({', '.join(each.makes)})",
            ids=tuple(named(vehicle_id) for vehicle_id in each.vehicle_ids[:_MOST_VEHICLES]),
            more=max(len(each.vehicle_ids) - _MOST_VEHICLES, 0),
        )
        for each in actions[:_MOST_ACTIONS]
    )
