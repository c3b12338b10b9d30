"""A Parquet file's own SHA-256, kept in its metadata.

Parquet's readers find a damaged page by luck: of single flipped bits, about half read as other figures without a
word. So each published file says in its metadata what its bytes must hash to, counted with the 64 digits of the
hash itself as zeros. Any reader may look at it and none has to.
"""

from __future__ import annotations

import hashlib
from typing import Final

KEY: Final = "chargelake.sha256"
"""Where the hash stands in a file's metadata."""
_DIGITS: Final = 64
_BLANK: Final = b"0" * _DIGITS
_MARK: Final = KEY.encode() + b"\x18\x40"
"""The key as it stands in a footer: Thrift's compact protocol puts "next field, text" and the length 64 after it."""

METADATA: Final = {KEY: _BLANK.decode()}
"""What a file must be written with, so that the hash has its place."""


def with_digest(content: bytes) -> bytes:
    """The Parquet file with its hash in place of the zeros of `METADATA`."""
    return _put(content, hashlib.sha256(content).hexdigest().encode())


def is_intact(content: bytes) -> bool:
    """Whether the file has a hash, and its bytes are those that were hashed."""
    if _MARK not in content:
        return False
    start = content.rindex(_MARK) + len(_MARK)
    return hashlib.sha256(_put(content, _BLANK)).hexdigest().encode() == content[start : start + _DIGITS]


def _put(content: bytes, digits: bytes) -> bytes:
    start = content.rindex(_MARK) + len(_MARK)
    return content[:start] + digits + content[start + _DIGITS :]
