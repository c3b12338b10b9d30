"""`chargelake webhooks` as a process: how it ends, and that a SIGKILL under load loses nothing that was accepted."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import webhooks
from benchmarks.delivering import send
from flows.cli.app import main
from flows.house import House
from flows.settings import load_settings
from flows.webhooks import reception_of
from lake.journal import left
from lake.lock import hold
from lake.raw import read_answers, segments
from lake.store import LocalStore


def ended(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[object, str]:
    monkeypatch.setattr("sys.argv", ["chargelake", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code, capsys.readouterr().err


def test_without_a_management_token_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ended(["webhooks"], monkeypatch, capsys)
    assert (code, said.count("\n")) == (2, 1)
    assert "CHARGELAKE_SMARTCAR__MANAGEMENT_TOKEN" in said


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CHARGELAKE_SMARTCAR__MANAGEMENT_TOKEN", webhooks.TOKEN)
    return webhooks.TOKEN


@pytest.mark.usefixtures("token")
def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, said = ended(["webhooks", "--port", str(port)], monkeypatch, capsys)
    assert (code, said.count("\n")) == (2, 1)
    assert f"127.0.0.1:{port}" in said


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("path", ["webhook", "/health", "/a?b", "/{x}"])
def test_a_path_that_is_none_is_refused(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(["webhooks", "--path", path], monkeypatch, capsys)[0] == 2


@pytest.mark.usefixtures("token")
def test_a_second_receiver_on_a_home_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(load_settings())
    with hold(house.receiver_lock):
        code, said = ended(["webhooks", "--port", "0"], monkeypatch, capsys)
    assert (code, said.count("\n")) == (6, 1)
    assert "receives webhooks on this home" in said


def test_the_help_shows_an_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["chargelake", "webhooks", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert "Example: chargelake webhooks --host" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_everything_sealed(number: signal.Signals, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with webhooks.receiver(home) as running:
        sent = send(running.url, webhooks.TOKEN, 20, 200.0, connections=4)
        running.process.send_signal(number)
        assert running.process.wait(30) == 0
    store = LocalStore(home)
    assert (len(webhooks.accepted(sent)), left(store)) == (20, [])
    assert {answer.request_id for answer in read_answers(store, segments(store))} == webhooks.accepted(sent)


def test_every_event_that_was_answered_is_in_raw_after_a_sigkill_under_load(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with webhooks.receiver(home) as running:
        killer = subprocess.Popen(["/bin/sh", "-c", f"sleep 0.9; kill -9 {running.process.pid}"])
        sent = send(running.url, webhooks.TOKEN, 1500, 500.0, records=2, connections=16)
        killer.wait()
        assert running.process.wait(30) == -signal.SIGKILL
    accepted = webhooks.accepted(sent)
    assert 0 < len(accepted) < 1500
    with webhooks.receiver(home) as again:
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(30) == 0
    found = Counter(webhooks.landed(home))
    assert accepted - set(found) == set()
    assert set(found.values()) == {1}


@pytest.mark.usefixtures("token")
def test_a_reception_shows_no_token() -> None:
    assert webhooks.TOKEN not in repr(reception_of(House(load_settings()), "/webhook"))
