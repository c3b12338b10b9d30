"""What an event tells that must not land: VINs, e-mails and credentials, which signals of a vehicle can carry. Pure.

Almost no event has any, and then it lands exactly as it came. One that might is read, cleaned text by text and
written anew, every number with its own digits. The ids of charge records stay: they have any form, and are what a
record is known by.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

import msgspec

from collectors.errors import without_secrets
from collectors.smartcar_v3.protocol import RECORDS

_VIN_LENGTH: Final = 17
_SIGNS: Final = (b"@", b"\\", b"bearer", b"basic", b"eyj", b"token", b"secret", b"password", b"code=")
"""In lower case; without one of these there is no e-mail, no credential and no escaped letter."""
_WORDS: Final = bytes(each if bytes([each]).isalnum() else 0x20 for each in range(256))
_SECRET_NAME: Final = re.compile(r"(?i)token|secret|password")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def discreet(body: bytes) -> bytes:
    """The event without e-mails, VINs and credentials, as far as their form tells them; as it came if it has none."""
    if not _may_hold_secrets(body):
        return body
    try:
        told = _DECODER.decode(body)
        clean = _clean(told, keep_ids=False)
        return body if clean == told else _ENCODER.encode(clean)
    except (msgspec.MsgspecError, ValueError, RecursionError):  # half a character, or too deep: its text is cleaned
        return without_secrets(body.decode("utf-8", "replace")).encode()


def _may_hold_secrets(content: bytes) -> bool:
    lower = content.lower()
    return any(sign in lower for sign in _SIGNS) or _VIN_LENGTH in map(len, content.translate(_WORDS).split())


def _clean(value: Any, *, keep_ids: bool) -> Any:
    if isinstance(value, str):
        return without_secrets(value) if _may_hold_secrets(value.encode("utf-8", "replace")) else value
    if isinstance(value, list):
        return [_clean(each, keep_ids=keep_ids) for each in value]
    if isinstance(value, dict):
        keep_ids = keep_ids or value.get("code") == RECORDS
        return {without_secrets(name): _clean_field(name, each, keep_ids=keep_ids) for name, each in value.items()}
    return value


def _clean_field(name: str, value: Any, *, keep_ids: bool) -> Any:
    if isinstance(value, str):
        if keep_ids and name == "id":
            return value
        if _SECRET_NAME.search(name):
            return "…"
    return _clean(value, keep_ids=keep_ids)
