"""Whose move it is for a vehicle, and the sentence that goes with it."""

from datetime import date

import polars as pl
import pytest

from lake.schemas import COMPLETENESS
from transforms.vehicles import BLOCKED, REGISTERED, vehicles

TODAY = date(2026, 10, 20)
DAY = date(2026, 10, 19)


def row(blocked, state="not_asked", trouble=None):
    """The row of a vehicle with a day of this state, whose streams are blocked: stream, whose move, sentence."""
    registered = pl.DataFrame([{"vehicle_id": "v-1", "make": "BMW", "owner_trouble": trouble}], schema=REGISTERED)
    rows = [("v-1", f"stream {place}", *each) for place, each in enumerate(blocked)]
    day = [{"vehicle_id": "v-1", "make": "BMW", "stream": "bmw_records", "day": DAY, "state": state}]
    days = pl.DataFrame(day, schema=COMPLETENESS.schema)
    made = vehicles(registered, pl.DataFrame(rows, schema=BLOCKED, orient="row"), days, {}, TODAY)
    return made.select("whose_move", "what_to_do").row(0)


US = ("chargelake", "Nothing to do.")
PLAN = ("application_owner", "Raise the plan.")
OWNER = ("owner", "Connect again.")


@pytest.mark.parametrize(
    ("blocked", "first"),
    [
        ([US, PLAN, OWNER], OWNER),
        ([US, PLAN], PLAN),
        ([PLAN, OWNER], OWNER),
        ([US], US),
        ([("nobody", None), PLAN], PLAN),
    ],
)
def test_the_move_is_the_first_ones_whose_part_nobody_else_can_do(blocked, first):
    assert row(blocked) == first
    assert row(blocked[::-1]) == first


def test_an_owner_in_trouble_comes_before_everybody_else():
    assert row([PLAN, OWNER], trouble="Sign in again.") == ("owner", "Sign in again.")


def test_of_several_sentences_of_one_the_first_streams_is_said():
    assert row([PLAN, ("application_owner", "Settle the account.")]) == PLAN


def test_where_nothing_is_unknown_and_nobody_has_to_act_it_is_nobodys_move():
    assert row([], state="confirmed_empty") == ("nobody", None)
    assert row([("nobody", None)], state="not_capable") == ("nobody", None)


def test_unknown_days_without_a_reason_are_ours():
    assert row([]) == ("chargelake", None)
