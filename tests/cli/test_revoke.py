"""``agentforge revoke`` on a real registry: the tree first, then the question, and a way back."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agentforge.api import Forge
from agentforge.database.store import Database
from agentforge.errors import UsageError
from agentforge.memory.episodes import Episodes
from agentforge.registry.layers import BaseLayer, Registry
from agentforge.registry.manifest import Provenance
from agentforge.registry.tool import Tool
from agentforge.types import State
from tests.cli.conftest import Program

PAGE = "page:evil.example.com"


def of(name: str, **facts: object) -> Tool:
    """A starter tool with an origin of its own."""
    found = next(tool for tool in BaseLayer().tools() if tool.name == name)
    manifest = found.manifest.model_copy(update={"provenance": Provenance.model_validate(facts)})
    return Tool(manifest, found.source, found.tests, found.examples, found.report)


@pytest.fixture
def learned(home: Path) -> Path:
    """One tool and one proposal from a page, and a tool from somewhere else."""
    path = home / "registries" / "personal" / "me.git"
    with Registry.open_or_create(path) as registry:
        registry.add(of("crc32_hex", sources=[PAGE], episodes=["0123456789abcdef"]), state=State.LIVE)
        registry.add(of("word_count", sources=[PAGE]), state=State.PROPOSED)
        registry.add(of("sha256_hex"), state=State.LIVE)
    return path


def states(path: Path) -> dict[str, State]:
    with Registry.open(path) as registry:
        standing = {name: one.state for name, one in registry.snapshot().states.tools.items()}
        return standing | dict.fromkeys(registry.snapshot().proposals, State.PROPOSED)


BEFORE = {"crc32_hex": State.LIVE, "sha256_hex": State.LIVE, "word_count": State.PROPOSED}


def test_without_a_terminal_it_shows_the_tree_and_wants_to_be_told(program: Program, learned: Path) -> None:
    done = program("revoke", PAGE)
    assert (done.code, done.out) == (6, "")
    assert "source:page:evil.example.com" in done.err
    assert "crc32_hex@" in done.err
    assert "word_count@" in done.err
    assert "Nothing was revoked.\n  Say --yes" in done.err
    assert states(learned) == BEFORE


def test_with_yes_all_of_it_leaves_use_and_comes_back(program: Program, learned: Path) -> None:
    done = program("revoke", PAGE, "--yes", "--reason", "It lied")
    assert done.code == 0
    assert "1 tool (crc32_hex) and 1 proposal (word_count/1)" in done.out
    assert states(learned) == {"crc32_hex": State.QUARANTINED, "sha256_hex": State.LIVE}
    (revocation,) = json.loads(program("revoke", "--list", "--output-format", "json").out)["revocations"]
    assert (revocation["origin"], revocation["reason"], revocation["undone"]) == (f"source:{PAGE}", "It lied", False)
    again = program("revoke", PAGE, "--yes")
    assert again.out.startswith(f"source:{PAGE} was revoked before")
    assert re.search(r"crc32_hex@\w+  quarantined\n", again.err), "the tree tells how things are by now"
    assert re.search(r"word_count@\w+  taken out of the queue 1\n", again.err)
    back = program("revoke", "--undo", revocation["id"])
    assert (back.code, back.err) == (0, "")
    assert "1 tool (crc32_hex) and 1 proposal (word_count/1) are back in use" in back.out
    assert states(learned) == BEFORE
    assert "undone before: nothing was changed" in program("revoke", "--undo", revocation["id"]).out


def test_programs_get_the_tree_as_json_also_when_nothing_was_done(program: Program, learned: Path) -> None:
    done = json.loads(program("revoke", PAGE, "--output-format", "json").out)
    assert (done["status"], done["exit_code"], done["origin"]) == ("waiting", 6, f"source:{PAGE}")
    names = [(row["depth"], row["id"].partition("@")[0], row["places"]) for row in done["tree"]]
    assert names == [
        (0, f"source:{PAGE}", []),
        (1, "tool:crc32_hex", [{"place": "standing", "target": "crc32_hex", "state": "live"}]),
        (1, "tool:word_count", [{"place": "waiting", "target": "word_count/1", "state": "proposed"}]),
    ]
    taken = json.loads(program("revoke", PAGE, "--yes", "--output-format", "json").out)["revocation"]
    assert (taken["tools"], taken["proposals"]) == (["crc32_hex"], ["word_count/1"])


def test_what_cannot_be_given_back_is_told(program: Program, learned: Path) -> None:
    taken = json.loads(program("revoke", "crc32_hex", "--yes", "--output-format", "json").out)["revocation"]
    with Registry.open(learned) as registry:
        registry.set_state("crc32_hex", State.RETIRED)
    back = program("revoke", "--undo", taken["id"])
    assert "! crc32_hex was changed since: it is retired" in back.err
    assert "nothing is back in use" in back.out


@pytest.mark.parametrize("words", [[], [PAGE, "--list"], ["--undo", "r1", "--list"], [PAGE, "--undo", "r1"]])
def test_one_thing_at_a_time(program: Program, words: list[str]) -> None:
    done = program("revoke", *words)
    assert done.code == 2
    assert "Say one thing to do" in done.err


def test_what_is_not_known_is_refused(program: Program, learned: Path) -> None:
    done = program("revoke", "nobody", "--yes")
    assert (done.code, states(learned)) == (2, BEFORE)
    assert "Nothing is known here by the name 'nobody'." in done.err
    assert program("revoke", "--undo", "r1").code == 2
    assert program("revoke", "--list").err == "Nothing was ever revoked.\n"


@pytest.mark.parametrize("word", ["parse_duration", "tool:parse_duration", "parse_duration@0123456"])
def test_a_starter_tool_is_told_to_be_one(program: Program, learned: Path, word: str) -> None:
    done = program("revoke", word, "--yes")
    assert (done.code, states(learned)) == (2, BEFORE)
    assert "parse_duration is a tool of the base layer, which cannot be changed from here.\n  A tool of" in done.err


def test_an_episode_from_which_nothing_came_can_be_revoked_too(program: Program, home: Path) -> None:
    home.mkdir()
    with Database.open(f"sqlite:///{home / 'state.db'}") as database:
        session = Episodes(database, org="personal", user="me").start("Hello")
    assert f"episode:{session} is revoked: nothing that is in use" in program("revoke", session, "--yes").out


@pytest.mark.parametrize(("said", "code"), [(b"y\n", 0), (b"n\n", 6)])
def test_on_a_terminal_a_person_is_asked(learned: Path, said: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agentforge", "revoke", PAGE]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, said)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # how Linux tells that the other side is closed
            pass
        os.close(ours)
        assert process.wait(60) == code
    assert "Take all of this out of use?" in shown.decode()
    assert "├── crc32_hex@" in shown.decode()
    assert "└── word_count@" in shown.decode()
    assert (states(learned) == BEFORE) == (code == 6)


async def test_the_library_does_the_same(learned: Path) -> None:
    async with Forge(user="me") as forge:
        family = forge.lineage.tree("evil.example.com")
        assert [row.node.name for row in family.rows[1:]] == ["crc32_hex", "word_count"]
        done = forge.lineage.revoke("evil.example.com", reason="It lied")
        assert forge.lineage.tree(PAGE).revocation == done.id
        assert forge.log("crc32_hex")[0].trailers["Approver"] == ("me",)
        assert [tool.name for tool in forge.tools(State.QUARANTINED)] == ["crc32_hex"]
        assert forge.lineage.undo(done.id).tools == ("crc32_hex",)
        assert [one.undone for one in forge.lineage.list().values()] == [True]
        with pytest.raises(UsageError, match="cannot stand for a person"):
            forge.lineage.revoke(PAGE, approver="two words")
    assert states(learned) == BEFORE
