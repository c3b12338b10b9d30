"""What must hold for whatever lands: the same tables however it is cut, repeated or shuffled, and nothing lost."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from landed_answers import (
    CURRENCIES,
    NO_HISTORY,
    VEHICLE,
    Lake,
    answer,
    bill,
    cost,
    day,
    lake_of,
    read,
    session,
)  # fmt: skip
from told_by_v3 import signal

from tests.tries import tries
from transforms import sessions
from transforms.decode import decode
from transforms.wire import STREAMS

quick = tries(12)

MIDNIGHT = datetime(2026, 9, 30, 23, 59, 40, tzinfo=UTC)
"""Close to the end of a month, so that drift moves sessions across it."""

seconds = st.sampled_from([0, 5, 12, 20, 29, 41, 55, 140])


def at(offset: int) -> str:
    return (MIDNIGHT + timedelta(seconds=offset)).isoformat()


@st.composite
def maker_sessions(draw):
    start = at(draw(seconds))
    end = draw(st.none() | seconds)
    told = session(start, energy=draw(st.sampled_from([0, 5, 6])))
    return told | {"chargeEnd": None if end is None else at(3600 + end)}


bills = st.builds(
    lambda number, start, amount: bill(
        recordId=f"id-{number}", chargeStart=at(start), chargeEnd=at(4000), cost=cost(energy=amount)
    ),
    st.sampled_from([1, 2]),
    seconds,
    st.sampled_from(["1", "2"]),
)
tesla_days = st.builds(
    lambda date, total: day(date, total=total),
    st.sampled_from(["2026-09-30", at(0), at(30)]),
    st.sampled_from([50, 51]),
)
landings = st.lists(
    st.one_of(
        st.tuples(st.just("bmw_records"), st.lists(maker_sessions(), max_size=4)),
        st.tuples(st.just("tesla_billing"), st.lists(bills, max_size=3)),
        st.tuples(st.just("tesla_days"), st.lists(tesla_days, max_size=3)),
    ),
    min_size=1,
    max_size=9,
)


def landed(told) -> list:
    return [answer(stream, records, run=run) for run, (stream, records) in enumerate(told, 1)]


@st.composite
def cuts(draw):
    """Answers in the order they landed, cut into batches."""
    answers = landed(draw(landings))
    marks = draw(st.sets(st.integers(1, len(answers))))
    edges = [0, *sorted(marks - {len(answers)}), len(answers)]
    return answers, [answers[a:b] for a, b in itertools.pairwise(edges)]


@quick
@given(cuts())
def test_a_year_of_runs_and_one_rebuild_give_equal_rows(cut):
    answers, batches = cut
    assert lake_of(batches).rows() == lake_of([answers]).rows()


@quick
@given(cuts(), st.randoms(use_true_random=False))
def test_batches_done_again_at_any_later_time_change_nothing(cut, random):
    answers, batches = cut
    lake = Lake()
    for done, batch in enumerate(batches, 1):
        lake.take_in(*batch)
        lake.take_in(*random.choice(batches[:done]))
    assert lake.rows() == lake_of([answers]).rows()


@quick
@given(cuts(), st.randoms(use_true_random=False))
def test_a_batch_cut_short_anywhere_and_done_again_changes_nothing(cut, random):
    answers, batches = cut
    lake = Lake()
    for batch in batches:
        lake.take_in(*batch, cut_short_after=random.randint(0, 2))
        lake.take_in(*batch)
    assert lake.rows() == lake_of([answers]).rows()


@quick
@given(landings, st.randoms(use_true_random=False))
def test_the_order_of_observations_in_a_batch_does_not_matter(told, random):
    observed = read(*landed(told)).sessions
    order = random.sample(range(observed.height), observed.height)
    columns = sessions.apply(NO_HISTORY, observed).appended.columns
    straight, shuffled = (
        sessions.apply(NO_HISTORY, frame).appended.sort("session_id", "revision", "month").select(columns).rows()
        for frame in (observed, observed[order])
    )
    assert straight == shuffled


@quick
@given(cuts())
def test_partitions_published_one_by_one_are_the_whole_table(cut):
    lake = lake_of([cut[0]])
    order = ("session_id", "month")
    assert lake.published().sort(order).rows() == lake.sessions().sort(order).rows()


@quick
@given(cuts())
def test_every_observation_is_new_changed_or_unchanged(cut):
    observed = read(*cut[0])
    told = observed.sessions.height + observed.days.height
    lake = lake_of(cut[1])
    assert sum(sum(count) for counts in lake.counts for count in counts.values()) == told
    new, changed = (sum(c[place] for counts in lake.counts for c in counts.values()) for place in (0, 1))
    stated = pl.concat([frame.select("revision", moved) for frame, moved in lake_revisions(lake)])
    revisions = stated.filter(~pl.col("moved"))["revision"]
    assert (new, changed) == ((revisions == 1).sum(), (revisions > 1).sum())


def lake_revisions(lake):
    yield lake.history, (pl.col("status") == "moved").alias("moved")
    yield lake.day_history, pl.lit(value=False).alias("moved")


@quick
@given(landings)
def test_records_of_one_answer_without_ids_are_never_one_session(told):
    lake = Lake()
    for each in landed([(stream, records) for stream, records in told if stream == "bmw_records"]):
        lake.take_in(each)
        by_last_answer = lake.sessions().height
        assert by_last_answer >= len(json.loads(each.body)["records"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
field_values = json_values | st.sampled_from(
    ["2026-10-01T00:00:00Z", "1e3", "9" * 40, "-1", "NaN", 1e300, 1696118400, 1696118400000, "USD", "2026-10-01"]
)
fields = st.sampled_from([*sorted(set().union(*(stream.fields for stream in STREAMS.values()))), "odd"])
odd_cost = st.dictionaries(st.sampled_from(["currency", "energy", "other", "odd"]), field_values)
odd_records = json_values | st.dictionaries(fields, field_values | odd_cost)


@quick
@given(st.sampled_from(sorted(STREAMS)), st.lists(odd_records, max_size=5))
def test_whatever_json_lands_is_observed_or_quarantined(stream, records):
    body = json.dumps(signal(records)) if STREAMS[stream].is_signal else records
    decoded = read(answer(stream, body))
    assert decoded.received == {stream: len(records) or 0} or decoded.quarantine["reason"].to_list() == [
        "unreadable_answer"
    ]
    assert sum(decoded.received.values()) == decoded.sessions.height + decoded.days.height + decoded.quarantine.height


@quick
@given(st.sampled_from(sorted(STREAMS)), st.binary(max_size=60) | json_values.map(json.dumps))
def test_whatever_body_lands_is_read_without_a_fault(stream, body):
    decoded = read(answer(stream, body))
    assert sum(decoded.received.values()) == decoded.sessions.height + decoded.days.height + decoded.quarantine.height


@quick
@given(st.decimals(-999_999_999_999, 999_999_999_999, places=6), st.booleans())
def test_an_amount_is_to_the_digit_what_was_told(amount, as_text):
    told = f'"{amount:f}"' if as_text else f"{amount:f}"
    records = json.dumps([bill()]).replace('"41"', told)
    decoded = decode([answer("tesla_billing", f'{{"records": {records}}}')], CURRENCIES)
    assert decoded.sessions["billed_energy"].to_list() == [Decimal(amount)]
    assert decoded.sessions["vehicle_id"].to_list() == [VEHICLE]
