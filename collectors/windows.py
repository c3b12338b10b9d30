"""Which days to ask for, and until when they can be had. Pure; days are UTC."""

from __future__ import annotations

from datetime import date, timedelta

from lake.intervals import DayInterval, Intervals, subtract

_DAY = timedelta(days=1)


def window_to_ask(
    coverage: Intervals,
    consent_day: date,
    today: date,
    *,
    lookback_days: int,
    window_days: int = 0,
    since: date | None = None,
    until: date | None = None,
) -> DayInterval | None:
    """The days to ask for now, or None if all is known.

    One interval from the oldest to the newest day wanted: known days in between cost no request more. Wanted are the
    unknown days and, since they may still change, today and the `lookback_days` before it.

    Args:
        coverage: The days known complete, disjoint.
        consent_day: When access was granted; nothing before it is asked for unless `since` says so.
        today: The day of the request.
        lookback_days: How much of the known past is read again.
        window_days: How far back the source tells; 0: without limit.
        since: Ask nothing before this day.
        until: Ask nothing after this day.
    """
    begin = consent_day if since is None else since
    first = max(begin, oldest_told(today, window_days) or begin)
    last = today if until is None else min(today, until)
    if first > last:
        return None
    whole = DayInterval(first, last)
    again = today - timedelta(days=lookback_days)
    wanted = subtract(whole, tuple(_before(coverage, again)))
    return DayInterval(wanted[0].since, wanted[-1].until) if wanted else None


def whole_days(asked: DayInterval, today: date, window_days: int = 0) -> DayInterval | None:
    """The days of an answered window that are known complete now; None if there are none.

    Today is not over. The source's oldest day is told from the time of day of the request on only, so it counts as
    known only where an earlier answer has it.
    """
    oldest = oldest_told(today, window_days)
    since = asked.since if oldest is None else max(asked.since, oldest + _DAY)
    until = min(asked.until, today - _DAY)
    return DayInterval(since, until) if since <= until else None


def deadline(coverage: Intervals, consent_day: date, today: date, window_days: int) -> date | None:
    """The day on which the oldest day not known yet can no longer be had whole; None where the source has no limit.

    Today is not known before it is over, so there is always one.
    """
    oldest = oldest_told(today, window_days)
    if oldest is None:
        return None
    first = max(consent_day, oldest + _DAY)
    unknown = subtract(DayInterval(first, today), coverage) if first <= today else ()
    return (unknown[0].since if unknown else today) + timedelta(days=window_days)


def oldest_told(today: date, window_days: int) -> date | None:
    """The oldest day of which the source tells anything; None without a limit."""
    return today - timedelta(days=window_days) if window_days > 0 else None


def _before(coverage: Intervals, day: date) -> list[DayInterval]:
    """The part of the coverage that lies before `day`."""
    return [DayInterval(each.since, min(each.until, day - _DAY)) for each in coverage if each.since < day]
