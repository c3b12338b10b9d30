"""Answers as they land, and a lake that takes them in as a caller of the transforms does."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from msgspec import structs

from lake.raw import Answer, encode_body
from lake.schemas import CHARGE_DAY_HISTORY, SESSION_HISTORY
from transforms import days, months, sessions
from transforms.decode import Decoded, decode
from transforms.sweeps import Sweeps, told_whole

FIXTURES = Path(__file__).parents[1] / "fixtures" / "transforms"
CURRENCIES = frozenset({"USD", "EUR", "JPY"})
RECEIVED = datetime(2026, 10, 20, 6, tzinfo=UTC)
VEHICLE = "v-1"
VEHICLES = pl.DataFrame(
    {
        "vehicle_id": [VEHICLE, "v-ny"],
        "model": ["i4", "Model 3"],
        "timezone": ["Europe/Berlin", "America/New_York"],
    }
)
WINDOW_DAYS = {"bmw_records": 30, "mini_records": 30}
NO_HISTORY = SESSION_HISTORY.empty().with_columns(pl.lit(None, pl.String).alias("month"))
NO_DAY_HISTORY = CHARGE_DAY_HISTORY.empty().with_columns(pl.lit(None, pl.String).alias("month"))


def answer(
    stream: str, records: object, number: int = 1, vehicle_id: str = VEHICLE, run: int = 1, status: int = 200
) -> Answer:
    """The answer on line `number` of the segment of a run; `records` may be a whole body as text or bytes."""
    whole = records if isinstance(records, (str, bytes)) else json.dumps({"records": records})
    body, encoding, sha256 = encode_body(whole.encode() if isinstance(whole, str) else whole)
    received_at = RECEIVED + timedelta(hours=run, seconds=number)
    return Answer(
        source="smartcar_v2",
        stream=stream,
        run_id=f"run-{run:03}",
        asked_at=received_at,
        received_at=received_at,
        method="GET",
        path="/vehicles",
        status=status,
        body=body,
        sha256=sha256,
        encoding=encoding,
        vehicle_id=vehicle_id,
        ref=f"2026-10-20/20261020T{run:06}.000000Z-aa.jsonl.gz#{number}",
    )


def swept(
    stream: str,
    *pages: object,
    run: int = 1,
    since: str = "2026-09-15",
    until: str = "2026-10-20",
    more: bool = False,
    **told: str,
) -> list[Answer]:
    """The answers of a run that told a window whole, page by page; `more`: but for further pages."""
    answers = []
    for number, records in enumerate(pages, 1):
        follows = more or number < len(pages)
        body = records if isinstance(records, str) else json.dumps({"records": records, "hasMoreData": follows})
        landed = answer(stream, body, number, run=run, **told)
        page = number if stream == "tesla_billing" else None
        asked = {"since": date.fromisoformat(since), "until": date.fromisoformat(until), "page": page}
        answers.append(structs.replace(landed, **asked))
    return answers


def read(*answers: Answer) -> Decoded:
    return decode(answers, CURRENCIES)


def recorded(name: str) -> str:
    return (FIXTURES / name).read_text()


def bill(**changes: object) -> dict[str, object]:
    """A paid session of a Tesla."""
    return {
        "chargeStart": "2026-10-10T15:40:00.000Z",
        "chargeEnd": "2026-10-10T16:20:00.000Z",
        "energyConsumed": 44.1,
        "cost": {"currency": "USD", "energy": "41", "other": "0"},
        "location": "Los Gatos, CA",
        "recordId": "GF22-1",
    } | changes


def cost(currency: object = "USD", energy: object = "41", other: object = "0") -> dict[str, object]:
    return {"currency": currency, "energy": energy, "other": other}


def session(start: str = "2026-10-08T12:54:44Z", end: str | None = None, **changes: object) -> dict[str, object]:
    """A session of a BMW; it ends an hour after its start unless told otherwise."""
    an_hour_later = (datetime.fromisoformat(start) + timedelta(hours=1)).isoformat() if "T" in start else None
    return {
        "chargeStart": start,
        "chargeEnd": end or an_hour_later,
        "location": "Cockfosters Road, Barnet, EN4 0",
        "energy": 34.2,
        "isPublic": True,
        "startPercentRemaining": 0.57,
        "endPercentRemaining": 1,
        "chargingType": "DC",
    } | changes


def day(date: object = "2026-10-10", **changes: object) -> dict[str, object]:
    return {"date": date, "home": 10, "other": 15, "superCharger": 25, "total": 50} | changes


class Lake:
    """History by partition; each batch reads and writes only the partitions that the transforms name."""

    def __init__(self) -> None:
        self.history = NO_HISTORY
        self.day_history = NO_DAY_HISTORY
        self.counts: list[dict[str, tuple[int, int, int]]] = []
        self.notes: set[str] = set()
        self._landed: dict[str, Answer] = {}

    def take_in(self, *answers: Answer, cut_short_after: int | None = None) -> Decoded:
        """Take in a batch; `cut_short_after` so many partitions of history have been written."""
        decoded, before = read(*answers), read(*self._earlier(answers))
        self._landed |= {each.ref: each for each in answers}
        refused = pl.concat([before.refused, decoded.refused])
        sweeps = told_whole([*before.pages, *decoded.pages], refused, WINDOW_DAYS)
        self._sessions(decoded.sessions, sweeps.of_sessions(), before.sessions, cut_short_after)
        self._days(decoded.days, sweeps.of_days())
        return decoded

    def _earlier(self, answers: Sequence[Answer]) -> list[Answer]:
        """Pages of the same runs that landed before."""
        first = min((each.ref for each in answers), default="")
        runs = {each.run_id for each in answers if each.page is not None}
        return [each for ref, each in self._landed.items() if each.run_id in runs and each.page and ref < first]

    def _sessions(
        self, observed: pl.DataFrame, sweeps: Sweeps, again: pl.DataFrame, cut_short_after: int | None
    ) -> None:
        index, told = self.history.select(sessions.INDEX.names()), pl.concat([again, observed])
        touched = sessions.touched_months(told, sweeps) | sessions.touched_by_id(index, told)
        applied = sessions.apply(_of(self.history, touched), observed, sweeps, again)
        self._note(applied)
        after = applied.history(_of(self.history, touched))
        written = sorted(after.select("make", "month").unique().iter_rows())[:cut_short_after]
        untouched = self.history.filter(~months.within(written)) if written else self.history
        self.history = pl.concat([untouched, _of(after, written)])

    def _days(self, observed: pl.DataFrame, sweeps: Sweeps) -> None:
        told = days.dated(observed, VEHICLES, "UTC")
        applied = days.apply(_of(self.day_history, days.touched_months(told, sweeps)), told, sweeps)
        self._note(applied)
        self.day_history = pl.concat([self.day_history, applied.appended])

    def _note(self, applied: sessions.AppliedSessions | days.AppliedDays) -> None:
        self.counts.append({name: (c.new, c.changed, c.unchanged) for name, c in applied.counts.items()})
        self.notes |= set().union(*applied.notes.values())

    def sessions(self) -> pl.DataFrame:
        return sessions.current(self.history, VEHICLES, "UTC")

    def published(self) -> pl.DataFrame:
        """The current rows made month by month, each from the partitions it needs alone."""
        parts = set(self.history.select("make", "month").iter_rows())
        made = [
            sessions.current(_of(self.history, sessions.months_to_read({part})), VEHICLES, "UTC", {part})
            for part in sorted(parts)
        ]
        return pl.concat([sessions.current(NO_HISTORY, VEHICLES, "UTC"), *made])

    def days(self) -> pl.DataFrame:
        return days.current(self.day_history)

    def rows(self) -> list[tuple[object, ...]]:
        """All history in one order, to compare lakes by."""
        told = self.history.sort("session_id", "revision", "status", "month").rows()
        return told + self.day_history.sort("vehicle_id", "day", "revision").rows()


def _of(frame: pl.DataFrame, partitions: Collection[tuple[str, str]]) -> pl.DataFrame:
    wanted = pl.DataFrame(sorted(partitions), schema={"make": pl.String, "month": pl.String}, orient="row")
    return frame.join(wanted, on=["make", "month"], how="semi", maintain_order="left")


def lake_of(batches: Iterable[Sequence[Answer]]) -> Lake:
    lake = Lake()
    for batch in batches:
        lake.take_in(*batch)
    return lake
