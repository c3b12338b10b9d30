"""Amounts in the reporting currency are exact, dated, and null where no rate is known."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.reference import currency_digits
from lake.schemas import MONEY, SESSION_COSTS
from tests.tries import tries
from transforms.costs.currency import with_reporting
from transforms.rules.rates import joined, published

DAY = date(2026, 4, 2)
RATES = """Date,USD,JPY,CHF,IDR,KWD
2026-04-02,1.1,160,0.9222,17500,0.3391
2026-04-07,1.2,161,N/A,17501,0.34
"""
LINES = pl.Schema([("amount", MONEY), ("currency", pl.String), ("local_date", pl.Date)])
REPORTED = [name for name in SESSION_COSTS.schema if name.startswith(("reporting", "fx"))]


def converted(*rows: tuple[object, ...], currency: str = "EUR", text: str | None = RATES) -> list[dict[str, object]]:
    lines = pl.DataFrame(rows, schema=LINES, orient="row")
    rates = joined([("rates.csv", published(text))] if text else [])
    return with_reporting(lines, rates, currency, currency_digits()).to_dicts()


def one(amount: str, currency: str, day: date = DAY, reporting: str = "EUR") -> Decimal | None:
    (line,) = converted((Decimal(amount), currency, day), currency=reporting)
    found = line["reporting_amount"]
    assert found is None or isinstance(found, Decimal)
    return found


def test_the_columns_are_those_of_the_table() -> None:
    lines = with_reporting(LINES.to_frame(), joined([]), "EUR", currency_digits())
    told = {name: dtype for name, dtype in lines.schema.items() if name not in LINES}
    assert list(told.items()) == [(name, SESSION_COSTS.schema[name]) for name in REPORTED]


def test_an_amount_is_divided_by_the_rate_of_its_day() -> None:
    assert one("11", "USD") == 10


def test_a_holiday_takes_the_last_rate_before_it_and_says_of_which_day() -> None:
    (line,) = converted((Decimal(11), "USD", date(2026, 4, 6)))
    assert (line["reporting_amount"], line["fx_rate"], line["fx_date"]) == (10, Decimal("1.1"), DAY)


def test_who_published_the_rate_is_said() -> None:
    (line,) = converted((Decimal(11), "USD", DAY))
    assert line["fx_source"] == "ECB euro reference rates"


def test_the_same_currency_is_not_converted() -> None:
    (line,) = converted((Decimal("0.005"), "EUR", date(1990, 1, 1)), text=None)
    assert line["reporting_amount"] == Decimal("0.005")
    assert (line["fx_rate"], line["fx_date"], line["fx_source"]) == (1, date(1990, 1, 1), "same currency")


def test_a_rate_across_two_currencies_goes_through_the_euro() -> None:
    (line,) = converted((Decimal(160), "JPY", DAY), currency="USD")
    assert line["reporting_amount"] == Decimal("1.1")
    assert line["fx_rate"] == Decimal("145.454545455")
    assert (line["fx_per_eur"], line["fx_reporting_per_eur"]) == (160, Decimal("1.1"))


def test_the_euro_is_converted_into_others() -> None:
    assert one("100", "EUR", reporting="USD") == 110


def test_small_units_keep_all_their_digits() -> None:
    assert one("100", "EUR", reporting="IDR") == 1_750_000


@pytest.mark.parametrize(("reporting", "found"), [("JPY", "1455"), ("KWD", "3.083"), ("EUR", "9.09")])
def test_an_amount_has_the_digits_of_its_currency(reporting: str, found: str) -> None:
    assert one("10", "USD", reporting=reporting) == Decimal(found)


@pytest.mark.parametrize(("amount", "found"), [("0.0055", "0.01"), ("-0.0055", "-0.01"), ("0.005499", "0.00")])
def test_a_half_is_rounded_away_from_zero(amount: str, found: str) -> None:
    assert one(amount, "USD") == Decimal(found)


@pytest.mark.parametrize(
    ("currency", "day"),
    [
        ("NOK", DAY),  # no such column
        ("CHF", date(2026, 4, 7)),  # not published on that day
        ("USD", date(2026, 4, 8)),  # not published yet
        ("USD", date(2026, 4, 1)),  # before the first
        ("USD", None),
    ],
)
def test_without_a_rate_every_column_but_the_currency_is_null(currency: str, day: date | None) -> None:
    (line,) = converted((Decimal(1), currency, day))
    assert {name: line[name] for name in REPORTED} == dict.fromkeys(REPORTED) | {"reporting_currency": "EUR"}


def test_a_line_without_an_amount_has_none() -> None:
    (line,) = converted((None, None, DAY))
    assert {name: line[name] for name in REPORTED} == dict.fromkeys(REPORTED) | {"reporting_currency": "EUR"}


def test_the_rows_and_their_order_stay() -> None:
    rows = [(Decimal(number), ("USD", "JPY", "ZZZ")[number % 3], DAY) for number in range(9)]
    assert [line["amount"] for line in converted(*rows)] == list(range(9))


def test_an_amount_that_its_column_cannot_hold_is_null() -> None:
    assert one("999999999999", "EUR", reporting="IDR") is None


AMOUNTS = st.decimals(-(10**9), 10**9, places=6) | st.integers(-500, 500).map(lambda cents: Decimal(cents) / 100)


@tries(40)
@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["USD", "JPY", "CHF", "IDR", "KWD", "EUR"])), min_size=1),
       st.sampled_from(["EUR", "USD", "JPY", "KWD"]))  # fmt: skip
def test_amounts_are_those_of_plain_decimals(lines: list[tuple[Decimal, str]], reporting: str) -> None:
    per_eur = dict(zip(("USD", "JPY", "CHF", "IDR", "KWD"), RATES.splitlines()[1].split(",")[1:], strict=True))
    for line in converted(*((amount, currency, DAY) for amount, currency in lines), currency=reporting):
        with localcontext(prec=80):
            above, below = (Decimal(per_eur.get(str(code), 1)) for code in (reporting, line["currency"]))
            exact = Decimal(str(line["amount"])) * above / below
        digits = Decimal(1).scaleb(-currency_digits()[reporting])
        same = line["currency"] == reporting
        assert line["reporting_amount"] == (line["amount"] if same else exact.quantize(digits, ROUND_HALF_UP))


@tries(40)
@given(st.integers(1, 9_999_999_999), st.integers(1, 999_999_999), st.integers(0, 30))
def test_what_is_shown_is_computed_again_from_what_is_shown(cents: int, tenths: int, later: int) -> None:
    rate = Decimal("0.01") + Decimal(tenths) / 10**6
    text = f"Date,USD,GBP\n{DAY},{rate},0.8354\n"
    (line,) = converted((Decimal(cents) / 100, "USD", DAY + timedelta(days=later)), currency="GBP", text=text)
    if line["fx_rate"] is None:
        assert later > 0
        return
    with localcontext(prec=80):
        exact = Decimal(cents) / 100 * line["fx_reporting_per_eur"] / line["fx_per_eur"]
    assert line["reporting_amount"] == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
