"""Quarantine, delivery by delivery: every landed answer has its rows there exactly once.

A record that cannot be true is kept each time it is told, so a killed run and the next one may leave more rows than a
run that was left alone. What must be equal is what each answer left: by the hash of its body, the same positions with
the same reasons as in the undisturbed home. Only an answer that a fault of the trial damaged has no match there; it
has exactly one row, which says that it could not be read.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any, Final

import polars as pl

DAMAGING: Final = frozenset({"truncated", "html"})
"""The passing faults that spoil an answer's body."""

_UNREADABLE: Final = "unreadable_answer"
Left = Mapping[str, Counter[tuple[str, str]]]
"""What an answer left in quarantine, by the hash of its body: positions and reasons."""


@dataclass(frozen=True, slots=True)
class Landed:
    """An answer of a stream of records with status 200, as raw has it."""

    ref: str
    body: str
    request_id: str | None


def landed(home: Path) -> list[Landed]:
    """All such answers, in the order of landing."""
    told = [
        json.loads(line)
        for path in sorted(home.glob("raw/*/*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    return [
        Landed(each["ref"], each["sha256"], each.get("request_id"))
        for each in told
        if each["status"] == 200 and each.get("since")
    ]


def damaged_in(home: Path, request_ids: Collection[str]) -> frozenset[str]:
    """The places in raw of the answers to these requests."""
    return frozenset(each.ref for each in landed(home) if each.request_id in request_ids)


def left_by_answers(home: Path) -> Left:
    """What each body left, where it was told more than once the same each time."""
    kept = _kept(home)
    return {each.body: kept.get(each.ref, Counter()) for each in landed(home)}


def wrongs(home: Path, undisturbed: Left, damaged: Collection[str]) -> tuple[int, int, list[str]]:
    """Rows that are missing, rows that are too many, and sentences of which answers they are."""
    missing = more = 0
    says = []
    for answer, kept in _with_rows(home):
        expected = Counter({("0", _UNREADABLE): 1}) if answer.ref in damaged else undisturbed.get(answer.body)
        if expected is None or kept == expected:  # a body that only this home was told is compared row by row
            continue
        missing, more = missing + (expected - kept).total(), more + (kept - expected).total()
        says.append(f"{answer.ref} left {dict(kept)} in quarantine, not {dict(expected)}")
    return missing, more, says


def _with_rows(home: Path) -> list[tuple[Landed, Counter[tuple[str, str]]]]:
    kept = _kept(home)
    return [(each, kept.get(each.ref, Counter())) for each in landed(home)]


def _kept(home: Path) -> dict[str, Counter[tuple[str, str]]]:
    found: dict[str, Counter[tuple[str, str]]] = {}
    for raw_ref, reason in _rows(home):
        answer, _, position = raw_ref.rpartition("/")
        found.setdefault(answer, Counter())[position, reason] += 1
    return found


def _rows(home: Path) -> list[tuple[Any, ...]]:
    files = f"{home}/lake/quarantine/**/*.parquet"
    if not glob(files, recursive=True):  # noqa: PTH207, as elsewhere here: Path.glob fails where a folder is removed
        return []
    return pl.read_parquet(files, hive_partitioning=False).select("raw_ref", "reason").rows()
