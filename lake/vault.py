"""Tokens at rest: sealed with a key that lies beside the state or comes from the settings."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from lake.store import make_folder, sync_folder


class WrongKey(Exception):
    """What was sealed does not open with this key, or the key is none; says what to do."""


class Vault:
    """Seals and opens small secrets (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: str) -> None:
        """Use `key`: 32 bytes in URL-safe base64.

        Raises:
            WrongKey: It is no such key.
        """
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise WrongKey(
                "the key that seals tokens (CHARGELAKE_SECRET_KEY, or the key file beside the state) "
                "is not 32 bytes in URL-safe base64"
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


def load_or_make_key(file: Path, *, has_tokens: bool) -> str:
    """The key in `file`; made once with mode 0600.

    Args:
        file: Where the key lies.
        has_tokens: Whether tokens are stored already: then a missing file is an error, not a new key.

    Raises:
        WrongKey: The file is gone although tokens were sealed with it.
    """
    if file.exists():
        return file.read_text("ascii", "replace").strip()
    if has_tokens:
        raise WrongKey(f"{file} is gone, and stored tokens were sealed with it: bring it back, or connect again")
    make_folder(file.parent)
    key = Fernet.generate_key()
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(key)
        opened.flush()
        os.fsync(opened.fileno())
    sync_folder(file.parent)
    return key.decode("ascii")
