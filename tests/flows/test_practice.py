"""What the demo says of the request budget, from the emulator's log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.practice import Spent, spent

BEGUN = datetime(2026, 11, 20, 12, tzinfo=UTC)


def asked(endpoint: str, second: int = 0, status: int = 200) -> dict[str, object]:
    return {"endpoint": endpoint, "status": status, "at_real": (BEGUN + timedelta(seconds=second)).isoformat()}


def test_requests_of_both_versions_come_out_of_one_bucket() -> None:
    log = [asked("vehicles"), asked("v3_connections", 1), asked("v3_signal", 2, 429), asked("bmw_records", 4)]
    assert spent(log, 60, 900) == Spent(requests=4, allowed=120, seconds=4, refused=1)


@pytest.mark.parametrize("endpoint", ["token", "v3_token", "connections", "webhook"])
def test_tokens_the_management_api_and_deliveries_cost_nothing(endpoint: str) -> None:
    assert spent([asked(endpoint)], 60, 900).requests == 0
