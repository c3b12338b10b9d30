"""Taking a vehicle out of what has landed, so that every other answer stays where and what it was.

A segment keeps its lines: the line of an erased answer says that one was there and nothing else, so the `SEGMENT#LINE`
of all others holds, and so does the rule that a segment has the lines it landed with. An answer about several vehicles,
a list of connections, stays without the entries of the one, and with a word in place of its id elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from lake.raw import Answer, encode_body, put_segment, read_segment
from lake.store import Store

Hidden = Callable[[str], bool]
"""Whether this id must not stand anywhere."""

ERASED: Final = "forgotten"
"""Stream of an erased answer, and the word that stands for an id."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+")


def without(answer: Answer, hidden: Hidden) -> Answer:
    """The answer without what is hidden: erased if it is about such a vehicle, else with its ids replaced."""
    if answer.vehicle_id is not None and hidden(answer.vehicle_id):
        return _erased(answer)

    def clean(text: str) -> str:
        return _TOKEN.sub(lambda found: ERASED if hidden(found[0]) else found[0], text)

    text = clean(_without_entries(answer.content.decode(errors="surrogateescape"), hidden))
    body, encoding, digest = encode_body(text.encode(errors="surrogateescape"))
    return replace(
        answer,
        body=body,
        encoding=encoding,
        sha256=digest,
        path=clean(answer.path),
        query={name: clean(value) for name, value in answer.query.items()},
        headers={name: clean(value) for name, value in answer.headers.items()},
    )


def erase_from_segment(store: Store, segment: str, ids: frozenset[str]) -> frozenset[str]:
    """Rewrite a landed segment without these ids, in one step; gives the runs of the answers erased from it so far.

    Raises:
        DamagedSegment: It cannot be read.
    """
    answers = read_segment(store, segment)
    kept = [without(each, ids.__contains__) if _names(each, ids) else each for each in answers]
    if kept != answers:
        put_segment(store, segment, kept)
    return frozenset(each.run_id for each in kept if each.stream == ERASED)


def _without_entries(body: str, hidden: Hidden) -> str:
    """JSON without the entries of its lists that are of something hidden: what they say of it goes with its id."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return body
    kept = _pruned(told, hidden)
    return body if kept == told else json.dumps(kept, ensure_ascii=False)


def _pruned(value: object, hidden: Hidden) -> object:
    if isinstance(value, list):
        return [_pruned(each, hidden) for each in value if not _is_of(each, hidden)]
    if isinstance(value, dict):
        return {name: _pruned(each, hidden) for name, each in value.items()}
    return value


def _is_of(entry: object, hidden: Hidden) -> bool:
    """Whether an entry holds such an id outside of lists of its own."""
    if isinstance(entry, dict):
        return any(_is_of(each, hidden) for each in entry.values())
    return isinstance(entry, str) and hidden(entry)


def _names(answer: Answer, ids: frozenset[str]) -> bool:
    about = msgspec.json.encode(replace(answer, body="")) + answer.content
    return any(each.encode() in about for each in ids)


def _erased(answer: Answer) -> Answer:
    """That an answer was there: its place, its run and its day; not even the second, which a bill could tell."""
    body, encoding, digest = encode_body(b"")
    day: datetime = answer.received_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return Answer(
        source=answer.source, stream=ERASED, run_id=answer.run_id, asked_at=day, received_at=day, method="", path="",
        status=0, body=body, encoding=encoding, sha256=digest, ref=answer.ref,
    )  # fmt: skip
