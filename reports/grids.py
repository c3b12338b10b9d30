"""Tables of written figures for a page: what was billed, what is known, what was refused, what runs did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lake.runs import StreamCount
from lake.schemas import COMPLETENESS_STATES, QUARANTINE_REASONS
from reports import wording
from reports.figures import KNOWN, NOT_GIVEN, Billed, DaysInState, Quarantined, Run

Kind = Literal["label", "number", "prose"]
"""A label and a number stay on one line, prose wraps."""
Columns = tuple[tuple[str, Kind], ...]
"""Heading and kind of each column."""

_COUNTS: Final = ("Requests", "Records", "New", "Changed", "Unchanged", "Quarantined")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of written figures.

    Attributes:
        columns: Heading and kind of each column.
        rows: As many cells as columns; of any text, the page escapes it.
    """

    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[str, ...], ...]


def labels(*headings: str) -> tuple[tuple[str, Kind], ...]:
    """Columns of labels."""
    return tuple((heading, "label") for heading in headings)


def numbers(*headings: str) -> tuple[tuple[str, Kind], ...]:
    """Columns of numbers."""
    return tuple((heading, "number") for heading in headings)


def prose(heading: str) -> tuple[tuple[str, Kind], ...]:
    """A column of sentences."""
    return ((heading, "prose"),)


def billed(totals: Sequence[Billed]) -> Grid:
    """Totals by currency, each with the digits of its currency."""
    rows = (
        (
            each.currency,
            wording.count(each.bills),
            wording.count(each.incomplete),
            wording.money(each.total, each.currency),
        )
        for each in totals
    )
    return Grid((*labels("Currency"), *numbers("Bills", "Incomplete", "Billed")), tuple(rows))


def states(completeness: Sequence[DaysInState]) -> Grid:
    """Vehicle × stream × days by state, with what the state means."""
    rows = (
        (each.state, wording.count(each.days), _counts_as(each.state), COMPLETENESS_STATES.get(each.state, ""))
        for each in completeness
    )
    columns = (*labels("State"), *numbers("Days"), *labels("Counts as"), *prose("What it means"))
    return Grid(columns, tuple(rows))


def quarantined(reasons: Sequence[Quarantined]) -> Grid:
    """Records in quarantine by reason, with what the reason means."""
    rows = (
        (each.reason, wording.count(each.records), ", ".join(each.streams), QUARANTINE_REASONS.get(each.reason, ""))
        for each in reasons
    )
    columns = (*labels("Reason"), *numbers("Records"), *labels("Streams"), *prose("What it means"))
    return Grid(columns, tuple(rows))


def streams(run: Run) -> Grid:
    """What one run did, by stream; where a stream had other fields than its documentation, which."""
    rows = [(name, *_counts(count), ", ".join(count.drift)) for name, count in run.streams.items()]
    columns = (*labels("Stream"), *numbers(*_COUNTS))
    if any(count.drift for count in run.streams.values()):
        return Grid((*columns, *prose("Other fields than documented")), tuple(rows))
    return Grid(columns, tuple(row[:-1] for row in rows))


def runs(latest: Sequence[Run]) -> Grid:
    """Runs, their streams taken together."""
    rows = (
        (
            run.run_id,
            run.command,
            wording.instant(run.started_at),
            wording.duration(run.started_at, run.finished_at),
            *_counts(run.total),
        )
        for run in latest
    )
    return Grid((*labels("Run", "Command", "Started"), *numbers("Took", *_COUNTS)), tuple(rows))


def _counts(count: StreamCount) -> tuple[str, ...]:
    numbers = (count.requests, count.received, count.new, count.changed, count.unchanged, count.quarantined)
    return tuple(wording.count(number) for number in numbers)


def _counts_as(state: str) -> str:
    if state in KNOWN:
        return "known"
    return "neither" if state in NOT_GIVEN else "unknown"
