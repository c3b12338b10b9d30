"""The parity page and its verdicts: one sentence a make, all text escaped, nothing to fetch."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from test_overview import HOSTILE, Page

from lake.names import Namer, namer
from reports.parity import MakeParity, of_make
from reports.parity_page import NOBODY, page
from reports.verdicts import LOOK, NOTHING, READY, apart, as_json, readiness, verdict
from tests.tellings import DAYS, EVERY_DAY, bill, by_v2, by_v3, compared, days_of
from transforms.parity import V2_SOURCE, V3_SOURCE, common_days

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
EUR = bill("12.34")


def figures(
    *tellings: dict[str, object],
    known: pl.DataFrame = EVERY_DAY,
    vehicles: int = 1,
    named: Namer = str,
    make: str = "BMW",
) -> MakeParity:
    ids = frozenset(f"v-{number}" for number in range(1, vehicles + 1))
    return of_make(make, ids, compared(*tellings, known=known), common_days(known), named)


def said(*tellings: dict[str, object], **more: int) -> tuple[str, str]:
    of = figures(*tellings, **more)  # type: ignore[arg-type]
    return readiness(of), verdict(of)


def test_a_make_of_which_v3_tells_all_can_switch() -> None:
    ready, sentence = said(
        by_v2(**EUR), by_v3(start=1.8, energy_kwh=30.4, **EUR), by_v2("b", 300, 360), by_v3("b", 300, 360)
    )
    assert ready == READY
    assert sentence == (
        "v3 tells all 2 sessions of 1 BMW vehicle that v2.0 tells; times differ by at most 1.8 min; energies differ by "
        "at most 0.4 kWh; amounts are equal; it can switch."
    )


def test_a_session_that_v3_lacks_is_to_be_looked_at() -> None:
    ready, sentence = said(by_v2(), by_v3(), by_v2("b", 300, 360), by_v3("c", 500, 560))
    assert ready == LOOK
    assert sentence.startswith("v3 tells 1 of the 2 sessions of 1 BMW vehicle that v2.0 tells: 1 is missing in v3")
    assert "v3 tells 1 session that v2.0 does not" in sentence


def test_a_near_miss_is_said_to_be_one() -> None:
    _, sentence = said(by_v2(), by_v3(start=20), by_v2("b", 300, 360))
    assert "2 are missing in v3 and listed, but v3 tells one within half an hour of 1;" in sentence


def test_a_session_that_v3_alone_tells_is_said_and_stops_nobody() -> None:
    ready, sentence = said(by_v2(), by_v3(), by_v3("c", 500, 560))
    assert (ready, "v3 tells 1 session that v2.0 does not" in sentence) == (READY, True)


def test_other_amounts_are_to_be_looked_at_each_in_its_currency() -> None:
    other = bill("9", "USD")
    ready, sentence = said(
        by_v2(**EUR), by_v3(**bill("12.35")), by_v2("b", 300, 360, **EUR), by_v3("b", 300, 360, **other)
    )
    assert ready == LOOK
    assert "amounts of 1 session differ by at most 0.01 EUR; amounts of 1 session are in two currencies" in sentence


@pytest.mark.parametrize(("untold", "ready"), [(EUR, LOOK), ({"charger_type": "DC"}, READY)])
def test_what_v3_does_not_tell_of_a_session_matters_by_whether_it_is_needed(
    untold: dict[str, object], ready: str
) -> None:
    found = said(by_v2(**untold), by_v3())
    assert (found[0], "v3 does not always tell what v2.0 does of:" in found[1]) == (ready, True)


def test_a_vehicle_that_was_not_compared_proves_nothing() -> None:
    ready, sentence = said(by_v2(), by_v3(), vehicles=3)
    assert (ready, "2 vehicles have no day that both know" in sentence) == (LOOK, True)


def test_without_a_session_of_v2_to_compare_nothing_is_proved() -> None:
    of = figures(by_v2(), by_v3(), known=days_of(V2_SOURCE, DAYS))
    assert (readiness(of), "nothing is proved yet" in verdict(of)) == (NOTHING, True)


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        ("45", "s", "45 s"), ("108", "s", "1.8 min"), ("3600", "s", "60.0 min"), ("0.310000", "kWh", "0.31 kWh"),
        ("0.001200", "kWh", "0.0012 kWh"), ("20", "points", "20 points"), ("0.010000", "EUR", "0.01 EUR"),
        ("0.000001", "EUR", "0.000001 EUR"),
    ],
)  # fmt: skip
def test_a_difference_is_never_rounded_to_nothing(value: str, unit: str, written: str) -> None:
    assert apart(Decimal(value), unit) == written


def test_json_has_the_verdict_and_every_list() -> None:
    (told,) = as_json([figures(by_v2("a"), by_v3("a", 20, 60))])
    assert (told["readiness"], len(told["only_v2"]), len(told["only_v3"])) == (LOOK, 1, 1)
    assert told["near_misses"][0]["starts_apart_s"] == 1200


def full(named: Namer = str) -> list[MakeParity]:
    """A make with each kind of session and of field."""
    known = pl.concat([days_of(V2_SOURCE, DAYS), days_of(V3_SOURCE, DAYS[:12])])
    told = [
        by_v2("a", 0, 60, **EUR), by_v3("a", 1, 60, **bill("12.35")), by_v2("b", 300, 360), by_v3("b", 320, 360),
        by_v2("late", 60 * 24 * 6, 60 * 24 * 6 + 60), by_v3("open", 600, None),
        by_v2("c", 900, 960, **EUR), by_v3("c", 900, 960, **bill("13", "USD")),
    ]  # fmt: skip
    return [figures(*told, known=known, named=named), figures(by_v2(), by_v3(), named=named, make="MINI")]


@pytest.fixture(scope="module")
def html() -> str:
    return page(full(), NOW, "From v2.0 to v3")


def test_a_browser_has_nothing_to_fetch_and_nothing_to_run(html: str) -> None:
    shown = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(shown.tags)
    assert [value for name in ("src", "href", "srcset", "data") for value in shown.values(name)] == []
    assert not re.search(r"https?://|url\(|@import", html)
    assert "default-src 'none'; style-src 'unsafe-inline'" in shown.values("content")


def test_the_page_is_whole_and_the_same_each_time(html: str) -> None:
    assert Page(html).open == []
    assert page(full(), NOW, "From v2.0 to v3") == html


def test_figures_have_their_units_and_words_beside_their_colours(html: str) -> None:
    text = Page(html).text
    for figure in ("! look first", "✓ can switch", "1.0 min", "0.01 EUR", "told by v2.0 alone: 1", "not comparable: 2"):
        assert figure in text
    assert "v3 does not know its day." in text
    assert "Made 2026-10-20 12:00 UTC" in text


def test_an_amount_of_another_currency_has_no_difference_on_the_page(html: str) -> None:
    assert "USD" not in Page(html).text


def test_a_period_is_told() -> None:
    assert "sessions that start 2026-10-01 to now" in page(full(), NOW, "t", since=date(2026, 10, 1))


def test_text_from_data_stays_text() -> None:
    shown = page(full(lambda _: HOSTILE), NOW, HOSTILE)
    assert "<script" not in shown
    assert Page(shown).text.count(HOSTILE) > 3


def test_a_vehicle_has_the_name_that_stands_for_it() -> None:
    shown = page(full(namer(b"k" * 32, [("v-1", "BMW")])), NOW, "t")
    assert "v-1" not in shown
    assert re.search(r"BMW-[0-9A-F]{6}", shown)


def test_a_long_list_is_cut_and_says_how_much_is_left() -> None:
    many = [by_v2(str(n), start_at, start_at + 10) for n in range(103) for start_at in [n * 60 - 6 * 24 * 60]]
    text = Page(page([figures(*many)], NOW, "t")).text
    assert "Told by v2.0 alone: 103" in text
    assert "And 3 more;" in text


def test_without_a_vehicle_seen_through_both_a_sentence_says_so() -> None:
    shown = Page(page([], NOW, "t"))
    assert NOBODY.replace("`", "") in shown.text
    assert not {"table", "ul"} & set(shown.tags)
