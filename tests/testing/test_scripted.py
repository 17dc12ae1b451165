"""The scripted model keeps the contract of every model client, so that a test with it means something."""

from __future__ import annotations

import pytest

from agentforge.errors import ContextOverflow, ModelError, ModelTimeout, ModelUnavailable
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import Completion, Delta, Message, ModelClient, ToolCall
from agentforge.testing import Fault, Reply, ScriptedModel, ScriptExhausted
from agentforge.types import JSONObject, Role

HELLO = (Message("user", "hello"),)
SCHEMA: JSONObject = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


async def test_answers_come_in_order_and_each_role_has_its_own() -> None:
    client: ModelClient = ScriptedModel({Role.PLAN: ["one", "two"], Role.TEST: ["three"]})
    assert (await client.complete(Role.PLAN, HELLO)).text == "one"
    assert (await client.complete(Role.TEST, HELLO)).text == "three"
    assert (await client.complete(Role.PLAN, HELLO)).text == "two"


async def test_an_exhausted_script_names_the_role_and_is_no_error_of_the_program() -> None:
    model = ScriptedModel(["one"])
    await model.complete(Role.PLAN, HELLO)
    with pytest.raises(ScriptExhausted, match=r"no answer left for judge \(answers given: 1\)"):
        await model.complete(Role.JUDGE, HELLO)


async def test_a_function_sees_the_request() -> None:
    model = ScriptedModel(lambda request: f"{request.role} read {request.prompt.strip()!r}")
    assert (await model.complete(Role.REFLECT, HELLO)).text == "reflect read 'hello'"


async def test_every_request_is_recorded_with_what_was_asked() -> None:
    model = ScriptedModel(["ok", "ok"])
    await model.complete(Role.PLAN, HELLO, temperature=0.7, stop=["END"])
    await model.complete(Role.GENERATE, HELLO)
    assert [request.role for request in model.requests] == [Role.PLAN, Role.GENERATE]
    assert model.asked(Role.PLAN)[0].ask.temperature == 0.7
    assert model.asked(Role.PLAN)[0].ask.stop == ("END",)


async def test_usage_is_counted_by_role() -> None:
    model = ScriptedModel(["a b c"] * 3)
    for role in (Role.PLAN, Role.PLAN, Role.TEST):
        await model.complete(role, HELLO)
    assert model.usage[Role.PLAN].calls == 2
    assert model.usage[Role.TEST].calls == 1
    assert model.usage[Role.PLAN].output_tokens > 0
    assert Role.JUDGE not in model.usage


async def test_tool_calls_stop_for_tool_use() -> None:
    call = ToolCall("1", "add", {"a": 1})
    completion = await ScriptedModel([Reply(calls=(call,))]).complete(Role.PLAN, HELLO)
    assert (completion.stop, completion.calls) == ("tool_use", (call,))


async def test_a_stream_is_its_text_in_pieces_and_ends_with_the_completion() -> None:
    items = [item async for item in ScriptedModel(["one  two\n three"]).stream(Role.PLAN, HELLO)]
    assert "".join(item.text for item in items if isinstance(item, Delta)) == "one  two\n three"
    assert len(items) > 2
    assert isinstance(items[-1], Completion)


async def test_a_decision_is_validated_and_asked_for_again() -> None:
    model = ScriptedModel([{"n": "seven"}, {"n": 7}])
    assert await model.decide(Role.PLAN, HELLO, SCHEMA) == {"n": 7}
    assert "is not of type 'integer'" in model.requests[1].prompt


async def test_a_decision_that_never_validates_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="no valid decision"):
        await ScriptedModel([{"n": "x"}, {"m": 1}]).decide(Role.PLAN, HELLO, SCHEMA)


@pytest.mark.parametrize("failure", [ModelTimeout("too slow"), Fault(503)])
async def test_failures_can_be_scripted(failure: BaseException | Fault) -> None:
    model = ScriptedModel([failure, "fine"])
    with pytest.raises((ModelTimeout, ModelUnavailable)):
        await model.complete(Role.PLAN, HELLO)
    assert (await model.complete(Role.PLAN, HELLO)).text == "fine"


async def test_a_small_context_overflows_as_the_real_one_does() -> None:
    model = ScriptedModel(["never given"], context=512)
    with pytest.raises(ContextOverflow):
        await model.complete(Role.PLAN, (Message("user", "word " * 600),))


def test_roles_may_be_played_by_different_models() -> None:
    model = ScriptedModel([], models={Role.GENERATE: "small"}, features=FEATURES["claude"])
    assert model.same_model(Role.PLAN, Role.TEST)
    assert not model.same_model(Role.TEST, Role.GENERATE)
    assert not model.features(Role.PLAN).sampling
