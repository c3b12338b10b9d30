"""The twelve questions of docs/queries give the answers that a small lake has, by either way of asking."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flows.house import House
from flows.querying import query
from flows.settings import load_settings
from flows.views import make_views
from tests.docs.fleet_lake import lake_at

FOLDER = Path(__file__).parents[2] / "docs" / "queries"
QUESTIONS = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.sql"))}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    home = lake_at(tmp_path_factory.mktemp("analysts") / "home")
    return House(load_settings(home=str(home)))


@pytest.fixture(scope="module")
def by_views(house: House) -> Mapping[str, Any]:
    """The answers of a process that knows nothing but DuckDB and the file of views."""
    file = make_views(house, None)
    script = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("SET TimeZone = 'UTC'")
print(json.dumps({name: connection.execute(sql).fetchall() for name, sql in json.load(sys.stdin).items()}, default=str))
"""
    command = [sys.executable, "-I", "-c", script, str(file)]
    done = subprocess.run(command, input=json.dumps(QUESTIONS), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: Mapping[str, Any] = json.loads(done.stdout)
    return told


ANSWERS: dict[str, list[tuple[object, ...]]] = {
    "01-cost-by-month-and-place": [
        ("2026-09", "home", "EUR", 1, 10.0, 0.0, Decimal("3.00")),
        ("2026-10", "home", None, 1, 0.0, 12.0, None),
        ("2026-10", "public", "EUR", 1, 30.0, 0.0, Decimal(15)),
        ("2026-10", "public", "NOK", 1, 20.0, 0.0, Decimal(120)),
        ("2026-11", "home", "EUR", 2, 45.0, 0.0, Decimal("13.50")),
    ],
    "02-share-of-each-band": [
        ("2026-09", "home", "off", "EUR", 6.0, 60.0, 0.2),
        ("2026-09", "home", "peak", "EUR", 4.0, 40.0, 0.45),
    ],
    "05-top-stations": [
        ("Ionity A", "EUR", 1, 1, 30.0, Decimal(15), 0.5),
        ("Oslo S", "NOK", 1, 1, 20.0, Decimal(120), 6.0),
    ],
    "06-cost-per-kwh-by-place-and-hour": [
        ("home", "EUR", 11, 2, 45.0, 0.3),
        ("home", "EUR", 12, 1, 10.0, 0.3),
        ("public", "EUR", 12, 1, 30.0, 0.5),
        ("public", "NOK", 12, 1, 20.0, 6.0),
    ],
    "07-drivers-over-a-limit": [("Ada", "2026-10", "NOK", 1, 20.0, Decimal(120))],
    "09-co2-by-month": [
        ("2026-09", "a mean", 1, 10.0, 3.0, 300.0),
        ("2026-10", "missing: a value is not told (a series)", 1, 12.0, None, None),
        ("2026-10", None, 2, 50.0, None, None),
        ("2026-11", None, 2, 45.0, None, None),
    ],
    "10-reimbursements-by-driver": [
        ("Ada", "2026-09", "de-home", "2026", "EUR", 1, 10.0, Decimal("1.80"), Decimal(-1), 0, None),
        ("nobody named", "2026-10", "de-home", "2026", None, 1, 0.0, None, None, 1, "cost_not_known"),
    ],
    "12-fastest-growing": [
        ("v-1", "TESLA", "2026-10", "NOK", None, Decimal(120), Decimal(120), None, 20.0, 0),
        ("v-1", "TESLA", "2026-10", "EUR", Decimal(3), Decimal(15), Decimal(12), 10.0, 30.0, 0),
    ],
}


def test_there_are_twelve_questions() -> None:
    assert len(QUESTIONS) == 12


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_says_what_it_asks_and_how_to_read_the_answer(name: str) -> None:
    question, empty, read, *_ = QUESTIONS[name].splitlines()
    assert (question[:3], question[-1:], empty, read[:12]) == ("-- ", "?", "--", "-- Read it: ")


def test_the_page_of_the_questions_names_each() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    assert [name for name, sql in QUESTIONS.items() if f"[{sql.splitlines()[0][3:]}]({name}.sql)" not in page] == []


@pytest.mark.parametrize("name", ANSWERS)
def test_a_question_has_its_answer(house: House, name: str) -> None:
    assert query(house, QUESTIONS[name])[1] == ANSWERS[name]


def rows(house: House, name: str) -> list[dict[str, object]]:
    columns, found = query(house, QUESTIONS[name])
    return [dict(zip(columns, row, strict=True)) for row in found]


def test_what_has_no_price_says_why(house: House) -> None:
    (row,) = rows(house, "03-not-priced-by-reason")
    assert (row["reason"], row["sessions"], row["kwh"]) == ("no_tariff", 1, 12.0)


def test_open_items_have_their_age_by_the_latest_run(house: House) -> None:
    (row,) = rows(house, "04-open-items-by-age")
    assert (row["age"], row["state"], row["items"]) == ("8 to 30 days", "unbilled", 1)


def test_days_not_known_are_told_in_stretches(house: House) -> None:
    found = rows(house, "08-days-not-known")
    assert [(str(row["first_day"]), str(row["last_day"]), row["days"]) for row in found] == [
        ("2026-10-01", "2026-10-02", 2),
        ("2026-10-04", "2026-10-04", 1),
    ]


def test_a_refund_is_told_with_the_answer_it_came_in(house: House) -> None:
    (row,) = rows(house, "11-refunds-and-corrections")
    assert (row["change"], row["raw_ref"], row["told_at"]) == (-3, "r#2/0", datetime(2026, 10, 7, 10, tzinfo=UTC))


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_file_of_views_gives_the_same_answer(house: House, by_views: Mapping[str, Any], name: str) -> None:
    assert by_views[name] == json.loads(json.dumps(query(house, QUESTIONS[name])[1], default=str))
