"""``agentforge memory …`` and ``agentforge persona …``: what is printed, in both forms, and exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agentforge.memory.entries import Candidate
from agentforge.memory.keeping import Memory
from agentforge.memory.persona import Persona
from agentforge.registry.repository import Registry
from tests.cli.conftest import Program

THREE = ("e1", "e2", "e3")


@pytest.fixture
def place(home: Path) -> Path:
    """The registry of the user."""
    return home / "registries" / "personal" / "me.git"


@pytest.fixture
def learned(place: Path) -> dict[str, str]:
    """Ids of what was learned in sessions: two facts on a topic, a lesson, and one that waits."""
    with Registry.open_or_create(place) as registry:
        memory = Memory(registry.store)
        return {
            name: found.id
            for name, candidate in {
                "old": Candidate("Lives in Paris", topic="home", episodes=("e1",)),
                "new": Candidate("Lives in Lyon", topic="home", episodes=("e2",)),
                "lesson": Candidate("Count the rows twice", "lesson", when="reading CSV", episodes=("e2",)),
                "waits": Candidate("Pays Bob", topic="home", episodes=("e3",), sources=("page:x.org",), tainted=True),
            }.items()
            if (found := memory.add(candidate).entry)
        }


def told(program: Program, *arguments: str, code: int = 0, stdin: bytes = b"") -> Any:
    """What a command says to a program."""
    done = program(*arguments, "--json", stdin=stdin)
    said = json.loads(done.out.splitlines()[-1])
    assert (done.code, said["exit_code"]) == (code, code), done
    return said


def test_what_is_remembered_is_listed(program: Program, learned: dict[str, str]) -> None:
    done = program("memory", "list")
    assert done.code == 0
    assert [word in done.out for word in (learned["new"], "Lyon", "Count the rows twice")] == [True] * 3
    assert "Paris" not in done.out
    assert "superseded" in program("memory", "list", "--all").out
    entries = told(program, "memory", "list", "--all")["entries"]
    assert {one["id"]: one["standing"] for one in entries} == {
        learned["old"]: "superseded",
        learned["new"]: "current",
        learned["lesson"]: "current",
    }


def test_an_empty_memory_says_so(program: Program) -> None:
    assert program("memory", "list").err == "Nothing is remembered.\n"
    assert program("memory", "pending").err == "Nothing waits.\n"
    assert program("memory", "search", "anything").err == "Nothing is remembered about that.\n"
    assert program("persona", "history").err == "There is no persona yet.\n"
    assert told(program, "memory", "list") == {"status": "completed", "exit_code": 0, "entries": [], "problems": []}


def test_search_show_and_why(program: Program, learned: dict[str, str]) -> None:
    (hit,) = told(program, "memory", "search", "where does he live", "--limit", "1")["entries"]
    assert hit["id"] == learned["new"]
    shown = program("memory", "show", learned["lesson"])
    assert [word in shown.out for word in ("Count the rows twice", "reading CSV", "e2")] == [True] * 3
    why = told(program, "memory", "why", learned["new"])["why"]
    assert [one["text"] for one in why["before"]] == ["Lives in Paris"]
    assert why["history"][0]["what"] == f"Remember {learned['new']}"
    page = program("memory", "why", learned["old"]).out
    assert f"{learned['new']} (" in page
    assert program("memory", "show", "f0000000").code == 2


def test_add_supersedes_edits_and_undoes(program: Program, learned: dict[str, str]) -> None:
    done = program("memory", "add", "I live in Nice", "--topic", "home", "--kind", "preference")
    assert done.err == f"It supersedes {learned['new']}.\n"
    written = told(program, "memory", "add", "Lives in Nice.")["written"]
    assert written["outcome"] == "repeats"
    key = written["entry"]["id"]
    assert told(program, "memory", "edit", key, "I live in Metz")["written"]["entry"]["text"] == "I live in Metz"
    newest = told(program, "memory", "why", key)["why"]["history"][0]["commit"]
    assert program("memory", "undo", newest).out == f"Undone: {key}.\n"
    assert "Nice" in program("memory", "list").out
    told(program, "memory", "add", "I moved on", "--supersedes", key)
    assert "Nice" not in program("memory", "list").out


@pytest.mark.parametrize(
    ("text", "why"), [("Hello", "It is a greeting."), ("Where is it?", "It is a question."), ("", "It says nothing.")]
)
def test_what_the_gates_refuse_is_a_usage_error_with_the_reason(program: Program, text: str, why: str) -> None:
    done = program("memory", "add", text)
    assert (done.code, done.err) == (2, f"agentforge: It was not remembered. {why}\n")


def test_what_waits_is_approved_or_rejected(program: Program, learned: dict[str, str]) -> None:
    done = program("memory", "pending")
    words = ("Pays Bob", "page:x.org", "Untrusted text", f"{learned['new']}: Lives in Lyon")
    assert [word in done.out for word in words] == [True] * 4, "what it would replace is shown as well"
    assert [one["replaces"] for one in told(program, "memory", "pending")["pending"]] == [[learned["new"]]]
    assert program("memory", "approve", learned["waits"]).out == f"{learned['waits']} approved: Pays Bob\n"
    assert program("memory", "approve", learned["waits"]).code == 2
    assert "from untrusted text" in program("memory", "show", learned["waits"]).out


def test_a_rejected_one_is_gone(program: Program, learned: dict[str, str]) -> None:
    assert program("memory", "reject", learned["waits"], "--reason", "No").out == f"{learned['waits']} rejected\n"
    assert told(program, "memory", "pending")["pending"] == []


def test_forgetting_says_plainly_what_still_holds_it(program: Program, learned: dict[str, str], place: Path) -> None:
    done = program("memory", "forget", learned["new"])
    assert done.out == f"{learned['new']} is forgotten\n"
    assert "The history of your registry still holds it" in done.err
    assert "e2" in done.err
    command = ["git", "-C", place, "log", "-p", "--all"]
    assert "Lyon" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    asked = told(program, "memory", "forget", learned["new"], "--rewrite", code=6)
    assert (asked["status"], asked["error"]["type"]) == ("waiting", "ApprovalNeeded")
    gone = told(program, "memory", "forget", learned["new"], "--rewrite", "--yes")["forgotten"]
    assert (gone["ids"], gone["erased"]["left"]) == ([learned["new"]], [])
    assert "Lyon" not in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_revoking_shows_what_is_remembered_because_of_it(program: Program, learned: dict[str, str]) -> None:
    shown = program("revoke", "e2")
    assert shown.code == 6
    assert f"fact:{learned['new']}" in shown.err
    assert f"lesson:{learned['lesson']}" in shown.err
    assert set(told_revoke(program, "revoke", "e2")["memory"]) == {learned["new"], learned["lesson"]}
    done = program("revoke", "e2", "--yes")
    assert f"2 remembered things ({learned['new']}, {learned['lesson']})" in done.out
    assert "Paris" in program("memory", "list").out
    back = program("revoke", "--undo", told_revoke(program, "revoke", "--list", code=0)["revocations"][0]["id"])
    assert "2 remembered things" in back.out
    assert "Lyon" in program("memory", "list").out


def told_revoke(program: Program, *arguments: str, code: int = 6) -> Any:
    done = program(*arguments, "--output-format", "json")
    assert done.code == code
    return json.loads(done.out)


def test_the_persona_from_an_edit_to_a_reviewed_change(program: Program, place: Path, tmp_path: Path) -> None:
    page = tmp_path / "persona.md"
    page.write_text("- Short answers.\n", "utf-8")
    assert program("persona", "edit", str(page)).out == "The persona is changed.\n"
    assert program("persona", "show").out == "- Short answers.\n"
    with Registry.open(place) as registry:
        Persona(Memory(registry.store), approver="me").propose("- Short answers.\n- Metric units.\n", episodes=THREE)
    assert program("persona", "show").err == "A change of it waits: agentforge persona diff\n"
    assert " - Short answers.\n+- Metric units.\n" in program("persona", "diff").out
    assert told(program, "persona", "diff")["diff"][-1] == "+- Metric units."
    assert program("persona", "approve").out == "The persona is changed.\n"
    newest, first = told(program, "persona", "history")["versions"]
    assert (newest["approver"], newest["episodes"]) == ("me", [*THREE])
    assert program("persona", "show", first["commit"]).out == "- Short answers.\n"
    assert "+- Metric units." in program("persona", "diff", first["commit"][:12]).out
    assert told(program, "persona", "show")["persona"] == "- Short answers.\n- Metric units.\n"
    assert program("persona", "reject").code == 2
    assert program("persona", "edit", "-", stdin=b"- By hand.\n").code == 0
    assert program("persona", "show").out == "- By hand.\n"
    assert program("persona", "edit", "-", stdin=b"\xff").code == 2
    assert program("persona", "edit", str(tmp_path / "none.md")).code != 0
