"""What a user says by the way of how things are wanted is remembered; single requests and stories are not."""

from __future__ import annotations

import pytest

from agentforge import Forge
from agentforge.agent.wishes import LONGEST, wishes
from agentforge.models.capabilities import FEATURES
from agentforge.testing import ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import JSONObject


@pytest.mark.parametrize(
    "said",
    [
        "I prefer answers in metric units.",
        "From now on write dates with the day first.",
        "Please always answer me in German.",
        "Oh, and I hate it when answers ramble on.",
        "I like my lists numbered.",
        "Just call me Bea.",
        "I'd rather have two decimals.",
        "Whenever you name a file, take dashes.",
        "Never send me emoji.",
        "Give me distances in kilometres from now on.",
        "I'd rather see the weekday with every date.",
    ],
)
def test_a_wish_for_other_days_is_read(said: str) -> None:
    assert list(wishes(f"It is raining here. {said} What is a fjord?")) == [said]


@pytest.mark.parametrize(
    "said",
    [
        'I can\'t stand the word "very". Please never write it to me.',
        "Call me Captain. I like it when you begin with that.",
        "I like to see a comment above the code. Always, even for one line.",
    ],
)
def test_a_wish_that_leans_on_the_sentence_before_it_is_kept_with_it(said: str) -> None:
    assert list(wishes(f"{said} What is a fjord?")) == [said]


def test_a_wish_leans_on_no_question_and_two_wishes_are_two() -> None:
    assert list(wishes("What is a fjord? Please never write it to me.")) == ["Please never write it to me."]
    assert list(wishes("I prefer metric units. I hate it when answers ramble on.")) == [
        "I prefer metric units.",
        "I hate it when answers ramble on.",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "My train is always late.",
        "I never eat meat.",
        "I would like a list of three fruits.",
        "I like pizza.",
        "Do you prefer tea?",
        "Please call me back at six.",
        "Write a poem and don't rhyme.",
        "I prefer to bake it at 180 degrees.",
    ],
)
def test_a_request_a_fact_and_a_story_are_no_wish(said: str) -> None:
    assert list(wishes(said)) == []


def test_a_long_text_and_worked_examples_are_tasks() -> None:
    assert list(wishes("I prefer tabs. " + "x" * LONGEST)) == []
    assert list(wishes("I prefer tabs.\n3 -> 9\n4 -> 16")) == []


@pytest.mark.parametrize("kind", ["vllm", "claude"])
async def test_a_wish_is_kept_in_the_users_words_and_stands_in_the_next_sessions_prompt(kind: str) -> None:
    def answer(request: Request) -> str | JSONObject:
        if request.purpose != "decide":
            return "Fine."
        return {"kind": "answer_directly"} if "needs_tool" in request.prompt else {"call": {"tool": "none"}}

    model = ScriptedModel(answer, features=FEATURES[kind])
    async with Forge(user="ada", models=model) as forge:
        done = await forge.run("I prefer answers in German. What is a fjord?")
        (entry,) = forge.memory.list()
        assert (entry.kind, entry.text, entry.episodes) == (
            "preference",
            "I prefer answers in German.",
            (done.session,),
        )
        await forge.run("What is a glacier?")
        assert "- I prefer answers in German." in model.requests[-1].ask.system
