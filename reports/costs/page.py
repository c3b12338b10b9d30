"""The cost report as one HTML document: tiles, a table, charts and filters, with nothing to fetch.

Everything is on the page without a script: the whole table and all charts are written here. Where scripts run, filters
appear, and add up the cells that lie in the page again, exactly (`reports/templates/cost.js`). The page's own policy
forbids every request and every style or script but its own two, named by their hashes, so that nothing that found
its way in from data could run. The same frames and time give the same bytes.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC
from hashlib import sha256
from itertools import groupby
from typing import Any, Final

import polars as pl
from markupsafe import Markup

from lake.names import Namer
from lake.reference import currency_digits
from lake.schemas import UNPRICED_REASONS
from reports import wording
from reports.costs import cells, charts, tables
from reports.costs.cells import Cube
from reports.costs.drawing import Label, Series
from reports.costs.figures import CostReport, Period, Wanted, within
from reports.costs.grouping import BY_THE_MONTH
from reports.costs.view import HEADINGS, NOBODY, View
from reports.overview import render

OTHER_BANDS: Final = "other bands"

_TEMPLATE: Final = "cost.html.j2"
_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
_POLICY: Final = "POLICY-OF-THE-PAGE"
_PLACES: Final = (
    Series("home", "c0"),
    Series("work", "c3"),
    Series("public", "c1"),
    Series("unknown", "c9"),
    Series(BY_THE_MONTH, "c5"),
)
_COLOURS: Final = ("c0", "c1", "c3", "c5", "c4", "c2", "c6")
_MADE_BY: Final = {
    "table": tables.table, "energy": charts.energy, "cost": charts.cost, "price": charts.price, "heat": charts.heat,
    "bands": charts.bands, "stations": charts.stations, "days": charts.days, "unknown": tables.unknown,
}  # fmt: skip
"""The parts of the page by the ids of their elements."""
_SAFE_WHOLE: Final = 2**53
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def cost_page(
    report: CostReport,
    lines: pl.DataFrame,
    sessions: pl.DataFrame,
    completeness: pl.DataFrame,
    named: Namer,
    *,
    limit: int = cells.MOST_CELLS,
) -> str:
    """The page as one self-contained HTML document.

    Args:
        report: The report whose page it is.
        lines: Columns of `SESSION_COSTS`; those outside of the period are left out.
        sessions: Columns session_id, location_name, address of `CHARGE_SESSIONS`.
        completeness: Columns vehicle_id, make, stream, day, state of `COMPLETENESS`.
        named: What to call a vehicle: pseudonyms as a rule, `lake.names.real_ids` on request.
        limit: The most cells of one kind; a larger fleet's page cannot be filtered by vehicle, and says so.
    """
    wanted = report.wanted
    told, days = within(lines, wanted.period), within(completeness, wanted.period, "day")
    by = _key_of(wanted.by, told)
    found = cells.cubes(told, sessions, days, named, currency=wanted.currency, by=by, limit=limit)
    view = _view(found, by, wanted)
    written = render(
        _TEMPLATE,
        policy=_POLICY,
        title=wanted.title,
        period=str(wanted.period),
        generated_at=wording.instant(wanted.generated_at.astimezone(UTC)),
        as_of=wanted.as_of and wording.instant(wanted.as_of.astimezone(UTC)),
        reporting=view.reporting,
        by=HEADINGS[by].lower(),
        is_empty=all(cube.frame.is_empty() for cube in view.cubes.values()),
        dropped=_dropped(view.cubes),
        stations_told=f"Homes are left out. Told apart are the {cells.MOST_STATIONS} with most energy.",
        counted=wording.counted,
        kwh=wording.kwh,
        without_line=report.unknown.without_line,
        without_session=report.unknown.without_session,
        parts=_parts(view),
        data=_script_safe(_data(view)),
    )
    return written.replace(_POLICY, _policy(written), 1)


def _key_of(by: str, told: pl.DataFrame) -> str:
    """The key of the table; by place it is the place as it is called, where any has a name."""
    if by == "place" and told["place_name"].is_not_null().any():
        return "site"
    return by.replace("-", "_")


def _view(cubes: Mapping[str, Cube], by: str, wanted: Wanted) -> View:
    bands = _bands(cubes["bands"])
    cubes = {**cubes, "bands": _with_few_bands(cubes["bands"], bands)}
    months = _months(wanted.period)
    names = {key: _values(key, cubes.values()) for key in _keys(cubes.values())} | {"month": tuple(months)}
    used = {place for place in names["place"] if place}
    digits = currency_digits()
    codes = sorted({wanted.currency, *(code for code in names["currency"] if code)})
    return View(
        cubes=cubes,
        names=names,
        months=tuple(_month_label(at, month) for at, month in enumerate(months)),
        places=tuple(of for of in _PLACES if of.name in used),
        bands=bands,
        digits={code: digits[code] for code in codes if code in digits},
        reporting=wanted.currency,
        by=by,
        meanings=UNPRICED_REASONS,
    )


def _parts(view: View) -> dict[str, Markup]:
    parts = {name: Markup("").join(made(view)) for name, made in _MADE_BY.items()}
    return parts | {"tiles": tables.tiles(view)}


def _keys(cubes: Iterable[Cube]) -> list[str]:
    found = {*cells.DIMENSIONS, "reason", "weekday", "hour", "band", "station", "stream", "kind"}
    return sorted(found.union(*(cube.keys for cube in cubes)))


def _values(key: str, cubes: Iterable[Cube]) -> tuple[str | None, ...]:
    """All values of a key, sorted, None last."""
    found = {value for cube in cubes if key in cube.keys for value in cube.frame[key].unique().to_list()}
    return (*sorted(value for value in found if value is not None), *([None] if None in found else []))


def _months(period: Period) -> list[str]:
    first, last = (day.year * 12 + day.month - 1 for day in (period.since, period.until))
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(first, last + 1)]


def _month_label(at: int, month: str) -> Label:
    year, number = month.split("-")
    short = _MONTHS[3 * int(number) - 3 : 3 * int(number)]
    return Label(short, year if at == 0 or number == "01" else "", month)


def _bands(cube: Cube) -> tuple[Series, ...]:
    """The bands of most energy, by name; the last colour is for all others."""
    ranked = cube.frame.group_by("band").agg(pl.col("kwh").sum()).sort("kwh", "band", descending=[True, False])
    names = sorted(name for name in ranked["band"].head(len(_COLOURS)).to_list() if name != cells.NO_BAND)
    told = [Series(name, _COLOURS[at]) for at, name in enumerate(names)]
    if ranked.height > len(_COLOURS):
        told.append(Series(OTHER_BANDS, "c6"))
    if cells.NO_BAND in ranked["band"].to_list():
        told.append(Series(cells.NO_BAND, "c9"))
    return tuple(told)


def _with_few_bands(cube: Cube, bands: Iterable[Series]) -> Cube:
    kept = pl.col("band").is_in([band.name for band in bands])
    named = pl.when(kept).then("band").otherwise(pl.lit(OTHER_BANDS)).alias("band")
    summed = cube.frame.with_columns(named).group_by(cube.keys).agg(pl.col("kwh").sum()).sort(cube.keys)
    return Cube(cube.keys, cube.dropped, summed)


_FIGURES: Final = {
    "costs": "nothing", "reasons": "lines without an amount", "hours": "charts by hour", "bands": "bands",
    "stations": "stations", "days": "days",
}  # fmt: skip


def _dropped(cubes: Mapping[str, Cube]) -> str:
    """Which figures cannot be filtered by which keys."""
    said = [
        f"{_FIGURES[name]} cannot be filtered by {', '.join(HEADINGS[key].lower() for key in cube.dropped)}"
        for name, cube in cubes.items()
        if cube.dropped
    ]
    return "; ".join(said)


def _data(view: View) -> dict[str, Any]:
    """What the script adds up and draws; keys of cells as places in `names`."""
    costs = view.cubes["costs"].keys
    return {
        "names": view.names,
        "cubes": {name: _columns(cube, view) for name, cube in view.cubes.items()},
        "months": [[label.line, label.below, label.full] for label in view.months],
        "places": [[of.name, of.colour] for of in view.places],
        "charging": [[of.name, of.colour] for of in view.charging],
        "bands": [[of.name, of.colour] for of in view.bands],
        "knowledge": [[of.name, of.colour] for of in charts.KNOWLEDGE],
        "digits": view.digits,
        "reporting": view.reporting,
        "by": view.by,
        "filters": [key for key in cells.DIMENSIONS if key in costs],
        "tables": [key for key in HEADINGS if key in costs and key != "currency"],
        "headings": HEADINGS,
        "nobody": NOBODY,
        "meanings": view.meanings,
    }


def _columns(cube: Cube, view: View) -> dict[str, Any]:
    keys = {}
    for key in cube.keys:
        places = {name: at for at, name in enumerate(view.names[key])}
        keys[key] = _folded([places[name] for name in cube.frame[key].to_list()])
    numbers = {name: _numbers(cube.frame[name].to_list()) for name in cube.frame.columns if name not in cube.keys}
    return {"height": cube.frame.height, "keys": keys, "numbers": numbers}


def _numbers(values: list[int]) -> dict[str, Any]:
    """Whole numbers by a power of ten; what a script's numbers cannot hold exactly is text."""
    times = 1
    while any(values) and all(value % (times * 10) == 0 for value in values):
        times *= 10
    small = [value // times for value in values]
    return {"times": times, **_folded([value if abs(value) < _SAFE_WHOLE else str(value) for value in small])}


def _folded(values: list[Any]) -> dict[str, Any]:
    """Values, or where that is shorter, runs of them: how often each, and which."""
    runs = [each for value, same in groupby(values) for each in (len(list(same)), value)]
    return {"runs": runs} if len(runs) < len(values) else {"of": values}


def _script_safe(value: Any) -> Markup:
    """JSON that can stand in a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 (no sign of markup is left in it)


def _policy(written: str) -> str:
    """The page's policy: nothing but its own style and script, by their hashes."""
    style, script = (
        " ".join(f"&#39;sha256-{_hash(text)}&#39;" for text in found.findall(written)[:1]) or "&#39;none&#39;"
        for found in (_STYLE, _SCRIPT)
    )
    nothing = "&#39;none&#39;"
    return f"default-src {nothing}; style-src {style}; script-src {script}; base-uri {nothing}; form-action {nothing}"


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
