"""Planning: which records a plan of requests loses over 90 days, with our order of asking and with two simple ones.

The vehicles, their sessions, the clock and the limits that refuse are the emulator's. The requests do not go through
HTTP: 90 days of a plan are 259,200 requests, and what is asked is whose turn it is, not how it is sent. The pacing is
the real one's rule as arithmetic, the order is the real planner's; each request is put to the emulator's own throttle
at its time on the emulator's clock.

A record is lost when its session began more than 30 days before the first request that could tell it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final

from benchmarks.harness import Figure
from collectors.pacing import Plan
from collectors.streams import BMW_RECORDS
from collectors.windows import whole_days
from emulator.config import EmulatorConfig
from emulator.errors import ApiError
from emulator.world import World
from flows.dues import outlook
from flows.planner import Allowance, Due, report_due, schedule
from flows.settings import SmartcarSettings
from lake.intervals import DayInterval, Intervals, union

NAME: Final = "planner"
_DAY: Final = timedelta(days=1)
_START: Final = datetime(2026, 6, 10, 4, tzinfo=UTC)
_WINDOW: Final = timedelta(days=30)
_LOOK_BACK: Final = SmartcarSettings().lookback_days + BMW_RECORDS.late_days
_STREAMS: Final = {"TESLA": ("tesla_days", "tesla_billing"), "BMW": ("bmw_records",), "MINI": ("mini_records",)}


@dataclass(frozen=True, slots=True)
class Case:
    """What fleets and runs are like.

    Attributes:
        history_days: How long before the first run the owners consented.
        stops: Whether each run, one a day, stops when the bucket is spent, as runs do that are not told to wait.
    """

    name: str
    history_days: int = 0
    stops: bool = False


NEW: Final = Case("connected today")
OLD: Final = Case("connected long ago", history_days=120)
STOPPING: Final = Case("one burst a day", stops=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is simulated."""

    fleets: tuple[tuple[Case, tuple[int, ...]], ...] = (
        (NEW, (1_000, 10_000, 30_000, 60_000)),
        (OLD, (1_000, 10_000, 30_000)),
        (STOPPING, (1_000, 5_000, 10_000, 30_000)),
    )
    days: int = 90
    plan: Plan = field(default_factory=Plan)


FULL: Final = Size()
SMALL: Final = Size(
    fleets=((NEW, (40,)), (OLD, (40,)), (STOPPING, (40,))), days=70, plan=Plan(bucket=3, refill_per_minute=1 / 720)
)


@dataclass(slots=True)
class Stream:
    """A stream of a vehicle.

    Attributes:
        loses: Whether it tells only the last 30 days.
        untold: Start and end of the sessions that no answer has told yet, the oldest first; none of a Tesla.
        has_ledger: Whether it is asked for what the ledger does not know, and not always for all 30 days.
        known: The days known complete, as the ledger would have them.
    """

    vehicle_id: str
    name: str
    consent: date
    loses: bool
    untold: list[tuple[datetime, datetime]]
    has_ledger: bool
    known: Intervals = ()
    asked_at: datetime | None = None
    lost_on: date = date.min
    lost: int = 0
    late: timedelta = timedelta()

    def wanted_by(self) -> datetime:
        """When a report needs it."""
        last = self.asked_at.date() if self.asked_at else self.consent
        return datetime.combine(report_due(last), time(), UTC)

    def answer(self, at: datetime) -> None:
        """A request about it is answered at `at`."""
        self.late = max(self.late, at - max(self.wanted_by(), _START))
        since = self.consent
        if self.has_ledger and self.loses:
            window, _ = self._outlook(at.date())
            since = window.since
            told = whole_days(window, at.date(), _WINDOW.days)
            self.known = union((*self.known, told)) if told else self.known
            self.lost_on = self._outlook(at.date())[1]
        self._tell(at, datetime.combine(since, time(), UTC))
        self.asked_at = at

    def lost_at(self, now: datetime) -> datetime | None:
        """When the planner has to have it asked."""
        if not self.loses:
            return None
        if self.lost_on <= now.date() + _DAY:
            self.lost_on = self._outlook(now.date())[1]
        return datetime.combine(self.lost_on, time(), UTC)

    def _outlook(self, today: date) -> tuple[DayInterval, date]:
        found = outlook(self.known, self.consent, today, look_back=_LOOK_BACK, reach=_WINDOW.days)
        assert found is not None, "today is always to be asked"
        return found

    def end(self, at: datetime) -> None:
        """The simulation ends: what is out of the window by now is lost."""
        self.late = max(self.late, at - max(self.wanted_by(), _START))
        self.lost += sum(start < at - _WINDOW for start, _ in self.untold)

    def _tell(self, at: datetime, since: datetime) -> None:
        """Take away what this answer tells, and what no answer can tell any more."""
        edge, left = at - _WINDOW, []
        for index, (start, end) in enumerate(self.untold):
            if start > at:
                left += self.untold[index:]
                break
            if start < edge:
                self.lost += 1
            elif end > at or start < since:
                left.append((start, end))
        self.untold = left


@dataclass(slots=True)
class Ran:
    """What came of a strategy."""

    requests: int = 0
    refused: int = 0
    lost: int = 0
    late: timedelta = timedelta()


Strategy = Callable[[Sequence[Stream], Allowance, datetime, Allowance | None], Iterable[Stream]]


def run(size: Size = FULL) -> list[Figure]:
    """Simulate every case, fleet and strategy."""
    figures: list[Figure] = []
    for case, fleets in size.fleets:
        for vehicles in fleets:
            for name in STRATEGIES:
                ran = _simulated(case, vehicles, size, name)
                figures += _lines(f"{case.name}, {vehicles:,}, {name}", ran)
    return figures


