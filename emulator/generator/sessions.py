"""The sessions of one generated car, four weeks at a time.

A block of four weeks is drawn from the car's seed and the block's number alone, so it comes out the same whichever
is asked first. Within a block one session follows another after a gap, so that a car is never in two places; the
last one ends before the block does.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from emulator.generator import figures
from emulator.generator.charging import draw_session
from emulator.generator.profile import Profile
from emulator.model import Place, Session

EPOCH = datetime(2010, 1, 4, tzinfo=UTC)
BLOCK = timedelta(days=28)
# Shorter gaps happen at whatever hour the session before ended; much shorter ones are a plug put in again.
ERRAND = 6.0
AGAIN = 0.5
PAUSE = timedelta(minutes=1)
FRIDAY = 4
HOURS = range(24)


class GeneratedSessions:
    """The sessions of one car since `first` (UTC) as a `SessionSource`."""

    def __init__(self, profile: Profile, first: datetime) -> None:
        self._profile = profile
        self._first = first

    def __call__(self, since: datetime, until: datetime) -> Sequence[Session]:
        """Give the sessions that start in [since, until)."""
        since = max(since, self._first)
        if until <= since:
            return []
        blocks = range((since - EPOCH) // BLOCK, (until - EPOCH) // BLOCK + 1)
        found = [session for block in blocks for session in sessions_of_block(self._profile, block)]
        low = bisect_left(found, since, key=lambda session: session.start)
        high = bisect_left(found, until, key=lambda session: session.start)
        return found[low:high]


@lru_cache(maxsize=16_384)
def sessions_of_block(profile: Profile, block: int) -> tuple[Session, ...]:
    """Draw the sessions of a block, oldest first."""
    rng = Random(f"{profile.seed}/{block}")
    begin, end = EPOCH + block * BLOCK, EPOCH + (block + 1) * BLOCK
    sessions: list[Session] = []
    free, gap = begin, figures.at(figures.GAP_H, rng.random()) * rng.random()
    place: Place = "home"
    while True:
        place, start = _next_start(rng, profile, (place, free), gap)
        if start >= end - timedelta(minutes=20):
            return tuple(sessions)
        session = draw_session(rng, profile, place, start, end - PAUSE)
        sessions.append(session)
        free = (session.end or start) + PAUSE
        gap = figures.at(figures.GAP_H, rng.random())


def _next_start(rng: Random, profile: Profile, before: tuple[Place, datetime], gap: float) -> tuple[Place, datetime]:
    """Choose where and when the car is plugged in next; `before` is where it was and since when it is free."""
    free = before[1]
    target = free + timedelta(hours=gap)
    zone = ZoneInfo(profile.city.zone)
    place = before[0] if gap < AGAIN else _place(rng, profile, target.astimezone(zone))
    if gap < ERRAND:
        return place, target.replace(microsecond=0)
    return place, _at_usual_hour(rng, place, target.astimezone(zone), free)


def _place(rng: Random, profile: Profile, when: datetime) -> Place:
    if profile.works and when.weekday() <= FRIDAY and rng.random() < figures.WORK_SHARE * 7 / 5:
        return "work"
    return "public" if rng.random() < figures.PUBLIC_SHARE else "home"


def _at_usual_hour(rng: Random, place: Place, target: datetime, free: datetime) -> datetime:
    """Move `target` (local) to the nearest time with an hour of day that is usual at such a place."""
    hour = rng.choices(HOURS, cum_weights=_HOURS_SO_FAR[place])[0]
    wall = target.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=0, fold=0)
    away = (wall - target).total_seconds() / 3600
    wall += timedelta(days=-1 if away > 12 else 1 if away < -12 else 0)  # noqa: PLR2004 - half a day
    start = wall.astimezone(UTC)
    return start if start >= free else (wall + timedelta(days=1)).astimezone(UTC)


def _so_far(*tables: tuple[int, ...]) -> list[int]:
    by_hour = [sum(column) for column in zip(*tables, strict=True)]
    return [sum(by_hour[: hour + 1]) for hour in HOURS]


_HOURS_SO_FAR: dict[Place, list[int]] = {
    "home": _so_far(figures.HOME.by_hour),
    "work": _so_far(figures.WORK.by_hour),
    "public": _so_far(figures.PUBLIC_AC.by_hour, figures.PUBLIC_DC.by_hour),
}
