"""What a cost report does not know: parts without a price, amounts without a rate, days of which nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from lake.names import Namer
from reports.figures import KNOWN, NOT_GIVEN
from transforms.costs.lines import COST_SIDE
from transforms.costs.money import nano_kwh

_NANO: Final = Decimal(1).scaleb(-9)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Lines without an amount for one reason.

    Attributes:
        side: `cost`, or `reimbursement` of lines by policies.
        reason: One of `lake.schemas.UNPRICED_REASONS`.
        sessions: Sessions that have such a line.
        kwh: Energy of those lines that no rule prices, kWh; None if it is not told of any.
    """

    side: str
    reason: str
    sessions: int
    kwh: Decimal | None


@dataclass(frozen=True, slots=True)
class NoRate:
    """Amounts of a currency that are not converted, as no rate is known; `since` and `until` are local days."""

    currency: str
    amounts: int
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class UnknownDays:
    """Days (UTC) of a vehicle and stream that are not known, by their state of completeness."""

    vehicle: str
    stream: str
    state: str
    days: int
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is not known.

    Attributes:
        unpriced: Lines without an amount, by side and reason.
        no_rate: Amounts without a rate, by currency.
        days: Days that could be known and are not.
        without_line: Sessions that are told and have no costs yet: the next run makes them.
    """

    unpriced: tuple[Unpriced, ...]
    no_rate: tuple[NoRate, ...]
    days: tuple[UnknownDays, ...]
    without_line: int

    @property
    def is_empty(self) -> bool:
        """Whether all is known."""
        return not (self.unpriced or self.no_rate or self.days or self.without_line)


def what_is_unknown(lines: pl.DataFrame, sessions: pl.DataFrame, days: pl.DataFrame, named: Namer) -> Unknown:
    """What is not known of a period.

    Args:
        lines: Columns of `SESSION_COSTS`, of the period.
        sessions: Columns session_id, status, of the period.
        days: Columns vehicle_id, stream, day, state of `COMPLETENESS`, of the period.
        named: What to call a vehicle.
    """
    told = sessions.filter(pl.col("status") != "vanished")
    return Unknown(
        unpriced=_unpriced(lines),
        no_rate=_no_rate(lines),
        days=_days(days, named),
        without_line=told.join(lines, on="session_id", how="anti").height,
    )


def _unpriced(lines: pl.DataFrame) -> tuple[Unpriced, ...]:
    side = pl.when(pl.col("basis").is_in(COST_SIDE)).then(pl.lit("cost")).otherwise(pl.lit("reimbursement"))
    kwh = nano_kwh("kwh_unpriced").sum().cast(pl.Decimal(38, 0)) * pl.lit(_NANO)
    grouped = (
        lines.filter(pl.col("reason").is_not_null())
        .group_by(side.alias("side"), "reason")
        .agg(
            pl.col("session_id").drop_nulls().n_unique().alias("sessions"),
            pl.when(pl.col("kwh_unpriced").count() > 0).then(kwh).alias("kwh"),
        )
    )
    return tuple(Unpriced(*row) for row in grouped.sort("side", "reason").iter_rows())


def _no_rate(lines: pl.DataFrame) -> tuple[NoRate, ...]:
    missing = pl.col("amount").is_not_null() & pl.col("reporting_amount").is_null()
    day = pl.col("local_date")
    grouped = (
        lines.filter(missing & pl.col("basis").is_in(COST_SIDE))
        .group_by("currency")
        .agg(pl.len(), day.min().alias("since"), day.max().alias("until"))
    )
    return tuple(NoRate(*row) for row in grouped.sort("currency").iter_rows())


def _days(days: pl.DataFrame, named: Namer) -> tuple[UnknownDays, ...]:
    day = pl.col("day")
    grouped = (
        days.filter(~pl.col("state").is_in([*KNOWN, *NOT_GIVEN]))
        .group_by("vehicle_id", "stream", "state")
        .agg(pl.len(), day.min().alias("since"), day.max().alias("until"))
    )
    rows = [(named(vehicle), *more) for vehicle, *more in grouped.iter_rows()]
    return tuple(UnknownDays(*row) for row in sorted(rows))
