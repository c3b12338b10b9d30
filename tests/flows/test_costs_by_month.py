"""What is owed by the local month is there, also where no session is of the month (UTC) in which it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from flows.costing import publish_costs
from flows.house import House
from flows.settings import load_settings
from lake.schemas import CHARGE_SESSIONS, SESSION_COSTS
from lake.tables import Partition

TARIFF = """
[[tariff]]
id = "home"
version = "1"
currency = "USD"
valid_from = 2020-01-01
prices_are = "gross"
price_per_kwh = 0.30
monthly_base_per_vehicle = 9.90
"""


def one_session(start: datetime, zone: str) -> pl.DataFrame:
    told = {
        "session_id": "s-1", "vehicle_id": "v-1", "make": "BMW", "timezone": zone, "place": "home",
        "status": "complete", "revision": 1, "raw_ref": "seg#1/0", "started_at": start,
        "ended_at": start + timedelta(hours=1), "energy_kwh": 10.0,
        "local_date": start.astimezone(ZoneInfo(zone)).date(),
    }  # fmt: skip
    frame = pl.DataFrame([dict.fromkeys(CHARGE_SESSIONS.schema) | told], schema=CHARGE_SESSIONS.schema)
    return frame.with_columns(pl.lit(f"{start:%Y-%m}").alias("month"))


@pytest.mark.parametrize(
    ("start", "zone"),
    [
        (datetime(2026, 2, 1, 5, tzinfo=UTC), "America/Los_Angeles"),
        (datetime(2026, 2, 3, 5, tzinfo=UTC), "Pacific/Auckland"),
        (datetime(2026, 2, 3, 5, tzinfo=UTC), "Europe/Berlin"),
    ],
    ids=["the evening before, in the west", "a first noon that is the day before, in the east", "in between"],
)
def test_a_monthly_base_is_owed_wherever_the_one_session_of_the_month_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start: datetime, zone: str
) -> None:
    monkeypatch.setenv("CHARGELAKE_HOME", str(tmp_path / "home"))
    house = House(load_settings(now=datetime(2026, 3, 10, tzinfo=UTC)))
    house.rules_folder.mkdir(parents=True)
    (house.rules_folder / "tariffs.toml").write_text(TARIFF)
    house.tables.publish(CHARGE_SESSIONS, one_session(start, zone), [Partition("BMW", "2026-02")])
    publish_costs(house)
    owed = house.tables.read(SESSION_COSTS).filter(pl.col("component") == "monthly_base")
    month = start.astimezone(ZoneInfo(zone)).date().replace(day=1)
    assert owed.select("amount", "local_date").rows() == [(Decimal("9.90"), month)]
