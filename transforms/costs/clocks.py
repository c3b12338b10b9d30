"""Instants at which a price by the clock may change, through days of 23, 24 and 25 hours.

A local hour that does not exist has no instant, and one that comes twice has two: so each stretch between two
candidates is judged by what the clock shows when it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_STEP = timedelta(minutes=1)


def days(since: datetime, until: datetime, zone: ZoneInfo) -> list[date]:
    """The local days from one instant to another, both days included."""
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    return [first + number * _DAY for number in range((last - first).days + 1)]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def noon(day: date, zone: ZoneInfo) -> datetime:
    """Noon of a local day in UTC: an instant whose date is the same in every zone from UTC-11 to UTC+11."""
    return datetime.combine(day, time(12), zone).astimezone(UTC)


def stretches(
    minutes: Iterable[int], since: datetime, until: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The time from one instant to another, cut where the clock may show one of these minutes, or is changed.

    Args:
        minutes: Minutes since midnight; midnight is always one.
        since: Begin (UTC).
        until: End (UTC).
        zone: Of the clock.
    """
    marks = {0, *minutes}
    cuts = {since, until}
    for day in days(since, until, zone):
        cuts |= set(_instants(day, marks, zone)) | set(_changes(day, zone))
    yield from pairwise(sorted(cut for cut in cuts if since <= cut <= until))


def _instants(day: date, minutes: Iterable[int], zone: ZoneInfo) -> Iterator[datetime]:
    for minute in minutes:
        shown = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
        yield shown.replace(fold=0).astimezone(UTC)
        yield shown.replace(fold=1).astimezone(UTC)


def _changes(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The instant at which the clocks are changed on a day, to the minute, if they are."""
    low, high = midnight(day, zone), midnight(day + _DAY, zone)
    before = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == before:
        return
    while high - low > _STEP:
        middle = low + (high - low) // (2 * _STEP) * _STEP
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    yield high
