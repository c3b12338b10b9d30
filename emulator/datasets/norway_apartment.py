"""Trondheim 2018-20: home sessions in apartment buildings (CC BY 4.0, Sorensen et al.).

Semicolons, decimal commas, `NA` for an open end, stamps to the minute in local time (Europe/Oslo). Every row is
served, whatever it says. The set does not tell the make of a car: every fourth user drives a MINI, the others a BMW.
"""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from emulator.datasets.cars import SetCar, grouped, rows_of
from emulator.model import Session

ZONE = ZoneInfo("Europe/Oslo")
FILE = "norway_home.csv"
MINI_EVERY = 4


def read(folder: Path) -> list[SetCar]:
    """Read one car for each `User_ID`, in the order of their names."""
    groups = grouped(rows_of(folder / FILE, delimiter=";"), "User_ID")
    return [_car(number, user, groups[user]) for number, user in enumerate(sorted(groups))]


def _car(number: int, user: str, rows: list[dict[str, str]]) -> SetCar:
    make, model = ("MINI", "Cooper SE") if number % MINI_EVERY == 0 else ("BMW", "i3")
    return SetCar(user, make, model, 2018, ZONE.key, "NO", "NOK", [_session(row) for row in rows])


def _session(row: dict[str, str]) -> Session:
    start, end = interval(row["Start_plugin"], row["End_plugout"], row["Duration_hours"])
    return Session(
        key=row["session_ID"],
        start=start,
        end=end,
        energy_kwh=Decimal(row["El_kWh"].replace(",", ".")),
        place="home",
        location=row["Garage_ID"],
        is_public=False,
        charging_type="AC",
    )


def interval(start_text: str, end_text: str, duration_text: str) -> tuple[datetime, datetime | None]:
    """Read the two stamps as UTC.

    In the repeated hour of autumn a stamp is one of two instants: the pair whose length comes nearest to the
    published duration is taken, the earlier start if they tie.
    """
    starts = _readings(start_text)
    if end_text == "NA":
        return starts[0], None
    ends = _readings(end_text)
    hours = float(duration_text.replace(",", "."))
    pairs = [(start, end) for start in starts for end in ends]
    return min(pairs, key=lambda pair: abs((pair[1] - pair[0]).total_seconds() / 3600 - hours))


def _readings(text: str) -> list[datetime]:
    """Give what a stamp can mean: one instant, two in a repeated hour.

    In the missing hour of spring zoneinfo's two folds differ as well, but there is only one way to shift forward.
    """
    wall = datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=ZONE)
    first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    return [first, second] if second > first else [first]
