"""What was typed is there again the next time: without secrets, for nobody else, and gone with what is erased."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentforge.cli.chat.history import History
from agentforge.cli.typed import erase, history_file, read, shorten
from agentforge.settings import load
from agentforge.testing import MessagesServer
from tests.cli.conftest import Program

KEY = "sk-ant-api03-" + "Ab1" * 20


def typed(file: Path, *lines: str) -> None:
    history = History(file, ["the old oak"])
    for line in lines:
        history.append_string(line)


async def again(file: Path) -> list[str]:
    return [line async for line in History(file).load()]


def test_it_is_found_again_the_newest_first_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "history" / "me"
    typed(file, "one", "two\nlines")
    assert asyncio.run(again(file)) == ["two\nlines", "one"]
    assert file.stat().st_mode & 0o077 == 0


def test_no_secret_is_ever_written(tmp_path: Path) -> None:
    typed(tmp_path / "me", f"my key is {KEY}", "under the old oak")
    written = (tmp_path / "me").read_text()
    assert KEY not in written
    assert "the old oak" not in written
    assert "my key is" in written


def test_a_file_that_cannot_be_written_silences_nobody(tmp_path: Path) -> None:
    (tmp_path / "me").mkdir()
    history = History(tmp_path / "me")
    history.append_string("hello")
    assert history.get_strings() == ["hello"]


def test_it_is_erased_by_what_was_said_by_when_and_altogether(tmp_path: Path) -> None:
    file = tmp_path / "me"
    typed(file, "one", "two\nlines", "three")
    assert erase(file, said={"two\nlines"}) == 1
    assert [text for _, text in read(file)] == ["one", "three"]
    assert erase(file, before=datetime.now(UTC) - timedelta(hours=1)) == 0
    assert file.stat().st_mode & 0o077 == 0
    shorten(file, 1)
    assert asyncio.run(again(file)) == ["three"]
    assert erase(file, before=datetime.now(UTC) + timedelta(hours=1)) == 1
    typed(file, "four")
    erase(file, everything=True)
    assert not file.exists()


def test_what_is_erased_of_the_sessions_leaves_it(program: Program, to_claude: MessagesServer) -> None:
    file = history_file(load())
    program("run", "-q", "-p", "the heron")
    typed(file, "the heron", "the stork")
    (session,) = json.loads(program("sessions", "list", "--json").out)["sessions"]
    assert program("sessions", "delete", session["id"], "--yes").code == 0
    assert [text for _, text in read(file)] == ["the stork"]
    program("sessions", "delete", "--all", "--yes")
    assert not file.exists()
