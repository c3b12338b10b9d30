"""Policies of reimbursement (`policies/*.toml`) and distances driven (`distances.csv`), read and checked.

A policy says who is paid for what, at which places, in which country and days, and on which evidence. It is data: a
country's rules, or a company's, are a file. When its figures change it gets a further file (or table) with the same id,
another version and other days. How the files are written is in docs/policies.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import combinations
from types import MappingProxyType
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from transforms.rules.reading import BadRule, rows, toml

Unit = Literal["km", "mile"]
RuleKind = Literal["rate_per_kwh", "actual_tariff", "actual_bill", "flat_sum", "rate_per_distance"]
PlaceKind = Literal["home", "work", "public"]
Name = Annotated[str, Meta(min_length=1)]

LARGEST: Final = 1_000_000
"""No rate, flat sum or cap is larger in any currency; a distance a month is below a tenth of it."""

_FINEST: Final = 9
_ALL_PCT: Final = 100
_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_DISTANCES: Final = ("driver", "vehicle", "month", "distance", "unit")
_AMOUNTS: Final[Mapping[str, str]] = MappingProxyType(
    {"rate_per_kwh": "rate", "rate_per_distance": "rate", "flat_sum": "amount"}
)
"""The figure that a kind of rule needs, by its field."""


class Who(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a policy is for; each list that is given must name them. Empty: every driver.

    Attributes:
        drivers: Drivers of `assignments.csv`.
        cost_centres: Cost centres of `assignments.csv`.
        vehicles: Vehicles by id, or by name on pages.
    """

    drivers: tuple[Name, ...] = ()
    cost_centres: tuple[Name, ...] = ()
    vehicles: tuple[Name, ...] = ()


