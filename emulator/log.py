"""The log of requests: what was asked of the emulator and what it answered, for tests to read. It holds no secret."""

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

KEPT = 1_000_000
SECRET_PARAMETERS = frozenset({"code", "refresh_token", "client_secret", "state", "username", "password", "vin"})


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One answered request; `at` is the emulator's clock, `at_real` the machine's, both UTC.

    `endpoint` is the name faults are aimed at, `fault` the fault that struck, `status` 0 an answer never given.
    """

    number: int
    method: str
    path: str
    query: dict[str, str]
    endpoint: str
    vehicle_id: str | None
    user_id: str | None
    status: int
    error_type: str | None
    error_code: str | None
    request_id: str
    at: datetime
    at_real: datetime
    fault: str | None = None

    def as_json(self) -> dict[str, object]:
        """Give the entry as JSON can hold it."""
        return asdict(self)


class RequestLog:
    """The entries in the order of their answers; the oldest fall out after a million."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=KEPT)
        self._number = 0

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> list[LogEntry]:
        """All entries, oldest first."""
        return list(self._entries)

    def next_number(self) -> int:
        """Give the number of the next entry; numbers go on after `clear`."""
        self._number += 1
        return self._number

    def add(self, entry: LogEntry) -> None:
        """Append an entry."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()

    def select(self, **wanted: object) -> list[LogEntry]:
        """Give the entries whose fields equal all of `wanted`, as in `select(status=429, endpoint="vin")`."""
        return [entry for entry in self._entries if all(getattr(entry, k) == v for k, v in wanted.items())]

    def count(self, **wanted: object) -> int:
        """Count the entries whose fields equal all of `wanted`."""
        return len(self.select(**wanted))

    def since(self, number: int) -> list[LogEntry]:
        """Give the entries with a number above `number`."""
        return [entry for entry in self._entries if entry.number > number]
