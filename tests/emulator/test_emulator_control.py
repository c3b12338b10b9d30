"""The emulator's own endpoints, its log and its command line."""

import argparse
import asyncio
import os
import signal
import stat
import sys
from datetime import UTC, datetime

import pytest

from emulator import EmulatorConfig, add_arguments, config_from
from emulator.clock import Clock
from emulator.command import main, write_environment


async def test_the_clock_can_be_read_set_and_advanced(start):
    client = await start()
    assert (await client.ask("GET", "/emulator/clock")).json == {"now": "2026-09-15T12:00:00Z", "rate": 0}
    moved = {"now": "2027-01-01T01:00:00+01:00"}
    assert (await client.ask("PUT", "/emulator/clock", json=moved)).json["now"] == "2027-01-01T00:00:00Z"
    advanced = await client.ask("POST", "/emulator/clock/advance", json={"days": 1, "hours": 2})
    assert advanced.json["now"] == "2027-01-02T02:00:00Z"


@pytest.mark.parametrize("body", [{"now": "soon"}, {"now": "2026-01-01T00:00:00"}, {"rate": "fast"}, [], "x"])
async def test_a_wrong_clock_is_refused(start, body):
    client = await start()
    assert (await client.ask("PUT", "/emulator/clock", json=body)).status == 400


async def test_an_unknown_unit_of_time_is_refused(start):
    client = await start()
    assert (await client.ask("POST", "/emulator/clock/advance", json={"weeks": 1})).status == 400


def test_a_clock_runs_at_its_rate_and_can_stand_still(monkeypatch):
    ticks = iter([0.0, 10.0, 10.0, 10.0, 20.0])
    monkeypatch.setattr("time.monotonic", lambda: next(ticks))
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC), rate=60)
    assert clock.now() == datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
    clock.rate = 0
    assert clock.now() == datetime(2026, 1, 1, 0, 10, tzinfo=UTC)


def test_a_clock_wants_a_zone():
    with pytest.raises(ValueError, match="zone"):
        Clock().set(datetime(2026, 1, 1))  # noqa: DTZ001 - the missing zone is what is refused


async def test_the_log_tells_what_was_asked_and_answered(start):
    client = await start()
    vehicle = (await client.connect("1-vehicles@smartcar.com"))[0]
    await client.get(f"/vehicles/{vehicle}/vin", note="x")
    await client.get("/vehicles/nope")
    found, missing = client.emulator.log.entries[-2:]
    assert (found.endpoint, found.status, found.vehicle_id) == ("vin", 200, vehicle)
    assert found.query == {"note": "x"}
    assert found.user_id == client.emulator.vehicles("1-vehicles@smartcar.com")[0].user_id
    assert (missing.status, missing.error_type, missing.error_code) == (404, "RESOURCE_NOT_FOUND", "PATH")
    assert client.emulator.log.count(status=404) == 1


async def test_the_log_holds_no_secret(start):
    client = await start()
    await client.connect("1-vehicles@smartcar.com")
    await client.get("/user", code="very-secret")
    text = (await client.ask("GET", "/emulator/log")).body
    for secret in (b"very-secret", client.pair["access_token"].encode(), b"emulator-client-secret"):
        assert secret not in text


async def test_control_requests_are_neither_logged_nor_counted(start):
    client = await start(bucket=1)
    await client.connect("1-vehicles@smartcar.com")
    client.emulator.log.clear()
    for path in ("clock", "faults", "log", "truth", "environment"):
        assert (await client.ask("GET", f"/emulator/{path}")).status == 200
    assert len(client.emulator.log) == 0
    assert (await client.get("/user")).status == 200


async def test_the_log_can_be_read_on_from_a_number_and_cleared(start):
    client = await start()
    await client.connect("1-vehicles@smartcar.com")
    last = client.emulator.log.entries[-1].number
    await client.get("/user")
    answer = await client.ask("GET", "/emulator/log", params={"since": str(last)})
    assert [entry["endpoint"] for entry in answer.json["entries"]] == ["user"]
    await client.ask("DELETE", "/emulator/log")
    assert client.emulator.log.entries == []


async def test_truth_is_the_same_over_http_and_in_python(start):
    client = await start()
    vehicle = (await client.connect("3-vehicles@smartcar.com"))[1]
    query = {"vehicle_id": vehicle, "since": "2026-08-01T00:00:00Z", "until": "2026-09-01T00:00:00Z"}
    rows = (await client.ask("GET", "/emulator/truth", params=query)).json["sessions"]
    span = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
    assert [row["key"] for row in rows] == [t.session.key for t in client.emulator.truth(vehicle, *span)]
    assert rows


async def test_the_environment_points_at_this_emulator(start):
    client = await start(window_days=14)
    environment = client.emulator.environment()
    assert environment["CHARGELAKE_SMARTCAR__API_URL"] == f"{client.emulator.url}/v2.0"
    assert environment["CHARGELAKE_SMARTCAR__AUTH_URL"] == f"{client.emulator.url}/oauth/token"
    assert environment["CHARGELAKE_SMARTCAR__WINDOW_DAYS"] == "14"
    assert environment["CHARGELAKE_SMARTCAR__MODE"] == "test"
    assert (await client.ask("GET", "/emulator/environment")).json == environment


def test_a_dataset_makes_the_limits_generous_and_each_can_still_be_set(tmp_path):
    limits = EmulatorConfig(dataset=tmp_path, bucket=50).limits
    assert (limits.bucket, limits.refill_per_minute, limits.vehicle_spacing, limits.window_days) == (50, 6000, 0, 0)
    assert EmulatorConfig().limits.bucket == 120


def test_the_environment_file_is_for_its_owner_only(tmp_path):
    path = tmp_path / "env"
    path.write_text("old")
    path.chmod(0o644)
    write_environment(path, {"CHARGELAKE_A": "it's"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "export CHARGELAKE_A='it'\\''s'\n"


def test_options_become_settings():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    given = "--seed 4 --now 2026-01-02 --bucket 9 --fault reset:share=0.5 --port 0"
    arguments = parser.parse_args([*given.split(), "--v3-clock-offset", "0", "--v3-meter-factor", "0.1"])
    config = config_from(arguments)
    assert (config.seed, config.bucket, config.port) == (4, 9, 0)
    assert config.now == datetime(2026, 1, 2, tzinfo=UTC)
    assert config.faults == ("reset:share=0.5",)
    assert (config.v3_clock_offset, config.v3_meter_factor) == (0, 0.1)


@pytest.mark.parametrize(
    "options", [["--fault", "no_such_fault"], ["--fault", "reset:colour=red"], ["--fault", "reset:share=2"]]
)
def test_a_wrong_fault_on_the_command_line_is_one_clear_line(capsys, options):
    assert main(["--port", "0", *options]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_says_where_it_listens_and_stops_on_a_signal(tmp_path, number):
    path = tmp_path / "env"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "emulator", "--port", "0", "--env-file", str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    first = (await process.stdout.readline()).decode()
    assert "listens on http://127.0.0.1:" in first
    assert "export CHARGELAKE_SMARTCAR__API_URL='http://127.0.0.1:" in path.read_text()
    os.kill(process.pid, number)
    await process.communicate()
    assert process.returncode == 0
