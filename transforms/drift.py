"""Drift: what a stream tells otherwise than its documentation, each field once, with an example that gives nobody away.

The notes are for whoever maintains chargelake: a field nobody knows, one that is gone, one whose type changed. An
example is at most sixty characters and never holds a secret, an e-mail or a VIN: where it might, there is none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

_NAME_LIMIT: Final = 100
_EXAMPLE_LIMIT: Final = 60
_LOOKED_AT: Final = 300
_EXAMPLE: Final = " (e.g. "

_PRIVATE_NAME: Final = re.compile(r"(?i)token|secret|passw|code|key|auth|vin\b|e-?mail|phone|user|owner|driver")
_PRIVATE_VALUE: Final = re.compile(
    r"""(?xi)
    [^\s@"]+@[^\s@"]+                                           # an e-mail
    | \b(?:bearer|basic)\s+\S                                   # an Authorization header
    | \beyJ[\w-]+\.                                             # a JSON web token
    | \b(?=[a-z0-9]*\d)(?=[a-z0-9]*[a-z])[a-hj-npr-z0-9]{17}\b  # a VIN: 17 letters and digits without I, O and Q
    | (?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])[\w+/=-]{24,}            # a long run of letters and digits: a key, an id
    | (?:code|token|secret|password|key)["']?\s*[:=]            # a parameter or a field that names its secret
    """
)


@dataclass(slots=True)
class Drift:
    """Fields that streams told otherwise than documented, gathered over many answers; the first example stays."""

    _notes: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def unknown(self, stream: str, name: str, example: str) -> None:
        """Note a field that the documentation does not have."""
        about = f"unknown field: {_public(name)}"
        if about not in self._notes[stream]:
            self._notes[stream][about] = about + _shown(name, example)

    def missing(self, stream: str, name: str) -> None:
        """Note a documented field that some record did not have."""
        self._note(stream, f"missing field: {name}")

    def changed(self, stream: str, name: str, found: str, documented: str) -> None:
        """Note a field that holds another type than documented."""
        self._note(stream, f"changed type: {name} ({found} instead of {documented})")

    def notes(self) -> dict[str, set[str]]:
        """All notes, a stream; streams without any are left out."""
        return {stream: set(notes.values()) for stream, notes in self._notes.items() if notes}

    def _note(self, stream: str, note: str) -> None:
        self._notes[stream].setdefault(note, note)


def about(note: str) -> str:
    """A note without its example: the same for the same drift, whatever value showed it."""
    return note.partition(_EXAMPLE)[0]


def _public(name: str) -> str:
    """A field's name, unless the name itself gives somebody away."""
    return "…" if _PRIVATE_VALUE.search(name[:_LOOKED_AT]) else name[:_NAME_LIMIT].replace(_EXAMPLE, " ")


def _shown(name: str, example: str) -> str:
    example = example[:_LOOKED_AT]
    if _PRIVATE_NAME.search(name[:_LOOKED_AT]) or _PRIVATE_VALUE.search(example):
        return ""
    line = " ".join("".join(each if each.isprintable() else " " for each in example).split())
    short = line if len(line) <= _EXAMPLE_LIMIT else line[: _EXAMPLE_LIMIT - 1] + "…"
    return f"{_EXAMPLE}{short})"
