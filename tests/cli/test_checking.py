"""``tools check`` on folders: every gate in a table, all problems, true exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.conftest import insist_on_namespaces
from tests.forge.checks import write


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tool folder to check, in a bubblewrap box with few mutants."""
    insist_on_namespaces()
    for key, value in (("SANDBOX__LAUNCHER", "bubblewrap"), ("GATES__MUTANTS", "4"), ("GATES__FUZZ_INPUTS", "4")):
        monkeypatch.setenv(f"AGENTFORGE_{key}", value)
    return write(tmp_path / "handed in")


def test_check_shows_every_gate_and_what_would_become_of_the_tool(program: Program, checked: Path) -> None:
    done = program("tools", "check", str(checked))
    assert done.code == 0
    assert done.err.startswith("! bubblewrap has no control group")
    for words in ("suite strength", "fuzz", "✓ passed", "total_price would be live. All gates passed."):
        assert words in done.out


def test_check_as_json_tells_all_gates_and_1_is_rejected(program: Program, checked: Path) -> None:
    (checked / "tool.py").write_text("x = 1\nprint(x)\n", encoding="utf-8")
    (checked / "notes.txt").write_text("", encoding="utf-8")
    done = program("tools", "check", str(checked), "--json")
    answer = json.loads(done.out)
    assert (done.code, answer["exit_code"], answer["status"]) == (1, 1, "failed")
    assert (answer["state"], answer["admitted"]) == ("rejected", False)
    problems = "\n".join(answer["gates"][0]["evidence"]["problems"])
    assert "'notes.txt' does not belong into a tool folder" in problems
    assert "the function must be named total_price" in problems
    assert "line 2" in problems
    assert {gate["verdict"] for gate in answer["gates"][1:]} == {"skipped"}


def test_2_a_folder_that_is_none_before_any_box_is_started(program: Program, tmp_path: Path) -> None:
    done = program("tools", "check", str(tmp_path / "nowhere"), env={"DOCKER_HOST": "unix:///nowhere"})
    assert done.code == 2
    assert f"There is no folder {tmp_path / 'nowhere'}." in done.err


def test_no_folder_at_all_is_not_the_current_one(
    program: Program, checked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checked)
    done = program("tools", "check", "")
    assert (done.code, done.out, "No folder was named." in done.err) == (2, "", True)


def test_the_review_rules_of_the_user_count(program: Program, checked: Path) -> None:
    done = program("tools", "check", str(checked), "--set", "review.policy=review-all")
    assert (done.code, "total_price would be proposed. The review policy lets no tool" in done.out) == (0, True)