def _lines(what: str, ran: Ran) -> Iterator[Figure]:
    yield Figure(NAME, f"{what}: lost", (ran.lost,), "records")
    yield Figure(NAME, f"{what}: sent", (ran.requests,), "requests")
    yield Figure(NAME, f"{what}: answered 429", (ran.refused,), "requests")
    yield Figure(NAME, f"{what}: a Tesla late for a report", (ran.late / _DAY,), "days")


def _simulated(case: Case, vehicles: int, size: Size, name: str) -> Ran:
    """One strategy over all days."""
    plan, strategy = size.plan, STRATEGIES[name]()
    world = World(_config(case, plan))
    streams = list(_streams(world, vehicles, size.days, has_ledger=name == OURS))
    count, seconds = plan.window
    sent: deque[datetime] = deque(maxlen=count)
    ran = Ran()
    for number in range(size.days):
        now = _START + number * _DAY
        allowance = Allowance(count=count, period=timedelta(seconds=seconds), spent=tuple(sent))
        burst = Allowance(count=count, period=_DAY) if case.stops else None
        slots = allowance.slots(now)
        most = slots.free_now if case.stops else slots.before(now + _DAY)
        for index, stream in zip(range(most), strategy(streams, allowance, now, burst), strict=False):
            at = slots.at(index)
            sent.append(at)
            _ask(world, stream, at, ran)
    return _ended(ran, streams, _START + size.days * _DAY)


def _config(case: Case, plan: Plan) -> EmulatorConfig:
    return EmulatorConfig(
        now=_START,
        clock_rate=0,
        history_days=case.history_days,
        bucket=plan.bucket,
        refill_per_minute=plan.refill_per_minute,
        vehicle_spacing=0,  # kept on real time there, which does not pass here
    )


def _ask(world: World, stream: Stream, at: datetime, ran: Ran) -> None:
    """Put one request to the emulator's limits."""
    world.clock.set(at)
    ran.requests += 1
    try:
        world.throttle.take_from_bucket()
        world.throttle.check_vehicle(stream.vehicle_id)
    except ApiError:
        ran.refused += 1
    else:
        stream.answer(at)


def _ended(ran: Ran, streams: Iterable[Stream], at: datetime) -> Ran:
    for stream in streams:
        stream.end(at)
        ran.lost += stream.lost
        if not stream.loses:
            ran.late = max(ran.late, stream.late)
    return ran


def _streams(world: World, vehicles: int, days: int, *, has_ledger: bool) -> Iterator[Stream]:
    """The streams of a fleet, with what they have to tell."""
    consent = (_START - timedelta(days=world.config.history_days)).date()
    first = max(_START - _WINDOW, datetime.combine(consent, time(), UTC))
    for vehicle_id, make, sessions in _fleet(vehicles, days):
        for name in _STREAMS[make]:
            untold = [each for each in sessions if each[0] >= first]
            yield Stream(vehicle_id, name, consent, make != "TESLA", untold, has_ledger)


@cache
def _fleet(vehicles: int, days: int) -> list[tuple[str, str, list[tuple[datetime, datetime]]]]:
    """Vehicle, make and the sessions of BMWs and MINIs: the same whatever the case, so drawn once."""
    world = World(EmulatorConfig(now=_START, clock_rate=0, history_days=_WINDOW.days))
    account = world.fleet.account(f"{vehicles}-vehicles@smartcar.com")
    assert account is not None
    found = []
    for vehicle_id in account.vehicle_ids:
        vehicle = account.vehicle(vehicle_id)
        since, until = (_START - _WINDOW, _START + days * _DAY) if vehicle.make != "TESLA" else (_START, _START)
        sessions = [(each.start, each.end or each.start) for each in vehicle.sessions(since, until)]
        found.append((vehicle_id, vehicle.make, sessions))
    return found


def _ours() -> Strategy:
    """The real planner."""

    def order(
        streams: Sequence[Stream], allowance: Allowance, now: datetime, burst: Allowance | None
    ) -> Iterator[Stream]:
        by_key = {(stream.vehicle_id, stream.name): stream for stream in streams}
        made = schedule((_due(stream, now) for stream in streams), allowance, now, until=now + _DAY, runs=burst)
        return (by_key[step.due.key] for step in made.now)

    return order


def _due(stream: Stream, now: datetime) -> Due:
    return Due(
        vehicle_id=stream.vehicle_id,
        stream=stream.name,
        lost_at=stream.lost_at(now),
        wanted_by=stream.wanted_by(),
        asked_at=stream.asked_at,
    )


def _round_robin() -> Strategy:
    """Each day's run asks everything once at most, and goes on where the one before stopped."""
    turn = 0

    def order(
        streams: Sequence[Stream], _allowance: Allowance, _now: datetime, _: Allowance | None
    ) -> Iterator[Stream]:
        nonlocal turn
        for _each in streams:
            turn = (turn + 1) % len(streams)
            yield streams[turn - 1]

    return order


def _from_the_top() -> Strategy:
    """Each day's run asks everything once at most, beginning with the first vehicle."""

    def order(
        streams: Sequence[Stream], _allowance: Allowance, _now: datetime, _: Allowance | None
    ) -> Iterator[Stream]:
        return iter(streams)

    return order


OURS: Final = "our planner"
STRATEGIES: Final = {OURS: _ours, "round-robin": _round_robin, "from the top": _from_the_top}
