"""Raw landing: every answer as it came, compressed and durable before anything is said of it.

A **segment** is an immutable file `raw/YYYY-MM-DD/STAMP-TAG.jsonl.gz`: one answer a line, so that
`zcat data/raw/*/*.jsonl.gz` shows everything that was ever told. Names sort in the order of landing, across
runs and even if the clock is set back; that order is the canonical order in which records are matched. A run and a
receiver of webhooks land side by side: each names and writes its segment in its turn, so that a segment that appears
sorts after all that are there.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import re
import secrets
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Self

import msgspec

from lake.lock import Turn
from lake.store import Store

TURN = "state/landing"
"""The turn of whoever lands; its note is the newest name."""

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_SUFFIX = ".jsonl.gz"
_SEGMENT = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[^-/]+")
_JOURNAL = re.compile(r"raw/journal/[^/]+\.jsonl")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer of a source, with what was asked. Holds no token and no VIN.

    Attributes:
        source: Interface that answered: `smartcar_v2`.
        stream: What was asked: `tesla_days`, `tesla_billing`, `bmw_records`, `mini_records`, `attributes`, ….
        vehicle_id: Smartcar's id of the vehicle; None for calls about an account.
        make: Make in upper case, if known.
        run_id: The run that asked.
        asked_at: When the request was sent (UTC).
        received_at: When the answer had arrived (UTC).
        method: HTTP method.
        path: Path of the URL below the API's base.
        query: Query parameters.
        since: First day of the window that was asked (UTC), if any.
        until: Last day of that window, included.
        page: Page that was asked, if the call has pages.
        status: HTTP status.
        request_id: Smartcar's `sc-request-id`.
        headers: Response headers worth keeping.
        body: The body as text, or in base64 where it is not UTF-8.
        encoding: Which of the two.
        sha256: Of the body's bytes, hex.
        ref: `SEGMENT#LINE`, given when it lands.
    """

    source: str
    stream: str
    run_id: str
    asked_at: datetime
    received_at: datetime
    method: str
    path: str
    status: int
    body: str
    sha256: str
    encoding: Literal["utf-8", "base64"] = "utf-8"
    vehicle_id: str | None = None
    make: str | None = None
    query: dict[str, str] = {}
    since: date | None = None
    until: date | None = None
    page: int | None = None
    request_id: str | None = None
    headers: dict[str, str] = {}
    ref: str = ""

    @property
    def content(self) -> bytes:
        """The body's bytes as they came."""
        return base64.b64decode(self.body) if self.encoding == "base64" else self.body.encode()

    @property
    def is_intact(self) -> bool:
        """Whether the body still has the hash it landed with."""
        return hashlib.sha256(self.content).hexdigest() == self.sha256


def encode_body(content: bytes) -> tuple[str, Literal["utf-8", "base64"], str]:
    """The three fields of an `Answer` that hold a body: text, encoding, SHA-256."""
    digest = hashlib.sha256(content).hexdigest()
    try:
        return content.decode(), "utf-8", digest
    except UnicodeDecodeError:
        return base64.b64encode(content).decode("ascii"), "base64", digest


