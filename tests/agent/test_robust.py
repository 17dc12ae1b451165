"""The path for small models: tiny decisions, few of them, and the host holds on to what is true."""

from __future__ import annotations

import pytest

from agentforge.agent.attachments import Attachment
from agentforge.agent.parts import Emit
from agentforge.boxes.protocol import SCRIPT, CallResult
from agentforge.errors import StorageError
from agentforge.forge.parts import ForgeResult
from agentforge.testing.box import FakeBox, raised, returned
from agentforge.types import Example, Need, Role

from .conftest import NUMERALS, Scene, make_tool, roman_box, roman_tool

LEARN = """Roman numerals are read like this: letters are added, a smaller one before a larger is taken off.

- "IX" is 9
- "XIV" is 14
- "MCMXC" is 1990

Which number is "XL"?"""

NEED = {"name": "read_roman", "signature": "(text: str) -> int"}


def call(tool: str, **args: object) -> dict[str, object]:
    return {"call": {"tool": tool, "args": args}}


async def test_a_live_tool_is_reused_with_two_small_calls_and_nothing_is_written(roman: Scene) -> None:
    model = roman.script(call("roman_to_int", text="XIV"), "XIV is 14.")
    told = await roman.run("Which number is the Roman numeral XIV?")
    assert told.answer == "XIV is 14."
    assert [request.role for request in model.requests] == [Role.PLAN, Role.PLAN]
    assert roman.needs == []
    assert told.last.data["tools_used"] == ["roman_to_int"]
    assert told.last.data["tools_made"] == []
    assert max(request.ask.max_tokens for request in model.requests) <= 300


async def test_the_questions_of_one_turn_share_their_prefix(roman: Scene) -> None:
    model = roman.script(call("roman_to_int", text="XIV"), "14")
    await roman.run("Which number is the Roman numeral XIV?")
    one, two = (request.prompt for request in model.requests)
    shared = one[: one.index("\n>>>\n")]
    assert "XIV?" in shared
    assert two.startswith(shared)


async def test_a_request_with_worked_examples_gets_a_tool_of_its_own_and_uses_it_at_once(scene: Scene) -> None:
    model = scene.script(NEED, "code", {"text": "XL"}, "The number is 40.")
    scene.box = FakeBox(calls=lambda run: returned(NUMERALS[str(run.args["text"])]))
    told = await scene.run(LEARN)
    assert told.answer == "The number is 40."
    assert told.last.data["tools_made"] == ["read_roman"]
    assert told.last.data["tools_used"] == ["read_roman"]
    assert [request.role for request in model.requests] == [Role.PLAN, Role.GENERATE, Role.PLAN, Role.PLAN]
    assert {"forge_started", "forge_finished"} <= set(told.types())


async def test_the_need_carries_the_users_words_and_only_what_stands_in_them_as_truth(scene: Scene) -> None:
    scene.script(NEED, "code", {"text": "XL"}, "40")
    told = await scene.run(LEARN)
    (need,) = scene.needs
    assert (need.name, need.signature) == ("read_roman", "(text: str) -> int")
    assert need.examples == tuple(
        Example({"text": text}, NUMERALS[text], source="user") for text in ("IX", "XIV", "MCMXC")
    )
    assert need.text == LEARN
    assert need.episode == told.session
    assert "a smaller one before a larger is taken off" in need.purpose
    assert need.requests == ('Which number is "XL"?',)


async def test_the_purpose_gives_no_example_away_since_some_of_them_are_held_out(scene: Scene) -> None:
    scene.script(NEED, "code", {"text": "XL"}, "40")
    await scene.run(LEARN)
    for text in NUMERALS:
        assert text not in scene.needs[0].purpose


async def test_a_tool_that_contradicts_the_examples_of_the_request_is_not_even_offered(roman: Scene) -> None:
    roman.box = FakeBox(calls=lambda run: returned(7))
    model = roman.script(NEED, "code", {"text": "XL"}, "7")
    told = await roman.run(LEARN)
    assert "other results than 3 of the 3 examples" in told.text()
    assert model.requests[0].prompt.count("roman_to_int") == 0
    assert told.last.data["tools_made"] == ["read_roman"]


async def test_a_tool_that_agrees_with_the_examples_is_used_and_nothing_is_written(roman: Scene) -> None:
    roman.script(call("roman_to_int", text="XL"), "40")
    told = await roman.run(LEARN)
    assert told.answer == "40"
    assert roman.needs == []


