"""The redirect back from Connect, received on this machine.

A server on the redirect URI's own host and port, open for one answer. It shows a person what happened and says nothing
of what it received.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from collectors.errors import Circumstances, CollectError, OurBug, OwnerMustAct

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PAGE = """<!doctype html><meta charset="utf-8"><title>chargelake</title>
<body style="font: 1.2rem system-ui; margin: 4rem"><p>{}</p></body>"""


class Redirect:
    """What comes back from Connect for one request."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(self, timeout: float) -> str:  # noqa: ASYNC109, how long a person may take is the caller's to say
        """The code, or the user id, once the owner has granted access.

        Args:
            timeout: Seconds to wait for a person.

        Raises:
            OwnerMustAct: Nobody came in time, or Connect said no.
            ApplicationMustAct, RetryLater: Connect gave another error.
        """
        try:
            return await asyncio.wait_for(self._answer, timeout)
        except TimeoutError:
            at = Circumstances(call="redirect from Connect")
            what = "Nobody finished Connect in time: start again."
        raise OwnerMustAct(at, what)

    async def receive(self, request: web.Request) -> web.Response:
        """Answer the browser, and keep the answer if it belongs to the request."""
        try:
            told = self._read(str(request.url))
        except OurBug as error:  # a foreign or broken request: the owner's answer may still come
            return _page(error.what_to_do, 400)
        except CollectError as error:
            if not self._answer.done():
                self._answer.set_exception(error)
            return _page(error.what_to_do, 200)
        if not self._answer.done():
            self._answer.set_result(told)
        return _page("Connected. You can close this window.", 200)


@asynccontextmanager
async def waiting_for_redirect(redirect_uri: str, read: Callable[[str], str]) -> AsyncIterator[Redirect]:
    """Listen at the redirect URI.

    Args:
        redirect_uri: As registered with Smartcar; its host must be this machine's loopback.
        read: Gives the answer in the URL of a request to it; raises `OurBug` for a request that does not belong here,
            and another `CollectError` for an error of Connect.

    Raises:
        OurBug: The URI is not on the loopback, or its port is taken.
    """
    parts = urlsplit(redirect_uri)
    at = Circumstances(call="redirect from Connect")
    if parts.hostname not in _LOOPBACK:
        raise OurBug(
            at, "The redirect URI is not on this machine: set one on http://127.0.0.1, or pass the code by hand."
        )
    redirect = Redirect(read)
    app = web.Application()
    app.router.add_get(parts.path or "/", redirect.receive)
    runner = web.AppRunner(app, access_log=None)  # the access log would show the code
    await runner.setup()
    try:
        await web.TCPSite(runner, parts.hostname, parts.port or 80).start()
    except OSError:
        await runner.cleanup()
        raise OurBug(at, f"Port {parts.port or 80} is taken: free it, or register another redirect URI.") from None
    try:
        yield redirect
    finally:
        await runner.cleanup()


def _page(text: str, status: int) -> web.Response:
    return web.Response(text=_PAGE.format(escape(text)), content_type="text/html", status=status)
