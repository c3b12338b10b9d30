"""Answers and events of v3 as they land: the signal of charge records, in each of its places."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from landed_answers import VEHICLE, answer
from msgspec import structs

from lake.raw import Answer

NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)


def at(minutes: float) -> str:
    """So many minutes after noon of 8 October 2026."""
    return (NOON + timedelta(minutes=minutes)).isoformat()


def signal_session(record_id: object = "CHG1", start: str = at(0), end: str | None = at(60), **changes: object) -> dict:
    """A session of v3: an hour at a charger at home, 34.2 kWh."""
    return {
        "id": record_id,
        "startTime": start,
        "endTime": end,
        "energyAdded": 34.2,
        "cost": None,
        "location": {"name": "Home", "address": "Main St 1", "latitude": 52.5, "longitude": 13.4},
        "connectorType": "CCS",
        "isPublicCharger": True,
        "startStateOfCharge": 57,
        "endStateOfCharge": 100,
    } | changes


def signal(values: object, as_of: object = "2026-10-08T14:00:00Z", status: object = "SUCCESS", **more: object) -> dict:
    """The signal itself, with what an event keeps at its top."""
    return {
        "code": "charge-chargerecords",
        "name": "ChargeRecords",
        "group": "Charge",
        "status": status if not isinstance(status, str) else {"value": status},
        "body": {"values": values},
        "meta": {"oemUpdatedAt": as_of, "retrievedAt": "2026-10-19T00:00:00Z"},
    } | more


def of_v3(
    body: object, *, stream: str = "v3_records", run: int = 1, number: int = 1, make: str | None = "BMW"
) -> Answer:
    """A body that landed from v3; `run` says in which order."""
    landed = answer(stream, json.dumps(body), number, vehicle_id=VEHICLE, run=run)
    return structs.replace(landed, source="smartcar_v3", make=make)


def polled(values: object, as_of: object = "2026-10-08T14:00:00Z", *, run: int = 1, **told: object) -> Answer:
    """The answer of a poll for the one signal."""
    one = signal(values, as_of, **told)
    meta = one.pop("meta")
    return of_v3({"data": {"id": "s", "type": "signal", "attributes": one, "meta": meta}}, run=run)


def pushed(values: object, as_of: object = "2026-10-08T14:00:00Z", *, run: int = 1, **told: object) -> Answer:
    """An event of a webhook."""
    data = {
        "user": {"id": "u"},
        "vehicle": {"id": VEHICLE},
        "signals": [{"code": "odometer"}, signal(values, as_of, **told)],
    }
    event = {"eventId": f"e{run}", "eventType": "VEHICLE_STATE", "data": data, "meta": {"deliveredAt": 1791500000000}}
    return of_v3(event, stream="v3_events", run=run)
