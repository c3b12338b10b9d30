"""Sessions and tariffs to price in tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from lake.reference import currencies, currency_digits
from lake.schemas import CHARGE_SESSIONS
from tests.tariff_texts import tariff
from transforms.costs.lines import with_state
from transforms.costs.spread import CURVE
from transforms.costs.tariffs import tariff_lines
from transforms.rules import series, tariffs
from transforms.rules.reading import BadRule
from transforms.rules.tariffs import Tariff

DIGITS = currency_digits()
SCHEMA = {**CHARGE_SESSIONS.schema, "driver": pl.String(), "cost_centre": pl.String()}
HEAD = tariff()


def a_session(start: str, end: str | None, kwh: float | None = 10.0, **more: Any) -> dict[str, Any]:
    """A session at home in Berlin, from and until instants of ISO text."""
    told = {
        "session_id": f"s-{start}",
        "vehicle_id": "v-1",
        "make": "BMW",
        "timezone": "Europe/Berlin",
        "place": "home",
        "status": "complete" if end else "ongoing",
        "revision": 1,
        "raw_ref": "seg#1/0",
        "started_at": datetime.fromisoformat(start),
        "ended_at": None if end is None else datetime.fromisoformat(end),
        "energy_kwh": kwh,
    }
    return told | more


def sessions(*rows: dict[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), schema=SCHEMA)
    day = pl.col("started_at").dt.convert_time_zone("Europe/Berlin").dt.date()
    return frame.with_columns(pl.coalesce("local_date", day).alias("local_date"))


def the_tariffs(text: str, **files: str) -> tuple[Tariff, ...]:
    """Tariffs of the text of `tariffs.toml`; files by their names without ending."""

    def named(name: str) -> str:
        if (text := files.get(name.partition(".")[0])) is None:
            raise BadRule(f"there is no file {name}")
        return text

    def read(name: str) -> series.Series:
        return series.parse(pl.read_csv(named(name).encode(), infer_schema=False))

    return tariffs.parse(text, currencies(), named, read)


def priced(text: str, *rows: dict[str, Any], curve: pl.DataFrame | None = None, **files: str) -> pl.DataFrame:
    """The cost lines of sessions by tariffs."""
    known = CURVE.to_frame() if curve is None else curve
    return with_state(tariff_lines(sessions(*rows), the_tariffs(text, **files), known, DIGITS))


def amounts(lines: pl.DataFrame) -> list[tuple[str, str | None]]:
    """Components and amounts, as text."""
    told = lines.select("component", pl.col("amount").cast(pl.String)).rows()
    return [(component, None if amount is None else amount.rstrip("0").rstrip(".")) for component, amount in told]
