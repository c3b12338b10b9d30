"""Who may write: locks that the kernel lets go when their holder ends, however it ends.

One run at a time holds the lake, and one receiver its journal. Whoever lands waits for its turn, a moment each time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

_LONGEST_NOTE = 64


class LakeHeld(Exception):
    """Another process holds it; says which."""


@contextlib.contextmanager
def hold(file: Path, held: str = "another run holds the lake") -> Iterator[None]:
    """Hold the lake, or what else the file stands for, while the block runs.

    Args:
        file: The lock's file; it stays, only the lock on it counts.
        held: What is said if another process holds it.

    Raises:
        LakeHeld: Another process holds it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LakeHeld(f"{held} (process {_read(handle) or 'unknown'}); wait until it has ended") from None
        os.truncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(handle)


def holder(file: Path) -> str | None:
    """The number of the process that holds it now, as it wrote it; None if nobody does."""
    try:
        handle = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return None if try_lock(handle) else _read(handle) or "unknown"
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock an open file until it is closed; False if another holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Turn:
    """A turn, with a line that whoever has the next one can read."""

    def __init__(self, handle: int) -> None:
        """The turn that the lock on `handle` gives."""
        self._handle = handle

    @property
    def note(self) -> str:
        """What the last one noted; empty if nobody did, or was killed meanwhile."""
        return _read(self._handle)

    @note.setter
    def note(self, text: str) -> None:
        os.pwrite(self._handle, text.encode("ascii").ljust(_LONGEST_NOTE), 0)  # as long as the last: never cut


@contextlib.contextmanager
def in_turn(file: Path) -> Iterator[Turn]:
    """Wait for the turn, and have it while the block runs. A process that has it must not ask for it again."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_size < _LONGEST_NOTE:  # room for the note: writing it later needs no space
            os.pwrite(handle, b" " * _LONGEST_NOTE, 0)
        yield Turn(handle)
    finally:
        os.close(handle)


def _read(handle: int) -> str:
    return os.pread(handle, _LONGEST_NOTE, 0).decode("ascii", "replace").strip()
