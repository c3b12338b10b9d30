"""A subscriber of webhooks that notes what it was sent, and how tests have something delivered to it."""

import asyncio
import hmac
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

EMAIL = "1-vehicles@smartcar.com"
RECORDS = "charge-chargerecords"
BEGIN, END = "2026-09-15T13:00:00Z", "2026-09-15T18:00:00Z"


def signed(message: bytes, key: bytes = b"emulator-management-token") -> str:
    return hmac.new(key, message, "sha256").hexdigest()


@dataclass
class Receiver:
    """What a subscriber was sent; `answers` are the statuses of its next answers, then it answers 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    honest: bool = True
    hang: float = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    raw: list[tuple[bytes, str | None]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body = msgspec.json.decode(raw)
        if body["eventType"] == "VERIFY":
            challenge = (body.get("data") or body["payload"])["challenge"]
            answer = signed(challenge.encode()) if self.honest else signed(challenge.encode(), b"another")
            return web.json_response({"challenge": answer})
        await asyncio.sleep(self.hang)
        self.bodies.append(body)
        self.arrived.set()
        self.raw.append((raw, request.headers.get("SC-Signature")))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    def states(self) -> list[dict[str, Any]]:
        return [body for body in self.bodies if body["eventType"] == "VEHICLE_STATE"]


async def subscribe(client, receiver, **values):
    return await client.ask("POST", "/emulator/webhooks", json={"url": receiver.url, **values})


async def deliver(client):
    answer = await client.ask("POST", "/emulator/webhooks/deliver")
    assert answer.status == 200, answer.body
    return answer.json


async def charge(client):
    """Let the vehicle charge for five hours, and put the clock after its end."""
    vehicle = client.emulator.vehicles(EMAIL)[0].id
    client.emulator.faults.add("session_at", vehicle=vehicle, start=BEGIN, hours=5, kwh=10)
    await client.advance(hours=8)


def of_the_session(body):
    """The record of the session that `charge` adds, as an event tells it; None before it began."""
    (signal,) = [each for each in body["data"]["signals"] if each["code"] == RECORDS]
    found = [each for each in signal["body"]["values"] if each["startTime"] == BEGIN]
    return found[0] if found else None
