"""``agentforge sync``: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Program


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    place = tmp_path / "remote.git"
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main", place), check=True)
    return place


def test_what_goes_is_told_and_then_that_both_are_the_same(program: Program, remote: Path) -> None:
    first = program("sync", str(remote), "--dry-run")
    assert (first.code, first.out) == (0, "1 commit would go.\n")
    assert program("sync", str(remote)).out == "1 commit went.\n"
    done = program("sync", str(remote), "--json")
    told = json.loads(done.out)
    assert (done.code, told["status"], told["sync"]["commits"]) == (0, "completed", 0)
    assert program("sync", str(remote)).out == "Both sides hold the same.\n"


def test_no_remote_is_one_sentence_and_a_true_exit_code(program: Program, tmp_path: Path) -> None:
    away = program("sync", str(tmp_path / "away.git"))
    assert (away.code, away.out) == (1, "")
    assert "cannot be reached" in away.err
    assert program("sync").code == 3
    assert program("sync", "ext::evil").code == 2