async def test_arguments_that_stand_nowhere_in_the_request_are_asked_for_once_more(roman: Scene) -> None:
    model = roman.script(call("roman_to_int", text="IX"), {"text": "XIV"}, "14")
    told = await roman.run("Which number is the Roman numeral XIV?")
    assert told.of("tool_called")[0]["args"] == {"text": "XIV"}
    assert "does not stand in the request" in model.requests[1].prompt


async def test_a_tool_whose_arguments_are_invented_twice_is_not_what_was_asked_for(roman: Scene) -> None:
    invented = {"text": "IX"}
    roman.script(call("roman_to_int", **invented), invented, {"kind": "answer_directly"}, "Leaves fall.")
    told = await roman.run("Write a haiku about the Roman number of autumn.")
    assert told.answer == "Leaves fall."
    assert roman.box.runs == []


async def test_a_tool_into_which_a_whole_long_request_was_put_is_not_called(roman: Scene) -> None:
    text = "Tell me in your own words why a Roman number was written with letters, and who began to write it so."
    roman.script(call("roman_to_int", text=text), {"kind": "answer_directly"}, "Nobody knows.")
    assert (await roman.run(text)).answer == "Nobody knows."
    assert roman.box.runs == []


async def test_values_of_an_earlier_request_are_not_taken_for_the_new_one(roman: Scene) -> None:
    roman.script(call("roman_to_int", text="XIV"), "14", call("roman_to_int", text="XIV"), {"text": "XL"}, "40")
    session = await roman.session()
    await roman.run("Which number is the Roman numeral XIV?", session)
    assert (await roman.run('And "XL"?', session)).answer == "40"


async def test_a_request_with_several_numbers_is_never_answered_from_the_head(scene: Scene) -> None:
    model = scene.script({"kind": "run_python"}, "```python\nprint(42)\n```", "42")
    await scene.run("What is 17 * 23 + 4?")
    asked = model.requests[0].ask
    assert "answer_directly" not in str(asked.schema)
    assert "run_python" in str(asked.schema)


async def test_an_error_of_the_tool_goes_back_once_and_then_the_task_has_failed_with_it(roman: Scene) -> None:
    model = roman.script(call("roman_to_int", text="ABC"), {"text": "ABC"})
    told = await roman.run("Which number is the Roman numeral ABC?")
    assert (told.last.type, told.last.exit_code) == ("failed", 1)
    assert "ValueError: ABC is no Roman numeral" in told.last.data["message"]
    assert "ValueError: ABC is no Roman numeral" in model.requests[1].prompt


@pytest.mark.parametrize("said", ["It is 15.", "The year 2014.", ""])
async def test_an_answer_without_the_result_is_replaced_by_a_plain_sentence_with_it(roman: Scene, said: str) -> None:
    roman.script(call("roman_to_int", text="XIV"), said or "  ")
    told = await roman.run("Which number is the Roman numeral XIV?")
    assert told.answer == "The result is 14."


async def test_a_long_result_is_the_answer_as_it_is_and_costs_no_model_call(scene: Scene) -> None:
    long = "line one\n" + "x" * 300
    scene.add(
        make_tool(
            "draw_box",
            "(text: str) -> str",
            "Draw a box around a text.",
            'def draw_box(text: str) -> str:\n    """Draw a box around a text."""\n    return text\n',
        )
    )
    scene.box = FakeBox(calls=[returned(long)])
    model = scene.script(call("draw_box", text="hello"))
    told = await scene.run("Draw a box around hello")
    assert told.answer == long
    assert len(model.requests) == 1


async def test_with_no_tool_and_nothing_to_compute_the_model_answers_in_its_own_words(scene: Scene) -> None:
    scene.script({"kind": "answer_directly"}, "Hello to you.")
    told = await scene.run("Hello!")
    assert told.answer == "Hello to you."
    assert "".join(delta["text"] for delta in told.of("model_delta")) == "Hello to you."


async def test_a_single_computation_is_run_in_the_box_from_one_fenced_block(scene: Scene) -> None:
    scene.script({"kind": "run_python"}, "Here:\n```python\nprint(6 * 7)\n```", "It is 42.")
    told = await scene.run("What is six times seven?")
    assert told.answer == "It is 42."
    assert scene.box.runs[0].source == "print(6 * 7)"
    assert scene.box.runs[0].grant == SCRIPT  # a script is asked what day it is today


