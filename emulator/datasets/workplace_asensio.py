"""Workplace charging in the USA 2014-15 (CC0, Asensio et al.).

The year is written 00YY for 20YY; the file states no zone, America/New_York is taken. `dollars` is a fee by time,
free below four hours, so it is the bill's `other` and the energy costs 0. Each user is served as a Tesla with bills.
"""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from emulator.datasets.cars import SetCar, grouped, local_to_utc, rows_of
from emulator.model import Bill, Session

ZONE = ZoneInfo("America/New_York")
FILE = "station_data_dataverse.csv"


def read(folder: Path) -> list[SetCar]:
    """Read one car for each `userId`."""
    return [_car(user, rows) for user, rows in grouped(rows_of(folder / FILE), "userId").items()]


def _car(user: str, rows: list[dict[str, str]]) -> SetCar:
    return SetCar(user, "TESLA", "Model S", 2014, ZONE.key, "US", "USD", [_session(row) for row in rows])


def _session(row: dict[str, str]) -> Session:
    start, end = _instant(row["created"]), _instant(row["ended"])
    return Session(
        key=row["sessionId"],
        start=start,
        end=end,
        energy_kwh=Decimal(row["kwhTotal"]),
        place="work",
        location=f"Location {row['locationId']}",
        is_public=False,
        charging_type="AC",
        bill=Bill(row["sessionId"], "USD", Decimal(0), Decimal(row["dollars"]), posted_at=end),
    )


def _instant(text: str) -> datetime:
    return local_to_utc(f"20{text[2:]}", "%Y-%m-%d %H:%M:%S", ZONE)
