"""Time-of-use schedules of utilities of the United States, in the JSON form of acnportal's signals.

A schedule has an id, days of the year, days of the week, and steps: from which hour (a half hour is .5) which price a
kWh holds until the next (format: zach401/acnportal, `acnportal/signals/tariffs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Literal, TypeAlias

import msgspec

from transforms.rules.calendar import MINUTES_OF_A_DAY, Hours, Season, days_of, season_of
from transforms.rules.reading import BadRule, with_finite_numbers

Step: TypeAlias = tuple[str, Decimal, tuple[Hours, ...], frozenset[str], Season]
"""Band, price a kWh, hours, kinds of days, season."""

_LAST_HOUR = Decimal(24)


class _Schedule(msgspec.Struct, frozen=True):
    id: str
    effective_start: str
    effective_end: str
    dow_mask: Literal["ALL", "WEEKDAYS", "WEEKENDS"]
    times: tuple[Decimal, ...]
    tariffs: tuple[Decimal, ...]
    demand_charge: Decimal = Decimal(0)


class _File(msgspec.Struct, frozen=True):
    name: str
    schedule: tuple[_Schedule, ...]


def bands_of(text: str) -> Iterator[Step]:
    """The steps of a file. Charges for demand are left out: they are of a site's peak and not of a session.

    Raises:
        BadRule: It is not of this form.
    """
    try:
        read = with_finite_numbers(msgspec.json.decode(text, type=_File))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadRule(f"schedule: {error}") from None
    for schedule in read.schedule:
        yield from _steps(schedule)


def _steps(schedule: _Schedule) -> Iterator[Step]:
    times = [*schedule.times, _LAST_HOUR]
    if len(schedule.times) != len(schedule.tariffs) or not schedule.times or times[0] != 0 or sorted(times) != times:
        raise BadRule(f"schedule {schedule.id}: times must rise from 0, each with a price")
    season = season_of(f"{schedule.effective_start}..{schedule.effective_end}")
    for (since, until), price in zip(pairwise(times), schedule.tariffs, strict=True):
        hours = Hours(_minute(schedule, since), _minute(schedule, until))
        band = f"{schedule.id} {_clock(hours.since)}-{_clock(hours.until)}"
        yield band, price, (hours,), _days(schedule), season


def _days(schedule: _Schedule) -> frozenset[str]:
    return days_of([schedule.dow_mask.lower()])


def _minute(schedule: _Schedule, hour: Decimal) -> int:
    minute = hour * 60
    if minute != int(minute) or minute > MINUTES_OF_A_DAY:
        raise BadRule(f"schedule {schedule.id}: {hour} is no hour of a day")
    return int(minute)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