class Landing:
    """Writes answers as segments; concurrent callers share one segment and one fsync.

    Use as an async context manager, or call `land_now` where there is no event loop.
    """

    def __init__(
        self, store: Store, run_id: str, received: datetime, clean: Callable[[Answer], Answer] = lambda answer: answer
    ) -> None:
        """Start after all that has landed, even if the clock `received` was read from was set back.

        Args:
            store: Where to land.
            run_id: Stands in each segment's name through its last part.
            received: Now (UTC).
            clean: Takes out of each answer what must not land (`lake.forgotten`).
        """
        self._store = store
        self._clean = clean
        self._tag = tag_of(run_id)
        self._last = max(received, _newest_stamp(store) + timedelta(microseconds=1))
        self._waiting: list[tuple[Answer, asyncio.Future[str]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Nothing to prepare."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait for what is being written."""
        if self._writer is not None:
            await self._writer

    async def land(self, answer: Answer) -> str:
        """Land one answer; it is durable when its `ref` is returned."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((answer, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        return await asyncio.shield(future)

    def land_now(self, answers: Sequence[Answer]) -> list[str]:
        """Land these answers as one segment, durable on return; gives their refs."""
        with self._store.in_turn(TURN) as turn:
            self._last = max(self._last + timedelta(microseconds=1), answers[-1].received_at)
            segment, self._last = next_name(self._store, turn, self._tag, self._last)
            return put_segment(self._store, segment, [self._clean(each) for each in answers])

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                refs = await asyncio.to_thread(self.land_now, [answer for answer, _ in batch])
            except BaseException as error:
                for _, future in batch:
                    future.set_exception(error)
                if not isinstance(error, Exception):
                    raise
            else:
                for (_, future), ref in zip(batch, refs, strict=True):
                    future.set_result(ref)


def next_name(store: Store, turn: Turn, tag: str, at: datetime) -> tuple[str, datetime]:
    """A name behind all that has landed, with its stamp; for who has the turn of landing.

    Args:
        store: Where to land.
        turn: The turn of landing; the name is noted there before it is used.
        tag: The name's last part.
        at: The stamp, unless a name that sorts behind has been given.
    """
    noted = _SEGMENT.fullmatch(turn.note)
    newest = _stamp(turn.note) if noted else _newest_stamp(store)
    at = max(at, newest + timedelta(microseconds=1))
    segment = f"{at.astimezone(UTC).strftime(_STAMP)}-{tag}"
    turn.note = segment
    return segment, at


def put_segment(store: Store, segment: str, answers: Sequence[Answer]) -> list[str]:
    """Write a segment under the name it was given, durable on return; gives the answers' refs."""
    refs = _refs(segment, len(answers))
    named = (msgspec.structs.replace(answer, ref=ref) for answer, ref in zip(answers, refs, strict=True))
    lines = b"".join(msgspec.json.encode(answer) + b"\n" for answer in named)
    store.put(segment_path(segment), gzip.compress(lines, compresslevel=6, mtime=0))
    return refs


class DamagedSegment(Exception):
    """A landed file cannot be read back as it was written; says which."""


def segment_path(segment: str) -> str:
    """Where a segment lies under the home: `raw/YYYY-MM-DD/SEGMENT.jsonl.gz`."""
    day = f"{segment[:4]}-{segment[4:6]}-{segment[6:8]}"
    return f"raw/{day}/{segment}{_SUFFIX}"


def segments(store: Store) -> list[str]:
    """The names of all that has landed, in the order of landing; other files under `raw/` are none of it."""
    return [name for path in store.list("raw", _SUFFIX) if (name := _segment_at(path)) is not None]


def landed_so_far(store: Store) -> list[str]:
    """The same, listed while nobody lands: what is not among them sorts behind them."""
    with store.in_turn(TURN):
        return segments(store)


def strays(store: Store) -> list[str]:
    """The files under `raw/` that nobody has landed there."""
    return [path for path in store.list("raw") if _segment_at(path) is None and not _JOURNAL.fullmatch(path)]


def read_segment(store: Store, segment: str) -> list[Answer]:
    """The answers of one segment, in their order.

    Raises:
        DamagedSegment: The file is cut, does not unpack, has other lines than it landed with, or a body has
            another hash.
    """
    path = segment_path(segment)
    try:
        lines = gzip.decompress(store.read(path)).splitlines()
        answers = [msgspec.json.decode(line, type=Answer) for line in lines]
        altered = [answer.ref for answer in answers if not answer.is_intact]
    except (OSError, EOFError, zlib.error, ValueError, msgspec.DecodeError) as error:
        raise DamagedSegment(f"{path}: {error}") from None
    if altered:
        raise DamagedSegment(f"{path}: the body of {altered[0]} differs from its SHA-256")
    if not answers or [answer.ref for answer in answers] != _refs(segment, len(answers)):
        raise DamagedSegment(f"{path}: it has other lines than it landed with")
    return answers


def read_answers(store: Store, names: Sequence[str]) -> Iterator[Answer]:
    """The answers of these segments, one segment in memory at a time."""
    for name in names:
        yield from read_segment(store, name)


def new_run_id(now: datetime, mark: str = "") -> str:
    """A name for a run that sorts by its start: `20261123T075432Z-5f3a9c`.

    Args:
        now: Its start (UTC).
        mark: Letters beyond `f` before the last part, so that no run of another kind has the same.
    """
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{mark}{secrets.token_hex(3)}"


def is_segment(name: str) -> bool:
    """Whether it has the form of a segment's name."""
    return _SEGMENT.fullmatch(name) is not None


def tag_of(name: str) -> str:
    """What the name of a run and those of its segments have in common."""
    return name.rsplit("-", 1)[-1]


def _refs(segment: str, lines: int) -> list[str]:
    return [f"{segment}#{line:05d}" for line in range(lines)]


def _segment_at(path: str) -> str | None:
    """The segment whose file this is; None if it is none."""
    name = path.rsplit("/", 1)[-1].removesuffix(_SUFFIX)
    return name if _SEGMENT.fullmatch(name) and segment_path(name) == path else None


def _newest_stamp(store: Store) -> datetime:
    names = segments(store)
    return _stamp(names[-1]) if names else datetime.min.replace(tzinfo=UTC)


def _stamp(segment: str) -> datetime:
    return datetime.strptime(segment.rsplit("-", 1)[0], _STAMP).replace(tzinfo=UTC)
