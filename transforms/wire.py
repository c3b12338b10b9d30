"""The wire: the documented shape of Smartcar's v2.0 charge records, and how one answer is read against it.

Only the form of JSON is judged here, record by record, so that one bad record never spoils its answer. Whether a
record can be true is decided in `transforms.checks`. No Polars in here, no socket, no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, get_args, get_type_hints

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from lake.raw import Answer
from transforms.drift import Drift

Time: TypeAlias = str | int | float | UnsetType | None
Number: TypeAlias = float | UnsetType | None
Text: TypeAlias = str | UnsetType | None
NO_TOKEN: Final = Raw(b"")
"""An amount that is not in the record at all."""

Kinds: TypeAlias = tuple[str, ...]
"""Kinds of JSON values, as a person calls them; null is allowed everywhere."""
TEXT, NUMBER, TRUTH, OBJECT, LIST = "text", "number", "true or false", "object", "list"

_NAME_LIMIT = 100
_BODY_LIMIT = 1000
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


class TeslaDay(Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """A day of a Tesla, energies in kWh (Smartcar's API reference, §5.1)."""

    date: Time = UNSET
    home: Number = UNSET
    other: Number = UNSET
    super_charger: Number = UNSET
    total: Number = UNSET


class Cost(Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """The bill of a Tesla session; amounts are kept as the JSON they came in (§5.2: text or number)."""

    currency: Text = UNSET
    energy: Raw = NO_TOKEN
    other: Raw = NO_TOKEN


NO_COST: Final = Cost()
"""A session without a bill."""


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


Record: TypeAlias = TeslaDay | TeslaBill | MakerSession


@dataclass(frozen=True, slots=True)
class Stream:
    """A record stream: its make, the shape of its records, and decoders for them.

    Numbers written as text ("41.2") are read as numbers, and noted as drift: the maker's own billing shows that it
    happens.

    Attributes:
        make: In upper case.
        shape: What a record has.
        decoder: Reads records as documented, and no others.
        lenient: Reads numbers and truths written as text as well.
        fields: The kinds of JSON each field may hold.
        envelope: The same for the fields around the records.
    """

    make: str
    shape: type[Record]
    decoder: msgspec.json.Decoder[Record]
    lenient: msgspec.json.Decoder[Record]
    fields: Mapping[str, Kinds]
    envelope: Mapping[str, Kinds]

    @property
    def known_fields(self) -> frozenset[str]:
        """The names of the documented fields."""
        return frozenset(self.fields)


_KIND_OF_TYPE: Final[Mapping[object, Kinds]] = {
    str: (TEXT,),
    int: (NUMBER,),
    float: (NUMBER,),
    bool: (TRUTH,),
    Cost: (OBJECT,),
    Raw: (TEXT, NUMBER),
}
_KIND_OF_START: Final = {'"': TEXT, "{": OBJECT, "[": LIST, "t": TRUTH, "f": TRUTH}


def _kinds(shape: type[Struct]) -> dict[str, Kinds]:
    """The kinds of JSON that each field of a shape may hold, by its name on the wire."""
    hints = get_type_hints(shape).values()
    kinds = ([kind for each in get_args(hint) or (hint,) for kind in _KIND_OF_TYPE.get(each, ())] for hint in hints)
    return {name: tuple(dict.fromkeys(each)) for name, each in zip(shape.__struct_encode_fields__, kinds, strict=True)}


def _kind(value: Raw) -> str | None:
    """The kind of a JSON value; None for null."""
    start = text_of(value)[:1]
    return None if start in {"", "n"} else _KIND_OF_START.get(start, NUMBER)


def _stream(make: str, shape: type[Record], **envelope: Kinds) -> Stream:
    decoders = (msgspec.json.Decoder(shape), msgspec.json.Decoder(shape, strict=False))
    return Stream(make, shape, *decoders, _kinds(shape), {"records": (LIST,)} | envelope)


STREAMS: Final[Mapping[str, Stream]] = {
    "tesla_days": _stream("TESLA", TeslaDay),
    "tesla_billing": _stream("TESLA", TeslaBill, hasMoreData=(TRUTH,)),
    "bmw_records": _stream("BMW", MakerSession),
    "mini_records": _stream("MINI", MakerSession),
}
"""The record streams that are decoded; answers of any other are not this room's."""

_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[Raw])
_COST_FIELDS: Final = _kinds(Cost)


_HIGH, _LOW = rb"u[dD][89abAB][0-9a-fA-F]{2}", rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE: Final = re.compile(rb"\\(?:%b\\%b|(?P<half>%b|%b)|.)" % (_HIGH, _LOW, _HIGH, _LOW), re.DOTALL)
"""An escape in JSON text: a pair of surrogates, half of one, or any other."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that cannot be read: a reason of `lake.schemas.QUARANTINE_REASONS` and a word for a person."""

    reason: str
    detail: str


def open_answer(answer: Answer, drift: Drift) -> Sequence[Raw] | Fault:
    """The records of a 200 answer, each as the JSON it came in, or why the body is not the documented shape."""
    stream = STREAMS[answer.stream]
    try:
        envelope = _envelope(answer.content)
        records = _LIST.decode(envelope["records"])
    except KeyError:
        return Fault("unreadable_answer", "the answer has no `records`")
    except _UNREADABLE as error:
        return Fault("unreadable_answer", f"the body is not the documented JSON: {error}")
    _note_drift(envelope, stream.envelope, answer.stream, drift, "answer.")
    for name in stream.envelope.keys() - envelope.keys():
        drift.missing(answer.stream, f"answer.{name}")
    return records


def _envelope(content: bytes) -> dict[str, Raw]:
    """The fields of a body; a character cut in half would spoil all of it, so it becomes U+FFFD."""
    try:
        return _OBJECT.decode(content)
    except msgspec.DecodeError:
        return _OBJECT.decode(_ESCAPE.sub(_whole_character, content))


def _whole_character(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]


def start_of_body(answer: Answer) -> str:
    """The first thousand characters of a body, for quarantine."""
    return answer.body[:_BODY_LIMIT].encode(errors="replace").decode()


def read_record(raw: Raw, name: str, drift: Drift) -> Record | Fault:
    """One record in its documented shape; unknown fields are noted as drift and left out."""
    try:
        return STREAMS[name].decoder.decode(raw)
    except _UNREADABLE:
        return _read_odd_record(raw, name, drift)


def _read_odd_record(raw: Raw, name: str, drift: Drift) -> Record | Fault:
    """A record that is not as documented: without its unknown fields, and read with leniency, it may be a good one."""
    if not bytes(raw).lstrip().startswith(b"{"):
        return Fault("not_a_record", f"expected an object, got {text_of(raw)[:_NAME_LIMIT]}")
    try:
        told = _OBJECT.decode(raw)
        known = _note_drift(told, STREAMS[name].fields, name, drift)
        if name == "tesla_billing" and _kind(known.get("cost", NO_TOKEN)) == OBJECT:
            cost = _note_drift(_OBJECT.decode(known["cost"]), _COST_FIELDS, name, drift, "cost.")
            known["cost"] = Raw(msgspec.json.encode(cost))
        return STREAMS[name].lenient.decode(msgspec.json.encode(known))
    except _UNREADABLE as error:
        return Fault("bad_type", str(error))


def _note_drift(
    told: dict[str, Raw], documented: Mapping[str, Kinds], stream: str, drift: Drift, prefix: str = ""
) -> dict[str, Raw]:
    """The documented fields alone; what is told otherwise than documented is noted."""
    for name, value in told.items():
        kinds, found = documented.get(name), _kind(value)
        if kinds is None:
            drift.unknown(stream, prefix + name, amount_text(value) or text_of(value))
        elif found is not None and found not in kinds:
            drift.changed(stream, prefix + name, found, " or ".join(kinds))
    return {name: value for name, value in told.items() if name in documented}


def name_on_the_wire(stream: str, field: str) -> str:
    """The name in the documentation of a field of a stream's records."""
    shape = STREAMS[stream].shape
    return shape.__struct_encode_fields__[shape.__struct_fields__.index(field)]


def text_of(raw: Raw) -> str:
    """The JSON of a record as text, whatever bytes it holds."""
    return bytes(raw).decode(errors="replace")


def amount_text(token: Raw) -> str | None:
    """The digits of an amount as told, JSON text or JSON number alike; None for null, absent and empty text."""
    text = text_of(token)
    if text.startswith('"'):
        return _unquoted(text) or None
    return None if text in {"", "null"} else text


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text[1:-1].strip()
    try:
        return msgspec.json.decode(text, type=str).strip()
    except _UNREADABLE:
        return text
