"""What a session costs, in plain Python and hour by hour: slow, and written without a look at how the lake does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
_TICK = timedelta(microseconds=1)
PriceAt = Callable[[datetime], Decimal | None]
"""Price of a kWh in the hour that begins at, or contains, an instant (UTC)."""


def hours(start: datetime, end: datetime) -> Iterable[tuple[datetime, datetime]]:
    """From start to end, cut at each full hour (UTC)."""
    at = start
    while at < end:
        full = at.replace(minute=0, second=0, microsecond=0)
        upto = min(full + HOUR, end)
        yield at, upto
        at = upto


def exact_cost(start: datetime, end: datetime, kwh: Decimal, price_at: PriceAt) -> Fraction | None:
    """Exactly what a session costs; None if some of it has no price."""
    total = Fraction(0)
    for since, until in hours(start, end):
        price = price_at(since)
        if price is None:
            return None
        total += Fraction(kwh) * Fraction((until - since) // _TICK, (end - start) // _TICK) * Fraction(price)
    if start == end:
        price = price_at(start)
        return None if price is None else Fraction(kwh) * Fraction(price)
    return total


def rounded(amount: Fraction, digits: int = 2) -> Decimal:
    """Rounded once, a half away from zero."""
    scaled = abs(amount) * 10**digits
    whole = (scaled.numerator * 2 + scaled.denominator) // (2 * scaled.denominator)
    return (Decimal(whole) if amount >= 0 else -Decimal(whole)).scaleb(-digits)


def by_local_month(sessions: Iterable[Mapping[str, Any]], zone: ZoneInfo, price_at: PriceAt) -> dict[str, Decimal]:
    """Costs by the local month of the start, of sessions with start, end and energy that are priced whole."""
    totals: dict[str, Decimal] = {}
    for session in sessions:
        cost = exact_cost(session["started_at"], session["ended_at"], Decimal(str(session["energy_kwh"])), price_at)
        if cost is not None:
            month = session["started_at"].astimezone(zone).strftime("%Y-%m")
            totals[month] = totals.get(month, Decimal(0)) + rounded(cost)
    return totals
