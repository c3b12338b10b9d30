"""Corrections: whatever changes, and whenever months are closed, what was stated adds up to what stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_cases import cost, cost_lines

from lake.schemas import COST_LINE
from tests.tries import tries
from transforms.costs.correcting import CORRECTION, corrections, of_months

KEY = ["line_id", "driver", "cost_centre", "currency"]
NONE = CORRECTION.to_frame()


def closed(lines: pl.DataFrame, month: str = "2026-10") -> pl.DataFrame:
    return of_months(lines, [month]).with_columns(pl.lit(month).alias("stated_in"))


def due(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    found = corrections(closed(cost_lines(before)), NONE, cost_lines(after), ["2026-10"])
    return found.select("driver", "stated", "stands", "amount", "why").sort("amount").rows()


def test_what_has_not_changed_needs_no_correction():
    assert due([cost()], [cost()]) == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([cost(amount="3.00")], [("Ada", 4, 3, -1, "changed")]),
        ([], [("Ada", 4, 0, -4, "gone")]),
        ([cost(driver="Bob")], [("Ada", 4, 0, -4, "moved"), ("Bob", 0, 4, 4, "moved")]),
        ([cost(cost_centre="CC2")], [("Ada", 4, 0, -4, "moved"), ("Ada", 0, 4, 4, "moved")]),
        ([cost(currency="GBP")], [("Ada", 4, 0, -4, "moved"), ("Ada", 0, 4, 4, "moved")]),
        ([cost(), cost(2, "2.00")], [("Ada", 0, 2, 2, "new")]),
        ([cost(amount=None)], [("Ada", 4, 0, -4, "gone")]),
    ],
)
def test_a_change_is_the_difference_to_what_was_stated(after, expected):
    assert due([cost()], after) == expected


def test_a_correction_names_the_month_and_the_line_it_corrects():
    before = cost_lines([cost()])
    found = corrections(closed(before), NONE, cost_lines([cost(amount="3.00")]), ["2026-10"])
    assert found.select("corrects_month", "line_id").rows() == [("2026-10", before["line_id"].item())]


def test_a_correction_is_made_once():
    lines, now = closed(cost_lines([cost()])), cost_lines([cost(amount="3.00")])
    once = corrections(lines, NONE, now, ["2026-10"])
    assert corrections(lines, once, now, ["2026-10"]).is_empty()


STATES = st.lists(
    st.lists(
        st.tuples(
            st.integers(1, 4), st.integers(10, 12), st.sampled_from(["Ada", "Bob", None]),
            st.sampled_from(["EUR", "GBP"]), st.integers(-300, 900),
        ),
        max_size=4, unique_by=lambda each: each[0],
    ),
    min_size=3, max_size=3,
)  # fmt: skip


def test_original_and_corrections_always_add_up_to_what_stands():
    @tries(40)
    @given(STATES)
    def holds(states: list[list[tuple[int, int, str | None, str, int]]]) -> None:
        lines, said, months = COST_LINE.to_frame().with_columns(pl.lit("").alias("stated_in")), NONE, []
        for month, state in zip(("2026-10", "2026-11", "2026-12"), states, strict=True):
            now = cost_lines([_line(*each) for each in state])
            said = pl.concat([said, corrections(lines, said, now, months)])
            lines = pl.concat([lines, closed(now, month)])
            months.append(month)
            assert _sums(pl.concat([lines.select(*KEY, "amount"), said.select(*KEY, "amount")])) == _sums(
                of_months(now, months).select(*KEY, "amount")
            )

    holds()


def _line(number: int, month: int, driver: str | None, currency: str, cents: int) -> dict[str, Any]:
    one = cost(number, str(Decimal(cents) / 100), driver=driver, currency=currency)
    return one | {name: one[name].replace(month=month) for name in ("started_at", "local_date")}


def _sums(lines: pl.DataFrame) -> dict[Any, Any]:
    summed = lines.group_by(KEY).agg(pl.col("amount").sum()).filter(pl.col("amount") != 0)
    return {row[:-1]: row[-1] for row in summed.iter_rows()}
