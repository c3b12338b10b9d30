"""What can go wrong while collecting, grouped by whose move is next.

    CollectError
    ├── RetryNow              ours, within this run: ask again after a backoff
    │   ├── NoAnswer          no answer came: refused, dropped, timed out
    │   └── EveryoneWaits     the whole application pauses, then asks again
    ├── RetryLater            ours, in the next run
    ├── NothingYet            ours, after `until`: v3's store holds nothing of the vehicle so far
    │   ├── NotThisSignalYet  … or other signals, and not this one
    │   └── SignalUnavailable … or says that the vehicle or its maker does not offer it now
    ├── VehicleWaits          ours, after `until`; the other vehicles go on
    │   ├── MakerWaits        the same, because the maker's own API is tired
    │   └── PlanMustGrow      … or sooner, if the application's owner raises the plan
    ├── BudgetSpent           ours, after `until`; nothing more is asked in this run
    ├── NotCapable            nobody's: remember it, do not ask every run
    ├── OwnerMustAct          the vehicle's owner
    │   ├── NotPermitted      … has to grant a permission
    │   └── TokenRefused      … has to reconnect, unless one refresh helps
    ├── ApplicationMustAct    the application's owner: plan, suspension, credentials; the run stops
    └── OurBug                whoever maintains chargelake

Every error says in one sentence what a person should do. None holds a token, a code, an e-mail or a VIN: texts that
came from outside pass through `scrub`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

Mover = Literal["nobody", "chargelake", "owner", "application_owner"]
BlockState = Literal[
    "no_permission",
    "not_capable",
    "owner_must_act",
    "over_budget",
    "upstream_error",
    "empty_store",
    "signal_not_found",
    "signal_unavailable",
    "not_asked",
]

_LONGEST_DETAIL = 300
_LOOKED_AT = 4000
# Each part starts where a run of its characters starts and never gives back what it took: time is linear in any text.
_SECRETS = re.compile(
    r"""(?xi)
    (?<![\w.+-])[\w.+-]++@[\w-]++\.[\w.-]+                      # an e-mail
    | \b(?:bearer|basic)\s++[\w.~+/=-]+                         # an Authorization header
    | (?<![\w-])eyJ[\w-]++\.[\w-]++\.[\w-]*                     # a JSON web token
    | (?<![a-z0-9])(?=[a-z]{0,16}\d)(?=\d{0,16}[a-z])[a-hj-npr-z0-9]{17}(?![a-z0-9])  # a VIN: no I, O and Q
    | (?:code=|(?:token|secret|password)["']?\s*+[:=]\s*+["']?)[^&\s"',}]+  # a field of a query, a form or JSON
    """,
)


def without_secrets(text: str) -> str:
    """The text without e-mails, VINs and credentials, as far as their form tells them."""
    return _SECRETS.sub("…", text)


def scrub(text: str) -> str:
    """The same on one line of printable characters, shortened to 300 of them."""
    clean = without_secrets(text[:_LOOKED_AT])
    if len(text) > _LOOKED_AT:  # what was cut in the middle may be half a secret
        clean = clean.rpartition(" ")[0] or clean
    clean = " ".join("".join(each if each.isprintable() else " " for each in clean).split())
    return clean if len(clean) <= _LONGEST_DETAIL else clean[: _LONGEST_DETAIL - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What was asked and what came back, enough to find it in Smartcar's own logs.

    Attributes:
        call: Method and path template: `GET /vehicles/{id}/tesla/charge/records`.
        vehicle_id: Smartcar's id of the vehicle, if the call was about one.
        status: HTTP status; None if no answer came.
        type: Smartcar's error type, in upper case.
        code: Smartcar's error code within the type.
        request_id: Smartcar's `sc-request-id`.
        detail: What the answer said, scrubbed.
    """

    call: str = ""
    vehicle_id: str | None = None
    status: int | None = None
    type: str | None = None
    code: str | None = None
    request_id: str | None = None
    detail: str | None = None

    def __str__(self) -> str:
        """One line: call, vehicle, status, type and code, detail, request id."""
        name = ":".join(part for part in (self.type, self.code) if part)
        parts = [
            self.call,
            self.vehicle_id and f"of vehicle {self.vehicle_id}",
            self.status and f"answered {self.status}",
        ]
        line = " ".join(str(part) for part in (*parts, name) if part)
        line += f": {self.detail}" if self.detail else ""
        return f"{line} (request {self.request_id})" if self.request_id else line


