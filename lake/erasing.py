"""Taking a vehicle out of what has landed, so that every other answer stays where and what it was.

A segment keeps its lines: the line of an erased answer says that one was there and nothing else, so the `SEGMENT#LINE`
of all others holds, and so does the rule that a segment has the lines it landed with. An answer about several vehicles,
a list of connections, stays with a word in place of the ids.
"""

from __future__ import annotations

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

    text = clean(answer.content.decode(errors="surrogateescape"))
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
