"""Events to send and to land in tests: made, signed and delivered as Smartcar does (API reference, §9)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import aiohttp

from benchmarks.delivering import event, signed

TOKEN = "the-management-token"


def good(event_id: str, vehicle_id: str, at: datetime, *, records: int = 2) -> dict[str, Any]:
    """A `VEHICLE_STATE` with charge records as of an instant."""
    return event(vehicle_id, records, int(at.timestamp() * 1000)) | {"eventId": event_id}


def failed(
    event_id: str, vehicle_id: str, at: datetime, *, tells: str = "ERROR", kind: str = "CONNECTED_SERVICES_ACCOUNT",
    code: str | None = "SUBSCRIPTION",
) -> dict[str, Any]:  # fmt: skip
    """A `VEHICLE_ERROR`, or with `RESOLVED` its end."""
    error = {"type": kind, "code": code, "state": tells, "description": "so it is", "signals": []}
    data = {"user": {"id": "u-1"}, "vehicle": {"id": vehicle_id, "make": "BMW"}, "errors": [error]}
    meta = {"version": "4.0", "deliveredAt": int(at.timestamp() * 1000)}
    return {"eventId": event_id, "eventType": "VEHICLE_ERROR", "data": data, "meta": meta}


async def deliver(url: str, told: object, *, token: str = TOKEN) -> int:
    """Deliver one event; gives the status of the answer."""
    return (await post(url, json.dumps(told).encode(), token=token))[0]


async def post(
    url: str, body: bytes, *, token: str | None = TOKEN, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str]]:
    """Post a body, signed if there is a token; gives the status and the JSON of the answer."""
    signature = {"SC-Signature": signed(body, token)} if token is not None else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=signature | (headers or {})) as answer,
    ):
        return answer.status, await answer.json()
