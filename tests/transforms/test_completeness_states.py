"""What is known of each day, and why not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lake.schemas import COMPLETENESS
from transforms.completeness import completeness

TODAY = date(2026, 10, 20)
ASKED = datetime(2026, 10, 20, 6, tzinfo=UTC)
STREAM = {
    "vehicle_id": pl.String, "make": pl.String, "stream": pl.String, "consent_day": pl.Date, "window_days": pl.Int64,
    "blocked_state": pl.String, "as_of": pl.Datetime("us", "UTC"),
}  # fmt: skip
COVERAGE = {"vehicle_id": pl.String, "stream": pl.String, "since": pl.Date, "until": pl.Date}
RECORD_DAYS = {"vehicle_id": pl.String, "stream": pl.String, "day": pl.Date}


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def table(covered=(), records=(), consent=5, window=0, blocked=None, **more):
    """The completeness of one stream; days are given as so many days ago."""
    streams = pl.DataFrame(
        [("v", "BMW", "bmw_records", None if consent is None else ago(consent), window, blocked, ASKED)],
        schema=STREAM, orient="row",
    )  # fmt: skip
    coverage = [("v", "bmw_records", ago(since), ago(until)) for since, until in covered]
    days = [("v", "bmw_records", ago(each)) for each in records]
    return completeness(
        streams,
        pl.DataFrame(coverage, schema=COVERAGE, orient="row"),
        pl.DataFrame(days, schema=RECORD_DAYS, orient="row"),
        more.get("today", TODAY),
    )


def states(**given) -> list[str]:
    """States from the first day to yesterday."""
    return table(**given)["state"].to_list()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"consent": 2}, "not_asked not_asked"),
        ({"consent": 2, "covered": [(2, 1)]}, "confirmed_empty confirmed_empty"),
        ({"consent": 2, "covered": [(2, 1)], "records": [1]}, "confirmed_empty collected"),
        ({"consent": 2, "records": [1]}, "not_asked not_asked"),
        ({"consent": 2, "covered": [(1, 1)], "blocked": "no_permission"}, "no_permission confirmed_empty"),
        ({"consent": 1, "covered": [(3, 3)]}, "before_consent before_consent not_asked"),
        ({"consent": 3, "covered": [(3, 3), (1, 1)]}, "confirmed_empty not_asked confirmed_empty"),
        ({"consent": 3, "window": 2, "blocked": "over_budget"}, "outside_window outside_window over_budget"),
        ({"consent": 3, "window": 1, "covered": [(3, 3)]}, "confirmed_empty outside_window outside_window"),
        ({"consent": 1, "covered": [(1, 0)], "records": [0]}, "confirmed_empty"),
    ],
)
def test_each_day_has_the_first_state_that_holds(given, expected):
    assert states(**given) == expected.split()


def test_rows_run_from_consent_to_yesterday_and_have_the_schema():
    rows = table(consent=3)
    assert rows["day"].to_list() == [ago(3), ago(2), ago(1)]
    assert rows.schema == COMPLETENESS.schema
    assert rows["as_of"].to_list() == [ASKED] * 3


def test_consent_given_today_has_no_row_yet():
    assert table(consent=0).is_empty()


def test_without_a_known_consent_only_what_is_covered_and_after_has_rows():
    assert states(consent=None, covered=[(3, 2)]) == ["confirmed_empty", "confirmed_empty", "not_asked"]
    assert table(consent=None).is_empty()


def test_records_told_twice_of_a_day_make_one_row():
    assert states(consent=1, covered=[(1, 1)], records=[1, 1]) == ["collected"]
