"""What is delivered: the bodies of VERIFY, VEHICLE_STATE and VEHICLE_ERROR, and their signature (§9 of the reference).

Times are milliseconds of the epoch. `eventId` stays the same when a delivery is tried again, `deliveryId` does not.
"""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from emulator.faults.signals import Reading, write_time
from emulator.identity import uuid_of
from emulator.model import Vehicle
from emulator.v3.shapes import attributes
from emulator.v3.signals import RECORDS, SIGNALS
from emulator.v3.store import LAG
from emulator.webhooks.subscriptions import Webhook

Body = dict[str, object]
VERSION = "4.0"
FIRST = "FIRST_DELIVERY"


@dataclass(slots=True)
class Event:
    """Something to tell of a vehicle as of `at` (UTC); `error` makes it a VEHICLE_ERROR."""

    id: str
    vehicle_id: str
    user_id: str
    at: datetime
    sequence: int
    due: datetime
    first: bool = False
    error: Mapping[str, object] | None = None
    first_attempt: datetime | None = None
    attempts: int = 0
    deliveries: int = field(default=0)

    @property
    def kind(self) -> str:
        """The event's type, as the body has it."""
        return "VEHICLE_STATE" if self.error is None else "VEHICLE_ERROR"

    def next_delivery(self) -> str:
        """Give the id of the next delivery."""
        self.deliveries += 1
        return uuid_of("delivery", self.id, self.deliveries)


def signature(token: str, message: bytes) -> str:
    """Give the hex HMAC-SHA256 of a message under the application's management token."""
    return hmac.new(token.encode(), message, "sha256").hexdigest()


def verify_body(webhook: Webhook, challenge: str, now: datetime, faults: Collection[str]) -> Body:
    """Write a VERIFY; older ones have the challenge under `payload`."""
    where = "payload" if "webhook_old_challenge" in faults else "data"
    event_id = uuid_of("verify", webhook.id, challenge)
    meta = _meta(webhook, uuid_of("delivery", event_id), now) | {"mode": "TEST"}
    return {"eventId": event_id, "eventType": "VERIFY", where: {"challenge": challenge}, "meta": meta}


def _meta(webhook: Webhook, delivery_id: str, now: datetime) -> Body:
    return {
        "version": VERSION,
        "deliveryId": delivery_id,
        "deliveredAt": write_time(now, "milliseconds"),
        "webhookId": webhook.id,
        "webhookName": webhook.name,
    }


def body(webhook: Webhook, event: Event, vehicle: Vehicle, mode: str, now: datetime) -> Body:
    """Write what every event of a vehicle has; `told` and `failed` add what it is about."""
    meta = _meta(webhook, event.next_delivery(), now)
    meta |= {"sequence": event.sequence, "mode": "LIVE" if mode == "live" else "TEST"}
    who: Body = {"user": {"id": event.user_id}, "vehicle": {"id": vehicle.id, **attributes(vehicle, mode)}}
    return {"eventId": event.id, "eventType": event.kind, "vehicleId": vehicle.id, "data": who, "meta": meta}


def told(made: Body, event: Event, readings: list[Reading], faults: Collection[str]) -> Body:
    """Make a VEHICLE_STATE of a body: what triggered it, and the signals; older ones have the triggers at the top."""
    data, meta = dict(_part(made, "data")), _part(made, "meta")
    first = event.first or "webhook_first_delivery" in faults
    triggers: list[Body] = [{"code": FIRST} if first else _named(RECORDS)]
    data["signals"] = [_signal(each) for each in readings]
    result = made | {"data": data, "meta": meta | {"signalCount": len(readings)}}
    (result if "webhook_old_triggers" in faults else data)["triggers"] = triggers
    return result


def failed(made: Body, error: Mapping[str, object]) -> Body:
    """Make a VEHICLE_ERROR of a body."""
    signals = [_named(RECORDS)]
    return made | {"data": _part(made, "data") | {"errors": [{**error, "signals": signals}]}}


def _part(made: Body, name: str) -> Body:
    part = made[name]
    return part if isinstance(part, dict) else {}


def _named(code: str) -> Body:
    return {"code": code, "name": SIGNALS[code].name, "group": SIGNALS[code].group}


def _signal(reading: Reading) -> Body:
    signal = _named(reading.code)
    if reading.status is not None:
        signal["status"] = reading.status
    if reading.body is not None:
        signal["body"] = reading.body
    times = {"oemUpdatedAt": reading.at, "retrievedAt": reading.at + LAG}
    return signal | {"meta": {name: write_time(at, reading.times) for name, at in times.items()}}
