"""A car of a real set on its way to a vehicle, and the small things every adapter needs."""

import csv
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from emulator.identity import VIN_PREFIX, uuid_of, vin_of
from emulator.model import DailyRecords, Session, Vehicle


@dataclass(frozen=True, slots=True)
class SetCar:
    """One car of a set: `name` is the owner's number there; `zone` IANA, `currency` ISO 4217."""

    name: str
    make: str
    model: str
    year: int
    zone: str
    country: str
    currency: str
    sessions: Sequence[Session]
    milliseconds: bool = False

    def as_vehicle(self, dataset: str, user_id: str) -> Vehicle:
        """Make the vehicle; its owner consented the day before its first session, so that all of it can be seen."""
        ordered = sorted(self.sessions, key=lambda session: (session.start, session.key))
        daily: DailyRecords = "empty" if self.make == "TESLA" else "served"
        return Vehicle(
            id=uuid_of("dataset", dataset, self.name),
            user_id=user_id,
            make=self.make,
            model=self.model,
            year=self.year,
            vin=vin_of(VIN_PREFIX[self.make], dataset, self.name),
            zone=self.zone,
            country=self.country,
            currency=self.currency,
            connected_at=_day_before(ordered[0].start),
            sessions=SessionList(ordered),
            daily_records=daily,
            milliseconds=self.milliseconds,
        )


class SessionList:
    """Sessions that are already there, oldest first, as a `SessionSource`."""

    def __init__(self, ordered: Sequence[Session]) -> None:
        self._sessions = ordered
        self._starts = [session.start for session in ordered]

    def __call__(self, since: datetime, until: datetime) -> Sequence[Session]:
        """Give the sessions that start in [since, until)."""
        return self._sessions[bisect_left(self._starts, since) : bisect_left(self._starts, until)]


def rows_of(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Read a CSV with a header as it stands, every value as text."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def grouped(rows: Iterable[dict[str, str]], column: str) -> dict[str, list[dict[str, str]]]:
    """Put rows together by the text of a column, in the order in which each text is first met."""
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def local_to_utc(text: str, pattern: str, zone: ZoneInfo) -> datetime:
    """Read a wall-clock stamp in `zone`; of a repeated hour the first, a missing hour as zoneinfo shifts it."""
    return datetime.strptime(text, pattern).replace(tzinfo=zone).astimezone(UTC)


def _day_before(start: datetime) -> datetime:
    return datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(days=1)
