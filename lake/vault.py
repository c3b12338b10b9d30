"""Tokens at rest: sealed with a key that lies beside the state or comes from the settings.

A key can be followed by older ones, with commas between them: the first seals, all open. So a key is replaced in steps
that each leave everything readable: the new one is put first, what was sealed is sealed anew, the old one is dropped.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from lake.store import make_folder, sync_folder

_KEY: Final = re.compile(r"[A-Za-z0-9_+/-]{43}=")


class WrongKey(Exception):
    """What was sealed does not open with this key, or the key is none; says what to do."""


class Vault:
    """Seals and opens small secrets (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, keys: str) -> None:
        """Use `keys`: each 32 bytes in URL-safe base64, commas between them; the first seals, all open.

        Raises:
            WrongKey: One of them is no such key.
        """
        try:
            self._fernet = MultiFernet([Fernet(_key(each)) for each in keys.split(",")])
        except ValueError:
            raise WrongKey(
                "the key that seals tokens (CHARGELAKE_SECRET_KEY, or the key file beside the state) "
                "is not 32 bytes in URL-safe base64, or several of these with commas between them"
            ) from None

    def seal(self, secret: bytes) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt.

        Raises:
            WrongKey: It was sealed with another key, or is damaged.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise WrongKey(
                "the stored tokens do not open with this key: set CHARGELAKE_SECRET_KEY to the key they were sealed "
                "with, or bring back the key file beside the state"
            ) from None

    def reseal(self, sealed: bytes) -> bytes:
        """Open with any of the keys, and seal with the first.

        Raises:
            WrongKey: As `open`.
        """
        return self.seal(self.open(sealed))


def _key(text: str) -> str:
    """The key without the space around it; Fernet itself overlooks what follows the last character it needs."""
    if not _KEY.fullmatch(text.strip()):
        raise ValueError
    return text.strip()


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode("ascii")


def load_or_make_key(file: Path, *, has_tokens: bool) -> str:
    """The key in `file`, or its keys with commas between them; made once with mode 0600.

    Args:
        file: Where the key lies.
        has_tokens: Whether tokens are stored already: then a missing file is an error, not a new key.

    Raises:
        WrongKey: The file is gone although tokens were sealed with it.
    """
    if file.exists():
        return file.read_text("ascii", "replace").strip()
    if has_tokens:
        raise WrongKey(
            f"{file} is gone, and stored tokens were sealed with it: bring it back; if it is lost, set "
            "CHARGELAKE_SECRET_KEY to what `chargelake key new` prints, and connect every owner again"
        )
    key = new_key()
    write_keys(file, key)
    return key


def write_keys(file: Path, keys: str) -> None:
    """Replace the key file in one step, readable by its owner alone and durable; the caller holds the lake."""
    make_folder(file.parent)
    staged = file.with_name(f"{file.name}.new")
    staged.unlink(missing_ok=True)
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(keys.encode("ascii"))
        opened.flush()
        os.fsync(opened.fileno())
    staged.replace(file)
    sync_folder(file.parent)
