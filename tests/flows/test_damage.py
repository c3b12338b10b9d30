"""Damage and disks without room: one clear line, nothing overwritten, found by `verify`, healed as `doctor` says."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.practice import emulator_process
from tests.chaos.lakes import missing, read_lake, too_many
from tests.flows.conftest import NOW, Chargelake, Ended, command_line

ACCOUNT = "4-vehicles@smartcar.com"


MOUNT, UMOUNT = (shutil.which(name) or f"no {name} here" for name in ("mount", "umount"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A home after a first run, and the commands over it."""

    home: Path
    chargelake: Chargelake

    def content(self) -> dict[str, str]:
        """A hash of every file but the locks, which name who holds them and what landed last."""
        files = (path for path in self.home.rglob("*") if path.is_file() and path.name not in {"lock", "landing"})
        return {str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def one(self, pattern: str) -> Path:
        return max(self.home.glob(pattern))

    def doctor_says(self, about: str) -> str:
        found = {row["about"]: row for row in self.chargelake("doctor", "--json").json}
        assert found[about]["state"] == "mend"
        return str(found[about]["says"])


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    options = ["--now", NOW.isoformat(), "--bucket", "100000", "--refill-per-minute", "60000", "--vehicle-spacing", "0"]
    with emulator_process([*options, "--history-days", "40", "--vehicle-monthly", "100000"]) as practice:
        yield practice


@pytest.fixture(scope="module")
def base(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has run once."""
    folder = tmp_path_factory.mktemp("base")
    run = commands(server, folder / "home", folder)
    assert run("connect", "--test-account", ACCOUNT).code == 0
    assert run("run").code == 0
    return folder / "home"


@pytest.fixture
def kept(server: Any, base: Path, tmp_path: Path) -> Kept:
    home = tmp_path / "home"
    shutil.copytree(base, home)
    return Kept(home, commands(server, home, tmp_path))


def commands(server: Any, home: Path, folder: Path) -> Chargelake:
    practised = {"CHARGELAKE_HOME": str(home), "CHARGELAKE_NOW": NOW.isoformat()}
    return command_line(practised | server.environment, folder)


def flip_a_byte(file: Path, at: float = 0.5) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * at)] ^= 0xFF
    file.write_bytes(content)


def is_clear(ended: Ended, code: int, *words: str) -> bool:
    said = [line for line in ended.err.splitlines() if line.startswith("chargelake: ")]
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    assert len(said) == 1
    assert all(word in said[0] for word in words), said[0]
    return True


# A raw file


def test_a_damaged_raw_file_stops_a_rebuild_and_nothing_is_overwritten(kept: Kept) -> None:
    flip_a_byte(kept.one("raw/*/*.gz"))
    before = kept.content()
    assert is_clear(kept.chargelake("rebuild"), 1, kept.one("raw/*/*.gz").name, "doctor")
    assert kept.content() == before


def test_a_damaged_raw_file_is_found_and_does_not_stop_the_daily_run(kept: Kept) -> None:
    flip_a_byte(kept.one("raw/*/*.gz"))
    found = kept.chargelake("verify")
    assert found.code == 1
    assert kept.one("raw/*/*.gz").name in found.out
    assert kept.chargelake("run").code == 0


def test_a_damaged_raw_file_is_healed_as_doctor_says(kept: Kept, base: Path) -> None:
    for damaged in [*kept.home.glob("raw/*/*.gz")]:
        flip_a_byte(damaged)
    line = kept.doctor_says("landed")
    assert "rebuild" in line
    assert "raw/" in line
    shutil.move(kept.home / "raw", kept.home.parent / "aside")
    rebuilt = kept.chargelake("rebuild")
    assert rebuilt.code == 0
    assert "unknown again" in rebuilt.out
    assert read_lake(kept.home)["charge_sessions"].total() == 0
    assert kept.chargelake("run").code == 0
    assert kept.chargelake("verify").code == 0
    whole, healed = read_lake(base), read_lake(kept.home)
    assert (missing(healed, whole), too_many(healed, whole)) == (0, 0)


def test_days_that_another_landed_answer_tells_stay_known(kept: Kept) -> None:
    assert kept.chargelake("run").code == 0
    segments = sorted(kept.home.glob("raw/*/*.gz"))
    lookback_only = segments[-1]
    lookback_only.unlink()
    rebuilt = kept.chargelake("rebuild")
    assert rebuilt.code == 0
    assert "unknown again" not in rebuilt.out


STRAYS = ("notes.txt", "copy.jsonl.gz", "2026-10-20/zz.jsonl.gz", "2026-10-20/.DS_Store")


def test_stray_files_under_raw_break_no_run_and_are_found(kept: Kept) -> None:
    for name in STRAYS:
        (kept.home / "raw" / name).write_bytes(b"mine")
    assert kept.chargelake("run").code == 0
    assert kept.chargelake("rebuild").code == 0
    found = kept.chargelake("verify", "--json")
    assert found.code == 1
    assert {fault.partition(":")[0] for fault in found.json["faults"]} == {f"raw/{name}" for name in STRAYS}
    assert all((kept.home / "raw" / name).read_bytes() == b"mine" for name in STRAYS)


# A Parquet file


def test_flipped_bytes_in_tables_are_found_and_rebuild_heals_them(kept: Kept) -> None:
    whole = read_lake(kept.home)
    tables = ("session_history", "charge_sessions", "charge_day_history", "vehicles")
    files = [kept.one(f"lake/{table}/**/part-0.parquet") for table in tables]
    for file in files:
        flip_a_byte(file)
    found = kept.chargelake("verify")
    assert found.code == 1
    assert all(str(file.relative_to(kept.home)) in found.out for file in files)
    assert "chargelake rebuild" in kept.doctor_says("tables")
    assert kept.chargelake("rebuild").code == 0
    assert kept.chargelake("verify").code == 0
    healed = read_lake(kept.home)
    assert (missing(healed, whole), too_many(healed, whole)) == (0, 0)


def test_a_run_writes_nothing_over_a_history_that_is_damaged(kept: Kept) -> None:
    file = kept.one("lake/session_history/make=TESLA/*/part-0.parquet")
    flip_a_byte(file)
    damaged = file.read_bytes()
    assert is_clear(kept.chargelake("run"), 1, str(file.relative_to(kept.home)), "rebuild")
    assert file.read_bytes() == damaged


# The state


def garbage(file: Path) -> None:
    file.write_bytes(b"garbage " * 1000)


def garbage_behind_its_first_page(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xaa" * (len(content) - 4096))


def half(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


DAMAGE = [garbage, garbage_behind_its_first_page, half]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_one_clear_line_and_nothing_is_overwritten(
    kept: Kept, damage: Callable[[Path], None]
) -> None:
    damage(kept.home / "state/chargelake.db")
    before = kept.content()
    assert is_clear(kept.chargelake("run"), 2, "state database", "rebuild")
    assert is_clear(kept.chargelake("rebuild"), 2, "state database", "rebuild")
    found = kept.chargelake("verify")
    assert found.code == 1
    assert "state database" in found.out
    assert "Traceback" not in found.err
    assert "rebuild" in kept.doctor_says("state")
    after = kept.content()
    assert {name: after[name] for name in before} == before


def test_a_lost_state_is_made_anew_as_doctor_says(kept: Kept, base: Path) -> None:
    garbage(kept.home / "state/chargelake.db")
    assert "connect the owners again" in kept.doctor_says("state")
    for file in kept.home.glob("state/chargelake.db*"):
        shutil.move(file, kept.home.parent)
    assert kept.chargelake("connect", "--test-account", ACCOUNT).code == 0
    assert kept.chargelake("rebuild").code == 0
    assert kept.chargelake("run").code == 0
    assert kept.chargelake("verify").code == 0
    whole, healed = read_lake(base), read_lake(kept.home)
    assert (missing(healed, whole), too_many(healed, whole)) == (0, 0)


# The key


def gone(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [gone, empty, garbage])
def test_a_key_that_is_lost_is_one_clear_line_and_is_not_replaced_by_itself(
    kept: Kept, damage: Callable[[Path], None]
) -> None:
    key = kept.home / "state/secret.key"
    damage(key)
    before = key.read_bytes() if key.exists() else None
    assert is_clear(kept.chargelake("run"), 2, "key")
    assert "key" in kept.doctor_says("key")
    assert (key.read_bytes() if key.exists() else None) == before


def test_a_lost_key_is_healed_as_doctor_says(kept: Kept) -> None:
    gone(kept.home / "state/secret.key")
    assert "connect every owner again" in kept.doctor_says("key")
    fresh = {"CHARGELAKE_SECRET_KEY": kept.chargelake("key", "new").out.strip()}
    assert kept.chargelake("connect", "--test-account", ACCOUNT, **fresh).code == 0
    assert kept.chargelake("run", **fresh).code == 0
    assert all(row["state"] == "ok" for row in kept.chargelake("doctor", "--json", **fresh).json)


# The disk


@contextmanager
def a_disk(folder: Path, kib: int) -> Iterator[None]:
    subprocess.run([MOUNT, "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run([UMOUNT, folder], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own where this user may mount one, else a folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        with a_disk(folder, 1200):
            yield folder
    except (OSError, subprocess.CalledProcessError):
        yield folder


def limited_to(size: int, run: Callable[[], Ended]) -> Ended:
    """Run with no file of more than so many bytes: a full disk for one who may not mount any."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        return run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_a_run_with_one_line_and_nothing_half_written(
    server: Any, base: Path, disk: Path, tmp_path: Path
) -> None:
    kept = Kept(disk / "home", commands(server, disk / "home", tmp_path))
    shutil.copytree(base, kept.home)
    whole = read_lake(kept.home)
    for free in (0, 8, 60, 120, 200):
        with filled(disk, free):
            is_clear(kept.chargelake("run"), 2, "cannot be")
            assert missing(read_lake(kept.home), whole) == too_many(read_lake(kept.home), whole) == 0
            assert not [*kept.home.glob("state/staging/*")]
    assert kept.chargelake("run").code == 0
    assert kept.chargelake("verify").code == 0
    assert missing(read_lake(kept.home), whole) == too_many(read_lake(kept.home), whole) == 0


@contextmanager
def filled(disk: Path, free_kib: int) -> Iterator[None]:
    """Only so much room is left."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.truncate(0)
        room = shutil.disk_usage(disk).free - free_kib * 1024
        file.write(b"x" * max(0, room))
    yield
    ballast.unlink()


@pytest.mark.parametrize("size", [100, 1000, 20_000])
def test_a_limit_on_files_ends_a_run_with_one_line(kept: Kept, size: int) -> None:
    whole = read_lake(kept.home)
    ended = limited_to(size, lambda: kept.chargelake("run"))
    assert is_clear(ended, 2, "cannot be")
    assert missing(read_lake(kept.home), whole) == too_many(read_lake(kept.home), whole) == 0
    assert kept.chargelake("run").code == 0


def test_a_read_only_home_is_one_clear_line_and_can_still_be_queried(
    server: Any, base: Path, disk: Path, tmp_path: Path
) -> None:
    kept = Kept(disk / "home", commands(server, disk / "home", tmp_path))
    shutil.copytree(base, kept.home)
    before = kept.content()
    with read_only(disk):
        for command in ("run", "rebuild"):
            is_clear(kept.chargelake(command), 2, str(kept.home))
        assert kept.chargelake("verify").code == 1
        assert kept.doctor_says("home")
        assert kept.chargelake("query", "SELECT count(*) FROM charge_sessions").code == 0
    assert kept.content() == before


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    if os.path.ismount(disk):
        subprocess.run([MOUNT, "-o", "remount,ro", disk], check=True)
        yield
        subprocess.run([MOUNT, "-o", "remount,rw", disk], check=True)
        return
    folders = [path for path in [disk, *disk.rglob("*")] if path.is_dir()]
    for folder in folders:
        folder.chmod(0o500)
    yield
    for folder in folders:
        folder.chmod(0o700)


def test_a_key_cut_by_a_kill_is_made_again(server: Any, tmp_path: Path) -> None:
    run = commands(server, tmp_path / "home", tmp_path)
    killed = (
        "import os, signal; from lake import vault; from flows.cli import main;"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL);"
        "import sys; sys.argv = ['chargelake', *sys.argv[1:]]; main()"
    )
    environment = {**os.environ, **server.environment, "CHARGELAKE_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", killed, "connect", "--test-account", ACCOUNT]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, check=False, capture_output=True)
    assert ended.returncode == -9
    assert run("connect", "--test-account", ACCOUNT).code == 0
    assert run("run").code == 0
