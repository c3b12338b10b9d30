"""The folder of rules: places, tariffs, policies, assignments, rates and carbon, read once and checked."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flows.exits import Exit, Stop
from transforms.rules.reading import BadRule


@dataclass(slots=True)
class RulesFolder:
    """Files of rules by their names in the folder; a file that is not there is no error.

    Attributes:
        path: The folder; it need not exist.
        read: Hash of the content of each file that was read, by name.
    """

    path: Path
    read: dict[str, str] = field(default_factory=dict)

    def names(self, pattern: str) -> list[str]:
        """Names of the files that fit a glob pattern, sorted."""
        return sorted(str(each.relative_to(self.path)) for each in self.path.glob(pattern) if each.is_file())

    def content(self, name: str) -> bytes | None:
        """A file's bytes; None if there is no such file.

        Raises:
            Stop: It cannot be read (exit code 2).
        """
        try:
            content = (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Stop(Exit.USAGE, f"{self.path / name} cannot be read: {error.strerror}") from None
        self.read[name] = hashlib.sha256(content).hexdigest()
        return content

    def text(self, name: str) -> str | None:
        """A file's text (UTF-8); None if there is no such file.

        Raises:
            Stop: It cannot be read (exit code 2).
        """
        content = self.content(name)
        try:
            return None if content is None else content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Stop(Exit.USAGE, f"{self.path / name}: it is not UTF-8 text; save it as such") from None

    @property
    def digest(self) -> str:
        """Hash of all that was read: equal digests, equal rules."""
        return hashlib.sha256(repr(sorted(self.read.items())).encode()).hexdigest()

    @contextlib.contextmanager
    def saying_where(self, name: str) -> Iterator[None]:
        """Turn a bad rule into one line that names its file, and exit code 2."""
        try:
            yield
        except BadRule as error:
            raise Stop(Exit.USAGE, f"{self.path / name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a folder.

    Attributes:
        digest: Equal digests, equal rules.
    """

    digest: str


def load_rules(path: Path) -> Rules:
    """Read and check the rules of a folder; what is not there has no rules.

    Raises:
        Stop: A file cannot be used (exit code 2); the line says which, where and why.
    """
    folder = RulesFolder(path)
    return Rules(digest=folder.digest)
