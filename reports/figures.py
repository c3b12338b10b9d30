"""The figures of a summary, for the terminal and for the overview page.

Pure functions from tallies (`reports.tallies`) and tables to small values. A figure that is not known is None or has
no entry at all; it is never 0. Amounts are Decimal beside their currency, and there is no total over currencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import polars as pl

from lake.runs import StreamCount
from reports import tallies
from reports.tallies import PLACES, Readable, Tallies

KNOWN: Final = ("collected", "confirmed_empty")
"""States of completeness of a day that is known."""
NOT_GIVEN: Final = ("not_capable", "before_consent")
"""States of a day that there is nothing to know of; neither known nor unknown."""

_SOMEBODY: Final = ("owner", "application_owner")


@dataclass(frozen=True, slots=True)
class Vehicles:
    """Connected vehicles of a make."""

    make: str
    vehicles: int


@dataclass(frozen=True, slots=True)
class SeenBy:
    """Connected vehicles that are seen by the same interfaces.

    Attributes:
        interfaces: As in the vehicles table: `v2.0`, `v3 by poll`, `v3 by webhook`.
    """

    interfaces: tuple[str, ...]
    vehicles: int

    def __str__(self) -> str:
        """As a person reads it: `5 v3 by webhook`, `4 both v2.0 and v3 by poll`."""
        return f"{self.vehicles:,} {'both ' * (len(self.interfaces) > 1)}{' and '.join(self.interfaces)}"


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions of a make.

    Attributes:
        vanished: Sessions that their source no longer tells; they count nowhere else.
        kwh: Energy of complete and ongoing sessions, kWh; None if none of them tells it.
        without_energy: Complete and ongoing sessions that tell no energy.
    """

    make: str
    complete: int
    ongoing: int
    vanished: int
    kwh: float | None
    without_energy: int


@dataclass(frozen=True, slots=True)
class DailyEnergy:
    """Daily energy of a make by kind of place, kWh; None if no day tells it.

    Attributes:
        vehicle_days: Days with a record, added over vehicles.
    """

    make: str
    vehicle_days: int
    home_kwh: float | None
    other_kwh: float | None
    supercharger_kwh: float | None
    total_kwh: float | None


