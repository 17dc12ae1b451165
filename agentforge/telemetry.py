"""Runs as OpenTelemetry spans and metrics, by the conventions for generative AI (status: development).

::

    async for event in traced(forge, forge.stream("How many seconds are 2h 45m?")):
        ...

One span ``invoke_agent`` for the run, beneath it one ``chat`` for each call of a model by the agent and one
``execute_tool`` for each call of a tool; the histograms ``gen_ai.client.token.usage`` and
``gen_ai.client.operation.duration``. What a forging asks of models is in the agent's span only by its duration.

No content is told (questions, answers, arguments, results) unless ``content`` is set. Needs the extra ``otel``, and an
SDK that the program set up; without one nothing is recorded and nothing fails.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider, set_span_in_context

from agentforge.api import Forge
from agentforge.events import Event
from agentforge.settings import Settings
from agentforge.types import JSON

NAME: Final = "agentforge"

_TOKENS: Final = [4**power for power in range(14)]
_SECONDS: Final = [0.01 * 2**power for power in range(14)]
"""Boundaries of buckets, as the conventions give them."""


async def traced(
    forge: Forge,
    events: AsyncGenerator[Event, None],
    *,
    content: bool = False,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
) -> AsyncGenerator[Event, None]:
    """The same ``events``, told to OpenTelemetry as they pass; all spans are ended however that ends.

    The providers are by default those that the program set up.
    """
    telling = _Telling(forge.settings, content, tracer_provider, meter_provider)
    try:
        async with aclosing(events) as passing:
            async for event in passing:
                telling.tell(event)
                yield event
    finally:
        telling.end()


class _Telling:
    """The spans of one run that are open, by what they are about."""

    def __init__(
        self, settings: Settings, content: bool, tracers: TracerProvider | None, meters: MeterProvider | None
    ) -> None:
        self._settings = settings
        self._content = content
        self._tracer = trace.get_tracer(NAME, tracer_provider=tracers)
        meter = metrics.get_meter(NAME, meter_provider=meters)
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", explicit_bucket_boundaries_advisory=_TOKENS
        )
        self._seconds = meter.create_histogram(
            "gen_ai.client.operation.duration", "s", explicit_bucket_boundaries_advisory=_SECONDS
        )
        self._run = self._tracer.start_span(
            f"invoke_agent {NAME}",
            kind=SpanKind.INTERNAL,
            attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": NAME},
        )
        self._chat: Span | None = None
        self._calls: dict[str, Span] = {}

    def tell(self, event: Event) -> None:
        """Takes in one event; of a type that is not known here nothing is told."""
        data = event.data
        match event.type:
            case "turn_started":
                self._run.set_attribute("gen_ai.conversation.id", event.session)
                self._say(self._run, "agentforge.request", data["text"])
            case "model_started":
                self._end_chat()
                attributes = self._of_model(str(data["endpoint"]))
                self._chat = self._child(f"chat {attributes['gen_ai.request.model']}", SpanKind.CLIENT)
                self._chat.set_attributes({**attributes, "agentforge.purpose": str(data["purpose"])})
            case "model_finished":
                self._finished(event)
            case "tool_called":
                span = self._child(f"execute_tool {data['tool']}", SpanKind.INTERNAL)
                span.set_attribute("gen_ai.operation.name", "execute_tool")
                span.set_attributes({"gen_ai.tool.name": str(data["tool"]), "gen_ai.tool.type": "function"})
                span.set_attribute("gen_ai.tool.call.id", str(data["call"]))
                self._say(span, "gen_ai.tool.call.arguments", data["args"])
                self._calls[str(data["call"])] = span
            case "tool_returned":
                self._returned(event)
            case _ if event.terminal:
                self._terminal(event)
            case _:
                pass

    def end(self) -> None:
        """Ends all that is open: a call that was cut off, and the run."""
        self._end_chat()
        for span in self._calls.values():
            span.end()
        self._calls.clear()
        self._run.end()

    def _finished(self, event: Event) -> None:
        data, chat = event.data, self._chat
        attributes = self._of_model(str(data["endpoint"]))
        for kind in ("input", "output"):
            tokens = data[f"{kind}_tokens"]
            if isinstance(tokens, int):
                self._tokens.record(tokens, {**attributes, "gen_ai.token.type": kind})
                if chat is not None:
                    chat.set_attribute(f"gen_ai.usage.{kind}_tokens", tokens)
        if isinstance(seconds := data["seconds"], int | float):
            self._seconds.record(seconds, attributes)
        self._end_chat()

    def _returned(self, event: Event) -> None:
        span = self._calls.pop(str(event.data["call"]), None)
        if span is None:
            return
        if error := event.data.get("error"):
            span.set_attribute("error.type", str(error).partition(":")[0] if self._content else "tool_error")
            span.set_status(Status(StatusCode.ERROR))
            self._say(span, "agentforge.error", error)
        else:
            self._say(span, "gen_ai.tool.call.result", event.data.get("value"))
        span.end()

    def _terminal(self, event: Event) -> None:
        self._run.set_attribute("agentforge.status", event.type)
        if event.type in ("failed", "limited"):
            kind = str(event.data["error"])
            self._run.set_attribute("error.type", kind)
            self._run.set_status(Status(StatusCode.ERROR))
            if self._chat is not None:
                self._chat.set_attribute("error.type", kind)
                self._chat.set_status(Status(StatusCode.ERROR))
        self._say(self._run, "agentforge.answer", event.data.get("answer"))

    def _child(self, name: str, kind: SpanKind) -> Span:
        return self._tracer.start_span(name, context=set_span_in_context(self._run), kind=kind)

    def _end_chat(self) -> None:
        if self._chat is not None:
            self._chat.end()
            self._chat = None

    def _of_model(self, endpoint: str) -> dict[str, str]:
        known = self._settings.endpoints.get(endpoint)
        provider = "anthropic" if known is not None and known.kind == "claude" else endpoint
        model = endpoint if known is None else known.model
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
        }

    def _say(self, span: Span, key: str, value: JSON) -> None:
        """Content, only where it was asked for."""
        if self._content and value is not None:
            span.set_attribute(key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
