"""What a fleet of a mix needs of a plan, and from which size on it cannot have it: arithmetic, no order enters.

A month has 30 days here. A bucket is spent once; what counts in the long run is its refill.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

MINUTES_A_DAY = 24 * 60
DAYS_A_MONTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A make in a fleet.

    Attributes:
        share: Of the vehicles, 0..1.
        cost: Requests that ask a vehicle once for all it tells.
        rhythm_days: Days within which each vehicle has to be asked again, or records are lost; None: never lost.
    """

    make: str
    share: float
    cost: float = 1
    rhythm_days: int | None = None

    @property
    def whole_a_day(self) -> float:
        """Requests a day and vehicle that keep it whole."""
        return self.cost / self.rhythm_days if self.rhythm_days else 0.0

    @property
    def report_a_day(self) -> float:
        """Requests a day and vehicle that keep it whole and ask it once after each month."""
        return max(self.whole_a_day, self.cost / DAYS_A_MONTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A plan.

    Attributes:
        bucket: Requests that may be sent at once after a rest.
        refill_per_minute: Requests a minute in the long run.
        vehicle_monthly: Requests a vehicle may have in a month; 0: no limit.
    """

    bucket: int = 120
    refill_per_minute: float = 2
    vehicle_monthly: int = 500

    @property
    def a_day(self) -> float:
        """Requests a day in the long run."""
        return self.refill_per_minute * MINUTES_A_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a fleet needs, in requests a day, beside what is allowed.

    Attributes:
        to_be_whole: So that no record is lost to the window.
        for_reports: So that beside that each vehicle is asked once after each month.
        daily: So that everything is asked every day.
        allowed: What the plan allows.
        whole_up_to: The largest fleet of this mix that loses nothing; None: any.
        reports_up_to: The largest of which a monthly report has everything; None: any.
        daily_up_to: The largest that can be asked every day.
        months_too_small: Makes of which a vehicle's month has fewer requests than that takes.
    """

    vehicles: int
    to_be_whole: float
    for_reports: float
    daily: float
    allowed: float
    whole_up_to: int | None
    reports_up_to: int | None
    daily_up_to: int | None
    months_too_small: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether any order can keep all records."""
        return self.to_be_whole <= self.allowed and not self.months_too_small

    @property
    def serves_reports(self) -> bool:
        """Whether a report of each month can have everything within the month after."""
        return self.for_reports <= self.allowed and not self.months_too_small

    @property
    def round_days(self) -> float:
        """Days that it takes to ask everything once."""
        return self.daily / self.allowed


def need(mix: tuple[Part, ...], vehicles: int, limits: Limits) -> Need:
    """What so many vehicles of a mix need.

    Args:
        mix: The makes; the shares add up to 1.
        vehicles: How many there are.
        limits: The plan.
    """
    whole = sum(part.share * part.whole_a_day for part in mix)
    reports = sum(part.share * part.report_a_day for part in mix)
    daily = sum(part.share * part.cost for part in mix)
    return Need(
        vehicles=vehicles,
        to_be_whole=vehicles * whole,
        for_reports=vehicles * reports,
        daily=vehicles * daily,
        allowed=limits.a_day,
        whole_up_to=_most(limits, whole),
        reports_up_to=_most(limits, reports),
        daily_up_to=_most(limits, daily),
        months_too_small=tuple(part.make for part in mix if part.share and _is_too_much(part, limits)),
    )


def mix_of(
    counts: Mapping[str, int], costs: Mapping[str, float], rhythms: Mapping[str, int | None]
) -> tuple[Part, ...]:
    """The mix of a fleet.

    Args:
        counts: Vehicles by make.
        costs: Requests that ask a vehicle once, by make.
        rhythms: Days within which a vehicle loses records, by make; None: never.
    """
    total = sum(counts.values())
    return tuple(
        Part(make=make, share=count / total, cost=costs[make], rhythm_days=rhythms[make])
        for make, count in sorted(counts.items())
    )


def _most(limits: Limits, a_vehicle: float) -> int | None:
    return math.floor(limits.a_day / a_vehicle + 1e-9) if a_vehicle else None


def _is_too_much(part: Part, limits: Limits) -> bool:
    return 0 < limits.vehicle_monthly < math.ceil(part.report_a_day * DAYS_A_MONTH)
