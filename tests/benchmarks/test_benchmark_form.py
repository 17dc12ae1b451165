"""What all benchmarks share: which version was measured, and which kept rows may be mixed with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.form import code_version, resumable, short_hash


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small repository with the folders that a benchmark measures."""
    for name in ("agentforge/forge.py", "benchmarks/needs.py", "docs/index.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1\n", encoding="utf-8")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *arguments], check=True, timeout=30)
    return tmp_path


def version(checkout: Path) -> str:
    return code_version(checkout / "benchmarks" / "needs.py", root=checkout)


def test_a_clean_tree_is_its_commit(checkout: Path) -> None:
    head = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "HEAD"], check=True, capture_output=True, text=True, timeout=30
    ).stdout
    assert version(checkout) == head[:12]
    (checkout / "docs" / "index.md").write_text("2\n", encoding="utf-8")
    assert version(checkout) == head[:12], "what is not measured does not count"


@pytest.mark.parametrize("name", ["agentforge/forge.py", "agentforge/new.py", "benchmarks/needs.py"])
def test_a_changed_tree_is_dirty_and_two_changes_are_told_apart(checkout: Path, name: str) -> None:
    seen = {version(checkout)}
    for text in ("2\n", "3\n"):
        (checkout / name).write_text(text, encoding="utf-8")
        assert "+dirty." in version(checkout)
        seen.add(version(checkout))
    assert len(seen) == 3


def test_without_git_the_files_themselves_count(tmp_path: Path) -> None:
    (tmp_path / "agentforge").mkdir()
    (tmp_path / "agentforge" / "forge.py").write_text("1\n", encoding="utf-8")
    first = code_version(root=tmp_path)
    (tmp_path / "agentforge" / "forge.py").write_text("2\n", encoding="utf-8")
    assert first.startswith("files-")
    assert code_version(root=tmp_path) != first


def test_rows_of_other_conditions_are_ignored_and_the_reason_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"id": "a", "commit": "1", "model": "m"},
        {"id": "b", "commit": "2", "model": "m"},
        {"id": "c", "commit": "2", "model": "n"},
        {"id": "d", "model": "m"},
    ]
    assert resumable(rows, lambda _: {"commit": "1", "model": "m"}) == rows[:1]
    told = capsys.readouterr().err
    assert told.startswith("3 kept rows are ignored")
    for reason in ("1 with other commit", "1 with other commit and other model", "1 with no commit"):
        assert reason in told


def test_nothing_is_told_where_nothing_is_ignored(capsys: pytest.CaptureFixture[str]) -> None:
    resumable([{"commit": "1"}], lambda _: {"commit": "1"})
    assert capsys.readouterr().err == ""


def test_a_short_hash_depends_on_values_and_not_on_their_order() -> None:
    assert short_hash({"a": 1, "b": 2}) == short_hash({"b": 2, "a": 1}) != short_hash({"a": 1, "b": 3})
