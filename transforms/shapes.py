"""The shapes of Smartcar's charge records: their fields as documented, and the kinds of JSON each may hold.

Only shapes: `transforms.wire` reads answers against them. Every field may be missing or null; what a record lacks is
judged later. Amounts are kept as the JSON they came in, as text and number both occur.
"""

from __future__ import annotations

from typing import Final, TypeAlias, get_args, get_type_hints

from msgspec import UNSET, Raw, Struct, UnsetType

Time: TypeAlias = str | int | float | UnsetType | None
Number: TypeAlias = float | UnsetType | None
Text: TypeAlias = str | UnsetType | None
NO_TOKEN: Final = Raw(b"")
"""An amount that is not in the record at all."""

Kinds: TypeAlias = tuple[str, ...]
"""Kinds of JSON values, as a person calls them; null is allowed everywhere."""
TEXT, NUMBER, TRUTH, OBJECT, LIST = "text", "number", "true or false", "object", "list"


class TeslaDay(Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """A day of a Tesla, energies in kWh (Smartcar's API reference, §5.1)."""

    date: Time = UNSET
    home: Number = UNSET
    other: Number = UNSET
    super_charger: Number = UNSET
    total: Number = UNSET


class Cost(Struct, forbid_unknown_fields=True, rename={"energy_amount": "energy", "other_amount": "other"}, gc=False):
    """The bill of a Tesla session; amounts are kept as the JSON they came in (§5.2: text or number)."""

    currency: Text = UNSET
    energy_amount: Raw = NO_TOKEN
    other_amount: Raw = NO_TOKEN


class TeslaBill(Struct, forbid_unknown_fields=True, rename="camel"):
    """A paid session of a Tesla, energy in kWh (Smartcar's API reference, §5.2)."""

    charge_start: Time = UNSET
    charge_end: Time = UNSET
    energy_consumed: Number = UNSET
    cost: Cost | UnsetType | None = UNSET
    location: Text = UNSET
    record_id: str | int | UnsetType | None = UNSET


class MakerSession(Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """A session of a BMW or MINI, energy in kWh, state of charge 0..1 (Smartcar's API reference, §5.3)."""

    charge_start: Time = UNSET
    charge_end: Time = UNSET
    location: Text = UNSET
    energy: Number = UNSET
    is_public: bool | UnsetType | None = UNSET
    start_percent_remaining: Number = UNSET
    end_percent_remaining: Number = UNSET
    charging_type: Text = UNSET


class SignalCost(Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """What a session of v3 cost; amounts are kept as the JSON they came in (§8)."""

    currency: Text = UNSET
    energy_amount: Raw = NO_TOKEN
    other_amount: Raw = NO_TOKEN


class SignalLocation(Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """Where a session of v3 was, in degrees (§8)."""

    name: Text = UNSET
    address: Text = UNSET
    latitude: Number = UNSET
    longitude: Number = UNSET


class SignalSession(Struct, forbid_unknown_fields=True, rename="camel"):
    """A session of any make in v3, energy in kWh, state of charge 0..100 (Smartcar's API reference, §8)."""

    id: str | int | UnsetType | None = UNSET
    start_time: Time = UNSET
    end_time: Time = UNSET
    energy_added: Number = UNSET
    cost: SignalCost | UnsetType | None = UNSET
    location: SignalLocation | UnsetType | None = UNSET
    connector_type: Text = UNSET
    charging_type: Text = UNSET
    is_public_charger: bool | UnsetType | None = UNSET
    start_state_of_charge: Number = UNSET
    end_state_of_charge: Number = UNSET


Record: TypeAlias = TeslaDay | TeslaBill | MakerSession | SignalSession

_KIND_OF_TYPE: Final[dict[object, Kinds]] = {
    str: (TEXT,),
    int: (NUMBER,),
    float: (NUMBER,),
    bool: (TRUTH,),
    Cost: (OBJECT,),
    SignalCost: (OBJECT,),
    SignalLocation: (OBJECT,),
    Raw: (TEXT, NUMBER),
}


def kinds(shape: type[Struct]) -> dict[str, Kinds]:
    """The kinds of JSON that each field of a shape may hold, by its name on the wire."""
    hints = get_type_hints(shape).values()
    found = ([kind for each in get_args(hint) or (hint,) for kind in _KIND_OF_TYPE.get(each, ())] for hint in hints)
    return {name: tuple(dict.fromkeys(each)) for name, each in zip(shape.__struct_encode_fields__, found, strict=True)}


def inner_shapes(shape: type[Struct]) -> dict[str, type[Struct]]:
    """The shapes of the fields that are objects themselves, by their name on the wire."""
    hints = get_type_hints(shape).values()
    return {
        name: each
        for name, hint in zip(shape.__struct_encode_fields__, hints, strict=True)
        for each in get_args(hint)
        if isinstance(each, type) and issubclass(each, Struct)
    }
