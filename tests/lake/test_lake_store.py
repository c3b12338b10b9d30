from __future__ import annotations

import os
from pathlib import Path

import pytest

from lake import store as store_module
from lake.store import STAGING, HomeNotSupported, HomeUnwritable, LocalStore, open_store

OUTSIDE = ["../out", "raw/../../out", "/etc/passwd", "raw/.."]


def staged(store: LocalStore) -> list[str]:
    return store.list(STAGING)


def test_what_is_put_is_read(store: LocalStore) -> None:
    store.put("raw/2026-10-20/a.gz", b"\x00told")
    assert (store.read("raw/2026-10-20/a.gz"), store.size("raw/2026-10-20/a.gz")) == (b"\x00told", 5)


def test_a_put_replaces_the_file_and_stages_nothing_that_stays(store: LocalStore) -> None:
    store.put("lake/a", b"old")
    store.put("lake/a", b"new")
    assert store.read("lake/a") == b"new"
    assert staged(store) == []


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_put_leaves_the_old_content_and_nothing_staged(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store.put("lake/a", b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*{"fsync": (os, "fsync", full), "replace": (Path, "replace", full)}[step])
    with pytest.raises(HomeUnwritable, match=r"No space left.*free some space"):
        store.put("lake/a", b"new")
    assert store.read("lake/a") == b"old"
    assert staged(store) == []


def test_a_put_that_is_interrupted_leaves_nothing_staged(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    store.home.joinpath("lake").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        store.put("lake/a", b"new")
    assert staged(store) == []
    assert not store.exists("lake/a")


def test_a_reader_that_has_the_old_file_open_keeps_reading_it(store: LocalStore) -> None:
    store.put("lake/a", b"old")
    with Path(store.uri("lake/a")).open("rb") as opened:
        store.put("lake/a", b"new")
        assert opened.read() == b"old"


def test_content_is_durable_before_its_name_and_every_new_name_after(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    replace, fsync = Path.replace, os.fsync

    def noted_replace(path: Path, target: Path) -> Path:
        done.append(f"rename {target.name}")
        return replace(path, target)

    def noted_fsync(handle: int) -> None:
        done.append(Path(f"/proc/self/fd/{handle}").resolve().relative_to(store.home.parent).parts[-1])
        fsync(handle)

    store.put("lake/z", b"")
    monkeypatch.setattr(Path, "replace", noted_replace)
    monkeypatch.setattr(os, "fsync", noted_fsync)
    store.put("raw/2026-10-20/a.gz", b"told")
    before, after = done[: done.index("rename a.gz")], done[done.index("rename a.gz") + 1 :]
    assert before[:2] == ["home", "raw"], "the names of the folders that are new"
    assert before[2].startswith("tmp"), "the content"
    assert after == ["2026-10-20"], "the name of the file"


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_out_of_the_home_is_refused(store: LocalStore, path: str) -> None:
    for use in (store.read, store.exists, store.size, store.delete, store.list, store.uri):
        with pytest.raises(ValueError, match="not a path inside the home"):
            use(path)
    with pytest.raises(ValueError, match="not a path inside the home"):
        store.put(path, b"")


def test_a_file_that_is_not_there_is_no_file(store: LocalStore) -> None:
    assert not store.exists("lake/a")
    with pytest.raises(FileNotFoundError):
        store.read("lake/a")


def test_a_folder_is_no_file(store: LocalStore) -> None:
    store.put("lake/a/b", b"")
    assert not store.exists("lake/a")


def test_deleting_removes_the_folders_it_leaves_empty(store: LocalStore) -> None:
    store.put("lake/t/make=BMW/month=2026-10/part-0.parquet", b"")
    store.put("lake/t/make=BMW/month=2026-11/part-0.parquet", b"")
    store.delete("lake/t/make=BMW/month=2026-10/part-0.parquet")
    assert [each.name for each in (store.home / "lake/t/make=BMW").iterdir()] == ["month=2026-11"]


def test_deleting_the_last_file_never_removes_the_home(store: LocalStore) -> None:
    store.put("a", b"")
    store.sweep_staging()
    store.home.joinpath("state").rmdir()
    store.delete("a")
    assert store.home.is_dir()


def test_deleting_what_is_not_there_changes_nothing(store: LocalStore) -> None:
    store.put("lake/a", b"")
    store.delete("lake/b")
    store.delete("nowhere/at/all")
    assert store.list("lake") == ["lake/a"]


def test_a_removed_name_is_durable_in_the_folder_that_stays(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    store.put("lake/t/a", b"")
    store.put("lake/b", b"")
    monkeypatch.setattr(store_module, "sync_folder", synced.append)
    store.delete("lake/t/a")
    assert synced == [store.home / "lake"]


def test_a_list_is_sorted_and_of_the_suffix_alone(store: LocalStore) -> None:
    for path in ("raw/b/2.gz", "raw/a/9.gz", "raw/b/1.gz", "raw/b/1.txt", "lake/3.gz"):
        store.put(path, b"")
    assert store.list("raw", ".gz") == ["raw/a/9.gz", "raw/b/1.gz", "raw/b/2.gz"]


def test_a_list_of_a_folder_that_is_not_there_is_empty(store: LocalStore) -> None:
    assert store.list("raw") == []


def test_what_a_killed_run_left_half_written_is_swept(store: LocalStore) -> None:
    store.put("lake/a", b"")
    (store.home / STAGING / "tmp123").write_bytes(b"half")
    store.sweep_staging()
    assert staged(store) == []


def test_staging_lies_outside_of_what_readers_search() -> None:
    assert STAGING.split("/")[0] not in {"raw", "lake"}


def test_a_home_is_a_folder_or_its_file_url(tmp_path: Path) -> None:
    assert open_store(str(tmp_path)).home == open_store(f"file://{tmp_path}").home == tmp_path


def test_a_bucket_is_refused_by_name() -> None:
    with pytest.raises(HomeNotSupported, match="s3://bucket/home"):
        open_store("s3://bucket/home")
