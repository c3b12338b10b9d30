"""Shorter waits between tries, so that a fault costs a run tenths of a second and not seconds."""

from __future__ import annotations

from functools import partial

import collectors.tokens
import flows.collecting


def shorten_waits() -> None:
    flows.collecting.RetryPolicy = partial(flows.collecting.RetryPolicy, backoff=0.02)
    collectors.tokens.RefreshPolicy = partial(collectors.tokens.RefreshPolicy, backoff=0.02)
