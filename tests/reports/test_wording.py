from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from reports import wording


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("1234.5", "EUR", "1,234.50 EUR"),
        ("1234.5", "JPY", "1,235 JPY"),
        ("1.2345", "KWD", "1.235 KWD"),
        ("-3", "USD", "-3.00 USD"),
        ("0", "EUR", "0.00 EUR"),
        ("1.234500", "???", "1.234500 ???"),
    ],
)
def test_money_has_the_digits_of_its_currency(amount, currency, written):
    assert wording.money(Decimal(amount), currency) == written


def test_what_is_not_known_is_no_zero():
    assert "0" not in wording.money(None, "EUR") + wording.kwh(None) + wording.share(0, 0) + wording.instant(None)


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [(99_999, 100_000, "99.9 %"), (1, 100_000, "0.1 %"), (3, 3, "100 %"), (0, 3, "0 %"), (1, 3, "33.3 %")],
)
def test_a_share_is_all_or_nothing_only_if_it_is(part, whole, written):
    assert wording.share(part, whole) == written


@pytest.mark.parametrize(("energy", "written"), [(1234.56, "1,234.6"), (0.0, "0.0"), (0.004, "0.004")])
def test_a_little_energy_is_not_written_as_none(energy, written):
    assert wording.kwh(energy) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(45, "45 s"), (59.9, "1 min"), (720, "12 min"), (11_100, "3 h 05 min"), (None, "not finished")],
)
def test_a_duration_is_written_in_its_largest_units(seconds, written):
    start = datetime(2026, 10, 3, tzinfo=UTC)
    assert wording.duration(start, None if seconds is None else start + timedelta(seconds=seconds)) == written


def test_one_and_many_are_told_apart():
    assert wording.counted(1, "vehicle", "vehicles") == "1 vehicle"
    assert wording.counted(1200, "vehicle", "vehicles") == "1,200 vehicles"
