"""The model of a statement: every figure as it is printed, whatever the form; no sum goes over currencies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct


class StatedSession(Struct, frozen=True):
    """A session as the statement shows it.

    Attributes:
        session_id: Its id in the lake.
        vehicle: The vehicle's name on pages.
        started_at: UTC.
        ended_at: UTC; None if no end was told.
        timezone: IANA zone of the local times.
        local_start: `YYYY-MM-DD HH:MM` on the clocks of the zone.
        place: `home`, `work`, `public` or `unknown`.
        place_name: Name of the place of yours, or None.
        place_method: How the place was decided.
        place_confidence: `high`, `medium`, `low` or None.
        address: As told.
        energy_kwh: As told; None if not told, which is not 0.
        energy_source: The interfaces that told it.
        flags: Data-quality marks.
        revision: Which telling of it this is.
        raw_ref: The landed record.
        answer_sha256: Hash of the landed answer's body; None if the answer is not there any more.
    """

    session_id: str
    vehicle: str
    started_at: datetime
    ended_at: datetime | None
    timezone: str
    local_start: str
    place: str
    place_name: str | None
    place_method: str | None
    place_confidence: str | None
    address: str | None
    energy_kwh: float | None
    energy_source: list[str]
    flags: list[str]
    revision: int
    raw_ref: str
    answer_sha256: str | None


class StatedLine(Struct, frozen=True):
    """A cost line, or what is reimbursed; columns as in `session_costs`."""

    line_id: str
    session_id: str | None
    vehicle: str
    local_date: date
    cost_centre: str | None
    basis: str
    component: str
    rule_id: str | None
    rule_version: str | None
    rule_name: str | None
    amount: Decimal | None
    currency: str | None
    amount_is: str | None
    tax_rate_pct: Decimal | None
    kwh_priced: float | None
    kwh_unpriced: float | None
    reason: str | None


class StatedCorrection(Struct, frozen=True):
    """A correction of a statement that was closed; columns as in `transforms.costs.correcting.CORRECTION`."""

    corrects_month: str
    line_id: str
    session_id: str | None
    vehicle: str
    local_date: date
    cost_centre: str | None
    basis: str
    component: str
    rule_id: str | None
    rule_version: str | None
    rule_name: str | None
    stated: Decimal
    stands: Decimal
    amount: Decimal
    currency: str
    why: str


class UnknownDays(Struct, frozen=True):
    """Days of a vehicle and stream that are not known: a session of such a day is not in the statement."""

    vehicle: str
    stream: str
    state: str
    days: list[date]


class Remark(Struct, frozen=True):
    """An audit flag or a difference that somebody should look at, from `reconciliation`."""

    kind: str
    vehicle: str
    day: date
    detail: str


class Total(Struct, frozen=True):
    """Sums in one currency.

    Attributes:
        cost: What the sessions cost, by bill and by tariff.
        cost_corrected: Corrections of that.
        reimbursed: What the policies pay.
        reimbursed_corrected: Corrections of that.
        to_pay: Reimbursed and its corrections.
    """

    currency: str
    cost: Decimal
    cost_corrected: Decimal
    reimbursed: Decimal
    reimbursed_corrected: Decimal
    to_pay: Decimal


class Statement(Struct, frozen=True):
    """A statement.

    Attributes:
        month: `YYYY-MM`, local.
        driver: Whose it is; None: of vehicles that nobody had.
        made_at: When it was made (UTC).
        closes: Whether it is the one that closes the month; if not, it may still change.
        not_paid: Lines of policies that have no amount yet, by reason.
        not_priced: Sessions whose cost is not known whole.
        caveats: What the policies' sources warn of.
    """

    month: str
    driver: str | None
    made_at: datetime
    closes: bool
    sessions: list[StatedSession]
    lines: list[StatedLine]
    corrections: list[StatedCorrection]
    totals: list[Total]
    unknown_days: list[UnknownDays]
    remarks: list[Remark]
    not_paid: dict[str, int]
    not_priced: int
    caveats: list[str]
