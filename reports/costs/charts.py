"""The charts of the cost page, each with its figures as a table. `cost.js` draws the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from reports.costs import drawing, exact
from reports.costs.drawing import Series, element
from reports.costs.view import NONE, View, money, nothing
from reports.wording import count, counted

MOST_BARS: Final = 8
KNOWLEDGE: Final = (
    Series("known", "c0"), Series("next run asks", "c4"), Series("somebody must act", "c2"),
    Series("no longer told", "c9"),
)  # fmt: skip

Words = Callable[[int], str]


def energy(view: View) -> list[Markup]:
    """Energy by month and place."""
    sums = view.sums("costs", ["month", "place"])
    values = [
        [_kwh(sums.get((month, place.name))) for place in view.charging] for month in view.month_names()
    ]  # fmt: skip
    if not _any(values):
        return [nothing("No session here tells an energy.")]
    drawn = drawing.columns(view.months, view.charging, values, places=exact.SIX, words=_in_kwh)
    headings = [("Month", "label"), *((f"{place.name}, kWh", "number") for place in view.charging)]
    rows = [[label.full, *map(exact.energy, row)] for label, row in zip(view.months, values, strict=True)]
    return [drawing.key(view.charging), _panel("kWh a month", drawn), _figures(headings, rows, "Energy by month")]


def cost(view: View) -> list[Markup]:
    """Cost by month and place, a drawing a currency."""
    sums = view.sums("costs", ["currency", "month", "place"])
    panels, rows = [], []
    for code in view.currencies:
        of = [[sums.get((code, month, place.name)) for place in view.places] for month in view.month_names()]
        values = [[row["cost"] if row else 0 for row in each] for each in of]
        if any(row and row["costs"] for each in of for row in each):
            drawn = drawing.columns(view.months, view.places, values, places=exact.SIX, words=_in(code, view))
            panels.append(_panel(f"{code} a month", drawn))
            rows += [
                [code, label.full, *(money(row, "cost", code, view) if row and row["costs"] else NONE for row in each)]
                for label, each in zip(view.months, of, strict=True)
            ]
    if not panels:
        return [nothing("Nothing here has a price.")]
    headings = [("Currency", "label"), ("Month", "label"), *((place.name, "number") for place in view.places)]
    return [drawing.key(view.places), *panels, _figures(headings, rows, "Cost by month")]


def price(view: View) -> list[Markup]:
    """Cost of energy a kWh by place and hour, a drawing a currency."""
    sums = view.sums("hours", ["currency", "place", "hour"])
    panels, rows = [], []
    labels = drawing.hour_labels()
    for code in [str(name) for name in view.names["currency"] if name]:
        cells = [[sums.get((code, place.name, hour)) for hour in drawing.HOURS] for place in view.charging]
        values = [[_price(row) for row in each] for each in cells]
        if any(value is not None for each in values for value in each):
            words = _price_words(code, view)
            drawn = drawing.dots(labels, view.charging, values, places=exact.SIX, words=words)
            panels.append(_panel(f"{code} a kWh, by local hour", drawn))
            for hour, label in enumerate(labels):
                told = [each[hour] for each in values]
                rows.append([code, label.full, *(NONE if value is None else words(value) for value in told)])
    if not panels:
        return [nothing("No energy here has a price.")]
    headings = [("Currency", "label"), ("Hour", "label"), *((place.name, "number") for place in view.charging)]
    return [drawing.key(view.charging), *panels, _figures(headings, rows, "Cost a kWh by hour")]


def heat(view: View) -> list[Markup]:
    """Energy by weekday and hour."""
    sums = view.sums("hours", ["weekday", "hour"])
    values = [[max(sums.get((str(day), hour), _ZERO)["kwh"], 0) for hour in drawing.HOURS] for day in range(1, 8)]
    most = max(max(row) for row in values)
    if not most:
        return [nothing("No session here tells an energy.")]
    shades = [element("i", {"class": f"q{at}"}) for at in range(1, drawing.SHADES + 1)]
    legend = element("p", {"class": "shades"}, "0 ", *shades, f" {exact.energy(most)} kWh; white: none")
    headings = [("Day", "label"), *((f"{hour}:00", "number") for hour in drawing.HOURS)]
    rows = [
        [day, *(exact.energy(value) if value else "0" for value in row)]
        for day, row in zip(drawing.WEEKDAYS, values, strict=True)
    ]
    return [
        legend,
        _panel("kWh, by weekday and local hour", drawing.heat(values, _in_kwh)),
        _figures(headings, rows, "Energy by weekday and hour, kWh"),
    ]


def bands(view: View) -> list[Markup]:
    """Share of the energy by tariffs in each band, by month."""
    sums = view.sums("bands", ["month", "band"])
    values = [[sums.get((month, band.name), _ZERO)["kwh"] for band in view.bands] for month in view.month_names()]
    if not _any(values):
        return [nothing("No energy here is priced by a tariff with bands.")]
    totals = [sum(column) for column in zip(*values, strict=True)]
    more = [exact.share(total, sum(totals)) for total in totals]
    headings = [("Month", "label"), *((f"{band.name}, kWh", "number") for band in view.bands)]
    rows = [[label.full, *map(exact.energy, row)] for label, row in zip(view.months, values, strict=True)]
    drawn = drawing.columns(
        view.months, view.bands, _shares(values), places=1, words=_in_percent, full=1000
    )  # fmt: skip
    return [drawing.key(view.bands, more), _panel("% of kWh by tariff", drawn), _figures(headings, rows, "Bands")]


def stations(view: View) -> list[Markup]:
    """Stations by energy, with what was paid there by currency."""
    sums = view.sums("stations", ["station"])
    if not sums:
        return [nothing("No session away from home tells a station's name or address.")]
    of_currency = view.sums("stations", ["station", "currency"])
    costs: dict[str | None, list[str]] = {}
    for (name, code), row in of_currency.items():
        if code and row["costs"]:
            costs.setdefault(name, []).append(money(row, "cost", code, view))
    ranked = sorted(sums.items(), key=lambda each: -each[1]["kwh"])[:MOST_BARS]
    most = max(*(row["kwh"] for _, row in ranked), 1)
    lines = [_station(str(name), row, most, costs.get(name, [])) for (name,), row in ranked]
    left = len(sums) - len(ranked)
    more = [element("p", {"class": "quiet"}, f"And {counted(left, 'other', 'others')}.")] if left else []
    return [element("p", {"class": "unit"}, "kWh"), element("ol", {"class": "bars"}, *lines), *more]


def days(view: View) -> list[Markup]:
    """How far days are known, a drawing a stream."""
    sums = view.sums("days", ["stream", "month", "kind"])
    panels, rows = [], []
    for stream in [str(name) for name in view.names["stream"]]:
        values = [
            [sums.get((stream, month, of.name), _ZERO)["days"] for of in KNOWLEDGE] for month in view.month_names()
        ]
        if _any(values):
            drawn = drawing.columns(
                view.months, KNOWLEDGE, _shares(values), places=1, words=_in_percent, full=1000
            )  # fmt: skip
            panels.append(_panel(f"% of vehicle days, {stream}", drawn))
            rows += [[stream, label.full, *map(count, row)] for label, row in zip(view.months, values, strict=True)]
    if not panels:
        return [nothing("Of no day here is it told whether it is known.")]
    headings = [("Stream", "label"), ("Month", "label"), *((of.name, "number") for of in KNOWLEDGE)]
    return [drawing.key(KNOWLEDGE), *panels, _figures(headings, rows, "Vehicle days")]


_UNBROKEN: Final = "\N{NO-BREAK SPACE}"
_ZERO: Final = {"kwh": 0, "days": 0}


def _station(name: str, row: Mapping[str, int], most: int, costs: Sequence[str]) -> Markup:
    words = [f"{exact.energy(row['kwh'])} kWh", counted(row["sessions"], "session", "sessions")]
    said = " · ".join(each.replace(" ", _UNBROKEN) for each in [*words, *(costs or ["cost not known"])])
    width = exact.percent(max(row["kwh"], 0), most)
    bar = element("rect", {"x": "0", "y": "0", "width": width, "height": "8", "class": "c0"})
    strip = element("svg", {"width": "100%", "height": 8, "aria-hidden": "true"}, bar)
    return element(
        "li", {}, element("span", {"class": "of"}, name), strip, element("span", {"class": "quiet"}, said)
    )  # fmt: skip


def _shares(values: Sequence[Sequence[int]]) -> list[list[int]]:
    """Tenths of a percent of each column, which add up to 1000."""
    shares = []
    for column in values:
        whole, done, row = sum(column), 0, []
        for at in range(len(column)):
            until = exact.divided(1000 * sum(column[: at + 1]), whole) if whole else 0
            row.append(until - done)
            done = until
        shares.append(row)
    return shares


def _price(row: Mapping[str, int] | None) -> int | None:
    """Millionths of the currency a kWh."""
    return exact.divided(row["cost"] * 1_000_000, row["priced"]) if row and row["priced"] > 0 else None


def _price_words(code: str, view: View) -> Words:
    places = view.digits.get(code, 2) + 2
    return lambda value: f"{exact.written(value, exact.SIX, places)} {code}"


def _in(code: str, view: View) -> Words:
    return lambda value: exact.money(value, code, view.digits.get(code, 2))


def _in_kwh(value: int) -> str:
    return f"{exact.energy(value)} kWh"


def _in_percent(value: int) -> str:
    return f"{exact.written(value, 1, 1)} %"


def _kwh(row: Mapping[str, int] | None) -> int:
    return row["priced"] + row["unpriced"] if row else 0


def _panel(unit: str, drawn: Markup) -> Markup:
    return element("div", {"class": "panel"}, element("p", {"class": "unit"}, unit), drawn)


def _figures(headings: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], label: str) -> Markup:
    summary = element("summary", {}, "The figures as a table")
    return element("details", {}, summary, drawing.table(headings, rows, label))


def _any(values: Sequence[Sequence[int]]) -> bool:
    return any(value for row in values for value in row)
