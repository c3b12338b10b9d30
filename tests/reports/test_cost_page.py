"""The HTML form of a cost report, in a real Chromium: what it draws, adds up, asks for and refuses.

The picture that charts are compared with, `tests/fixtures/pages/cost-charts.png`, has no text in it and plots of one
fixed width, because fonts differ between machines; `CHARGELAKE_TEST_DRAW=1` draws it anew after a wanted change.
"""

import base64
import io
import json
import os
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from chromium import DESKTOP, TELEPHONE
from cost_lakes import SIX, Fleet, Frames, frames, one_vehicle, renamed, report, rounded
from pypdf import PdfReader

from lake.names import namer, real_ids
from reports.costs.page import cost_page

PARTS = ("tiles", "table", "energy", "cost", "price", "heat", "bands", "stations", "days", "unknown")
HOSTILE = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>\u2028&\"'<!--"
FLEET = Fleet(vehicles=9, months=4, currencies=SIX)
REFERENCE = Path(__file__).parents[1] / "fixtures" / "pages" / "cost-charts.png"
OWN = pl.coalesce("currency", pl.col("currency").drop_nulls().first().over("session_id"))
"""The currency of a line or, where it has none, of its session; each session here has one at most."""
PLOTS_ALONE = """
  const plots = [...document.querySelectorAll(".plot, .bars svg")];
  document.body.replaceChildren(...plots);
  const style = new CSSStyleSheet();
  style.replaceSync(`body{margin:0;padding:8px;width:600px;max-width:600px} text{fill:transparent!important}
    .plot{width:600px;max-width:600px;height:200px;overflow:hidden}`);
  document.adoptedStyleSheets = [style];
"""


def page_of(given: Frames, fleet: Fleet = FLEET, **told):
    limit = {"limit": told.pop("limit")} if "limit" in told else {}
    return cost_page(report(given, fleet, **told), given.lines, given.sessions, given.completeness, real_ids, **limit)


@pytest.fixture(scope="module")
def six():
    return frames(FLEET)


@pytest.fixture(scope="module")
def html(six):
    return page_of(six)


def inner(page, parts=PARTS):
    return {part: page.inner_html(f"#{part}") for part in parts}


def choose(page, **chosen):
    for key, label in chosen.items():
        page.select_option(f"#choose-{key}", label=label)


