"""The folder of rules: places, tariffs, policies, assignments, rates and carbon, read once and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl
from msgspec.structs import replace

from flows.rules_folder import RulesFolder
from lake.reference import currencies
from transforms.costs.spread import CURVE
from transforms.rules import assignments, carbon, policies, power, rates, series, tariffs
from transforms.rules.places import Places, read_overrides, read_places
from transforms.rules.policies import Distance, Policy
from transforms.rules.reading import BadRule

TARIFFS: Final = "tariffs.toml"
ASSIGNMENTS: Final = "assignments.csv"
POLICIES: Final = "policies"
DISTANCES: Final = "distances.csv"
POWER: Final = "power"
CARBON: Final = "carbon.toml"
RATES: Final = "rates"
PLACES: Final = "places.toml"
OVERRIDES: Final = "places-overrides.csv"
NO_RULES: Final = "none"
_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a folder.

    Attributes:
        digest: Equal digests, equal rules.
        digest_but_rates: The same of all files but those under `rates/`, which get a line each day.
        tariffs: All tariffs and versions, of `tariffs.toml`.
        power: Power curves of vehicles, of all files under `power/`.
        rates: Euro reference rates of all files under `rates/`.
        carbon: Grams of CO2 a kWh, by `carbon.toml` and its series.
        assignments: Who has which vehicle, by `assignments.csv`.
        policies: All policies and versions, of the files under `policies/`.
        distances: Business distances by month, of `distances.csv`.
    """

    digest: str
    digest_but_rates: str
    tariffs: tuple[tariffs.Tariff, ...]
    power: pl.DataFrame
    rates: rates.Rates
    carbon: carbon.Carbon
    assignments: tuple[assignments.Assignment, ...]
    policies: tuple[Policy, ...]
    distances: tuple[Distance, ...]


@dataclass(frozen=True, slots=True)
class PlacesRead:
    """What people wrote of places.

    Attributes:
        digest: Equal digests, equal places; `NO_RULES` where nothing is written.
        said: Places, with ids of vehicles, and what was said of sessions.
    """

    digest: str
    said: Places


def load_places(path: Path, vehicle_ids: Mapping[str, str] = _NO_NAMES) -> PlacesRead:
    """Read and check the places of a folder of rules. They are apart from all other rules: tables need them first.

    Args:
        path: The folder.
        vehicle_ids: Ids of vehicles by the names that pages show, which rules may use instead.

    Raises:
        Stop: A file cannot be used (exit code 2); the line says which, where and why.
    """
    folder = RulesFolder(path)
    text, said = folder.text(PLACES), folder.text(OVERRIDES)
    with folder.saying_where(PLACES):
        found = () if text is None else read_places(text)
    with folder.saying_where(OVERRIDES):
        overrides = () if said is None else read_overrides(said, found)
    named = tuple(replace(each, vehicles=_ids(each.vehicles, vehicle_ids)) for each in found)
    return PlacesRead(folder.digest if folder.read else NO_RULES, Places(named, overrides))


def _ids(vehicles: Iterable[str], vehicle_ids: Mapping[str, str]) -> tuple[str, ...]:
    """Vehicles by their ids, whether they were named by id or by the name on pages."""
    return tuple(vehicle_ids.get(each, each) for each in vehicles)


def load_rules(path: Path, vehicle_ids: Mapping[str, str] = _NO_NAMES) -> Rules:
    """Read and check the rules of a folder; what is not there has no rules.

    Args:
        path: The folder.
        vehicle_ids: Ids of vehicles by the names that pages show, which rules may use instead.

    Raises:
        Stop: A file cannot be used (exit code 2); the line says which, where and why.
    """
    folder = RulesFolder(path)
    told, curves, exchange, grams = _tariffs(folder, vehicle_ids), _power(folder), _rates(folder), _carbon(folder)
    people, paying = _assignments(folder, vehicle_ids), _policies(folder, vehicle_ids)
    driven = _distances(folder, vehicle_ids)
    return Rules(
        digest=folder.digest,
        digest_but_rates=folder.digest_but(RATES),
        tariffs=told,
        power=curves,
        rates=exchange,
        carbon=grams,
        assignments=people,
        policies=paying,
        distances=driven,
    )


