"""Which faults are on, for whom, and whether one of them strikes now.

A fault on requests or answers strikes a `share` of the requests, drawn in a seeded order. A fault on records strikes
a share of the records, always the same ones, as a record that is odd stays odd.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import count

import msgspec

from emulator.faults.catalog import CATALOG, Kind
from emulator.identity import fraction


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is on.

    `vehicle` is a vehicle id and `endpoint` the name of an endpoint (`bmw_records`) or a pattern (`*_records`); None
    is any. `times`: how often it strikes before it is spent. `options` are those of the catalog.
    """

    id: int
    name: str
    vehicle: str | None
    endpoint: str | None
    share: float
    times: int | None
    options: Mapping[str, object]

    @property
    def kind(self) -> Kind:
        """The part of the emulator that carries it out."""
        return CATALOG[self.name].kind

    def option(self, name: str) -> object:
        """Give an option or its default."""
        return self.options.get(name, CATALOG[self.name].options[name])

    def number(self, name: str) -> float:
        """Give an option that must be a number."""
        return float(str(self.option(name)))

    def concerns(self, endpoint: str | None, vehicle_id: str | None) -> bool:
        """Say whether the fault is meant for a request; None is what belongs to no one endpoint."""
        if self.vehicle is not None and self.vehicle != vehicle_id:
            return False
        return endpoint is None or self.endpoint is None or fnmatchcase(endpoint, self.endpoint)


class Switchboard:
    """The faults that are on, in the order in which they were turned on."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._faults: dict[int, Fault] = {}
        self._ids = count(1)
        self._met: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()
        self._changed: Counter[tuple[int, str]] = Counter()

    @property
    def active(self) -> list[Fault]:
        """The faults that are on."""
        return list(self._faults.values())

    def add(
        self,
        name: str,
        *,
        vehicle: str | None = None,
        endpoint: str | None = None,
        share: float = 1.0,
        times: int | None = None,
        **options: object,
    ) -> Fault:
        """Turn a fault on.

        Raises:
            ValueError: there is no such fault or option, a value is of the wrong kind, or the share is not in 0..1.
        """
        if name not in CATALOG:
            raise ValueError(f"unknown fault {name!r}; docs/emulator.md lists them")
        if unknown := set(options) - set(CATALOG[name].options):
            raise ValueError(f"fault {name!r} has no option {', '.join(sorted(unknown))}")
        if not 0 <= share <= 1:
            raise ValueError("share must be between 0 and 1")
        _check(name, options)
        fault = Fault(next(self._ids), name, vehicle, endpoint, share, times, options)
        self._faults[fault.id] = fault
        return fault

    def add_text(self, text: str) -> Fault:
        """Turn on a fault written as on the command line: `name` or `name:key=value,key=value`."""
        name, _, rest = text.partition(":")
        pairs = [pair.partition("=") for pair in rest.split(",") if pair]
        return self.add_mapping({"name": name, **{key.strip(): _value(value) for key, _, value in pairs}})

    def add_mapping(self, values: Mapping[str, object]) -> Fault:
        """Turn on a fault given as JSON has it: `name`, whom it is for, and its options side by side.

        Raises:
            ValueError: as `add`, or a value is of the wrong kind.
        """
        options = dict(values)
        try:
            return self.add(
                str(options.pop("name")),
                vehicle=_text(options.pop("vehicle", None)),
                endpoint=_text(options.pop("endpoint", None)),
                share=float(str(options.pop("share", 1.0))),
                times=_whole(options.pop("times", None)),
                **options,
            )
        except KeyError:
            raise ValueError("a fault needs a name") from None

    def remove(self, fault_id: int) -> bool:
        """Turn a fault off; False if it was not on."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Turn all faults off."""
        self._faults.clear()

    def strikes(self, kinds: Iterable[Kind], endpoint: str, vehicle_id: str | None) -> Fault | None:
        """Give the first fault of some kinds that strikes this request, and count it."""
        wanted = frozenset(kinds)
        for fault in self._faults.values():
            if fault.kind in wanted and fault.concerns(endpoint, vehicle_id) and self._draw(fault):
                return fault
        return None

    def of(self, kind: Kind, endpoint: str | None, vehicle_id: str | None) -> list[Fault]:
        """Give the faults of a kind that concern a request, leaving their share to each record."""
        return [
            fault
            for fault in self._faults.values()
            if fault.kind == kind and fault.concerns(endpoint, vehicle_id) and self._left(fault)
        ]

    def hits(self, fault: Fault, key: str) -> bool:
        """Say whether a record is one of the share that the fault strikes."""
        return fault.share >= 1 or fraction(self._seed, fault.name, key) < fault.share

    def count(self, fault: Fault, vehicle_id: str) -> int:
        """Count an answer that a fault on records changes, and give how many of the vehicle's it changed before."""
        self._struck[fault.id] += 1
        self._changed[fault.id, vehicle_id] += 1
        return self._changed[fault.id, vehicle_id] - 1

    def _left(self, fault: Fault) -> bool:
        return fault.times is None or self._struck[fault.id] < fault.times

    def _draw(self, fault: Fault) -> bool:
        if not self._left(fault):
            return False
        self._met[fault.id] += 1
        if fault.share < 1 and fraction(self._seed, fault.id, self._met[fault.id]) >= fault.share:
            return False
        self._struck[fault.id] += 1
        return True


def _check(name: str, options: Mapping[str, object]) -> None:
    """Refuse an option that the fault could not use when it strikes."""
    for option, value in options.items():
        usual = CATALOG[name].options[option]
        try:
            if option == "start":
                datetime.fromisoformat(str(value))
            elif option == "status" or (isinstance(usual, int | float) and option != "retry_after"):
                float(str(value))
        except ValueError:
            raise ValueError(f"fault {name!r} cannot use {value!r} as {option}") from None


def _value(text: str) -> object:
    try:
        value: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
