"""How long to wait: the header `Retry-After`, and the end of a month's allowance. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that `Retry-After` asks to wait, in both forms of RFC 9110 (section 10.2.3); None if it is not there.

    Args:
        headers: Response headers, names in lower case.
        now: When the answer was received (UTC). A date is reckoned from it and from the answer's own `date`, since
            either clock may be off; the shorter wait counts, and a date in the past of both is 0.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _seconds_to(text, (now, _date(headers.get("date", "")) or now))
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def first_of_next_month(now: datetime) -> datetime:
    """The first instant of the next calendar month, UTC: when monthly allowances begin anew."""
    now = now.astimezone(UTC)
    return datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)


def _seconds_to(text: str, starts: Iterable[datetime]) -> float | None:
    instant = _date(text)
    if instant is None:
        return None
    waits = ((instant - start).total_seconds() for start in starts)
    return min((wait for wait in waits if wait > 0), default=0.0)


def _date(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
