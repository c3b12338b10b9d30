"""Sweeps: which answers together told a window whole, so that what they do not tell is known to be no longer told.

A sweep is the pages of one run for one vehicle and stream over one window, each readable, from the first page to
the one that no other follows. One page missing, or one record that nobody can read and that may be any of those
known, and it is no sweep. Nothing is read, written or asked for the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Final, TypeAlias

import msgspec
import polars as pl

from lake.raw import Answer
from lake.schemas import UTC as UTC_DTYPE
from transforms.wire import STREAMS

DAYS_STREAM: Final = "tesla_days"
_DAY: Final = timedelta(days=1)

SWEEP: Final = pl.Schema(
    [
        *((name, pl.String) for name in ("source", "vehicle_id", "make", "stream")),
        *((name, pl.Date) for name in ("first_day", "last_day")),
        ("received_at", UTC_DTYPE),
        *((name, pl.String) for name in ("run_id", "raw_ref")),
        ("position", pl.Int64),
        ("answers", pl.List(pl.String)),
        ("round", pl.Int64),
        ("limited", pl.Boolean),
    ]
)
"""Columns of a sweep: the days (UTC) it judges, its last answer with the place after its records, all its answers, and
whether its source tells the last days alone, which it may cut without a word."""

REFUSED: Final = pl.Schema(
    [
        *((name, pl.String) for name in ("raw_ref", "source_record_id")),
        *((name, UTC_DTYPE) for name in ("started_at", "ended_at")),
    ]
)
"""Columns of a record that was read and cannot be true: what it corresponds to is still told."""


@dataclass(frozen=True, slots=True)
class Page:
    """One readable 200 answer of a record stream.

    Attributes:
        answer: The answer.
        records: How many records it has.
        doubtful: Whether one of them may be any record: neither an id nor a time of it can be read.
    """

    answer: Answer
    records: int
    doubtful: bool

    @property
    def has_more(self) -> bool:
        """Whether another page follows; only `hasMoreData` tells (Smartcar's API reference, §5.2)."""
        if self.answer.page is None:
            return False
        try:
            return _ENVELOPE.decode(self.answer.content).has_more is True
        except (msgspec.MsgspecError, ValueError):
            return True


class _Envelope(msgspec.Struct):
    has_more: object = msgspec.field(default=None, name="hasMoreData")


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_Key: TypeAlias = tuple[str, str | None, str]


@dataclass(frozen=True, slots=True)
class Sweeps:
    """What a batch of answers told whole.

    Attributes:
        whole: Columns `SWEEP`.
        refused: Columns `REFUSED`, of all answers.
        later: Round of the answers that came after a sweep of their vehicle and stream; of all others it is 0.
    """

    whole: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SWEEP))
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REFUSED))
    later: Mapping[str, int] = field(default_factory=dict)

    def of_sessions(self) -> Sweeps:
        """The sweeps of the streams that tell sessions."""
        return Sweeps(self.whole.filter(pl.col("stream") != DAYS_STREAM), self.refused, self.later)

    def of_days(self) -> Sweeps:
        """The sweeps of Tesla's days."""
        return Sweeps(self.whole.filter(pl.col("stream") == DAYS_STREAM), self.refused, self.later)

    def rounds(self, observations: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Observations and sweeps, cut so that each part has one sweep a vehicle and stream at most, the last of it.

        In an ordinary batch that is one part. Vehicles do not wait for each other: their answers are never matched.
        """
        last = max(self.later.values(), default=0)
        if not last:
            yield observations, self.whole
            return
        numbers = observations["raw_ref"].replace_strict(self.later, default=0, return_dtype=pl.Int64)
        for number in range(last + 1):
            yield observations.filter(numbers == number), self.whole.filter(pl.col("round") == number)


NO_SWEEPS: Final = Sweeps()


def told_whole(pages: Iterable[Page], refused: pl.DataFrame, window_days: Mapping[str, int]) -> Sweeps:
    """The sweeps among these pages.

    Args:
        pages: Readable 200 answers of record streams, in any order, with all pages of the sweeps that end in them. The
            signal of v3 is no sweep: it tells a list of which nobody says how far it reaches.
        refused: Columns `REFUSED`.
        window_days: How far back a stream tells; 0, or not in it: no limit.
    """
    chains: defaultdict[_Key, list[Page]] = defaultdict(list)
    ended: defaultdict[_Key, int] = defaultdict(int)
    later: dict[str, int] = {}
    found: list[dict[str, object]] = []
    windowed = [page for page in pages if not STREAMS[page.answer.stream].is_signal]
    for page in sorted(windowed, key=lambda page: _place(page.answer.ref)):
        key = (page.answer.source, page.answer.vehicle_id, page.answer.stream)
        if ended[key]:
            later[page.answer.ref] = ended[key]
        chain = chains[key] = _continued(chains[key], page)
        if not chain or page.has_more:
            continue
        del chains[key]
        window = window_days.get(page.answer.stream, 0)
        if days := judged_days(chain[0].answer, window):
            if not any(each.doubtful for each in chain):
                found.append(_sweep(chain, days) | {"round": ended[key], "limited": window > 0})
            ended[key] += 1
    return Sweeps(pl.DataFrame(found, schema=SWEEP), refused, later)


def judged_days(asked: Answer, window_days: int) -> tuple[date, date] | None:
    """The first and last day (UTC) of which a whole answer tells for sure what there is and what there is not.

    Neither the first nor the last day that was asked for, since the source may cut them by another clock; not today,
    which is not over; of a window that moves with the time of the request, nothing at its edge or beyond.
    """
    if asked.since is None or asked.until is None:
        return None
    today = asked.asked_at.astimezone(UTC).date()
    first, last = asked.since + _DAY, min(asked.until, today) - _DAY
    if window_days:
        first = max(first, today - timedelta(days=window_days - 1))
    return (first, last) if first <= last else None


def _continued(chain: list[Page], page: Page) -> list[Page]:
    """The pages up to this one; none if one in between is missing. A page may have been asked for twice."""
    number = page.answer.page or 1
    if number == 1:
        return [page]
    before = chain[-1].answer if chain else None
    fits = before is not None and _asked(before) == _asked(page.answer) and number - (before.page or 1) in {0, 1}
    return [*chain, page] if fits else []


def _asked(answer: Answer) -> tuple[object, ...]:
    return answer.run_id, answer.since, answer.until


def _place(ref: str) -> tuple[str, int]:
    """The place of an answer in the canonical order: segments by name, lines by number."""
    segment, _, line = ref.rpartition("#")
    return segment, int(line)


def _sweep(chain: list[Page], days: tuple[date, date]) -> dict[str, object]:
    last = chain[-1].answer
    return {
        "source": last.source,
        "vehicle_id": last.vehicle_id,
        "make": STREAMS[last.stream].make,
        "stream": last.stream,
        "first_day": days[0],
        "last_day": days[1],
        "received_at": last.received_at,
        "run_id": last.run_id,
        "raw_ref": last.ref,
        "position": chain[-1].records,
        "answers": [page.answer.ref for page in chain],
    }
