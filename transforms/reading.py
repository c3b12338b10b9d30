"""A batch of answers as typed columns: records gathered by shape, each with its answer and its place in it.

What could not be read at all becomes quarantine rows here; nothing is judged. No file, no socket, no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import polars as pl
from msgspec import UNSET, Raw
from polars._typing import SchemaDict

from lake.raw import Answer
from lake.schemas import QUARANTINE, UTC
from transforms import wire
from transforms.drift import Drift
from transforms.sweeps import Page

_ORIGIN: Final[SchemaDict] = {
    **dict.fromkeys(("source", "vehicle_id", "make", "stream"), pl.String),
    "received_at": UTC,
    **dict.fromkeys(("run_id", "raw_ref"), pl.String),
}
_FAULT: Final[SchemaDict] = {
    **dict.fromkeys(("answer", "position"), pl.Int64),
    **dict.fromkeys(("reason", "detail", "record"), pl.String),
}


class Reading:
    """The records of a batch of answers of the record streams.

    Attributes:
        received: Records received, a stream; an unreadable answer counts as one.
        drift: What the streams told otherwise than documented.
    """

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.drift = Drift()
        self.received: Counter[str] = Counter()
        self._answers = answers
        self._raws: list[Sequence[Raw]] = []
        self._records: dict[str, list[tuple[int, int, wire.Record]]] = {name: [] for name in wire.STREAMS}
        self._faults: list[tuple[int, int, str, str, str]] = []
        for number, answer in enumerate(answers):
            self._open(number, answer)
        self._origins = _origins(answers)

    def _open(self, number: int, answer: Answer) -> None:
        raws = wire.open_answer(answer, self.drift)
        if isinstance(raws, wire.Fault):
            self._faults.append((number, 0, raws.reason, raws.detail, wire.start_of_body(answer)))
            self.received[answer.stream] += 1
            raws = ()
        self._raws.append(raws)
        self.received[answer.stream] += len(raws)
        self._read(number, answer.stream)

    def _read(self, number: int, stream: str) -> None:
        good = self._records[stream]
        for position, raw in enumerate(self._raws[number]):
            record = wire.read_record(raw, stream, self.drift)
            if isinstance(record, wire.Fault):
                self._faults.append((number, position, record.reason, record.detail, wire.text_of(raw)))
            else:
                good.append((number, position, record))

    def columns(self, stream: str) -> Columns:
        """The readable records of one stream, to be taken column by column."""
        return Columns(self._records[stream], self._origins, stream, self.drift)

    def unreadable(self) -> pl.DataFrame:
        """Quarantine rows of the answers and records that could not be read at all."""
        return self._quarantine(pl.DataFrame(self._faults, schema=_FAULT, orient="row"))

    def refused(self, judged: pl.DataFrame) -> pl.DataFrame:
        """Quarantine rows of records that were read and cannot be true.

        Args:
            judged: Columns answer, position, reason, detail.
        """
        places = judged.select("answer", "position").iter_rows()
        records = [wire.text_of(self._raws[answer][position]) for answer, position in places]
        return self._quarantine(judged.with_columns(pl.Series("record", records, pl.String)))

    def pages(self, doubtful: Collection[int]) -> tuple[Page, ...]:
        """The answers that could be read.

        Args:
            doubtful: Numbers of answers with a record that may be any; those with an unreadable one are so anyway.
        """
        unread = {number for number, _, reason, _, _ in self._faults if reason == "unreadable_answer"}
        doubts = {number for number, *_ in self._faults}.union(doubtful)
        return tuple(
            Page(answer, len(self._raws[number]), number in doubts)
            for number, answer in enumerate(self._answers)
            if number not in unread
        )

    def _quarantine(self, faults: pl.DataFrame) -> pl.DataFrame:
        origin = self._origins[faults["answer"]]
        told = pl.concat([origin, faults.select(_FAULT.keys())], how="horizontal")
        place = pl.format("{}/{}", "raw_ref", "position").alias("raw_ref")
        return told.with_columns(place).select(QUARANTINE.schema.names())


class Columns:
    """Typed columns of the records of one stream; a field that some record does not have is noted as drift."""

    def __init__(
        self,
        rows: Sequence[tuple[int, int, Any]],
        origins: pl.DataFrame,
        stream: str,
        drift: Drift,
    ) -> None:
        self._rows = rows
        self._origins = origins
        self._stream = stream
        self._drift = drift
        self._records = [record for _, _, record in rows]

    def places(self) -> pl.DataFrame:
        """Number of the answer, position in it, and what the answer says of itself."""
        numbers = pl.Series("answer", [number for number, _, _ in self._rows], pl.Int64)
        positions = pl.Series("position", [position for _, position, _ in self._rows], pl.Int64)
        return self._origins[numbers].with_columns(numbers, positions)

    def numbers(self, field: str) -> pl.Series:
        """A field of numbers."""
        return pl.Series(self._told(field), dtype=pl.Float64)

    def truths(self, field: str) -> pl.Series:
        """A field of true and false."""
        return pl.Series(self._told(field), dtype=pl.Boolean)

    def texts(self, field: str) -> pl.Series:
        """A field as text, null where it is empty; a number is written out."""
        told = (value if value is None else str(value) for value in self._told(field))
        return _texts(told)

    def costs(self) -> tuple[pl.Series, pl.Series, pl.Series]:
        """The amount for energy, the amount for anything else, and the currency, all as text."""
        costs = [wire.NO_COST if cost is None else cost for cost in self._told("cost")]
        given = [cost for cost in costs if cost is not wire.NO_COST]
        for field, absent in (("currency", UNSET), ("energy", wire.NO_TOKEN), ("other", wire.NO_TOKEN)):
            self._note(f"cost.{field}", any(getattr(cost, field) is absent for cost in given))
        energy = _texts(wire.amount_text(cost.energy) for cost in costs)
        other = _texts(wire.amount_text(cost.other) for cost in costs)
        return energy, other, _texts(None if cost.currency is UNSET else cost.currency for cost in costs)

    def _told(self, field: str) -> list[Any]:
        values = [getattr(record, field) for record in self._records]
        absent = any(value is UNSET for value in values)
        self._note(wire.name_on_the_wire(self._stream, field), absent)
        return [None if value is UNSET else value for value in values] if absent else values

    def _note(self, name: str, absent: bool) -> None:  # noqa: FBT001 (a fact told by the two callers above)
        if absent:
            self._drift.missing(self._stream, name)


def _texts(values: Iterable[str | None]) -> pl.Series:
    """Text as told, null where there is nothing in it but blanks."""
    told = pl.Series(list(values), dtype=pl.String)
    return told.set((told.str.strip_chars() == "").fill_null(value=False), None)


def _origins(answers: Sequence[Answer]) -> pl.DataFrame:
    """One row an answer: what it says of where its records come from."""
    rows = [
        (a.source, a.vehicle_id, wire.STREAMS[a.stream].make, a.stream, a.received_at, a.run_id, a.ref) for a in answers
    ]
    return pl.DataFrame(rows, schema=_ORIGIN, orient="row")
