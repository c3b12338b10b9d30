"""The charts of the cost page as SVG that fits any width: places across are in percent, and text keeps its size.

So one drawing serves a screen, a telephone and paper. `cost.js` draws the same, element by element; what a page shows
before a filter is touched and after it was reset is the same document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from reports.costs.exact import divided, percent, step, tick

HEIGHT: Final = 150
TOP: Final = 10
_BELOW: Final = 34
_ROW: Final = 22
SHADES: Final = 6
_ALL_FIT: Final = 6
HOURS: Final = tuple(str(hour) for hour in range(24))
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Label:
    """What stands below a place across: a line, perhaps another, and in full for words beside the drawing."""

    line: str
    below: str
    full: str


@dataclass(frozen=True, slots=True)
class Series:
    """A name and the class of its colour."""

    name: str
    colour: str


def element(name: str, attributes: Mapping[str, object], *children: Markup | str) -> Markup:
    """An element; all text and all values are escaped."""
    given = Markup("").join(Markup(' {}="{}"').format(key, value) for key, value in attributes.items())
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), given, Markup("").join(children))  # noqa: S704 (ours)


def columns(
    labels: Sequence[Label],
    series: Sequence[Series],
    values: Sequence[Sequence[int]],
    *,
    places: int,
    words: Callable[[int], str],
    full: int = 0,
) -> Markup:
    """Stacked columns; what is below 0 hangs below the line of 0.

    Args:
        labels: One a column.
        series: In the order of stacking.
        values: A column's whole numbers, one a series.
        places: Decimal places of these numbers.
        words: A value in words.
        full: The top of the axis; 0: by the values.
    """
    high = max([sum(each for each in column if each > 0) for column in values], default=0)
    low = min([sum(each for each in column if each < 0) for column in values], default=0)
    apart = full // 2 if full else step(max(high - low, 1))
    top = full or max(-(-high // apart), 1) * apart
    bottom = low // apart * apart
    axis = [_tick(value, top, bottom, tick(value, places)) for value in range(bottom, top + 1, apart)]
    marks = [_line(value, top, bottom) for value in range(bottom, top + 1, apart)]
    for at, column in enumerate(values):
        above = below = 0
        for of, value in zip(series, column, strict=True):
            start = above if value > 0 else below
            if value:
                title = f"{labels[at].full}, {of.name}: {words(value)}"
                marks.append(_bar(at, len(values), (start, start + value), (top, bottom), (of.colour, title)))
            above, below = above + max(value, 0), below + min(value, 0)
    return _plot(axis, [*marks, *_below(labels)], HEIGHT)


def dots(
    labels: Sequence[Label],
    series: Sequence[Series],
    values: Sequence[Sequence[int | None]],
    *,
    places: int,
    words: Callable[[int], str],
) -> Markup:
    """A dot a value, joined where the next place has one too.

    Args:
        labels: One a place across.
        series: Each with its colour and form.
        values: Of each series, whole numbers or None, one a place across.
        places: Decimal places of these numbers.
        words: A value in words.
    """
    known = [value for each in values for value in each if value is not None]
    high, low = max([*known, 0]), min([*known, 0])
    apart = step(max(high - low, 1))
    top, bottom = max(-(-high // apart), 1) * apart, low // apart * apart
    axis = [_tick(value, top, bottom, tick(value, places)) for value in range(bottom, top + 1, apart)]
    marks = [_line(value, top, bottom) for value in range(bottom, top + 1, apart)]
    for of, each in zip(series, values, strict=True):
        marks += _joins(each, of, top, bottom)
        for at, value in enumerate(each):
            if value is not None:
                title = f"{labels[at].full}, {of.name}: {words(value)}"
                marks.append(_dot(percent(2 * at + 1, 2 * len(each)), _y(value, top, bottom), of.colour, title))
    return _plot(axis, [*marks, *_below(labels)], HEIGHT)


def heat(values: Sequence[Sequence[int]], words: Callable[[int], str]) -> Markup:
    """Weekdays by hours, darker for more; white for nothing.

    Args:
        values: Seven rows of 24 whole numbers of at least 0.
        words: A value in words.
    """
    most = max(max(row) for row in values)
    axis = [_text("50", TOP + at * _ROW + 15, "end", day) for at, day in enumerate(WEEKDAYS)]
    marks = []
    for at, row in enumerate(values):
        for hour, value in enumerate(row):
            place = {"x": percent(hour, 24), "y": TOP + at * _ROW, "width": percent(1, 24), "height": _ROW - 1}
            title = f"{WEEKDAYS[at]} {hour}:00: {words(value)}"
            marks.append(element("rect", {**place, "class": shade(value, most)}, element("title", {}, title)))
    return _plot(axis, [*marks, *_below(hour_labels(), 7 * _ROW - HEIGHT)], 7 * _ROW)


def shade(value: int, most: int) -> str:
    """The class of a value's shade: `q0` for nothing, then `q1` to `q6`."""
    return "q0" if value <= 0 else f"q{min(1 + value * SHADES // most, SHADES)}"


