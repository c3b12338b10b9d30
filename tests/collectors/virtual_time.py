"""An event loop whose clock jumps to the next thing that is due: hours of pacing pass in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

START = datetime(2026, 10, 20, 12, tzinfo=UTC)


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += max(timeout or 0.0, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def wall(self) -> datetime:
        return START + timedelta(seconds=self._jumping.now - 1000.0)


@contextmanager
def _throttle_on(loop: VirtualLoop) -> Iterator[None]:
    """asyncio-throttle reads `time.monotonic` itself."""
    with mock.patch("asyncio_throttle.throttler.time", SimpleNamespace(monotonic=loop.time)):
        yield


def run(main: Coroutine[Any, Any, Any], loop: VirtualLoop) -> Any:
    with _throttle_on(loop):
        try:
            return loop.run_until_complete(main)
        finally:
            loop.close()
