"""The pages without a script, in a real Chromium: nothing is asked for, nothing complains, nothing scrolls sideways."""

import pytest
from chromium import DESKTOP, TELEPHONE
from lakes import NOW
from test_overview import HOSTILE, full_lake, overview
from test_parity_page import by_v2, by_v3, figures

from reports.parity_page import page as parity_page


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    lake = full_lake(tmp_path_factory.mktemp("lake"))
    of = figures(by_v2(), by_v3(), by_v2("b", 300, 360), make=HOSTILE)
    return {"overview": overview(lake, NOW, "The fleet's charging"), "parity": parity_page([of], NOW, HOSTILE)}


@pytest.mark.parametrize("width", [DESKTOP, TELEPHONE])
@pytest.mark.parametrize("name", ["overview", "parity"])
def test_a_page_opens_quietly_and_fits(chromium, pages, name, width):
    visit = chromium.visit(pages[name], lambda page: page.evaluate("document.documentElement.scrollWidth"), width=width)
    assert (visit.requests, visit.complaints) == ([], [])
    assert visit.result <= width


@pytest.mark.parametrize("width", [DESKTOP, TELEPHONE])
def test_one_drawing_of_each_chart_of_the_overview_is_shown(chromium, pages, width):
    shown = (
        "[...document.querySelectorAll('.drawing svg')].filter(svg => svg.getBoundingClientRect().height > 50).length"
    )
    assert chromium.visit(pages["overview"], lambda page: page.evaluate(shown), width=width).result == 6


def test_a_missing_chromium_is_said_in_one_line(monkeypatch, tmp_path):
    from chromium import Chromium  # noqa: PLC0415 (a browser that does not start)

    monkeypatch.delenv("CHARGELAKE_TEST_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="`make browser` installs it"):
        Chromium(tmp_path)