def _policies(folder: RulesFolder, vehicle_ids: Mapping[str, str]) -> tuple[Policy, ...]:
    """The policies of all files under `policies/`."""
    read = []
    for name in folder.names(f"{POLICIES}/*.toml"):
        text = folder.text(name)
        with folder.saying_where(name):
            read.append((name, policies.parse(text or "", currencies(), vehicle_ids)))
    with folder.saying_where(POLICIES):
        return policies.checked(read)


def _distances(folder: RulesFolder, vehicle_ids: Mapping[str, str]) -> tuple[Distance, ...]:
    """Business distances; none without `distances.csv`."""
    text = folder.text(DISTANCES)
    with folder.saying_where(DISTANCES):
        return () if text is None else policies.distances(text, vehicle_ids)


def _assignments(folder: RulesFolder, vehicle_ids: Mapping[str, str]) -> tuple[assignments.Assignment, ...]:
    """Who has which vehicle; nobody without `assignments.csv`."""
    text = folder.text(ASSIGNMENTS)
    with folder.saying_where(ASSIGNMENTS):
        return () if text is None else assignments.parse(text, vehicle_ids)


def _tariffs(folder: RulesFolder, vehicle_ids: Mapping[str, str]) -> tuple[tariffs.Tariff, ...]:
    """Tariffs with their schedules and series; none without `tariffs.toml`."""
    text = folder.text(TARIFFS)
    if text is None:
        return ()
    with folder.saying_where(TARIFFS):
        read = tariffs.parse(text, currencies(), lambda name: _named(folder, name), lambda name: _series(folder, name))
    return tuple(each.of_vehicles(_ids(each.entry.vehicles, vehicle_ids)) for each in read)


def _named(folder: RulesFolder, name: str) -> str:
    """The text of a file that a rule names.

    Raises:
        BadRule: There is no such file.
    """
    text = folder.text(name)
    if text is None:
        raise BadRule(f"there is no file {name}")
    return text


def _power(folder: RulesFolder) -> pl.DataFrame:
    """Power curves of all files; of one instant told twice the last file counts."""
    curves = [CURVE.to_frame()]
    for name in [*folder.names(f"{POWER}/*.csv"), *folder.names(f"{POWER}/*.parquet")]:
        with folder.saying_where(name):
            curves.append(power.parse(folder.table(name, as_text=True)))
    return pl.concat(curves).unique(["vehicle_id", "at"], keep="last", maintain_order=True).sort("vehicle_id", "at")


def _rates(folder: RulesFolder) -> rates.Rates:
    """Rates of the ECB's files, as published, packed or not."""
    read = []
    for name in [*folder.names(f"{RATES}/*.csv"), *folder.names(f"{RATES}/*.zip")]:
        text = folder.text(name)
        with folder.saying_where(name):
            read.append((name, rates.published(text or "")))
    source = (folder.text(f"{RATES}/SOURCE.txt") or rates.ECB).strip()
    with folder.saying_where(RATES):
        return rates.joined(read, source)


def _carbon(folder: RulesFolder) -> carbon.Carbon:
    """Factors and series of CO2; none without `carbon.toml`."""
    text = folder.text(CARBON)
    if text is None:
        return carbon.Carbon()
    with folder.saying_where(CARBON):
        return carbon.parse(text, lambda name: _series(folder, name))


def _series(folder: RulesFolder, name: str) -> series.Series:
    """A series of a CSV or Parquet file in the folder.

    Raises:
        BadRule: There is no such file, or it is no such series.
    """
    read = folder.table(name)
    with folder.saying_where(name):
        return series.parse(read)