class Meter(Struct, frozen=True, forbid_unknown_fields=True):
    """A meter somebody has shown: its kind, and the sessions it stands for.

    Attributes:
        kind: What the policy calls it, as `MID`.
        place: Name of the place of yours it hangs at; None: it goes with the vehicle or the driver.
        driver: Whose it is; None: anybody's.
        vehicle: Which vehicle it counts for; None: any.
        valid_from: First local day; None: ever since.
        valid_to: Last local day; None: until further notice.
    """

    kind: Name
    place: Name | None = None
    driver: Name | None = None
    vehicle: Name | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    """What must be there before anything is paid.

    Attributes:
        meter_kinds: One of these meters must stand for the session; empty: none is asked for.
        known_days_pct: Least share of the vehicle's days of the local month that are known, percent; None: any.
    """

    meter_kinds: tuple[Name, ...] = ()
    known_days_pct: Decimal | None = None


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """What is paid.

    Attributes:
        name: Stands in each line as `rule_name`.
        kind: How the amount comes about.
        places: Kinds of places that qualify; empty: all, unknown ones too.
        place_names: Names of places of yours that qualify; empty: all of the kinds.
        rate: Of a kWh, or of a unit of distance.
        unit: Of the distance.
        amount: Of a flat sum, a month.
        cap_per_month: The most a driver is paid by this rule in a local month; None: no limit.
    """

    name: Name
    kind: RuleKind
    places: tuple[PlaceKind, ...] = ()
    place_names: tuple[Name, ...] = ()
    rate: Decimal | None = None
    unit: Unit | None = None
    amount: Decimal | None = None
    cap_per_month: Decimal | None = None

    @property
    def needs_place(self) -> bool:
        """Whether it pays at some places and not at others."""
        return bool(self.places or self.place_names)


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a policy.

    Attributes:
        id: Stands in each line as `rule_id`; the same in all versions.
        version: Stands in each line as `rule_version`.
        title: For a person.
        country: ISO 3166 code of the country whose rules it follows.
        currency: ISO 4217 code of its figures.
        valid_from: First local day on which it counts.
        valid_to: Last local day; None: until further notice.
        source: Where its figures are from.
        source_date: The day of that source, or on which it was read if it tells none.
        caveat: What a reader must know before anything is paid by it.
        rule: What is paid.
        who: Whom it is for.
        evidence: What must be there first.
        meter: Meters that were shown.
    """

    id: Name
    version: Name
    title: Name
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    currency: str
    valid_from: date
    source: Name
    source_date: date
    rule: Annotated[tuple[Rule, ...], Meta(min_length=1)]
    valid_to: date | None = None
    caveat: str = ""
    who: Who = Who()
    evidence: Evidence = Evidence()
    meter: tuple[Meter, ...] = ()


@dataclass(frozen=True, slots=True)
class Distance:
    """How far somebody, or a vehicle, went on business in a local month.

    Attributes:
        driver: Who; None where a vehicle is named.
        vehicle_id: Which vehicle; None where a driver is named.
        month: `YYYY-MM`, local.
        thousandths: Distance in thousandths of the unit.
        unit: `km` or `mile`.
    """

    driver: str | None
    vehicle_id: str | None
    month: str
    thousandths: int
    unit: Unit


def parse(text: str, currencies: frozenset[str], vehicle_ids: Mapping[str, str] = _NO_NAMES) -> Policy:
    """The policy of a file under `policies/`.

    Args:
        text: The file.
        currencies: The codes that ISO 4217 lists.
        vehicle_ids: Ids by the names that pages show.

    Raises:
        BadRule: It cannot be used.
    """
    policy = toml(text, Policy)
    if fault := next(_faults(policy, currencies), None):
        raise BadRule(fault)
    vehicles = tuple(vehicle_ids.get(each, each) for each in policy.who.vehicles)
    meters = tuple(replace(each, vehicle=vehicle_ids.get(each.vehicle or "", each.vehicle)) for each in policy.meter)
    return replace(policy, who=replace(policy.who, vehicles=vehicles), meter=meters)


def checked(policies: Sequence[tuple[str, Policy]]) -> tuple[Policy, ...]:
    """All policies, by id and first day.

    Args:
        policies: Each with the name of its file.

    Raises:
        BadRule: Two versions of one policy share a name or a day; the line names both files.
    """
    for (one_file, one), (other_file, other) in combinations(policies, 2):
        if one.id != other.id:
            continue
        both = f"{one_file} and {other_file}: two versions of policy {one.id}"
        if one.version == other.version:
            raise BadRule(f"{both} are called {one.version}; give one another version")
        if one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (one.valid_to or date.max):
            raise BadRule(f"{both} are valid on the same days; end one before the other begins")
    return tuple(sorted((each for _, each in policies), key=lambda each: (each.id, each.valid_from)))


def distances(text: str, vehicle_ids: Mapping[str, str] = _NO_NAMES) -> tuple[Distance, ...]:
    """The distances of a `distances.csv`: driver or vehicle, month, distance, unit (`km` or `mile`).

    Args:
        text: The file.
        vehicle_ids: Ids by the names that pages show.

    Raises:
        BadRule: A line cannot be used, or two tell one month of one driver or vehicle.
    """
    said: dict[tuple[str | None, str | None, str, str], tuple[int, Distance]] = {}
    for line, row in rows(text, _DISTANCES):
        told = _distance(line, row, vehicle_ids)
        key = (told.driver, told.vehicle_id, told.month, told.unit)
        if key in said:
            raise BadRule(f"lines {said[key][0]} and {line} tell the same month of the same driver or vehicle")
        said[key] = (line, told)
    return tuple(each for _, each in said.values())


def _distance(line: int, row: dict[str, str], vehicle_ids: Mapping[str, str]) -> Distance:
    if bool(row["driver"]) == bool(row["vehicle"]):
        raise BadRule(f"line {line}: give a driver or a vehicle, and not both")
    if not _MONTH.fullmatch(row["month"]):
        raise BadRule(f"line {line}: month {row['month']!r} is not a month such as 2026-10")
    unit: Unit | None = "km" if row["unit"] == "km" else "mile" if row["unit"] in {"mile", "miles"} else None
    if unit is None:
        raise BadRule(f"line {line}: unit {row['unit']!r} is not km or mile")
    vehicle = vehicle_ids.get(row["vehicle"], row["vehicle"]) or None
    return Distance(row["driver"] or None, vehicle, row["month"], _thousandths(line, row["distance"]), unit)


def _thousandths(line: int, text: str) -> int:
    try:
        told = Decimal(text)
    except InvalidOperation:
        told = Decimal("NaN")
    if not told.is_finite() or not 0 <= told < LARGEST // 10 or told * 1000 != int(told * 1000):
        limits = f"from 0 to {LARGEST // 10:,} with at most three decimals"
        raise BadRule(f"line {line}: distance {text!r} is no number {limits}, such as 812.5")
    return int(told * 1000)


def _faults(policy: Policy, currencies: frozenset[str]) -> Iterator[str]:
    if policy.currency not in currencies:
        yield f"{policy.currency!r} is no currency of ISO 4217, such as EUR"
    if policy.valid_to is not None and policy.valid_to < policy.valid_from:
        yield f"valid_to {policy.valid_to} is before valid_from {policy.valid_from}"
    share = policy.evidence.known_days_pct
    if share is not None and not 0 <= share <= _ALL_PCT:
        yield f"known_days_pct is {share}: it is in percent, from 0 to 100"
    for number, meter in enumerate(policy.meter, 1):
        if not (meter.place or meter.driver or meter.vehicle):
            yield f"meter {number} stands for no place, driver or vehicle; name one"
    for rule in policy.rule:
        if fault := next(_rule_faults(rule), None):
            yield f"rule {rule.name!r}: {fault}"
    yield from _pair_faults(policy.rule)


def _rule_faults(rule: Rule) -> Iterator[str]:
    needed = _AMOUNTS.get(rule.kind)
    for name in ("rate", "amount"):
        if (getattr(rule, name) is not None) != (name == needed):
            yield f"{rule.kind} needs {name}" if name == needed else f"{rule.kind} has no {name}"
    if (rule.unit is not None) != (rule.kind == "rate_per_distance"):
        yield "unit, km or mile, is for rate_per_distance, which needs it"
    if rule.cap_per_month is not None and rule.kind == "flat_sum":
        yield "a flat sum needs no cap_per_month"
    for name in ("rate", "amount", "cap_per_month"):
        value: Decimal | None = getattr(rule, name)
        if value is not None and (not 0 <= value < LARGEST or int(value.as_tuple().exponent) < -_FINEST):
            yield f"{name} {value} is not from 0 to {LARGEST:,} with at most nine decimals"


def _pair_faults(rules: Sequence[Rule]) -> Iterator[str]:
    """One session is paid by one rule of a policy, so two rules may not share a place."""
    for one, other in combinations(rules, 2):
        if one.name == other.name:
            yield f"two rules are called {one.name!r}; give one another name"
        if "flat_sum" in {one.kind, other.kind} and one.kind != other.kind:
            continue  # one pays by the month, the other by the session
        if _share(one.places, other.places) and _share(one.place_names, other.place_names):
            yield f"rules {one.name!r} and {other.name!r} pay at the same places; give each its own"


def _share(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or bool(set(one) & set(other))
