"""Files of rules by name: read with one clear line for what cannot be, and hashed to tell when they change."""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from flows.exits import Exit, Stop
from transforms.rules.reading import BadRule

_MOST_UNPACKED: Final = 32 * 1024 * 1024
"""Bytes that a packed file of rates may have; the ECB's whole history is 1.5 million."""


@dataclass(slots=True)
class RulesFolder:
    """Files of rules by their names in the folder; a file that is not there is no error.

    Attributes:
        path: The folder; it need not exist.
        read: Hash of the content of each file that was read, by name.
    """

    path: Path
    read: dict[str, str] = field(default_factory=dict)

    def names(self, pattern: str) -> list[str]:
        """Names of the files that fit a glob pattern, sorted."""
        return sorted(str(each.relative_to(self.path)) for each in self.path.glob(pattern) if each.is_file())

    def content(self, name: str) -> bytes | None:
        """A file's bytes; None if there is no such file.

        Raises:
            BadRule: The name leads out of the folder.
            Stop: It cannot be read (exit code 2).
        """
        if "\0" in name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise BadRule(f"{name!r} is no file of the folder of rules; put it there, and name it from there")
        try:
            content = (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Stop(Exit.USAGE, f"{self.path / name} cannot be read: {error.strerror}") from None
        self.read[name] = hashlib.sha256(content).hexdigest()
        return content

    def text(self, name: str) -> str | None:
        """A file's text (UTF-8), of a `.zip` that of the one file in it; None if there is no such file.

        Raises:
            Stop: It cannot be read (exit code 2).
        """
        content = self.content(name)
        if content is None:
            return None
        with self.saying_where(name):
            return _decoded(unpacked(content) if name.endswith(".zip") else content)

    def table(self, name: str, *, as_text: bool = False) -> pl.DataFrame:
        """The rows of a CSV (all text) or Parquet file in the folder; `as_text`: the latter's too are all text.

        Raises:
            BadRule: There is no such file, or it is none.
        """
        content = self.content(name)
        if content is None:
            raise BadRule(f"there is no file {name}")
        try:
            rows = pl.read_parquet(content) if name.endswith(".parquet") else pl.read_csv(content, infer_schema=False)
            return rows.cast(pl.String) if as_text else rows
        except (pl.exceptions.PolarsError, OSError) as error:
            raise BadRule(f"{name} cannot be read: {str(error).splitlines()[0]}") from None

    @property
    def digest(self) -> str:
        """Hash of all that was read: equal digests, equal rules."""
        return hashlib.sha256(repr(sorted(self.read.items())).encode()).hexdigest()

    def digest_but(self, folder: str) -> str:
        """The same of all but the files of one folder in it."""
        told = sorted(each for each in self.read.items() if not each[0].startswith(f"{folder}/"))
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @contextlib.contextmanager
    def saying_where(self, name: str) -> Iterator[None]:
        """Turn a bad rule into one line that names its file, and exit code 2."""
        try:
            yield
        except BadRule as error:
            raise Stop(Exit.USAGE, f"{self.path / name}: {error}") from None


def unpacked(content: bytes) -> bytes:
    """The one file of an archive, as `eurofxref-hist.zip` is published.

    Raises:
        BadRule: It is no archive of one file, or unpacks to more than a file of rates can have.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [each for each in archive.infolist() if not each.is_dir()]
            if len(files) != 1:
                raise BadRule(f"it holds {len(files)} files, not one")
            with archive.open(files[0]) as file:
                text = file.read(_MOST_UNPACKED + 1)
    # what zipfile raises besides its own: RuntimeError where a password is asked for, NotImplementedError for a way of
    # packing it does not know
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise BadRule(f"it cannot be unpacked: {error}") from None
    if len(text) > _MOST_UNPACKED:
        raise BadRule(f"it unpacks to more than {_MOST_UNPACKED // 1024**2} MB")
    return text


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRule("it is not UTF-8 text; save it as such") from None
