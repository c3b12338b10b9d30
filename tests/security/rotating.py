"""A rotation of the key that kills its process at one of its steps; imports nothing that the house does not need."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from flows.house import House
from flows.settings import Settings
from lake.vault import Vault


def rotate_and_die(settings: Settings, steps: int) -> None:
    """Rotate; be killed before the next step on the disk, or seal, after `steps` of them."""
    left = iter(range(steps))

    def killing(act: Callable[..., Any]) -> Callable[..., Any]:
        def act_or_die(*arguments: Any, **named: Any) -> Any:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*arguments, **named)

        return act_or_die

    for name in ("replace", "fsync", "open", "fdopen"):
        setattr(os, name, killing(getattr(os, name)))
    Vault.seal = killing(Vault.seal)
    House(settings).rotate_key()
