"""Dundee 2018: public sessions of Tesla, BMW and MINI drivers (Open Government Licence 3.0).

Day-first dates to the minute in Europe/London, cost always 0 GBP. One row has no end, energy or cost: a null where
the file says nothing. A Tesla's sessions are bills (`recordId` is the charging event), a BMW's are records.
"""

from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from emulator.datasets.cars import SetCar, grouped, local_to_utc, rows_of
from emulator.model import Bill, Session

ZONE = ZoneInfo("Europe/London")
FILE = "dundee_tesla_bmw_mini_2018.csv"


def read(folder: Path) -> list[SetCar]:
    """Read one car for each driver; a driver of this set has one car."""
    return [_car(driver, rows) for driver, rows in grouped(rows_of(folder / FILE), "Driver").items()]


def _car(driver: str, rows: list[dict[str, str]]) -> SetCar:
    make, model = make_and_model(rows[0]["Vehicle"])
    sessions = [_session(row, make) for row in rows]
    return SetCar(driver, make, model, 2017, ZONE.key, "GB", "GBP", sessions)


def make_and_model(vehicle: str) -> tuple[str, str]:
    """Split the file's words for a car; the "BMW Mini E" is a MINI."""
    if vehicle.startswith("BMW Mini"):
        return "MINI", vehicle.removeprefix("BMW Mini").strip()
    make, _, model = vehicle.partition(" ")
    return make.upper(), model


def _session(row: dict[str, str], make: str) -> Session:
    start = local_to_utc(f"{row['Start Date']} {row['Start Time']}", "%d/%m/%Y %H:%M", ZONE)
    ended = f"{row['End Date']} {row['End Time']}".strip()
    end = local_to_utc(ended, "%d/%m/%Y %H:%M", ZONE) if ended else None
    event = row["Charging event"]
    bill = Bill(event, "GBP", Decimal(0), Decimal(0), posted_at=end or start)
    return Session(
        key=event,
        start=start,
        end=end,
        energy_kwh=Decimal(row["Total kWh"]) if row["Total kWh"] else None,
        place="public",
        location=row["Site"] or None,
        is_public=True,
        # The charger's type stands in its model; a triple rapid charger has AC as well, which the file does not tell.
        charging_type="DC" if "Rapid" in row["Model"] or "Raption" in row["Model"] else "AC",
        bill=bill if make == "TESLA" else None,
    )
