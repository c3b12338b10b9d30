"""`quarantine replay`: records that cannot be true are judged again by today's rules, asking nobody.

The landed answers of quarantined records are read and judged once more. If any of their records passes now, or has
another reason, the tables are made anew from all that has landed: revisions take effect in the order of landing, and
a record that comes in late would otherwise stand behind what was told after it. So a replay and a `rebuild` give the
same tables, and a replay that changes nothing costs the answers concerned alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from flows.exits import Exit, Stop
from flows.house import House
from flows.publishing import publish_state
from flows.transforming import rebuild
from lake.raw import Answer, read_answers
from lake.reference import currencies
from lake.schemas import QUARANTINE, QUARANTINE_REASONS
from transforms import snapshots
from transforms.decode import decode

_SEGMENTS_AT_ONCE: Final = 200
_JUDGED: Final = ("raw_ref", "reason", "detail")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did.

    Attributes:
        moved: Records that are in the tables now, by the reason they had.
        stayed: Records that still cannot be true, by the reason they have now.
        also_moved: Records with another reason than the one asked for that moved as well.
        files: Files of the lake that differed and were replaced.
    """

    moved: Counter[str]
    stayed: Counter[str]
    also_moved: int = 0
    files: int = 0


def check_reason(reason: str | None) -> None:
    """Let a reason pass that records can have, and None.

    Raises:
        Stop: There is no such reason (exit code 2).
    """
    if reason is not None and reason not in QUARANTINE_REASONS:
        raise Stop(Exit.USAGE, f"--reason {reason}: no such reason; there are {', '.join(sorted(QUARANTINE_REASONS))}")


def replay(house: House, reason: str | None = None) -> Replayed:
    """Judge quarantined records again and move those that pass into the tables; the caller holds the lake.

    Args:
        house: The house.
        reason: Look at the records with this reason alone; default: at all. Where one of them passes, all that pass
            move: tables are made from what has landed and today's rules, and from nothing else.

    Raises:
        Stop: There is no such reason (exit code 2).
    """
    check_reason(reason)
    kept = house.tables.read(QUARANTINE)
    chosen = kept if reason is None else kept.filter(pl.col("reason") == reason)
    if _as_judged(chosen).equals(_judged_again(house, chosen)):
        return Replayed(Counter(), Counter(chosen["reason"]))
    files = rebuild(house)
    publish_state(house)
    return _compared(kept, chosen, house.tables.read(QUARANTINE), files)


def _judged_again(house: House, chosen: pl.DataFrame) -> pl.DataFrame:
    """The chosen records that cannot be true by today's rules: raw_ref, reason, detail."""
    known = currencies()
    found = [
        judged
        for answers in _answers_of(house, chosen)
        for judged in (decode(answers, known).quarantine, snapshots.read(answers).quarantine)
    ]
    judged = pl.concat([QUARANTINE.empty(), *found])
    return _as_judged(judged.join(chosen.select("raw_ref"), on="raw_ref", how="semi"))


def _answers_of(house: House, chosen: pl.DataFrame) -> Iterator[list[Answer]]:
    """The landed answers of these records, some segments at a time."""
    refs = {ref.rpartition("/")[0] for ref in chosen["raw_ref"]}
    names = sorted({ref.partition("#")[0] for ref in refs})
    for first in range(0, len(names), _SEGMENTS_AT_ONCE):
        landed = read_answers(house.store, names[first : first + _SEGMENTS_AT_ONCE])
        yield [answer for answer in landed if answer.ref in refs]


def _as_judged(records: pl.DataFrame) -> pl.DataFrame:
    return records.select(_JUDGED).sort(_JUDGED)


def _compared(before: pl.DataFrame, chosen: pl.DataFrame, after: pl.DataFrame, files: int) -> Replayed:
    moved = before.join(after, on="raw_ref", how="anti")
    asked_for = moved.join(chosen, on="raw_ref", how="semi")
    stayed = after.join(chosen, on="raw_ref", how="semi")
    return Replayed(Counter(asked_for["reason"]), Counter(stayed["reason"]), len(moved) - len(asked_for), files)
