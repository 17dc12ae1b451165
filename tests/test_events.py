"""Events hold to the published schema, readers pass over what they do not know, and one ending ends every turn."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from io import StringIO
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from agentforge import Event, Forge, events
from agentforge.boxes.protocol import Box, CallResult
from agentforge.cli.progress import LineView
from agentforge.cli.turns import follow
from agentforge.errors import SandboxError, StorageError
from agentforge.events import EXIT_CODES, TERMINAL
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.payloads import PAYLOADS, schema
from agentforge.result import result_of
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, Fault, Reply, ScriptedModel
from agentforge.testing.box import Run, raised, returned

VALIDATOR = jsonschema.Draft202012Validator(schema())


def hold(told: list[Event]) -> None:
    """Every event is as the schema says, and the last one alone is terminal."""
    for event in told:
        VALIDATOR.validate(event.to_json())
    assert [event.terminal for event in told] == [*[False] * (len(told) - 1), True]
    assert told[-1].type in EXIT_CODES
    numbers = [event.seq for event in told]
    whole = numbers == list(range(len(told)))
    assert whole or (told[-1].type == "interrupted" and numbers == sorted({*numbers})), numbers


def test_the_table_of_the_documentation_names_every_type_and_key() -> None:
    table = re.split(r"^=+ +=+$", events.__doc__ or "", flags=re.MULTILINE)[1]
    rows = re.split(r"^``(?=\w+`` )", table, flags=re.MULTILINE)[1:]
    told = {row.partition("``")[0]: row for row in rows}
    assert set(told) == set(PAYLOADS)
    assert set(PAYLOADS) >= TERMINAL
    for name, payload in PAYLOADS.items():
        missing = [key for key in payload.__annotations__ if f"``{key}``" not in told[name]]
        assert not missing, f"{name}: {missing}"


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"type": "weather", "data": {"rain": 1}}, True),
        ({"data": {"text": "x", "mood": "new"}}, True),
        ({"data": {"text": 1}}, False),
        ({"data": {}}, False),
        ({"v": 2}, False),
        ({"seq": -1}, False),
        ({"user": None}, False),
    ],
)
def test_the_schema_takes_unknown_types_and_keys_and_refuses_wrong_ones(change: dict[str, Any], valid: bool) -> None:
    line = Event("model_delta", {"text": "x"}).to_json() | change
    assert VALIDATOR.is_valid(line) is valid


@pytest.mark.parametrize(
    ("line", "valid"),
    [({"status": "completed", "exit_code": 0, "answer": "x"}, True), ({"status": "done", "exit_code": 0}, False)],
)
def test_the_schema_knows_the_last_line(line: dict[str, Any], valid: bool) -> None:
    assert VALIDATOR.is_valid(line) is valid


async def test_readers_pass_over_types_that_they_do_not_know() -> None:
    told = [
        Event("turn_started", {"text": "x"}, 0, session="s"),
        Event("weather", {"rain": [1]}, 1, session="s"),
        Event(
            "completed", {"answer": "y", "usage": {}, "tools_made": [], "tools_used": [], "odour": 1}, 2, session="s"
        ),
    ]
    assert (result_of(told).ok, result_of(told).answer) == (True, "y")

    async def stream() -> AsyncIterator[Event]:
        for event in told:
            yield event

    with LineView(Console(file=StringIO())) as view:
        ending = await follow(stream(), view.show)  # type: ignore[arg-type] # an iterator that can be closed
    assert (ending.code, ending.text("answer")) == (0, "y")


CALL = Reply("Looking.", (ToolCall("call-1", "parse_duration", {"text": "1h"}),))
WRONG_CALL = Reply("", (ToolCall("call-1", "parse_duration", {"txt": 1}),))
NO_TOOL = Reply("", (ToolCall("call-1", "no_such_tool", {}),))
CODE = Reply("", (ToolCall("call-1", "run_python", {"code": "print(1)"}),))
BAD_FORGE = Reply("", (ToolCall("call-1", "forge_tool", {"name": "x"}),))
ANSWERS = st.one_of(
    st.sampled_from(
        [
            *("Done.", "", CALL, WRONG_CALL, NO_TOOL, CODE, BAD_FORGE, Reply("Cut", stop="max_tokens")),
            *(Reply("", stop="refusal"), Fault(529), Fault(500), OSError("torn"), ValueError("a defect")),
        ]
    ),
    st.builds(Reply, st.text(max_size=20)),
)
RESULTS: list[Callable[[], CallResult]] = [
    lambda: returned(3600),
    lambda: returned({"deep": [1, None]}),
    lambda: raised("ValueError", "no duration"),
    lambda: CallResult("timed_out"),
    lambda: CallResult("died", message="killed"),
]


def break_with(error: Exception) -> Callable[[], CallResult]:
    def broken() -> CallResult:
        raise error

    return broken


BREAKS = st.sampled_from([*RESULTS, break_with(SandboxError("The box is gone.")), break_with(RuntimeError("a defect"))])
FREE = st.sampled_from(["claude", "vllm"])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(ANSWERS, max_size=6),
    results=st.lists(BREAKS, max_size=4),
    kind=FREE,
    steps=st.integers(1, 5),
    disk=st.integers(0, 12),
)
def test_whatever_fails_there_is_one_ending_and_it_is_the_last(
    answers: list[Any], results: list[Any], kind: str, steps: int, disk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentforge.memory.episodes import Episodes

    record, left = Episodes.record_event, iter(range(disk))

    def full(self: Episodes, session: str, event: Event) -> None:
        if next(left, None) is None:
            raise StorageError("The disk is full.")
        record(self, session, event)

    following = iter(results)

    def run(_: Run) -> CallResult:
        return next(following, RESULTS[0])()

    async def open_box(_: SandboxSettings) -> Box:
        return FakeBox(run)

    async def turn() -> list[Event]:
        model = ScriptedModel(list(answers), features=FEATURES[kind])
        own = load(overrides={"agent.max_steps": steps, "agent.embeddings": False})
        async with Forge(user="ada", settings=own, models=model, open_box=open_box) as forge:
            return [event async for event in forge.stream("How many seconds are 1h?")]

    with monkeypatch.context() as patch:
        patch.setattr(Episodes, "record_event", full)
        hold(asyncio.run(turn()))


@pytest.mark.parametrize("stored", range(5))
async def test_a_disk_that_is_full_is_told_whenever_that_is_noticed(
    stored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentforge.memory.episodes import Episodes

    left = iter(range(stored))

    def full(self: Episodes, session: str, event: Event) -> None:
        if next(left, None) is None:
            raise StorageError("The disk is full.")

    monkeypatch.setattr(Episodes, "record_event", full)
    async with Forge(user="ada", models=ScriptedModel([], features=FEATURES["claude"])) as forge:
        told = [event async for event in forge.stream("How many seconds are 1h?")]
    hold(told)
    notices = [event.data["message"] for event in told if event.type == "notice"]
    assert notices == (["The rest of this turn is not stored: The disk is full."] if stored < len(told) - 1 else [])


@pytest.mark.parametrize("at", ["turn_started", "context", "model_started", "model_delta", "tool_called"])
async def test_a_cancelled_reader_gets_its_ending_and_the_cancellation(at: str) -> None:
    told: list[Event] = []
    reached = asyncio.Event()

    async def open_box(_: SandboxSettings) -> Box:
        return FakeBox([returned(1)])

    async def read(forge: Forge) -> None:
        async for event in forge.stream("How many seconds are 1h?"):
            told.append(event)
            if event.type == at:
                reached.set()

    answers = [Reply("One two three four", CALL.calls, pause=0.05), Reply("Slowly", pause=30)]
    model = ScriptedModel(answers, features=FEATURES["claude"])
    async with Forge(user="ada", models=model, open_box=open_box) as forge:
        reading = asyncio.create_task(read(forge))
        await reached.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    hold(told)
    assert told[-1].type == "interrupted"
