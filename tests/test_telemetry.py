"""Spans and metrics of a run: what the conventions name, in one tree, ended on every path, and no content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from agentforge import Forge
from agentforge.boxes.protocol import Box
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.settings import SandboxSettings, load
from agentforge.telemetry import traced
from agentforge.testing import FakeBox, Fault, Reply, ScriptedModel
from agentforge.testing.box import raised, returned

ENDPOINT = {"kind": "claude", "url": "http://127.0.0.1:9", "model": "claude-opus-5-5"}
USE = Reply("", (ToolCall("call-1", "parse_duration", {"text": "the secret 1h"}),))
AGAIN = Reply("", (ToolCall("call-2", "parse_duration", {"text": "the secret 2h"}),))


class Seen:
    """What an exporter in memory was sent."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])

    @property
    def spans(self) -> dict[str, Any]:
        return {span.name: span for span in self._exporter.get_finished_spans()}

    def points(self, name: str) -> list[Any]:
        data = self._reader.get_metrics_data()
        found = [one for each in data.resource_metrics for scope in each.scope_metrics for one in scope.metrics]
        return [point for one in found if one.name == name for point in one.data.data_points]


@pytest.fixture
def seen() -> Iterator[Seen]:
    made = Seen()
    yield made
    made.tracers.shutdown()
    made.meters.shutdown()


async def run(seen: Seen, *answers: Any, content: bool = False, leave_at: str = "") -> None:
    results = iter([returned(3600), raised("ValueError", "the secret is no duration")])

    async def open_box(_: SandboxSettings) -> Box:
        return FakeBox(lambda _: next(results))

    settings = load(overrides={"agent.embeddings": False, "endpoints.scripted": ENDPOINT})
    model = ScriptedModel(answers, features=FEATURES["claude"])
    async with Forge(user="ada", settings=settings, models=model, open_box=open_box) as forge:
        events = traced(
            forge,
            forge.stream("What is the secret?"),
            content=content,
            tracer_provider=seen.tracers,
            meter_provider=seen.meters,
        )
        async for event in events:
            if event.type == leave_at:
                break
        await events.aclose()


async def test_a_run_is_one_tree_with_the_names_of_the_conventions_and_without_content(seen: Seen) -> None:
    await run(seen, USE, AGAIN, "The secret is out.")
    spans = seen.spans
    assert set(spans) == {"invoke_agent agentforge", "chat claude-opus-5-5", "execute_tool parse_duration"}
    root, chat, tool = (
        spans[name] for name in ("invoke_agent agentforge", "chat claude-opus-5-5", *["execute_tool parse_duration"])
    )
    assert {one.parent.span_id for one in (chat, tool)} == {root.context.span_id}
    assert root.attributes["gen_ai.conversation.id"]
    assert (chat.attributes["gen_ai.provider.name"], chat.attributes["gen_ai.operation.name"]) == ("anthropic", "chat")
    assert chat.attributes["gen_ai.usage.output_tokens"] > 0
    assert (tool.attributes["gen_ai.tool.name"], tool.attributes["gen_ai.tool.call.id"]) == ("parse_duration", "call-2")
    assert (tool.status.status_code, tool.attributes["error.type"]) == (StatusCode.ERROR, "tool_error")
    assert "secret" not in str([dict(span.attributes) for span in spans.values()])
    tokens = {point.attributes["gen_ai.token.type"]: point for point in seen.points("gen_ai.client.token.usage")}
    assert {kind: point.count for kind, point in tokens.items()} == {"input": 3, "output": 3}
    assert [point.count for point in seen.points("gen_ai.client.operation.duration")] == [3]


async def test_content_is_told_where_it_is_asked_for(seen: Seen) -> None:
    await run(seen, USE, "The secret is out.", content=True)
    root, tool = seen.spans["invoke_agent agentforge"], seen.spans["execute_tool parse_duration"]
    assert root.attributes["agentforge.answer"] == "The secret is out."
    assert tool.attributes["gen_ai.tool.call.arguments"] == '{"text": "the secret 1h"}'
    assert tool.attributes["gen_ai.tool.call.result"] == "3600"


@pytest.mark.parametrize(("answers", "leave_at"), [([Fault(529)], ""), ([Reply("slow", pause=9)], "model_started")])
async def test_spans_end_with_a_run_that_fails_or_is_left(seen: Seen, answers: list[Any], leave_at: str) -> None:
    await run(seen, *answers, leave_at=leave_at)
    assert set(seen.spans) == {"invoke_agent agentforge", "chat claude-opus-5-5"}
    failed = not leave_at
    assert all((span.status.status_code is StatusCode.ERROR) is failed for span in seen.spans.values())