def hour_labels() -> list[Label]:
    """Hours of the day, every third with a line."""
    return [Label(f"{hour}" if hour % 3 == 0 else "", "", f"{hour}:00") for hour in range(24)]


def key(series: Sequence[Series], more: Sequence[str] = ()) -> Markup:
    """What the colours are, each with a few words if there are any."""
    words = [f"{of.name}{f' {more[at]}' if more else ''}" for at, of in enumerate(series)]
    items = [
        element("li", {}, element("i", {"class": of.colour}), word) for of, word in zip(series, words, strict=True)
    ]
    return element("ul", {"class": "key"}, *items)


def table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], label: str, last: int = 0) -> Markup:
    """A table of written figures.

    Args:
        columns: Heading and kind (`label`, `number`, `prose`).
        rows: As many cells as columns.
        label: What it is, for who cannot see it.
        last: How many of the rows, at the end, are totals.
    """
    head = element("tr", {}, *(element("th", {"scope": "col", "class": kind}, text) for text, kind in columns))
    lines = [
        element("tr", {}, *(element("td", {"class": columns[at][1]}, text) for at, text in enumerate(row)))
        for row in rows
    ]
    kept = len(lines) - last
    body = [element("thead", {}, head), element("tbody", {}, *lines[:kept])]
    foot = [element("tfoot", {}, *lines[kept:])] if last else []
    region = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": label}
    return element("div", region, element("table", {}, *body, *foot))


def _plot(axis: Sequence[Markup], marks: Sequence[Markup], height: int) -> Markup:
    tall = height + TOP + _BELOW
    return element(
        "div",
        {"class": "plot", "aria-hidden": "true"},
        element("svg", {"class": "axis", "width": 56, "height": tall}, *axis),
        element("svg", {"class": "marks", "width": "100%", "height": tall}, *marks),
    )


def _y(value: int, top: int, bottom: int) -> int:
    return TOP + divided(HEIGHT * (top - value), top - bottom)


def _tick(value: int, top: int, bottom: int, text: str) -> Markup:
    return _text("50", _y(value, top, bottom) + 4, "end", text)


def _text(x: str, y: int, anchor: str, text: str, of: str = "") -> Markup:
    return element("text", {"x": x, "y": y, "text-anchor": anchor, "class": of}, text)


def _line(value: int, top: int, bottom: int) -> Markup:
    y = _y(value, top, bottom)
    return element("line", {"x1": "0", "x2": "100%", "y1": y, "y2": y, "class": "zero" if value == 0 else "grid"})


def _bar(at: int, among: int, ends: tuple[int, int], axis: tuple[int, int], of: tuple[str, str]) -> Markup:
    y = sorted(_y(end, *axis) for end in ends)
    place = {"x": percent(8 * at + 1, 8 * among), "y": y[0], "width": percent(6, 8 * among), "height": y[1] - y[0]}
    return element("rect", {**place, "class": of[0]}, element("title", {}, of[1]))


def _joins(values: Sequence[int | None], of: Series, top: int, bottom: int) -> list[Markup]:
    lines = []
    for at in range(len(values) - 1):
        here, there = values[at], values[at + 1]
        if here is not None and there is not None:
            ends = {"x1": percent(2 * at + 1, 2 * len(values)), "x2": percent(2 * at + 3, 2 * len(values))}
            ends |= {"y1": str(_y(here, top, bottom)), "y2": str(_y(there, top, bottom))}
            lines.append(element("line", {**ends, "class": f"join {of.colour}"}))
    return lines


def _dot(x: str, y: int, colour: str, title: str) -> Markup:
    """A circle, a square, a diamond or a bar, so that colour is not all that tells."""
    words = element("title", {}, title)
    forms = {
        "c3": {"x": x, "y": y - 4, "width": "8", "height": "8", "transform": "translate(-4 0)"},
        "c1": {"x": x, "y": y - 2, "width": "12", "height": "5", "transform": "translate(-6 0)"},
        "c9": {"x": x, "y": y - 6, "width": "5", "height": "12", "transform": "translate(-2 0)"},
    }
    if colour in forms:
        return element("rect", {**forms[colour], "class": colour}, words)
    return element("circle", {"cx": x, "cy": y, "r": "4.5", "class": colour}, words)


def _below(labels: Sequence[Label], lower: int = 0) -> list[Markup]:
    """Lines below the places across; where all do not fit, every so many, and on a telephone half of these."""
    every = -(-len([each for each in labels if each.line]) // 12)
    shown = [(at, each) for at, each in enumerate(labels) if each.line][::every]
    texts = []
    for number, (at, each) in enumerate(shown):
        x, of = percent(2 * at + 1, 2 * len(labels)), "minor" if number % 2 and len(shown) > _ALL_FIT else ""
        texts.append(_text(x, TOP + HEIGHT + lower + 15, "middle", each.line, of))
        if each.below:
            texts.append(_text(x, TOP + HEIGHT + lower + 29, "middle", each.below, of))
    return texts
