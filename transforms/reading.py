"""A batch of answers as typed columns: records gathered by shape, each with its answer and its place in it.

What could not be read at all becomes quarantine rows here; nothing is judged. No file, no socket, no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl
from msgspec import UNSET, Raw, Struct
from polars._typing import SchemaDict

from lake.raw import Answer
from lake.schemas import QUARANTINE, UTC
from transforms import wire
from transforms.drift import Drift
from transforms.exact import instant
from transforms.shapes import NO_TOKEN, Record
from transforms.sweeps import Page

_ORIGIN: Final[SchemaDict] = {
    **dict.fromkeys(("source", "vehicle_id", "make", "stream"), pl.String),
    "received_at": UTC,
    **dict.fromkeys(("run_id", "raw_ref"), pl.String),
    "told_as_of": UTC,
}
NO_MAKE: Final = "UNKNOWN"
"""The make of a vehicle that was never told."""
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
        self._records: dict[str, list[tuple[int, int, Record]]] = {name: [] for name in wire.STREAMS}
        self._faults: list[tuple[int, int, str, str, str]] = []
        as_of = [self._open(number, answer) for number, answer in enumerate(answers)]
        self._origins = _origins(answers, as_of)

    def _open(self, number: int, answer: Answer) -> datetime | None:
        """Take in an answer; gives of when its records are, by the first of what is told that is an instant."""
        opened = wire.open_answer(answer, self.drift)
        if isinstance(opened, wire.Fault):
            self._faults.append((number, 0, opened.reason, opened.detail, wire.start_of_body(answer)))
            self.received[answer.stream] += 1
            opened = wire.Opened()
        self._raws.append(opened.records)
        self.received[answer.stream] += len(opened.records)
        self._read(number, answer.stream)
        return next((at for told in opened.told_as_of if (at := instant(told)) is not None), None)

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
        self._shape = wire.STREAMS[stream].shape
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
        currency = _texts(self._inside("cost", "currency"))
        return self._amounts("energy_amount"), self._amounts("other_amount"), currency

    def location(self) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
        """Name and address as text, latitude and longitude in degrees."""
        name, address = (_texts(self._inside("location", part)) for part in ("name", "address"))
        north, east = (
            pl.Series(self._inside("location", part), dtype=pl.Float64) for part in ("latitude", "longitude")
        )
        return name, address, north, east

    def _amounts(self, field: str) -> pl.Series:
        tokens = self._inside("cost", field, NO_TOKEN)
        return _texts(None if token is None else wire.amount_text(token) for token in tokens)

    def _told(self, field: str) -> list[Any]:
        return self._values(self._records, self._shape, field)

    def _inside(self, outer: str, field: str, absent: object = UNSET) -> list[Any]:
        """A field of the objects that stand in a field; None where there is no object or the field is not told."""
        objects = self._told(outer)
        shape = next((type(each) for each in objects if each is not None), None)
        told = iter(self._values([each for each in objects if each is not None], shape, field, absent, f"{outer}."))
        return [None if each is None else next(told) for each in objects]

    def _values(
        self, objects: Sequence[Any], shape: type[Struct] | None, field: str, absent: object = UNSET, prefix: str = ""
    ) -> list[Any]:
        values = [getattr(each, field) for each in objects]
        if shape is None or not any(value is absent for value in values):
            return values
        if not wire.STREAMS[self._stream].is_signal:
            self._drift.missing(self._stream, prefix + wire.name_on_the_wire(shape, field))
        return [None if value is absent else value for value in values]


def _texts(values: Iterable[str | None]) -> pl.Series:
    """Text as told, null where there is nothing in it but blanks."""
    told = pl.Series(list(values), dtype=pl.String)
    return told.set((told.str.strip_chars() == "").fill_null(value=False), None)


def _origins(answers: Sequence[Answer], as_of: Sequence[datetime | None]) -> pl.DataFrame:
    """One row an answer: what it says of where its records come from, and of when they are (`told_as_of`).

    Only v3 says of when; no data are of later than they were received.
    """
    rows = [
        (a.source, a.vehicle_id, _make(a), a.stream, a.received_at, a.run_id, a.ref, told)
        for a, told in zip(answers, as_of, strict=True)
    ]
    origins = pl.DataFrame(rows, schema=_ORIGIN, orient="row")
    is_signal = pl.Series([wire.STREAMS[a.stream].is_signal for a in answers], dtype=pl.Boolean)
    of_when = pl.min_horizontal(pl.coalesce("told_as_of", "received_at"), "received_at")
    return origins.with_columns(pl.when(is_signal).then(of_when).alias("told_as_of"))


def _make(answer: Answer) -> str:
    """The make of the stream, or of the vehicle where the stream has every make."""
    return wire.STREAMS[answer.stream].make or (answer.make or NO_MAKE).upper()
