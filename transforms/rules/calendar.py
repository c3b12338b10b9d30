"""When a price holds: hours of the day, kinds of days, holidays and seasons, on the clock of a tariff."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

import holidays

from transforms.rules.reading import BadRule

MINUTES_OF_A_DAY: Final = 1440
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOLIDAYS: Final = "holidays"
_KINDS: Final = {"all": {*WEEKDAYS, HOLIDAYS}, "weekdays": set(WEEKDAYS[:5]), "weekends": set(WEEKDAYS[5:])}
_HOURS: Final = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_SEASON: Final = re.compile(r"(\d\d?)-(\d\d?)\.\.(\d\d?)-(\d\d?)")
_LEAP_YEAR: Final = 2024


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day, in minutes since midnight on the clock; the end does not belong to it."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Season:
    """Days of the year from the first to the last, both inclusive, as (month, day); it may go over New Year."""

    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, day: date) -> bool:
        """Whether a day is in it."""
        at = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last


WHOLE_YEAR: Final = Season((1, 1), (12, 31))


@dataclass(frozen=True, slots=True)
class Holidays:
    """The public holidays of a country or region, and days named beside them.

    Attributes:
        region: As `DE` or `DE-BY` (ISO 3166); None: no calendar is used.
        days: Further days.
    """

    region: str | None = None
    days: frozenset[date] = frozenset()

    @property
    def are_known(self) -> bool:
        """Whether holidays are told at all; if not, they are days as all others."""
        return self.region is not None or bool(self.days)

    def of_years(self, years: Iterable[int]) -> frozenset[date]:
        """The holidays of these years, and the days named.

        Raises:
            BadRule: There is no such country or region.
        """
        if self.region is None:
            return self.days
        country, _, region = self.region.partition("-")
        try:
            known = holidays.country_holidays(country, subdiv=region or None, years=list(years))
        except NotImplementedError:  # what the library says of a country or region that it does not know
            raise BadRule(f"no calendar of holidays is known of {self.region}; use ISO 3166, as DE or DE-BY") from None
        return self.days | frozenset(known)


def kind_of_day(day: date, of: frozenset[date]) -> str:
    """The weekday, or `holidays`, of a day.

    Args:
        day: The day.
        of: The holidays.
    """
    return HOLIDAYS if day in of else WEEKDAYS[day.weekday()]


def days_of(words: Iterable[str]) -> frozenset[str]:
    """The kinds of days that words name: `all`, `weekdays`, `weekends`, `holidays`, `monday` to `sunday`.

    Raises:
        BadRule: A word is none of these.
    """
    found: set[str] = set()
    for word in words:
        kinds = _KINDS.get(word.lower(), {word.lower()} & {*WEEKDAYS, HOLIDAYS})
        if not kinds:
            raise BadRule(f"days: {word!r} is none of all, weekdays, weekends, holidays, {', '.join(WEEKDAYS)}")
        found |= kinds
    return frozenset(found)


def hours_of(text: str) -> tuple[Hours, ...]:
    """Hours such as `06:00-22:00`; those over midnight are both ends of the same days.

    Raises:
        BadRule: They are no hours.
    """
    told = _HOURS.fullmatch(text)
    since, until = (_minute(*told.groups()[at : at + 2]) for at in (0, 2)) if told else (None, None)
    if since is None or until is None or since == until:
        raise BadRule(f"hours: {text!r} are no hours such as 06:00-22:00")
    if since < until:
        return (Hours(since, until),)
    return tuple(each for each in (Hours(0, until), Hours(since, MINUTES_OF_A_DAY)) if each.since < each.until)


def season_of(text: str) -> Season:
    """A season such as `06-01..09-30`, both days inclusive.

    Raises:
        BadRule: It is none.
    """
    told = _SEASON.fullmatch(text)
    numbers = [int(each) for each in told.groups()] if told else []
    try:
        first, last = (date(_LEAP_YEAR, *numbers[at : at + 2]) for at in (0, 2))
    except (TypeError, ValueError):
        raise BadRule(f"season: {text!r} is no season such as 06-01..09-30") from None
    return Season((first.month, first.day), (last.month, last.day))


def _minute(hour: str, minute: str) -> int | None:
    at = 60 * int(hour) + int(minute)
    return at if int(minute) < 60 and at <= MINUTES_OF_A_DAY else None  # noqa: PLR2004 (minutes of an hour)
