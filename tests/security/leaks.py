"""What a secret looks like, and a search through everything a run leaves behind, in whatever form it is kept."""

from __future__ import annotations

import base64
import gzip
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from emulator import Emulator


class Secrets:
    """The secrets of an emulator's world, codes included: they die of their use, so they are noted when they are given.

    Make it before anybody connects.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._codes: list[str] = []
        tokens = emulator._world.tokens
        give = tokens.new_code

        def noting(*arguments: object) -> str:
            self._codes.append(give(*arguments))
            return self._codes[-1]

        tokens.new_code = noting

    @property
    def access(self) -> list[str]:
        """Every access token that was ever given out."""
        return list(self._emulator._world.tokens._access)

    def all(self, *accounts: str) -> dict[str, str]:
        """Every secret with what it is, the accounts' e-mails and VINs included."""
        config, tokens = self._emulator.config, self._emulator._world.tokens
        listed = {
            "access token": self.access,
            "refresh token": list(tokens._refresh),
            "code": self._codes,
            "client secret": [config.client_secret, _basic(config.client_id, config.client_secret)],
            "management token": [config.management_token, _basic("default", config.management_token)],
            "e-mail": accounts,
            "VIN": [vehicle.vin for account in accounts for vehicle in self._emulator.vehicles(account)],
        }
        return {secret: kind for kind, secrets in listed.items() for secret in secrets}


def _basic(name: str, secret: str) -> str:
    return base64.b64encode(f"{name}:{secret}".encode()).decode()


def found(secrets: dict[str, str], content: dict[str, bytes]) -> list[str]:
    """Which kind of secret stands where."""
    hits = {f"{kind} in {where}" for where, text in content.items() for each, kind in secrets.items()
            if each.encode() in text}  # fmt: skip
    return sorted(hits)


def everything_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, its name first; packed and columnar ones unpacked as well."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): b"\n".join([str(path).encode(), *_forms(path)]) for path in files}


def _forms(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    for ending, unpack in UNPACKED.items():
        if path.name.endswith(ending):
            yield unpack(path)
    if content.startswith(b"SQLite format 3\0"):
        yield _rows_of(path)


def _rows_of(path: Path) -> bytes:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return "\n".join(connection.iterdump()).encode(errors="replace")
    finally:
        connection.close()


UNPACKED: dict[str, Callable[[Path], bytes]] = {
    ".gz": lambda path: gzip.decompress(path.read_bytes()),
    ".parquet": lambda path: pl.read_parquet(path).write_json().encode(),
}
