"""``agentforge docs``: what is printed, in both forms, and exit codes that tell the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentforge.registry.repository import Registry
from agentforge.types import State

from .conftest import Program
from .test_review import base

POLICY = """# Travel policy 2026

Valid for all employees of the company, from the first of January on.

## Meals

Meals are paid up to 28 EUR a day, for as long as a journey lasts.

## Hotel

### Germany

Rooms are paid up to 120 EUR a night, whatever the town.

### France

Rooms are paid up to 120 EUR a night, whatever the town.
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "travel.md"
    file.write_text(POLICY)
    return file


def told(program: Program, *arguments: str, code: int = 0) -> Any:
    """What a command says to a program."""
    done = program("docs", *arguments, "--json")
    said = json.loads(done.out.splitlines()[-1])
    assert (done.code, said["exit_code"]) == (code, code), done
    return said


def test_a_document_is_added_listed_shown_and_found(program: Program, policy: Path) -> None:
    done = program("docs", "add", str(policy))
    assert (done.code, done.out.split()[0]) == (0, "added")
    assert "Travel policy 2026 (untrusted)" in done.out
    assert program("docs", "add", str(policy)).out.startswith("unchanged")
    assert "Travel policy 2026" in program("docs", "list").out
    shown = program("docs", "show", "travel policy 2026")
    assert POLICY.strip() in shown.out
    assert "Hotel › France, lines 15–17" in program("docs", "show", str(policy), "--passages").out
    found = program("docs", "search", "meals", "a", "day")
    assert "Travel policy 2026, Meals, lines 5–7 · untrusted" in found.out
    assert "28 EUR" in found.out


def test_programs_get_all_of_it(program: Program, policy: Path) -> None:
    [added] = told(program, "add", str(policy), "--trusted", "--title", "Our rules")["documents"]
    assert (added["what"], added["untrusted"], added["title"]) == ("added", False, "Our rules")
    [listed] = told(program, "list")["documents"]
    assert (listed["id"], listed["origin"]) == (added["id"], str(policy))
    shown = told(program, "show", "Our rules")["document"]
    assert (shown["text"], len(shown["passages"])) == (POLICY, 4)
    [best, *_] = told(program, "search", "meals", "-k", "1")["passages"]
    assert (best["citation"], best["untrusted"]) == ("Our rules, Meals, lines 5–7", False)
    assert best in [{**best, **one} for one in shown["passages"]]


def test_what_changed_is_told_and_trust_ends_with_it(program: Program, policy: Path) -> None:
    program("docs", "add", str(policy), "--trusted")
    policy.write_text(POLICY.replace("28", "30"))
    done = program("docs", "refresh")
    assert done.out.startswith("changed")
    assert "you vouched for what it said before, not for this" in done.err
    assert told(program, "refresh", "--trusted")["documents"][0]["untrusted"] is False


def test_removing_says_what_the_history_still_holds(program: Program, policy: Path) -> None:
    program("docs", "add", str(policy))
    done = program("docs", "remove", str(policy))
    assert done.code == 0
    assert "is removed" in done.out
    assert "1 commit of the git history still holds it" in done.err
    assert "There is no document" in program("docs", "list").err


def test_the_history_is_rewritten_only_for_who_says_so(program: Program, policy: Path) -> None:
    program("docs", "add", str(policy))
    declined = program("docs", "remove", str(policy), "--rewrite")
    assert declined.code == 6
    assert "Nothing was removed" in declined.err
    done = program("docs", "remove", str(policy), "--rewrite", "--yes")
    assert done.code == 0
    assert "is removed" in done.out
    assert "commits have a new id" in done.err
    assert "of the git history still hold" not in done.err


