"""What was spent of the request budget, so that a restart does not spend it twice."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, Engine, Table, delete, func, insert, select

from lake import state


class RequestBudget:
    """The requests of this application, in the state database."""

    def __init__(self, engine: Engine) -> None:
        """Work on the database behind `engine`."""
        self._engine = engine

    def spend(self, at: datetime, vehicle_id: str | None) -> None:
        """Note a request before it is sent (real time, UTC)."""
        with self._engine.begin() as connection:
            connection.execute(insert(state.spend).values(at=at, vehicle_id=vehicle_id))

    def recent(self, since: datetime) -> list[datetime]:
        """When requests were sent from `since` on, oldest first."""
        query = select(state.spend.c.at).where(state.spend.c.at >= since).order_by(state.spend.c.at)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def vehicles_asked(self, since: datetime) -> set[str]:
        """The vehicles that requests were sent for from `since` on."""
        query = select(state.spend.c.vehicle_id).where(state.spend.c.at >= since).distinct()
        with self._engine.connect() as connection:
            return set(connection.execute(query.where(state.spend.c.vehicle_id.is_not(None))).scalars())

    def month_total(self, vehicle_id: str, month: str) -> int:
        """Requests for a vehicle in a calendar month (UTC, `YYYY-MM`)."""
        first = date.fromisoformat(f"{month}-01")
        start = datetime(first.year, first.month, 1, tzinfo=UTC)
        end = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)
        table = state.spend
        query = select(func.count()).where(table.c.vehicle_id == vehicle_id, table.c.at >= start, table.c.at < end)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def vehicle_totals(self, since: datetime) -> dict[str, int]:
        """Requests by vehicle from `since` on, in one query."""
        table = state.spend
        query = select(table.c.vehicle_id, func.count()).where(table.c.at >= since, table.c.vehicle_id.is_not(None))
        with self._engine.connect() as connection:
            rows = connection.execute(query.group_by(table.c.vehicle_id))
            return {vehicle_id: requests for vehicle_id, requests in rows}  # noqa: C416, a result has keys of its own

    def set_aside(self, at: datetime, vehicle_id: str, requests: int) -> None:
        """Note that so many of a vehicle's requests were for no charge records (real time, UTC)."""
        with self._engine.begin() as connection:
            connection.execute(insert(state.asides).values(at=at, vehicle_id=vehicle_id, requests=requests))

    def by_day(self) -> dict[str, list[int]]:
        """Requests of each day on which a vehicle was asked, but for those set aside; by vehicle, the least first."""
        found = defaultdict[str, list[int]](list)
        sent = self._daily(state.spend, func.count())
        aside = self._daily(state.asides, func.sum(state.asides.c.requests))
        for (vehicle_id, day), requests in sent.items():
            if (left := requests - aside.get((vehicle_id, day), 0)) > 0:
                found[vehicle_id].append(left)
        return {vehicle_id: sorted(days) for vehicle_id, days in found.items()}

    def _daily(self, table: Table, figure: ColumnElement[int]) -> dict[tuple[str, str], int]:
        """A figure by vehicle and day (UTC)."""
        day = func.date(table.c.at)
        query = select(table.c.vehicle_id, day, figure).where(table.c.vehicle_id.is_not(None))
        with self._engine.connect() as connection:
            rows = connection.execute(query.group_by(table.c.vehicle_id, day))
            return {(vehicle_id, str(on)): value for vehicle_id, on, value in rows}

    def forget_before(self, now: datetime) -> None:
        """Drop what no limit looks at any more: all that is older than two months."""
        with self._engine.begin() as connection:
            for table in (state.spend, state.asides):
                connection.execute(delete(table).where(table.c.at < now - timedelta(days=62)))
