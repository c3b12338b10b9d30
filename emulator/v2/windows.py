"""`startDate`, `endDate` and other parameters of the query, read as Smartcar's API reference has them in §5."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from emulator.errors import bad_parameter
from emulator.model import Vehicle

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DEFAULT_DAYS = 30
# No car of the fleet is older, and a day can still be taken off.
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """An inclusive range of UTC dates."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """The first instant of the window."""
        return midnight(self.first)

    @property
    def until(self) -> datetime:
        """The first instant after the window."""
        return midnight(self.last) + timedelta(days=1)

    def not_before(self, first: date) -> "Window":
        """Give the window without what lies before `first`."""
        return Window(max(self.first, first), self.last)


def read_window(query: Mapping[str, str], vehicle: Vehicle, now: datetime) -> Window:
    """Read the dates; without them from 30 days ago, or the day of consent if later, to today (UTC)."""
    last = _date(query, "endDate") or now.date()
    usual = max(now.date() - timedelta(days=DEFAULT_DAYS), vehicle.connected_at.date())
    first = _date(query, "startDate") or usual
    if first > last and "startDate" in query and "endDate" in query:
        raise bad_parameter("startDate", "startDate lies after endDate")
    return Window(max(first, EARLIEST), min(last, now.date()))


def reachable(window: Window, vehicle: Vehicle, now: datetime, window_days: int) -> Window:
    """Cut away, without a word, what lies before consent or further back than `window_days` (0: no limit), §5.3."""
    window = window.not_before(vehicle.connected_at.date())
    if window_days:
        window = window.not_before(now.date() - timedelta(days=window_days))
    return window


def read_integer(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Read a whole number between `least` and `most`."""
    text = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
        raise bad_parameter(name, f"must be a whole number from {least} to {most}")
    return int(text)


def midnight(day: date) -> datetime:
    """Give the first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _date(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name)
    if text is None:
        return None
    wrong = bad_parameter(name, "must be a date written YYYY-MM-DD")
    if not _DATE.fullmatch(text):
        raise wrong
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise wrong from None
