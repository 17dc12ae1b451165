"""The benchmark of a registry measures what it says."""

from __future__ import annotations

import json

import pytest

from agentforge.types import State
from benchmarks.registry import User, main

KEYS = {
    *("open_ms", "open_cpu_ms", "commit_ms", "commit_cpu_ms", "git_ms", "find_ms", "diff_ms", "list_ms", "index_ms"),
    *("search_p95_ms", "search_after_commit_ms", "rss_mb"),
}


def test_every_figure_of_every_size_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sizes", "10,120", "--rounds", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [*told["sizes"]] == ["10", "120"]
    for row in told["sizes"].values():
        assert {*row} == KEYS | {"commit_ratio_to_git", "commit_ratio_to_smallest"}
        assert all(figure > 0 for figure in row.values())
    assert all(row["open_cpu_ms"] > 1 for row in told["sizes"].values()), "git's is counted"
    assert told["sizes"]["10"]["commit_ratio_to_smallest"] == 1.0
    assert told["commit_ratio_to_git"] == told["sizes"]["120"]["commit_ratio_to_git"]


@pytest.mark.parametrize("sizes", ["", "9", "ten", "10,3"])
def test_sizes_that_cannot_be_measured_are_refused(sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sizes", sizes]) == 2
    assert capsys.readouterr().out == ""


def test_a_user_has_as_many_sound_tools_as_were_asked_for_and_a_new_one_each_time(tmp_path) -> None:
    user = User(tmp_path / "home")
    user.fill(120)
    with user.registry() as registry:
        assert registry.problems() == []
        assert len(registry.names()) == 120
        for count in (121, 122):
            registry.add(user.new_tool(registry), state=State.LIVE)
            assert len(registry.tools()) == count
