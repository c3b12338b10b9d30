"""What must hold of vanishing for whatever lands: the same tables however it is cut, repeated or interrupted."""

from __future__ import annotations

import itertools

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from landed_answers import VEHICLE, Lake, answer, bill, lake_of, swept
from test_any_landing import bills, maker_sessions, tesla_days

from tests.tries import tries
from transforms.vanishing import MANY, SOME

quick = tries(10)

records = st.one_of(
    st.tuples(st.just("bmw_records"), st.lists(maker_sessions(), max_size=4).map(lambda told: [told])),
    st.tuples(st.just("tesla_billing"), st.lists(st.lists(bills, max_size=2), min_size=1, max_size=3)),
    st.tuples(st.just("tesla_days"), st.lists(tesla_days, max_size=3).map(lambda told: [told])),
)
vehicles = st.sampled_from([VEHICLE, "v-ny"])
fates = st.sampled_from(["whole", "whole", "whole", "ends early", "of no window", "refused"])
REFUSED = [{"chargeStart": "2026-10-01T00:00:00Z", "chargeEnd": "2026-09-30T23:59:50Z", "recordId": "id-1", "date": 0}]


def landed(number, told):
    """The answers of one run: several vehicles' sweeps, or what was left of them, in the order they landed."""
    answers = []
    for vehicle_id, fate, (stream, pages) in told:
        all_pages = [*pages[:-1], pages[-1] + REFUSED] if fate == "refused" else pages
        if fate == "of no window":
            answers += [answer(stream, page, run=number, vehicle_id=vehicle_id) for page in all_pages]
        else:
            answers += swept(stream, *all_pages, run=number, more=fate == "ends early", vehicle_id=vehicle_id)
    segment = answers[0].ref.partition("#")[0] if answers else ""
    return [type(each)(**fields(each) | {"ref": f"{segment}#{line}"}) for line, each in enumerate(answers)]


def fields(told):
    return {name: getattr(told, name) for name in told.__struct_fields__}


@st.composite
def runs(draw):
    told = draw(st.lists(st.lists(st.tuples(vehicles, fates, records), min_size=1, max_size=2), min_size=2, max_size=7))
    return list(itertools.chain.from_iterable(landed(number, each) for number, each in enumerate(told, 1)))


@st.composite
def cuts(draw):
    """Answers in the order they landed, cut anywhere into batches, between the pages of a sweep as well."""
    answers = draw(runs())
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
@given(runs(), st.randoms(use_true_random=False))
def test_the_order_of_answers_in_a_batch_does_not_matter(answers, random):
    shuffled = random.sample(answers, len(answers))
    assert lake_of([shuffled]).rows() == lake_of([answers]).rows()


@quick
@given(cuts())
def test_vanishing_changes_no_count_of_what_was_received(cut):
    lake = Lake()
    decoded = [lake.take_in(*batch) for batch in cut[1]]
    told = sum(each.sessions.height + each.days.height for each in decoded)
    assert sum(sum(count) for counts in lake.counts for count in counts.values()) == told


@quick
@given(cuts())
def test_a_vanished_session_stands_once_and_keeps_its_content(cut):
    lake = lake_of(cut[1])
    assert lake.sessions()["session_id"].is_unique().all()
    ordered = lake.history.filter(pl.col("status") != "moved").sort("session_id", "revision")
    for _, past in ordered.group_by("session_id", maintain_order=True):
        rows = past.select("status", "started_at", "ended_at", "energy_kwh", "billed_total", "currency", "flags").rows()
        for before, after in itertools.pairwise(rows):
            assert after[0] != "vanished" or (before[0] != "vanished" and before[1:] == after[1:])
        assert rows[0][0] != "vanished"


ids = st.sets(st.integers(1, 9), max_size=9)


@quick
@given(st.lists(ids, min_size=1, max_size=7))
def test_what_stands_is_what_a_plain_ledger_of_ids_says(tellings):
    alive, known = set(), set()
    for told in tellings:
        untold, stood = alive - told, alive
        believed = len(untold) < SOME or (
            untold != stood and not (len(untold) >= MANY and 2 * len(untold) > len(stood))
        )
        alive = told | (set() if believed else untold)
        known |= told
    lake = lake_of(
        swept("tesla_billing", [bill(recordId=f"{n}", chargeStart=f"2026-10-{n:02}T10:00:00Z") for n in told], run=run)
        for run, told in enumerate(tellings, 1)
    )
    rows = dict(lake.sessions().select("source_record_id", pl.col("status") != "vanished").iter_rows())
    assert {int(number): stands for number, stands in rows.items()} == {n: n in alive for n in known}
