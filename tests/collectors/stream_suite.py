"""What must hold for every stream. A new stream inherits this suite and passes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from collecting_rig import NOW, House, Rig, of_make, practice

from collectors import errors
from collectors.collect import Task
from collectors.http import Limits, Transport
from collectors.streams import Stream
from collectors.windows import window_to_ask
from emulator import Emulator, EmulatorConfig
from lake.intervals import DayInterval
from lake.registry import Vehicle

WINDOW = DayInterval(date(2026, 9, 25), date(2026, 10, 20))
KNOWN = DayInterval(date(2026, 9, 25), date(2026, 10, 19))

RECOVERED = ["reset", "truncated", "html", "empty_body", "error_with_200", "server_internal", "upstream_no_response"]
STATES = {
    "permission": ("no_permission", errors.NotPermitted, 1),
    "vehicle_not_capable": ("not_capable", errors.NotCapable, 1),
    "subscription": ("owner_must_act", errors.OwnerMustAct, 1),
    "vehicle_request_limit": ("over_budget", errors.VehicleWaits, 1),
    "upstream_rate_limit": ("upstream_error", errors.MakerWaits, 1),
    "asleep": ("upstream_error", errors.RetryLater, 1),
    "validation_parameter": ("upstream_error", errors.OurBug, 1),
    "not_found": ("upstream_error", errors.OurBug, 1),
    "record_not_found": ("upstream_error", errors.RetryNow, 4),
    "reset": ("upstream_error", errors.NoAnswer, 4),
    "html": ("upstream_error", errors.RetryNow, 4),
}


class StreamSuite:
    stream: Stream

    source = "smartcar_v2"
    asked_window: tuple[date | None, date | None] = (WINDOW.since, WINDOW.until)
    asked_query = ("2026-09-25", "2026-10-20")

    @property
    def endpoint(self) -> str:
        """The emulator's names of the stream's endpoints."""
        return f"{(self.stream.make or '').lower()}_*"

    async def connected(self, rig: Rig) -> Vehicle:
        return of_make((await rig.connected(3)).vehicles, self.stream.make or "")[0]

    def known(self, house: House) -> DayInterval:
        """The days of `WINDOW` that its answer makes known."""
        del house
        return KNOWN

    def records_in(self, body: Any) -> list[dict[str, object]]:
        return list(body["records"])

    def code_in(self, body: Any) -> str:
        return str(body["code"])

    @asynccontextmanager
    async def started(self, house: House, **settings: object) -> AsyncIterator[tuple[Emulator, Rig, Vehicle]]:
        config = EmulatorConfig(
            now=NOW, clock_rate=0, bucket=100_000, refill_per_minute=1e6, vehicle_spacing=0, newer_tesla_share=0,
            billing_page_size=1, seed=23,
        )  # fmt: skip
        async with practice(house, config, **settings) as (emulator, rig):
            vehicle = await self.connected(rig)
            emulator.log.clear()
            yield emulator, rig, vehicle

    def coverage(self, house: House, vehicle: Vehicle) -> tuple[DayInterval, ...]:
        return house.ledger.coverage(vehicle.vehicle_id, self.stream.name)

    def landed(self, house: House) -> list[dict[str, object]]:
        answers = [answer for answer in house.landed() if answer.stream == self.stream.name and answer.status == 200]
        return [record for answer in answers for record in self.records_in(json.loads(answer.content))]

    async def test_a_window_is_asked_landed_and_known(self, house: House) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
            asked = emulator.log.entries
        assert outcome.answered
        assert outcome.records == len(self.landed(house)) > 0
        assert outcome.requests == len(asked)
        assert {(entry.query.get("startDate"), entry.query.get("endDate")) for entry in asked} == {self.asked_query}
        assert self.coverage(house, vehicle) == (self.known(house),)

    async def test_an_answer_lands_with_what_was_asked(self, house: House) -> None:
        async with self.started(house) as (_, rig, vehicle):
            await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        answer = house.landed()[-1]
        assert (answer.source, answer.stream, answer.make) == (self.source, self.stream.name, vehicle.make)
        assert (answer.vehicle_id, answer.run_id) == (vehicle.vehicle_id, "20261020T120000Z-abc123")
        assert (answer.since, answer.until, answer.status) == (*self.asked_window, 200)
        assert (answer.page is None) == (not self.stream.paged)
        assert answer.request_id
        assert "authorization" not in answer.headers

    async def test_the_next_day_asks_for_the_look_back_and_the_gap_is_closed(self, house: House) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
            house.clock.advance(days=5)
            emulator.clock.set(house.clock.now())
            known, today = self.coverage(house, vehicle), house.clock.now().date()
            window = window_to_ask(known, WINDOW.since, today, lookback_days=3)
            assert window == DayInterval(date(2026, 10, 20), date(2026, 10, 25))
            await rig.collector.collect([Task(vehicle, self.stream, window)])
        assert self.coverage(house, vehicle) == (DayInterval(WINDOW.since, date(2026, 10, 24)),)

    @pytest.mark.parametrize("fault", RECOVERED)
    async def test_a_passing_trouble_is_overcome_within_the_run(self, house: House, fault: str) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            emulator.faults.add(fault, times=2)
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert outcome.answered
        assert self.coverage(house, vehicle) == (self.known(house),)

    @pytest.mark.parametrize("fault", STATES)
    async def test_a_lasting_trouble_is_told_to_the_ledger_and_nothing_becomes_known(
        self, house: House, fault: str
    ) -> None:
        state, kind, requests = STATES[fault]
        async with self.started(house) as (emulator, rig, vehicle):
            emulator.faults.add(fault, endpoint=self.endpoint)
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert type(outcome.error) is kind
        assert outcome.error.at.vehicle_id == vehicle.vehicle_id
        assert outcome.error.at.call.endswith(self.stream.path)
        assert outcome.requests == requests
        assert self.coverage(house, vehicle) == ()
        told = house.ledger.states()[vehicle.vehicle_id, self.stream.name]
        assert told.blocked_state == state
        assert told.blocked_detail == outcome.error.what_to_do

    async def test_an_error_lands_as_it_came(self, house: House) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            emulator.faults.add("asleep")
            await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        answer = house.landed()[-1]
        assert answer.status == 409
        assert self.code_in(json.loads(answer.content)) == "ASLEEP"

    async def test_an_answer_unblocks_what_was_blocked(self, house: House) -> None:
        async with self.started(house) as (_, rig, vehicle):
            house.ledger.block(
                vehicle.vehicle_id, self.stream.name, "owner_must_act", detail="x", until=None, at=house.clock.now()
            )
            await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert house.ledger.states()[vehicle.vehicle_id, self.stream.name].blocked_state is None

    async def test_what_could_not_land_is_not_known(self, house: House) -> None:
        async with self.started(house) as (_, rig, vehicle):

            def full(*_: object) -> None:
                raise OSError("no space left on device")

            house.store.put = full  # type: ignore[method-assign]
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert type(outcome.error) is errors.OurBug
        assert self.coverage(house, vehicle) == ()

    async def test_a_huge_answer_is_refused_and_a_dripping_one_is_read(self, house: House) -> None:
        small = Transport(Limits(body=500_000))
        async with self.started(house, transport=small) as (emulator, rig, vehicle):
            emulator.faults.add("huge_body", times=1, megabytes=5)
            (huge,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
            emulator.faults.add("slow_drip", times=1, wait=0.0001)
            (dripping,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert type(huge.error) is errors.RetryLater
        assert dripping.answered

    async def test_unknown_fields_break_nothing(self, house: House) -> None:
        async with self.started(house) as (emulator, rig, vehicle):
            emulator.faults.add("unknown_fields")
            (outcome,) = await rig.collector.collect([Task(vehicle, self.stream, WINDOW)])
        assert outcome.answered
        assert all("xNew" in record for record in self.landed(house))
