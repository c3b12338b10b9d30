"""Carrying out the faults of HTTP: errors, silence, resets, and bodies that are not what they should be."""

import asyncio
from datetime import datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from emulator.encoding import decode, encode
from emulator.errors import ApiError, failure
from emulator.faults.catalog import ERRORS
from emulator.faults.switchboard import Fault

MEGABYTE = 1024 * 1024
PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>gateway</body></html>"


def error_of(fault: Fault, now: datetime) -> ApiError:
    """Make the error that a fault asks for, with its `retry-after`."""
    kind, code = ERRORS.get(fault.name) or (str(fault.option("type")), _text(fault.option("code")))
    error = failure(kind, code, retry_after=_retry_after(fault, now))
    if fault.name == "error" and fault.option("status") is not None:
        error.status = int(fault.number("status"))
    return error


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _retry_after(fault: Fault, now: datetime) -> str | None:
    wanted = str(fault.option("retry_after"))
    if wanted == "absent":
        return None
    if wanted == "date":
        return format_datetime(now + timedelta(seconds=fault.number("seconds")), usegmt=True)
    return "7200" if wanted == "hours" else wanted


def reset(request: web.Request) -> None:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()


async def hang(fault: Fault) -> None:
    """Say nothing for so many real seconds."""
    await asyncio.sleep(fault.number("wait"))


async def spoil(
    fault: Fault, request: web.Request, answer: web.Response, refusal: dict[str, object]
) -> web.StreamResponse:
    """Give what becomes of an answer; `refusal` is the body of an error in the words of the version asked."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    if fault.name == "slow_drip":
        return await _drip(fault, request, answer, body)
    if fault.name == "html":
        status = int(fault.number("status"))
        return web.Response(status=status, text=PAGE.format(f"{status} Bad Gateway"), content_type="text/html")
    if fault.name == "empty_body":
        return web.Response(status=int(fault.number("status")))
    if fault.name == "error_with_200":
        return _json(answer, (200, encode(refusal)))
    return _json(answer, (None, _changed(fault, body)))


def _changed(fault: Fault, body: bytes) -> bytes:
    if fault.name == "truncated":
        return body[: int(len(body) * fault.number("part"))]
    if fault.name == "huge_body":
        return b" " * int(fault.number("megabytes") * MEGABYTE) + body
    return encode(_with_unknown_fields(decode(body)))


def _json(answer: web.Response, changed: tuple[int | None, bytes]) -> web.Response:
    status, body = changed
    return web.Response(status=status or answer.status, body=body, content_type="application/json")


def _with_unknown_fields(value: object) -> object:
    """Add a field to each object of a JSON value."""
    if isinstance(value, list):
        return [_with_unknown_fields(each) for each in value]
    if isinstance(value, dict):
        return {key: _with_unknown_fields(each) for key, each in value.items()} | {"xNew": {"since": 2026}}
    return value


async def _drip(fault: Fault, request: web.Request, answer: web.Response, body: bytes) -> web.StreamResponse:
    stream = await _begin(request, answer, len(body))
    size = max(int(fault.number("bytes")), 1)
    for first in range(0, len(body), size):
        await stream.write(body[first : first + size])
        await asyncio.sleep(fault.number("wait"))
    await stream.write_eof()
    return stream


async def _begin(request: web.Request, answer: web.Response, length: int) -> web.StreamResponse:
    stream = web.StreamResponse(status=answer.status, headers=answer.headers)
    stream.content_type, stream.content_length = "application/json", length
    await stream.prepare(request)
    return stream
