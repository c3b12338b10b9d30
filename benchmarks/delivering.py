"""A sender of webhooks as busy as one likes: events are made and signed beforehand and sent at their own times.

Each event has an instant at which it is due, whether or not earlier ones were answered, and its answer is reckoned from
then: a receiver that falls behind is seen to.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

_START: Final = 0.2
"""Seconds until the first is due, for the connections to be there."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an event.

    Attributes:
        event_id: Its id.
        status: Of its answer; 0 if none came.
        seconds: From the instant it was due to its answer.
    """

    event_id: str
    status: int
    seconds: float


def event(vehicle_id: str, records: int, at: int) -> dict[str, Any]:
    """A `VEHICLE_STATE` with so many charge records (Smartcar's API reference, §8 and §9).

    Args:
        vehicle_id: Its vehicle.
        records: Charge records in its signal, about 350 bytes each.
        at: When it was delivered, epoch milliseconds.
    """
    values = [_record(vehicle_id, number) for number in range(records)]
    signal = {
        "code": "charge-chargerecords",
        "name": "ChargeRecords",
        "group": "Charge",
        "status": {"value": "SUCCESS"},
        "body": {"values": values},
        "meta": {"oemUpdatedAt": at, "retrievedAt": at},
    }
    vehicle = {"id": vehicle_id, "make": "BMW", "model": "iX", "year": 2025, "mode": "live"}
    data = {"user": {"id": f"u-{vehicle_id}"}, "vehicle": vehicle, "triggers": [], "signals": [signal]}
    meta = {"version": "4.0", "deliveryId": str(uuid.uuid4()), "deliveredAt": at, "webhookId": str(uuid.uuid4())}
    return {"eventId": str(uuid.uuid4()), "eventType": "VEHICLE_STATE", "data": data, "meta": meta}


def signed(body: bytes, token: str) -> str:
    """The signature that Smartcar sends with a body."""
    return hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def send(url: str, token: str, count: int, per_second: float, records: int = 5, connections: int = 256) -> list[Sent]:
    """Send so many events at an even pace, each once; gives what became of each."""
    events = [event(f"vehicle-{number % 500:04d}", records, int(time.time() * 1000)) for number in range(count)]
    requests = [(each["eventId"], _request(url, json.dumps(each).encode(), token)) for each in events]
    return asyncio.run(_send(url, requests, per_second, connections))


async def _send(url: str, requests: Sequence[tuple[str, bytes]], per_second: float, connections: int) -> list[Sent]:
    start = time.perf_counter() + _START
    due = iter([(start + number / per_second, *request) for number, request in enumerate(requests)])
    sent: list[Sent] = []
    await asyncio.gather(*(_connection(url, due, sent) for _ in range(connections)))
    return sent


async def _connection(url: str, due: Iterator[tuple[float, str, bytes]], sent: list[Sent]) -> None:
    """One connection that sends the next event that is due, until there is none or the receiver is gone."""
    parts = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for at, event_id, request in due:  # shared: each takes the next
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            status = await _exchange(reader, writer, request)
            sent.append(Sent(event_id, status, time.perf_counter() - at))
            if not status:
                return
        writer.close()
    except OSError:
        return


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
    except (OSError, asyncio.IncompleteReadError):
        return 0
    return int(head.split(b" ", 2)[1])


def _request(url: str, body: bytes, token: str) -> bytes:
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"SC-Signature: {signed(body, token)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _record(vehicle_id: str, number: int) -> dict[str, Any]:
    day = f"2026-10-{number % 28 + 1:02d}"
    return {
        "id": f"CHG-{vehicle_id}-{number}",
        "startTime": f"{day}T00:00:00Z",
        "endTime": f"{day}T08:00:00Z",
        "energyAdded": 40.5,
        "cost": {"currency": "USD", "energyAmount": 10.5, "otherAmount": 2},
        "location": {"name": "Home Charger", "address": "123 Main St", "latitude": 37.7749, "longitude": -122.4194},
        "connectorType": "J1772",
        "isPublicCharger": False,
        "startStateOfCharge": 20,
        "endStateOfCharge": 90,
    }
