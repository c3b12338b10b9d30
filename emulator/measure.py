"""Measures the real sets and the generator with one ruler: `python -m emulator.measure ../shared/data`.

The table it prints stands in docs/emulator.md; a test holds the generator to it.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

from emulator.datasets import load_dataset
from emulator.generator import GeneratedAccount
from emulator.generator.garage import COUNTRIES
from emulator.model import Session, Vehicle

EARLIEST, LATEST = datetime(2005, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
SAMPLE = "400-vehicles@smartcar.com"
CONSENT, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
LONG_ENOUGH_DAYS = 14


@dataclass(frozen=True, slots=True)
class Stay:
    """A closed session with its vehicle's zone, ready to be measured."""

    session: Session
    zone: ZoneInfo

    @property
    def kwh(self) -> float:
        """Energy in kWh."""
        return float(self.session.energy_kwh or 0)

    @property
    def hours(self) -> float:
        """Length in hours; 0 where a set has the end before the start."""
        end = self.session.end or self.session.start
        return max((end - self.session.start).total_seconds() / 3600, 0.0)


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, where it was measured, what it is there and in the generator, and how far they may differ.

    `slack` is a share of the real figure, or a difference where the figure itself is a share.
    """

    figure: str
    source: str
    real: float
    generated: float
    slack: float
    is_share: bool = False

    @property
    def holds(self) -> bool:
        """Say whether the generator is near enough."""
        allowed = self.slack if self.is_share else self.slack * abs(self.real)
        return abs(self.generated - self.real) <= allowed


def stays(vehicles: Iterable[Vehicle], wanted: Callable[[Session], bool] = bool) -> list[Stay]:
    """Give the closed sessions with a known energy that are wanted."""
    return [
        Stay(session, ZoneInfo(vehicle.zone))
        for vehicle in vehicles
        for session in vehicle.sessions(EARLIEST, UNTIL)
        if session.end is not None and session.energy_kwh is not None and wanted(session)
    ]


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value below which a share of the values lies, a straight line between neighbours."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def gaps(vehicles: Iterable[Vehicle]) -> list[float]:
    """Give the hours between a session's end and the next start of the same vehicle."""
    found = []
    for vehicle in vehicles:
        one = vehicle.sessions(EARLIEST, UNTIL)
        found += [(b.start - (a.end or a.start)).total_seconds() / 3600 for a, b in pairwise(one)]
    return [max(gap, 0.0) for gap in found]


def sessions_a_day(vehicles: Iterable[Vehicle]) -> float:
    """Give sessions a day over vehicles that were seen for more than two weeks."""
    number, days = 0, 0.0
    for vehicle in vehicles:
        one = vehicle.sessions(EARLIEST, UNTIL)
        span = (one[-1].start - one[0].start).total_seconds() / 86_400 if one else 0.0
        if span > LONG_ENOUGH_DAYS:
            number, days = number + len(one), days + span
    return number / days


def share_between(found: Sequence[Stay], first: int, last: int) -> float:
    """Give the share of sessions that start from `first` to `last` o'clock, local time."""
    hours = [stay.session.start.astimezone(stay.zone).hour for stay in found]
    return sum(first <= hour < last for hour in hours) / len(hours)


def _spread(name: str, source: str, real: list[Stay], made: list[Stay]) -> list[Line]:
    """Compare energy, length and hour of day at one kind of place."""
    lines = []
    for share, slack in ((0.25, 0.2), (0.5, 0.2), (0.75, 0.2), (0.95, 0.25)):
        figure = f"{name}: energy, quantile {share:g} (kWh)"
        values = [quantile([stay.kwh for stay in found if stay.kwh], share) for found in (real, made)]
        lines.append(Line(figure, source, values[0], values[1], slack))
    for share, slack in ((0.25, 0.2), (0.5, 0.2), (0.75, 0.2)):
        figure = f"{name}: length, quantile {share:g} (h)"
        values = [quantile([stay.hours for stay in found], share) for found in (real, made)]
        lines.append(Line(figure, source, values[0], values[1], slack))
    for first, last in ((6, 12), (12, 18), (18, 24)):
        values = [share_between(found, first, last) for found in (real, made)]
        figure = f"{name}: share starting {first}-{last} h local"
        lines.append(Line(figure, source, values[0], values[1], 0.15, is_share=True))
    values = [fmean(stay.kwh == 0 for stay in found) for found in (real, made)]
    return [*lines, Line(f"{name}: share with zero energy", source, values[0], values[1], 0.02, is_share=True)]


