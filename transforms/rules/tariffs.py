"""Tariffs: what energy, time and sessions cost, where, for whom and from when, as `tariffs.toml` says it.

A tariff is a contract at a place, for vehicles or a cost centre. When its prices change it gets a further entry with
the same id, another version and other days, so that what was priced before stays as it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct, field, structs

from transforms.exact import EARLIEST
from transforms.rules.acn import bands_of
from transforms.rules.calendar import WHOLE_YEAR, Holidays, Hours, Season, days_of, hours_of, season_of
from transforms.rules.reading import BadRule, toml
from transforms.rules.series import Series

NANO: Final = 10**9
"""Prices are whole numbers of 1e-9 of the currency."""
MOST: Final = 100_000
"""No price of a kWh or a minute is higher in any currency; what is was written in another unit."""

_ALL_PCT: Final = 100

Name = Annotated[str, Meta(min_length=1)]


class BandEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """An hour's price as it is written in `tariffs.toml`."""

    band: Name
    price_per_kwh: Decimal
    hours: tuple[str, ...] = ("00:00-24:00",)
    days: tuple[str, ...] = ("all",)
    season: str | None = None


class DynamicEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A price that follows a series, as it is written."""

    series: Name
    unit: Literal["kWh", "MWh"]
    times: Decimal = Decimal(1)
    plus_per_kwh: Decimal = Decimal(0)


class TimeEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A price by the minute, as it is written."""

    price_per_minute: Decimal
    after_minutes: Annotated[int, Meta(ge=0)] = 0
    at_most: Decimal | None = None
    component: Literal["time", "idle"] = "time"


class TariffEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A tariff as it is written."""

    id: Name
    version: Name
    currency: str
    valid_from: date
    prices_are: Literal["gross", "net"]
    valid_to: date | None = None
    tax_pct: Decimal | None = None
    timezone: str | None = None
    places: tuple[str, ...] = ()
    vehicles: tuple[str, ...] = ()
    cost_centres: tuple[str, ...] = ()
    holidays: str | None = None
    holiday_dates: tuple[date, ...] = ()
    price_per_kwh: Decimal | None = None
    time_of_use: tuple[BandEntry, ...] = ()
    schedule: str | None = None
    dynamic: DynamicEntry | None = None
    time: tuple[TimeEntry, ...] = ()
    session_fee: Decimal | None = None
    monthly_base_per_vehicle: Decimal | None = None
    source: str | None = None


class TariffFile(Struct, frozen=True, forbid_unknown_fields=True):
    """All of `tariffs.toml`."""

    tariff: tuple[TariffEntry, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Band:
    """A price of a kWh (nano units of the currency) in some hours of some days of a season."""

    band: str
    price: int
    hours: tuple[Hours, ...]
    days: frozenset[str]
    season: Season


@dataclass(frozen=True, slots=True)
class Tariff:
    """A version of a tariff.

    Attributes:
        entry: As it is written.
        bands: Decimal by the clock; a flat price is one band. Empty where it follows a series.
        series: What it follows, with prices of a kWh in nano units of the currency; None if it does not.
        holidays: Which days are holidays.
    """

    entry: TariffEntry
    bands: tuple[Band, ...]
    series: Series | None
    holidays: Holidays

    def of_vehicles(self, vehicle_ids: tuple[str, ...]) -> Tariff:
        """The same tariff with the vehicles of these ids as its own."""
        return dataclasses.replace(self, entry=structs.replace(self.entry, vehicles=vehicle_ids))

    @property
    def rank(self) -> int:
        """How specific it is: a tariff for vehicles goes over one for cost centres, and that over one for places."""
        entry = self.entry
        return 4 * bool(entry.vehicles) + 2 * bool(entry.cost_centres) + bool(entry.places)

    @property
    def rule_name(self) -> str:
        """How it prices energy."""
        if self.series is not None:
            return "dynamic"
        return "flat" if self.entry.price_per_kwh is not None else "time of use"


def parse(
    text: str, currencies: frozenset[str], schedule: Callable[[str], str], series: Callable[[str], Series]
) -> tuple[Tariff, ...]:
    """The tariffs of `tariffs.toml`.

    Args:
        text: Its text.
        currencies: The codes that ISO 4217 lists.
        schedule: Gives the text of a schedule's file by its name.
        series: Gives a series of prices by its file's name, in currency units.

    Raises:
        BadRule: Something in it cannot be; the line says in which tariff.
    """
    tariffs = []
    for number, entry in enumerate(toml(text, TariffFile).tariff, 1):
        try:
            _check(entry, currencies)
            tariffs.append(_tariff(entry, schedule, series))
        except BadRule as error:
            raise BadRule(f"tariff {number} ({entry.id}): {error}") from None
    _check_versions(tariffs)
    return tuple(tariffs)


def nano(price: Decimal) -> int:
    """A price in nano units.

    Raises:
        BadRule: It is higher than any is, or has more than nine decimals.
    """
    if not -MOST < price < MOST:
        raise BadRule(f"a price is {price}: a price is below {MOST:,}")
    scaled = price * NANO
    if scaled != int(scaled):
        raise BadRule(f"a price of {price} has more than nine decimals")
    return int(scaled)


def _tariff(entry: TariffEntry, schedule: Callable[[str], str], series: Callable[[str], Series]) -> Tariff:
    known = Holidays(entry.holidays, frozenset(entry.holiday_dates))
    known.of_years([entry.valid_from.year])
    if entry.dynamic is not None:
        return Tariff(entry, (), _followed(entry.dynamic, series(entry.dynamic.series)), known)
    if entry.schedule is not None:
        bands = tuple(
            Band(band, nano(price), hours, days, season)
            for band, price, hours, days, season in bands_of(schedule(entry.schedule))
        )
        return Tariff(entry, bands, None, known)
    if entry.price_per_kwh is not None:
        return Tariff(entry, (_band(BandEntry("flat", entry.price_per_kwh)),), None, known)
    return Tariff(entry, tuple(_band(each) for each in entry.time_of_use), None, known)


def _followed(entry: DynamicEntry, series: Series) -> Series:
    per_kwh = 1 if entry.unit == "kWh" else 1000
    return series.priced(entry.times / per_kwh, nano(entry.plus_per_kwh))


def _band(entry: BandEntry) -> Band:
    hours = tuple(part for text in entry.hours for part in hours_of(text))
    season = WHOLE_YEAR if entry.season is None else season_of(entry.season)
    return Band(entry.band, nano(entry.price_per_kwh), hours, days_of(entry.days), season)


def _check(entry: TariffEntry, currencies: frozenset[str]) -> None:
    if entry.currency not in currencies:
        raise BadRule(f"{entry.currency!r} is no currency of ISO 4217, such as EUR")
    if entry.valid_to is not None and entry.valid_to < entry.valid_from:
        raise BadRule(f"valid_to {entry.valid_to} is before valid_from {entry.valid_from}")
    if entry.valid_from < EARLIEST.date():
        raise BadRule(f"valid_from {entry.valid_from} is before {EARLIEST:%Y}: no session is as old")
    ways = [entry.price_per_kwh is not None, bool(entry.time_of_use), entry.schedule is not None, entry.dynamic]
    if sum(map(bool, ways)) != 1:
        raise BadRule("it needs one of price_per_kwh, time_of_use, schedule or dynamic, and only one")
    if entry.prices_are == "net" and entry.tax_pct is None:
        raise BadRule("net prices need tax_pct, the tax that comes on top in percent; 0 if none does")
    if entry.timezone is not None:
        _check_zone(entry.timezone)
    _check_numbers(entry)


def _check_numbers(entry: TariffEntry) -> None:
    energy = {
        "price_per_kwh": entry.price_per_kwh,
        "plus_per_kwh": entry.dynamic.plus_per_kwh if entry.dynamic else None,
    }
    fees = {"session_fee": entry.session_fee, "monthly_base_per_vehicle": entry.monthly_base_per_vehicle}
    bands = {f"price_per_kwh of {each.band}": each.price_per_kwh for each in entry.time_of_use}
    for number, each in enumerate(entry.time, 1):
        fees |= {f"price_per_minute of time {number}": each.price_per_minute, f"at_most of time {number}": each.at_most}
    for name, value in {**energy, **fees, **bands}.items():
        if value is not None and not -MOST < value < MOST:
            raise BadRule(f"{name} is {value}: a price is below {MOST:,}")
    if below := next((name for name, value in fees.items() if value is not None and value < 0), None):
        raise BadRule(f"{below} is below 0")
    if entry.dynamic is not None and not -MOST < entry.dynamic.times < MOST:
        raise BadRule(f"times is {entry.dynamic.times}: it is below {MOST:,}")
    if entry.tax_pct is not None and not 0 <= entry.tax_pct <= _ALL_PCT:
        raise BadRule(f"tax_pct is {entry.tax_pct}: it is in percent, from 0 to 100")


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadRule(f"timezone {name!r} is no IANA zone, such as Europe/Berlin") from None


def _check_versions(tariffs: list[Tariff]) -> None:
    """Versions of one tariff have their own names and days, so that each day and line has one."""
    by_id: dict[str, list[TariffEntry]] = {}
    for tariff in tariffs:
        by_id.setdefault(tariff.entry.id, []).append(tariff.entry)
    for name, entries in by_id.items():
        for one, other in combinations(entries, 2):
            if one.version == other.version:
                raise BadRule(f"tariff {name}: version {one.version} stands there twice; give one another version")
            if _overlap(one, other):
                both = f"versions {one.version} and {other.version}"
                raise BadRule(f"tariff {name}: {both} are both valid on some days; end one before the other")


def _overlap(one: TariffEntry, other: TariffEntry) -> bool:
    return one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (one.valid_to or date.max)
