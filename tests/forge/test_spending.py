"""Whose tokens a forging spent."""

import pytest

from agentforge.forge.spending import local_token_share, local_tokens
from agentforge.testing import ScriptedModel
from agentforge.types import Role, Usage

from .forging import NEED, code

SPENT = {Role.PLAN: Usage(output_tokens=10), Role.TEST: Usage(output_tokens=20), Role.GENERATE: Usage(output_tokens=70)}


@pytest.mark.parametrize(
    ("models", "local", "share"),
    [
        ({}, 100, None),
        ({Role.PLAN: "claude"}, 90, 0.9),
        ({Role.PLAN: "claude", Role.TEST: "claude"}, 70, 0.7),
        ({Role.TEST: "claude"}, 80, None),  # no planner other than the generator
    ],
)
def test_local_is_the_endpoint_that_generates(models, local, share):
    client = ScriptedModel([], models=models)
    assert local_tokens(SPENT, client) == local
    assert local_token_share(SPENT, client) == share


def test_where_nothing_was_generated_there_is_no_share():
    assert local_token_share({}, ScriptedModel([], models={Role.PLAN: "claude"})) is None


async def test_a_forging_tells_the_share_where_another_model_plans(run):
    result, _, _ = await run(NEED, [code("RIGHT")] * 2, models={Role.PLAN: "claude", Role.TEST: "claude"})
    tokens = {role: usage.output_tokens for role, usage in result.by_role.items()}
    assert result.local_token_share == round(tokens[Role.GENERATE] / sum(tokens.values()), 3)
    assert result.artefacts["local_token_share"] == result.local_token_share


async def test_with_one_model_for_all_it_tells_none(run):
    result, _, _ = await run(NEED, [code("RIGHT")] * 2)
    assert result.local_token_share is None
