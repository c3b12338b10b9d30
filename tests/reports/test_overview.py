import os
import re
import subprocess
import sys
from datetime import date, timedelta, timezone
from html.parser import HTMLParser

import pytest
from lakes import NOW, bill, day, known, lake, refused, run, session, vehicle

from lake.names import namer, real_ids
from reports.figures import Action
from reports.overview import overview as overview_named
from reports.overview import todos

HOSTILE = '<script>alert("1")</script>&\'"'
VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Elements, attributes and text of a page, and whether each element that begins also ends."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def values(self, name):
        return [value for _, attribute, value in self.attributes if attribute == name]


def full_lake(home, **told):
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(20)]
    rows = {
        "vehicles": [vehicle(), vehicle("vehicle-2", make="TESLA", whose_move="owner", what_to_do="Connect again.")],
        "charge_sessions": [
            bill(1, "12.34", "EUR", charger_type="DC", energy_kwh=40.0),
            bill(2, "56.78", "USD", started_at=NOW),
            bill(3, "1500", "JPY", make="TESLA"),
            bill(4, None, "EUR", energy_kwh=None),
            session(5, make="MINI", charger_type=None),
        ],
        "charge_days": [day(on) for on in days],
        "completeness": [known(on, "collected" if on.day < 15 else "upstream_error") for on in days],
        "quarantine": [refused("end_before_start")],
        "runs": [run("2026-10-02"), run("2026-10-03", drift=["cost.tax"])],
    }
    return lake(home, **(rows | told))


def overview(tables, at, title):
    """The page with real ids."""
    return overview_named(tables, at, title, real_ids)


def python(code, **environment):
    """What this code prints in a process of its own."""
    command = [sys.executable, "-c", code]
    env = {**os.environ, **environment}
    return subprocess.run(command, env=env, capture_output=True, check=True).stdout.decode()


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return overview(full_lake(tmp_path_factory.mktemp("lake")), NOW, "The fleet's charging")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_a_browser_has_nothing_to_fetch_and_nothing_to_run(html, page):
    assert not {"script", "link", "img", "iframe", "object", "image", "use", "base"} & set(page.tags)
    fetched = [
        value for name in ("src", "href", "xlink:href", "srcset", "data", "poster") for value in page.values(name)
    ]
    assert fetched == []
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))
    assert "@import" not in html
    assert "http://" not in html
    assert "https://" not in html
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.values("content")


def test_the_page_is_whole(page):
    assert page.open == []
    assert {"html", "head", "body", "main"} <= set(page.tags)


def test_identifiers_are_unique_and_those_referred_to_exist(html, page):
    identifiers = page.values("id")
    assert len(identifiers) == len(set(identifiers))
    assert set(re.findall(r"url\(#([^)]*)\)", html)) <= set(identifiers)


def test_each_chart_is_drawn_for_a_screen_and_a_telephone_and_is_told_in_words_and_figures(page):
    assert page.tags.count("figure") == 6
    assert page.tags.count("svg") == 12
    drawings = [value for tag, name, value in page.attributes if (tag, name) == ("div", "aria-label") and "." in value]
    assert len(drawings) == 6
    assert page.tags.count("details") == 6 + 1


def test_the_same_tables_and_time_give_the_same_bytes(tmp_path, html):
    assert overview(full_lake(tmp_path), NOW, "The fleet's charging") == html


def test_the_figures_are_on_the_page(page):
    for figure in ("12.34 EUR", "56.78 USD", "1,500 JPY", "240.0 kWh", "70.0 %", "Connect again.", "end_before_start"):
        assert figure in page.text
    assert "cost.tax" in page.text
    assert "Made 2026-10-03 06:12 UTC" in page.text


def test_no_total_over_currencies_is_on_the_page(page):
    assert "1,569" not in page.text


def test_the_time_is_shown_in_utc_whatever_zone_it_came_in(tmp_path):
    oslo = NOW.astimezone(timezone(timedelta(hours=2)))
    assert "Made 2026-10-03 06:12 UTC" in overview(lake(tmp_path), oslo, "t")


def test_text_from_data_stays_text(tmp_path):
    tables = full_lake(
        tmp_path,
        charge_sessions=[bill(1, "5", "EUR", make="TESLA", location_name=HOSTILE, model=HOSTILE, charger_type=HOSTILE)],
        vehicles=[vehicle(HOSTILE, make=HOSTILE, model=HOSTILE, whose_move="owner", what_to_do=HOSTILE)],
        completeness=[known(date(2026, 9, 1), stream=HOSTILE)],
        quarantine=[refused(HOSTILE, stream=HOSTILE, detail=HOSTILE)],
        runs=[run(HOSTILE, HOSTILE, command=HOSTILE, drift=[HOSTILE])],
    )
    html = overview(tables, NOW, HOSTILE)
    page = Page(html)
    assert "script" not in page.tags
    assert "<script" not in html
    assert page.text.count(HOSTILE) > 10


