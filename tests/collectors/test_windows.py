from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.waits import first_of_next_month, retry_after
from collectors.windows import deadline, whole_days, window_to_ask
from lake.intervals import DayInterval, Intervals, covers, union

TODAY = date(2026, 10, 20)
CONSENT = date(2026, 1, 1)
DAY = timedelta(days=1)


def days(since: str, until: str) -> DayInterval:
    return DayInterval(date.fromisoformat(since), date.fromisoformat(until))


def test_the_first_request_reaches_back_to_consent() -> None:
    assert window_to_ask((), CONSENT, TODAY, lookback_days=3) == days("2026-01-01", "2026-10-20")


def test_the_first_request_reaches_no_further_than_the_source_tells() -> None:
    assert window_to_ask((), CONSENT, TODAY, lookback_days=3, window_days=30) == days("2026-09-20", "2026-10-20")


def test_a_daily_request_reads_the_look_back_again() -> None:
    known = (days("2026-01-01", "2026-10-19"),)
    assert window_to_ask(known, CONSENT, TODAY, lookback_days=3) == days("2026-10-17", "2026-10-20")
    assert window_to_ask(known, CONSENT, TODAY, lookback_days=0) == days("2026-10-20", "2026-10-20")


def test_a_gap_is_asked_for_again() -> None:
    known = (days("2026-01-01", "2026-03-01"), days("2026-03-05", "2026-10-19"))
    assert window_to_ask(known, CONSENT, TODAY, lookback_days=3) == days("2026-03-02", "2026-10-20")


def test_a_gap_that_the_source_no_longer_tells_is_not_asked_for() -> None:
    known = (days("2026-01-01", "2026-03-01"), days("2026-03-05", "2026-10-19"))
    window = window_to_ask(known, CONSENT, TODAY, lookback_days=3, window_days=30)
    assert window == days("2026-10-17", "2026-10-20")


def test_a_backfill_asks_for_what_is_unknown_between_its_days() -> None:
    def backfill(known: Intervals) -> DayInterval | None:
        since, until = date(2026, 2, 1), date(2026, 2, 28)
        return window_to_ask(known, CONSENT, TODAY, lookback_days=3, since=since, until=until)

    assert backfill(()) == days("2026-02-01", "2026-02-28")
    assert backfill((days("2026-02-01", "2026-02-10"),)) == days("2026-02-11", "2026-02-28")
    assert backfill((days("2026-01-01", "2026-10-19"),)) is None


def test_nothing_is_asked_before_consent_or_after_today() -> None:
    assert window_to_ask((), TODAY + DAY, TODAY, lookback_days=3) is None
    assert window_to_ask((), CONSENT, TODAY, lookback_days=3, since=TODAY + DAY) is None
    assert window_to_ask((), CONSENT, TODAY, lookback_days=3, until=CONSENT - DAY) is None


def test_today_is_never_known() -> None:
    assert whole_days(days("2026-10-20", "2026-10-20"), TODAY) is None
    assert whole_days(days("2026-10-01", "2026-10-20"), TODAY) == days("2026-10-01", "2026-10-19")
    assert whole_days(days("2026-10-01", "2026-10-05"), TODAY) == days("2026-10-01", "2026-10-05")


def test_the_oldest_day_told_is_not_known_since_it_may_be_told_in_part() -> None:
    assert whole_days(days("2026-09-20", "2026-10-20"), TODAY, 30) == days("2026-09-21", "2026-10-19")
    assert whole_days(days("2026-09-20", "2026-09-20"), TODAY, 30) is None


def test_the_deadline_is_when_the_oldest_unknown_day_cannot_be_had_whole() -> None:
    assert deadline((), CONSENT, TODAY, 30) == date(2026, 10, 21)
    assert deadline((days("2026-09-21", "2026-10-01"),), CONSENT, TODAY, 30) == date(2026, 11, 1)
    assert deadline((days("2026-01-01", "2026-10-19"),), CONSENT, TODAY, 30) == TODAY + 30 * DAY
    assert deadline((), date(2026, 10, 10), TODAY, 30) == date(2026, 11, 9)
    assert deadline((), CONSENT, TODAY, 0) is None
    assert deadline((), TODAY + DAY, TODAY, 30) is not None


spans = st.builds(
    lambda start, length: DayInterval(CONSENT + start * DAY, CONSENT + (start + length) * DAY),
    st.integers(0, 330),
    st.integers(0, 60),
)


@given(
    known=st.lists(spans, max_size=6).map(union),
    today=st.integers(0, 330),
    lookback=st.integers(0, 20),
    window_days=st.sampled_from([0, 7, 30]),
)
def test_asking_makes_every_day_known_that_can_be(
    known: Intervals, today: int, lookback: int, window_days: int
) -> None:
    now = CONSENT + today * DAY
    asked = window_to_ask(known, CONSENT, now, lookback_days=lookback, window_days=window_days)
    assert asked is not None
    answered = whole_days(asked, now, window_days)
    after = union((*known, answered) if answered else known)
    first = max(CONSENT, now - (window_days - 1) * DAY) if window_days else CONSENT
    assert asked.until == now
    assert now in asked
    assert first > now - DAY or covers(after, DayInterval(first, now - DAY))
    again = max(first, now - lookback * DAY)
    assert again in asked
    limit = deadline(after, CONSENT, now, window_days)
    assert limit is None or limit > now


NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("-5", 0),
        ("1.5", 1.5),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30),
        (format_datetime(NOW - timedelta(seconds=30), usegmt=True), 0),
        ("Tue, 20 Oct 2026 12:00:30", 30),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(told: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": told}, NOW) == seconds


def test_a_date_to_wait_for_is_reckoned_by_the_servers_clock_too() -> None:
    server = NOW - timedelta(minutes=10)
    headers = {
        "date": format_datetime(server, usegmt=True),
        "retry-after": format_datetime(server + timedelta(seconds=30), usegmt=True),
    }
    assert retry_after(headers, NOW) == 30
    assert retry_after({}, NOW) is None


def test_the_month_after_december_is_january() -> None:
    assert first_of_next_month(datetime(2026, 12, 31, 23, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert first_of_next_month(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 2, 1, tzinfo=UTC)
