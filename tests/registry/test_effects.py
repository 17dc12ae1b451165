"""A job's effect on a registry happens once, however many try and whatever happened to its version since."""

from __future__ import annotations

import subprocess
import threading

from sample_tools import make_tool

from agentforge.registry.repository import Registry
from agentforge.types import State


def test_a_job_commits_once_and_then_gets_its_version_again(registry):
    first = registry.add(make_tool(), state=State.LIVE, once="job1")
    other = make_tool(body="return text.strip()")
    assert registry.add(other, state=State.LIVE, once="job1") == first
    assert len(registry.log("slugify")) == 1
    effect = registry.effect("job1")
    assert (effect.tool, effect.version, effect.state) == ("slugify", first, State.LIVE)
    assert registry.effect("job2") is None


def test_a_proposal_counts_too(registry):
    version = registry.add(make_tool(), state=State.PROPOSED, once="job1")
    assert registry.add(make_tool(body="return text"), state=State.PROPOSED, once="job1") == version
    assert len(registry.proposed()) == 1
    assert registry.effect("job1").state is State.PROPOSED


def test_what_became_of_the_version_since_makes_no_second_commit(registry):
    version = registry.add(make_tool(), state=State.LIVE, once="job1")
    registry.set_state("slugify", State.RETIRED, "not wanted")
    assert registry.add(make_tool(), state=State.LIVE, once="job1") == version
    assert registry.get("slugify").state is State.RETIRED


def test_a_tool_that_names_a_job_in_its_provenance_alone_is_added_as_ever(registry):
    """Somebody edits a tool: its manifest still names the forging that made it."""
    first = registry.add(make_tool(job="job1"), state=State.LIVE)
    second = registry.add(make_tool(body="return text.strip()", job="job1", parent=first), state=State.LIVE)
    assert second != first
    assert registry.effect("job1").version == first, "the effect is the first commit"


def test_words_of_a_commit_are_no_trailer(registry):
    command = ["git", "-C", str(registry.path), "commit-tree", "main^{tree}", "-p", "main", "-m"]
    message = "By hand\n\nJob: job1\nTool: slugify\n\nand more words"
    made = subprocess.run(
        [*command, message],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={
            "PATH": "/usr/bin:/bin",
            **{f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        },
    )
    subprocess.run(
        ["git", "-C", str(registry.path), "update-ref", "refs/heads/main", made.stdout.strip()], check=True, timeout=30
    )
    assert registry.effect("job1") is None


def test_of_many_writers_of_one_job_one_commits(registry):
    """Each has a connection of its own and another idea of the tool; all begin at the same moment."""
    barrier = threading.Barrier(6)
    given = []

    def write(number):
        with Registry.open(registry.path) as mine:
            mine.head()
            barrier.wait()
            given.append(mine.add(make_tool(body=f"return text[:{number}]"), state=State.PROPOSED, once="job1"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(given) == 6
    assert len(set(given)) == 1
    assert len(registry.proposed()) == 1
