from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

from collecting_rig import House, Rig
from stream_suite import WINDOW, StreamSuite

from collectors.collect import Task
from collectors.errors import RetryLater
from collectors.streams import BMW_RECORDS, MINI_RECORDS, STREAMS, TESLA_BILLING, TESLA_DAYS, V3_RECORDS
from lake.intervals import DayInterval
from lake.registry import Vehicle


class TestTeslaDays(StreamSuite):
    stream = TESLA_DAYS


class TestBmwRecords(StreamSuite):
    stream = BMW_RECORDS

    async def test_the_oldest_day_the_source_tells_is_not_taken_for_known(self, house: House) -> None:
        async with self.started(house) as (_, rig, vehicle):
            month = DayInterval(date(2026, 9, 20), date(2026, 10, 20))
            await rig.collector.collect([Task(vehicle, self.stream, month)])
        assert self.coverage(house, vehicle) == (DayInterval(date(2026, 9, 21), date(2026, 10, 19)),)


class TestMiniRecords(StreamSuite):
    stream = MINI_RECORDS


class TestTeslaBilling(StreamSuite):
    stream = TESLA_BILLING

    def pages(self, house: House) -> list[int | None]:
        return [answer.page for answer in house.landed() if answer.stream == self.stream.name]

    async def test_pages_are_read_to_the_end(self, house: House) -> None:
        async with self.started(house) as (_, rig, vehicle):
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert outcome.requests > 1
        assert self.pages(house) == list(range(1, outcome.requests + 1))

    async def test_an_empty_page_is_not_the_end(self, house: House) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            (whole,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
            emulator.faults.add("empty_page", page=1)
            (holed,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert holed.records == whole.records > 0
        assert holed.requests == whole.requests + 1

    async def test_pages_without_end_end_with_an_error(self, house: House) -> None:
        async with self.started(house, most_pages=15) as (emulator, rig, vehicle):
            emulator.faults.add("endless_pages")
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert isinstance(outcome.error, RetryLater)
        assert outcome.requests == 15
        assert self.coverage(house, vehicle) == ()

    async def test_a_page_that_fails_leaves_the_window_unknown_and_what_came_landed(self, house: House) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            original = rig.client._asker.ask
            calls = 0

            async def second_fails(*given: object) -> object:
                nonlocal calls
                calls += 1
                if calls == 2:
                    emulator.faults.add("asleep")
                return await original(*given)

            rig.client._asker.ask = second_fails  # type: ignore[method-assign]
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert isinstance(outcome.error, RetryLater)
        assert self.coverage(house, vehicle) == ()
        assert self.pages(house) == [1, 2]
        assert len(self.landed(house)) == 1

    async def test_a_record_on_two_pages_lands_on_both(self, house: House) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            emulator.faults.add("record_on_two_pages")
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        ids = [record["recordId"] for record in self.landed(house)]
        assert outcome.answered
        assert len(set(ids)) < len(ids)


class TestV3Records(StreamSuite):
    stream = V3_RECORDS
    source = "smartcar_v3"
    asked_window = (None, None)
    asked_query = (None, None)
    endpoint = "v3_signal"

    async def connected(self, rig: Rig) -> Vehicle:
        return (await rig.connected_v3(3)).vehicles[0]

    def records_in(self, body: Any) -> list[dict[str, object]]:
        return list(body["data"]["attributes"]["body"]["values"])

    def code_in(self, body: Any) -> str:
        return str(body["errors"][0]["code"])

    def as_of(self, house: House) -> date:
        told = json.loads(house.landed()[-1].content)["data"]["meta"]["oemUpdatedAt"]
        return datetime.fromisoformat(told).date()

    def known(self, house: House) -> DayInterval:
        """Whole days of the window before the one as of which the store tells."""
        return DayInterval(self.as_of(house) - timedelta(days=29), self.as_of(house) - timedelta(days=1))

    async def test_the_next_day_asks_for_the_look_back_and_the_gap_is_closed(self, house: House) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
            first = self.known(house)
            house.clock.advance(days=5)
            emulator.clock.set(house.clock.now())
            await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert self.coverage(house, vehicle) == (DayInterval(first.since, self.known(house).until),)
        assert self.as_of(house) >= date(2026, 10, 24)


def test_every_stream_passes_the_suite() -> None:
    assert {suite.stream for suite in StreamSuite.__subclasses__()} == set(STREAMS)
