"""Limits of one run: money, tokens and seconds, kept whichever role asks and however many at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentforge import Forge, RunLimits
from agentforge.errors import LimitReached, UsageError
from agentforge.models.capabilities import FEATURES
from agentforge.models.limited import Limited, cost
from agentforge.models.protocol import Message
from agentforge.settings import Endpoint, load
from agentforge.testing import Reply, ScriptedModel
from agentforge.types import Role, Usage

PRICED = {"kind": "claude", "url": "http://127.0.0.1:9", "model": "m", "input_price": 10.0, "output_price": 50.0}


def forge_of(*answers: Any, endpoint: dict[str, Any] | None = None) -> tuple[Forge, ScriptedModel]:
    model = ScriptedModel(answers, features=FEATURES["claude"])
    own = load(overrides={"agent.embeddings": False, **({"endpoints.scripted": endpoint} if endpoint else {})})
    return Forge(user="ada", settings=own, models=model), model


@pytest.mark.parametrize(
    ("limits", "endpoint", "limit"),
    [
        (RunLimits(tokens=200), None, "tokens"),
        (RunLimits(usd=0.0001), PRICED, "usd"),
        (RunLimits(usd=10, tokens=200), PRICED, "tokens"),
        (RunLimits(usd=0.0001, tokens=100_000), PRICED, "usd"),
    ],
)
async def test_a_run_whose_limit_leaves_no_room_asks_no_model_and_says_which(
    limits: RunLimits, endpoint: dict[str, Any] | None, limit: str
) -> None:
    forge, model = forge_of("Never said.", endpoint=endpoint)
    async with forge:
        result = await forge.run("What is it?", limits=limits)
    assert (result.status, result.exit_code, result.error) == ("limited", 5, "LimitReached")
    assert result.events[-1].data["limit"] == limit
    assert model.requests == []


async def test_a_run_ends_after_its_own_seconds() -> None:
    forge, _ = forge_of(Reply("Slowly.", pause=60))
    async with forge:
        result = await forge.run("Take your time", limits=RunLimits(seconds=0.5))
    assert (result.status, result.events[-1].data["limit"]) == ("limited", "seconds")
    assert "0.5 seconds" in result.message


async def test_what_earlier_runs_of_the_same_client_took_does_not_count() -> None:
    forge, model = forge_of("One.", "Two.")
    async with forge:
        first = await forge.run("1?")
        spent = first.usage.input_tokens + first.usage.output_tokens
        room = sum(request.ask.max_tokens for request in model.requests)
        assert (await forge.run("2?", limits=RunLimits(tokens=2 * spent + room))).answer == "Two."


async def test_requests_at_once_cannot_pass_a_limit_together() -> None:
    model = ScriptedModel(lambda _: Reply("x", pause=0.05))
    limited = Limited(model, RunLimits(tokens=500), {})

    async def ask() -> bool:
        try:
            await limited.complete(Role.GENERATE, [Message("user", "write it")], max_tokens=100)
        except LimitReached:
            return False
        return True

    sent = sum(await asyncio.gather(*(ask() for _ in range(12))))
    assert sent == len(model.requests)
    asked = sum(limited.count(request.prompt) + request.ask.max_tokens for request in model.requests)
    assert 400 < asked <= 500
    assert await ask(), "what was set aside and not used is free again"


async def test_an_answer_is_shortened_to_what_is_left() -> None:
    model = ScriptedModel(["x"])
    await Limited(model, RunLimits(tokens=100), {}).complete(Role.PLAN, [Message("user", "y")], max_tokens=400)
    assert 16 <= model.requests[0].ask.max_tokens < 100


def test_what_a_call_costs() -> None:
    priced = Endpoint(**PRICED, cached_price=1.0)  # type: ignore[arg-type] # as a settings file holds it
    assert cost(Usage(1_000_000, 100_000, cached_tokens=500_000), priced) == pytest.approx(5 + 0.5 + 5)
    assert cost(Usage(10, 10), Endpoint(kind="vllm", url="http://127.0.0.1:9", model="m")) == 0


@pytest.mark.parametrize("endpoint", [None, {**PRICED, "input_price": None}])
async def test_money_is_not_limited_by_guessing(endpoint: dict[str, Any] | None) -> None:
    forge, model = forge_of("Never said.", endpoint=endpoint)
    async with forge:
        with pytest.raises(UsageError, match="no limit of money can be kept"):
            await forge.run("What is it?", limits=RunLimits(usd=1))
        with pytest.raises(UsageError, match="tokens has to be above zero"):
            await forge.run("What is it?", limits=RunLimits(tokens=0))
        assert await forge.sessions.latest() is None
    assert model.requests == []
