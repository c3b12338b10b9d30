"""Webhooks over HTTP under `/emulator/webhooks`: subscribe, change, deliver what is due, report an error."""

from functools import partial

from aiohttp import web

from emulator.api import answer
from emulator.control import body_of
from emulator.webhooks.desk import WebhookDesk
from emulator.webhooks.subscriptions import Webhook


async def list_webhooks(desk: WebhookDesk, request: web.Request) -> web.Response:
    """Answer `GET /emulator/webhooks`."""
    del request
    return answer({"webhooks": [webhook.as_json() for webhook in desk.webhooks]})


async def subscribe(desk: WebhookDesk, request: web.Request) -> web.Response:
    """Answer `POST /emulator/webhooks` with `{"url", "name"?, "vehicles"?, "signals"?}`."""
    values = dict(await body_of(request))
    try:
        webhook = await desk.subscribe(str(values.pop("url", "")), **values)
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return answer(webhook.as_json(), status=201)


async def change(desk: WebhookDesk, request: web.Request) -> web.Response:
    """Answer `PUT /emulator/webhooks/{id}` with what is to be different."""
    known = _known(desk, request)
    try:
        webhook = await desk.change(known.id, await body_of(request))
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return answer(webhook.as_json())


async def unsubscribe(desk: WebhookDesk, request: web.Request) -> web.Response:
    """Answer `DELETE /emulator/webhooks/{id}`."""
    desk.unsubscribe(_known(desk, request).id)
    return answer({"status": "success"})


def _known(desk: WebhookDesk, request: web.Request) -> Webhook:
    for webhook in desk.webhooks:
        if webhook.id == request.match_info["webhook_id"]:
            return webhook
    raise web.HTTPNotFound(text="there is no such webhook")


async def deliver(desk: WebhookDesk, request: web.Request) -> web.Response:
    """Answer `POST /emulator/webhooks/deliver` when everything that is due was tried."""
    del request
    return answer((await desk.deliver()).as_json())


async def report(desk: WebhookDesk, request: web.Request) -> web.Response:
    """Answer `POST /emulator/webhooks/error` with `{"vehicle_id", "type", "code"?, "state"?}`."""
    values = await body_of(request)
    code = None if values.get("code") is None else str(values["code"])
    state = str(values.get("state", "ERROR"))
    try:
        heard = desk.report(str(values.get("vehicle_id")), str(values.get("type", "UPSTREAM")), code, state)
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return answer({"webhooks": heard}, status=201)


def add_routes(app: web.Application, desk: WebhookDesk) -> None:
    """Put the control of webhooks into the application, and let deliveries end with it."""
    for method, path, handler in (
        ("GET", "", list_webhooks),
        ("POST", "", subscribe),
        ("POST", "/deliver", deliver),
        ("POST", "/error", report),
        ("PUT", "/{webhook_id}", change),
        ("DELETE", "/{webhook_id}", unsubscribe),
    ):
        app.router.add_route(method, f"/emulator/webhooks{path}", partial(handler, desk))

    async def close(_: web.Application) -> None:
        await desk.close()

    app.on_cleanup.append(close)
