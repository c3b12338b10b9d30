"""What was pushed to us, on its way from the journal to the ledger: sealed, and taken notice of.

The receiver writes; a run reads. Nothing here needs the receiver to run, or to have ended well.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from collectors.errors import scrub
from collectors.smartcar_v3.events import EVENTS, NotAnEvent
from collectors.smartcar_v3.notices import NOTHING, Told, told
from collectors.streams import V2, V3_RECORDS
from flows.house import House
from lake.intervals import DayInterval
from lake.journal import Cleaning, Sealed, seal_left
from lake.lock import holder
from lake.notices import Notice
from lake.raw import Answer
from lake.runs import StreamCount

_log = logging.getLogger(__name__)

COMMAND = "webhooks"
"""What the runs that events are taken in under are called."""
_SHOWN = 3
"""Vehicles that a note names."""


def seal_journals(house: House) -> None:
    """Make segments of the journals that no receiver writes any more, as after it was killed."""
    for sealed in seal_left(house.store, cleaning(house)):
        say(sealed)


def cleaning(house: House) -> Cleaning:
    """Takes forgotten vehicles out of what is sealed, by the marks as they are then."""

    def clean(answers: Sequence[Answer]) -> list[Answer]:
        guard = house.forgotten.guard()
        return [guard.cleaned(answer) for answer in answers]

    return clean


def say(sealed: Sealed) -> None:
    """Log what became of a journal."""
    if sealed.segment:
        _log.info("sealed %d events as %s", len(sealed.answers), sealed.segment)
    if sealed.torn:
        _log.warning("dropped %d bytes that a kill left half written; nobody was told they are safe", sealed.torn)
    if sealed.damaged:
        _log.error("%s has lines that cannot be read; the others are sealed", sealed.damaged)


def receiver(house: House) -> str | None:
    """The number of the process that receives on this home; None if none does."""
    return holder(house.receiver_lock)


@dataclass(slots=True)
class _News:
    """What a batch of events tells of one vehicle."""

    days: list[DayInterval] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def add(self, found: Told) -> None:
        self.notices += found.notices
        if found.days is not None:
            self.days.append(found.days)


def take_notice(house: House, answers: Sequence[Answer]) -> dict[str, StreamCount]:
    """Tell the ledger what landed events tell; gives what there is to say of them, by stream.

    Events of vehicles that are not connected here stay in raw and change nothing.
    """
    events = [answer for answer in answers if answer.stream == EVENTS and answer.vehicle_id is not None]
    if not events:
        return {}
    _learn_makes(house, events)
    consent = {each.vehicle_id: each.consented_at.date() for each in house.registry.vehicles()}
    news: dict[str, _News] = {}
    for event in events:
        if event.vehicle_id is not None and event.vehicle_id in consent:
            found = told_days(event, consent[event.vehicle_id], house.settings.smartcar.window_days)
            news.setdefault(event.vehicle_id, _News()).add(found)
    for vehicle_id, each in news.items():
        if each.notices or each.days:
            house.ledger.told(vehicle_id, V3_RECORDS.name, each.days, each.notices)
    strangers = sorted({scrub(str(event.vehicle_id)) for event in events if event.vehicle_id not in consent})
    return {EVENTS: StreamCount(drift=(_of_strangers(strangers),))} if strangers else {}


def _learn_makes(house: House, events: Sequence[Answer]) -> None:
    """Take the first make that is told of a vehicle whose connection told none; v2.0 is asked for it by itself."""
    told = {event.vehicle_id: event.make for event in reversed(events) if event.make}
    for vehicle in house.registry.vehicles() if told else ():
        if vehicle.make is None and vehicle.vehicle_id in told and V2 not in vehicle.interfaces:
            house.registry.keep_vehicle(replace(vehicle, make=told[vehicle.vehicle_id]))


def told_days(event: Answer, consent_day: date, window_days: int) -> Told:
    """What a landed event tells; nothing where it cannot be read as one."""
    try:
        return told(event, consent_day, window_days)
    except NotAnEvent:
        return NOTHING


def _of_strangers(vehicle_ids: Sequence[str]) -> str:
    shown = ", ".join(vehicle_ids[:_SHOWN]) + (", …" if len(vehicle_ids) > _SHOWN else "")
    return f"events of vehicles that are not connected here change nothing in the ledger (e.g. {shown})"
