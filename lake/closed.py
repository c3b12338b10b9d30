"""Closed months: what was stated, kept under `closed/YYYY-MM/` of the home, and never written again.

A month is closed once its manifest is there: it is written last, in one step, and names each file with its SHA-256 and
the manifest of the month before with its own. What a killed closing has left has no manifest, and the next one clears
it away.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
import polars as pl

from lake import digest
from lake.store import Store

FOLDER: Final = "closed"
MANIFEST: Final = "manifest.json"
LINES: Final = "lines.parquet"
CORRECTIONS: Final = "corrections.parquet"
_FORMAT: Final = 1


class ClosedDamaged(Exception):
    """A file of a closed month is not as it was closed; says which."""


class AlreadyClosed(Exception):
    """The month is closed already; says when that was."""


class StatementOf(msgspec.Struct, frozen=True):
    """A statement among the files of a closed month.

    Attributes:
        driver: Whose it is; None: of vehicles that nobody had.
        files: Its documents, by form: `json`, `txt`, ….
    """

    driver: str | None
    files: dict[str, str]


class Manifest(msgspec.Struct, frozen=True):
    """What a closed month is made of.

    Attributes:
        format: Of this file.
        month: `YYYY-MM`, local.
        closed_at: When it was closed (UTC).
        previous: SHA-256 of the manifest of the month closed before; None for the first.
        files: SHA-256 of each file, by name.
        statements: The statements among them.
    """

    format: int
    month: str
    closed_at: datetime
    previous: str | None
    files: dict[str, str]
    statements: tuple[StatementOf, ...] = ()


class Closed:
    """Reads and makes closed months in a store."""

    def __init__(self, store: Store) -> None:
        """Work on the closed months of this store."""
        self._store = store

    def months(self) -> list[str]:
        """The closed months, oldest first."""
        parts = (path.split("/") for path in self._store.list(FOLDER, MANIFEST))
        return sorted(part[1] for part in parts if len(part) == len((FOLDER, "month", MANIFEST)))

    def manifest(self, month: str) -> Manifest:
        """What a closed month is made of.

        Raises:
            ClosedDamaged: Its manifest cannot be read.
        """
        path = _path(month, MANIFEST)
        try:
            return msgspec.json.decode(self._store.read(path), type=Manifest)
        except (OSError, msgspec.DecodeError) as error:
            raise ClosedDamaged(f"{path}: {error}; put it back from a copy") from None

    def read(self, month: str, name: str) -> bytes:
        """A file of a closed month, as it was closed.

        Raises:
            ClosedDamaged: It is not there, or its bytes are others.
        """
        path = _path(month, name)
        try:
            content = self._store.read(path)
        except OSError:
            raise ClosedDamaged(f"{path} is gone; put it back from a copy") from None
        if _hash(content) != self.manifest(month).files.get(name):
            raise ClosedDamaged(f"{path} is not as it was closed; put it back from a copy")
        return content

    def frame(self, month: str, name: str) -> pl.DataFrame:
        """Rows of a table of a closed month, with `stated_in`, the month; raises ClosedDamaged."""
        rows = pl.read_parquet(io.BytesIO(self.read(month, name)))
        return rows.with_columns(pl.lit(month).alias("stated_in"))

    def close(
        self,
        month: str,
        closed_at: datetime,
        tables: Mapping[str, pl.DataFrame],
        statements: Sequence[tuple[str | None, str, Mapping[str, bytes]]],
    ) -> Manifest:
        """Close a month: its files, then its manifest. The caller holds the lake.

        Args:
            month: `YYYY-MM`.
            closed_at: Now (UTC).
            tables: Rows by file name (`LINES`, `CORRECTIONS`).
            statements: Driver, name of its files, and its documents by form.

        Raises:
            AlreadyClosed: It is closed.
        """
        if month in self.months():
            raise AlreadyClosed(f"{month} was closed at {self.manifest(month).closed_at:%Y-%m-%d %H:%M} UTC")
        for left in self._store.list(f"{FOLDER}/{month}"):
            self._store.delete(left)
        files = {name: _parquet(rows) for name, rows in tables.items()}
        kept = []
        for driver, stem, documents in statements:
            named = {form: f"{stem}.{form}" for form in sorted(documents)}
            files |= {named[form]: documents[form] for form in named}
            kept.append(StatementOf(driver, named))
        for name, content in files.items():
            self._store.put(_path(month, name), content)
        hashes = {name: _hash(files[name]) for name in sorted(files)}
        manifest = Manifest(_FORMAT, month, closed_at, self._last_hash(), hashes, tuple(kept))
        self._store.put(_path(month, MANIFEST), msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        return manifest

    def faults(self) -> Iterator[str]:
        """Every file that is not as it was closed, one sentence each."""
        previous: str | None = None
        for month in self.months():
            try:
                manifest = self.manifest(month)
            except ClosedDamaged as error:
                yield str(error)
                continue
            if manifest.previous != previous:
                yield f"{_path(month, MANIFEST)}: the month closed before it is not the one that is there"
            previous = _hash(self._store.read(_path(month, MANIFEST)))
            yield from self._file_faults(manifest)

    def _file_faults(self, manifest: Manifest) -> Iterator[str]:
        for name in manifest.files:
            try:
                self.read(manifest.month, name)
            except ClosedDamaged as error:
                yield str(error)
        known = {_path(manifest.month, name) for name in (*manifest.files, MANIFEST)}
        for path in self._store.list(f"{FOLDER}/{manifest.month}"):
            if path not in known:
                yield f"{path}: not a file of the closed month; move it elsewhere"

    def _last_hash(self) -> str | None:
        closed = self.months()
        return _hash(self._store.read(_path(closed[-1], MANIFEST))) if closed else None


def _parquet(rows: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    rows.write_parquet(content, compression="zstd", metadata=digest.METADATA)
    return digest.with_digest(content.getvalue())


def _path(month: str, name: str) -> str:
    return f"{FOLDER}/{month}/{name}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
