"""The key that seals tokens: replaced in steps of which each leaves everything readable, and never guessed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.exits import Stop
from flows.house import House
from flows.settings import load_settings
from lake import vault
from lake.lock import hold
from lake.registry import Owner
from lake.vault import Vault, WrongKey, new_key
from tests.security.conftest import NOW, chargelake_in
from tests.security.rotating import rotate_and_die

CLEAN = multiprocessing.get_context("forkserver")
CLEAN.set_forkserver_preload(["tests.security.rotating"])
PAIRS = {f"o-{number}": f"tokens of {number}".encode() for number in range(5)}
STEPS = 19


def rotated_until_killed(house: House, steps: int) -> bool:
    """Rotate in a process that is killed before a step on the disk or a seal, after `steps` of them; whether it was.

    The process starts from a clean one that has imported the house and nothing else. A fork of the process of the
    tests would end as that one does: Prefect's services, where a test had started them, fail there at the exit.
    """
    house.engine.dispose()
    process = CLEAN.Process(target=rotate_and_die, args=(house.settings, steps))
    process.start()
    process.join()
    assert process.exitcode in {0, -signal.SIGKILL}, f"the rotation itself ended with {process.exitcode}"
    return process.exitcode != 0


def opened(house: House) -> dict[str, bytes]:
    """What every owner's tokens open to, with the key as a new process finds it."""
    fresh = House(house.settings)
    return {name: fresh.vault.open(fresh.registry.sealed_tokens(name) or b"") for name in PAIRS}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A home with the tokens of a few owners."""
    monkeypatch.setenv("CHARGELAKE_HOME", str(tmp_path / "home"))
    made = House(load_settings())
    for name, pair in PAIRS.items():
        made.registry.keep_owner(Owner(name, NOW))
        made.registry.keep_tokens(name, made.vault.seal(pair), NOW)
    return made


def test_a_rotated_key_opens_everything_and_the_old_one_nothing(house: House) -> None:
    old = house.key_file.read_text("ascii")
    assert house.rotate_key() == len(PAIRS)
    new = house.key_file.read_text("ascii")
    assert (new != old, "," in new, stat.S_IMODE(house.key_file.stat().st_mode)) == (True, False, 0o600)
    assert opened(house) == PAIRS
    with pytest.raises(WrongKey):
        Vault(old).open(house.registry.sealed_tokens("o-0") or b"")
    assert house.vault.open(house.registry.sealed_tokens("o-0") or b"") == PAIRS["o-0"]


@pytest.mark.parametrize("steps", range(STEPS))
def test_a_rotation_killed_at_any_point_leaves_tokens_that_open_and_can_be_done_again(house: House, steps: int) -> None:
    assert rotated_until_killed(house, steps)
    assert opened(house) == PAIRS
    assert House(house.settings).rotate_key() == len(PAIRS)
    assert opened(house) == PAIRS
    assert "," not in house.key_file.read_text("ascii")
    left = {path.name for path in house.key_file.parent.iterdir() if path.name.startswith("secret")}
    assert left == {"secret.key"}


def test_there_are_no_more_steps_than_those_it_was_killed_at(house: House) -> None:
    assert not rotated_until_killed(house, STEPS)


def test_a_token_that_does_not_open_stops_the_rotation_before_anything_is_changed(house: House) -> None:
    house.registry.keep_tokens("o-3", Vault(new_key()).seal(b"x"), NOW)
    before = (house.key_file.read_bytes(), [house.registry.sealed_tokens(name) for name in PAIRS])
    with pytest.raises(WrongKey, match="CHARGELAKE_SECRET_KEY"):
        house.rotate_key()
    assert (house.key_file.read_bytes(), [house.registry.sealed_tokens(name) for name in PAIRS]) == before


def test_keys_of_the_settings_are_rotated_by_putting_a_new_one_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = house.key_file.read_text("ascii"), new_key()
    house.key_file.unlink()
    monkeypatch.setenv("CHARGELAKE_SECRET_KEY", old)
    with pytest.raises(Stop, match="NEW,OLD"):
        House(load_settings()).rotate_key()
    monkeypatch.setenv("CHARGELAKE_SECRET_KEY", f"{new}, {old}")
    assert opened(House(load_settings())) == PAIRS
    assert House(load_settings()).rotate_key() == len(PAIRS)
    monkeypatch.setenv("CHARGELAKE_SECRET_KEY", new)
    assert opened(House(load_settings())) == PAIRS
    assert not house.key_file.exists()


@pytest.mark.parametrize("keys", ["{good},", "{good},hunter2", ",{good}", "{good};{good}"])
def test_one_bad_key_of_several_is_a_wrong_key_and_not_shown(keys: str) -> None:
    good = new_key()
    with pytest.raises(WrongKey, match="with commas between") as caught:
        Vault(keys.format(good=good))
    assert (good in str(caught.value), "hunter2" in str(caught.value)) == (False, False)


def test_the_command_rotates_and_says_so_without_showing_a_key(house: House, tmp_path: Path) -> None:
    old = house.key_file.read_text("ascii")
    command = [sys.executable, "-m", "flows", "key", "rotate"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "tokens of 5 owners" in done.stdout
    assert (old in done.stdout, house.key_file.read_text("ascii") in done.stdout) == (False, False)
    assert opened(house) == PAIRS


def test_a_key_is_not_rotated_under_a_run(house: House, tmp_path: Path) -> None:
    with hold(house.key_file.with_name("lock")):
        done = subprocess.run(
            [sys.executable, "-m", "flows", "key", "rotate"], capture_output=True, text=True, cwd=tmp_path, check=False
        )
    assert (done.returncode, done.stderr.count("\n")) == (6, 1)


async def test_a_wrong_key_is_one_clear_line_and_leaves_the_tokens_as_they_are(house: House, tmp_path: Path) -> None:
    before = [house.registry.sealed_tokens(name) for name in PAIRS]
    chargelake = chargelake_in(tmp_path, {"CHARGELAKE_SECRET_KEY": new_key()})
    for command in (("doctor",), ("key", "rotate")):
        ended = await chargelake(*command)
        assert ended.code == 2
        assert "Traceback" not in ended.err
    gone = chargelake_in(tmp_path, {})
    house.key_file.unlink()
    ended = await gone("key", "rotate")
    assert (ended.code, "is gone" in ended.err, ended.err.count("\n")) == (2, True, 1)
    assert not house.key_file.exists()
    assert [house.registry.sealed_tokens(name) for name in PAIRS] == before


def test_a_new_key_is_printed_and_nothing_made(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flows", "key", "new"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    Vault(done.stdout.strip())
    assert list(tmp_path.iterdir()) == []


# Modes


async def test_state_and_keys_are_their_owners_alone_even_where_the_umask_is_none(tmp_path: Path) -> None:
    program = ("-c", "import os; os.umask(0); from flows.cli import main; main()")
    chargelake = chargelake_in(tmp_path, {}, program)
    assert (await chargelake("key", "rotate")).code == 0
    assert (await chargelake("rebuild")).code == 0
    state = tmp_path / "home" / "state"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.rglob("*") if path.is_file()}
    assert {"chargelake.db", "secret.key", "lock"} <= set(modes)
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_state_folder_that_others_could_write_to_is_closed(house: House) -> None:
    folder = house.key_file.parent
    folder.chmod(0o777)
    House(house.settings).registry.owners()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir() if path.is_file())


def test_what_is_kept_under_state_is_its_owners_alone(house: House) -> None:
    house.store.put("state/demo", b"x")
    house.store.put("raw/2026-10-20/x", b"x")
    modes = [stat.S_IMODE(Path(house.store.uri(path)).stat().st_mode) for path in ("state/demo", "raw/2026-10-20/x")]
    assert modes == [0o600, 0o644]


def test_a_half_written_key_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state" / "secret.key"

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        vault.load_or_make_key(file, has_tokens=False)
    monkeypatch.undo()
    assert not file.exists()
    Vault(vault.load_or_make_key(file, has_tokens=False))
