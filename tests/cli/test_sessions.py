"""``agentforge sessions`` as a person and a program meet it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentforge.database import store
from agentforge.database.store import Database
from agentforge.errors import StorageError
from agentforge.memory.episodes import Episodes
from agentforge.memory.export import export
from agentforge.registry.layers import Registry
from agentforge.testing import MessagesServer
from agentforge.types import JSONObject, Role, State, Usage
from tests.cli.conftest import Program
from tests.cli.test_revoke import of

ESCAPE = "evil\x1b[2J\u200b"


@pytest.fixture
def talk(home: Path) -> str:
    """A session of two turns of the user ``me``."""
    home.mkdir()
    with Database.open(url(home)) as database:
        return fill(Episodes(database, org="personal", user="me"))


def url(home: Path) -> str:
    return f"sqlite:///{home / 'state.db'}"


def said(role: str, **block: object) -> JSONObject:
    return {"role": role, "content": [block]}  # type: ignore[dict-item]  # blocks of a test are JSON


def fill(episodes: Episodes) -> str:
    session = episodes.start("Herons")
    episodes.append(session, said("user", type="text", text="How many herons are there?"), 1)
    episodes.append(session, said("assistant", type="tool_use", id="c", name="count", input={"of": "herons"}), 1)
    episodes.append(session, said("user", type="tool_result", tool_use_id="c", content="9"), 1)
    episodes.record_call(session, 1, "count", "v1", {"of": "herons"}, "returned", 9, 0.1)
    episodes.append(session, said("assistant", type="text", text="There are nine."), 1)
    episodes.append(session, said("user", type="text", text="And pelicans?"), 2)
    episodes.record_cost(session, 1, Role.PLAN, "local", Usage(1200, 34, 0, 1), 0.1, "answer")
    episodes.record_source(session, "page", "birds.example")
    return session


def listed(program: Program) -> list[str]:
    return [one["id"] for one in json.loads(program("sessions", "list", "--json").out)["sessions"]]


def test_without_any_session_all_of_them_say_so(program: Program) -> None:
    for words, told in (
        (("list",), "There is no session."),
        (("search", "heron"), "Nothing was found."),
    ):
        done = program("sessions", *words)
        assert (done.code, done.out, done.err) == (0, "", f"{told}\n")
    for words in (("show", "s"), ("fork", "s"), ("export", "s"), ("export", "s", "--as", "markdown"), ("delete", "s")):
        done = program("sessions", *words)
        assert (done.code, done.out) == (2, "")
        assert done.err == "agentforge: There is no session 's'.\n  `agentforge sessions list` shows all.\n"
        told = json.loads(program("sessions", *words, "--json").out)
        assert (told["status"], told["exit_code"], told["error"]["type"]) == ("failed", 2, "UsageError")


def test_the_list_says_when_how_long_and_of_what_and_whether_there_are_more(program: Program, talk: str) -> None:
    done = program("sessions", "list")
    assert (done.code, done.err) == (0, "")
    today = datetime.now().astimezone().strftime("%Y-%m-%d")
    assert done.out.splitlines()[1].split() == [talk, today, done.out.splitlines()[1].split()[2], "2", "Herons"]
    made = program("sessions", "fork", talk).out.strip()
    one = program("sessions", "list", "--limit", "1")
    assert one.out.splitlines()[1].split()[-1] == talk  # the fork, and of what
    assert one.err == "There are more: --limit shows more than 1.\n"
    told = json.loads(program("sessions", "list", "--limit", "1", "--json").out)
    assert ([one["id"] for one in told["sessions"]], told["sessions"][0]["parent"], told["more"]) == (
        [made],
        talk,
        True,
    )


def test_words_lead_to_the_session(program: Program, talk: str) -> None:
    done = program("sessions", "search", "pelicans")
    assert talk in done.out
    assert "And pelicans?" in done.out
    (found,) = json.loads(program("sessions", "search", "count", "--json").out)["found"]
    assert (found["session"], found["kind"], found["turn"], found["snippet"]) == (talk, "tool", 1, "count")
    assert program("sessions", "search", 'NEAR(" OR', "--json").code == 0


def test_words_can_be_looked_for_within_a_time(program: Program, talk: str) -> None:
    today, tomorrow = datetime.now().astimezone(), datetime.now().astimezone() + timedelta(days=1)
    assert (
        talk
        in program("sessions", "search", "nine", "--since", f"{today:%Y-%m-%d}", "--before", f"{tomorrow:%Y-%m-%d}").out
    )
    assert program("sessions", "search", "nine", "--before", f"{today:%Y-%m-%d}").err == "Nothing was found.\n"
    for given in ("yesterday", "9999-99-99", "0001-01-01T00:00+14:00"):
        done = program("sessions", "search", "nine", "--since", given)
        assert (done.code, "is no date.\n  For example: 2026-03-01" in done.err) == (2, True), given


def test_one_is_shown_with_all_that_happened(program: Program, talk: str) -> None:
    shown = program("sessions", "show", talk).out
    for line in (
        f"{talk}  Herons",
        "  read     page birds.example",
        "  tokens   1,234",
        "› How many herons are there?",
        '⚙ count(of="herons")',
        "→ 9",
        "There are nine.",
    ):
        assert f"{line}\n" in shown
    told = json.loads(program("sessions", "show", talk, "--json").out)["session"]
    assert (told["id"], told["tainted"], told["calls"][0]["value"], len(told["messages"])) == (talk, True, 9, 5)


def test_a_fork_goes_on_by_its_id_in_run_and_chat(program: Program, to_claude: MessagesServer, home: Path) -> None:
    first = json.loads(program("run", "-p", "Remember the heron", "--output-format", "json").out)["session"]
    program("run", "-c", "-p", "Remember the walrus")
    done = program("sessions", "fork", first, "--turn", "1")
    made = done.out.strip()
    assert (done.code, done.err) == (0, f"It begins like {first}; go on with: agentforge chat -r {made}\n")
    assert program("run", "-r", made, "-p", "What was it?").code == 0
    asked = json.dumps(to_claude.requests[-1].body)
    assert ("Remember the heron" in asked, "Remember the walrus" in asked) == (True, False)
    program("chat", "-r", made, stdin=b"And now?\n")
    assert "What was it?" in json.dumps(to_claude.requests[-1].body)
    assert json.loads(program("sessions", "fork", made, "--json").out)["parent"] == made
    assert program("sessions", "fork", first, "--turn", "9").code == 2


def test_an_export_is_lines_of_the_documented_form(program: Program, home: Path, talk: str) -> None:
    lines = [json.loads(line) for line in program("sessions", "export", talk).out.splitlines()]
    with Database.open(url(home)) as database:
        expected = [*export(database, org="personal", user="me", session=talk)]
    assert lines[1:] == expected[1:]
    assert (lines[0]["kind"], lines[0]["v"]) == ("export", 1)
    assert json.loads(program("sessions", "export", talk, "--json").out)["lines"][1:] == expected[1:]
    everything = [json.loads(line) for line in program("sessions", "export").out.splitlines()]
    assert [line["session"] for line in everything if line["kind"] == "session"] == [talk]


def test_an_export_for_people_is_markdown(program: Program, talk: str) -> None:
    shown = program("sessions", "export", talk, "--as", "markdown").out
    assert shown.startswith(f"# Session {talk}\n")
    assert "**AgentForge**\n\n```text\nThere are nine.\n```\n" in shown
    assert program("sessions", "export", "--as", "markdown").out == shown
    assert json.loads(program("sessions", "export", "--as", "markdown", "--json").out)["markdown"] == shown


def test_without_a_terminal_nothing_is_erased_unless_it_is_said(program: Program, home: Path, talk: str) -> None:
    for words in ((talk,), ("--all",), ("--before", "2999-01-01")):
        done = program("sessions", "delete", *words)
        assert (done.code, done.out) == (6, "")
        assert "To be erased: 1 session, 5 messages, 1 call, 1 cost, 1 source.\n" in done.err
        assert "Nothing was erased.\n  Say --yes" in done.err
        told = json.loads(program("sessions", "delete", *words, "--json").out)
        assert (told["status"], told["exit_code"], told["sessions"]) == ("waiting", 6, [talk])
    assert listed(program) == [talk]


def test_with_yes_it_is_gone_from_the_file_too(program: Program, home: Path, talk: str) -> None:
    done = program("sessions", "delete", talk, "--yes")
    assert (done.code, done.out) == (0, "Erased: 1 session, 5 messages, 1 call, 1 cost, 1 source.\n")
    assert listed(program) == []
    assert b"heron" not in b"".join(path.read_bytes() for path in home.glob("state.db*")).lower()


def test_everything_before_a_time_and_everything(program: Program, talk: str) -> None:
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    assert json.loads(program("sessions", "delete", "--before", yesterday, "-y", "--json").out)["sessions"] == []
    assert listed(program) == [talk]
    told = json.loads(program("sessions", "delete", "--all", "-y", "--json").out)
    assert (told["sessions"], told["rows"]["messages"], told["rows"]["labels"]) == ([talk], 5, 0)
    assert listed(program) == []


@pytest.mark.parametrize(
    "words", [[], ["s", "--all"], ["--all", "--before", "2026-01-01"], ["s", "--before", "2026-01-01"]]
)
def test_one_thing_at_a_time(program: Program, words: list[str]) -> None:
    done = program("sessions", "delete", *words, "--yes")
    assert (done.code, "Say one thing to erase" in done.err) == (2, True)


def test_what_was_learned_and_copied_is_named_and_stays(program: Program, home: Path, talk: str) -> None:
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.add(of("crc32_hex", episodes=[talk]), state=State.LIVE)
    forked = program("sessions", "fork", talk).out.strip()
    done = program("sessions", "delete", talk, "--yes")
    assert done.code == 0
    assert f"! Forks stay, with their copy of what was said: {forked}\n" in done.err
    assert (
        f"! What was learned from {talk} stays: crc32_hex. 'agentforge revoke episode:{talk}' takes it back" in done.err
    )
    assert "crc32_hex" in program("tools", "list").out
    taken = program("revoke", f"episode:{talk}", "--yes")
    assert (taken.code, "1 tool (crc32_hex)" in taken.out) == (0, True)
    told = json.loads(program("sessions", "delete", "--all", "--yes", "--json").out)
    assert told["learned"] == []


def test_programs_get_what_was_learned_with_what_takes_it_back(program: Program, home: Path, talk: str) -> None:
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.add(of("crc32_hex", episodes=[talk]), state=State.LIVE)
    told = json.loads(program("sessions", "delete", talk, "--yes", "--json").out)
    assert told["learned"] == [{"session": talk, "what": ["crc32_hex"], "revoke": f"agentforge revoke episode:{talk}"}]


def test_a_file_that_could_not_be_rewritten_is_a_failure_and_told(
    program: Program, talk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(database: Database) -> str:
        raise StorageError("The log of the database is in use by another process.")

    monkeypatch.setattr(store.Database, "scrub", refuse)
    done = program("sessions", "delete", talk, "--yes")
    assert (done.code, done.out) == (1, "")
    assert "Its words may still be in the file: The log of the database is in use" in done.err
    assert listed(program) == []
    told = json.loads(program("sessions", "delete", "--all", "--yes", "--json").out)
    assert (told["status"], told["exit_code"], told["error"]["type"], len(told["remains"])) == (
        "failed",
        1,
        "StorageError",
        1,
    )


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 6)])
def test_on_a_terminal_a_person_is_asked(program: Program, talk: str, answer: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agentforge", "sessions", "delete", talk]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, answer)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # how Linux tells that the other side is closed
            pass
        os.close(ours)
        assert process.wait(60) == code
    assert "Erase all of this for good?" in shown.decode()
    assert (listed(program) == []) == (code == 0)


def test_sessions_of_others_do_not_exist(program: Program, talk: str) -> None:
    eve = ("--user", "eve")
    assert program("sessions", "list", *eve).out == ""
    assert program("sessions", "search", "heron", *eve).out == ""
    for words in (("show", talk), ("fork", talk), ("export", talk), ("delete", talk, "--yes")):
        assert program("sessions", *words, *eve).code == 2
    assert len(program("sessions", "export", *eve).out.splitlines()) == 1
    assert json.loads(program("sessions", "delete", "--all", "-y", "--json", *eve).out)["sessions"] == []
    assert listed(program) == [talk]


def test_nothing_reaches_the_terminal_as_an_escape(program: Program, home: Path, talk: str) -> None:
    with Database.open(url(home)) as database:
        episodes = Episodes(database, org="personal", user="me")
        session = episodes.start(ESCAPE)
        episodes.append(session, said("user", type="text", text=ESCAPE), 1)
        episodes.record_source(session, "page", ESCAPE)
    for words in (("list",), ("search", "evil"), ("show", session)):
        shown = program("sessions", *words).out
        assert "\x1b" not in shown
        assert "evil" in shown
