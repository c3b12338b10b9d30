"""One trial: a command is killed, what it left is looked at, the next one runs, and the result is judged."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from tests.chaos.deliveries import DAMAGING, damaged_in, wrongs
from tests.chaos.lakes import Watcher, everything_kept, missing, read_lake, temporary_files, too_many, untrue
from tests.chaos.nursery import End
from tests.chaos.world import PASSING, Stage, World, token_pairs

RANDOM_MOMENT: Final = "random moment"


@dataclass(frozen=True, slots=True)
class Kill:
    """When a command of a stage is killed: at a durable step, or after some seconds, with some passing faults on."""

    stage: Stage
    at_step: str | None = None
    after: float | None = None
    faults: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        return RANDOM_MOMENT if self.at_step is None else self.at_step.partition(":")[0]

    def __str__(self) -> str:
        when = self.at_step or f"after {self.after:.3f} s"
        return f"{self.stage.name}, {when}" + "".join(f" +{PASSING[each]['name']}" for each in self.faults)


@dataclass(slots=True)
class Verdict:
    """What came of a trial; every figure but `damaged`, `looks`, `overtaken`, `faults` and `peak_mib` has to be 0."""

    kill: Kill
    was_killed: bool = False
    lost: int = 0
    doubled: int = 0
    unreadable: int = 0
    temporary: int = 0
    tokens_lost: int = 0
    secrets: int = 0
    looks: int = 0
    overtaken: int = 0
    peak_mib: float = 0
    faults: Counter[str] = field(default_factory=Counter)
    spoiled: frozenset[str] = frozenset()
    damaged: int = 0
    says: list[str] = field(default_factory=list)

    @property
    def survived(self) -> bool:
        return not self.says


def try_kill(world: World, kill: Kill) -> Verdict:
    """Kill, look, run again, judge."""
    verdict, folder = Verdict(kill), world.copy_of(kill.stage.base, "trial")
    before = token_pairs(folder)
    with Watcher(folder / "home") as watcher:
        first = _killed(world, kill, folder, verdict)
        _judge_between(kill.stage, folder / "home", verdict)
        second = world.run(folder, kill.stage.at, kill.stage.command)
    if second.code != kill.stage.code:
        verdict.says.append(f"the next command ended with {second.code}: {second.out}")
    verdict.looks, verdict.overtaken = watcher.looks, watcher.overtaken
    verdict.unreadable += watcher.unreadable
    verdict.doubled += watcher.doubled
    verdict.says += [f"while it ran: {watcher.says}"] if watcher.says else []
    verdict.peak_mib = max(first.peak_mib, second.peak_mib)
    _judge_after(kill.stage, folder / "home", verdict)
    _judge_tokens(world, kill.stage, folder, verdict)
    _judge_secrets(world, folder, [each for pair in before for each in (pair.access, pair.refresh)], verdict)
    shutil.rmtree(folder)
    return verdict


def _killed(world: World, kill: Kill, folder: Path, verdict: Verdict) -> End:
    world.tell("DELETE", "/emulator/log")
    world.set_faults(*kill.stage.odd, *({**PASSING[each], "times": 1} for each in kill.faults))
    how = {"kill_at": kill.at_step} if kill.at_step else {"kill_after": kill.after}
    ended = world.run(folder, kill.stage.at, kill.stage.command, **how)
    world.set_faults(*kill.stage.odd)
    struck = world.tell("GET", "/emulator/log")["entries"]
    passing = {str(each["name"]) for each in PASSING}
    verdict.faults.update(each["fault"] for each in struck if each["fault"] in passing)
    verdict.spoiled = frozenset(each["request_id"] for each in struck if each["fault"] in DAMAGING)
    verdict.was_killed = ended.code is None
    if not verdict.was_killed and ended.code != kill.stage.code:
        verdict.says.append(f"the command ended by itself with {ended.code}: {ended.out}")
    return ended


def _judge_between(stage: Stage, home: Path, verdict: Verdict) -> None:
    """The lake that a killed command left: whole files, and rows that a command left alone has or had."""
    try:
        left = read_lake(home, damaged_in(home, verdict.spoiled))
    except (OSError, pl.exceptions.PolarsError) as error:
        verdict.unreadable += 1
        verdict.says.append(f"after the kill: {error}")
        return
    wrong = untrue(left, stage.before, stage.undisturbed)
    verdict.doubled += len(wrong)
    verdict.says += [f"after the kill, a row that no run has: {each}" for each in wrong[:1]]


def _judge_after(stage: Stage, home: Path, verdict: Verdict) -> None:
    damaged = damaged_in(home, verdict.spoiled)
    after, left = read_lake(home, damaged), temporary_files(home)
    fewer, others, says = wrongs(home, stage.left, damaged)
    lost, more = missing(after, stage.undisturbed) + fewer, too_many(after, stage.undisturbed) + others
    verdict.lost, verdict.doubled, verdict.temporary = lost, verdict.doubled + more, len(left)
    verdict.damaged = len(damaged)
    verdict.says += says[:1]
    if lost or more:
        verdict.says.append(f"the tables differ: {lost} rows are missing, {more} are too many")
        verdict.says += untrue(after, stage.undisturbed)[:1]
    verdict.says += [f"{each} stayed" for each in left]


def _judge_tokens(world: World, stage: Stage, folder: Path, verdict: Verdict) -> None:
    """Every refresh token that is kept gives the next pair, hours later: it is the last one that was given out."""
    alive = [world.refreshes(pair.refresh, stage.later) for pair in token_pairs(folder)]
    verdict.tokens_lost = len(token_pairs(stage.base)) - sum(alive)
    verdict.says += ["a refresh token was lost"] if verdict.tokens_lost else []


def _judge_secrets(world: World, folder: Path, used_up: list[str], verdict: Verdict) -> None:
    kept = everything_kept(folder)
    tokens = [each for pair in token_pairs(folder) for each in (pair.access, pair.refresh)]
    found = [each for each in [*world.application_secrets, *used_up, *tokens] if each.encode() in kept]
    verdict.secrets = len(found)
    verdict.says += ["a secret was written down"] if found else []


def chosen(stages: Sequence[Stage], count: int, *, seed: int = 1) -> list[Kill]:
    """Kills at so many durable steps: as many of each kind, as far as it has so many, spread evenly over each."""
    by_kind: dict[str, list[tuple[Stage, str]]] = {}
    for stage in stages:
        for step in stage.steps:
            by_kind.setdefault(step.partition(":")[0], []).append((stage, step))
    draw = random.Random(seed)
    shares = _shares({kind: len(steps) for kind, steps in by_kind.items()}, count)
    return [
        Kill(*by_kind[kind][(2 * place + 1) * len(by_kind[kind]) // (2 * share)], faults=_some_faults(draw))
        for kind, share in shares.items()
        for place in range(share)
    ]


def _shares(there: Mapping[str, int], count: int) -> dict[str, int]:
    """How many of each kind are taken, so that together they are `count`, or all there are."""
    shares = dict.fromkeys(there, 0)
    while sum(shares.values()) < min(count, sum(there.values())):
        fewest = min((kind for kind in there if shares[kind] < there[kind]), key=lambda kind: shares[kind])
        shares[fewest] += 1
    return {kind: share for kind, share in shares.items() if share}


def at_random(stages: Sequence[Stage], count: int, *, seed: int = 2) -> Iterator[Kill]:
    """Kills from outside at so many seeded moments."""
    draw = random.Random(seed)
    for place in range(count):
        stage = stages[place % len(stages)]
        yield Kill(stage, after=draw.uniform(0, stage.seconds), faults=_some_faults(draw))


def _some_faults(draw: random.Random) -> tuple[int, ...]:
    """None in a third of all trials, else one or two: fewer than a call is tried."""
    return tuple(draw.sample(range(len(PASSING)), draw.randrange(3)))
