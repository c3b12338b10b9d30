"""Carrying a delivery to its address: one POST, its time limit, and its entry in the log."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from emulator.log import LogEntry
from emulator.webhooks.events import Event
from emulator.webhooks.subscriptions import Webhook
from emulator.world import World

ENDPOINT = "webhook"
# An answer to VERIFY is short; what is longer is not read.
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: a status, 0 if nothing did within the time, and the beginning of the body."""

    status: int
    body: bytes = b""

    @property
    def good(self) -> bool:
        """Whether it counts as received: any 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the statuses of success


class Postman:
    """The one HTTP client of all deliveries, opened when it is first needed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._http: aiohttp.ClientSession | None = None

    async def post(self, webhook: Webhook, body: bytes, signed: str | None) -> Answered:
        """Post a body with its `SC-Signature`; a redirect is not followed, as nothing but 2xx is success."""
        if self._http is None:
            limit = aiohttp.ClientTimeout(total=self._world.config.webhook_timeout)
            self._http = aiohttp.ClientSession(timeout=limit)
        headers = {"Content-Type": "application/json"} | ({"SC-Signature": signed} if signed else {})
        try:
            async with self._http.post(webhook.url, data=body, headers=headers, allow_redirects=False) as answer:
                return Answered(answer.status, await answer.content.read(MOST_BYTES))
        except (TimeoutError, aiohttp.ClientError):
            return Answered(0)

    def write_log(self, webhook: Webhook, event: Event | None, told: dict[str, str], answered: Answered) -> None:
        """Put a delivery into the log; `told` are its kind, its ids and the fault that struck it."""
        log, now = self._world.log, self._world.clock.now()
        entry = LogEntry(
            number=log.next_number(),
            method="POST",
            path=urlsplit(webhook.url).path or "/",
            query={name: told[name] for name in ("eventType", "deliveryId", "attempt") if name in told},
            endpoint=ENDPOINT,
            vehicle_id=event.vehicle_id if event else None,
            user_id=event.user_id if event else None,
            status=answered.status,
            error_type=None,
            error_code=None,
            request_id=told["eventId"],
            at=now,
            at_real=datetime.now(UTC),
            fault=told.get("fault") or None,
        )
        log.add(entry)

    async def close(self) -> None:
        """Close the client."""
        if self._http is not None:
            await self._http.close()
            self._http = None