@dataclass(frozen=True, slots=True)
class Billed:
    """What was billed in one currency.

    Attributes:
        bills: Sessions with a bill, vanished ones left out.
        incomplete: Bills of which a part is not known; they are not in the total.
        total: Sum of the other bills, in `currency`; None if there is none.
    """

    currency: str
    bills: int
    incomplete: int
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class DaysInState:
    """Vehicle × stream × days in one state of completeness."""

    state: str
    days: int


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody has to do.

    Attributes:
        whose_move: `owner` or `application_owner`.
        what_to_do: One sentence; None if none was given.
        makes: Makes of the vehicles that wait for it.
        vehicle_ids: The vehicles that wait for it.
    """

    whose_move: str
    what_to_do: str | None
    makes: tuple[str, ...]
    vehicle_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Records in quarantine for one reason.

    Attributes:
        streams: The streams that told them.
    """

    reason: str
    streams: tuple[str, ...]
    records: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run: what it asked and what became of each record, by stream.

    Attributes:
        started_at: UTC.
        finished_at: UTC; None if it is not known to have ended.
    """

    run_id: str
    command: str
    started_at: datetime
    finished_at: datetime | None
    streams: dict[str, StreamCount]

    @property
    def total(self) -> StreamCount:
        """Counts of all streams together."""
        return sum(self.streams.values(), StreamCount())


@dataclass(frozen=True, slots=True)
class Summary:
    """What a lake holds, in figures.

    Attributes:
        told_by_both: Sessions that v2.0 and v3 tell; each is one session, and is counted once.
    """

    vehicles: tuple[Vehicles, ...]
    seen_by: tuple[SeenBy, ...]
    told_by_both: int
    sessions: tuple[Sessions, ...]
    daily: tuple[DailyEnergy, ...]
    billed: tuple[Billed, ...]
    completeness: tuple[DaysInState, ...]
    actions: tuple[Action, ...]
    quarantined: tuple[Quarantined, ...]

    @property
    def days_known(self) -> int:
        """Vehicle × stream × days that are known."""
        return sum(each.days for each in self.completeness if each.state in KNOWN)

    @property
    def days_unknown(self) -> int:
        """Vehicle × stream × days that could be known and are not."""
        return sum(each.days for each in self.completeness if each.state not in (*KNOWN, *NOT_GIVEN))

    @property
    def vehicles_waiting(self) -> int:
        """Vehicles for which somebody has to do something."""
        return sum(len(each.vehicle_ids) for each in self.actions)


def summarize(tables: Readable) -> Summary:
    """The figures of the published tables."""
    return summary(tallies.take(tables))


def summary(tallied: Tallies) -> Summary:
    """The figures of tables that were tallied."""
    return Summary(
        vehicles=vehicles(tallied.vehicles),
        seen_by=seen_by(tallied.vehicles),
        told_by_both=told_by_both(tallied.tellers),
        sessions=sessions(tallied.sessions),
        daily=daily(tallied.days),
        billed=billed(tallied.bills),
        completeness=completeness(tallied.states),
        actions=actions(tallied.vehicles),
        quarantined=quarantined(tallied.quarantined),
    )


def vehicles(table: pl.DataFrame) -> tuple[Vehicles, ...]:
    """Vehicles by make, from column make of the vehicles table."""
    counted = table.group_by("make").agg(pl.len()).sort("make")
    return tuple(Vehicles(*row) for row in counted.iter_rows())


def seen_by(table: pl.DataFrame) -> tuple[SeenBy, ...]:
    """Vehicles by the interfaces they are seen by, those of one interface first, from the vehicles table."""
    counted = table.drop_nulls("interfaces").group_by("interfaces").agg(pl.len())
    found = [SeenBy(tuple(names), number) for names, number in counted.iter_rows()]
    return tuple(sorted(found, key=lambda each: (len(each.interfaces), each.interfaces)))


def told_by_both(tallied: pl.DataFrame) -> int:
    """Sessions that more than one interface tells, from `reports.tallies.tellers`."""
    return int(tallied.filter(pl.col("interfaces") > 1)["sessions"].sum())


def sessions(tallied: pl.DataFrame) -> tuple[Sessions, ...]:
    """Sessions by make, from `reports.tallies.sessions`."""
    vanished = pl.col("status") == "vanished"
    told = pl.col("told").filter(~vanished).sum()
    of_status = [
        pl.col("sessions").filter(pl.col("status") == status).sum().alias(status)
        for status in ("complete", "ongoing", "vanished")
    ]
    by_make = tallied.group_by("make").agg(
        *of_status,
        _known(pl.col("kwh").filter(~vanished).sum(), told).alias("kwh"),
        (pl.col("sessions").filter(~vanished).sum() - told).alias("without_energy"),
    )
    return tuple(Sessions(*row) for row in by_make.sort("make").iter_rows())


def daily(tallied: pl.DataFrame) -> tuple[DailyEnergy, ...]:
    """Daily energy by make, from `reports.tallies.days`."""
    energy = [_known(pl.col(f"{place}_kwh").sum(), pl.col(f"{place}_told").sum()) for place in PLACES]
    by_make = tallied.group_by("make").agg(pl.col("vehicle_days").sum(), *energy)
    return tuple(DailyEnergy(*row) for row in by_make.sort("make").iter_rows())


def billed(tallied: pl.DataFrame) -> tuple[Billed, ...]:
    """What was billed by currency, from `reports.tallies.bills`."""
    by_currency = tallied.group_by("currency").agg(
        pl.col("bills").sum(),
        (pl.col("bills").sum() - pl.col("complete").sum()).alias("incomplete"),
        _known(pl.col("total").sum(), pl.col("complete").sum()),
    )
    return tuple(Billed(*row) for row in by_currency.sort("currency").iter_rows())


def completeness(tallied: pl.DataFrame) -> tuple[DaysInState, ...]:
    """Vehicle × stream × days by state, the most frequent first, from `reports.tallies.states`."""
    by_state = tallied.group_by("state").agg(pl.col("vehicle_days").sum())
    ordered = by_state.sort("vehicle_days", "state", descending=[True, False])
    return tuple(DaysInState(*row) for row in ordered.iter_rows())


def actions(table: pl.DataFrame) -> tuple[Action, ...]:
    """What somebody has to do, the sentence of most vehicles first.

    Args:
        table: Columns vehicle_id, make, whose_move, what_to_do of the vehicles table.
    """
    grouped = (
        table.filter(pl.col("whose_move").is_in(_SOMEBODY))
        .group_by("whose_move", "what_to_do")
        .agg(pl.col("make").unique().sort(), pl.col("vehicle_id").sort(), pl.len().alias("number"))
        .sort("number", "whose_move", "what_to_do", descending=[True, False, False])
        .drop("number")
    )
    return tuple(Action(who, what, tuple(makes), tuple(ids)) for who, what, makes, ids in grouped.iter_rows())


def quarantined(tallied: pl.DataFrame) -> tuple[Quarantined, ...]:
    """Records in quarantine by reason, the most frequent first, from `reports.tallies.quarantined`."""
    by_reason = (
        tallied.group_by("reason")
        .agg(pl.col("stream").unique().sort(), pl.col("records").sum())
        .sort("records", "reason", descending=[True, False])
    )
    return tuple(Quarantined(reason, tuple(streams), records) for reason, streams, records in by_reason.iter_rows())


def runs(table: pl.DataFrame, most: int) -> tuple[Run, ...]:
    """The latest runs, newest first.

    Args:
        table: The runs table.
        most: How many runs at most.
    """
    newest = table["run_id"].unique().sort(descending=True).head(most)
    return tuple(_run(table.filter(pl.col("run_id") == run_id).sort("stream")) for run_id in newest)


def _run(rows: pl.DataFrame) -> Run:
    first = rows.row(0, named=True)
    streams = {
        row["stream"]: StreamCount(
            requests=row["requests"],
            received=row["records_received"],
            new=row["records_new"],
            changed=row["records_changed"],
            unchanged=row["records_unchanged"],
            quarantined=row["records_quarantined"],
            drift=tuple(row["drift"] or ()),
        )
        for row in rows.iter_rows(named=True)
    }
    return Run(first["run_id"], first["command"], first["started_at"], first["finished_at"], streams)


def _known(value: pl.Expr, told: pl.Expr) -> pl.Expr:
    """The value, or null if nothing went into it."""
    return pl.when(told > 0).then(value)
