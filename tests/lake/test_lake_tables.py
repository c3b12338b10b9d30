"""Publishing: a partition is one file, replaced whole, and any damage to it is found."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from lake_rows import BMW_OCTOBER, TESLA_NOVEMBER, TESLA_OCTOBER, frame, in_november, run, session, vehicle

from lake import digest
from lake.schemas import CHARGE_SESSIONS, RUNS, SCHEMA_VERSION, SESSION_HISTORY, TABLES, VEHICLES, Table
from lake.store import LocalStore
from lake.tables import DamagedTable, Partition, SchemaMismatch, Tables, partition_of, with_month

FILE = TESLA_OCTOBER.path(CHARGE_SESSIONS)
Change = Callable[[pl.DataFrame], pl.DataFrame]
HEAL = "`chargelake rebuild` makes it anew"


def publish(tables: Tables, *rows: dict[str, object]) -> None:
    """Publish these sessions as all there are."""
    tables.replace_all(CHARGE_SESSIONS, frame(*rows))


def ids(tables: Tables, *partitions: Partition) -> list[str]:
    return tables.read(CHARGE_SESSIONS, partitions or None)["session_id"].to_list()


def file_of(store: LocalStore, path: str = FILE) -> Path:
    return Path(store.uri(path))


def touched(store: LocalStore) -> dict[str, tuple[int, int]]:
    """What changes in a file that is written: its inode and its time."""
    stats = {path: file_of(store, path).stat() for path in store.list("lake")}
    return {path: (found.st_ino, found.st_mtime_ns) for path, found in stats.items()}


# Publishing


def test_what_is_published_is_read_with_the_month_of_its_path(tables: Tables) -> None:
    published = frame(session(1), in_november(2))
    tables.replace_all(CHARGE_SESSIONS, published)
    assert tables.read(CHARGE_SESSIONS).equals(published)


def test_a_partition_is_one_file(tables: Tables, store: LocalStore) -> None:
    publish(tables, *(session(number) for number in range(300)), in_november(300), session(301, make="BMW"))
    assert store.list("lake") == [
        "lake/charge_sessions/make=BMW/month=2026-10/part-0.parquet",
        "lake/charge_sessions/make=TESLA/month=2026-10/part-0.parquet",
        "lake/charge_sessions/make=TESLA/month=2026-11/part-0.parquet",
    ]


def test_publishing_replaces_the_named_partitions_alone(tables: Tables) -> None:
    publish(tables, session(1), in_november(2))
    tables.publish(CHARGE_SESSIONS, frame(session(3), in_november(4)), [TESLA_OCTOBER])
    assert ids(tables) == ["s-3", "s-2"]


def test_a_partition_without_rows_is_removed_with_its_folder(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1), session(2, make="BMW"))
    tables.publish(CHARGE_SESSIONS, frame(session(1)), [BMW_OCTOBER, TESLA_OCTOBER])
    assert tables.partitions(CHARGE_SESSIONS) == [TESLA_OCTOBER]
    assert not file_of(store, BMW_OCTOBER.path(CHARGE_SESSIONS)).parents[1].exists()


def test_replacing_all_removes_what_vanished(tables: Tables) -> None:
    publish(tables, session(1), in_november(2))
    publish(tables, in_november(2))
    assert tables.partitions(CHARGE_SESSIONS) == [TESLA_NOVEMBER]


def test_a_table_without_keys_is_one_file(tables: Tables, store: LocalStore) -> None:
    for names in (["007"], ["007", "008"]):
        tables.replace_all(VEHICLES, frame(*map(vehicle, names), table=VEHICLES))
        assert tables.read(VEHICLES)["vehicle_id"].to_list() == names
    assert store.list("lake") == ["lake/vehicles/part-0.parquet"]


def test_a_table_without_keys_and_rows_has_no_file(tables: Tables, store: LocalStore) -> None:
    tables.replace_all(VEHICLES, frame(vehicle(), table=VEHICLES))
    tables.replace_all(VEHICLES, VEHICLES.empty())
    assert store.list("lake") == []
    assert tables.read(VEHICLES).equals(VEHICLES.empty())


def test_rows_are_sorted_and_equal_keys_keep_their_order(tables: Tables) -> None:
    rows = [session(number, vehicle_id=name) for name in "ba" for number in (3, 1, 2)]
    publish(tables, *rows)
    found = tables.read(CHARGE_SESSIONS)
    assert found.select("vehicle_id", "session_id").rows() == [(name, f"s-{n}") for name in "ab" for n in (1, 2, 3)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_can_be_published_and_read(tables: Tables, table: Table) -> None:
    assert tables.read(table).height == 0
    tables.replace_all(table, with_month(table, table.empty()) if table.month_of else table.empty())
    assert tables.partitions(table) == []


def test_the_month_is_of_the_instant_in_utc(tables: Tables) -> None:
    late = datetime.fromisoformat("2026-11-01T00:30:00+01:00").astimezone(UTC)
    publish(tables, session(1, started_at=late))
    assert tables.partitions(CHARGE_SESSIONS) == [TESLA_OCTOBER]


def test_money_is_exact_to_the_last_digit(tables: Tables) -> None:
    publish(tables, session(1, billed_total=Decimal("999999999999.999999")))
    assert tables.read(CHARGE_SESSIONS)["billed_total"].to_list() == [Decimal("999999999999.999999")]


def test_a_file_says_which_table_and_version_it_is(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1))
    said = pq.read_metadata(file_of(store)).metadata
    assert (said[b"chargelake.table"], said[b"chargelake.schema_version"]) == (
        b"charge_sessions",
        str(SCHEMA_VERSION).encode(),
    )


def test_a_file_is_compressed_and_has_statistics(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1), session(2, vehicle_id="008"))
    group = pq.read_metadata(file_of(store)).row_group(0)
    column = group.column(CHARGE_SESSIONS.schema.names().index("vehicle_id"))
    assert column.compression == "ZSTD"
    assert (column.statistics.min, column.statistics.max) == ("007", "008")


def test_the_same_rows_make_the_same_bytes(tables: Tables, tmp_path: Path, store: LocalStore) -> None:
    other = LocalStore(tmp_path / "other")
    for each in (tables, Tables(other)):
        publish(each, session(2), session(1))
    assert store.read(FILE) == other.read(FILE)


# Leaving alone what stays the same


def test_a_file_whose_rows_stay_the_same_is_not_written(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1), session(2), in_november(3))
    before = touched(store)
    publish(tables, in_november(3), session(2), session(1))
    assert touched(store) == before


def test_of_the_partitions_only_the_changed_is_written(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1), in_november(2))
    before = touched(store)
    publish(tables, session(1), in_november(2, energy_kwh=None))
    after = touched(store)
    assert [path for path in before if after[path] != before[path]] == [TESLA_NOVEMBER.path(CHARGE_SESSIONS)]


@pytest.mark.parametrize("told", [{"energy_kwh": 0.0}, {"energy_kwh": None}, {"flags": ["zero_energy"]}])
def test_a_row_that_differs_in_anything_is_written(tables: Tables, told: dict[str, object]) -> None:
    publish(tables, session(1))
    publish(tables, session(1, **told))
    assert tables.read(CHARGE_SESSIONS).select(*told).row(0) == tuple(told.values())


def test_runs_are_published_again_and_again_without_a_change(tables: Tables, store: LocalStore) -> None:
    rows = frame(run(1), run(2), table=RUNS)
    tables.replace_all(RUNS, rows)
    before = touched(store)
    tables.replace_all(RUNS, rows)
    assert touched(store) == before


# What readers see meanwhile


def test_no_moment_of_publishing_shows_a_hidden_a_second_or_half_a_file(
    tables: Tables, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[tuple[str, ...]] = set()

    def look() -> None:
        files = [path for path in (store.home / "lake").rglob("*") if path.is_file()]
        assert [path for path in files if not re.fullmatch(r"part-0\.parquet", path.name)] == []
        rows = pl.concat([CHARGE_SESSIONS.empty(), *map(_whole, files)])["session_id"]
        assert rows.n_unique() == rows.len()
        seen.add(tuple(sorted(rows)))

    for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (Path, "chmod")):
        _watch(monkeypatch, owner, name, look)
    publish(tables, session(1), in_november(2))
    publish(tables, session(1, energy_kwh=1.0), session(3), in_november(4))
    publish(tables, session(3))
    assert seen >= {(), ("s-1",), ("s-1", "s-2"), ("s-1", "s-3", "s-4"), ("s-3",)}


def _whole(file: Path) -> pl.DataFrame:
    return pl.read_parquet(file.read_bytes())


def _watch(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, look: Callable[[], None]) -> None:
    """Look before and after each call."""
    call = getattr(owner, name)

    def watched(*args: object, **named: object) -> object:
        look()
        result = call(*args, **named)
        look()
        return result

    monkeypatch.setattr(owner, name, watched)


# Partitions


def test_partitions_are_sorted(tables: Tables) -> None:
    publish(tables, in_november(1), session(2), session(3, make="BMW"))
    assert tables.partitions(CHARGE_SESSIONS) == [BMW_OCTOBER, TESLA_OCTOBER, TESLA_NOVEMBER]


def test_only_the_partitions_asked_for_are_read(tables: Tables) -> None:
    publish(tables, session(1), in_november(2), session(3, make="BMW"))
    assert ids(tables, TESLA_NOVEMBER, Partition("MINI", "2026-10"), TESLA_NOVEMBER) == ["s-2"]


def test_the_columns_asked_for_are_read_in_the_order_of_the_table(tables: Tables) -> None:
    publish(tables, session(1))
    found = tables.read(CHARGE_SESSIONS, columns=("energy_kwh", "vehicle_id"))
    assert found.columns == ["vehicle_id", "energy_kwh", "month"]


@pytest.mark.parametrize(
    "path",
    [
        "lake/charge_sessions/part-0.parquet",
        "lake/charge_sessions/backup/part-0.parquet",
        "lake/charge_sessions/make=TESLA/part-0.parquet",
        "lake/charge_sessions/month=2026-10/make=TESLA/part-0.parquet",
        "lake/charge_sessions/make=TESLA/month=2026-10/part-1.parquet",
        "lake/charge_sessions/make=TESLA/month=2026-10/.part-0.parquet",
        "lake/charge_sessions_old/make=TESLA/month=2026-10/part-0.parquet",
    ],
)
def test_a_file_that_stands_elsewhere_is_none_of_the_tables(tables: Tables, store: LocalStore, path: str) -> None:
    publish(tables, session(1))
    store.put(path, store.read(FILE))
    assert tables.partitions(CHARGE_SESSIONS) == [TESLA_OCTOBER]
    assert ids(tables) == ["s-1"]


def test_a_row_without_a_key_is_refused_since_no_partition_would_have_it(tables: Tables) -> None:
    with pytest.raises(SchemaMismatch, match="a row without make"):
        publish(tables, session(1), session(2, make=None))
    assert tables.partitions(CHARGE_SESSIONS) == []


def test_the_partition_of_a_row_is_that_of_its_keys() -> None:
    assert partition_of(RUNS, {"month": "2026-10", "make": "TESLA"}) == Partition(month="2026-10")


# Other schemas


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.drop("energy_kwh"), r"missing \['energy_kwh'\]"),
        (lambda rows: rows.drop("month"), r"missing \['month'\]"),
        (lambda rows: rows.with_columns(extra=1), r"not in the schema \['extra'\]"),
        (lambda rows: rows.with_columns(pl.col("revision").cast(pl.Int64)), "revision is Int64, not Int32"),
        (lambda rows: rows.with_columns(pl.col("billed_total").cast(pl.Float64)), "billed_total is Float64"),
        (lambda rows: rows.with_columns(pl.col("started_at").dt.replace_time_zone(None)), "started_at is Datetime"),
        (lambda rows: rows.select(rows.columns[::-1]), "order of columns"),
    ],
    ids=["column gone", "month gone", "column more", "integer", "money as float", "no zone", "order"],
)
@pytest.mark.parametrize("way", ["publish", "publish_changed", "replace_all"])
def test_a_frame_of_another_schema_is_refused_and_changes_nothing(
    tables: Tables, store: LocalStore, change: Change, said: str, way: str
) -> None:
    publish(tables, session(1))
    before = touched(store)
    partitions = () if way == "replace_all" else ([TESLA_OCTOBER],)
    with pytest.raises(SchemaMismatch, match=said):
        getattr(tables, way)(CHARGE_SESSIONS, change(frame(session(2))), *partitions)
    assert touched(store) == before


@pytest.mark.parametrize(
    "change", [lambda rows: rows.drop("flags"), lambda rows: rows.with_columns(pl.lit(1).alias("more"))]
)
def test_a_file_of_another_schema_is_named_with_the_way_to_heal_it(
    tables: Tables, store: LocalStore, tmp_path: Path, change: Change
) -> None:
    written = tmp_path / "old.parquet"
    change(frame(session(1)).drop("month")).write_parquet(written, metadata=digest.METADATA)
    store.put(FILE, digest.with_digest(written.read_bytes()))
    with pytest.raises(SchemaMismatch, match=f"{re.escape(FILE)}: .*{HEAL}"):
        tables.read(CHARGE_SESSIONS, columns=["vehicle_id"])


# Damage


def damage(store: LocalStore, content: bytes) -> None:
    file_of(store).write_bytes(content)


def test_a_flipped_byte_is_found_wherever_it_is(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1))
    content = store.read(FILE)
    assert digest.is_intact(content)
    for place in range(len(content)):
        assert not digest.is_intact(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])


@pytest.mark.parametrize("share", [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_flipped_byte_is_a_damaged_table_with_the_way_to_heal_it(
    tables: Tables, store: LocalStore, share: float
) -> None:
    publish(tables, session(1))
    content = bytearray(store.read(FILE))
    content[int(len(content) * share)] ^= 0x10
    damage(store, bytes(content))
    with pytest.raises(DamagedTable, match=f"{re.escape(FILE)}.*{HEAL}"):
        tables.read(CHARGE_SESSIONS)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_cut_file_is_a_damaged_table(tables: Tables, store: LocalStore, share: float) -> None:
    publish(tables, session(1))
    content = store.read(FILE)
    damage(store, content[: int(len(content) * share)])
    with pytest.raises(DamagedTable, match=HEAL):
        tables.read(CHARGE_SESSIONS)


def test_a_file_that_somebody_else_wrote_is_a_damaged_table(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1))
    frame(session(1)).drop("month").write_parquet(file_of(store))
    with pytest.raises(DamagedTable):
        tables.read(CHARGE_SESSIONS)


def test_damage_elsewhere_keeps_no_other_partition_from_being_read(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1), in_november(2))
    damage(store, b"")
    assert ids(tables, TESLA_NOVEMBER) == ["s-2"]


@pytest.mark.parametrize("content", [b"", b"garbage", b"PAR1" * 100])
def test_replacing_all_heals_what_is_damaged(tables: Tables, store: LocalStore, content: bytes) -> None:
    publish(tables, session(1))
    damage(store, content)
    publish(tables, session(1))
    assert ids(tables) == ["s-1"]


def test_the_hash_is_that_of_the_file_with_zeros_in_its_place(tables: Tables, store: LocalStore) -> None:
    publish(tables, session(1))
    content = store.read(FILE)
    said = pq.read_metadata(file_of(store)).metadata[b"chargelake.sha256"]
    assert digest.with_digest(content.replace(said, b"0" * 64)) == content


def test_a_month_that_only_history_has_is_none_of_the_current_table(tables: Tables) -> None:
    tables.replace_all(SESSION_HISTORY, frame(session(1), table=SESSION_HISTORY))
    assert tables.partitions(CHARGE_SESSIONS) == []
