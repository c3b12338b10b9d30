"""One run at a time: the lake is held by a lock that the kernel lets go when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class LakeHeld(Exception):
    """Another run holds the lake; says which process."""


@contextlib.contextmanager
def hold(file: Path) -> Iterator[None]:
    """Hold the lake while the block runs.

    Args:
        file: The lock's file; it stays, only the lock on it counts.

    Raises:
        LakeHeld: Another process holds it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            raise LakeHeld(f"another run holds the lake (process {holder}); wait until it has ended") from None
        os.truncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(handle)
