"""Who may import whom, what a room may not do, and how long a file may grow."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from lake.registry import Registry, Vehicle
from lake.state import open_state

ROOT = Path(__file__).parents[2]
ROOMS = ("flows", "collectors", "transforms", "lake", "reports", "emulator")
MAY_IMPORT = {
    "flows": {"collectors", "reports", "transforms", "lake"},
    "reports": {"transforms", "lake"},
    "collectors": {"lake"},
    "transforms": {"lake"},
    "lake": set(),
    "emulator": set(),
}
START_THE_EMULATOR = {"flows/cli/practising.py", "flows/demo.py"}
SHAPES_ONLY = re.compile(r"lake\.schemas(\..+)?|lake\.raw\.Answer")
OUTSIDE_WORLD = {
    "aiohttp", "duckdb", "fsspec", "ftplib", "glob", "http", "httpx", "mmap", "os", "pathlib", "pyarrow", "requests",
    "shutil", "socket", "sqlalchemy", "sqlite3", "ssl", "subprocess", "tempfile", "urllib", "urllib3",
}  # fmt: skip
FILE_CALL = re.compile(r"(read|scan)_(parquet|csv|json|ndjson|ipc|excel|database|delta|avro)\w*|(write|sink)_\w+|open")

FILES = {str(path.relative_to(ROOT)): path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}


@cache
def tree(file: str) -> ast.Module:
    return ast.parse(FILES[file].read_text("utf-8"), file)


def room_of(file: str) -> str:
    return file.split("/", maxsplit=1)[0]


def files_of(*rooms: str) -> list[str]:
    return [file for file in FILES if room_of(file) in rooms]


def imports(file: str) -> Iterator[str]:
    """Dotted names, with what is taken from a module: `lake.raw.Answer`."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages(file: str) -> set[str]:
    return {name.split(".")[0] for name in imports(file)}


def test_every_room_is_looked_at() -> None:
    assert {room_of(file) for file in FILES} == set(ROOMS)


def offending(files: Iterable[str], found: Callable[[str], Iterable[object]]) -> dict[str, list[object]]:
    """What is found in these files and must not be there."""
    return {file: offences for file in files if (offences := sorted(found(file), key=str))}


def test_a_room_imports_only_from_below() -> None:
    def upwards(file: str) -> set[str]:
        room = room_of(file)
        return packages(file) & set(ROOMS) - MAY_IMPORT[room] - {room}

    assert offending([file for file in FILES if file not in START_THE_EMULATOR], upwards) == {}


def test_the_two_commands_that_start_the_emulator_import_nothing_else_from_beside_or_above() -> None:
    started = [file for file in FILES if file in START_THE_EMULATOR]
    assert (
        offending(started, lambda file: packages(file) & set(ROOMS) - {*MAY_IMPORT["flows"], "flows", "emulator"}) == {}
    )


def test_transforms_take_only_shapes_from_the_lake() -> None:
    def more(file: str) -> list[str]:
        return [name for name in imports(file) if name.startswith("lake") and not SHAPES_ONLY.fullmatch(name)]

    assert offending(files_of("transforms"), more) == {}


def test_transforms_import_nothing_that_opens_a_file_or_a_socket() -> None:
    assert offending(files_of("transforms"), lambda file: packages(file) & OUTSIDE_WORLD) == {}


def test_transforms_call_nothing_that_opens_a_file() -> None:
    def opened(file: str) -> list[str]:
        called = [node.func for node in ast.walk(tree(file)) if isinstance(node, ast.Call)]
        names = [func.id if isinstance(func, ast.Name) else getattr(func, "attr", "") for func in called]
        return [name for name in names if FILE_CALL.fullmatch(name)]

    assert offending(files_of("transforms"), opened) == {}


def test_collectors_build_no_frame() -> None:
    assert offending(files_of("collectors"), lambda file: packages(file) & {"polars", "pandas", "pyarrow"}) == {}


def test_one_file_imports_prefect() -> None:
    assert [file for file in FILES if "prefect" in packages(file)] == ["flows/prefect_flows.py"]


def test_no_import_is_relative_so_that_rooms_show() -> None:
    def relative(file: str) -> list[int]:
        return [node.lineno for node in ast.walk(tree(file)) if isinstance(node, ast.ImportFrom) and node.level]

    assert offending(FILES, relative) == {}


def test_a_file_has_less_than_450_lines() -> None:
    lengths = {file: len(path.read_text("utf-8").splitlines()) for file, path in FILES.items()}
    assert {file: length for file, length in lengths.items() if length >= 450} == {}


def test_a_function_has_less_than_60_lines() -> None:
    def long(file: str) -> list[str]:
        functions = [node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [node.name for node in functions if int(node.end_lineno or 0) - node.lineno + 1 >= 60]

    assert offending(FILES, long) == {}


def test_a_file_says_what_it_is_for() -> None:
    assert [file for file in FILES if not ast.get_docstring(tree(file))] == []


# Prefect is not loaded where no flow starts: importing it costs seconds


COMMAND = """
import sys
from flows.cli import main
sys.argv = ["chargelake", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    sys.exit(ended.code)
finally:
    print("prefect" in sys.modules, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a connected vehicle."""
    folder = tmp_path_factory.mktemp("house") / "home"
    engine = open_state(f"sqlite:///{folder}/state/chargelake.db")
    at = datetime(2026, 10, 1, tzinfo=UTC)
    Registry(engine).keep_vehicle(Vehicle("v-1", "o-1", "BMW", "iX", 2025, "UTC", at, ("read_charge_records",)))
    engine.dispose()
    return folder


@pytest.mark.parametrize(
    "arguments", [["--help"], ["vehicles"], ["query", "SELECT 1"], ["plan"], ["report", "cost"]], ids=" ".join
)
def test_a_command_that_starts_no_flow_does_not_load_prefect(home: Path, arguments: list[str]) -> None:
    settings = {"HOME": home, "NOW": "2026-10-20T12:00:00Z", "SMARTCAR__CLIENT_ID": "x", "SMARTCAR__CLIENT_SECRET": "x"}
    environment = os.environ | {f"CHARGELAKE_{name}": str(value) for name, value in settings.items()}
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=environment | {"PYTHONPATH": str(ROOT)}, cwd=home.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr.splitlines()[-1:]) == (0, ["False"]), ended.stderr
