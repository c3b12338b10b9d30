"""What the documentation shows is what one gets: its commands are run and their output compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from flows.cli.app import app
from flows.house import House
from flows.querying import query
from flows.settings import Settings, SmartcarSettings, load_settings

HOUSE = Path(__file__).parents[2]
README = (HOUSE / "README.md").read_text("utf-8")
CONSOLE = re.compile(r"```console\n\$ (chargelake [^\n]*)\n(.*?)```", re.DOTALL)
MAKE = re.compile(r"^make (\w+)", re.MULTILINE)
DEMO_NOW = re.compile(r"CHARGELAKE_NOW=(\S+) chargelake demo")
COMMANDS = re.compile(r"^ *(?:\$ )?chargelake (\w+)", re.MULTILINE)
COMMAND_LINE = re.compile(r"(?<![\w/-])chargelake ([^\n`]*)")
PAGES = [*HOUSE.glob("*.md"), *HOUSE.glob("docs/**/*.md")]
QUESTIONS = sorted(HOUSE.glob("docs/queries/*.sql"))
BLOCKS = re.compile(r"```\w+\n(.*?)```", re.DOTALL)


def chargelake(arguments: list[str], home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    usual = {name: os.environ[name] for name in ("PATH", "HOME", "COVERAGE_PROCESS_CONFIG") if name in os.environ}
    env = usual | {"CHARGELAKE_HOME": str(home), "CHARGELAKE_ORCHESTRATOR": "none"} | more
    command = [sys.executable, "-m", "flows", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=home, env=env, check=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home after the README's demo, and what the demo printed."""
    home = tmp_path_factory.mktemp("demo")
    shown = DEMO_NOW.search(README)
    assert shown, "the README says at which instant its figures were made"
    done = chargelake(["demo"], home, CHARGELAKE_NOW=shown[1])
    assert done.returncode == 0, done.stderr
    return home, done.stdout


@pytest.mark.parametrize(("command", "output"), CONSOLE.findall(README))
def test_the_readme_shows_what_its_queries_give(demo: tuple[Path, str], command: str, output: str) -> None:
    done = chargelake(shlex.split(command)[1:], demo[0])
    assert (done.returncode, done.stdout) == (0, output)


def test_the_readme_has_three_queries() -> None:
    assert len(CONSOLE.findall(README)) == 3


def test_the_demo_tells_what_a_person_wants_to_know(demo: tuple[Path, str]) -> None:
    said = (
        "vehicles",
        "25 v2.0, 6 v3 by poll, 5 v3 by webhook, 4 both",
        "each counted once",
        "requests",
        "0 answered 429",
        "sessions",
        "kWh",
        "billed",
        "EUR",
        "known",
        "unknown",
        "Try next",
    )
    told = " ".join(demo[1].split())  # the terminal may break a line anywhere
    assert [word for word in said if word not in told] == []


def test_the_demo_ends_with_a_cost_report_in_five_forms(demo: tuple[Path, str]) -> None:
    report = demo[1].partition("cost report")[2]
    assert "Costs by cost centre" in report
    begins = {"csv": b"Cost centre,Currency", "xlsx": b"PK", "pdf": b"%PDF", "html": b"<!DOCTYPE html>"}
    files = {form: (demo[0] / "reports" / f"cost.{form}").read_bytes() for form in begins}
    assert {form: content[: len(begins[form])] for form, content in files.items()} == begins


def test_the_demos_page_needs_no_network(demo: tuple[Path, str]) -> None:
    page = (demo[0] / "reports" / "overview.html").read_text("utf-8")
    assert "<svg" in page
    assert re.findall(r"""(?:src|href|url\()\s*=?\s*["'(]?\s*(?:https?:)?//""", page) == []


def test_a_second_demo_collects_only_what_is_new(demo: tuple[Path, str]) -> None:
    shown = DEMO_NOW.search(README)
    assert shown
    counted = "SELECT count(*) AS n FROM charge_sessions"
    known = "SELECT stream, state, count(*) AS days FROM completeness GROUP BY ALL ORDER BY ALL"
    before = [chargelake(["query", sql, "--json"], demo[0]).stdout for sql in (counted, known)]
    again = chargelake(["demo"], demo[0], CHARGELAKE_NOW=shown[1])
    assert "nothing new since the last demo here" in again.stdout
    assert [chargelake(["query", sql, "--json"], demo[0]).stdout for sql in (counted, known)] == before


ANSWERED = ("01", "02", "03", "05", "06", "07", "08", "09", "10", "12")


def test_the_twelve_questions_are_answered_by_the_demos_fleet(demo: tuple[Path, str]) -> None:
    house = House(load_settings(home=str(demo[0])))
    answers = {path.stem: query(house, path.read_text("utf-8"))[1] for path in QUESTIONS}
    assert len(answers) == 12
    assert [name for name, rows in answers.items() if name.startswith(ANSWERED) and not rows] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_is_there(page: str) -> None:
    targets = set(re.findall(r"^(\w+):.*##", (HOUSE / "Makefile").read_text(), re.MULTILINE))
    assert set(MAKE.findall((HOUSE / page).read_text("utf-8"))) - targets == set()


def test_every_command_that_is_named_is_there(tmp_path: Path) -> None:
    shown = chargelake(["--help"], tmp_path).stdout
    assert {name for name in COMMANDS.findall("".join(BLOCKS.findall(README))) if f"  {name} " not in shown} == set()


def test_every_command_on_every_page_has_the_options_that_are_shown() -> None:
    shown = [(page.name, line) for page in PAGES for line in COMMAND_LINE.findall(page.read_text("utf-8"))]
    assert [(page, line) for page, line in shown if not options_of(line) <= known_options(line)] == []


def options_of(line: str) -> set[str]:
    return set(re.findall(r"(?<!\S)--?[a-z][-a-z0-9]*", line.partition(" #")[0]))


def known_options(line: str) -> set[str]:
    """The options of the command that a line begins with; of none, whatever it shows."""
    command = get_command(app)
    for word in line.split():
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]
    if command.name in {"chargelake", "emulator"}:
        return options_of(line)
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


def test_every_setting_is_documented_with_its_default() -> None:
    told = (HOUSE / "docs" / "settings.md").read_text("utf-8")
    rows = {name: row for row in told.splitlines() for name in re.findall(r"`([A-Z0-9_]+)`", row)}
    fields = Settings.model_fields | SmartcarSettings.model_fields
    defaults = {name.upper(): str(field.default) for name, field in fields.items() if name != "smartcar"}
    assert defaults.keys() - rows.keys() == set()
    shown = {name: text for name, text in defaults.items() if text.isalnum() and text not in {"None", ""}}
    assert {name: text for name, text in shown.items() if f"`{text}`" not in rows[name]} == {}


def test_every_file_that_is_linked_is_there() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))]
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []
