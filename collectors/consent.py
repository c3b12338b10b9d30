"""Asking an owner for access through Smartcar Connect: the page's URL, and what comes back (API reference, §3).

The same for both versions: v2.0 comes back with a code to exchange, v3 with the owner's user id. Pure but for
`ThroughConnect` at the end, which asks a person in a browser, or a test account.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from collectors.errors import ApplicationMustAct, Circumstances, CollectError, OurBug, OwnerMustAct, RetryLater, scrub
from collectors.http import Request, Transport
from collectors.redirect import waiting_for_redirect
from lake.registry import Vehicle

SCOPES: Final = ("read_vehicle_info", "read_charge_records")
READ_VIN: Final = "read_vin"
"""Asked for on request alone: the check of capabilities needs it."""
_TEST_MODES: Final = ("test", "simulated")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectPage:
    """How Connect is asked.

    Attributes:
        client_id: Identifies the application to Connect.
        redirect_uri: Where Connect sends the browser back to.
        mode: `live`, `test` or `simulated`.
        connect_url: Where a person grants access.
        answer: The field of the redirect that tells who granted it: `code`, or `user_id` in v3.
    """

    client_id: str
    redirect_uri: str
    mode: str = "live"
    connect_url: str = "https://connect.smartcar.com/oauth/authorize"
    answer: str = "code"


@dataclass(frozen=True, slots=True)
class Connected:
    """Who was connected, with which vehicles, and which of them could not be read."""

    owner_id: str
    vehicles: tuple[Vehicle, ...]
    failed: dict[str, CollectError]


_CONNECT_ERRORS: Final[Mapping[str, tuple[type[CollectError], str]]] = {
    "access_denied": (OwnerMustAct, "The owner said no: open the link again and press Allow."),
    "invalid_subscription": (
        OwnerMustAct,
        "The maker's connected services are inactive or expired: the owner must renew them, then connect again.",
    ),
    "vehicle_incompatible": (
        OwnerMustAct,
        "This vehicle does not work with Smartcar, or not in its country: connect another one.",
    ),
    "no_vehicles": (OwnerMustAct, "The maker's account has no vehicle: the owner must add it, then connect again."),
    "configuration_error": (
        ApplicationMustAct,
        "Connect showed an error page: check client id, redirect URI and permissions in Smartcar's dashboard.",
    ),
    "server_error": (RetryLater, "Smartcar had a problem of its own: connect again in a few minutes."),
}


def new_state() -> str:
    """A fresh `state`: what comes back with another was not asked for here."""
    return secrets.token_urlsafe(24)


def authorize_url(page: ConnectPage, state: str, *, scopes: tuple[str, ...] = SCOPES, make: str | None = None) -> str:
    """Where the owner's browser goes to grant access.

    Args:
        page: Who asks.
        state: Comes back with the answer.
        scopes: The permissions to ask for.
        make: Skips the page on which the owner chooses the maker.
    """
    query = {
        "response_type": "code",
        "client_id": page.client_id,
        "redirect_uri": page.redirect_uri,
        "scope": " ".join(scopes),
        "mode": page.mode,
        "state": state,
        "approval_prompt": "force",
    }
    return f"{page.connect_url}?{urlencode(query | ({'make': make} if make else {}))}"


def read_redirect(url: str, state: str, answer: str = "code") -> str:
    """The code, or the user id, in the URL that Connect sends the browser back to.

    Raises:
        OwnerMustAct, ApplicationMustAct, RetryLater: Connect gave an error; the sentence explains it.
        OurBug: `state` is not the one that was sent, or there is no answer.
    """
    query = dict(parse_qsl(urlsplit(url).query))
    at = Circumstances(call="redirect from Connect")
    if not secrets.compare_digest(query.get("state", "").encode(), state.encode()):
        raise OurBug(
            at, "The answer does not belong to this request (its state differs): start again with the new link."
        )
    if "error" in query:
        raise connect_error(query["error"], query)
    if not query.get(answer):
        raise OurBug(at, f"Connect sent neither a {answer} nor an error: start again.")
    return query[answer]


def connect_error(name: str, told: Mapping[str, str] | None = None) -> CollectError:
    """The error of Connect by its name (§3); a name that nobody knows is the owner's to look at.

    Args:
        name: As the redirect told it.
        told: The redirect's other fields: make, model and year of a vehicle are shown, a VIN never is.
    """
    kind, what = _CONNECT_ERRORS.get(name, (OwnerMustAct, "Connect did not finish: open the link again."))
    shown = name if name in _CONNECT_ERRORS else "an unknown error"
    vehicle = " ".join(scrub(told[field]) for field in ("year", "make", "model") if told and told.get(field))
    return kind(Circumstances(call="Connect", detail=f"{shown} ({vehicle})" if vehicle else shown), what)


def with_what_is_known(told: Vehicle, known: Vehicle | None) -> Vehicle:
    """With the zone told now or else earlier, the first consent and every interface: what was known stays known.

    What a person switched off stays off, and one that is told is connected.
    """
    if known is None:
        return told
    interfaces = {*told.interfaces, *(() if known.disconnected_at else known.interfaces)} - {*known.switched_off}
    return replace(
        told,
        timezone=told.timezone or known.timezone,
        consented_at=min(told.consented_at, known.consented_at),
        interfaces=tuple(sorted(interfaces)) or known.interfaces,
        switched_off=known.switched_off,
    )


async def _granted_in_browser(
    page: ConnectPage,
    show: Callable[[str], None],
    *,
    timeout: float,  # noqa: ASYNC109, how long a person may take is the caller's to say
    scopes: tuple[str, ...],
) -> str:
    """Wait on this machine for the code or the user id that a person's consent brings."""
    state = new_state()

    def read(url: str) -> str:
        return read_redirect(url, state, page.answer)

    async with waiting_for_redirect(page.redirect_uri, read) as redirect:
        show(authorize_url(page, state, scopes=scopes))
        return await redirect.answer(timeout)


async def _granted_by_test_account(
    page: ConnectPage, transport: Transport, *, username: str, password: str, scopes: tuple[str, ...]
) -> str:
    """The code or the user id that a test account's consent brings."""
    if page.mode not in _TEST_MODES:
        raise OurBug(Circumstances(call="Connect"), "In live mode only a person in a browser can grant access.")
    state = new_state()
    request = Request(
        method="POST",
        url=authorize_url(page, state, scopes=scopes),
        call="POST /oauth/authorize",
        form={"username": username, "password": password, "action": "allow"},
    )
    response = await transport.send(request)
    location = response.headers.get("location")
    if location is None:
        at = Circumstances(call=request.call, status=response.status)
        raise OurBug(at, "Connect sent nobody back: check the Connect URL and the test account's name.")
    return read_redirect(location, state, page.answer)


class ThroughConnect(ABC):
    """Takes owners through Smartcar Connect; what follows from its answer is the version's.

    Args:
        page: How Connect is asked.
        transport: Sends a test account's consent.
    """

    def __init__(self, page: ConnectPage, transport: Transport) -> None:
        self._page = page
        self._transport = transport

    @abstractmethod
    async def with_grant(self, answer: str, *, timezone: str | None) -> Connected:
        """Read what is connected after Connect came back with this code or user id."""

    async def in_browser(
        self,
        show: Callable[[str], None],
        *,
        timeout: float = 600,  # noqa: ASYNC109, how long a person may take is the caller's to say
        scopes: tuple[str, ...] = SCOPES,
        timezone: str | None = None,
    ) -> Connected:
        """Let a person grant access, and wait for the redirect on this machine.

        Args:
            show: Called with the Connect URL once the answer can be received: print it, open it.
            timeout: Seconds to wait for the person.
            scopes: Permissions to ask for.
            timezone: IANA zone of the owner's vehicles, if known.

        Raises:
            OwnerMustAct, ApplicationMustAct, RetryLater: Connect gave an error; its sentence explains it.
            OurBug: The redirect URI cannot be listened at.
        """
        answer = await _granted_in_browser(self._page, show, timeout=timeout, scopes=scopes)
        return await self.with_grant(answer, timezone=timezone)

    async def test_account(
        self,
        username: str,
        *,
        password: str = "any",  # noqa: S107, test mode takes any password
        scopes: tuple[str, ...] = SCOPES,
        timezone: str | None = None,
    ) -> Connected:
        """Grant access to a test account without a browser, by posting Connect's form.

        The emulator's way, for demos and tests. Smartcar's own pages want a browser.

        Args:
            username: As `4-vehicles@smartcar.com`, an account with four vehicles.
            password: Test mode takes any.
            scopes: Permissions to ask for.
            timezone: IANA zone of the vehicles, if known.

        Raises:
            OurBug: The application is in `live` mode, where only a person may grant access.
            OwnerMustAct, ApplicationMustAct, RetryLater: Connect gave an error; its sentence explains it.
        """
        answer = await _granted_by_test_account(
            self._page, self._transport, username=username, password=password, scopes=scopes
        )
        return await self.with_grant(answer, timezone=timezone)
