from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lake import reference


@pytest.fixture
def fresh() -> Iterator[None]:
    reference.currency_digits.cache_clear()
    yield
    reference.currency_digits.cache_clear()


@pytest.mark.parametrize(("code", "digits"), [("JPY", 0), ("EUR", 2), ("USD", 2), ("NOK", 2), ("KWD", 3)])
def test_a_currency_has_the_digits_that_iso_4217_gives_it(code: str, digits: int) -> None:
    assert reference.currency_digits()[code] == digits


def test_a_currency_that_iso_4217_does_not_list_is_none() -> None:
    assert not {"EURO", "eur", "XXY", ""} & reference.currencies()


def test_codes_are_three_capital_letters() -> None:
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in reference.currencies())


@pytest.mark.usefixtures("fresh")
def test_an_installed_wheel_reads_the_tables_it_brought_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "currencies.csv").write_text("code,digits\nEUR,2\n", "ascii")
    monkeypatch.setattr(reference, "_INSTALLED", tmp_path)
    assert reference.currency_digits() == {"EUR": 2}
