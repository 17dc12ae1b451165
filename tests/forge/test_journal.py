"""Answers that were paid for are not asked for again, and each of several equal requests has its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.errors import ModelUnavailable
from agentforge.forge.journal import Journalled, completion_from_json, completion_to_json
from agentforge.models.protocol import Completion, Message, ToolCall
from agentforge.testing import Fault, ScriptedModel
from agentforge.types import JSON, Role, Usage


class Kept:
    """A journal in memory."""

    def __init__(self) -> None:
        self.results: dict[str, JSON] = {}

    async def step(self, key: str, work: Callable[[], Awaitable[JSON]]) -> JSON:
        if key not in self.results:
            self.results[key] = await work()
        return self.results[key]


def ask(text: str) -> list[Message]:
    return [Message("user", text)]


async def test_equal_requests_have_answers_of_their_own_and_keep_them() -> None:
    kept, model = Kept(), ScriptedModel(["one", "two", "three"])
    client = Journalled(model, kept)
    first = await asyncio.gather(*(client.complete(Role.GENERATE, ask("Write.")) for _ in range(2)))
    assert sorted(answer.text for answer in first) == ["one", "two"]
    again = Journalled(model, kept)
    second = [await again.complete(Role.GENERATE, ask("Write.")) for _ in range(3)]
    assert second == [*first, second[2]]
    assert second[2].text == "three"
    assert len(model.requests) == 3


async def test_what_differs_in_anything_is_another_request() -> None:
    model = ScriptedModel(lambda request: "answer")
    client = Journalled(model, Kept())
    await client.complete(Role.GENERATE, ask("Write."))
    await client.complete(Role.TEST, ask("Write."))
    await client.complete(Role.GENERATE, ask("Write."), system="Be brief.")
    await client.complete(Role.GENERATE, ask("Write."), temperature=0.1)
    await client.complete(Role.GENERATE, ask("Write!"))
    assert len(model.requests) == 5


async def test_a_kept_answer_costs_nothing_more_but_tells_what_it_took() -> None:
    kept, model = Kept(), ScriptedModel(["one"])
    taken = await Journalled(model, kept).complete(Role.GENERATE, ask("Write."))
    before = dict(model.usage)
    again = Journalled(model, kept)
    assert (await again.complete(Role.GENERATE, ask("Write."))).usage == taken.usage
    assert again.usage == before


async def test_decisions_are_kept_too() -> None:
    kept, model = Kept(), ScriptedModel([{"yes": True}])
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
    for _ in range(2):
        assert await Journalled(model, kept).decide(Role.JUDGE, ask("Is it?"), schema) == {"yes": True}
    assert len(model.requests) == 1


async def test_a_request_that_failed_is_not_kept() -> None:
    kept, model = Kept(), ScriptedModel([Fault(529), "one"])
    client = Journalled(model, kept)
    with pytest.raises(ModelUnavailable):
        await client.complete(Role.GENERATE, ask("Write."))
    assert client.failed
    assert (await Journalled(model, kept).complete(Role.GENERATE, ask("Write."))).text == "one"


@given(
    st.builds(
        Completion,
        text=st.text(),
        stop=st.sampled_from(["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "other"]),
        usage=st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
        endpoint=st.text(),
        model=st.text(),
        seconds=st.floats(0, 100),
        calls=st.lists(st.builds(ToolCall, st.text(), st.text(), st.dictionaries(st.text(), st.integers()))).map(tuple),
        raw=st.lists(st.dictionaries(st.text(), st.text())).map(tuple),
    )
)
def test_an_answer_survives_being_written_down(answer: Completion) -> None:
    assert completion_from_json(completion_to_json(answer)) == answer
