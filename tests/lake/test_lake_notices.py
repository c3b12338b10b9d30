"""What is told without being asked for: the newest of each kind counts, whatever the order and however often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from lake.intervals import DayInterval
from lake.ledger import Ledger
from lake.notices import Notice, StreamState, answered, in_view_of, newest

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
KEY = ("v-1", "v3_records")
KINDS = {
    "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION": ("owner_must_act", "owner"),
    "UPSTREAM:NO_RESPONSE": ("upstream_error", "chargelake"),
}
SUBSCRIPTION, UPSTREAM = KINDS


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def error(kind: str, minutes: int, *, stands: bool = True) -> Notice:
    state, mover = KINDS[kind]
    return Notice(
        kind=kind, at=at(minutes), stands=stands, blocked_state=state, blocked_detail=f"{kind} is", whose_move=mover
    )


def resolved(kind: str, minutes: int) -> Notice:
    return error(kind, minutes, stands=False)


def state(ledger: Ledger) -> str | None:
    found = ledger.state(*KEY)
    return found and found.blocked_state


notices = st.lists(
    st.one_of(
        st.builds(error, st.sampled_from(list(KINDS)), st.integers(0, 6), stands=st.booleans()),
        st.builds(lambda minutes: answered(at(minutes)), st.integers(0, 6)),
    ),
    max_size=8,
)
asked = st.none() | st.builds(
    StreamState, st.integers(0, 6).map(at), st.sampled_from([None, "owner_must_act", "over_budget"])
)


@settings(deadline=None)
@given(notices, asked, st.randoms())
def test_any_order_and_repetition_of_notices_gives_the_same_state(
    told: list[Notice], found: StreamState | None, random: object
) -> None:
    again = [*told, *told]
    random.shuffle(again)  # type: ignore[attr-defined]
    once, shuffled = newest(told), newest(again)
    assert once == shuffled
    assert in_view_of(found, tuple(once.values())) == in_view_of(found, tuple(shuffled.values()))


@settings(deadline=None)
@given(notices, asked)
def test_a_stream_is_never_blocked_by_what_is_older_than_its_last_good_answer(
    told: list[Notice], found: StreamState | None
) -> None:
    seen = in_view_of(found, tuple(newest(told).values()))
    good = [each.at for each in told if not each.kind]
    if seen is not None and seen.blocked_state is not None and good:
        assert seen.asked_at >= max(good)


def test_an_error_blocks_and_its_end_takes_it_back(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.told(*KEY, [], [error(SUBSCRIPTION, 0)])
    assert ledger.state(*KEY) == StreamState(at(0), "owner_must_act", f"{SUBSCRIPTION} is", None, "owner")
    ledger.told(*KEY, [], [resolved(SUBSCRIPTION, 5)])
    assert state(ledger) is None


def test_an_error_that_comes_after_its_end_does_not_win(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.told(*KEY, [], [resolved(SUBSCRIPTION, 5)])
    ledger.told(*KEY, [], [error(SUBSCRIPTION, 0)])
    assert state(ledger) is None


def test_an_error_that_is_told_anew_after_its_end_does_not_win_by_its_later_time(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.told(*KEY, [], [replace(resolved(SUBSCRIPTION, 1), sequence=8)])
    ledger.told(*KEY, [], [replace(error(SUBSCRIPTION, 3), sequence=7)])
    assert state(ledger) is None
    ledger.told(*KEY, [], [replace(error(SUBSCRIPTION, 60), sequence=1)])
    assert state(ledger) == "owner_must_act", "an hour later the sender may count anew"


def test_the_end_of_one_error_leaves_the_other(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.told(*KEY, [], [error(SUBSCRIPTION, 0), error(UPSTREAM, 1)])
    assert state(ledger) == "upstream_error"
    ledger.told(*KEY, [], [resolved(UPSTREAM, 2)])
    assert state(ledger) == "owner_must_act"


def test_an_error_of_long_ago_does_not_undo_a_later_answer(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.answered(*KEY, None, at(3))
    ledger.told(*KEY, [], [error(SUBSCRIPTION, 0)])
    assert ledger.state(*KEY) == StreamState(at(3))


def test_asking_that_finds_something_else_later_stands(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.told(*KEY, [], [error(SUBSCRIPTION, 0)])
    ledger.block(*KEY, "over_budget", detail="wait", until=None, at=at(3))
    assert state(ledger) == "over_budget"


def test_the_end_of_an_error_takes_back_what_asking_found_of_it(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.block(*KEY, "owner_must_act", detail="renew", until=None, at=at(0), whose_move="owner")
    ledger.told(*KEY, [], [resolved(UPSTREAM, 2)])
    assert state(ledger) == "owner_must_act"
    ledger.told(*KEY, [], [resolved(SUBSCRIPTION, 2)])
    assert state(ledger) is None


def test_a_new_consent_lifts_what_was_told(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.told(*KEY, [], [error(SUBSCRIPTION, 0)])
    ledger.lift_blocks(["v-1"])
    assert state(ledger) is None
    ledger.told(*KEY, [], [error(SUBSCRIPTION, 0)])
    assert state(ledger) is None, "the same event again is no news"


def test_days_that_are_told_are_known_in_any_order(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.told(*KEY, [DayInterval(date(2026, 9, 20), date(2026, 10, 19))], [answered(at(5))])
    ledger.told(*KEY, [DayInterval(date(2026, 9, 10), date(2026, 10, 9))], [answered(at(0))])
    assert ledger.coverage(*KEY) == (DayInterval(date(2026, 9, 10), date(2026, 10, 19)),)
    assert ledger.states()[KEY] == StreamState(at(5))


def test_a_stream_is_pushed_while_its_latest_good_news_came_without_asking(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.answered(*KEY, None, at(1))
    assert ledger.pushed() == set()
    ledger.told(*KEY, [], [answered(at(2))])
    assert ledger.pushed() == {KEY}
    ledger.block(*KEY, "upstream_error", detail="it is", until=None, at=at(3))
    assert ledger.pushed() == {KEY}
    ledger.answered(*KEY, None, at(4))
    assert ledger.pushed() == set()


def test_an_error_that_is_told_is_no_good_news(engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.told(*KEY, [], [error(SUBSCRIPTION, 2)])
    assert ledger.pushed() == set()