def totals(page):
    """The rows of totals by currency: heading to text."""
    headings = page.locator("#table th").all_inner_texts()
    rows = page.eval_on_selector_all(
        "#table tfoot tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return {row[1]: dict(zip(headings, row, strict=True)) for row in rows}


def table(page, part):
    """The figures beside a chart: all cells, row by row."""
    rows = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    return page.eval_on_selector_all(f"#{part} tr", rows)


# in plain Python, line by line


def written(amount: Decimal, currency: str) -> str:
    return f"{rounded(amount, currency):,f}"


def expected(lines: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Totals by currency of these lines, of one currency a session."""
    rows = lines.to_dicts()
    own = {row["session_id"]: row["currency"] for row in rows if row["currency"] and row["session_id"]}
    codes = [row["currency"] or own.get(row["session_id"]) for row in rows]
    found = {}
    for currency in sorted(set(codes), key=lambda code: (code is None, code)):
        mine = [row for row, code in zip(rows, codes, strict=True) if code == currency]
        found[currency or "no price"] = _totals(mine, currency)
    return found


def _totals(rows, currency):
    side = [row for row in rows if row["basis"] != "policy"]
    states = Counter({row["session_id"]: row["state"] for row in side if row["session_id"]}.values())
    kwh = sum(row["kwh_priced"] + (row["kwh_unpriced"] or 0) for row in side)
    told = {"Sessions": f"{states.total():,}", "Partial": f"{states['partial']:,}"}
    told |= {"Without a price": f"{states['unpriced']:,}"}
    told |= {
        "kWh": f"{kwh:,.1f}"
        if any(row["kwh_unpriced"] is not None for row in side if row["session_id"])
        else "not known"
    }
    if currency is None:
        return told | {"Cost": "not known"}
    sums = {name: [row["amount"] for row in rows if row["basis"] == name and row["amount"] is not None]
            for name in ("billed", "tariff", "policy")}  # fmt: skip
    cost = sums["billed"] + sums["tariff"]
    named = {"Billed": sums["billed"], "By tariff": sums["tariff"], "Cost": cost, "Reimbursed": sums["policy"]}
    for name, amounts in named.items():
        told[name] = written(sum(amounts, Decimal(0)), currency) if amounts else "–" if name != "Cost" else "not known"
    return told


def agrees(shown, lines):
    wanted = expected(lines)
    assert shown.keys() == wanted.keys()
    for currency, told in wanted.items():
        assert {name: shown[currency][name] for name in told} == told, currency


# nothing is asked for, nothing complains


@pytest.mark.parametrize("width", [DESKTOP, TELEPHONE])
def test_the_page_opens_without_a_request_and_without_a_complaint(chromium, html, width):
    visit = chromium.visit(html, lambda page: page.locator("#filters").is_visible(), width=width)
    assert (visit.requests, visit.complaints, visit.result) == ([], [], True)


def test_the_policy_lets_no_script_and_no_request_in_that_was_not_there(chromium, html):
    def attack(page):
        page.evaluate("""() => {
            window.refused = [];
            const refused = (event) => window.refused.push(event.effectiveDirective);
            document.addEventListener("securitypolicyviolation", refused);
            const script = document.createElement("script");
            script.textContent = "window.broken = 1";
            const image = document.createElement("img");
            image.src = "https://example.invalid/x.png";
            document.body.append(script, image);
        }""")
        page.wait_for_function("window.refused.length === 2")
        return page.evaluate("[typeof window.broken, ...window.refused.sort()]")

    assert chromium.visit(html, attack).result == ["undefined", "img-src", "script-src-elem"]


@pytest.mark.parametrize("text", [HOSTILE, "\t=1+1", "{{ 7 * 7 }}", "__proto__", "ab\u202edc", " "])
def test_text_from_data_stays_text(chromium, text):
    html = page_of(renamed(one_vehicle(), text), Fleet(months=1), title=text)

    def look(page):
        before = inner(page)
        page.click("#reset")
        return [before == inner(page), page.locator("img").count(), page.locator("script").count(), page.title(),
                page.evaluate("typeof window.broken"), page.inner_text("#stations .of >> nth=0")]  # fmt: skip

    visit = chromium.visit(html, look)
    same, images, scripts, title, broken, station = visit.result
    assert (same, images, scripts, broken, visit.complaints) == (True, 0, 2, "undefined", [])
    assert title.split() == text.split()
    assert station.split() == text.split()


# the script draws and adds up as Python does


SHAPES = {
    "six currencies": FLEET,
    "one vehicle": Fleet(vehicles=1, months=1, every_days=2),
    "over a new year": Fleet(vehicles=2, months=14, first=date(2025, 9, 1), every_days=6),
    "without a price": Fleet(vehicles=3, priced=False),
    "yen": Fleet(vehicles=2, currencies=("JPY",)),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("by", ["vehicle", "day", "cost-centre"])
def test_the_script_draws_what_was_drawn_without_it(chromium, name, by):
    fleet = SHAPES[name]

    def redraw(page):
        before = inner(page)
        page.click("#reset")
        return before, inner(page)

    before, after = chromium.visit(page_of(frames(fleet), fleet, by=by), redraw).result
    for part in PARTS:
        assert after[part] == before[part], part


FILTERS = [
    {},
    {"make": "BMW"},
    {"vehicle": "vehicle-0004"},
    {"driver": "nobody named"},
    {"cost_centre": "CC-2"},
    {"place": "public"},
    {"month": "2026-09"},
    {"currency": "JPY"},
    {"make": "TESLA", "place": "home", "month": "2026-10"},
]


@pytest.mark.parametrize("chosen", FILTERS, ids=str)
def test_totals_after_a_filter_are_those_of_plain_python(chromium, html, six, chosen):
    visit = chromium.visit(html, lambda page: (choose(page, **chosen), totals(page))[1])
    columns = {
        "make": pl.col("make"), "vehicle": pl.col("vehicle_id"), "driver": pl.col("driver").fill_null("nobody named"),
        "cost_centre": pl.col("cost_centre"), "place": pl.col("place"), "currency": OWN,
        "month": pl.col("local_date").dt.strftime("%Y-%m"),
    }  # fmt: skip
    kept = six.lines
    for key, value in chosen.items():
        kept = kept.filter(columns[key] == value)
    assert kept.height
    agrees(visit.result, kept)


@pytest.mark.parametrize("by", ["driver", "vehicle", "cost-centre", "place", "make", "day", "month"])
def test_the_table_has_the_rows_of_the_report_in_its_other_forms(chromium, six, by):
    given = report(six, FLEET, by=by)
    html = cost_page(given, six.lines, six.sessions, six.completeness, real_ids)
    rows = chromium.visit(html, lambda page: table(page, "table")).result[1:]
    shown = {(row[0], row[1]): (row[2], row[10]) for row in rows if row[0] != "Total"}
    wanted = {
        (row.group, row.currency or "no price"): (
            "not known" if row.cost is None else written(row.cost, row.currency),
            f"{row.sessions:,}",
        )
        for row in given.rows
    }
    assert shown == wanted


def test_charts_follow_the_filters(chromium, html, six):
    def look(page):
        choose(page, currency="NOK", place="home")
        return table(page, "cost"), table(page, "energy"), page.locator("#cost .panel").count()

    cost, energy, panels = chromium.visit(html, look).result
    home = six.lines.filter((pl.col("place") == "home") & (pl.col("basis") != "policy"))
    mine = home.filter(OWN == "NOK")
    of_month = mine.group_by(pl.col("local_date").dt.strftime("%Y-%m").alias("month")).agg(
        pl.col("amount").sum(), (pl.col("kwh_priced") + pl.col("kwh_unpriced")).sum().alias("kwh")
    )
    amounts = {month: f"{written(amount, 'NOK')} NOK" for month, amount, _ in of_month.iter_rows()}
    at = cost[0].index("home")
    assert panels == 1
    assert {row[1]: row[at] for row in cost[1:]} == amounts
    assert {row[0]: row[1] for row in energy[1:]} == {month: f"{kwh:,.1f}" for month, _, kwh in of_month.iter_rows()}


def test_a_filter_that_a_chart_cannot_follow_is_said_beside_it(chromium, html):
    def look(page):
        choose(page, place="home")
        return page.inner_text("#days-note"), page.inner_text("#filtered"), page.inner_text("#cost-note")

    assert chromium.visit(html, look).result == ("Not filtered by place.", "Shown is only place: home.", "")


def test_the_table_can_be_by_another_key(chromium, html, six):
    def look(page):
        choose(page, by="driver")
        return page.inner_text("#table tbody"), page.inner_text("h2 >> nth=0"), totals(page)

    body, heading, shown = chromium.visit(html, look).result
    assert heading == "Costs by driver"
    assert all(driver in body for driver in six.lines["driver"].drop_nulls().unique())
    agrees(shown, six.lines)


def test_money_is_added_exactly_where_floats_would_not(chromium):
    given = one_vehicle()
    huge = pl.lit(Decimal("99999999999.01")).cast(pl.Decimal(18, 6))
    billed = (pl.col("basis") != "policy") & pl.col("amount").is_not_null()
    lines = given.lines.with_columns(pl.when(billed).then(huge).otherwise("amount").alias("amount"))
    html = page_of(replace(given, lines=lines), Fleet(months=1))

    def redraw(page):
        before = totals(page)
        page.click("#reset")
        return before, totals(page)

    before, after = chromium.visit(html, redraw).result
    assert before == after
    agrees(after, lines)


def test_no_mark_and_no_total_mixes_currencies(chromium, html):
    def look(page):
        units = page.locator("#cost .unit").all_inner_texts()
        titles = "all => all.map(each => [...each.querySelectorAll('title')].map(title => title.textContent).join(' '))"
        marks = page.eval_on_selector_all("#cost .panel", titles)
        return units, marks, list(totals(page))

    units, marks, rows = chromium.visit(html, look).result
    assert units == [f"{code} a month" for code in sorted(SIX)]
    assert rows == [*sorted(SIX), "no price"]
    for code, titles in zip(sorted(SIX), marks, strict=True):
        assert set(re.findall(r"\b(?:EUR|GBP|CHF|NOK|USD|JPY)\b", titles)) == {code}


# what it is without a script, on paper, on a telephone


def test_without_scripts_all_rows_and_charts_are_there_and_no_filters(chromium, html, six):
    def look(page):
        shown = (
            page.locator("#filters").is_visible(),
            page.locator(".plot").count(),
            page.locator("#table tbody tr").count(),
        )
        return shown, totals(page)

    (filters, plots, rows), shown = chromium.visit(html, look, scripts=False).result
    assert (filters, rows) == (False, six.lines.select("vehicle_id", OWN.alias("own")).n_unique())
    assert plots == 1 + 6 + 6 + 1 + 1 + 3
    agrees(shown, six.lines)


@pytest.mark.parametrize("width", [DESKTOP, 768, TELEPHONE])
def test_the_page_does_not_scroll_sideways(chromium, html, width):
    visit = chromium.visit(html, lambda page: page.evaluate("document.documentElement.scrollWidth"), width=width)
    assert visit.result <= width


@pytest.mark.parametrize("width", [DESKTOP, TELEPHONE])
def test_words_in_charts_are_of_readable_size_and_do_not_overlap(chromium, html, width):
    overlapping = """() => [...document.querySelectorAll(".plot svg")].flatMap((svg) => {
        const all = [...svg.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
        const boxes = all.filter((box) => box.width);
        const small = boxes.filter((box) => box.height < 10 || box.right > innerWidth + 1 || box.left < -1);
        const both = boxes.filter((box, at) => boxes.slice(at + 1).some((other) =>
            box.left < other.right && other.left < box.right &&
            box.top + 3 < other.bottom && other.top + 3 < box.bottom));
        return [...small, ...both].map((box) => JSON.stringify(box));
    })"""
    assert chromium.visit(html, lambda page: page.evaluate(overlapping), width=width).result == []


def test_printed_it_has_the_table_and_what_it_is_of_and_no_filters(chromium, html):
    def printed(page):
        choose(page, currency="EUR")
        return page.pdf(format="A4", prefer_css_page_size=True)

    reader = PdfReader(io.BytesIO(chromium.visit(html, printed).result))
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert "What charging cost 2026-08-01 to 2026-11-30" in text
    assert "Shown is only currency: EUR." in text
    for words in ("vehicle-0000", "Total EUR", "EUR a month", "kWh a month"):
        assert words in text
    assert "Show all" not in text
    assert 2 <= len(reader.pages) <= 8


def plots(chromium, html):
    """A picture of all plots, of one width and without their text."""

    def shoot(page):
        page.evaluate(PLOTS_ALONE)
        return page.screenshot(full_page=True)

    return base64.b64encode(chromium.visit(html, shoot, width=640).result).decode()


def test_charts_look_as_they_did(chromium, html):
    picture = plots(chromium, html)
    if os.environ.get("CHARGELAKE_TEST_DRAW"):
        REFERENCE.parent.mkdir(exist_ok=True)
        REFERENCE.write_bytes(base64.b64decode(picture))
    assert chromium.differing(picture, base64.b64encode(REFERENCE.read_bytes()).decode()) < 0.002


@pytest.mark.parametrize(
    ("was", "is_now"),
    [(".c0 { fill: #0072b2", ".c0 { fill: #7a0000"), (".plot rect { shape-", ".plot rect { display: none; shape-")],
)
def test_charts_that_look_otherwise_would_be_seen(chromium, html, was, is_now):
    changed = html.replace(was, is_now)
    policy = re.sub(r"style-src [^;]*;", "style-src &#39;unsafe-inline&#39;;", changed, count=1)
    assert changed != html
    assert chromium.differing(plots(chromium, policy), base64.b64encode(REFERENCE.read_bytes()).decode()) > 0.01


# what it is made of


def test_the_same_frames_and_time_give_the_same_bytes(six, html):
    shuffled = Frames(*(getattr(six, name).sample(fraction=1, shuffle=True, seed=3) for name in six.__slots__))
    assert page_of(shuffled) == html


def test_an_empty_lake_is_said_to_be_empty_in_a_sentence(chromium):
    given = Frames(*(getattr(one_vehicle(), name).clear() for name in Frames.__slots__))
    visit = chromium.visit(page_of(given), lambda page: page.inner_text("main"))
    assert (visit.result.strip(), visit.complaints) == ("No session and no known day lies in this period.", [])


def test_what_lies_outside_of_the_period_is_left_out(six):
    later = replace(FLEET, first=date(2027, 1, 1))
    assert "No session and no known day" in page_of(six, later)


def test_a_fleet_too_large_for_a_page_keeps_its_totals_and_says_what_cannot_be_chosen(chromium, six):
    def look(page):
        choose(page, driver="nobody named")
        return page.inner_text("main > .unfiltered"), page.inner_text("#heat-note"), totals(page)

    said, note, shown = chromium.visit(page_of(six, by="driver", limit=160), look).result
    assert "charts by hour cannot be filtered by vehicle, driver" in said
    assert "Not filtered by driver." in note
    agrees(shown, six.lines.filter(pl.col("driver").is_null()))


def test_vehicles_go_by_the_names_of_pages(six):
    named = namer(b"k" * 32, [("vehicle-0000", "TESLA")])
    html = cost_page(report(six, FLEET), six.lines, six.sessions, six.completeness, named)
    assert "vehicle-0000" not in html
    assert re.search(r"TESLA-[0-9A-F]{6}", html)


def test_cells_hold_no_session_and_no_id_of_one(html):
    data = json.loads(re.search(r'id="cells">(.*?)</script>', html)[1])
    assert not [name for names in data["names"].values() for name in names if name and "session-" in name]
    assert "0000-2026" not in html
