"""A fleet that is billed in six currencies: each has its own sums, and what has no rate is converted into nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import cycle
from pathlib import Path

import polars as pl
import pytest

from flows.doctoring import findings
from flows.house import House
from flows.querying import query
from lake import schemas
from reports.costs.figures import CostReport, Period, Wanted, cost_report
from tests.flows.conftest import Practice, a_home, practising, with_rates

CURRENCIES = ("USD", "EUR", "GBP", "CHF", "NOK", "JPY")
CONVERTED = ("USD", "EUR", "GBP", "CHF", "NOK")
QUESTION = Path(__file__).parents[2] / "docs" / "queries" / "01-cost-by-month-and-place.sql"


@pytest.fixture(scope="module")
def house(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A lake of Teslas, each billed in one of six currencies, with the ECB's rates, which have no yen."""
    folder = tmp_path_factory.mktemp("six")
    with_rates(folder / "rules", real_data)
    with a_home(folder) as patch:
        patch.setenv("CHARGELAKE_RULES", str(folder / "rules"))
        yield asyncio.run(collected(patch))


async def collected(patch: pytest.MonkeyPatch) -> House:
    async with practising(patch) as practice:
        await practice.connect("30-vehicles@smartcar.com")
        teslas = sorted(each.vehicle_id for each in practice.house().registry.vehicles() if each.make == "TESLA")
        for vehicle, currency in zip(teslas, cycle(CURRENCIES), strict=False):
            practice.emulator.faults.add("currency", currency=currency, vehicle=vehicle)
        await practice.run()
        return practice.house()


@pytest.fixture(scope="module")
def lines(house: House) -> pl.DataFrame:
    return house.tables.read(schemas.SESSION_COSTS).filter(pl.col("basis") == "billed")


def sums(frame: pl.DataFrame, amount: str) -> dict[str, Decimal]:
    told = frame.filter(pl.col("currency").is_not_null())
    return dict(told.group_by("currency").agg(pl.col(amount).sum()).iter_rows())


def test_each_currency_has_the_sum_of_its_bills(house: House, lines: pl.DataFrame) -> None:
    bills = sums(house.tables.read(schemas.CHARGE_SESSIONS), "billed_total")
    assert sorted(bills) == sorted(CURRENCIES)
    assert sums(lines, "amount") == bills


def test_every_line_but_those_in_yen_is_converted(lines: pl.DataFrame) -> None:
    converted = lines.filter(pl.col("reporting_amount").is_not_null())
    assert sorted(converted["currency"].unique()) == sorted(CONVERTED)
    assert lines.filter(pl.col("currency") == "JPY")["reporting_amount"].null_count() > 0


def test_converted_amounts_are_computed_again_from_their_own_rows(lines: pl.DataFrame) -> None:
    columns = ("amount", "fx_reporting_per_eur", "fx_per_eur", "reporting_amount")
    found = lines.filter(pl.col("fx_per_eur").is_not_null()).select(columns).rows()
    assert len(found) > 20
    assert [row for row in found if (row[0] * row[1] / row[2]).quantize(Decimal("0.01"), ROUND_HALF_UP) != row[3]] == []


def test_euros_are_as_they_were_billed(lines: pl.DataFrame) -> None:
    euros = lines.filter(pl.col("currency") == "EUR")
    assert euros["reporting_amount"].to_list() == euros["amount"].to_list()


def test_a_question_by_month_and_place_mixes_no_currencies(house: House, lines: pl.DataFrame) -> None:
    columns, rows = query(house, QUESTION.read_text("utf-8"))
    answer = pl.DataFrame(rows, schema=columns, orient="row")
    assert sums(answer, "cost") == sums(lines, "amount")


def test_doctor_says_what_has_no_rate(house: House) -> None:
    (found,) = [each for each in findings(house) if each.about == "rates"]
    assert re.fullmatch(r"the newest are of 2026-10-30; \d+ cost lines in JPY have none", found.says)
    assert found.is_well


async def test_doctor_says_when_costs_wait_for_newer_rates(practice: Practice, tmp_path: Path) -> None:
    practice.emulator.faults.add("currency", currency="USD")
    (tmp_path / "home" / "rules" / "rates").mkdir(parents=True)
    (tmp_path / "home" / "rules" / "rates" / "old.csv").write_text("Date,USD\n2026-09-01,1.1\n")
    await practice.connect("8-vehicles@smartcar.com")
    await practice.run()
    (found,) = [each for each in findings(practice.house()) if each.about == "rates"]
    assert (found.is_well, "wait for newer ones" in found.says) == (False, True)


async def test_rates_that_come_later_convert_what_was_not(practice: Practice, real_data: Path, tmp_path: Path) -> None:
    practice.emulator.faults.add("currency", currency="USD")
    await practice.connect("8-vehicles@smartcar.com")
    known = []
    for _ in range(2):
        await practice.run()
        billed = practice.house().tables.read(schemas.SESSION_COSTS).filter(pl.col("currency") == "USD")
        known.append(billed["reporting_amount"].is_not_null().sum() / billed.height)
        if len(known) == 1:
            with_rates(tmp_path / "home" / "rules", real_data)
    assert known == [0, 1]


async def test_whose_rates_they_are_is_told_anew_when_that_changes(
    practice: Practice, real_data: Path, tmp_path: Path
) -> None:
    practice.emulator.faults.add("currency", currency="USD")
    rates = with_rates(tmp_path / "home" / "rules", real_data) / "rates"
    await practice.connect("8-vehicles@smartcar.com")
    await practice.run()
    (rates / "SOURCE.txt").write_text("elsewhere")
    await practice.run()
    billed = practice.house().tables.read(schemas.SESSION_COSTS).filter(pl.col("currency") == "USD")
    assert billed["fx_source"].unique().to_list() == ["elsewhere"]


@pytest.fixture(scope="module")
def report(house: House) -> CostReport:
    """The report of all days, by vehicle."""
    read = house.tables.read
    wanted = Wanted(Period(date(2026, 1, 1), date(2026, 12, 31)), "vehicle", "EUR", house.clock.now())
    return cost_report(read(schemas.SESSION_COSTS), read(schemas.CHARGE_SESSIONS), read(schemas.COMPLETENESS), wanted)


def test_a_report_has_a_total_for_each_currency_and_none_over_them(report: CostReport, lines: pl.DataFrame) -> None:
    totals = {row.currency: row.billed for row in report.totals if row.currency is not None}
    assert totals == sums(lines, "amount")


def test_no_row_of_a_report_mixes_currencies(report: CostReport, lines: pl.DataFrame) -> None:
    by_vehicle = lines.filter(pl.col("amount").is_not_null()).group_by("vehicle_id", "currency")
    expected = {(key, code): amount for key, code, amount in by_vehicle.agg(pl.col("amount").sum()).iter_rows()}
    assert {(row.group, row.currency): row.billed for row in report.rows if row.billed is not None} == expected


def test_a_report_converts_each_currency_by_itself(report: CostReport, lines: pl.DataFrame) -> None:
    converted = {row.currency: row.converted for row in report.totals if row.converted is not None}
    told = sums(lines.filter(pl.col("reporting_amount").is_not_null()), "reporting_amount")
    assert converted == told
    assert sorted(converted) == sorted(CONVERTED)


def test_a_report_has_no_converted_total_while_yen_have_no_rate_and_says_so(report: CostReport) -> None:
    assert (report.converted_total, [each.currency for each in report.unknown.no_rate]) == (None, ["JPY"])
