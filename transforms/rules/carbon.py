"""Grams of CO2 that a kWh of the grid stands for, as `carbon.toml` says it: a series in time, or a factor by year."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from transforms.rules.reading import BadRule, toml
from transforms.rules.series import Series

MOST: Final = 3_000
"""Grams of CO2 a kWh that no grid exceeds; what is higher was written in another unit."""
_MICRO: Final = 10**6

Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Text = Annotated[str, Meta(min_length=1)]
Year = Annotated[int, Meta(ge=2000, le=2200)]


class FactorEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """The mean of a country's grid in a year, and whether it is taken for later ones, as it is written."""

    country: Country
    year: Year
    g_per_kwh: Decimal
    source: Text
    last_year: Year | None = None

    @property
    def years(self) -> range:
        """The years it is taken for."""
        return range(self.year, (self.last_year or self.year) + 1)


class SeriesEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A series of a country's grid, as it is written."""

    country: Country
    file: Text
    source: Text
    valid_from: date = date.min
    valid_to: date = date.max


class CarbonFile(Struct, frozen=True, forbid_unknown_fields=True):
    """All of `carbon.toml`."""

    factor: tuple[FactorEntry, ...] = field(default_factory=tuple)
    series: tuple[SeriesEntry, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Intensities:
    """A series and where it counts.

    Attributes:
        entry: As it is written; both days of its validity are local and included.
        series: Its values, in millionths of a gram a kWh.
    """

    entry: SeriesEntry
    series: Series


@dataclass(frozen=True, slots=True)
class Carbon:
    """All that is known of CO2. Where a series counts it goes over a factor, also in the hours that it lacks."""

    factors: tuple[FactorEntry, ...] = ()
    series: tuple[Intensities, ...] = ()


def parse(text: str, series: Callable[[str], Series]) -> Carbon:
    """The factors and series of `carbon.toml`.

    Args:
        text: The file.
        series: Gives the series of a file by its name in the folder of rules.

    Raises:
        BadRule: It is not of this form, a value cannot be, or two entries are for the same country and time.
    """
    read = toml(text, CarbonFile)
    _refuse_odd(read)
    _refuse_twice(read)
    found = tuple(Intensities(entry, series(entry.file)) for entry in read.series)
    for each in found:
        _refuse_unit(each)
    return Carbon(read.factor, found)


def _refuse_odd(read: CarbonFile) -> None:
    for entry in read.factor:
        if not (entry.g_per_kwh.is_finite() and 0 <= entry.g_per_kwh <= MOST):
            name = f"{entry.country} in {entry.year}"
            raise BadRule(f"the factor of {name}: g_per_kwh is in grams, from 0 to {MOST}, not {entry.g_per_kwh}")
        if not entry.years:
            raise BadRule(f"the factor of {entry.country}: last_year {entry.last_year} is before {entry.year}")
    for series in read.series:
        if series.valid_to < series.valid_from:
            raise BadRule(f"the series {series.file}: valid_to {series.valid_to} is before valid_from")


def _refuse_twice(read: CarbonFile) -> None:
    years = [(entry.country, year) for entry in read.factor for year in entry.years]
    if twice := [key for key in years if years.count(key) > 1]:
        raise BadRule(f"there are two factors for {twice[0][0]} in {twice[0][1]}")
    for one, other in combinations(read.series, 2):
        if one.country == other.country and _meet(one, other):
            raise BadRule(f"the series {one.file} and {other.file} are both for {one.country} on the same days")


def _meet(one: SeriesEntry, other: SeriesEntry) -> bool:
    return one.valid_from <= other.valid_to and other.valid_from <= one.valid_to


def _refuse_unit(intensities: Intensities) -> None:
    values: Sequence[int] = intensities.series.rows["value"].to_list()
    if odd := [value for value in values if not 0 <= value <= MOST * _MICRO]:
        told = Decimal(odd[0]) / _MICRO
        raise BadRule(f"the series {intensities.entry.file}: values are grams a kWh, from 0 to {MOST}, not {told}")
