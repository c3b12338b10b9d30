"""What the parts of the cost page are made of: cells to add up, and names, places and words to stand beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import polars as pl
from markupsafe import Markup

from reports.costs import exact, grouping
from reports.costs.cells import Cube
from reports.costs.drawing import Label, Series, element

NOT_KNOWN: Final = "not known"
NONE: Final = "–"
NO_CURRENCY: Final = "no price"
HEADINGS: Final = {
    "make": "Make", "vehicle": "Vehicle", "driver": "Driver", "cost_centre": "Cost centre", "place": "Place",
    "site": "Place by name", "month": "Month", "currency": "Currency", "day": "Day",
}  # fmt: skip
NOBODY: Final = {
    "driver": grouping.NO_DRIVER, "cost_centre": grouping.NO_COST_CENTRE, "currency": NO_CURRENCY,
}  # fmt: skip
"""What a key without a value is called."""

Names = tuple[str | None, ...]


@dataclass(frozen=True)
class View:
    """What is drawn and written.

    Attributes:
        cubes: Of `reports.costs.cells`.
        names: The values of each key, sorted, None last.
        months: Months of the axes.
        places: Places with their colours.
        bands: Bands with their colours.
        digits: Digits by currency.
        reporting: The reporting currency.
        by: The key of the table.
        meanings: Sentences of reasons.
    """

    cubes: Mapping[str, Cube]
    names: Mapping[str, Names]
    months: tuple[Label, ...]
    places: tuple[Series, ...]
    bands: tuple[Series, ...]
    digits: Mapping[str, int]
    reporting: str
    by: str
    meanings: Mapping[str, str] = field(default_factory=dict)

    def sums(self, cube: str, keys: Sequence[str]) -> dict[tuple[str | None, ...], dict[str, int]]:
        """All sums of a cube by these keys, in the order of `names`."""
        of = self.cubes[cube]
        numbers = [name for name in of.frame.columns if name not in of.keys]
        rows = of.frame.group_by(keys).agg(pl.col(numbers).sum()) if keys else of.frame.select(pl.col(numbers).sum())
        found = {tuple(row[key] for key in keys): {each: row[each] for each in numbers} for row in rows.to_dicts()}
        places = {key: {name: at for at, name in enumerate(self.names[key])} for key in keys}
        ordered = sorted(found, key=lambda given: [places[key][name] for key, name in zip(keys, given, strict=True)])
        return {given: found[given] for given in ordered}

    @property
    def charging(self) -> tuple[Series, ...]:
        """Places where somebody can charge."""
        return tuple(place for place in self.places if place.name != grouping.BY_THE_MONTH)

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """Currencies in which something costs or is paid."""
        sums = self.sums("costs", ["currency"])
        return tuple(str(code) for (code,), row in sums.items() if code and row["costs"] + row["payments"])

    def month_names(self) -> list[str]:
        """The months of the axes as text."""
        return [str(name) for name in self.names["month"]]


def named(key: str, name: str | None) -> str:
    """A value of a key, also where there is none."""
    return NOBODY.get(key, NOT_KNOWN) if name is None else name


def money(row: Mapping[str, int], measure: str, code: str, view: View) -> str:
    """A sum of cells as money."""
    return exact.money(row[measure], code, view.digits.get(code, 2))


def nothing(sentence: str) -> Markup:
    """A sentence where there is nothing to draw or to list."""
    return element("p", {"class": "nothing"}, sentence)
