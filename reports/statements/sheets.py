"""A statement as tables of plain values, for writers of rows: each part with its columns, nothing joined to text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from reports.statements.model import (
    Remark,
    StatedCorrection,
    StatedLine,
    StatedSession,
    Statement,
    Total,
    UnknownDays,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a statement.

    Attributes:
        title: What it shows.
        columns: Names of the fields, as in the model.
        rows: Values: text, whole numbers, floats, decimals, dates, instants in UTC, or None where nothing is known.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def sheets(stated: Statement) -> tuple[Sheet, ...]:
    """All parts of a statement; a part without rows keeps its columns."""
    return (
        _sheet("Totals", Total, stated.totals),
        _sheet("Sessions", StatedSession, stated.sessions),
        _sheet("Lines", StatedLine, stated.lines),
        _sheet("Corrections", StatedCorrection, stated.corrections),
        _sheet("Days not known", UnknownDays, stated.unknown_days),
        _sheet("To be looked at", Remark, stated.remarks),
    )


def _sheet(title: str, shape: type[msgspec.Struct], parts: Iterable[msgspec.Struct]) -> Sheet:
    names = shape.__struct_fields__
    return Sheet(title, names, tuple(tuple(_cell(getattr(part, name)) for name in names) for part in parts))


def _cell(value: object) -> object:
    """A value that fits a cell: lists become text."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return value
