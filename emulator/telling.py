"""What each interface tells of a session: v2.0 by the car's own clock and meter, v3 by others.

v3's times of a vehicle lie a fixed number of seconds from v2.0's, give or take some for each session, and its energies
a few percent, as another clock and another meter would have it. What v2.0 and v3 tell is one session all the same. Both
are seeded by the session, so that a poll, a delivery and the truth tell the same.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from emulator.identity import digest, fraction
from emulator.model import Number, Session, Vehicle

WATT_HOUR = Decimal("0.001")
# Each session's times lie this much more or less (seconds) from where the vehicle's clock would have them.
JITTER = 8.0


@dataclass(frozen=True, slots=True)
class Telling:
    """One session as an interface tells it: UTC, kWh, percent 0..100, costs in `currency` (ISO 4217).

    A None is what is not told, an `end` of None a session that is not over, or whose end nobody wrote down.
    """

    record_id: str | None
    start: datetime
    end: datetime | None
    energy_kwh: Number | None
    soc_start_pct: Number | None = None
    soc_end_pct: Number | None = None
    currency: str | None = None
    billed_energy: Decimal | None = None
    billed_other: Decimal | None = None

    def as_json(self) -> dict[str, object]:
        """Give the telling as JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Drift:
    """How far v3 lies from v2.0: at most so many seconds, and so large a share of the energy. 0 is not at all."""

    seconds: float
    share: float

    def times(self, vehicle: Vehicle, session: Session) -> tuple[datetime, datetime | None]:
        """Give the start and the end (UTC, whole seconds) that v3 tells of a session."""
        jitter = min(JITTER, self.seconds / 4)
        offset = (self.seconds - jitter) * _swing("clock", vehicle.id)
        start = session.start + timedelta(seconds=round(offset + jitter * _swing("start", session.key)))
        if session.end is None:
            return start, None
        end = session.end + timedelta(seconds=round(offset + jitter * _swing("end", session.key)))
        return start, max(start, end)

    def energy(self, session: Session) -> Number | None:
        """Give the energy (kWh) of the whole session that v3 tells."""
        if session.energy_kwh is None or not self.share:
            return session.energy_kwh
        factor = Decimal(str(round(1 + self.share * _swing("meter", session.key), 6)))
        return (Decimal(str(session.energy_kwh)) * factor).quantize(WATT_HOUR)


def _swing(*parts: object) -> float:
    """Draw a number in [-1, 1) that depends on `parts` only."""
    return 2 * fraction(*parts) - 1


def v3_id(session: Session) -> str:
    """Give the id under which v3 tells a session, from its beginning on."""
    return f"CHG{digest('v3 record', session.key) % 16**12:012X}"


def told_by_v3(vehicle: Vehicle, session: Session, at: datetime, drift: Drift) -> Telling | None:
    """Give what v3 tells of a session as of `at`: nothing before its start, then no end and part of the energy."""
    start, end = drift.times(vehicle, session)
    if start > at:
        return None
    over = end is None or end <= at
    bill = session.bill if over and session.bill is not None and session.bill.posted_at <= at else None
    energy, other = bill.amounts(at) if bill else (None, None)
    return Telling(
        record_id=v3_id(session),
        start=start,
        end=end if over else None,
        energy_kwh=drift.energy(session) if over else _so_far(drift.energy(session), start, end, at),
        soc_start_pct=percent(session.soc_start),
        soc_end_pct=percent(session.soc_end) if over else None,
        currency=bill.currency if bill else None,
        billed_energy=energy,
        billed_other=other,
    )


def _so_far(energy: Number | None, start: datetime, end: datetime | None, at: datetime) -> Decimal | None:
    if energy is None or end is None:
        return None
    part = Decimal(int((at - start).total_seconds())) / Decimal(int((end - start).total_seconds()))
    return (Decimal(str(energy)) * part).quantize(WATT_HOUR)


def percent(share: Number | None) -> Number | None:
    """Make 0..100 of a fraction 0..1, without the digits of a binary float."""
    return None if share is None else (Decimal(str(share)) * 100).normalize() + 0


def told_by_v2(vehicle: Vehicle, session: Session, at: datetime) -> Telling | None:
    """Give what v2.0 tells of a session as of `at`: a record of BMW and MINI, or a bill of a Tesla (§5.2, §5.3)."""
    if vehicle.make in ("BMW", "MINI"):
        socs = percent(session.soc_start), percent(session.soc_end)
        return Telling(None, session.start, session.end, session.energy_kwh, *socs)
    bill = session.bill
    if vehicle.make != "TESLA" or bill is None or bill.posted_at > at:
        return None
    energy, other = bill.amounts(at)
    kwh = session.energy_kwh if bill.energy_told else None
    start, end = session.start, session.end
    return Telling(bill.record_id, start, end, kwh, currency=bill.currency, billed_energy=energy, billed_other=other)
