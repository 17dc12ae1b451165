"""A conversation inside this process: lines and answers from a list, a scripted server, what is shown captured."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from agentforge import Forge, State
from agentforge.cli.chat.conversation import Conversation
from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.models.protocol import ToolCall
from agentforge.registry.repository import Registry
from agentforge.settings import load
from agentforge.testing import MessagesServer, Reply
from agentforge.testing.server import Received
from agentforge.types import Capabilities, Layer
from tests.cli.conftest import KEY

REACH = Capabilities(hosts=("GET api.example.com",))
PRICES = [f"endpoints.claude.{kind}_price=5" for kind in ("input", "output")]


def answer(request: Received) -> Reply:
    """Answers with a call where something is to be counted, slowly where it is asked to."""
    said = json.dumps(request.body["messages"][-1])
    if "tool_result" in said:
        return Reply("It was not called." if "denied" in said else "There are two words.")
    if "count" in said:
        return Reply("", (ToolCall("call-1", "word_count", {"text": "a b"}),))
    # An unanswered turn is sent again in front of the next one: only the end counts.
    return Reply("slow " * 400, pause=0.2) if said.rstrip('"}] ').endswith("slowly") else Reply("I see.")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesServer]:
    """What answers, in the environment of this process."""
    with MessagesServer(answer) as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        monkeypatch.setenv("AGENTFORGE_AGENT__EMBEDDINGS", "false")
        monkeypatch.setenv("AGENTFORGE_SANDBOX__LAUNCHER", "bubblewrap")
        yield running


async def _put(state: str) -> None:
    async with Forge(user="me", settings=load()) as forge:
        base = forge.tool("word_count")
        manifest = base.manifest.model_copy(update={"capabilities": REACH})
        with Registry.open(forge.settings.registries / "personal" / "me.git") as registry:
            registry.add(dataclasses.replace(base, manifest=manifest, layer=Layer.USER), state=State(state))


@pytest.fixture
def reaching(server: MessagesServer) -> None:
    """``word_count`` is a live tool of the user's own that may fetch."""
    asyncio.run(_put("live"))


@pytest.fixture
def proposed(server: MessagesServer) -> None:
    """``word_count``, which may fetch, waits for the user."""
    asyncio.run(_put("proposed"))


@dataclass
class Told:
    """A person who says these lines, and answers these questions."""

    lines: list[str]
    answers: list[str | BaseException] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def read(self, runner: asyncio.Runner) -> str | None:
        return self.lines.pop(0) if self.lines else None

    async def answer(self, question: str) -> str:
        self.asked.append(question)
        said = self.answers.pop(0)
        if isinstance(said, BaseException):
            raise said
        return said


@dataclass(frozen=True)
class Held:
    """What came of a conversation."""

    code: int
    out: str
    err: str
    session: str
    asked: list[str]


Talk = Callable[..., Held]


@pytest.fixture
def talk(capfd: pytest.CaptureFixture[str]) -> Talk:
    """Holds one conversation to its end."""

    def hold(
        *lines: str, answers: list[str | BaseException] | None = None, resume: str | None = None,
        sets: list[str] | None = None, budget: float | None = None,
    ) -> Held:  # fmt: skip
        capfd.readouterr()
        person, who = Told([*lines], answers or []), Who(sets=sets)
        with asyncio.Runner() as runner:
            made = Conversation(runner, Output(), who, load(overrides=who.overrides()), budget, person)
            try:
                made.begin(latest=False, resume=resume, fork=False)
                code = made.hold()
            finally:
                made.close()
        out, err = capfd.readouterr()
        return Held(code, out, err, made.session or "", person.asked)

    return hold