async def test_broken_code_goes_back_once_and_then_the_turn_fails_openly(scene: Scene) -> None:
    scene.box = FakeBox(calls=[raised("NameError", "x is not defined"), CallResult("timed_out")])
    block = "```python\nprint(x)\n```"
    model = scene.script({"kind": "run_python"}, block, block)
    told = await scene.run("What is six times seven?")
    assert (told.last.type, told.last.exit_code) == ("failed", 1)
    assert "ran out of time" in told.last.data["message"]
    assert "NameError: x is not defined" in model.requests[2].prompt


async def test_code_that_imports_a_tool_that_is_not_there_goes_back_once_too(scene: Scene) -> None:
    missing = "```python\nfrom toolbox import *\nprint(42)\n```"
    model = scene.script({"kind": "run_python"}, missing, "```python\nprint(42)\n```", "42")
    told = await scene.run("What is six times seven?")
    assert (told.last.type, told.answer) == ("completed", "42")
    assert "no live tool named '*'" in model.requests[2].prompt


async def test_code_may_use_live_tools(roman: Scene) -> None:
    block = "```python\nfrom toolbox import roman_to_int\nprint(roman_to_int('IX') + 1)\n```"
    roman.script({"call": {"tool": "none"}}, {"kind": "run_python"}, block, "42")
    told = await roman.run("One more than the Roman numeral IX?")
    assert set(roman.box.runs[0].toolbox) == {"roman_to_int"}
    assert told.last.data["tools_used"] == ["roman_to_int"]


async def test_a_rule_without_any_example_is_computed_once_and_no_unproven_tool_is_made(scene: Scene) -> None:
    scene.script({"kind": "needs_tool"}, "```python\nprint(42)\n```", "42")
    told = await scene.run("Our rule: double the number. What is it for 21?")
    assert told.answer == "42"
    assert scene.needs == []
    assert "no worked example" in told.of("notice")[0]["message"]


async def test_examples_that_a_model_read_count_only_where_the_text_holds_them(scene: Scene) -> None:
    examples = [{"args": {"text": "IX"}, "returns": 9}, {"args": {"text": "XL"}, "returns": 40}]
    scene.script({"kind": "needs_tool"}, NEED, {"examples": examples}, "code", {"text": "XL"}, "40")
    told = await scene.run("Roman numerals are numbers: IX is 9. Which one is XL?")
    assert [example.args for example in scene.needs[0].examples] == [{"text": "IX"}]
    assert "An example was dropped" in told.of("notice")[0]["message"]


async def test_a_need_that_makes_no_sense_is_asked_for_again(scene: Scene) -> None:
    vague = {"name": "solve_it", "signature": "(question: str) -> int"}
    model = scene.script(vague, NEED, "code", {"text": "XL"}, "40")
    await scene.run(LEARN)
    assert "the parameter 'question' is no value" in model.requests[1].prompt
    assert scene.needs[0].name == "read_roman"


async def test_with_worked_examples_no_unproven_script_answers_instead_of_a_tool(scene: Scene) -> None:
    vague = {"name": "solve_it", "signature": "(question: str) -> int"}
    model = scene.script(vague, vague)
    told = await scene.run(LEARN)
    assert told.last.type == "failed"
    assert "No tool was made for this: the need could not be stated" in told.last.data["message"]
    assert "input -> output" in told.last.data["fix"]
    assert len(model.requests) == 2
    assert scene.box.runs == []


async def test_a_text_of_nothing_but_examples_gives_none_of_them_away_as_its_purpose(scene: Scene) -> None:
    lines = "".join(f'\n- "{text}" is {number}' for text, number in (("IX", 9), ("XIV", 14), ("MCMXC", 1990)))
    scene.script(NEED, "code", {"text": "XL"}, "40")
    told = await scene.run(f"{lines}\nWhat is XL?")
    (need,) = scene.needs
    assert len(need.examples) == 3
    assert not any(text in need.purpose for text in ("IX", "XIV", "MCMXC", "1990"))
    assert "read_roman(text='XIV') returns 14" in told.of("notice")[0]["message"]


