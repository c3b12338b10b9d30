"""The service `chargelake webhooks`, wired: one receiver a home, from its first look at the journal to its last."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from collectors.inbox import Inbox, Limits
from collectors.webhooks import Receiver, Reception
from flows.exits import Exit, Stop
from flows.house import House
from flows.receiving import cleaning, say
from lake.lock import LakeHeld, hold

_PATIENCE: Final = 15.0
"""Seconds that requests under way have to end in, as long as Smartcar waits."""
_BACKLOG: Final = 1024
_USED: Final = frozenset({"/health", "/ready"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 8770
    path: str = "/webhook"


def serve(house: House, address: Address, on_ready: Callable[[str], None]) -> None:
    """Receive until SIGTERM or SIGINT; then close the listener, finish what was accepted and seal it.

    Args:
        house: The house; its lake is not held, so that runs go on beside this.
        address: Where to listen.
        on_ready: Called with the URL that events can be posted to.

    Raises:
        Stop: There is no management token, the address cannot be used (exit code 2), or another process receives on
            this home (6).
    """
    reception = reception_of(house, address.path)
    with _alone(house):
        asyncio.run(_serve(house, reception, address, on_ready))


def reception_of(house: House, path: str) -> Reception:
    """How events are received, as the settings have it.

    Raises:
        Stop: There is no management token, or the path is none (exit code 2).
    """
    smartcar = house.settings.smartcar
    tokens = (smartcar.management_token.get_secret_value(), smartcar.old_management_token.get_secret_value())
    if not tokens[0]:
        line = "set CHARGELAKE_SMARTCAR__MANAGEMENT_TOKEN (or …_FILE): webhooks are signed with it"
        raise Stop(Exit.USAGE, line)
    if not path.startswith("/") or path in _USED or {"{", "}", "?", "#"} & set(path):
        raise Stop(Exit.USAGE, f"--path {path}: a path such as /webhook, other than /health and /ready")
    return Reception(tokens=[token for token in tokens if token], path=path)


@contextlib.asynccontextmanager
async def receiving(
    house: House,
    reception: Reception,
    address: Address,
    limits: Limits = Limits(),  # noqa: B008, frozen
) -> AsyncIterator[str]:
    """A receiver that listens; gives the URL to post to. On leaving, everything accepted has landed as segments.

    Raises:
        Stop: The address cannot be used (exit code 2).
    """
    hides = house.forgotten.guard().hides  # `forget` waits until no receiver runs
    clean = cleaning(house)
    async with Inbox(house.store, house.clock, limits, on_sealed=say, clean=clean, hides=hides) as inbox:
        app = Receiver(reception, inbox, house.clock).application()
        runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=_PATIENCE)
        await runner.setup()
        try:
            site = web.TCPSite(runner, address.host, address.port, backlog=_BACKLOG)
            await _listen(site, address)
            yield f"http://{_shown(address.host)}:{runner.addresses[0][1]}{reception.path}"
        finally:
            await runner.cleanup()


async def _serve(house: House, reception: Reception, address: Address, on_ready: Callable[[str], None]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with receiving(house, reception, address) as url:
        on_ready(url)
        await stopped.wait()


async def _listen(site: web.TCPSite, address: Address) -> None:
    try:
        await site.start()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another process listens there; choose another with --port" if taken else error.strerror
        raise Stop(Exit.USAGE, f"{address.host}:{address.port} cannot be listened on: {why}") from None
    except OverflowError:
        raise Stop(Exit.USAGE, f"--port {address.port}: a number from 0 to 65535") from None


@contextlib.contextmanager
def _alone(house: House) -> Iterator[None]:
    try:
        with hold(house.receiver_lock, "another process receives webhooks on this home"):
            yield
    except LakeHeld as error:
        raise Stop(Exit.LAKE_HELD, str(error)) from None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
