"""Completion, by a real bash that asks the real program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program

PRESS = """
eval "$(agentforge completion bash)"
for line in 'agentforge tools sh' 'agentforge tools show word_' 'agentforge run --max-' 'agentforge completion '; do
    COMP_LINE=$line; COMP_WORDS=($line); [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
    _agentforge_completion agentforge
    echo "$line| ${COMPREPLY[*]}"
done
complete -p agentforge
"""


def test_a_real_bash_completes_commands_tools_options_and_choices(tmp_path: Path, program: Program) -> None:
    program("tools", "list")  # makes the home
    command = tmp_path / "agentforge"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m agentforge "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", PRESS], env=env, capture_output=True, text=True, timeout=300, check=False)
    found = dict(line.split("|") for line in done.stdout.splitlines() if "|" in line)
    assert found["agentforge tools sh"].split() == ["show"]
    assert found["agentforge tools show word_"].split() == ["word_count"]
    assert {"--max-turns", "--max-usd"} <= {*found["agentforge run --max-"].split()}
    assert {"bash", "fish", "zsh"} <= {*found["agentforge completion "].split()}
    assert "-F _agentforge_completion agentforge" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(program: Program, shell: str) -> None:
    done = program("completion", shell)
    assert done.code == 0
    assert "_AGENTFORGE_COMPLETE=complete_" + shell in done.out


def test_pressing_a_key_makes_no_home(program: Program, home: Path) -> None:
    env = {"_AGENTFORGE_COMPLETE": "complete_bash", "COMP_WORDS": "agentforge run -r ", "COMP_CWORD": "3"}
    assert (program(env=env).code, program(env=env).err) == (0, "")
    assert not home.exists()
