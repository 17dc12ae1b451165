"""The launcher of vLLM, with stand-ins for torch and vLLM."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentforge.models.local.up import SERVE

COMPILER = """
class Function:
    def __init__(self, file, f_globals):
        self._artifacts = self
        self.compiled_fn = MADE[file]
        self.given = f_globals

def ours(): pass
def vllms(): pass
vllms.finalize_loading = lambda config: "loaded " + config
MADE = {"ours": ours, "vllms": vllms}

def load_compiled_function(file, *, f_globals=None):
    return Function(file, f_globals)
"""
MAIN = """
import sys, torch
def main():
    for file in sys.argv[1:]:
        function = torch.compiler.load_compiled_function(file, f_globals="globals")
        print(file, function.given, function._artifacts.compiled_fn.finalize_loading("config"))
    return 3
"""


@pytest.fixture
def line(tmp_path: Path) -> list[str]:
    for name, text in {
        "torch/__init__.py": "from torch import compiler",
        "torch/compiler.py": COMPILER,
        "vllm/entrypoints/cli/main.py": MAIN,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    start = (
        f"import runpy, sys; sys.path[:0] = [{str(tmp_path)!r}]; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    return [sys.executable, "-P", "-c", start, str(SERVE)]


def test_what_torch_compiled_can_be_loaded_again_by_vllm(line: list[str]) -> None:
    done = subprocess.run([*line, "ours", "vllms"], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["ours globals None", "vllms globals loaded config"], done.stderr
    assert done.returncode == 3, "the end of vLLM is the end of the launcher"


def test_the_words_of_the_command_line_are_vllms(line: list[str]) -> None:
    done = subprocess.run([*line, "nothing-of-that-name"], capture_output=True, text=True, timeout=60, check=False)
    assert "KeyError: 'nothing-of-that-name'" in done.stderr
