"""The command line as a whole: quick help, a version, and every command with its words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from pydantic_core import SchemaError
from typer.testing import CliRunner

from agentforge.cli.app import app
from tests.cli.conftest import Program

COMMANDS = ["chat", "config", "doctor", "model", "run", "sandbox", "tools", "web"]


def test_help_names_every_command_and_the_exit_codes() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in shown.output
    assert "124 time-out" in " ".join(shown.output.split())


@pytest.mark.parametrize(("arguments", "command"), [([], "run"), (["tools"], "list")])
def test_2_a_group_without_a_command_shows_its_help_line_by_line(
    program: Program, arguments: list[str], command: str
) -> None:
    done = program(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Usage: {' '.join(['agentforge', *arguments])} [OPTIONS] COMMAND")
    assert f"\n  {command} " in done.err
    told = json.loads(program(*arguments, env={"AGENTFORGE_OUTPUT_FORMAT": "json"}).out)
    assert (told["exit_code"], told["error"]["message"]) == (2, "A command is missing.")


def test_every_command_and_every_option_has_a_sentence() -> None:
    def walk(path: str, command: typer.core.TyperGroup | typer.core.TyperCommand) -> list[str]:
        missing = [] if command.help else [path]
        missing += [f"{path} {one.name}" for one in command.params if not getattr(one, "help", None)]
        for name, child in getattr(command, "commands", {}).items():
            missing += walk(f"{path} {name}", child)
        return missing

    assert walk("agentforge", typer.main.get_command(app)) == []


SHOWING = {"check", "diff", "doctor", "history", "list", "log", "pending", "revoke", "show", "status", "why"}


def test_every_command_that_shows_something_takes_json_for_short() -> None:
    def walk(path: str, command: typer.core.TyperGroup | typer.core.TyperCommand) -> list[str]:
        options = {option for one in command.params for option in one.opts}
        lacking = [path] if path.rpartition(" ")[2] in SHOWING and "--json" not in options else []
        for name, child in getattr(command, "commands", {}).items():
            lacking += walk(f"{path} {name}", child)
        return lacking

    assert walk("agentforge", typer.main.get_command(app)) == []


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (["tools", "pending"], "pending"),
        (["tools", "history", "crc32_hex"], "history"),
        (["tools", "list"], "tools"),
        (["tools", "log"], "commits"),
        (["jobs", "list"], "jobs"),
        (["packages", "list"], "packages"),
        (["revoke", "--list"], "revocations"),
    ],
)
def test_json_for_short_is_the_output_format(program: Program, command: list[str], key: str) -> None:
    short, long = (json.loads(program(*command, *form).out) for form in (["--json"], ["--output-format", "json"]))
    assert (short["status"], short["exit_code"]) == ("completed", 0)
    assert short[key] == long[key]


def test_the_version_is_that_of_the_distribution(program: Program) -> None:
    assert program("--version").out == f"agentforge {version('agentforge-toolsmith')}\n"


def test_the_installed_command_leads_here() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"agentforge": "agentforge.__main__:main"}


def ended(before: str, home: Path) -> tuple[int, str, str]:
    """How a command ends in a process of its own that ran ``before``: exit code, stdout, stderr."""
    code = (
        f"{before}from agentforge.__main__ import main\nsys.argv = ['agentforge', 'tools', 'list']\nsys.exit(main())\n"
    )
    env = {**os.environ, "AGENTFORGE_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=env)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("loading", ["typer", "agentforge.cli.app", "agentforge.cli.output", "agentforge.settings"])
def test_ctrl_c_while_the_command_loads_is_quiet(loading: str, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {loading!r}:\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
    )
    assert ended(code, tmp_path) == (130, "", "agentforge: Interrupted.\n")


AGAIN = {
    "while it is told": (
        "class Loud:\n"
        "    def __init__(self, stream): self.stream = stream\n"
        "    def write(self, text): signal.raise_signal(signal.SIGINT); self.stream.write(text)\n"
        "    def flush(self): self.stream.flush()\n"
        "sys.stderr = Loud(sys.stderr)\n"
    ),
    "while threads end": (
        "import threading\nthreading._register_atexit(lambda: signal.raise_signal(signal.SIGINT))\n"  # as executors do
    ),
    "at the very end": (
        "class Last:\n"
        "    def __del__(self, send=signal.raise_signal, number=signal.SIGINT): send(number)\n"
        "last = Last()\n"
    ),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize("loading", ["typer", "agentforge.cli.output", "asyncio.base_events"])
def test_who_presses_ctrl_c_again_and_again_means_it_once(loading: str, again: str, tmp_path: Path) -> None:
    code = (
        "import signal, sys\n"
        f"{again}"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {loading!r}:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
    )
    assert ended(code, tmp_path) == (130, "", "agentforge: Interrupted.\n")


def test_ctrl_c_while_the_command_line_is_read_says_so(tmp_path: Path) -> None:
    """Where the library would end it without a word, though with the right code."""
    code = (
        "import signal, sys, typer.core\n"
        "def interrupted(*_, **__): signal.raise_signal(signal.SIGINT)\n"
        "typer.core.TyperGroup.parse_args = interrupted\n"
    )
    assert ended(code, tmp_path) == (130, "", "agentforge: Interrupted.\n")


def test_ctrl_c_while_text_is_executed_ends_with_its_code_and_not_with_the_signal(tmp_path: Path) -> None:
    """As dataclasses are made. Python would take it for one that nobody caught; what it executes later clears that,
    so that all is loaded before.
    """
    (tmp_path / "stopped.py").write_text(
        "import sys\n"
        "import rich.console, agentforge.cli.config as config, agentforge.cli.failure\n"
        "from agentforge.__main__ import main\n"
        "config.show = lambda *_, **__: exec('raise KeyboardInterrupt')\n"
        "sys.argv[1:] = ['config', 'show']\n"
        "sys.exit(main())\n"
    )
    env = {**os.environ, "AGENTFORGE_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-m", "stopped"], capture_output=True, text=True, timeout=60, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "agentforge: Interrupted.\n")


def test_ctrl_c_while_a_model_is_built_is_an_interruption(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    """What pydantic tells of it is an error of its own."""

    def interrupted(*_: object, **__: object) -> None:
        raise SchemaError('Error building "model" validator:\n  KeyboardInterrupt: ')

    monkeypatch.setattr("agentforge.cli.config.show", interrupted)
    done = program("config", "show")
    assert (done.code, done.err) == (130, "agentforge: Interrupted.\n")


def test_a_product_hears_ctrl_c_again_after_a_command_that_was_interrupted(
    monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    monkeypatch.setattr("agentforge.cli.config.show", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    heard = signal.getsignal(signal.SIGINT)
    assert program("config", "show").code == 130
    assert signal.getsignal(signal.SIGINT) is heard is not signal.SIG_IGN


def test_nothing_heavy_is_loaded_for_help() -> None:
    heavy = ("anthropic", "docker", "pydantic", "sqlalchemy", "rich", "git", "agentforge.api", "asyncio")
    code = (
        "import sys; from agentforge.cli.app import main; main(['--help']); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
