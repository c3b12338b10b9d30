"""The charts of the overview page, drawn as SVG.

The charts are static SVG, rendered here by vl-convert, and not scripts for a browser to run: six of them weigh a
tenth of the Vega bundle that would draw them, they print, they need no script and so survive a mail gateway or a strict
content policy, and the same tables give the same bytes. What a script would add, figures on hover, each chart has as a
table beside it. Text in a drawing that is shrunk to a telephone cannot be read, so each chart is drawn twice, `WIDE`
and `NARROW`, and the page shows the one that fits.

Colours are those of Okabe and Ito and viridis, which people with any kind of colour vision tell apart. Importing this
module takes half a second (altair); import it where a page is made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeVar

import altair as alt
import polars as pl
import vl_convert
from markupsafe import Markup

WIDE: Final = 540
"""Pixels of a chart beside another on a screen, or on paper."""
NARROW: Final = 330
"""Pixels of a chart on a telephone."""

OF_MAKES: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
OF_PLACES: Final = ("#56B4E9", "#CC79A7", "#D55E00")
"""Other colours than those of makes, which stand beside them."""
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
KNOWLEDGE: Final = {
    "known": "#0072B2",
    "next run asks": "#56B4E9",
    "somebody must act": "#D55E00",
    "no longer told": "#B3B3B3",
}
"""Kinds of states of completeness, best first, and their colours."""

_INK: Final = "#1f2933"
_QUIET: Final = "#52606d"
_LINE: Final = "#e4e7eb"
_MONTH_LABEL: Final = "[utcFormat(toDate(datum.value + '-01'), '%b'), slice(datum.value, 0, 4)]"
_DATE_LABEL: Final = "[utcFormat(datum.value, '%-d %b'), utcFormat(datum.value, '%Y')]"
_TAG: Final = re.compile(r"<[^>]*>")
_WHOLE_LABEL: Final = "datum.value % 1 ? '' : format(datum.value, ',d')"
_WIDEST_BAR: Final = 56
_MONTH_LABEL_WIDTH: Final = 36
_Y_AXIS: Final = 75
_IDENTIFIER: Final = re.compile(r'(?<=\bid=")[^"]+|(?<=url\(#)[^)]+')
_NAMESPACE: Final = re.compile(r' xmlns(:xlink)?="[^"]*"')

_Drawn = TypeVar("_Drawn", alt.Chart, alt.FacetChart)


def monthly(frame: pl.DataFrame, months: Sequence[str], colours: Sequence[str], width: int) -> alt.Chart:
    """Stacked bars of energy by month.

    Args:
        frame: month (`YYYY-MM`), series (text), place (the stacking order), kwh.
        months: All months of the axis, also those without a bar.
        colours: In the order of `place`; after the last comes the first again.
        width: Pixels.
    """
    names = frame.sort("place")["series"].unique(maintain_order=True).to_list()
    chart = (
        alt.Chart(_values(frame))
        .mark_bar(size=_bar(months, width))
        .encode(
            x=_month_axis(months, width),
            y=alt.Y("kwh:Q", title="kWh a month", axis=alt.Axis(tickCount=5)),
            color=_colours("series", names, colours),
            order="place:Q",
        )
    )
    return _fitted(chart, width, height=230)


def starts(frame: pl.DataFrame, width: int) -> alt.Chart:
    """Heat map of session starts; an hour without one is white.

    Args:
        frame: day (of `WEEKDAYS`), hour (0 to 23), sessions.
        width: Pixels.
    """
    most = max(frame["sessions"])
    legend = alt.Legend(gradientLength=width // 3, values=sorted({0, most // 2, most}), format=",d")
    hours = alt.Axis(values=list(range(0, 24, 3)), labelExpr="datum.value + ':00'", labelAngle=0, ticks=False)
    chart = (
        alt.Chart(_values(frame))
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(
            x=alt.X(
                "hour:O", title="hour of the start, local time", axis=hours, scale=alt.Scale(domain=list(range(24)))
            ),
            y=alt.Y("day:N", title=None, sort=list(WEEKDAYS), scale=alt.Scale(domain=list(WEEKDAYS))),
            color=alt.Color(
                "sessions:Q",
                title="sessions",
                scale=alt.Scale(scheme="viridis", reverse=True, domain=[0, most]),
                legend=legend,
            ),
        )
    )
    return _fitted(chart, width, height=310)


def sizes(frame: pl.DataFrame, step: int, width: int) -> alt.FacetChart:
    """Histograms of energy per session, one a charger type, each with its own scale of counts.

    Args:
        frame: panel (heading), from_kwh (lower end of the class), sessions.
        step: Width of a class, kWh.
        width: Pixels.
    """
    most = max(frame["from_kwh"]) + step
    axis = alt.Axis(tickCount=8, grid=False)
    bars = (
        alt.Chart()
        .mark_bar(color=OF_MAKES[0])
        .encode(
            x=alt.X("from_kwh:Q", bin="binned", title="kWh per session", scale=alt.Scale(domain=[0, most]), axis=axis),
            x2="to_kwh",
            y=alt.Y("sessions:Q", title="sessions", axis=alt.Axis(tickCount=3, labelExpr=_WHOLE_LABEL)),
        )
    )
    told = frame.with_columns((pl.col("from_kwh") + step).alias("to_kwh"))
    return _panels(bars, told, width, 75)


def billed(frame: pl.DataFrame, months: Sequence[str], width: int) -> alt.FacetChart:
    """Bars of billed totals by month, one panel a currency, each with its own scale.

    Args:
        frame: panel (heading), month (`YYYY-MM`), total (in the panel's currency).
        months: All months of the axis.
        width: Pixels.
    """
    bars = (
        alt.Chart()
        .mark_bar(color=OF_MAKES[0], size=_bar(months, width))
        .encode(
            x=_month_axis(months, width),
            y=alt.Y("total:Q", title=None, axis=alt.Axis(tickCount=3)),
        )
    )
    return _panels(bars, frame, width, 80)


def knowledge(frame: pl.DataFrame, width: int) -> alt.FacetChart:
    """Strips of how far the days of a stream are known, one a stream.

    Args:
        frame: panel (stream), from and until (days, `YYYY-MM-DD`), kind (of `KNOWLEDGE`), low and high (percent of
            vehicles at which the kind's share begins and ends).
        width: Pixels.
    """
    days = alt.Axis(tickCount=6, labelExpr=_DATE_LABEL, labelOverlap=True, grid=False)
    strips = (
        alt.Chart()
        .mark_rect()
        .encode(
            x=alt.X("from:T", title="day (UTC)", scale=alt.Scale(type="utc"), axis=days),
            x2="until",
            y=alt.Y("low:Q", title="% of days", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=[0, 50, 100])),
            y2="high",
            color=_colours("kind", list(KNOWLEDGE), list(KNOWLEDGE.values()), columns=4 if width > NARROW else 2),
        )
    )
    return _panels(strips, frame, width, 60, y_scale="shared")


def drawing(name: str, chart: Callable[[int], alt.Chart | alt.FacetChart]) -> Markup:
    """Both drawings of a chart, for the page to show one of.

    Args:
        name: Unique on the page; identifiers inside of the drawings begin with it.
        chart: Makes the chart for a width in pixels.
    """
    return Markup("").join(_svg(f"{name}-{kind}", kind, chart(width)) for kind, width in _WIDTHS.items())


_WIDTHS: Final = {"wide": WIDE, "narrow": NARROW}


def _svg(name: str, kind: str, chart: alt.Chart | alt.FacetChart) -> Markup:
    """The chart as an element of an HTML document, its identifiers its own on the page."""
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[])
    numbers: dict[str, int] = {}
    own = _TAG.sub(
        lambda tag: _IDENTIFIER.sub(lambda at: f"{name}-{numbers.setdefault(at[0], len(numbers))}", tag[0]), drawn
    )
    opening, rest = own.split(">", 1)
    opening = _NAMESPACE.sub("", opening).replace('class="marks"', f'class="{kind}"')
    # safe: vl-convert escapes all text from data, and the name and kind are ours
    return Markup(f'{opening} aria-hidden="true">{rest}')  # noqa: S704


def _fitted(chart: alt.Chart, width: int, height: int) -> alt.Chart:
    """The chart with axes and legend inside of this size."""
    fit = alt.AutoSizeParams(type="fit", contains="padding")
    sized: alt.Chart = chart.properties(width=width, height=height, autosize=fit)
    return _themed(sized)


def _panels(
    chart: alt.Chart,
    frame: pl.DataFrame,
    width: int,
    height: int,
    y_scale: Literal["independent", "shared"] = "independent",
) -> alt.FacetChart:
    """The chart once for each `panel` of the frame, below one another."""
    order = frame["panel"].unique(maintain_order=True).to_list()
    header = alt.Header(title=None, labelOrient="top", labelAnchor="start", labelAngle=0)
    rows = alt.Row("panel:N", sort=order, header=header)
    drawn: alt.FacetChart = chart.properties(width=width - _Y_AXIS, height=height).facet(
        data=_values(frame), row=rows, spacing=14
    )
    scaled: alt.FacetChart = drawn.resolve_scale(y=y_scale)
    return _themed(scaled)


def _themed(chart: _Drawn) -> _Drawn:
    """Quiet lines, dark text, the legend above."""
    text = {"labelColor": _INK, "labelFontSize": 12, "titleColor": _QUIET, "titleFontSize": 12}
    text["titleFontWeight"] = "normal"
    axis = {**text, "gridColor": _LINE, "domainColor": _LINE, "tickColor": _LINE, "titlePadding": 8}
    themed: _Drawn = chart.configure(
        aria=False,
        background="transparent",
        font="Arial, Helvetica, Liberation Sans, sans-serif",
        padding=2,
        view={"stroke": None},
        axis=axis,
        legend={**text, "orient": "top", "title": None, "symbolType": "square", "columnPadding": 14},
        header={"labelColor": _INK, "labelFontSize": 12, "labelFontWeight": "bold", "labelPadding": 2},
    )
    return themed


def _month_axis(months: Sequence[str], width: int) -> alt.X:
    """An axis of all these months, with as many labels as have room."""
    every = math.ceil(len(months) * _MONTH_LABEL_WIDTH / (width - _Y_AXIS))
    axis = alt.Axis(values=list(months[::every]), labelExpr=_MONTH_LABEL, labelAngle=0, ticks=False)
    return alt.X("month:O", title=None, scale=alt.Scale(domain=list(months)), axis=axis)


def _bar(months: Sequence[str], width: int) -> float:
    """Pixels of a month's bar."""
    return min(0.75 * (width - _Y_AXIS) / len(months), _WIDEST_BAR)


def _colours(field: str, names: Sequence[str], colours: Sequence[str], columns: int = 3) -> alt.Color:
    scale = alt.Scale(domain=list(names), range=[colours[place % len(colours)] for place in range(len(names))])
    return alt.Color(f"{field}:N", scale=scale, title=None, legend=alt.Legend(columns=columns))


def _values(frame: pl.DataFrame) -> alt.InlineData:
    return alt.InlineData(values=frame.to_dicts())
