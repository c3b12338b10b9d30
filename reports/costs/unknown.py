"""What a cost report does not know: parts without a price, days without an answer, amounts without a rate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import polars as pl

from lake.names import Namer
from reports.figures import KNOWN, NOT_GIVEN

_EXACT: Final = pl.Decimal(38, 6)


@dataclass(frozen=True, slots=True)
class NotPriced:
    """What one reason leaves without an amount.

    Attributes:
        side: `cost`: by no bill or tariff; `policy`: by no policy.
        reason: As in `lake.schemas.UNPRICED_REASONS`.
        sessions: Sessions it is the reason of; one may have several.
        kwh: Energy that it leaves without a price, kWh, as far as it is known; None if it is of none.
    """

    side: Literal["cost", "policy"]
    reason: str
    sessions: int
    kwh: float | None


@dataclass(frozen=True, slots=True)
class DaysNotKnown:
    """Days (UTC) of a vehicle's stream of which nothing is known.

    Attributes:
        vehicle: As it is called.
        state: As in `lake.schemas.COMPLETENESS_STATES`.
    """

    vehicle: str
    stream: str
    state: str
    days: int


@dataclass(frozen=True, slots=True)
class NoRate:
    """Amounts of the cost that are not converted, for want of a rate.

    Attributes:
        amount: Their sum, in `currency`.
    """

    currency: str
    lines: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DaysWithoutSession:
    """Energy of Tesla's days, but at Superchargers, that no session tells: it has no hours that could be priced.

    Attributes:
        days: Vehicle days.
        kwh: Their energy, kWh.
    """

    days: int
    kwh: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is not known of a period.

    Attributes:
        without_session: Energy that the car's days tell and no session does; None if there is none.
        were_asked: Whether any vehicle was to be asked for any of these days; if not, nothing is known of them.
        without_line: Sessions still told that have no cost line yet; the next run makes it.
        without_energy: Sessions that tell no energy.
    """

    not_priced: tuple[NotPriced, ...]
    days: tuple[DaysNotKnown, ...]
    no_rate: tuple[NoRate, ...]
    without_line: int
    without_energy: int
    without_session: DaysWithoutSession | None = None
    were_asked: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether all is known."""
        gaps = (not self.were_asked, self.not_priced, self.days, self.no_rate, self.without_line, self.without_energy)
        return not any(gaps) and self.without_session is None


def what_is_not_known(
    lines: pl.DataFrame,
    sessions: pl.DataFrame,
    completeness: pl.DataFrame,
    days: pl.DataFrame,
    currency: str,
    names: Namer,
) -> Unknown:
    """What is not known, from the rows of a period.

    Args:
        lines: Columns of `session_costs`.
        sessions: Columns session_id, status, vehicle_id, local_date, currency.
        completeness: Columns vehicle_id, stream, state.
        days: Columns vehicle_id, day, home_kwh, other_kwh, flags of `charge_days`.
        currency: The reporting currency.
        names: What to call a vehicle.
    """
    told = sessions.filter(pl.col("status") != "vanished")
    cost = lines.filter((pl.col("basis") != "policy") & pl.col("session_id").is_not_null())
    no_energy = pl.col("kwh_priced").is_null() | pl.col("kwh_unpriced").is_null()
    return Unknown(
        not_priced=_not_priced(lines),
        days=_days(completeness, names),
        no_rate=_no_rate(lines, currency),
        without_line=told.join(lines, on="session_id", how="anti").height,
        without_energy=cost.filter(no_energy)["session_id"].n_unique(),
        without_session=_without_session(days, told),
        were_asked=not completeness.is_empty(),
    )


def _without_session(days: pl.DataFrame, told: pl.DataFrame) -> DaysWithoutSession | None:
    """Days on which no session without a bill started; one with a bill is at a Supercharger."""
    charged = days.filter(~pl.col("flags").list.contains("no_longer_told")).select(
        "vehicle_id", pl.col("day").alias("local_date"), pl.sum_horizontal("home_kwh", "other_kwh").alias("kwh")
    )
    others = told.filter(pl.col("currency").is_null()).select("vehicle_id", "local_date")
    alone = charged.filter(pl.col("kwh") > 0).join(others, on=["vehicle_id", "local_date"], how="anti")
    return DaysWithoutSession(alone.height, float(alone["kwh"].cast(_EXACT).sum())) if alone.height else None


def _not_priced(lines: pl.DataFrame) -> tuple[NotPriced, ...]:
    side = pl.when(pl.col("basis") == "policy").then(pl.lit("policy")).otherwise(pl.lit("cost"))
    kwh = pl.col("kwh_unpriced").cast(_EXACT)
    found = (
        lines.filter(pl.col("reason").is_not_null())
        .group_by(side.alias("side"), "reason")
        .agg(pl.col("session_id").drop_nulls().n_unique(), pl.when(kwh.count() > 0).then(kwh.sum()).alias("kwh"))
        .sort("side", "session_id", "reason", descending=[False, True, False])
    )
    return tuple(
        NotPriced(of, reason, sessions, None if kwh is None else float(kwh))
        for of, reason, sessions, kwh in found.iter_rows()
    )


def _days(completeness: pl.DataFrame, names: Namer) -> tuple[DaysNotKnown, ...]:
    """By vehicle as it is called, stream and state."""
    open_days = completeness.filter(~pl.col("state").is_in([*KNOWN, *NOT_GIVEN]))
    counted = open_days.group_by("vehicle_id", "stream", "state").agg(pl.len())
    found = [DaysNotKnown(names(vehicle), *rest) for vehicle, *rest in counted.iter_rows()]
    return tuple(sorted(found, key=lambda each: (each.vehicle, each.stream, each.state)))


def _no_rate(lines: pl.DataFrame, currency: str) -> tuple[NoRate, ...]:
    rated = ((pl.col("reporting_currency") == currency) & pl.col("reporting_amount").is_not_null()).fill_null(
        value=False
    )
    found = (
        lines.filter((pl.col("basis") != "policy") & pl.col("amount").is_not_null() & ~rated)
        .group_by("currency")
        .agg(pl.len(), pl.col("amount").cast(_EXACT).sum())
        .sort("currency")
    )
    return tuple(NoRate(*row) for row in found.iter_rows())
