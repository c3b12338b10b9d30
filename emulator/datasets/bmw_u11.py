"""Six sessions of one BMW iX1 in Germany, September 2023 (Apache-2.0, anonymised), already in Smartcar's shape.

What the file calls `x_…` are extras that the API does not give; they are left out. Local times marked `Z` and the
session without length stay as they are.
"""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from emulator.datasets.cars import SetCar
from emulator.model import Session

FILE = "smartcar_bmw_records.json"


def read(folder: Path) -> list[SetCar]:
    """Read the one car."""
    document = json.loads((folder / FILE).read_text("utf-8"), parse_float=Decimal)
    sessions = [_session(record) for record in document["records"]]
    return [SetCar("U11", "BMW", "iX1", 2023, "Europe/Berlin", "DE", "EUR", sessions, milliseconds=True)]


def _session(record: dict[str, object]) -> Session:
    energy, first, last = (record[k] for k in ("energy", "startPercentRemaining", "endPercentRemaining"))
    return Session(
        key=str(record["x_id"]),
        start=datetime.fromisoformat(str(record["chargeStart"])),
        end=datetime.fromisoformat(str(record["chargeEnd"])),
        energy_kwh=Decimal(str(energy)),
        place="public",
        location=str(record["location"]),
        is_public=bool(record["isPublic"]),
        soc_start=Decimal(str(first)),
        soc_end=Decimal(str(last)),
        charging_type=str(record["chargingType"]),
    )
