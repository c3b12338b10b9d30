"""The small reference tables that ship with the project, under `data/reference`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

_INSTALLED = Path(__file__).parent / "_reference"
_CHECKOUT = Path(__file__).parent.parent / "data" / "reference"


@cache
def currency_digits() -> dict[str, int]:
    """Decimal digits by currency code, of the currencies that ISO 4217 lists (JPY 0, EUR 2, KWD 3)."""
    with _file("currencies.csv").open(encoding="ascii", newline="") as file:
        return {row["code"]: int(row["digits"]) for row in csv.DictReader(file)}


def currencies() -> frozenset[str]:
    """The currency codes that ISO 4217 lists."""
    return frozenset(currency_digits())


@dataclass(frozen=True, slots=True)
class Offer:
    """Where Smartcar says that it offers a stream of a make.

    Attributes:
        regions: Countries and parts of the world in words; None: not told.
        since: The month from which on, as `2023-07`.
        source: Where this is from.
    """

    regions: str | None
    since: str
    source: str


@cache
def availability() -> dict[tuple[str, str], Offer]:
    """What Smartcar offers on v2.0, by make (upper case) and stream; what is not in it is not known to be offered."""
    with _file("availability.csv").open(encoding="ascii", newline="") as file:
        return {
            (row["make"], row["stream"]): Offer(row["regions"] or None, row["since"], row["source"])
            for row in csv.DictReader(file)
        }


@cache
def _countries() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {zone: country for country, _, zone, *_ in rows}


def country_of(zone: str | None) -> str | None:
    """The ISO 3166 code of the country an IANA zone is named for, as `DE` of Europe/Berlin; None if that is open."""
    return _countries().get(zone or "")


def countries() -> dict[str, str]:
    """The ISO 3166 code of the country by IANA zone, of all zones that are named for one."""
    return dict(_countries())


@cache
def country_currencies() -> dict[str, str]:
    """The currency (ISO 4217) of a country (ISO 3166), of those in which Smartcar offers charge records; as of 2026."""
    with _file("country_currencies.csv").open(encoding="ascii", newline="") as file:
        return {row["country"]: row["currency"] for row in csv.DictReader(file)}


def demo_rules(name: str) -> bytes:
    """A file of the rules of the demo's fleet."""
    return _file(f"demo/{name}").read_bytes()


def _file(name: str) -> Path:
    folder = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    return folder / name
