"""Connect, and the token endpoint of v2.0, over HTTP (Smartcar's API reference, §3).

`GET /oauth/authorize` is a page with a form; `POST` to the same address answers the redirect that Connect ends with.
"""

from functools import partial
from html import escape
from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

from emulator import api, credentials, exchange
from emulator.encoding import encode
from emulator.errors import OAuthError
from emulator.faults import http
from emulator.tokens import Pair
from emulator.world import World

MODES = ("live", "test", "simulated")

# Accounts that end Connect with an error: what stands before the @, and what comes back.
ERROR_ACCOUNTS: dict[str, dict[str, str]] = {
    "invalid-subscription": {"error_description": "The vehicle's connected services are inactive or expired."},
    "vehicle-incompatible": {
        "error_description": "The vehicle is not compatible.",
        "vin": "1FTFW1E50LFA00001",
        "make": "FORD",
        "model": "F-150",
        "year": "2008",
    },
    "no-vehicles": {"error_description": "No vehicles are linked to the account."},
    "configuration-error": {"error_description": "Connect was left through an error page."},
    "server-error": {"error_description": "An unexpected error happened."},
}

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Connect your car (emulator)</title>
<body style="font-family:sans-serif;max-width:26rem;margin:3rem auto">
<h1>Connect your car</h1><p>An emulator on your machine, in {mode} mode. It asks for: {scopes}.</p>
<form method="post"><p><label>E-mail<br><input name="username" value="3-vehicles@smartcar.com" size="34"></label></p>
<p><label>Password (any)<br><input name="password" type="password" value="any" size="34"></label></p>
<p><button name="action" value="allow">Allow</button> <button name="action" value="deny">Deny</button></p>
</form></body></html>"""


def _check(world: World, request: web.Request) -> None:
    """Refuse an authorization request that must not be redirected anywhere."""
    query, config = request.query, world.config
    if query.get("client_id") not in (config.client_id, config.v3_client_id, config.application_id):
        raise web.HTTPBadRequest(text="client_id is not the application's")
    if query.get("redirect_uri") != config.redirect_uri:
        raise web.HTTPBadRequest(text=f"redirect_uri must be {config.redirect_uri}")
    if query.get("response_type", "code" if _is_v3(world, request) else None) != "code":
        raise web.HTTPBadRequest(text="response_type must be code")
    if query.get("mode", "live") not in MODES:
        raise web.HTTPBadRequest(text=f"mode must be one of {', '.join(MODES)}")
    if not query.get("scope", "").split():
        raise web.HTTPBadRequest(text="scope is needed")


def _is_v3(world: World, request: web.Request) -> bool:
    """Say which application asks: v3 comes back with the owner in place of a code."""
    return request.query.get("client_id") in (world.config.v3_client_id, world.config.application_id)


async def page(world: World, request: web.Request) -> web.Response:
    """Show the form."""
    _check(world, request)
    query = request.query
    text = PAGE.format(mode=escape(query.get("mode", "live")), scopes=escape(query["scope"]))
    return web.Response(text=text, content_type="text/html")


async def decide(world: World, request: web.Request) -> web.Response:
    """Take the form and send the browser back with a code (v3: the user's id) or with an error of Connect."""
    _check(world, request)
    form = await request.post()
    query = request.query
    back = _outcome(world, request, str(form.get("username", "")), str(form.get("action", "allow")))
    if "state" in query:
        back["state"] = query["state"]
    parts = urlsplit(query["redirect_uri"])
    together = "&".join(each for each in (parts.query, urlencode(back)) if each)
    location = urlunsplit(parts._replace(query=together))
    return web.Response(status=302, headers={"Location": location})


def _outcome(world: World, request: web.Request, email: str, action: str) -> dict[str, str]:
    if action != "allow":
        return {"error": "access_denied", "error_description": "User denied access to application."}
    name = email.strip().lower().partition("@")[0]
    if name in ERROR_ACCOUNTS:
        return {"error": name.replace("-", "_"), **ERROR_ACCOUNTS[name]}
    account = world.fleet.account(email)
    if account is None:
        return {"error": "server_error", "error_description": "The emulator has no such account."}
    if not account.vehicle_ids:
        return {"error": "no_vehicles", **ERROR_ACCOUNTS["no-vehicles"]}
    query = request.query
    scopes = frozenset(scope.removeprefix("required:") for scope in query["scope"].split())
    mode = query.get("mode", "live")
    if _is_v3(world, request):
        world.v3_connections.grant(account, scopes, mode)
        return {"user_id": account.user_id}
    grant = world.connections.grant(account, scopes, mode)
    return {"code": world.tokens.new_code(grant, query["redirect_uri"])}


async def token(world: World, request: web.Request) -> web.Response:
    """Exchange a code or a refresh token for a pair."""
    credentials.require_client(request, world.config)
    fault = world.faults.strikes(("token",), "token", None)
    if fault is not None:
        exchange.of(request).fault = fault.name
        if fault.name == "invalid_grant":
            raise OAuthError("invalid_grant", "Invalid or expired refresh token.")
    form = await request.post()
    pair = _pair(world, {name: str(value) for name, value in form.items()})
    if fault is not None:
        http.reset(request)
    body = encode(pair.as_json(world.clock.now()))
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _pair(world: World, form: dict[str, str]) -> Pair:
    kind = form.get("grant_type")
    if kind == "authorization_code":
        return world.tokens.exchange(form.get("code", ""), form.get("redirect_uri", ""))
    if kind == "refresh_token":
        return world.tokens.refresh(form.get("refresh_token", ""))
    raise OAuthError("unsupported_grant_type", "grant_type must be authorization_code or refresh_token.")


def add_routes(app: web.Application, world: World) -> None:
    """Put Connect and the token endpoint into the application."""
    app.router.add_get("/oauth/authorize", partial(page, world))
    app.router.add_post("/oauth/authorize", partial(decide, world))
    app.router.add_post("/oauth/token", partial(api.serve, world, "token", token))
