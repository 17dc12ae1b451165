"""Told right or wrong: verdicts cost no model call, and from like questions with known answers a tool is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentforge.agent.attachments import Attachment
from agentforge.agent.free import TAUGHT
from agentforge.agent.parts import Emit
from agentforge.boxes.protocol import CallResult
from agentforge.errors import ModelUnavailable
from agentforge.forge.parts import ForgeResult
from agentforge.models.protocol import ToolCall
from agentforge.registry.references import Origin
from agentforge.registry.revocation import revoke
from agentforge.testing.box import FakeBox, Run, returned
from agentforge.testing.script import Reply
from agentforge.types import JSON, Example, JSONObject, Need, State

from .conftest import Scene, Told, make_tool

PRICES = {4: 12, 11: 33, 2: 6, 7: 21, 5: 15}
STATED = {"name": "price_parcel", "signature": "(weight: int) -> int"}
TOOL = 'def price_parcel(weight: int) -> int:\n    """Price a parcel."""\n    return 3 * weight\n'


def ask(kg: int) -> str:
    return f"What does a parcel of {kg} kg cost? Give only the number."


def code(value: str) -> str:
    return f"```python\nprint({value})\n```"


def parcels(run: Run) -> CallResult:
    if run.entry == "price_parcel":
        return returned(3 * int(str(run.args["weight"])))
    return returned(None, stdout=run.source.removeprefix("print(").removesuffix(")") + "\n")


@pytest.fixture
def post(scene: Scene) -> Scene:
    """A scene whose forge makes ``price_parcel``, and whose scripts print what they hold."""
    scene.box = FakeBox(calls=parcels)

    async def forge(need: Need, emit: Emit) -> ForgeResult:
        scene.needs.append(need)
        state: Any = scene.forged_state
        if state == "live":
            source = TOOL.replace("price_parcel", need.name).replace(
                "weight", "zone" if "zone" in need.name else "weight"
            )
            scene.add(make_tool(need.name, need.signature, "Price a parcel.", source))
        return ForgeResult("job1", need.name, state, "no candidate passed")

    scene.forge = forge  # type: ignore[method-assign]  # the double of this file
    return scene


async def turn(scene: Scene, text: str, session: str | None, *answers: Any, files: tuple[Attachment, ...] = ()) -> Told:
    """One turn with the answers of a model, in a new session or one that is taken up again."""
    scene.script(*answers)
    return await scene.run(text, await scene.session(session), files)


async def taught(scene: Scene, *weights: int) -> None:
    """Questions that were answered wrongly by a script, and what the user said of each."""
    for kg in weights:
        first = [{"kind": "run_python"}] if not scene.truths.newest() else []
        told = await turn(scene, ask(kg), None, *first, code("0"))
        assert told.answer == "0"
        told = await turn(scene, f"That is wrong. The right answer is: {PRICES[kg]}", told.session)
        assert told.answer == "Noted: that was wrong; what is right is kept."


POSTAGE = "What is the price of postage to be paid when my parcel has 7 kg?"


async def told_otherwise(scene: Scene) -> None:
    """Questions of one kind in words that have no common form, and what is right of them."""
    questions = [
        "For a parcel of 4 kg, what is the price of postage to be paid?",
        "What is the price of postage to be paid if a parcel has 11 kg?",
        "A parcel has 2 kg: what is the price of postage to be paid for it?",
    ]
    for text, right in zip(questions, (12, 33, 6), strict=True):
        first = [] if scene.truths.newest() else [{"kind": "run_python"}]
        session = (await turn(scene, text, None, *first, code("0"))).session
        await turn(scene, f"That is wrong. The right answer is: {right}", session)


async def test_a_verdict_asks_no_model_and_is_kept_with_its_question(post: Scene) -> None:
    session = (await turn(post, ask(4), None, {"kind": "run_python"}, code("12"))).session
    told = await turn(post, "That is right.", session)
    assert (told.last.type, told.answer, post.model.requests) == ("completed", "Noted: that was right.", [])
    assert told.of("judged") == [{"turn": 1, "word": "right", "known": True, "call": ""}]
    (kept,) = post.truths.newest()
    assert (kept.question, kept.expected, kept.way, kept.source) == (
        ask(4),
        "12",
        "run_python",
        f"feedback:{session}:1",
    )


async def test_a_verdict_without_any_answer_before_it_goes_the_usual_way(post: Scene) -> None:
    post.script({"kind": "answer_directly"}, "What do you mean?")
    assert (await post.run("That is wrong.")).answer == "What do you mean?"


async def test_a_verdict_with_a_file_attached_is_more_than_a_verdict(post: Scene) -> None:
    session = (await turn(post, ask(4), None, {"kind": "run_python"}, code("12"))).session
    files = (Attachment("file", "prices.txt", "4 kg: 13"),)
    told = await turn(post, "That is wrong.", session, {"kind": "answer_directly"}, "I see.", files=files)
    assert told.answer == "I see."


async def test_what_is_right_may_be_said_after_it_was_called_wrong(post: Scene) -> None:
    session = (await turn(post, ask(4), None, {"kind": "run_python"}, code("0"))).session
    assert (await turn(post, "wrong", session)).answer == "Noted: that was wrong. What would have been right?"
    await turn(post, "The right answer is 12.", session)
    assert [(one.word, one.expected) for one in post.truths.newest()] == [("wrong", "12")]


async def test_the_last_word_counts(post: Scene) -> None:
    session = (await turn(post, ask(4), None, {"kind": "run_python"}, code("12"))).session
    await turn(post, "Correct.", session)
    await turn(post, "wrong", session)
    assert [(one.word, one.expected) for one in post.truths.newest()] == [("wrong", None)]


async def test_the_answer_of_a_tool_gets_the_word_on_its_call_with_what_is_right_in_its_type(post: Scene) -> None:
    post.add(make_tool("price_parcel", "(weight: int) -> int", "What a parcel of some kg costs.", TOOL))
    told = await turn(post, ask(4), None, {"call": {"tool": "price_parcel", "args": {"weight": 4}}})
    session = told.session
    call = told.of("tool_called")[0]["call"]
    assert (await turn(post, "No, it is 13", session)).answer.endswith("Looked into.")
    assert post.words == [("wrong", call, {"returns": 13})]
    await turn(post, "That is wrong. The right answer is: dear", session)
    assert post.words[-1] == ("wrong", call, None)


async def test_from_three_known_answers_a_tool_is_made_and_used_before_the_fourth_is_answered(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    model = post.script(STATED)
    told = await post.run(ask(7))
    assert (told.answer, told.last.data["tools_made"]) == ("21", ["price_parcel"])
    assert len(model.requests) == 1  # the need: arguments and answer are the host's
    (need,) = post.needs
    sessions = [one.session for one in post.truths.newest()]
    assert need.examples == tuple(
        Example({"weight": kg}, PRICES[kg], source=f"feedback:{session}:1")
        for kg, session in zip((4, 11, 2), sessions, strict=True)
    )
    assert need.purpose == "What does a parcel of `weight` kg cost? Give only the number."
    assert need.requests == (ask(4),)
    assert need.taught_in == tuple(sessions)
    assert "- <11> -> <33>" in model.requests[0].prompt


async def test_a_later_question_of_the_kind_asks_no_model_at_all(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    post.script(STATED)
    await post.run(ask(7))
    model = post.script()
    told = await post.run(ask(5))
    assert (told.answer, told.last.data["tools_used"], model.requests) == ("15", ["price_parcel"], [])


async def test_values_that_the_tool_cannot_take_are_not_forced_into_it(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    await turn(post, ask(7), None, STATED)
    told = await turn(post, ask(7).replace("7", "seven"), None, {"call": {"tool": "none"}}, code("0"))
    assert (told.answer, told.last.data["tools_used"]) == ("0", [])


async def test_with_two_known_answers_nothing_is_made_unless_the_settings_say_so(post: Scene) -> None:
    await taught(post, 4, 11)
    post.script(code("21"))
    await post.run(ask(7))
    assert post.needs == []
    post.limit(truths_for_a_tool=2)
    post.script(STATED)
    assert (await post.run(ask(7))).answer == "21"


async def test_a_forging_that_failed_is_not_tried_again_until_there_are_more_truths(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    post.forged_state = "failed"
    post.script(STATED, code("21"))
    told = await post.run(ask(7))
    assert (told.last.type, told.answer) == ("completed", "21")
    assert "no candidate passed" in told.of("notice")[-1]["message"]
    post.script(code("15"))
    await post.run(ask(5))
    assert len(post.needs) == 1
    await taught(post, 7)
    post.script(STATED, code("15"))
    await post.run(ask(5))
    assert [len(need.examples) for need in post.needs] == [3, 4]


@pytest.mark.parametrize("state", [State.QUARANTINED, State.RETIRED])
async def test_the_name_of_a_tool_that_is_out_of_use_is_not_given_again(post: Scene, state: State) -> None:
    """The forge would refuse it, and what was told would wait for half as many answers more."""
    await taught(post, 4, 11, 2)
    post.add(make_tool("price_parcel", "(weight: int) -> int", "Price a parcel.", TOOL))
    post.registry.set_state("price_parcel", state)
    post.forged_state = "failed"
    await turn(post, ask(7), None, STATED, STATED | {"name": "parcel_price"}, code("21"))
    assert "the name 'price_parcel' is taken" in post.model.requests[1].prompt
    assert [need.name for need in post.needs] == ["parcel_price"]


async def test_what_a_forging_that_failed_wrote_stands_beside_the_candidates_of_the_next_one(post: Scene) -> None:
    """It was shown two of the examples, so that only the two others can be held out from it."""
    failing = post.forge

    async def forge(need: Need, emit: Emit) -> ForgeResult:
        shown: JSON = [one.source for one in need.examples[:2]]
        answer = f"```python\n{TOOL.replace('price_parcel', need.name)}```"
        right: JSONObject = {"origin": "candidate", "answer": answer, "problems": [], "faults": []}
        kept: JSONObject = {"shown": shown, "candidates": [right | {"passed": 2, "visible": 2}]}
        artefacts = {"name": need.name, "signature": need.signature} | kept
        return replace(await failing(need, emit), job=f"job{len(post.needs)}", artefacts=artefacts)

    post.forge = forge  # type: ignore[method-assign]  # the double of this test
    post.forged_state = "failed"
    await taught(post, 4, 11, 2)
    await turn(post, ask(7), None, STATED, code("21"))
    await taught(post, 7)
    await turn(post, ask(5), None, STATED | {"name": "parcel_price"}, code("15"))

    first, second = post.needs
    assert first.drafts == ()
    (draft,) = second.drafts
    assert draft == 'def parcel_price(weight: int) -> int:\n    """Price a parcel."""\n    return 3 * weight\n'
    assert [one.spent for one in first.examples] == [False] * 3
    assert [one.spent for one in second.examples] == [True, True, False, False]


async def test_after_a_forging_that_failed_numbers_of_several_digits_are_given_as_they_are_written(post: Scene) -> None:
    def convert(number: int) -> str:
        return f"What is the octal number {number} in the decimal system? Give only the number."

    async def told(*numbers: int) -> None:
        for number in numbers:
            first = [{"kind": "run_python"}] if not post.truths.newest() else []
            session = (await turn(post, convert(number), None, *first, code("0"))).session
            await turn(post, f"That is wrong. The right answer is: {int(str(number), 8)}", session)

    stated = {"name": "from_octal", "signature": "(number: int) -> int"}
    post.forged_state = "failed"
    await told(17, 132, 251)
    await turn(post, convert(40), None, stated, code("32"))
    await told(40)
    await turn(post, convert(51), None, stated | {"signature": "(number: str) -> int"}, code("41"))

    assert [need.signature for need in post.needs] == ["(number: int) -> int", "(number: str) -> int"]
    assert [example.args["number"] for example in post.needs[1].examples] == ["17", "132", "251", "40"]


async def zoned(post: Scene) -> None:
    """Right answers for three zones with numbers and for one without."""

    def priced(run: Run) -> CallResult:
        return returned(3 * int(str(run.args["zone"]))) if run.entry == "price_zone" else parcels(run)

    post.box = FakeBox(calls=priced)
    for zone, right in (("zone-2", 6), ("home", 0), ("zone-4", 12), ("zone-12", 36)):
        first = [] if post.truths.newest() else [{"kind": "run_python"}]
        session = (await turn(post, postage_to(zone), None, *first, code("1"))).session
        await turn(post, f"That is wrong. The right answer is: {right}", session)


def postage_to(zone: str) -> str:
    return f"What does postage to {zone} cost for a parcel? Give only the number."


ZONED = {"name": "price_zone", "signature": "(zone: int) -> int"}


async def test_a_word_that_most_values_share_belongs_to_the_form_and_others_are_no_examples(post: Scene) -> None:
    post.limit(truths_for_a_tool=4)
    await zoned(post)
    post.limit(truths_for_a_tool=3)
    told = await turn(post, postage_to("zone-5"), None, ZONED)
    assert told.answer == "15"
    (need,) = post.needs
    assert [example.args for example in need.examples] == [{"zone": 2}, {"zone": 4}, {"zone": 12}]
    assert need.purpose == "What does postage to zone-`zone` cost for a parcel? Give only the number."
    assert (await turn(post, postage_to("zone-7"), None)).answer == "21"


async def test_one_of_the_other_form_has_such_a_tool_made_too_and_its_arguments_read_by_the_model(post: Scene) -> None:
    post.limit(truths_for_a_tool=4)
    await zoned(post)
    post.limit(truths_for_a_tool=3)
    told = await turn(post, postage_to("home"), None, ZONED, {"zone": 0})
    assert [example.args for example in post.needs[0].examples] == [{"zone": 2}, {"zone": 4}, {"zone": 12}]
    assert told.last.data["tools_made"] == ["price_zone"]


async def test_a_tool_that_waits_for_a_person_costs_nobody_the_answer(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    post.forged_state = "proposed"
    post.script(STATED, code("21"))
    assert (await post.run(ask(7))).answer == "21"


async def test_the_form_of_text_is_a_rule_and_the_result_is_typed_as_it_was_told(post: Scene) -> None:
    for kg, right in ((4, "12.50 EUR"), (11, "33.00 EUR"), (2, "6.25 EUR")):
        first = [] if post.truths.newest() else [{"kind": "run_python"}]
        session = (await turn(post, ask(kg), None, *first, code("0"))).session
        await turn(post, f"That is wrong. The right answer is: {right}", session)
    post.script({**STATED, "signature": "(weight: int) -> str"})
    await post.run(ask(7))
    assert [one.returns for one in post.needs[0].examples] == ["12.50 EUR", "33.00 EUR", "6.25 EUR"]
    assert post.needs[0].purpose.endswith("in exactly the form that the examples show.")


async def test_answers_in_the_users_own_words_outrank_those_that_were_only_called_right(post: Scene) -> None:
    post.limit(truths_for_a_tool=4)
    told = await turn(post, ask(5), None, {"kind": "run_python"}, code("15.0"))
    await turn(post, "That is right.", told.session)
    await taught(post, 4, 11, 2)
    post.limit(truths_for_a_tool=3)
    await turn(post, ask(7), None, STATED)
    assert [one.returns for one in post.needs[0].examples] == [12, 33, 6]  # and not 15.0, of another form


async def test_where_the_questions_have_no_common_form_a_model_gives_arguments_and_the_host_checks_them(
    post: Scene,
) -> None:
    await told_otherwise(post)
    cases = [{"weight": 4}, {"weight": 11}, {"weight": 2}]
    post.script(STATED, {"cases": cases}, {"weight": 7})
    told = await post.run(POSTAGE)
    assert told.answer == "21"
    assert [one.args for one in post.needs[0].examples] == cases


async def test_arguments_that_stand_in_another_question_prove_nothing(post: Scene) -> None:
    await told_otherwise(post)
    post.script(STATED, {"cases": [{"weight": 11}, {"weight": 4}, {"weight": 2}]}, code("21"))
    told = await post.run(POSTAGE)
    assert post.needs == []
    assert "do not stand in them" in told.of("notice")[-1]["message"]


async def test_after_words_were_wrong_a_like_question_is_computed(post: Scene) -> None:
    session = (await turn(post, ask(4), None, {"kind": "answer_directly"}, "It costs a lot.")).session
    await turn(post, "That is wrong. The right answer is: 12", session)
    model = post.script(code("33"))
    assert (await post.run(ask(11))).answer == "33"
    assert len(model.requests) == 1


async def test_a_question_of_another_kind_is_answered_as_if_nothing_had_been_said(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    post.script({"kind": "answer_directly"}, "In Rome.")
    assert (await post.run("Where was the emperor Augustus born?")).answer == "In Rome."


async def test_what_was_told_in_a_session_that_read_untrusted_text_taints_the_need(post: Scene) -> None:
    await taught(post, 4, 11)
    session = (await turn(post, ask(2), None, code("0"))).session
    await turn(post, "The right answer is 6.", session)
    post.episodes.record_source(session, "page", "example.com")
    post.forged_state = "proposed"
    post.script(STATED, code("21"))
    await post.run(ask(7))
    assert post.needs[0].tainted
    assert post.needs[0].sources == ("page:example.com",)


async def test_nothing_is_made_from_what_was_said_in_a_revoked_session(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    revoke(post.registry, Origin("episode", post.truths.newest()[1].session))
    told = await turn(post, ask(7), None, code("21"))
    assert (told.answer, post.needs) == ("21", [])


async def test_a_revoked_session_costs_only_what_was_said_there(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    revoke(post.registry, Origin("episode", post.truths.newest()[1].session))
    await taught(post, 7)
    await turn(post, ask(5), None, STATED)
    assert [example.args["weight"] for example in post.needs[0].examples] == [4, 2, 7]


async def test_what_another_user_said_teaches_nothing(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    post.episodes.user = "eve"
    post.script({"kind": "run_python"}, code("21"))
    await post.run(ask(7))
    assert post.needs == []


async def test_a_model_that_fails_in_the_forging_leaves_it_to_be_tried_again(post: Scene) -> None:
    await taught(post, 4, 11, 2)

    async def broken(need: Need, emit: Emit) -> ForgeResult:
        raise ModelUnavailable("Nobody answers.")

    whole, post.forge = post.forge, broken  # type: ignore[method-assign]  # the double of this test
    post.script(STATED)
    assert (await post.run(ask(7))).last.type == "failed"
    post.forge = whole  # type: ignore[method-assign]  # the double of this file
    post.script(STATED)
    assert (await post.run(ask(7))).answer == "21"


async def test_a_decision_that_a_model_cannot_give_costs_nobody_the_answer(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    post.script("No idea.", "None at all.", code("21"))
    told = await post.run(ask(7))
    assert (told.last.type, told.answer) == ("completed", "21")
    assert "could not be stated" in told.of("notice")[-1]["message"]


async def test_judged_answers_of_a_session_are_not_in_the_next_prompt_unless_it_refers_to_them(post: Scene) -> None:
    session = (await turn(post, ask(4), None, {"kind": "run_python"}, code("0"))).session
    await turn(post, "That is wrong.", session)
    told = await turn(post, ask(11), session, code("0"))
    assert "wrong" not in post.model.requests[0].prompt
    assert told.of("context")[0]["parts"].get("history", 0) == 0
    assert "closed" in told.of("context")[0]["left_out"][0]["why"]
    await turn(post, "Why was that wrong?", session, {"kind": "answer_directly"}, "I took zero.")
    assert "That is wrong." in post.model.requests[0].prompt


def called(kg: int) -> Reply:
    return Reply(calls=(ToolCall("c1", "price_parcel", {"weight": kg}),))


async def test_a_model_that_acts_with_tools_itself_is_given_the_tool_that_was_made_from_known_answers(
    post: Scene,
) -> None:
    await taught(post, 4, 11, 2)
    model = post.script(STATED, called(7), "It costs 21.", free=True)
    told = await post.run(ask(7))
    assert (told.answer, told.last.data["tools_made"], told.last.data["tools_used"]) == (
        "It costs 21.",
        ["price_parcel"],
        ["price_parcel"],
    )
    assert [example.returns for example in post.needs[0].examples] == [12, 33, 6]
    [offered] = [tool for tool in model.requests[1].ask.tools if tool.name == "price_parcel"]
    assert offered.description.endswith(TAUGHT)
    model = post.script(called(5), "It costs 15.", free=True)
    assert (await post.run(ask(5))).answer == "It costs 15."
    assert len(post.needs) == 1
    assert TAUGHT in next(tool for tool in model.requests[0].ask.tools if tool.name == "price_parcel").description


async def test_without_enough_known_answers_such_a_model_is_asked_as_ever(post: Scene) -> None:
    await taught(post, 4, 11)
    post.script("It costs 21.", free=True)
    assert (await post.run(ask(7))).answer == "It costs 21."
    assert post.needs == []


async def test_a_tool_for_questions_of_another_kind_is_not_offered(post: Scene) -> None:
    """A small model would fill in its parameters with whatever it finds."""
    await taught(post, 4, 11, 2)
    await turn(post, ask(7), None, STATED)
    told = await turn(post, "How many legs have 3 spiders?", None, {"kind": "run_python"}, code("24"), "It is 24.")
    assert told.answer == "It is 24."
    assert not any("price_parcel" in request.prompt for request in post.model.requests)
    post.script({"call": {"tool": "price_parcel", "args": {"weight": 9}}}, "It costs 27.")
    assert (await post.run("Which price has a parcel of 9 kg?")).of("tool_called")[0]["tool"] == "price_parcel"


async def test_a_tool_is_not_offered_for_its_own_question_with_another_word(post: Scene) -> None:
    """It is for parcels, and letters cost something else."""
    await taught(post, 4, 11, 2)
    await turn(post, ask(7), None, STATED)
    told = await turn(post, ask(5).replace("parcel", "letter"), None, code("40"))
    assert told.answer == "40"
    assert not any("price_parcel" in request.prompt for request in post.model.requests)


async def test_a_tool_that_was_taken_for_what_it_is_not_for_is_not_to_blame(post: Scene) -> None:
    await taught(post, 4, 11, 2)
    session = (await turn(post, ask(7), None, STATED)).session
    await turn(post, "That is right.", session)
    words = [*post.words]
    chosen = Reply(calls=(ToolCall("c1", "price_parcel", {"weight": 5}),))
    post.script(chosen, "It is 15.", free=True)
    told = await post.run(ask(5).replace("parcel", "letter"))
    await turn(post, "That is wrong. The right answer is: 40", told.session)

    assert post.words == words
    (kept,) = [one for one in post.truths.newest() if "letter" in one.question]
    assert (kept.expected, kept.way) == ("40", "")


async def test_an_own_answer_in_another_form_than_the_user_writes_is_no_example(post: Scene) -> None:
    await taught(post, 4, 11)
    session = (await turn(post, ask(2), None, code("[6]"))).session
    await turn(post, "That is right.", session)
    assert await turn(post, ask(7), None, code("21"))
    assert post.needs == [], "two of the three right answers are of the user's form"
