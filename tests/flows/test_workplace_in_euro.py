"""The workplace's USD 401.52 in euro, month by month: the lake against plain Python that goes row by row.

The reference reads the raw rows and the raw rates, and walks back from each session's local day to the last one with a
rate. It shares no code with the house.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest

from tests.flows.conftest import ZONES

CENT = Decimal("0.01")
Totals = dict[str, tuple[Decimal, Decimal]]


def slowly(real_data: Path) -> Totals:
    """USD and EUR by local month, from the files as they were published."""
    with (real_data / "reference" / "ecb_eurofxref_2014-2026.csv").open() as file:
        rates = {date.fromisoformat(row["Date"]): Decimal(row["USD"]) for row in csv.DictReader(file)}
    totals: Totals = defaultdict(lambda: (Decimal(0), Decimal(0)))
    with (real_data / "workplace_asensio" / "station_data_dataverse.csv").open() as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat("20" + row["created"][2:10])
            dollars, published = Decimal(row["dollars"]), day
            while published not in rates:
                published -= timedelta(days=1)
            euros = (dollars / rates[published]).quantize(CENT, ROUND_HALF_UP)
            usd, eur = totals[f"{day:%Y-%m}"]
            totals[f"{day:%Y-%m}"] = (usd + dollars, eur + euros)
    return dict(totals)


@pytest.fixture(scope="module")
def in_the_lake(backfilled: Mapping[str, str]) -> Totals:
    """The same of the published costs, as a stranger's SQL sees them."""
    files = f"{backfilled['CHARGELAKE_HOME']}/lake/session_costs/**/*.parquet"
    found = duckdb.execute(f"""
        SELECT strftime(local_date, '%Y-%m') AS month, sum(amount), sum(reporting_amount) FROM '{files}'
        WHERE timezone = '{ZONES["workplace_asensio"]}' AND basis = 'billed' GROUP BY ALL""")
    return {month: (usd, eur) for month, usd, eur in found.fetchall()}


def test_each_month_agrees_to_the_cent(in_the_lake: Totals, real_data: Path) -> None:
    assert in_the_lake == slowly(real_data)


def test_the_euros_of_all_months_are_a_known_sum(in_the_lake: Totals) -> None:
    assert sum(eur for _, eur in in_the_lake.values()) == Decimal("360.83")


def test_the_dollars_are_those_that_are_published(in_the_lake: Totals) -> None:
    assert sum(usd for usd, _ in in_the_lake.values()) == Decimal("401.52")


def test_the_euros_are_fewer_than_the_dollars_in_each_month(in_the_lake: Totals) -> None:
    paid = [both for both in in_the_lake.values() if both[0]]
    assert [usd > eur > 0 for usd, eur in paid] == [True] * 11
