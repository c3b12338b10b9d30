"""The one seam between the house and where its files lie.

Everything under `CHARGELAKE_HOME` is read and written through a `Store`, by paths relative to the home and with
`/` between their parts. A bucket can follow as a second class with the same methods: no room but this one knows
that today's home is a folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from fsspec.utils import get_protocol

from lake.lock import Turn, in_turn

STAGING: Final = "state/staging"
"""Files in the making; outside of `raw/` and `lake/`, where readers' globs would find them."""


class HomeNotSupported(Exception):
    """The configured home is a place that cannot be used; says which and why."""


class HomeUnwritable(Exception):
    """A file of the home could not be written or removed, and is as it was before; says which, why and what to do."""


class Store(Protocol):
    """Files by relative path; a write is whole and durable, or has not happened."""

    def read(self, path: str) -> bytes:
        """The file's bytes; raises FileNotFoundError."""

    def put(self, path: str, content: bytes) -> None:
        """Replace or make the file in one step; it is durable when this returns; raises HomeUnwritable."""

    def delete(self, path: str) -> None:
        """Remove the file; nothing happens if it is not there; raises HomeUnwritable."""

    def exists(self, path: str) -> bool:
        """Whether the file is there."""

    def size(self, path: str) -> int:
        """Bytes of the file."""

    def list(self, prefix: str, suffix: str = "") -> list[str]:
        """Sorted paths of the files below the folder `prefix` that end in `suffix`."""

    def uri(self, path: str) -> str:
        """What Polars, DuckDB and a person call this path."""

    def in_turn(self, path: str) -> contextlib.AbstractContextManager[Turn]:
        """Wait until no other process has the turn that the file `path` stands for, and have it for a block."""


class LocalStore:
    """A folder of this machine: staged beside the data, fsynced, renamed."""

    def __init__(self, home: Path) -> None:
        """Use `home`, which is made with its first file."""
        self.home = home.resolve()

    def read(self, path: str) -> bytes:
        """The file's bytes; raises FileNotFoundError."""
        return self._at(path).read_bytes()

    def put(self, path: str, content: bytes) -> None:
        """Write beside the data, make durable, rename into place, make the name durable."""
        target = self._at(path)
        with clearly(target):
            self._stage(path, target, content)

    def _stage(self, path: str, target: Path, content: bytes) -> None:
        staging = self._at(STAGING)
        staging.mkdir(parents=True, exist_ok=True)
        make_folder(target.parent)
        handle, staged = tempfile.mkstemp(dir=staging)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(staged).chmod(0o600 if path.startswith("state/") else 0o644)
            Path(staged).replace(target)
        except BaseException:
            Path(staged).unlink(missing_ok=True)
            raise
        sync_folder(target.parent)

    def delete(self, path: str) -> None:
        """Remove the file, and folders that it leaves empty; it stays removed when this returns."""
        target = self._at(path)
        if not target.exists():
            return
        with clearly(target):
            target.unlink()
            left = target.parent
            with contextlib.suppress(OSError):
                while left != self.home:
                    left.rmdir()
                    left = left.parent
            sync_folder(left)

    def exists(self, path: str) -> bool:
        """Whether the file is there."""
        return self._at(path).is_file()

    def size(self, path: str) -> int:
        """Bytes of the file."""
        return self._at(path).stat().st_size

    def list(self, prefix: str, suffix: str = "") -> list[str]:
        """Sorted paths of the files below the folder `prefix` that end in `suffix`."""
        found: list[str] = []
        for folder, _, names in os.walk(self._at(prefix)):
            relative = Path(folder).relative_to(self.home).as_posix()
            found.extend(f"{relative}/{name}" for name in names if name.endswith(suffix))
        return sorted(found)

    def uri(self, path: str) -> str:
        """The absolute path."""
        return str(self._at(path))

    @contextlib.contextmanager
    def in_turn(self, path: str) -> Iterator[Turn]:
        """A turn by a lock of the kernel on the file; raises HomeUnwritable."""
        target = self._at(path)
        with contextlib.ExitStack() as stack:
            with clearly(target):
                turn = stack.enter_context(in_turn(target))
            yield turn

    def sweep_staging(self) -> None:
        """Remove what a killed run left half written; only for the run that holds the lock, while nobody lands."""
        shutil.rmtree(self._at(STAGING), ignore_errors=True)

    def _at(self, path: str) -> Path:
        target = self.home / path
        if ".." in Path(path).parts or Path(path).is_absolute():
            raise ValueError(f"not a path inside the home: {path!r}")
        return target


def open_store(home: str) -> LocalStore:
    """The store at `home`.

    Raises:
        HomeNotSupported: `home` is a URL of a kind that is not supported.
    """
    if get_protocol(home) not in {"file", "local"}:
        raise HomeNotSupported(f"CHARGELAKE_HOME={home}: only folders of this machine are supported so far")
    return LocalStore(Path(home.removeprefix("file://")).expanduser())


@contextlib.contextmanager
def clearly(target: Path) -> Iterator[None]:
    """Say which file could not be written, why and what to do: raises HomeUnwritable for OSError."""
    try:
        yield
    except OSError as error:
        advice = _WHAT_TO_DO.get(error.errno or 0, "see to it, and run again")
        what = f"{target} cannot be written ({error.strerror}); what was there is unchanged: {advice}"
    else:
        return
    raise HomeUnwritable(what)


_WHAT_TO_DO: Final = {
    errno.ENOSPC: "free some space, and run again",
    errno.EDQUOT: "free some of this user's quota, and run again",
    errno.EFBIG: "raise the limit on the size of files, and run again",
    errno.EROFS: "mount it writable, or set CHARGELAKE_HOME to another folder",
    errno.EACCES: "let this user write there, or set CHARGELAKE_HOME to another folder",
    errno.EPERM: "let this user write there, or set CHARGELAKE_HOME to another folder",
}


def make_folder(folder: Path) -> None:
    """Make the folder and those above it that are missing, and make their names durable."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(missing):
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make durable which names the folder has."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
