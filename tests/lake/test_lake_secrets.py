"""The vault, its key, and the lock: what is kept from others and from other runs."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from lake.clock import FixedClock, SystemClock
from lake.lock import LakeHeld, hold
from lake.vault import Vault, WrongKey, load_or_make_key

ROOT = Path(__file__).parents[2]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "secret.key"


def test_what_is_sealed_opens_with_its_key_and_does_not_show() -> None:
    vault = Vault(Fernet.generate_key().decode())
    sealed = vault.seal(b"access-token")
    assert vault.open(sealed) == b"access-token"
    assert b"access-token" not in sealed


def test_another_key_does_not_open_it() -> None:
    sealed = Vault(Fernet.generate_key().decode()).seal(b"token")
    with pytest.raises(WrongKey, match="CHARGELAKE_SECRET_KEY"):
        Vault(Fernet.generate_key().decode()).open(sealed)


def test_a_damaged_seal_does_not_open() -> None:
    vault = Vault(Fernet.generate_key().decode())
    with pytest.raises(WrongKey):
        vault.open(vault.seal(b"token")[:-2])


@pytest.mark.parametrize("key", ["", "hunter2", "é" * 44, "A" * 43, "A" * 88])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(WrongKey, match="not 32 bytes") as caught:
        Vault(key)
    assert not key or key not in str(caught.value)


def test_the_key_is_made_once_for_its_owner_alone(key_file: Path) -> None:
    made = load_or_make_key(key_file, has_tokens=False)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert load_or_make_key(key_file, has_tokens=True) == made
    Vault(made)


def test_a_line_end_after_the_key_does_no_harm(key_file: Path) -> None:
    key = load_or_make_key(key_file, has_tokens=False)
    key_file.write_text(f"{key}\n", "ascii")
    assert load_or_make_key(key_file, has_tokens=True) == key


def test_a_key_file_that_is_gone_is_no_reason_for_a_new_key_while_tokens_need_it(key_file: Path) -> None:
    with pytest.raises(WrongKey, match="is gone"):
        load_or_make_key(key_file, has_tokens=True)
    assert not key_file.exists()


@pytest.mark.parametrize("content", [b"", b"hunter2", b"\xff\xfe\x00" * 20])
def test_a_key_file_of_garbage_is_a_wrong_key(key_file: Path, content: bytes) -> None:
    key_file.parent.mkdir()
    key_file.write_bytes(content)
    with pytest.raises(WrongKey, match="key file"):
        Vault(load_or_make_key(key_file, has_tokens=True))


# The lock


HOLD = """
import sys
from pathlib import Path
from lake.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "state" / "lock"


@contextmanager
def another_run(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process


def test_a_second_run_is_refused_and_told_which_process_holds_the_lake(lock: Path) -> None:
    with another_run(lock) as other, pytest.raises(LakeHeld, match=rf"process {other.pid}\b"), hold(lock):
        pass


def test_a_run_that_ended_lets_go(lock: Path) -> None:
    with another_run(lock):
        pass
    with hold(lock):
        assert lock.read_text("ascii") == str(os.getpid())


def test_a_killed_run_holds_nothing(lock: Path) -> None:
    with another_run(lock) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        with hold(lock):
            pass


def test_nothing_of_a_longer_number_stays_in_the_holders_name(lock: Path) -> None:
    lock.parent.mkdir()
    lock.write_text("9" * 20, "ascii")
    with hold(lock):
        assert lock.read_text("ascii") == str(os.getpid())


def test_a_run_that_fails_lets_go(lock: Path) -> None:
    with pytest.raises(RuntimeError), hold(lock):
        raise RuntimeError
    with hold(lock):
        pass


def test_a_process_does_not_hold_the_lake_twice(lock: Path) -> None:
    with hold(lock), pytest.raises(LakeHeld, match=str(os.getpid())), hold(lock):
        pass


def test_a_refused_run_changes_nothing_of_the_holders_name(lock: Path) -> None:
    with hold(lock):
        with pytest.raises(LakeHeld), hold(lock):
            pass
        assert lock.read_text("ascii") == str(os.getpid())


# The clock


def test_a_fixed_clock_stands_still_in_utc() -> None:
    clock = FixedClock(datetime.fromisoformat("2026-10-20T02:00:00+02:00"))
    assert clock.now() == clock.now() == datetime(2026, 10, 20, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_the_machines_clock_is_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
