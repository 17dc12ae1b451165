"""``agentforge tools export`` and ``tools import``: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.conftest import insist_on_namespaces
from tests.empty import python_with, run

PLAIN = 'def treble(n: int) -> int:\n    """Three times n: treble(2) is 6."""\n    return n * 3\n'


@pytest.fixture
def boxed(monkeypatch: pytest.MonkeyPatch) -> None:
    insist_on_namespaces()
    for key, value in (("SANDBOX__LAUNCHER", "bubblewrap"), ("GATES__MUTANTS", "4"), ("GATES__FUZZ_INPUTS", "4")):
        monkeypatch.setenv(f"AGENTFORGE_{key}", value)


def test_a_script_is_written_and_its_path_told(program: Program, tmp_path: Path) -> None:
    done = program("tools", "export", "days_between", "--out", str(tmp_path))
    assert (done.code, done.out, done.err) == (0, f"{tmp_path}/days_between.py\n", "")
    code, out, _ = run(python_with(tmp_path / "venv"), done.out.strip(), "start=2024-01-01", "end=2024-01-03")
    assert (code, out) == (0, "2\n")


def test_the_live_toolbox_becomes_a_skill(program: Program, tmp_path: Path) -> None:
    done = program("tools", "export", "--all", "--as", "skill", "--out", str(tmp_path), "--json")
    told = json.loads(done.out)["export"]
    assert (told["path"], told["form"], told["left_out"]) == (f"{tmp_path}/toolbox", "skill", {})
    assert "days_between" in told["entries"]
    assert (tmp_path / "toolbox" / "SKILL.md").read_text("utf-8").startswith('---\nname: "toolbox"\n')


@pytest.mark.parametrize("words", [(), ("days_between", "--all"), ("nothing",), ("days_between", "--name", "A b")])
def test_an_export_that_makes_no_sense_is_refused(program: Program, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert program("tools", "export", *words, "--out", str(tmp_path)).code == 2
    assert list(tmp_path.glob("*.py")) == []


@pytest.mark.usefixtures("boxed")
def test_plain_python_is_brought_in_and_waits_until_it_is_approved(program: Program, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLAIN, encoding="utf-8")
    done = program("tools", "import", str(tmp_path / "mine.py"), "--license", "MIT", "--json")
    [one] = json.loads(done.out)["imported"]
    assert (done.code, one["state"], one["target"]) == (0, "proposed", "treble/1")
    assert program("tools", "call", "treble", "n=5").code == 2
    assert program("tools", "approve", "treble", "--version", one["version"]).code == 0
    assert program("tools", "call", "treble", "n=5").out == "15\n"
    assert "license             MIT" in program("tools", "show", "treble").out


@pytest.mark.usefixtures("boxed")
def test_exit_code_1_says_that_nothing_was_let_in(program: Program, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLAIN.replace("is 6", "is 7"), encoding="utf-8")
    done = program("tools", "import", str(tmp_path / "mine.py"))
    assert done.code == 1
    assert "1 of 1: treble is rejected" in done.err
    assert "visible tests" in done.out
    assert "its tests are the cases that its docstring states" in done.out


@pytest.mark.parametrize("what", ["", "nowhere", "."])
def test_what_holds_no_tool_is_a_mistake_of_the_caller(program: Program, tmp_path: Path, what: str) -> None:
    done = program("tools", "import", what and str(tmp_path / what))
    assert done.code == 2
