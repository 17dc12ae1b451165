"""``agentforge tools pending|diff|approve|…``: what is printed, in both forms, and exit codes that tell the truth."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentforge.registry.layers import BaseLayer
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool, contents_of
from agentforge.types import Capabilities, State

from .conftest import Program

REPORT: Any = {"gates": [{"gate": "visible tests", "verdict": "passed", "summary": "3 tests pass"}]}


def base(name: str, **manifest: Any) -> Tool:
    """A starter tool as somebody's own."""
    tool = next(tool for tool in BaseLayer().tools() if tool.name == name)
    report = {**REPORT, "contents": contents_of(tool.source, tool.tests)}
    return dataclasses.replace(tool, manifest=tool.manifest.model_copy(update=manifest), report=report)


@pytest.fixture
def registry(home: Path) -> Iterator[Registry]:
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as opened:
        yield opened


@pytest.fixture
def waiting(registry: Registry) -> Tool:
    """``crc32_hex`` waits, since it wants the clock."""
    tool = base("crc32_hex", capabilities=Capabilities(clock=True))
    registry.add(tool, state=State.PROPOSED, reason="It asks for capabilities.", unconfirmed=True)
    return tool


def told(program: Program, *arguments: str, code: int = 0) -> Any:
    """What a command says to a program."""
    done = program("tools", *arguments, "--output-format", "json")
    said = json.loads(done.out.splitlines()[-1])
    assert (done.code, said["exit_code"]) == (code, code), done
    return said


def test_what_waits_is_listed_with_why(program: Program, waiting: Tool) -> None:
    done = program("tools", "pending")
    assert done.code == 0
    for words in ("crc32_hex/1", waiting.version[:12], "clock", "It asks for capabilities."):
        assert words in done.out
    assert "agentforge tools diff crc32_hex/1" in done.err
    [one] = told(program, "pending")["pending"]
    assert (one["name"], one["number"], one["version"]) == ("crc32_hex", 1, waiting.version)
    assert (one["wants"], one["more"], one["unconfirmed"]) == (["clock"], ["clock"], True)


def test_nothing_that_waits_is_said(program: Program) -> None:
    done = program("tools", "pending")
    assert (done.code, done.out, done.err) == (0, "", "Nothing waits.\n")
    assert told(program, "pending")["pending"] == []


def test_a_malformed_company_policy_is_told(program: Program, registry: Registry) -> None:
    (registry.path.parent / "policy.toml").write_text("[review")
    assert "policy.toml is no TOML" in program("tools", "pending").err


def test_a_difference_is_shown_with_how_to_approve_it(program: Program, waiting: Tool) -> None:
    done = program("tools", "diff", "crc32_hex")
    assert done.code == 0
    for words in (
        "new: no version of it stands",
        "wants more: clock",
        "✓ visible tests",
        "+def crc32_hex(",
        "+clock = true",
    ):
        assert words in done.out
    assert f"agentforge tools approve crc32_hex/1 --version {waiting.version[:12]}" in done.out
    assert "\x1b" not in done.out
    diff = told(program, "diff", "crc32_hex/1")["diff"]
    assert list(diff["files"]) == ["tool.py", "test_tool.py", "tool.toml", "examples.jsonl"]


def test_hostile_text_is_named_and_never_obeyed(program: Program, registry: Registry) -> None:
    tool = base("crc32_hex")
    hostile = dataclasses.replace(tool, source=tool.source + "# \u202edrowssap\u2066 \u200b end\n")
    registry.add(hostile, state=State.PROPOSED)
    files = {f"proposed/odd/1/{name}": b"\x1b[31m\x07" for name in ("tool.py", "tool.toml")}
    registry.store.commit(files, subject="By hand", trailers={}, expected=registry.head())
    shown = program("tools", "diff", "crc32_hex").out + program("tools", "diff", "odd").out
    assert "〈U+202E〉drowssap〈U+2066〉 〈U+200B〉 end" in shown
    assert "〈U+001B〉[31m〈U+0007〉" in shown
    assert not {"\u202e", "\u2066", "\u200b", "\x1b", "\x07"} & {*shown, *program("tools", "pending").out}


