"""How the emulator writes JSON: a `Decimal` becomes a number with exactly its own digits, never a binary float."""

from decimal import Decimal

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: object) -> bytes:
    """Write `value` as JSON."""
    return _ENCODER.encode(value)


def decode(text: bytes | str) -> object:
    """Read JSON, a number with a fraction as a `Decimal` of its digits."""
    result: object = _DECODER.decode(text)
    return result
