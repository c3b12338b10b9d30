"""When there is something to tell of a vehicle: a session starts, grows or ends, a bill is posted or corrected."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from emulator.model import Session, Vehicle
from emulator.world import World

# An ongoing session is told again this often.
GROWTH = timedelta(hours=2)
# A correction of a bill comes up to four weeks after its session, which itself can have lasted days.
LATEST = timedelta(days=40)


def changes(world: World, vehicle: Vehicle, since: datetime, until: datetime) -> list[datetime]:
    """Give the instants (UTC) in (since, until] as of which v3 tells something new, oldest first."""
    margin = timedelta(seconds=world.drift.seconds + 1)
    sessions = world.begun(vehicle, since - LATEST, until + margin)
    found = {at for session in sessions for at in _of(world, vehicle, session) if since < at <= until}
    return sorted(found)


def _of(world: World, vehicle: Vehicle, session: Session) -> Iterator[datetime]:
    start, end = world.drift.times(vehicle, session)
    yield start
    if end is not None:
        steps = (end - start) // GROWTH
        yield from (start + GROWTH * step for step in range(1, steps + 1))
        yield end
    if session.bill is not None:
        yield session.bill.posted_at
        yield from (correction.at for correction in session.bill.corrections)
