"""The durable steps of a command, seen from outside: each can be noted, and at any of them the process can be killed.

Nothing in the house knows of this: a process that is to be killed has its own files, commits and requests wrapped
after it was imported. A step has a kind, for the table of results, and a name.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from collectors.http import Request, Transport
from lake.store import STAGING, LocalStore

_GZIP: Final = b"\x1f\x8b"
_OF_TABLE: Final = {
    "owners": "tokens", "coverage": "ledger", "streams": "ledger", "spend": "asking", "vehicles": "accounts",
    "runs": "accounts", "run_streams": "accounts", "transformed": "accounts",
}  # fmt: skip


class Steps:
    """Counts the steps of this process by name, notes them in a file, and kills the process at one of them."""

    def __init__(self, kill_at: str | None = None, noted_in: Path | None = None) -> None:
        self._kill_at = kill_at
        self._noted_in = noted_in
        self._passed: Counter[str] = Counter()

    def pass_by(self, kind: str, name: str) -> None:
        step = f"{kind}: {name}"
        self._passed[step] += 1
        reached = f"{step} #{self._passed[step]}"
        if self._noted_in is not None:
            with self._noted_in.open("a", encoding="utf-8") as file:
                file.write(f"{reached}\n")
        if reached == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap_everything(self) -> None:
        """Watch the files, the commits and the requests of this process from now on."""
        self._wrap_files()
        self._wrap_commits()
        self._wrap_requests()

    def _wrap_files(self) -> None:
        LocalStore.put = self._around_file(LocalStore.put)
        LocalStore.delete = self._around_file(LocalStore.delete)
        LocalStore.sweep_staging = self._around(LocalStore.sweep_staging, lambda *_: ("sweeping", "staging"))
        Path.replace = self._around(Path.replace, lambda _, target: (_kind_of(str(target)), "rename"))
        self._halve_writes()

    def _around_file(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def what(store: LocalStore, path: str, *_: object) -> tuple[str, str]:
            return _kind_of(store.uri(path)), method.__name__

        return self._around(method, what)

    def _around(self, method: Callable[..., Any], what: Callable[..., tuple[str, str]]) -> Callable[..., Any]:
        @wraps(method)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            kind, name = what(*arguments)
            self.pass_by(kind, f"before {name}")
            result = method(*arguments, **named)
            self.pass_by(kind, f"after {name}")
            return result

        return wrapped

    def _halve_writes(self) -> None:
        open_handle = os.fdopen

        def fdopen(handle: int, mode: str = "r", *more: Any, **named: Any) -> Any:
            file = open_handle(handle, mode, *more, **named)
            return _InHalves(file, handle, self) if mode == "wb" else file

        os.fdopen = fdopen

    def _wrap_commits(self) -> None:
        last = {"table": "runs"}

        @event.listens_for(Engine, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            words = statement.split()
            if words[0] in {"INSERT", "DELETE", "UPDATE"}:
                last["table"] = words[1] if words[0] == "UPDATE" else words[2]

        def what(*_: Any) -> tuple[str, str]:
            return _OF_TABLE.get(last["table"], "accounts"), f"commit of {last['table']}"

        DefaultDialect.do_commit = self._around(DefaultDialect.do_commit, what)

    def _wrap_requests(self) -> None:
        send = Transport.send

        async def wrapped(transport: Transport, request: Request) -> Any:
            kind = "tokens" if request.url.endswith("/oauth/token") else "asking"
            self.pass_by(kind, "before the request")
            answer = await send(transport, request)
            self.pass_by(kind, "after the answer")
            return answer

        Transport.send = wrapped


class _InHalves:
    """A file that is written half, then whole: a kill in between leaves it cut."""

    def __init__(self, file: Any, handle: int, steps: Steps) -> None:
        self._file, self._steps = file, steps
        self._kind = _kind_of(str(Path(f"/proc/self/fd/{handle}").readlink()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, content: bytes) -> int:
        middle = len(content) // 2
        self._file.write(content[:middle])
        self._file.flush()
        self._steps.pass_by("landing" if content[:2] == _GZIP else self._kind, "half written")
        self._file.write(content[middle:])
        return len(content)


def _kind_of(path: str) -> str:
    if f"/{STAGING}/rebuild/" in path:
        return "rebuilding"
    return "landing" if "/raw/" in path else "publishing"
