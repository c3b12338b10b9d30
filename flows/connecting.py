"""Connecting an owner: by a test account, a code, or a person in a browser."""

from __future__ import annotations

from collections.abc import Callable

from collectors.consent import SCOPES, Connected
from collectors.smartcar_v2.connect import Connect
from flows.collecting import wired
from flows.house import House
from lake.raw import new_run_id


async def connect_owner(
    house: House,
    *,
    test_account: str | None = None,
    code: str | None = None,
    timezone: str | None = None,
    scopes: tuple[str, ...] = SCOPES,
    show: Callable[[str], None] = print,
    v3: bool = False,
) -> Connected:
    """Connect an owner's vehicles; the caller holds the lake.

    Args:
        house: The house.
        test_account: E-mail of a test-mode account, connected without a browser.
        code: A code obtained elsewhere.
        timezone: IANA zone of the vehicles.
        scopes: Permissions to ask for.
        show: Called with the Connect URL where a person has to open it.
        v3: Through v3, which has no code to exchange.

    Raises:
        CollectError: Connect or the account could not be read; says whose move it is.
    """
    async with wired(house, new_run_id(house.clock.now())) as wiring:
        connect = wiring.connect_v3() if v3 else wiring.connect()
        if test_account:
            return await connect.test_account(test_account, scopes=scopes, timezone=timezone)
        if code and isinstance(connect, Connect):
            return await connect.with_code(code, timezone=timezone)
        return await connect.in_browser(show, scopes=scopes, timezone=timezone)