def test_a_stale_tool_is_shown_wherever_it_stands(program: Program, policy: Path, home: Path) -> None:
    program("docs", "add", str(policy))
    passage = told(program, "search", "meals")["passages"][0]["id"]
    tool = base("crc32_hex")
    origin = tool.manifest.provenance.model_copy(update={"sources": (f"passage:{passage}",)})
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.add(base("crc32_hex", provenance=origin), state=State.LIVE)
    assert "cites     Travel policy 2026, Meals, lines 5–7" in program("tools", "why", "crc32_hex").out
    policy.write_text(POLICY.replace("28", "30"))
    changed = program("docs", "refresh")
    for words in ("stale     crc32_hex", "was     Meals are paid up to 28 EUR", "now     Meals are paid up to 30 EUR"):
        assert words in changed.out
    assert "live, stale" in program("tools", "list").out
    assert "live, stale" in program("tools", "show", "crc32_hex").out
    why = program("tools", "why", "crc32_hex")
    assert "live, stale" in why.out
    assert "now     Meals are paid up to 30 EUR" in why.out
    said = json.loads(program("tools", "why", "crc32_hex", "--json").out)["why"]
    assert (said["stale"], said["cites"][0]["gone"]) == ([passage], True)
    assert "Mark crc32_hex as stale" in program("tools", "history", "crc32_hex").out


def test_why_tells_each_version_with_its_passages_as_they_read_then_and_now(
    program: Program, policy: Path, home: Path
) -> None:
    told(program, "add", str(policy), "--trusted")
    assert "No tool was made from it." in program("docs", "why", "Travel policy 2026").err
    passage = told(program, "search", "meals")["passages"][0]["id"]
    origin = base("crc32_hex").manifest.provenance.model_copy(update={"sources": (f"passage:{passage}",)})
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.add(base("crc32_hex", provenance=origin), state=State.LIVE)
    policy.write_text(POLICY.replace("28", "30"))
    assert "They answer again once they are made anew: 'agentforge docs renew'" in program("docs", "refresh").out
    why = program("docs", "why", "Travel policy 2026")
    for words in ("crc32_hex", "stale", "was     Meals are paid up to 28 EUR", "now     Meals are paid up to 30 EUR"):
        assert words in why.out
    [version] = told(program, "why", "Travel policy 2026")["versions"]
    assert (version["tool"], version["stands"], version["stale"], version["answers"]) == ("crc32_hex", True, True, [])
    [job] = json.loads(program("jobs", "list", "--json").out)["jobs"]
    assert (job["kind"], job["name"], job["status"]) == ("knowledge", "crc32_hex", "queued")


def test_where_there_is_no_rule_and_nothing_stale_nothing_is_done(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "letter.md"
    file.write_text("# Letter\n\nWe thank all of you.\n")
    told(program, "add", str(file))
    assert "There is nothing new in it that a tool could carry out." in program("docs", "learn", "Letter").err
    assert told(program, "learn", "Letter")["jobs"] == []
    assert "No tool waits to be made anew." in program("docs", "renew").err


def test_of_a_folder_what_cannot_be_read_is_told_with_exit_code_1(program: Program, policy: Path) -> None:
    (policy.parent / "broken.pdf").write_bytes(b"%PDF-1.4 rubbish")
    done = program("docs", "add", str(policy.parent))
    assert done.code == 1
    assert "broken.pdf is no PDF that can be read" in done.err
    assert "Travel policy 2026" in done.out
    said = told(program, "add", str(policy.parent), code=1)
    assert (said["documents"][0]["what"], len(said["failed"])) == ("unchanged", 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "gone.md"), "There is no file gone.md"),
        (("add", "https://example.com/x"), "is an address, which is not fetched"),
        (("show", "zebra"), "There is no document 'zebra'"),
        (("remove", "zebra"), "There is no document 'zebra'"),
        (("refresh", "zebra"), "There is no document 'zebra'"),
    ],
)
def test_what_makes_no_sense_has_exit_code_2(program: Program, arguments: tuple[str, ...], says: str) -> None:
    done = program("docs", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_nothing_found_is_no_failure(program: Program) -> None:
    done = program("docs", "search", "zebra")
    assert (done.code, done.out) == (0, "")
    assert "No passage holds" in done.err
