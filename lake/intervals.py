"""Closed intervals of whole days, and the few things one does with them.

A tuple of intervals is **disjoint** when it is sorted and no two of them touch: that is what every function here
takes and gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class DayInterval:
    """The days from `since` to `until`, both included.

    Raises:
        ValueError: `until` is before `since`.
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise ValueError(f"an interval from {self.since} to {self.until} has no day")

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.since <= day <= self.until

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days + 1


Intervals = tuple[DayInterval, ...]


def union(intervals: Iterable[DayInterval]) -> Intervals:
    """The same days as disjoint intervals; those that touch become one."""
    merged: list[DayInterval] = []
    for interval in sorted(intervals):
        if merged and interval.since <= merged[-1].until + _DAY:
            merged[-1] = DayInterval(merged[-1].since, max(merged[-1].until, interval.until))
        else:
            merged.append(interval)
    return tuple(merged)


def subtract(whole: DayInterval, known: Intervals) -> Intervals:
    """The days of `whole` that no interval of `known` has."""
    gaps: list[DayInterval] = []
    since = whole.since
    for interval in known:
        if interval.until < since:
            continue
        if interval.since > whole.until:
            break
        if interval.since > since:
            gaps.append(DayInterval(since, interval.since - _DAY))
        since = interval.until + _DAY
    if since <= whole.until:
        gaps.append(DayInterval(since, whole.until))
    return tuple(gaps)


def covers(known: Intervals, interval: DayInterval) -> bool:
    """Whether every day of `interval` is in `known`."""
    return not subtract(interval, known)
