"""The fake box answers from a script, admits that it isolates nothing, and forgets nothing."""

from __future__ import annotations

import pytest

from agentforge.boxes.protocol import Box
from agentforge.testing import FakeBox, ScriptExhausted
from agentforge.testing.box import raised, returned, suite


async def test_it_gives_scripted_results_in_order() -> None:
    box: Box = FakeBox(calls=[returned(3), raised("ValueError", "no number")])
    assert (await box.call("source", "add", {"a": 1})).value == 3
    second = await box.run("add(1)")
    assert (second.status, second.error, second.message) == ("raised", "ValueError", "no number")


async def test_it_remembers_what_it_was_asked() -> None:
    box = FakeBox(calls=[returned(None)], suites=[suite(test_a=True)])
    await box.call("source", "add", {"a": 1}, toolbox={"other": "code"})
    await box.suite("source", "tests")
    call, run = box.runs
    assert (call.kind, call.entry, call.args, call.toolbox) == ("call", "add", {"a": 1}, {"other": "code"})
    assert (run.kind, run.tests) == ("suite", "tests")


async def test_a_function_may_answer_and_many_calls_are_single_calls() -> None:
    box = FakeBox(calls=lambda run: returned(run.args["n"]))
    results = await box.call_many("source", "same", [{"n": 1}, {"n": 2}])
    assert [result.value for result in results] == [1, 2]
    assert len(box.runs) == 2


async def test_a_suite_passes_only_when_every_test_does() -> None:
    box = FakeBox(suites=[suite(test_a=True), suite(test_a=True, test_b=False)])
    assert (await box.suite("source", "tests")).passed
    assert not (await box.suite("source", "tests")).passed


async def test_an_exhausted_script_is_told() -> None:
    with pytest.raises(ScriptExhausted, match="left for this suite"):
        await FakeBox().suite("source", "tests")


async def test_use_after_closing_is_a_mistake_of_the_caller() -> None:
    async with FakeBox(calls=[returned(1)]) as box:
        pass
    with pytest.raises(AssertionError, match="closed"):
        await box.call("source", "add", {})


def test_it_claims_no_isolation() -> None:
    assert FakeBox().info.launcher == "fake"
    assert FakeBox().info.tier == "none"