def fees(vehicles: Iterable[Vehicle]) -> list[float]:
    """Give the fee of each billed session in US dollars, by the generator's own factors; 0 where there was none."""
    worth = {country.currency: float(country.fee_factor) for country in COUNTRIES}
    return [
        float(session.bill.other) / worth[vehicle.currency]
        for vehicle in vehicles
        for session in vehicle.sessions(EARLIEST, UNTIL)
        if session.bill is not None
    ]


def _fee_lines(work: list[Vehicle], made: list[Vehicle]) -> list[Line]:
    source = "workplace_asensio"
    real, generated = fees(work), fees(made)
    shares = [fmean(fee > 0 for fee in found) for found in (real, generated)]
    means = [fmean(fee for fee in found if fee > 0) for found in (real, generated)]
    return [
        Line("fees: share of billed sessions", source, shares[0], shares[1], 0.03, is_share=True),
        Line("fees: mean where there is one (USD)", source, means[0], means[1], 0.25),
    ]


def _public_dc(session: Session) -> bool:
    return session.place == "public" and session.charging_type == "DC"


def _public_ac(session: Session) -> bool:
    return session.place == "public" and session.charging_type != "DC"


def compare(folder: Path) -> list[Line]:
    """Measure the sets of a folder and a generated fleet side by side."""
    home, work, public = (
        load_dataset(folder, name, "measured") for name in ("norway_apartment", "workplace_asensio", "dundee")
    )
    account = GeneratedAccount(1, SAMPLE, 400, CONSENT, 0.2)
    made = [account.vehicle(each) for each in account.vehicle_ids]
    lines = _spread("home", "norway_apartment", stays(home), stays(made, lambda each: each.place == "home"))
    lines += _spread("work", "workplace_asensio", stays(work), stays(made, lambda each: each.place == "work"))
    for name, wanted in (("public DC", _public_dc), ("public AC", _public_ac)):
        lines += _spread(name, "dundee", stays(public, wanted), stays(made, wanted))
    return [*lines, *_shared_lines(home, public, made), *_fee_lines(work, made)]


def _shared_lines(home: list[Vehicle], public: list[Vehicle], made: list[Vehicle]) -> list[Line]:
    """Compare the rhythm of a car, and how often it charges in public rather than at home."""
    source = "norway_apartment"
    real_gaps, made_gaps = gaps(home), gaps(made)
    lines = [
        Line(
            f"gap to the next, quantile {share:g} (h)",
            source,
            quantile(real_gaps, share),
            quantile(made_gaps, share),
            0.4,
        )
        for share in (0.25, 0.5, 0.75, 0.9)
    ]
    rates = sessions_a_day(home), sessions_a_day(made)
    lines.append(Line("sessions a day", source, rates[0], rates[1], 0.3))
    in_public = sessions_a_day(public) / (sessions_a_day(public) + rates[0])
    found = [stay.session.place for stay in stays(made, lambda each: each.place != "work")]
    share = found.count("public") / len(found)
    lines.append(Line("share in public, work left out", "norway + dundee", in_public, share, 0.05, is_share=True))
    return lines


def table(lines: Iterable[Line]) -> str:
    """Write the lines as a table in Markdown."""
    rows = [f"| {each.figure} | {each.source} | {each.real:.3f} | {each.generated:.3f} |" for each in lines]
    return "\n".join(["| figure | measured on | real | generated |", "|---|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table(compare(Path(sys.argv[1]))))
