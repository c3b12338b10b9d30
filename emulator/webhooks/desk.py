"""Telling subscribers what happens: which events are due, up to four attempts at each, at least once, in no order.

Everything is on the emulator's clock. While it runs, what is due is delivered about once a real second; while it stands
still, `deliver` is the only one who does it, so that a test says when.
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import count

from emulator.encoding import decode, encode
from emulator.errors import failure
from emulator.identity import uuid_of
from emulator.model import Vehicle
from emulator.tokens import Grant
from emulator.v2.vehicles import granted
from emulator.v3.reading import fresh
from emulator.v3.signals import SIGNALS
from emulator.v3.store import LAG
from emulator.webhooks.changes import changes
from emulator.webhooks.events import Event, body, failed, signature, told, verify_body
from emulator.webhooks.post import ENDPOINT, Answered, Postman
from emulator.webhooks.subscriptions import Webhook, read_webhook
from emulator.world import World

# After the first attempt, on the emulator's clock; then the event is dropped for good.
AGAIN = (timedelta(seconds=25), timedelta(seconds=50), timedelta(seconds=100))
PAUSE = 1.0
# A large fleet takes a while to look through; this part of the time at most is spent on it.
BUSY_SHARE = 0.05
STATES = ("ERROR", "RESOLVED")
OF_VERIFY = "webhook_old_challenge"


@dataclass(slots=True)
class Outcome:
    """What one round of deliveries came to; `waiting` events are tried again later, `dropped` ones never."""

    attempts: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    waiting: int = 0

    def as_json(self) -> dict[str, int]:
        """Give the outcome as JSON can hold it."""
        return asdict(self)


class WebhookDesk:
    """The webhooks of one emulator and what they are still to be told."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._postman = Postman(world)
        self._webhooks: dict[str, Webhook] = {}
        self._events: dict[str, dict[str, Event]] = {}
        self._told_until: dict[tuple[str, str], datetime] = {}
        self._numbers = count(1)
        self._sequence = count(1)
        self._lock = asyncio.Lock()
        self._looked = 0.0
        self._pump: asyncio.Task[None] | None = None

    @property
    def webhooks(self) -> list[Webhook]:
        """The webhooks that are subscribed."""
        return list(self._webhooks.values())

    async def subscribe(self, url: str, **values: object) -> Webhook:
        """Verify an address and subscribe it to vehicles (ids; all without) and signals (codes).

        Raises:
            ValueError: what is asked for makes no sense, or the address did not answer the challenge.
        """
        webhook = read_webhook(uuid_of("webhook", next(self._numbers)), {"url": url, **values})
        await self._verify(webhook)
        self._keep(webhook)
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
        return webhook

    async def change(self, webhook_id: str, values: Mapping[str, object]) -> Webhook:
        """Change a webhook; another address is verified first.

        Raises:
            KeyError: there is no such webhook.
            ValueError: as `subscribe`.
        """
        known = self._webhooks[webhook_id]
        before = {name: value for name, value in known.as_json().items() if name != "id"}
        webhook = read_webhook(webhook_id, before | dict(values))
        if webhook.url != known.url:
            await self._verify(webhook)
        self._keep(webhook)
        return webhook

    def _keep(self, webhook: Webhook) -> None:
        self._webhooks[webhook.id] = webhook
        self._events.setdefault(webhook.id, {})

    def unsubscribe(self, webhook_id: str) -> None:
        """Forget a webhook and what it was to be told.

        Raises:
            KeyError: there is no such webhook.
        """
        del self._webhooks[webhook_id]
        del self._events[webhook_id]

    def report(self, vehicle_id: str, kind: str, code: str | None = None, state: str = "ERROR") -> int:
        """Let a VEHICLE_ERROR of a type and code, in state ERROR or RESOLVED, be told; give how many will hear it.

        Raises:
            ValueError: there is no such state, or the vehicle is not connected through v3.
        """
        if state not in STATES:
            raise ValueError(f"state must be one of {', '.join(STATES)}")
        if self._connected(vehicle_id) is None:
            raise ValueError("the vehicle is not connected through v3")
        known = failure(kind, code)
        error: dict[str, object] = {"type": kind, "code": code, "state": state, "description": known.description}
        error["resolution"] = {"type": known.resolution}
        heard = [webhook for webhook in self.webhooks if webhook.wants(vehicle_id)]
        for webhook in heard:
            self._add(webhook, vehicle_id, self._world.clock.now(), error=error)
        return len(heard)

    async def deliver(self) -> Outcome:
        """Deliver what is due now and wait for the answers."""
        outcome = Outcome()
        async with self._lock:
            begun = time.monotonic()
            for webhook in self.webhooks:
                self._notice(webhook)
            self._looked = time.monotonic() - begun
            for webhook in self.webhooks:
                for event in self._due(webhook):
                    await self._attempt(webhook, event, outcome)
        outcome.waiting = sum(map(len, self._events.values()))
        return outcome

    async def close(self) -> None:
        """Stop delivering."""
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
        await self._postman.close()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(max(PAUSE, self._looked / BUSY_SHARE))
            if self._world.clock.rate > 0:
                await self.deliver()

    async def _verify(self, webhook: Webhook) -> None:
        challenge = secrets.token_urlsafe(24)
        faults = self._faults(None, webhook.id, of_verify=True)
        made = verify_body(webhook, challenge, self._world.clock.now(), faults)
        answered = await self._postman.post(webhook, encode(made), None)
        about = {"eventType": "VERIFY", "eventId": str(made["eventId"]), "fault": ", ".join(faults)}
        self._postman.write_log(webhook, None, about, answered)
        expected = signature(self._world.config.management_token, challenge.encode())
        if not answered.good or not _answers(answered, expected):
            raise ValueError(f"{webhook.url} did not answer the challenge: status {answered.status}")

    def _connected(self, vehicle_id: str) -> tuple[Vehicle, Grant] | None:
        vehicle = self._world.fleet.vehicle(vehicle_id)
        if vehicle is None:
            return None
        grant = self._world.v3_connections.grant_of(vehicle.user_id)
        return (vehicle, grant) if grant is not None and vehicle_id in grant.vehicle_ids else None

    def _notice(self, webhook: Webhook) -> None:
        """Make events of what happened since the webhook was last told, or of the vehicle itself the first time."""
        now = self._world.clock.now() - LAG
        for connection in self._world.v3_connections.select():
            vehicle = self._world.fleet.vehicle(connection.vehicle_id)
            if vehicle is None or not webhook.wants(vehicle.id):
                continue
            since = self._told_until.get((webhook.id, vehicle.id))
            instants = [now] if since is None else changes(self._world, vehicle, since, now)
            for at in instants:
                self._add(webhook, vehicle.id, at, first=since is None)
            self._told_until[webhook.id, vehicle.id] = max(now, since or now)

    def _add(
        self,
        webhook: Webhook,
        vehicle_id: str,
        at: datetime,
        *,
        first: bool = False,
        error: Mapping[str, object] | None = None,
    ) -> None:
        number = next(self._sequence)
        event_id = uuid_of("event", webhook.id, vehicle_id, at, number)
        connected = self._connected(vehicle_id)
        user_id = connected[0].user_id if connected else ""
        event = Event(event_id, vehicle_id, user_id, at, number, self._world.clock.now(), first, error)
        self._events[webhook.id][event.id] = event

    def _due(self, webhook: Webhook) -> list[Event]:
        """Give the events that are due, oldest first unless a fault puts them into disorder."""
        now = self._world.clock.now()
        due = [each for each in self._events.get(webhook.id, {}).values() if each.due <= now]
        due.sort(key=lambda each: (each.at, each.sequence))
        disorder = self._world.faults.of("webhook", ENDPOINT, None)
        return due[::-1] if any(fault.name == "webhook_disorder" for fault in disorder) else due

    async def _attempt(self, webhook: Webhook, event: Event, outcome: Outcome) -> None:
        """Try to deliver an event; one of a vehicle that was disconnected meanwhile is told to nobody."""
        connected = self._connected(event.vehicle_id)
        if connected is None:
            self._forget(webhook, event)
            return
        event.attempts += 1
        event.first_attempt = event.first_attempt or self._world.clock.now()
        faults = self._faults(event.vehicle_id, event.id)
        answered = await self._send(webhook, event, connected, faults)
        if answered.good and "webhook_twice" in faults:
            await self._send(webhook, event, connected, faults)
        self._settle(webhook, event, outcome, received=answered.good)

    def _settle(self, webhook: Webhook, event: Event, outcome: Outcome, *, received: bool) -> None:
        """Count an attempt and say what becomes of its event: received, to be tried again, or dropped."""
        last = event.attempts > len(AGAIN)
        outcome.attempts += 1
        outcome.delivered += received
        outcome.failed += not received
        outcome.dropped += last and not received
        if received or last:
            self._forget(webhook, event)
        elif event.first_attempt is not None:
            event.due = event.first_attempt + AGAIN[event.attempts - 1]

    def _forget(self, webhook: Webhook, event: Event) -> None:
        """Take an event off the list, unless the webhook was unsubscribed meanwhile."""
        self._events.get(webhook.id, {}).pop(event.id, None)

    async def _send(
        self, webhook: Webhook, event: Event, connected: tuple[Vehicle, Grant], faults: Collection[str]
    ) -> Answered:
        made = body(webhook, event, connected[0], connected[1].mode, self._world.clock.now())
        delivery = made["meta"]
        made = failed(made, event.error) if event.error else self._state(made, webhook, event, connected, faults)
        text = encode(made)
        lost = "webhook_lost" in faults
        answered = Answered(0) if lost else await self._postman.post(webhook, text, self._sign(text, faults))
        about = {"eventType": event.kind, "eventId": event.id, "attempt": str(event.attempts)}
        if isinstance(delivery, dict):
            about["deliveryId"] = str(delivery["deliveryId"])
        self._postman.write_log(webhook, event, about | {"fault": ", ".join(faults)}, answered)
        return answered

    def _state(
        self,
        made: dict[str, object],
        webhook: Webhook,
        event: Event,
        connected: tuple[Vehicle, Grant],
        faults: Collection[str],
    ) -> dict[str, object]:
        """Tell the signals as of the event, and put them into the store."""
        vehicle, grant = connected
        held = granted(self._world, grant, vehicle.id)
        codes = [code for code in webhook.signals if SIGNALS[code].permission in held]
        self._world.store.push(vehicle.id, codes, event.at)
        return told(made, event, fresh(self._world, vehicle, codes, event.at, ENDPOINT), faults)

    def _sign(self, text: bytes, faults: Collection[str]) -> str | None:
        if "webhook_unsigned" in faults:
            return None
        token = self._world.config.management_token
        return signature(f"not {token}" if "webhook_wrong_signature" in faults else token, text)

    def _faults(self, vehicle_id: str | None, key: str, *, of_verify: bool = False) -> list[str]:
        """Give the names of the faults that strike one delivery (a VERIFY has one of its own), and count them."""
        switchboard = self._world.faults
        struck = [
            each
            for each in switchboard.of("webhook", ENDPOINT, vehicle_id)
            if (each.name == OF_VERIFY) == of_verify and switchboard.hits(each, key)
        ]
        for fault in struck:
            switchboard.count(fault, vehicle_id or "")
        return [fault.name for fault in struck]


def _answers(answered: Answered, expected: str) -> bool:
    """Say whether the answer to a VERIFY holds the challenge's HMAC."""
    try:
        value = decode(answered.body)
    except ValueError:
        return False
    given = value.get("challenge") if isinstance(value, dict) else None
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
