"""The journal: what was pushed to us, durable within a millisecond, until it is sealed into segments.

A receiver appends answers to `raw/journal/RUN.NUMBER.jsonl` (mode 0600), many with one fsync, and holds a lock of the
kernel on that file. Whoever finds a journal without a writer seals it: one journal becomes one segment.

    1. The segment's name is chosen in the turn of landing, and the journal is renamed to `raw/journal/SEGMENT.jsonl`.
    2. The segment is put in place, whole.
    3. The journal is removed.

A kill after 1 leaves a journal whose segment is not there: it is sealed under a new name. A kill after 2 leaves one
whose segment is there: it is removed. So sealing twice neither loses nor doubles. A last line that a kill has torn was
never answered for, and is dropped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from lake.lock import Turn, try_lock
from lake.raw import TURN, Answer, is_segment, next_name, put_segment, segment_path, tag_of
from lake.store import Store, clearly, make_folder, sync_folder

FOLDER: Final = "raw/journal"
_SUFFIX: Final = ".jsonl"
_UNREADABLE: Final = ".damaged"

Cleaning: TypeAlias = Callable[[Sequence[Answer]], Sequence[Answer]]
"""Makes of answers as many that may land."""


class Journal:
    """One journal that is being written. Not for two threads at once."""

    def __init__(self, store: Store, run_id: str, number: int) -> None:
        """Make the file; from then on nobody else seals it.

        Args:
            store: The home; a folder of this machine.
            run_id: Stands in the answers, and through its last part in the segment's name.
            number: Tells the journals of a run apart.

        Raises:
            HomeUnwritable: It cannot be made.
        """
        self.run_id = run_id
        self.size = 0
        self._path = Path(store.uri(f"{FOLDER}/{run_id}.{number:06d}{_SUFFIX}"))
        with store.in_turn(TURN), clearly(self._path):  # nobody looks for journals between making and locking
            make_folder(self._path.parent)
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            try_lock(self._handle)
            sync_folder(self._path.parent)

    def append(self, answers: Sequence[Answer]) -> None:
        """Append answers, durable on return: all, or none is told to be.

        Raises:
            HomeUnwritable: They could not be written; what was appended before is as it was.
        """
        content = b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers)
        with clearly(self._path):
            try:
                _write_whole(self._handle, content)
                os.fdatasync(self._handle)
            except OSError:
                os.ftruncate(self._handle, self.size)
                raise
        self.size += len(content)

    def close(self) -> None:
        """Leave it to be sealed."""
        os.close(self._handle)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What became of a journal.

    Attributes:
        segment: What it is now; None if it had nothing whole, or was sealed before.
        answers: What it had.
        torn: Bytes at its end that were half written by a kill, and are dropped.
        damaged: The file that was kept for lines in its middle that cannot be read; None if it had none.
    """

    segment: str | None
    answers: tuple[Answer, ...]
    torn: int = 0
    damaged: str | None = None


def left(store: Store) -> list[str]:
    """The journals that are not sealed, written to or not; those whose segment was named already come first."""
    found = [path for path in store.list(FOLDER, _SUFFIX) if path.count("/") == FOLDER.count("/") + 1]
    return sorted(found, key=lambda path: (not is_segment(_name(path)), path))


def seal_left(store: Store, clean: Cleaning = list) -> Iterator[Sealed]:
    """Seal the journals that nobody writes, each in a turn of its own.

    Args:
        store: The home.
        clean: Takes out of the answers of a journal what must not land (`lake.forgotten`).

    Raises:
        HomeUnwritable: One could not be sealed; it stays as it is.
    """
    for path in left(store):
        with store.in_turn(TURN) as turn:
            sealed = _seal(store, turn, path, clean)
        if sealed is not None:
            yield sealed


def _seal(store: Store, turn: Turn, path: str, clean: Cleaning) -> Sealed | None:
    file = Path(store.uri(path))
    try:
        handle = os.open(file, os.O_RDONLY)
    except FileNotFoundError:  # sealed by somebody else since it was listed
        return None
    try:
        return _sealed(store, turn, file, clean) if try_lock(handle) else None
    finally:
        os.close(handle)


def _sealed(store: Store, turn: Turn, file: Path, clean: Cleaning) -> Sealed:
    """Seal a journal, the lock on it held. In this order a kill between any two steps neither loses nor doubles."""
    content = file.read_bytes()
    answers, unreadable, torn = _read(content)
    named = file.name.removesuffix(_SUFFIX)
    segment = None
    if not (is_segment(named) and store.exists(segment_path(named))) and answers:
        segment, _ = next_name(store, turn, tag_of(answers[0].run_id), answers[-1].received_at)
        file = _rename(file, file.with_name(segment + _SUFFIX))
        put_segment(store, segment, clean(answers))
    if unreadable:
        kept = _rename(file, file.with_name(file.name + _UNREADABLE))
        return Sealed(segment, tuple(answers), torn, str(kept))
    with clearly(file):
        file.unlink()
        sync_folder(file.parent)
    return Sealed(segment, tuple(answers), torn)


def _read(content: bytes) -> tuple[list[Answer], int, int]:
    """The answers, the number of lines between them that cannot be read, and the bytes of a torn end."""
    answers, unreadable, torn, bad = [], 0, 0, 0
    for line in content.splitlines(keepends=True):
        answer = _answer(line)
        if answer is None:
            torn, bad = torn + len(line), bad + 1
        else:
            answers.append(answer)
            unreadable, torn, bad = unreadable + bad, 0, 0
    return answers, unreadable, torn


def _answer(line: bytes) -> Answer | None:
    try:
        answer = msgspec.json.decode(line, type=Answer)
    except (msgspec.MsgspecError, ValueError):
        return None
    return answer if answer.is_intact else None


def _rename(file: Path, target: Path) -> Path:
    with clearly(file):
        file.rename(target)
        sync_folder(target.parent)
    return target


def _write_whole(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(_SUFFIX)
