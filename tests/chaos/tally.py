"""The table of a chaos run: what was killed, what was survived, and the figures that have to be zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.chaos.trial import Verdict
from tests.chaos.world import PASSING

MOST_MIB = 600
"""A run of this size that takes more memory keeps something it should not."""
ENOUGH = 100
"""Trials after which every passing fault must have struck."""
ZEROS = {
    "records lost": "lost",
    "records doubled or untrue": "doubled",
    "unreadable moments of the lake": "unreadable",
    "temporary files left": "temporary",
    "refresh tokens lost": "tokens_lost",
    "secrets found": "secrets",
}


def is_well(verdicts: Sequence[Verdict]) -> bool:
    """Whether every kill was survived, every zero is one, no run took too much memory, and every fault has struck."""
    survived = all(each.survived for each in verdicts) and not any(zeros(verdicts).values())
    struck = len(verdicts) < ENOUGH or all(faults(verdicts).values())
    return survived and struck and peak(verdicts) <= MOST_MIB


def zeros(verdicts: Sequence[Verdict]) -> dict[str, int]:
    return {words: sum(getattr(each, name) for each in verdicts) for words, name in ZEROS.items()}


def faults(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How often each passing fault struck."""
    struck = sum((each.faults for each in verdicts), Counter[str]())
    return {str(each["name"]): struck[str(each["name"])] for each in PASSING}


def peak(verdicts: Sequence[Verdict]) -> float:
    """The most memory that any run took, in MiB."""
    return max((each.peak_mib for each in verdicts), default=0)


def table(verdicts: Sequence[Verdict], seconds: float) -> Iterator[str]:
    """Lines of Markdown."""
    yield from _kills(verdicts)
    yield ""
    yield "| fault injected | times |"
    yield "|---|---|"
    yield from (f"| `{name}` | {count} |" for name, count in sorted(faults(verdicts).items()))
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {words} | {count} |" for words, count in zeros(verdicts).items())
    yield f"| damaged answers that landed, each with its one row of quarantine | {sum(v.damaged for v in verdicts)} |"
    yield f"| looks at the whole lake meanwhile | {sum(each.looks for each in verdicts)} |"
    yield f"| tables looked at twice, as a file was replaced meanwhile | {sum(each.overtaken for each in verdicts)} |"
    yield f"| ended before their moment came | {sum(not each.was_killed for each in verdicts)} |"
    yield f"| peak memory of a run | {peak(verdicts):.0f} MiB |"
    yield f"| time | {seconds / 60:.1f} minutes |"
    yield from (f"\n{each.kill}: {'; '.join(each.says)}" for each in verdicts if not each.survived)


def _kills(verdicts: Sequence[Verdict]) -> Iterator[str]:
    made = Counter(each.kill.kind for each in verdicts if each.was_killed)
    survived = Counter(each.kill.kind for each in verdicts if each.was_killed and each.survived)
    yield "| killed at | kills | survived |"
    yield "|---|---|---|"
    yield from (f"| {kind} | {made[kind]} | {survived[kind]} |" for kind in sorted(made))
    yield f"| all | {made.total()} | {survived.total()} |"