def test_a_currency_or_make_with_markup_is_escaped_in_drawings_too(tmp_path):
    page = Page(overview(lake(tmp_path, charge_sessions=[bill(1, "5", "<b>", charger_type="<i>")]), NOW, "t"))
    assert not {"b", "i"} & set(page.tags)
    assert "<b> a month" in page.texts


def test_an_empty_lake_is_said_to_be_empty_in_a_sentence(tmp_path):
    page = Page(overview(lake(tmp_path), NOW, "Nothing yet"))
    assert "The lake is empty: no vehicle is connected" in page.text
    assert not {"svg", "table", "dl"} & set(page.tags)


def test_a_fleet_of_one_without_a_session_has_sentences_instead_of_axes(tmp_path):
    page = Page(overview(lake(tmp_path, vehicles=[vehicle()]), NOW, "One"))
    assert "svg" not in page.tags
    assert "No session tells an energy yet." in page.text
    assert "No bill is known yet." in page.text
    assert "no session has a bill" in page.text


def test_a_fleet_of_one_with_one_session_is_drawn(tmp_path):
    rows = {"vehicles": [vehicle()], "charge_sessions": [session(1)], "completeness": [known(date(2026, 9, 7))]}
    page = Page(overview(lake(tmp_path, **rows), NOW, "One"))
    assert page.tags.count("svg") == 2 * 4
    assert "10.0 kWh" in page.text


def test_without_a_vehicles_table_nobody_is_said_to_wait_for_nothing(tmp_path):
    page = Page(overview(lake(tmp_path, charge_sessions=[session(1)]), NOW, "t"))
    assert "Not known: no vehicle is on record." in page.text
    assert "Vehicles not told" in page.text


@pytest.mark.parametrize(("days", "bin_"), [(100, "day"), (400, "week"), (1200, "month")])
def test_years_of_days_are_drawn_in_few_cells(tmp_path, days, bin_):
    rows = [known(date(2023, 1, 1) + timedelta(days=n)) for n in range(days)]
    html = overview(lake(tmp_path, completeness=rows), NOW, "t")
    assert f"Share of vehicle days that are known, by {bin_}." in html
    assert html.count("<path") < 1000


def test_days_that_are_known_alike_are_drawn_as_one_mark_and_a_gap_is_left_open(tmp_path):
    days = [date(2026, 9, 1) + timedelta(days=n) for n in (0, 1, 2, 5, 6)]
    html = overview(lake(tmp_path, completeness=[known(on) for on in days]), NOW, "t")
    marks = re.findall(r'<path d="[^"]*" fill="#0072B2"/>', html.split("</svg>")[0])
    assert len(marks) == 2


def test_drawings_do_not_depend_on_the_zone_of_the_machine(tmp_path, html):
    full_lake(tmp_path)
    code = (
        "import sys; from datetime import *; from pathlib import Path; from lake.store import LocalStore\n"
        "from lake.tables import Tables; from reports.overview import overview\nfrom lake.names import real_ids\n"
        f"page = overview(Tables(LocalStore(Path({str(tmp_path)!r}))), datetime.fromisoformat({NOW.isoformat()!r}),"
        ' "The fleet\'s charging", real_ids)\n'
        "sys.stdout.buffer.write(page.encode())"
    )
    assert python(code, TZ="Asia/Tokyo") == html


def test_importing_the_page_does_not_load_the_drawing_library():
    code = "import sys, reports.overview; print({'altair', 'vl_convert'} & set(sys.modules))"
    assert python(code) == "set()\n"


def test_a_long_list_of_what_to_do_is_cut_and_says_how_much_is_left(tmp_path):
    many = [vehicle(f"v{n:03}", whose_move="owner", what_to_do=f"Do this {n:03}.") for n in range(30)]
    assert "And 5 more;" in Page(overview(lake(tmp_path, vehicles=many), NOW, "t")).text
    (todo,) = todos((Action("owner", None, ("BMW",), tuple(f"v{n}" for n in range(50))),), real_ids)
    assert (len(todo.ids), todo.more, todo.what_to_do) == (20, 30, "No sentence was given.")


def test_a_vehicle_has_a_name_that_stands_for_it_unless_real_ids_are_asked_for(tmp_path):
    tables = lake(tmp_path, vehicles=[vehicle("v-secret", make="MINI", whose_move="owner", what_to_do="Act.")])
    html = overview_named(tables, NOW, "t", namer(b"k" * 32, [("v-secret", "MINI")]))
    assert "v-secret" not in html
    assert re.search(r"MINI-[0-9A-F]{6}", html)
    assert "v-secret" in overview(tables, NOW, "t")