def test_a_history_that_somebody_pushed_is_shown_and_never_obeyed(
    program: Program, registry: Registry, waiting: Tool, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    hostile = "\x1b[31mRed\u202e\n\nTool: crc32_hex\nVersion: \x1b[2Jx\nApprover: \u202eada\nProposal: " + "9" * 5000
    git = ["git", "-C", str(clone), "-c", "user.name=Eve", "-c", "user.email=eve@example.com"]
    subprocess.run(["git", "clone", "-q", str(registry.path), str(clone)], check=True, timeout=60)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", hostile], check=True, timeout=60)
    subprocess.run([*git, "push", "-q", "origin", "HEAD:main"], check=True, timeout=60)
    done = program("tools", "history", "crc32_hex")
    assert done.code == 0
    assert "Propose crc32_hex" in done.out
    assert not {"\u202e", "\x1b"} & {*done.out}
    newest = told(program, "history", "crc32_hex")["history"][0]
    assert (newest["number"], newest["approver"]) == (0, "\u202eada")


def test_on_a_terminal_the_difference_is_coloured(registry: Registry, waiting: Tool) -> None:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "agentforge", "tools", "diff", "crc32_hex"]
    done = subprocess.Popen(command, stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"})
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:
        pass  # Linux tells so that the other end is closed
    os.close(master)
    assert done.wait(60) == 0
    assert b"\x1b[32m+def crc32_hex(" in shown


def test_from_proposal_to_live_and_back(program: Program, registry: Registry, waiting: Tool) -> None:
    done = program("tools", "approve", "crc32_hex", "--version", waiting.version[:12], "--approver", "ada@example.com")
    assert (done.code, done.out) == (0, f"crc32_hex approved: live in version {waiting.version[:12]}\n")
    assert done.err == "! It may reach from now on: clock.\n! It takes the place of the tool of the base layer.\n"
    assert registry.log("crc32_hex")[0].trailers["Approver"] == ("ada@example.com",)
    for command, state in (("quarantine", "quarantined"), ("retire", "retired"), ("release", "live")):
        assert told(program, command, "crc32_hex")["decision"]["state"] == state
    assert told(program, "pin", "crc32_hex")["decision"]["did"] == "pinned"
    assert "live, unconfirmed, pinned since" in program("tools", "why", "crc32_hex").out
    assert told(program, "unpin", "crc32_hex")["decision"]["did"] == "unpinned"
    newer = base("crc32_hex", provenance=waiting.manifest.provenance.model_copy(update={"parent": waiting.version}))
    version = registry.add(newer, state=State.LIVE)
    assert told(program, "rollback", "crc32_hex")["decision"]["version"] == waiting.version
    assert told(program, "rollback", "crc32_hex", version[:10])["decision"]["version"] == version


def test_a_rejection_and_its_reason_stand_in_the_history(program: Program, waiting: Tool) -> None:
    secret = "sk-ant-" + "a1b2" * 8
    done = program("tools", "reject", "crc32_hex/1", "--reason", f"Needs no clock; {secret}")
    assert (done.code, done.out) == (0, f"crc32_hex rejected: it was version {waiting.version[:12]}\n")
    history = program("tools", "history", "crc32_hex").out
    assert "Reject crc32_hex/1" in history
    assert "Needs no clock; [redacted:api-key]" in history
    newest = told(program, "history", "crc32_hex")["history"][0]
    assert (newest["approver"], newest["number"], newest["version"]) == ("me", 1, waiting.version)


def test_why_tells_what_made_it_and_who_let_it_in(program: Program, registry: Registry, waiting: Tool) -> None:
    origin = {"job": "job-77", "episodes": ("ep-1",), "sources": ("page-9",)}
    user = base("word_count", depends=("crc32_hex",), provenance=waiting.manifest.provenance.model_copy(update=origin))
    registry.add(user, state=State.LIVE)
    program("tools", "approve", "crc32_hex", "--approver", "ada")
    out = program("tools", "why", "crc32_hex").out
    for words in ("approved by ada, in commit", "visible tests (3 tests pass)", "needed by   word_count", "clock"):
        assert words in out
    out = program("tools", "why", "word_count").out
    for words in (
        "went live by itself",
        "job-77",
        "ep-1",
        "page-9",
        "depends on  crc32_hex",
        "reaches     clock through crc32_hex",
    ):
        assert words in out
    why = told(program, "why", "crc32_hex")["why"]
    assert (why["let_in"]["approver"], why["needed_by"], why["reaches"]) == ("ada", ["word_count"], ["clock"])
    assert told(program, "why", "parse_duration")["why"]["layer"] == "base"
    assert "It asks for capabilities." not in out


def test_why_of_a_proposal_tells_why_it_waits(program: Program, waiting: Tool) -> None:
    out = program("tools", "why", "crc32_hex").out
    assert "proposed" in out
    assert "It asks for capabilities." in out


def test_what_a_tool_is_needed_by_is_told_when_it_goes(program: Program, registry: Registry, waiting: Tool) -> None:
    program("tools", "approve", "crc32_hex")
    tool = base("word_count")
    for name, needs in (("letters", ()), ("counts", ("letters",))):
        source = tool.source.replace("def word_count", f"def {name}")
        tests = tool.tests.replace("word_count", name)
        manifest = tool.manifest.model_copy(update={"name": name, "depends": needs})
        registry.add(dataclasses.replace(tool, manifest=manifest, source=source, tests=tests), state=State.LIVE)
    done = program("tools", "retire", "letters", "--reason", "no use")
    assert (done.code, done.err) == (0, "! counts cannot be used without it.\n")
    assert program("tools", "retire", "crc32_hex").err == "", "the starter tool of that name takes its place"


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["approve", "nothing"], 2, "Nothing waits under the name 'nothing'"),
        (["approve", "Odd Name"], 2, "neither NAME nor NAME/N"),
        (["approve", "crc32_hex/9"], 2, "crc32_hex has no proposal 9"),
        (["approve", "crc32_hex", "--version", "0000000"], 2, "not 0000000"),
        (["approve", "crc32_hex", "--approver", "Ada L."], 2, "cannot stand for a person"),
        (["reject", "crc32_hex"], 2, "needs a reason"),
        (["diff", "parse_duration"], 2, "Nothing waits under the name 'parse_duration'"),
        (["retire", "crc32_hex"], 2, "crc32_hex is only proposed"),
        (["retire", "parse_duration"], 2, "parse_duration is a tool of the base layer"),
        (["retire", "unknown"], 2, "no tool named 'unknown'"),
        (["pin", "../x"], 2, "no tool named '../x'"),
        (["rollback", "parse_duration"], 2, "a tool of the base layer"),
        (["release", "word_count"], 2, "word_count is live already"),
        (["rollback", "word_count"], 2, "word_count has no earlier version"),
        (["unpin", "word_count"], 2, "word_count is not pinned"),
        (["approve", "word_count"], 2, "it is live in version"),
        (["history", "unknown"], 2, "unknown"),
        (["history", "../x"], 2, "'../x'"),
        (["why", "unknown"], 2, "no live tool named 'unknown'"),
        (
            ["approve", "bare"],
            6,
            "bare/1 was not approved: its report holds no gate; ",
        ),
        (["approve", "stale", "--version", "VERSION"], 1, "made as a new tool, but stale is live"),
    ],
)
def test_bad_input_is_one_clear_sentence(
    program: Program, registry: Registry, waiting: Tool, arguments: list[str], code: int, complaint: str
) -> None:
    registry.add(base("word_count"), state=State.LIVE)
    tool = base("word_count")
    versions = {}
    for name, report, states in (("bare", {}, [State.PROPOSED]), ("stale", REPORT, [State.PROPOSED, State.LIVE])):
        for at, state in enumerate(states):
            made = dataclasses.replace(
                tool,
                manifest=tool.manifest.model_copy(update={"name": name}),
                source=tool.source.replace("def word_count", f"def {name}") + f"# {at}\n",
                tests=tool.tests.replace("word_count", name),
                report=report,
            )
            registry.add(made, state=state)
            versions.setdefault(name, made.version)
    head = registry.head()
    given = [versions[arguments[1]] if word == "VERSION" else word for word in arguments]
    done = program("tools", *given)
    assert (done.code, done.out) == (code, "")
    assert complaint in done.err
    assert done.err.count("agentforge: ") == 1
    assert registry.head() == head
    said = told(program, *given, code=code)
    assert said["status"] == ("waiting" if code == 6 else "failed")
    assert complaint in said["error"]["message"]
