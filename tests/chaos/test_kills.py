"""A bounded number of kills; `make chaos` makes hundreds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.chaos.deliveries import damaged_in, wrongs
from tests.chaos.lakes import COMPARED, Watcher, missing, read_lake, too_many, untrue
from tests.chaos.nursery import nursery
from tests.chaos.tally import ENOUGH, MOST_MIB, ZEROS, is_well, table
from tests.chaos.trial import Kill, Verdict, at_random, chosen, try_kill
from tests.chaos.world import PASSING, Stage, World, stages, token_pairs, world

CHOSEN = 12
RANDOM = 4


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with nursery() as ready, world(ready, tmp_path_factory.mktemp("chaos")) as made:
        yield made


@pytest.fixture(scope="module")
def begun(there: World) -> tuple[Stage, ...]:
    return stages(there)


@pytest.mark.parametrize("place", range(CHOSEN))
def test_a_kill_at_a_durable_step_leaves_no_trace(there: World, begun: tuple[Stage, ...], place: int) -> None:
    verdict = try_kill(there, chosen(begun, CHOSEN)[place])
    assert verdict.was_killed
    assert verdict.says == []


@pytest.mark.parametrize("place", range(RANDOM))
def test_a_kill_at_a_random_moment_leaves_no_trace(there: World, begun: tuple[Stage, ...], place: int) -> None:
    assert try_kill(there, list(at_random(begun, RANDOM))[place]).says == []


STEPS_OF_A_REFRESH = ("before the request", "after the answer", "before commit of owners", "after commit of owners")


@pytest.mark.parametrize("step", STEPS_OF_A_REFRESH)
def test_a_kill_while_a_token_is_refreshed_loses_no_owner(there: World, begun: tuple[Stage, ...], step: str) -> None:
    verdict = try_kill(there, Kill(begun[1], at_step=f"tokens: {step} #2"))
    assert verdict.was_killed
    assert verdict.tokens_lost == 0
    assert verdict.says == []


# The harness itself: it must see what it is there to see


def test_every_kind_of_step_is_among_the_chosen(begun: tuple[Stage, ...]) -> None:
    kinds = {step.partition(":")[0] for stage in begun for step in stage.steps}
    assert {kill.kind for kill in chosen(begun, CHOSEN)} == kinds
    assert kinds == {
        "asking", "tokens", "landing", "ledger", "publishing", "accounts", "rebuilding", "sweeping",
    }  # fmt: skip


def test_the_trials_have_something_to_lose(begun: tuple[Stage, ...]) -> None:
    first, daily, _ = begun
    assert all(first.undisturbed[table].total() for table in COMPARED)
    assert any(row[-3] == 2 for row in daily.undisturbed["session_history"]), "a second revision"
    assert too_many(daily.undisturbed, first.undisturbed) > 0


def test_a_lost_row_and_a_doubled_row_would_be_seen(begun: tuple[Stage, ...]) -> None:
    whole = begun[0].undisturbed
    row = next(iter(whole["charge_sessions"]))
    less = {**whole, "charge_sessions": whole["charge_sessions"] - Counter([row])}
    more = {**whole, "charge_sessions": whole["charge_sessions"] + Counter([row])}
    assert (missing(less, whole), too_many(less, whole)) == (1, 0)
    assert (missing(more, whole), too_many(more, whole)) == (0, 1)
    assert len(untrue(more, whole)) == 1


def test_a_cut_file_and_a_second_file_would_be_seen(there: World, begun: tuple[Stage, ...]) -> None:
    home = there.copy_of(begun[1].base, "seen") / "home"
    file = next((home / "lake/charge_sessions").rglob("*.parquet"))
    other = file.with_name("part-1.parquet")
    other.write_bytes(file.read_bytes())
    assert len(untrue(read_lake(home), begun[1].before)) > 0
    with Watcher(home) as watcher:
        while not watcher.doubled:
            pass
        other.write_bytes(file.read_bytes()[:-20])
        while not watcher.unreadable:
            pass


def test_a_token_that_was_used_up_hours_ago_would_be_seen(there: World, begun: tuple[Stage, ...]) -> None:
    stage = begun[0]
    folder = there.copy_of(stage.base, "refreshing")
    old = token_pairs(folder)[0].refresh
    assert there.run(folder, stage.at, "run").code == 0
    assert not there.refreshes(old, stage.later)
    assert there.refreshes(token_pairs(folder)[0].refresh, stage.later)


def test_a_damaged_answer_has_one_row_and_a_second_or_none_would_be_seen(
    there: World, begun: tuple[Stage, ...]
) -> None:
    stage = begun[0]
    folder = there.copy_of(stage.base, "damaged")
    there.tell("DELETE", "/emulator/log")
    there.set_faults(*stage.odd, {"name": "truncated", "endpoint": "*_records", "times": 1})
    assert there.run(folder, stage.at, "run").code == stage.code
    spoiled = {each["request_id"] for each in there.tell("GET", "/emulator/log")["entries"] if each["fault"]}
    home, damaged = folder / "home", damaged_in(folder / "home", spoiled)
    assert len(damaged) == 1
    assert wrongs(home, stage.left, damaged) == (0, 0, [])
    assert missing(read_lake(home, damaged), stage.undisturbed) == 0
    assert too_many(read_lake(home, damaged), stage.undisturbed) == 0
    assert too_many(read_lake(home), stage.undisturbed) == 1, "where nobody says that a fault damaged it"
    (file,) = (path for path in (home / "lake/quarantine").rglob("*.parquet") if _unreadable(path))
    rows = pl.read_parquet(file)
    pl.concat([rows, rows.filter(reason="unreadable_answer")]).write_parquet(file)
    assert wrongs(home, stage.left, damaged)[:2] == (0, 1)
    rows.filter(pl.col("reason") != "unreadable_answer").write_parquet(file)
    assert wrongs(home, stage.left, damaged)[:2] == (1, 0)


def _unreadable(path: Path) -> bool:
    return "unreadable_answer" in pl.read_parquet(path)["reason"]


def test_a_row_of_quarantine_that_is_lost_for_one_of_two_landings_would_be_seen(
    there: World, begun: tuple[Stage, ...]
) -> None:
    home = there.copy_of(begun[1].base, "quarantined") / "home"
    assert wrongs(home, begun[1].left, ()) == (0, 0, [])
    file = next((home / "lake/quarantine").rglob("*.parquet"))
    pl.read_parquet(file).slice(1).write_parquet(file)
    assert wrongs(home, begun[1].left, ())[:2] == (1, 0)


@pytest.mark.parametrize("name", ZEROS.values())
def test_the_table_says_which_zero_is_none(begun: tuple[Stage, ...], name: str) -> None:
    kill = chosen(begun, 1)[0]
    bad = Verdict(kill, was_killed=True, says=["the tables differ"])
    setattr(bad, name, 2)
    words = next(words for words, field in ZEROS.items() if field == name)
    assert is_well([Verdict(kill, was_killed=True)])
    assert not is_well([bad])
    assert f"| {words} | 2 |" in list(table([bad], 1))
    assert f"| {kill.kind} | 1 | 0 |" in list(table([bad], 1))


def test_too_much_memory_and_a_fault_that_never_struck_are_not_well(begun: tuple[Stage, ...]) -> None:
    kill = chosen(begun, 1)[0]
    every = Counter({str(each["name"]) for each in PASSING})
    one = Verdict(kill, was_killed=True, peak_mib=300, faults=every)
    assert is_well([one] * ENOUGH)
    assert not is_well([Verdict(kill, was_killed=True, peak_mib=MOST_MIB + 1)])
    assert not is_well([Verdict(kill, was_killed=True, faults=every - Counter(["html"]))] * ENOUGH)
    shown = list(table([one], 1))
    assert {"| `html` | 1 |", "| peak memory of a run | 300 MiB |"} <= set(shown)
