"""Euro reference rates are read as the ECB publishes them, and each day takes the right day's."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tries import tries
from transforms.rules.rates import LOOK_BACK, RATES, Rates, joined, of_month, published
from transforms.rules.reading import BadRule

HISTORY = """Date,USD,JPY,RUB,
2026-04-07,1.1,160.5,N/A,
2026-04-02,1.0999,160,N/A,
2026-04-01,1.0998,159.99,,
"""
DAILY = "Date, USD, JPY, \n26 November 2026, 1.0811, 162.05, \n"


def told(text: str) -> list[tuple[date, str, Decimal]]:
    return published(text).select(RATES.names()).sort("day", "currency").rows()


def of(*texts: str) -> Rates:
    return joined((f"{number}.csv", published(text)) for number, text in enumerate(texts))


def taken(rates: Rates) -> dict[date, date]:
    return dict(rates.calendar.rows())


def fault(*texts: str) -> str:
    with pytest.raises(BadRule) as raised:
        of(*texts)
    return str(raised.value)


def test_the_history_is_read_with_its_trailing_comma_and_without_what_was_not_published() -> None:
    assert told(HISTORY) == [
        (date(2026, 4, 1), "JPY", Decimal("159.99")),
        (date(2026, 4, 1), "USD", Decimal("1.0998")),
        (date(2026, 4, 2), "JPY", Decimal(160)),
        (date(2026, 4, 2), "USD", Decimal("1.0999")),
        (date(2026, 4, 7), "JPY", Decimal("160.5")),
        (date(2026, 4, 7), "USD", Decimal("1.1")),
    ]


def test_the_daily_file_is_read_with_its_spaces_and_its_month_in_words() -> None:
    day = date(2026, 11, 26)
    assert told(DAILY) == [(day, "JPY", Decimal("162.05")), (day, "USD", Decimal("1.0811"))]


def test_rates_are_exact() -> None:
    assert published(HISTORY).schema["per_eur"] == pl.Decimal(18, 9)


def test_lines_may_end_as_on_windows_and_begin_with_a_mark() -> None:
    assert told("\ufeff" + HISTORY.replace("\n", "\r\n")) == told(HISTORY)


def test_several_files_are_one() -> None:
    assert of(HISTORY, DAILY).told.height == 8


def test_what_two_files_tell_alike_stands_once() -> None:
    assert of(HISTORY, HISTORY.replace("1.1,", "1.10,")).told.equals(of(HISTORY).told)


def test_what_two_files_tell_differently_names_both() -> None:
    said = fault(HISTORY, "Date,USD\n2026-04-07,1.2\n")
    assert said.startswith("USD of 2026-04-07 is 1.1 in 0.csv (line 2) and 1.2 in 1.csv (line 2)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: it begins with Date"),
        ("Date,USD\n", "it has no line of rates"),
        ("Date\n2026-04-07\n", "line 1: it names no currency"),
        ("day,USD\n2026-04-07,1\n", "line 1: it begins with Date"),
        ("Date,usd\n2026-04-07,1\n", "line 1: usd is no currency"),
        ("Date,EUR\n2026-04-07,1\n", "line 1: EUR is no currency that has a euro rate"),
        ("Date,,USD\n2026-04-07,,1\n", "line 1: (empty) is no currency"),
        ("Date,USD,USD\n2026-04-07,1,1\n", "line 1: USD is named twice"),
        ("Date,USD\n2026-04-07,1\n07.04.2026,1\n", "line 3: 07.04.2026 is no day"),
        ("Date,USD\n2026-02-30,1\n", "line 2: 2026-02-30 is no day"),
        ("Date,USD\n2026-04-07,1\n\n2026-04-07,1\n", "line 4: 2026-04-07 stands on line 2 already"),
        ("Date,USD\n2026-04-07,1\n2026-04-08,1,2\n", "line 3: it has 3 cells"),
        ("Date,USD,JPY\n2026-04-07,1\n", "line 2: it has 2 cells"),
        ("Date,USD\n2026-04-07,1\n2026-04-08,-1\n", "line 3: USD '-1' is no rate"),
        ("Date,USD\n2026-04-07,0\n", "line 2: USD '0' is no rate"),
        ('Date,USD\n2026-04-07,"1,1"\n', "line 2: USD '1,1' is no rate"),
        ("Date,USD\n2026-04-07,1e3\n", "line 2: USD '1e3' is no rate"),
        ("Date,USD\n2026-04-07,1.0000000001\n", "line 2: USD '1.0000000001' is no rate"),
        ("Date,USD\n2026-04-07,10000000\n", "line 2: USD '10000000' is no rate"),
        ('Date,USD\n2026-04-07,"1\n', "it is no CSV file"),
    ],
)
def test_what_is_at_fault_is_named_by_its_line(text: str, said: str) -> None:
    assert fault(text).startswith(said)


def test_a_day_takes_its_own_rates_and_a_closing_the_last_before_it() -> None:
    easter = [date(2026, 4, day) for day in range(1, 8)]
    assert [taken(of(HISTORY))[day].day for day in easter] == [1, 2, 2, 2, 2, 2, 7]


def test_before_the_first_day_nothing_is_known() -> None:
    assert min(taken(of(HISTORY))) == date(2026, 4, 1)


def test_a_working_day_after_the_last_rates_has_none_yet() -> None:
    friday = "Date,USD\n2026-10-30,1.1172\n"
    assert taken(of(friday)) == dict.fromkeys([date(2026, 10, day) for day in (30, 31)], date(2026, 10, 30)) | {
        date(2026, 11, 1): date(2026, 10, 30)
    }


def test_a_working_day_between_two_files_is_not_known_to_be_a_closing() -> None:
    days = taken(of("Date,USD\n2026-10-28,1.1\n", "Date,USD\n2026-10-30,1.1\n"))
    assert date(2026, 10, 29) not in days


def test_new_rates_change_only_the_months_whose_days_take_them() -> None:
    before, after = of("Date,USD\n2026-09-29,1.1\n"), of("Date,USD\n2026-09-29,1.1\n", "Date,USD\n2026-10-02,1.2\n")
    changed = {month: not of_month(before, month).equals(of_month(after, month)) for month in ("2026-09", "2026-10")}
    assert changed == {"2026-09": False, "2026-10": True}


def test_the_days_beside_a_month_belong_to_it() -> None:
    told = of("Date,USD\n2026-08-31,1.1\n2026-09-30,1.1\n2026-10-01,1.1\n2026-10-02,1.1\n")
    days = of_month(told, "2026-09")["day"].unique().sort().to_list()
    assert (days[0], days[-1]) == (date(2026, 8, 31), date(2026, 10, 1))


def test_without_files_there_are_no_rates() -> None:
    assert (joined([]).told.height, joined([]).calendar.height) == (0, 0)


DAYS = st.sets(st.dates(date(2025, 12, 1), date(2026, 2, 28)), min_size=1)


@tries(60)
@given(DAYS)
def test_a_day_never_takes_later_rates_nor_rates_that_are_too_old(days: set[date]) -> None:
    text = "Date,USD\n" + "".join(f"{day},1.1\n" for day in days)
    for day, source in taken(of(text)).items():
        assert source == max(each for each in days if each <= day)
        assert timedelta(0) <= day - source <= LOOK_BACK


@tries(60)
@given(DAYS, st.randoms(use_true_random=False))
def test_the_order_of_lines_says_nothing(days: set[date], random: object) -> None:
    lines = [f"{day},1.1\n" for day in sorted(days)]
    shuffled = list(lines)
    random.shuffle(shuffled)
    one, other = (of("Date,USD\n" + "".join(each)) for each in (lines, shuffled))
    assert one.told.equals(other.told)
    assert one.calendar.equals(other.calendar)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters=',"\r\n'), max_size=12)
ODD = st.sampled_from(
    ["N/A", "1.1", "9" * 50, "1.2.3", "٣", "2026-04-07", "7 April 2026", "31 February 2026", "nan", "inf", "\x00"]
)


@tries(150)
@given(
    st.lists(st.lists(CELLS | ODD, min_size=1, max_size=4), max_size=5), st.sampled_from(["Date,USD", "Date,USD,JPY,"])
)
def test_whatever_a_file_holds_is_read_or_refused_with_a_line(rows: list[list[str]], header: str) -> None:
    text = "\n".join([header, *(",".join(row) for row in rows)])
    try:
        said, missing = "", published(text)["per_eur"].null_count()
    except BadRule as refused:
        said, missing = str(refused), 0
    assert (said.count("\n"), missing) == (0, 0)
