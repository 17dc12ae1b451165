"""A session as people read it: everything in its order, and nothing of it works as markup."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from agentforge.database.store import Database
from agentforge.memory.episodes import Episodes
from agentforge.memory.forks import fork
from agentforge.memory.transcript import Entry, fenced, markdown, transcript
from agentforge.types import JSONObject, Role, Usage

from .conftest import assistant_says, user_says

MESSAGES: list[JSONObject] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Count them."},
            {"type": "attachment", "kind": "file", "ref": "birds.txt", "text": "a heron"},
        ],
    },
    {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "count", "input": {"of": "x", "n": 1}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "1", "is_error": False}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "d", "content": "No.", "is_error": True}]},
    {"role": "assistant", "content": [{"type": "unknown"}, {"type": "text", "text": "One."}]},
    {"role": "assistant", "content": [{"type": "text", "text": " "}]},
    {"role": "user", "content": "Plain words"},
]


def test_who_said_called_and_gave_what() -> None:
    assert transcript(MESSAGES) == [
        Entry("user", "Count them."),
        Entry("attachment", "birds.txt\na heron"),
        Entry("call", 'count(of="x", n=1)'),
        Entry("result", "1"),
        Entry("error", "No."),
        Entry("assistant", "One."),
        Entry("user", "Plain words"),
    ]


def test_the_document_tells_the_facts_first(database: Database, me: dict[str, str]) -> None:
    episodes = Episodes(database, **me)
    parent = episodes.start("Herons")
    episodes.append(parent, user_says("How many?"), 1)
    episodes.record_source(parent, "page", "example.org")
    session = fork(database, parent, **me)
    episodes.append(session, assistant_says("# Nine"), 1)
    episodes.record_cost(session, 1, Role.PLAN, "local", Usage(1200, 7, 0, 1), 0.1, "answer")
    shown = markdown(episodes.load(session))
    assert shown.startswith(f"# Session {session}\n\n```text\ntitle   Herons\n")
    for line in (f"fork of {parent}, up to turn 1", "read    page example.org", "tokens  plan: 1,200 in, 7 out"):
        assert f"\n{line}\n" in shown
    assert "**You**\n\n```text\nHow many?\n```\n\n**AgentForge**\n\n```text\n# Nine\n```\n" in shown


@given(st.text(alphabet="`~ab \n\r<!#", max_size=60))
@example("```\n![](http://evil.example)\n```")
@example("````````")
def test_no_text_ends_its_own_block(text: str) -> None:
    first, *body, last = fenced(text).split("\n")
    assert re.fullmatch(r"`{3,}", last)
    assert first == f"{last}text"
    assert not any(last in line for line in re.split(r"[\r\n]", "\n".join(body)))