async def test_a_taken_name_is_refused_before_anything_is_forged(roman: Scene) -> None:
    roman.box = FakeBox(calls=lambda run: returned(7))
    model = roman.script({**NEED, "name": "roman_to_int"}, NEED, "code", {"text": "XL"}, "7")
    await roman.run(LEARN)
    assert "'roman_to_int' is taken" in model.requests[1].prompt


async def test_a_failed_forging_ends_the_turn_as_failed_and_keeps_what_was_tried(scene: Scene) -> None:
    scene.forged_state = "failed"
    scene.script(NEED, "code")
    told = await scene.run(LEARN)
    assert (told.last.type, told.last.exit_code) == ("failed", 1)
    assert "no candidate passed" in told.last.data["message"]
    assert "job1" in told.last.data["fix"]
    (job,) = scene.episodes.load(told.session).jobs
    assert (job.id, job.state, job.artefacts) == ("job1", "failed", {"best": "def f(): ..."})


async def test_a_tool_that_could_not_be_committed_is_kept_and_the_reason_ends_the_turn(scene: Scene) -> None:
    scene.forged_state = "failed"
    scene.forging_error = StorageError("The disk is full.", fix="Free some space.")
    scene.script(NEED, "code")
    told = await scene.run(LEARN)
    assert (told.last.type, told.last.exit_code) == ("failed", 1)
    assert (told.last.data["message"], told.last.data["fix"]) == ("The disk is full.", "Free some space.")
    assert any("read_roman is kept as job job1" in notice["message"] for notice in told.of("notice"))
    (job,) = scene.episodes.load(told.session).jobs
    assert (job.id, job.state, job.artefacts) == ("job1", "failed", {"best": "def f(): ..."})


async def test_a_tool_from_a_tainted_episode_waits_for_a_person(scene: Scene) -> None:
    scene.forged_state = "proposed"
    scene.script(NEED, "code")
    told = await scene.run(LEARN, attachments=(Attachment("file", "rules.txt", "Roman numerals"),))
    assert scene.needs[0].tainted
    assert scene.needs[0].sources == ("file:rules.txt",)
    assert (told.last.type, told.last.exit_code) == ("waiting", 6)
    assert told.last.data["pending"] == ["read_roman"]


async def test_a_tool_that_is_there_already_is_used_and_counts_as_no_new_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(need: Need, emit: Emit) -> ForgeResult:
        scene.add(roman_tool())  # no word of the request had found it
        return ForgeResult("job1", need.name, "live", "It is there.", reused="roman_to_int", arguments={"text": "text"})

    monkeypatch.setattr(scene, "forge", found)
    scene.script(NEED, {"text": "XL"}, "The number is 40.")
    told = await scene.run(LEARN)
    assert told.answer == "The number is 40."
    assert (told.last.data["tools_made"], told.last.data["tools_used"]) == ([], ["roman_to_int"])


async def test_the_use_of_an_unconfirmed_tool_is_told(scene: Scene) -> None:
    scene.add(
        make_tool(
            "roman_to_int",
            "(text: str) -> int",
            "Convert a Roman numeral.",
            'def roman_to_int(text: str) -> int:\n    """Convert a Roman numeral."""\n    return 1\n',
        ),
        unconfirmed=True,
    )
    scene.box = FakeBox(calls=roman_box)
    scene.script(call("roman_to_int", text="XIV"), "14")
    told = await scene.run("Which number is the Roman numeral XIV?")
    assert "unconfirmed" in told.of("notice")[0]["message"]


async def test_code_that_a_tool_led_astray_is_written_again_without_any(roman: Scene) -> None:
    """A small model holds on to a tool that it has seen, whatever it is for."""
    roman.box = FakeBox(calls=[raised("TypeError", "roman_to_int() takes 1 argument"), returned(None, stdout="42\n")])
    block = "```python\nfrom toolbox import roman_to_int\nprint(roman_to_int('IX', 1))\n```"
    model = roman.script({"call": {"tool": "none"}}, {"kind": "run_python"}, block, "```python\nprint(42)\n```", "42")
    told = await roman.run("One more than the Roman numeral IX?")
    assert told.answer == "42"
    first, second = (request.prompt for request in model.requests[2:4])
    assert "- roman_to_int(text: str) -> int: " in first
    assert "roman_to_int(text" not in second
    assert "takes 1 argument" in second
