"""Real sessions through the whole pipeline give exactly the figures published beside them.

The figures are read by plain SQL over a plain glob of the Parquet files, as a stranger would.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.flows.conftest import ZONES, command_line


@pytest.fixture(scope="module")
def sql(backfilled: Mapping[str, str]) -> Any:
    files = f"{backfilled['CHARGELAKE_HOME']}/lake/charge_sessions/**/*.parquet"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE VIEW sessions AS SELECT * FROM '{files}'")

    def run(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    return run


def totals(real_data: Path, name: str, file: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((real_data / name / f"{file}.totals.json").read_text())
    return read


def test_dundee_is_whole(sql: Any, real_data: Path) -> None:
    expected = totals(real_data, "dundee", "dundee_tesla_bmw_mini_2018")
    query = f"SELECT count(*), sum(energy_kwh::DECIMAL(12,3)) FROM sessions WHERE timezone = '{ZONES['dundee']}'"
    assert sql(query) == [(expected["n"], Decimal(expected["kWh"]))] == [(327, Decimal("4562.984"))]


def test_the_norwegian_garages_are_whole(sql: Any) -> None:
    query = f"""SELECT count(*), sum(energy_kwh::DECIMAL(12,2)), count(*) FILTER (status = 'ongoing')
                FROM sessions WHERE timezone = '{ZONES["norway_apartment"]}'"""
    assert sql(query) == [(3566, Decimal("47941.60"), 26)]


@pytest.mark.parametrize(
    ("month", "published"),
    [
        ("strftime(local_date, '%Y-%m')", "by_local_month"),
        ("strftime(started_at, '%Y-%m')", "by_utc_month_if_stamps_are_Europe/Oslo"),
        ("month", "by_utc_month_if_stamps_are_Europe/Oslo"),
    ],
)
def test_the_norwegian_garages_agree_month_by_month(sql: Any, real_data: Path, month: str, published: str) -> None:
    found = sql(f"""SELECT {month} AS m, count(*), sum(energy_kwh::DECIMAL(12,2)) FROM sessions
                    WHERE timezone = '{ZONES["norway_apartment"]}' GROUP BY m ORDER BY m""")
    expected = totals(real_data, "norway_apartment", "norway_home")[published]
    assert found == [(name, row["n"], Decimal(row["kWh"])) for name, row in sorted(expected.items())]


def test_the_workplace_is_whole_in_energy_and_money(sql: Any) -> None:
    query = f"""SELECT count(*), sum(energy_kwh::DECIMAL(12,2)), sum(billed_total), list(DISTINCT currency)
                FROM sessions WHERE timezone = '{ZONES["workplace_asensio"]}'"""
    assert sql(query) == [(3395, Decimal("19723.69"), Decimal("401.52"), ["USD"])]


def test_the_workplace_agrees_month_by_month(sql: Any, real_data: Path) -> None:
    found = sql(f"""SELECT strftime(local_date, '%Y-%m') AS m, count(*), count(*) FILTER (billed_total > 0),
                    sum(energy_kwh::DECIMAL(12,2)), sum(billed_total) FROM sessions
                    WHERE timezone = '{ZONES["workplace_asensio"]}' GROUP BY m ORDER BY m""")
    expected = totals(real_data, "workplace_asensio", "station_data_dataverse")["by_month"]
    assert found == [
        (name, row["n"], row["n_paid"], Decimal(row["kWh"]), Decimal(row["USD"]))
        for name, row in sorted(expected.items())
    ]


def test_the_six_sessions_of_one_bmw_are_as_the_maker_told_them(sql: Any, real_data: Path) -> None:
    records = json.loads((real_data / "bmw_u11" / "smartcar_bmw_records.json").read_text())["records"]
    found = sql(f"""SELECT strftime(started_at, '%Y-%m-%dT%H:%M:%S.000Z'), energy_kwh, soc_start_pct, soc_end_pct
                    FROM sessions WHERE timezone = '{ZONES["bmw_u11"]}' ORDER BY started_at""")
    assert found == [
        (
            record["chargeStart"],
            record["energy"],
            pytest.approx(record["startPercentRemaining"] * 100),
            pytest.approx(record["endPercentRemaining"] * 100),
        )
        for record in records
    ]


def test_nothing_of_the_real_sets_is_in_quarantine(backfilled: Mapping[str, str], tmp_path: Path) -> None:
    assert command_line(backfilled, tmp_path)("quarantine", "list", "--json").json == []


def test_the_lake_of_real_sets_is_sound(backfilled: Mapping[str, str], tmp_path: Path) -> None:
    assert command_line(backfilled, tmp_path)("verify", "--json").json == {"faults": []}


def test_the_real_sets_open_what_is_in_them_and_no_alarm_that_is_not(backfilled: Mapping[str, str]) -> None:
    """The workplace and Dundee are told as bills of Teslas that tell no day: no bill of theirs is one too many."""
    files = f"{backfilled['CHARGELAKE_HOME']}/lake/reconciliation/**/*.parquet"
    query = f"SELECT kind, count(*) FROM '{files}' WHERE is_open GROUP BY kind ORDER BY kind"
    assert duckdb.sql(query).fetchall() == [("free_charging", 382), ("idle_fees", 146), ("overlapping_sessions", 35)]
