"""A run as Prefect flows in a process of its own: what Prefect's database, files and logs keep of it. No secret."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from leaks import Secrets, everything_in, found

from emulator import EmulatorConfig, running
from tests.security.conftest import NOW, chargelake_in

OWNER = "3-vehicles@smartcar.com"


@pytest.mark.prefect
async def test_no_secret_is_in_what_prefect_keeps_of_a_run_with_faults(tmp_path: Path) -> None:
    config = EmulatorConfig(now=NOW, clock_rate=0, bucket=5000, refill_per_minute=600_000, vehicle_spacing=0)
    async with running(config) as emulator:
        secrets = Secrets(emulator)
        environment = {**emulator.environment(), **PREFECT, "PREFECT_HOME": str(tmp_path / "prefect")}
        chargelake = chargelake_in(tmp_path, environment)
        assert (await chargelake("connect", "--test-account", OWNER)).code == 0
        emulator.clock.advance(timedelta(hours=3))
        emulator.faults.add("account_issue", endpoint="bmw_records")
        emulator.faults.add("html", endpoint="mini_records", times=1)
        ran = await chargelake("run", CHARGELAKE_NOW=emulator.clock.now().isoformat())
        assert ran.code == 3, ran.err
        kept = everything_in(tmp_path) | {"output": ran.out.encode(), "errors and log": ran.err.encode()}
        assert len(secrets.access) == 2
        assert found(secrets.all(OWNER), kept) == []
    assert "a task in prefect/prefect.db" in found({"collect batch": "a task"}, kept)


PREFECT = {
    "CHARGELAKE_ORCHESTRATOR": "prefect",
    "CHARGELAKE_LOG_LEVEL": "DEBUG",
    "PREFECT_LOGGING_LEVEL": "DEBUG",
}
