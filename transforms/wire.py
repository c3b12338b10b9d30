"""The wire: how one landed answer of Smartcar is read against the documented shape of its records.

Only the form of JSON is judged here, record by record, so that one bad record never spoils its answer. Whether a
record can be true is decided in `transforms.checks`. No Polars in here, no socket, no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Raw, Struct

from lake.raw import Answer
from transforms import shapes, signals
from transforms.drift import Drift
from transforms.shapes import LIST, NUMBER, OBJECT, TEXT, TRUTH, Kinds, Record

_NAME_LIMIT = 100
_BODY_LIMIT = 1000
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Stream:
    """A record stream: its make, the shape of its records, and decoders for them.

    Numbers written as text ("41.2") are read as numbers, and noted as drift: the maker's own billing shows that it
    happens.

    Attributes:
        make: In upper case; None where the stream has vehicles of every make.
        shape: What a record has.
        decoder: Reads records as documented, and no others.
        lenient: Reads numbers and truths written as text as well.
        fields: The kinds of JSON each field may hold.
        inner: The same for the fields of those that are objects.
        envelope: The same for the fields around the records.
        is_signal: Whether it tells the signal of v3: a list of unknown reach, with the instant it is of, in which no
            field is sure to be there.
    """

    make: str | None
    shape: type[Record]
    decoder: msgspec.json.Decoder[Record]
    lenient: msgspec.json.Decoder[Record]
    fields: Mapping[str, Kinds]
    inner: Mapping[str, Mapping[str, Kinds]]
    envelope: Mapping[str, Kinds]
    is_signal: bool = False


_KIND_OF_START: Final = {'"': TEXT, "{": OBJECT, "[": LIST, "t": TRUTH, "f": TRUTH}


def _kind(value: Raw) -> str | None:
    """The kind of a JSON value; None for null."""
    start = text_of(value)[:1]
    return None if start in {"", "n"} else _KIND_OF_START.get(start, NUMBER)


def _stream(make: str | None, shape: type[Record], *, is_signal: bool = False, **envelope: Kinds) -> Stream:
    inner = {name: shapes.kinds(each) for name, each in shapes.inner_shapes(shape).items()}
    decoders = (msgspec.json.Decoder(shape), msgspec.json.Decoder(shape, strict=False))
    return Stream(make, shape, *decoders, shapes.kinds(shape), inner, envelope, is_signal)


STREAMS: Final[Mapping[str, Stream]] = {
    "tesla_days": _stream("TESLA", shapes.TeslaDay, records=(LIST,)),
    "tesla_billing": _stream("TESLA", shapes.TeslaBill, records=(LIST,), hasMoreData=(TRUTH,)),
    "bmw_records": _stream("BMW", shapes.MakerSession, records=(LIST,)),
    "mini_records": _stream("MINI", shapes.MakerSession, records=(LIST,)),
    "v3_records": _stream(None, shapes.SignalSession, is_signal=True),
    "v3_events": _stream(None, shapes.SignalSession, is_signal=True),
}
"""The record streams that are decoded; answers of any other are not this room's."""

_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[Raw])

_HIGH, _LOW = rb"u[dD][89abAB][0-9a-fA-F]{2}", rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE: Final = re.compile(rb"\\(?:%b\\%b|(?P<half>%b|%b)|.)" % (_HIGH, _LOW, _HIGH, _LOW), re.DOTALL)
"""An escape in JSON text: a pair of surrogates, half of one, or any other."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that cannot be read: a reason of `lake.schemas.QUARANTINE_REASONS` and a word for a person."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The records of an answer, each as the JSON it came in.

    Attributes:
        records: The records.
        told_as_of: Of when they are, as told, where the source says so (v3): the best first.
    """

    records: Sequence[Raw] = ()
    told_as_of: Sequence[str] = ()


def open_answer(answer: Answer, drift: Drift) -> Opened | Fault:
    """The records of a 200 answer, or why its body is not the documented shape."""
    stream = STREAMS[answer.stream]
    try:
        envelope = _envelope(answer.content)
        if stream.is_signal:
            signal = signals.charge_records(envelope)
            return Opened(_LIST.decode(signal.values), [amount_text(each) or "" for each in signal.told_as_of])
        records = _LIST.decode(envelope["records"])
    except KeyError as missing:
        return Fault("unreadable_answer", f"the answer has no `{missing.args[0]}`")
    except _UNREADABLE as error:
        return Fault("unreadable_answer", f"the body is not the documented JSON: {error}")
    _note_drift(envelope, stream.envelope, answer.stream, drift, "answer.")
    for name in stream.envelope.keys() - envelope.keys():
        drift.missing(answer.stream, f"answer.{name}")
    return Opened(records)


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
        for outer, documented in STREAMS[name].inner.items():
            if outer in known and _kind(known[outer]) == OBJECT:
                inner = _note_drift(_OBJECT.decode(known[outer]), documented, name, drift, f"{outer}.")
                known[outer] = Raw(msgspec.json.encode(inner))
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


def name_on_the_wire(shape: type[Struct], name: str) -> str:
    """The name in the documentation of a field of a shape."""
    return shape.__struct_encode_fields__[shape.__struct_fields__.index(name)]


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
