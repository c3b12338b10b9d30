"""What stands in the parts of the cost page that filters change: tiles, charts, tables. `cost.js` writes the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import polars as pl
from markupsafe import Markup

from reports.costs import drawing, exact
from reports.costs.cells import Cube
from reports.costs.drawing import Label, Series, element

NOT_KNOWN: Final = "not known"
NONE: Final = "–"
NO_CURRENCY: Final = "no price"
MOST_BARS: Final = 8
HEADINGS: Final = {
    "make": "Make", "vehicle": "Vehicle", "driver": "Driver", "cost_centre": "Cost centre", "place": "Place",
    "month": "Month", "currency": "Currency", "day": "Day",
}  # fmt: skip
NOBODY: Final = {"driver": "nobody named", "cost_centre": "none named", "currency": NO_CURRENCY}
"""What a key without a value is called."""
KNOWLEDGE: Final = (
    Series("known", "c0"), Series("next run asks", "c4"), Series("somebody must act", "c2"),
    Series("no longer told", "c9"),
)  # fmt: skip

Names = tuple[str | None, ...]
Words = Callable[[int], str]


@dataclass(frozen=True)
class View:
    """What is drawn and written.

    Attributes:
        cubes: Of `reports.costs.cells`.
        names: The values of each key, sorted, None last.
        months: Months of the axes.
        places: Places with their colours.
        bands: Bands with their colours.
        digits: Digits by currency.
        reporting: The reporting currency.
        by: The key of the table.
        meanings: Sentences of reasons.
    """

    cubes: Mapping[str, Cube]
    names: Mapping[str, Names]
    months: tuple[Label, ...]
    places: tuple[Series, ...]
    bands: tuple[Series, ...]
    digits: Mapping[str, int]
    reporting: str | None
    by: str
    meanings: Mapping[str, str] = field(default_factory=dict)

    def sums(self, cube: str, keys: Sequence[str]) -> dict[tuple[str | None, ...], dict[str, int]]:
        """All sums of a cube by these keys, in the order of `names`."""
        of = self.cubes[cube]
        numbers = [name for name in of.frame.columns if name not in of.keys]
        rows = of.frame.group_by(keys).agg(pl.col(numbers).sum()) if keys else of.frame.select(pl.col(numbers).sum())
        found = {tuple(row[key] for key in keys): {each: row[each] for each in numbers} for row in rows.to_dicts()}
        places = {key: {name: at for at, name in enumerate(self.names[key])} for key in keys}
        ordered = sorted(found, key=lambda given: [places[key][name] for key, name in zip(keys, given, strict=True)])
        return {given: found[given] for given in ordered}

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """Currencies in which something costs or is paid."""
        sums = self.sums("costs", ["currency"])
        return tuple(str(code) for (code,), row in sums.items() if code and row["costs"] + row["payments"])

    def month_names(self) -> list[str]:
        """The months of the axes as text."""
        return [str(name) for name in self.names["month"]]


def tiles(view: View) -> Markup:
    """The figures at the top."""
    total = view.sums("costs", []).get((), {})
    of_currency = view.sums("costs", ["currency"])
    energy = exact.energy(total["priced"] + total["unpriced"])
    costs = [_money(row, "cost", code, view) for (code,), row in of_currency.items() if code and row["costs"]]
    paid = [_money(row, "reimbursed", code, view) for (code,), row in of_currency.items() if code and row["payments"]]
    given = [
        _tile("Sessions", [_count(total["sessions"])], _of_sessions(total)),
        _tile("Energy", [f"{energy} kWh" if _has_energy(total) else NOT_KNOWN], _of_energy(total)),
        _tile("Cost", costs or [NOT_KNOWN], "what was billed or is priced by a tariff"),
    ]
    if view.reporting and total["costs"] > total["not_converted"]:
        amount = exact.money(total["converted"], view.reporting, view.digits.get(view.reporting, 2))
        given.append(_tile(f"Cost in {view.reporting}", [amount], _of_rates(total)))
    if paid:
        given.append(_tile("Reimbursed by policy", paid, "is no part of the cost"))
    if total["co2_known"]:
        kilograms = exact.written(total["co2"], exact.SIX, 1)
        given.append(_tile("CO₂", [f"{kilograms} kg"], f"of {_counted(total['co2_known'], 'session', 'sessions')}"))
    return element("dl", {"class": "tiles"}, *given)


def energy(view: View) -> list[Markup]:
    """Energy by month and place."""
    sums = view.sums("costs", ["month", "place"])
    values = [
        [_kwh(sums.get((month, place.name))) for place in view.places] for month in view.month_names()
    ]  # fmt: skip
    if not _any(values):
        return [_nothing("No session here tells an energy.")]
    drawn = drawing.columns(view.months, view.places, values, places=exact.SIX, words=_in_kwh)
    headings = [("Month", "label"), *((f"{place.name}, kWh", "number") for place in view.places)]
    rows = [[label.full, *map(exact.energy, row)] for label, row in zip(view.months, values, strict=True)]
    return [drawing.key(view.places), _panel("kWh a month", drawn), _figures(headings, rows, "Energy by month")]


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
                [code, label.full, *(_money(row, "cost", code, view) if row and row["costs"] else NONE for row in each)]
                for label, each in zip(view.months, of, strict=True)
            ]
    if not panels:
        return [_nothing("Nothing here has a price.")]
    headings = [("Currency", "label"), ("Month", "label"), *((place.name, "number") for place in view.places)]
    return [drawing.key(view.places), *panels, _figures(headings, rows, "Cost by month")]


def price(view: View) -> list[Markup]:
    """Cost of energy a kWh by place and hour, a drawing a currency."""
    sums = view.sums("hours", ["currency", "place", "hour"])
    panels, rows = [], []
    labels = drawing.hour_labels()
    for code in [str(name) for name in view.names["currency"] if name]:
        cells = [[sums.get((code, place.name, hour)) for hour in drawing.HOURS] for place in view.places]
        values = [[_price(row) for row in each] for each in cells]
        if any(value is not None for each in values for value in each):
            words = _price_words(code, view)
            drawn = drawing.dots(labels, view.places, values, places=exact.SIX, words=words)
            panels.append(_panel(f"{code} a kWh, by local hour", drawn))
            for hour, label in enumerate(labels):
                told = [each[hour] for each in values]
                rows.append([code, label.full, *(NONE if value is None else words(value) for value in told)])
    if not panels:
        return [_nothing("No energy here has a price.")]
    headings = [("Currency", "label"), ("Hour", "label"), *((place.name, "number") for place in view.places)]
    return [drawing.key(view.places), *panels, _figures(headings, rows, "Cost a kWh by hour")]


def heat(view: View) -> list[Markup]:
    """Energy by weekday and hour."""
    sums = view.sums("hours", ["weekday", "hour"])
    values = [[max(sums.get((str(day), hour), _ZERO)["kwh"], 0) for hour in drawing.HOURS] for day in range(1, 8)]
    most = max(max(row) for row in values)
    if not most:
        return [_nothing("No session here tells an energy.")]
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
        return [_nothing("No energy here is priced by a tariff with bands.")]
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
        return [_nothing("No session here tells a station's name or address.")]
    of_currency = view.sums("stations", ["station", "currency"])
    costs: dict[str | None, list[str]] = {}
    for (name, code), row in of_currency.items():
        if code and row["costs"]:
            costs.setdefault(name, []).append(_money(row, "cost", code, view))
    ranked = sorted(sums.items(), key=lambda each: -each[1]["kwh"])[:MOST_BARS]
    most = max(max(row["kwh"] for _, row in ranked), 1)
    lines = [_station(str(name), row, most, costs.get(name, [])) for (name,), row in ranked]
    left = len(sums) - len(ranked)
    more = [element("p", {"class": "quiet"}, f"And {_counted(left, 'other', 'others')}.")] if left else []
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
            rows += [[stream, label.full, *map(_count, row)] for label, row in zip(view.months, values, strict=True)]
    if not panels:
        return [_nothing("Of no day here is it told whether it is known.")]
    headings = [("Stream", "label"), ("Month", "label"), *((of.name, "number") for of in KNOWLEDGE)]
    return [drawing.key(KNOWLEDGE), *panels, _figures(headings, rows, "Vehicle days")]


def table(view: View) -> list[Markup]:
    """Costs by the key of the table and currency, with a total for each currency."""
    groups = view.sums("costs", [view.by, "currency"])
    if not groups:
        return [_nothing("Nothing here.")]
    totals = view.sums("costs", ["currency"])
    rows = [[named(view.by, name), *_cells(code, row, view)] for (name, code), row in groups.items()]
    rows += [["Total", *_cells(code, row, view)] for (code,), row in totals.items()]
    headings = [
        (HEADINGS[view.by], "name"), ("Currency", "label"), ("Sessions", "number"), ("kWh", "number"),
        ("of it without a price", "number"), ("Billed", "number"), ("By tariff", "number"), ("Cost", "number"),
        ("a kWh priced", "number"), ("Reimbursed", "number"), (f"Cost in {view.reporting or NONE}", "number"),
        ("Partial", "number"), ("Without a price", "number"),
    ]  # fmt: skip
    return [drawing.table(headings, rows, f"Costs by {HEADINGS[view.by].lower()}", len(totals))]


def unknown(view: View) -> list[Markup]:
    """Why lines have no amount."""
    sums = view.sums("reasons", ["reason"])
    if not sums:
        return [_nothing("Everything here has a price.")]
    rows = [
        [str(reason), _count(row["lines"]), exact.energy(row["unpriced"]), view.meanings.get(str(reason), "")]
        for (reason,), row in sums.items()
    ]
    headings = [("Reason", "label"), ("Lines", "number"), ("kWh told", "number"), ("What it means", "prose")]
    return [drawing.table(headings, rows, "Lines without an amount by reason")]


def named(key: str, name: str | None) -> str:
    """A value of a key, also where there is none."""
    return NOBODY.get(key, NOT_KNOWN) if name is None else name


PARTS: Final = {
    "table": table, "energy": energy, "cost": cost, "price": price, "heat": heat, "bands": bands,
    "stations": stations, "days": days, "unknown": unknown,
}  # fmt: skip
"""The parts of the page by the ids of their elements."""

_ZERO: Final = {"kwh": 0, "days": 0}


def _cells(code: str | None, row: Mapping[str, int], view: View) -> list[str]:
    digits = view.digits.get(code or "", 2)
    energy = row["priced"] + row["unpriced"]
    return [
        named("currency", code),
        _count(row["sessions"]),
        exact.energy(energy) if energy or not row["no_energy"] else NOT_KNOWN,
        exact.energy(row["unpriced"]),
        exact.written(row["billed"], exact.SIX, digits) if row["bills"] else NONE,
        exact.written(row["cost"] - row["billed"], exact.SIX, digits) if row["tariffs"] else NONE,
        exact.written(row["cost"], exact.SIX, digits) if row["costs"] else NOT_KNOWN,
        exact.price(row["cost"], row["priced"], "", digits).strip() if row["costs"] else NOT_KNOWN,
        exact.written(row["reimbursed"], exact.SIX, digits) if row["payments"] else NONE,
        _converted(row, view),
        _count(row["partial"]),
        _count(row["no_price"]),
    ]


def _converted(row: Mapping[str, int], view: View) -> str:
    if not view.reporting or row["costs"] == row["not_converted"]:
        return NOT_KNOWN
    amount = exact.written(row["converted"], exact.SIX, view.digits.get(view.reporting, 2))
    return f"{amount} and {_count(row['not_converted'])} without a rate" if row["not_converted"] else amount


def _station(name: str, row: Mapping[str, int], most: int, costs: Sequence[str]) -> Markup:
    words = [f"{exact.energy(row['kwh'])} kWh", _counted(row["sessions"], "session", "sessions")]
    said = " · ".join([*words, *(costs or ["cost not known"])])
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


def _money(row: Mapping[str, int], measure: str, code: str, view: View) -> str:
    return exact.money(row[measure], code, view.digits.get(code, 2))


def _kwh(row: Mapping[str, int] | None) -> int:
    return row["priced"] + row["unpriced"] if row else 0


def _has_energy(total: Mapping[str, int]) -> bool:
    return total["sessions"] > total["no_energy"] or total["priced"] + total["unpriced"] > 0


def _of_sessions(total: Mapping[str, int]) -> str:
    return f"{_count(total['partial'])} priced in part, {_count(total['no_price'])} without a price"


def _of_energy(total: Mapping[str, int]) -> str:
    said = f"{exact.energy(total['unpriced'])} kWh of it without a price"
    return f"{said}; not told by {_counted(total['no_energy'], 'session', 'sessions')}" if total["no_energy"] else said


def _of_rates(total: Mapping[str, int]) -> str:
    if not total["not_converted"]:
        return "each amount at the rate of its day"
    return f"without {_counted(total['not_converted'], 'amount', 'amounts')} that no rate is known for"


def _tile(label: str, values: Sequence[str], note: str) -> Markup:
    of = "several" if len(values) > 1 else ""
    strong = [element("strong", {"class": of}, value) for value in values]
    return element(
        "div", {}, element("dt", {}, label), element("dd", {}, *strong, element("span", {}, note))
    )  # fmt: skip


def _panel(unit: str, drawn: Markup) -> Markup:
    return element("div", {"class": "panel"}, element("p", {"class": "unit"}, unit), drawn)


def _figures(headings: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], label: str) -> Markup:
    summary = element("summary", {}, "The figures as a table")
    return element("details", {}, summary, drawing.table(headings, rows, label))


def _nothing(sentence: str) -> Markup:
    return element("p", {"class": "nothing"}, sentence)


def _any(values: Sequence[Sequence[int]]) -> bool:
    return any(value for row in values for value in row)


def _count(number: int) -> str:
    return f"{number:,}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