NOWHERE = Circumstances()


class CollectError(Exception):
    """Something could not be collected.

    Attributes:
        at: What was asked and what came.
        what_to_do: One sentence for the person whose move is next.
        until: When it makes sense to ask again (UTC), if that is known.
        retry_after: Seconds the answer asked to wait, if it did.
        state: What the ledger says of the days that stay unknown; None where the error is not about a vehicle.
        whose_move: Who has to do something before asking again helps.
    """

    state: ClassVar[BlockState | None] = None
    whose_move: ClassVar[Mover] = "chargelake"

    def __init__(
        self,
        at: Circumstances = NOWHERE,
        what_to_do: str = "",
        *,
        until: datetime | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.at = at
        self.what_to_do = what_to_do
        self.until = until
        self.retry_after = retry_after
        super().__init__(" - ".join(part for part in (str(at), what_to_do) if part))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class RetryNow(CollectError):
    """Asking again after a backoff may help; if it does not, the next run asks."""

    state: ClassVar[BlockState | None] = "upstream_error"


class NoAnswer(RetryNow):
    """No answer came: the connection was refused or dropped, or the time was up."""


class EveryoneWaits(RetryNow):
    """The application asked too much (`RATE_LIMIT:SMARTCAR_API`): all calls pause together."""

    state: ClassVar[BlockState | None] = "over_budget"


class RetryLater(CollectError):
    """Nothing to do now; the next run asks again."""

    state: ClassVar[BlockState | None] = "upstream_error"


class NothingYet(CollectError):
    """The store that v3's signals are read from was never filled for this vehicle; it is asked again after `until`."""

    state: ClassVar[BlockState | None] = "empty_store"


class NotThisSignalYet(NothingYet):
    """The store knows other signals of the vehicle, and nothing of this kind so far."""

    state: ClassVar[BlockState | None] = "signal_not_found"


class SignalUnavailable(NothingYet):
    """The vehicle or its maker does not offer this signal now."""

    state: ClassVar[BlockState | None] = "signal_unavailable"


class VehicleWaits(CollectError):
    """This vehicle is left alone until `until`; the others go on."""

    state: ClassVar[BlockState | None] = "over_budget"


class MakerWaits(VehicleWaits):
    """The maker's API limits this vehicle (`UPSTREAM:RATE_LIMIT`); Smartcar cannot raise that limit."""

    state: ClassVar[BlockState | None] = "upstream_error"


class PlanMustGrow(VehicleWaits):
    """The application's plan does not reach for this vehicle; it is asked again after a few days."""

    whose_move: ClassVar[Mover] = "application_owner"


class BudgetSpent(CollectError):
    """The next request would have to wait longer than this run may: resume at `until`."""

    state: ClassVar[BlockState | None] = "over_budget"


class NotCapable(CollectError):
    """The vehicle cannot give this, now and in the next run."""

    state: ClassVar[BlockState | None] = "not_capable"
    whose_move: ClassVar[Mover] = "nobody"


class OwnerMustAct(CollectError):
    """The vehicle's owner has to do something first."""

    state: ClassVar[BlockState | None] = "owner_must_act"
    whose_move: ClassVar[Mover] = "owner"


class NotPermitted(OwnerMustAct):
    """The owner has not granted the permission."""

    state: ClassVar[BlockState | None] = "no_permission"


class TokenRefused(OwnerMustAct):
    """The access token was refused; one refresh may help, after that only the owner."""


class ApplicationMustAct(CollectError):
    """The owner of the Smartcar application has to act; no vehicle can be collected before."""

    state: ClassVar[BlockState | None] = "not_asked"
    whose_move: ClassVar[Mover] = "application_owner"


class OurBug(CollectError):
    """The request was wrong, or something here failed in a way nobody foresaw."""

    state: ClassVar[BlockState | None] = "upstream_error"
