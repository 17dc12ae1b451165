"""The command line as a whole: quick help, a version, and every command with its words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
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


def test_the_version_is_that_of_the_distribution(program: Program) -> None:
    assert program("--version").out == f"agentforge {version('agentforge-toolsmith')}\n"


def test_the_installed_command_leads_here() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"agentforge": "agentforge.__main__:main"}


@pytest.mark.parametrize("loading", ["typer", "agentforge.cli.app", "agentforge.cli.output", "agentforge.settings"])
def test_ctrl_c_while_the_command_loads_is_quiet(loading: str, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {loading!r}:\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from agentforge.__main__ import main\n"
        "sys.argv = ['agentforge', 'config', 'show']\n"
        "sys.exit(main())\n"
    )
    env = {**os.environ, "AGENTFORGE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "agentforge: Interrupted.\n")


def test_nothing_heavy_is_loaded_for_help() -> None:
    heavy = ("anthropic", "docker", "pydantic", "sqlalchemy", "rich", "git", "agentforge.api", "asyncio")
    code = (
        "import sys; from agentforge.cli.app import main; main(['--help']); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
