from __future__ import annotations

from datetime import date

from collecting_rig import House
from stream_suite import WINDOW, StreamSuite

from collectors.collect import Task
from collectors.errors import RetryLater
from collectors.streams import BMW_RECORDS, MINI_RECORDS, STREAMS, TESLA_BILLING, TESLA_DAYS, V2
from lake.intervals import DayInterval


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


def test_every_stream_passes_the_suite() -> None:
    assert {suite.stream for suite in StreamSuite.__subclasses__()} == {
        each for each in STREAMS if each.interface == V2
    }
