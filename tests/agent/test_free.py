"""Free tool use: what a capable model asks for is done, checked, stored, and it never gets to cheat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentforge.agent.approving import Approving, Kept
from agentforge.agent.attachments import Attachment
from agentforge.agent.history import from_json
from agentforge.agent.parts import Emit
from agentforge.approval import Allow, ApprovalRequest, Decision, Deny
from agentforge.forge.parts import ForgeResult
from agentforge.models.protocol import ToolCall
from agentforge.registry.tool import Tool
from agentforge.testing.box import FakeBox, returned
from agentforge.testing.script import Reply
from agentforge.types import Capabilities, JSONObject, Need, Role

from .conftest import ROMAN, Scene, Told, make_tool, roman_tool

ASK = "Roman numerals: IX is 9 and XIV is 14. Which number is XL?"


def asks(tool: str, /, **args: object) -> Reply:
    return Reply("", (ToolCall(f"toolu_{tool}", tool, args),))  # type: ignore[arg-type] # JSON by construction


def answers(scene: Scene, told: Told) -> list[tuple[str, bool]]:
    """What the model was told, in order, and whether it was an error."""
    messages = [from_json(message) for message in scene.episodes.messages(told.session)]
    return [(answer.content, answer.error) for message in messages for answer in message.answers]


async def test_an_answer_without_tools_is_streamed_and_done(scene: Scene) -> None:
    scene.script("Hello, Ada.", free=True)
    told = await scene.run("Hello!")
    assert told.answer == "Hello, Ada."
    assert "".join(delta["text"] for delta in told.of("model_delta")) == "Hello, Ada."


async def test_the_best_live_tools_are_offered_beside_search_forge_and_python(roman: Scene) -> None:
    model = roman.script("ok", free=True)
    told = await roman.run("Which number is the Roman numeral XIV?")
    names = [tool.name for tool in model.requests[0].ask.tools]
    assert names == ["search_tools", "forge_tool", "run_python", "remember", "recall", "roman_to_int"]
    assert told.of("context")[0]["tools"] == names
    assert model.requests[0].ask.force_tool is None
    assert model.requests[0].ask.temperature is None


async def test_a_live_tool_is_called_with_checked_arguments(roman: Scene) -> None:
    roman.script(asks("roman_to_int", text="XIV"), "It is 14.", free=True)
    told = await roman.run("Roman numeral XIV?")
    assert told.answer == "It is 14."
    assert answers(roman, told) == [("14", False)]
    assert told.last.data["tools_used"] == ["roman_to_int"]


@pytest.mark.parametrize(("shown", "remarked"), [("15", True), ("14.0", False)])
async def test_a_tool_that_contradicts_the_users_examples_says_so_beside_its_result(
    roman: Scene, shown: str, remarked: bool
) -> None:
    roman.script(asks("roman_to_int", text="XL"), "It is 40.", free=True)
    told = await roman.run(f'- "IX" is 9\n- "XIV" is {shown}\nWhat is XL?')
    ((text, error),) = answers(roman, told)
    assert not error
    assert text.startswith("40")
    assert ("other results than 1 of the 2 examples" in text) == remarked


async def test_wrong_arguments_are_a_result_with_all_problems_and_nothing_runs(roman: Scene) -> None:
    roman.script(asks("roman_to_int", txt="XIV", n=1), "Sorry.", free=True)
    told = await roman.run("Roman numeral XIV?")
    ((text, error),) = answers(roman, told)
    assert error
    assert "'text' is a required property" in text
    assert "'n', 'txt' were unexpected" in text
    assert roman.box.runs == []
    assert roman.episodes.load(told.session).calls[0].status == "refused"


async def test_an_unknown_tool_is_a_result_that_suggests_near_names(roman: Scene) -> None:
    roman.script(asks("roman_to_in", text="XIV"), "Sorry.", free=True)
    told = await roman.run("Roman numeral XIV?")
    ((text, error),) = answers(roman, told)
    assert error
    assert "Did you mean roman_to_int" in text


async def test_a_tools_own_error_is_a_result(roman: Scene) -> None:
    roman.script(asks("roman_to_int", text="ABC"), "That is no numeral.", free=True)
    told = await roman.run("Roman numeral ABC?")
    assert answers(roman, told) == [("ValueError: ABC is no Roman numeral", True)]


async def test_what_a_search_finds_can_be_called_from_then_on(scene: Scene) -> None:
    scene.limit(tools_in_prompt=0)
    scene.add(
        make_tool(
            "count_words",
            "(text: str) -> int",
            "Count the words.",
            'def count_words(text: str) -> int:\n    """Count the words."""\n    return 1\n',
        )
    )
    model = scene.script(asks("search_tools", query="count words"), "Found it.", free=True)
    await scene.run("How many?")
    assert "count_words" not in [tool.name for tool in model.requests[0].ask.tools]
    assert "count_words" in [tool.name for tool in model.requests[1].ask.tools]


async def test_a_search_that_found_nothing_likely_says_so(roman: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentforge.registry.index.fits", lambda *_, **__: False)
    roman.script(asks("search_tools", query="roman numeral"), "Hm.", free=True)
    ((text, error),) = answers(roman, await roman.run("How many?"))
    assert not error
    assert text.startswith("Probably no tool fits. The nearest are:\nroman_to_int(")


async def test_python_runs_in_the_box_with_the_tools_it_imports(roman: Scene) -> None:
    roman.script(asks("run_python", code="from toolbox import roman_to_int\nprint(42)"), "42.", free=True)
    told = await roman.run("Compute it.")
    assert answers(roman, told) == [("42", False)]
    assert list(roman.box.runs[0].toolbox) == ["roman_to_int"]


async def test_importing_a_tool_that_does_not_exist_is_a_result(scene: Scene) -> None:
    scene.script(asks("run_python", code="from toolbox import nothing_here"), "Oh.", free=True)
    told = await scene.run("Compute it.")
    ((text, error),) = answers(scene, told)
    assert error
    assert "no live tool named 'nothing_here'" in text


async def test_a_forged_tool_is_called_in_the_same_turn(scene: Scene) -> None:
    need = {
        "name": "read_roman",
        "signature": "(text: str) -> int",
        "purpose": "Read a Roman numeral.",
        "examples": [
            {"args": {"text": "IX"}, "returns": 9},
            {"args": {"text": "XIV"}, "returns": 14},
            {"args": {"text": "XL"}, "returns": 40},
        ],
    }
    scene.box = FakeBox(calls=[returned(40)])
    model = scene.script(asks("forge_tool", **need), "code", asks("read_roman", text="XL"), "XL is 40.", free=True)
    told = await scene.run(ASK)
    assert told.answer == "XL is 40."
    assert told.last.data["tools_made"] == ["read_roman"]
    assert [request.role for request in model.requests] == [Role.PLAN, Role.GENERATE, Role.PLAN, Role.PLAN]
    assert "read_roman" in [tool.name for tool in model.requests[2].ask.tools]
    (stated,) = scene.needs
    assert [(example.args["text"], example.source) for example in stated.examples] == [("IX", "user"), ("XIV", "user")]
    assert "does not stand in the text as something given" in told.of("notice")[0]["message"]


async def test_a_model_is_told_of_a_tool_that_is_there_already_and_how_its_parameters_are_called(
    roman: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(need: Need, emit: Emit) -> ForgeResult:
        names = {"numeral": "text"}
        return ForgeResult("job1", need.name, "live", "It is there.", reused="roman_to_int", arguments=names)

    monkeypatch.setattr(roman, "forge", found)
    need = {"name": "read_it", "signature": "(numeral: str) -> int", "purpose": "Read a numeral."}
    model = roman.script(asks("forge_tool", **need), asks("roman_to_int", text="IX"), "It is 9.", free=True)
    told = await roman.run("Make me one.")
    text = answers(roman, told)[0][0]
    assert text.startswith("The tool roman_to_int(text: str) -> int gives all your examples already, so none was made")
    assert text.endswith("call it now (your numeral is its text).")
    assert "roman_to_int" in [tool.name for tool in model.requests[1].ask.tools]
    assert (told.last.data["tools_made"], told.last.data["tools_used"]) == ([], ["roman_to_int"])


async def test_a_proposed_tool_cannot_be_called_and_the_model_is_told_why(scene: Scene) -> None:
    scene.forged_state = "proposed"
    need = {"name": "read_roman", "signature": "(text: str) -> int", "purpose": "Read a Roman numeral."}
    scene.script(asks("forge_tool", **need), "code", "It waits for your approval.", free=True)
    told = await scene.run(ASK, attachments=(Attachment("file", "rules.txt", "IX is 9"),))
    ((text, error),) = answers(scene, told)
    assert error
    assert "waits for a person's approval" in text
    assert scene.needs[0].tainted
    assert told.last.data["tools_made"] == []


async def test_held_out_examples_cannot_be_asked_again_with_one_example_less(scene: Scene) -> None:
    need = {"name": "read_roman", "signature": "(text: str) -> int", "purpose": "Read a Roman numeral."}
    scene.forged_state, scene.refuted = "failed", True
    model = scene.script(asks("forge_tool", **need), "code", asks("forge_tool", **need), "No tool, sorry.", free=True)
    told = await scene.run(ASK)
    assert len(scene.needs) == 1
    assert "No second forging in this turn" in answers(scene, told)[1][0]
    assert len(model.asked(Role.GENERATE)) == 1


async def test_a_need_may_name_the_live_tools_that_it_is_made_of(roman: Scene) -> None:
    need = {"name": "read_roman", "signature": "(text: str) -> int", "purpose": "Read it.", "uses": ["roman_to_int"]}
    roman.script(asks("forge_tool", **need), "code", "Done.", free=True)
    await roman.run(ASK)
    assert roman.needs[0].depends == ("roman_to_int",)


async def test_a_malformed_need_is_a_result(scene: Scene) -> None:
    scene.script(asks("forge_tool", name="Not A Name", signature="(x: int) -> int", purpose="?"), "Oh.", free=True)
    told = await scene.run(ASK)
    ((text, error),) = answers(scene, told)
    assert error
    assert "does not match" in text
    assert scene.needs == []


async def test_several_calls_of_one_message_are_all_answered_in_one(roman: Scene) -> None:
    both = Reply("", tuple(ToolCall(f"toolu_{text}", "roman_to_int", {"text": text}) for text in ("IX", "XL")))
    model = roman.script(both, "9 and 40.", free=True)
    await roman.run("Roman IX and XL?")
    (message,) = [message for message in model.requests[1].messages if message.answers]
    assert [(one.call_id, one.content) for one in message.answers] == [("toolu_IX", "9"), ("toolu_XL", "40")]


async def test_a_refusal_of_the_model_is_a_failure_and_no_empty_answer(scene: Scene) -> None:
    scene.script(Reply("", stop="refusal"), free=True)
    told = await scene.run("Do it.")
    assert (told.last.type, told.last.exit_code) == ("failed", 4)


async def test_an_answer_that_was_cut_is_no_completed_one(scene: Scene) -> None:
    scene.script(Reply("Half of the ans", stop="max_tokens"), free=True)
    told = await scene.run("Do it.")
    assert (told.last.type, told.last.exit_code) == ("limited", 5)
    assert told.answer == "Half of the ans"


async def test_a_model_that_never_stops_calling_is_stopped(roman: Scene) -> None:
    roman.limit(max_steps=3)
    roman.script(*[asks("roman_to_int", text="IX")] * 5, free=True)
    told = await roman.run("Roman IX?")
    assert told.last.data["limit"] == "max_steps"


async def test_long_output_of_a_box_is_cut_before_a_model_sees_it(roman: Scene) -> None:
    roman.box = FakeBox(calls=[returned("x" * 900_000)])
    model = roman.script(asks("run_python", code="'x' * 900000"), "Long.", free=True)
    await roman.run("Compute it.")
    (message,) = [message for message in model.requests[1].messages if message.answers]
    assert len(message.answers[0].content) < 100_000
    assert "more characters]" in message.answers[0].content


async def test_a_session_may_change_from_a_large_model_to_a_small_one(roman: Scene) -> None:
    roman.script(asks("roman_to_int", text="XIV"), "It is 14.", free=True)
    told = await roman.run("Roman numeral XIV?")
    roman.script({"call": {"tool": "roman_to_int", "args": {"text": "XL"}}}, "40")
    again = await roman.run("And XL?", await roman.session(told.session))
    assert again.answer == "40"


FETCHING = '''
from toolbox import fetch


def look_up(text: str) -> str:
    """Look a word up."""
    return fetch("https://words.example.com/" + text)["text"]
'''


def fetching_tool() -> Tool:
    tool = make_tool("look_up", "(text: str) -> str", "Look a word up.", FETCHING, "Look a word up")
    declared = Capabilities(hosts=("words.example.com",))
    return replace(tool, manifest=tool.manifest.model_copy(update={"capabilities": declared}))


@pytest.mark.parametrize("hosts", [True, False])
async def test_what_a_tool_fetched_taints_the_episode_and_what_comes_of_it(scene: Scene, hosts: bool) -> None:
    scene.add(fetching_tool() if hosts else roman_tool())
    need = {"name": "read_roman", "signature": "(text: str) -> int", "purpose": "Read a Roman numeral."}
    call = asks("look_up", text="XIV") if hosts else asks("roman_to_int", text="XIV")
    scene.script(call, asks("forge_tool", **need), "code", "Done.", free=True)
    told = await scene.run("Look the word XIV up.")
    sources = [(source.kind, source.ref) for source in scene.episodes.load(told.session).sources]
    assert sources == ([("page", "words.example.com")] if hosts else [])
    assert scene.needs[0].tainted == hosts
    assert scene.episodes.tainted(told.session) == hosts


@pytest.mark.parametrize(
    ("decision", "told"),
    [(Allow(), "is live: call it now"), (Deny("too wide"), "No tool was made: it was denied (too wide)")],
)
async def test_a_tool_that_waits_for_a_person_is_asked_for(scene: Scene, decision: Decision, told: str) -> None:
    asked, settled = list[ApprovalRequest](), list[Decision]()

    def ask(request: ApprovalRequest) -> Decision:
        asked.append(request)
        return decision

    async def settle(request: ApprovalRequest, made: Decision) -> None:
        settled.append(made)
        if isinstance(made, Allow):
            source = ROMAN.replace("roman_to_int", "roman_value")
            scene.add(make_tool("roman_value", "(text: str) -> int", "Convert a Roman numeral to an integer.", source))

    async def keep(request: ApprovalRequest, loop: JSONObject, seconds: float) -> Kept:
        raise AssertionError("nobody defers")

    async def proposal(name: str) -> Tool:
        return roman_tool()

    scene.forged_state = "proposed"
    wanted = {"name": "roman_value", "signature": "(text: str) -> int", "purpose": "Convert.", "examples": []}
    scene.script(asks("forge_tool", **wanted), "written", "Done.", free=True)
    scene.approving = Approving(ask, keep, settle, proposal)
    result = await scene.run("Which number is XL?")
    ((text, _),) = answers(scene, result)
    assert told in text
    assert ([one.kind for one in asked], asked[0].reason, settled) == (["tool"], "no candidate passed", [decision])
