"""A rule in a document as a need: what the host leaves out, what a model is asked, and what the need cites."""

from __future__ import annotations

from typing import Any

import pytest

from agentforge.agent.knowledge import Ask, Rule, is_rule, need_of, rule_around, rules_in
from agentforge.memory.documents.passages import passages_of
from agentforge.types import JSONObject, Need

from .conftest import make_tool

DOCUMENT = "d0123456789ab"
TEXT = """# Shipping policy

We ship with great care.

## Cost of a parcel

A parcel costs 4 EUR for each kilogram, and 3 EUR on top.

- 2 kg -> 11
- 5 kg -> 23
- 10 kg -> 43

## Who to ask

Ada Lovelace answers questions.
"""
STATED = {"name": "price_parcel", "signature": "(weight: int) -> int"}


class Script:
    """Answers in order; keeps what was asked."""

    def __init__(self, *answers: JSONObject) -> None:
        self.answers = [*answers]
        self.asked: list[str] = []
        self.schemas: list[Any] = []

    async def __call__(self, system: str, question: str, schema: JSONObject, most: int) -> JSONObject:
        self.asked.append(question)
        self.schemas.append(schema)
        return self.answers.pop(0)


def rules(text: str = TEXT, *, untrusted: bool = False) -> list[Rule]:
    return rules_in(passages_of(text, DOCUMENT), "Shipping policy", untrusted=untrusted)


async def need(ask: Ask, text: str = TEXT, **more: Any) -> Need:
    [rule] = rules(text)
    found = await need_of(rule, ask, [], **more)
    assert isinstance(found, Need), found
    return found


def test_the_host_leaves_out_what_holds_no_value_or_no_word_of_a_rule() -> None:
    assert [one.heading for one in rules()] == ["Shipping policy › Cost of a parcel"]


def test_what_is_longer_than_a_rule_is_a_chapter() -> None:
    assert rules(TEXT.replace("3 EUR on top.", "3 EUR on top. " + "And so on, every day. " * 300)) == []


@pytest.mark.parametrize("kind", ["rule", "words"])
async def test_a_model_says_whether_it_is_a_rule(kind: str) -> None:
    ask = Script({"kind": kind})
    assert await is_rule(rules()[0], ask) is (kind == "rule")
    assert "A parcel costs 4 EUR" in ask.asked[0]


async def test_the_need_has_the_documents_words_its_worked_examples_and_the_ids_of_its_passages() -> None:
    found = await need(Script(STATED))
    words, cases = rules()[0].passages
    assert (found.name, found.signature, found.tainted, found.parent) == (*STATED.values(), False, "")
    assert found.sources == (f"passage:{words.id}", f"passage:{cases.id}")
    assert [(one.args, one.returns, one.source) for one in found.examples] == [
        ({"weight": kg}, 4 * kg + 3, f"passage:{cases.id}") for kg in (2, 5, 10)
    ]
    assert found.purpose == "Cost of a parcel: A parcel costs 4 EUR for each kilogram, and 3 EUR on top."
    assert found.requests[0] == "Shipping policy › Cost of a parcel"


async def test_an_example_that_a_model_made_up_is_none() -> None:
    text = TEXT.replace("- 2 kg -> 11\n- 5 kg -> 23\n- 10 kg -> 43\n", "A parcel of 2 kg costs 11 EUR.\n")
    made_up: JSONObject = {"args": {"weight": 3}, "returns": 15}
    told: JSONObject = {"args": {"weight": 2}, "returns": 11}
    found = await need(Script(STATED, {"examples": [told, made_up]}), text)
    assert [one.args for one in found.examples] == [{"weight": 2}]


async def test_a_document_that_nobody_vouches_for_taints_the_need() -> None:
    [rule] = rules(untrusted=True)
    found = await need_of(rule, Script(STATED), [])
    assert isinstance(found, Need)
    assert found.tainted


async def test_a_name_that_is_taken_is_told_once_and_then_given_up() -> None:
    [rule] = rules()
    ask = Script(STATED, STATED)
    assert await need_of(rule, ask, ["price_parcel"]) == (
        "The rule could not be stated as a tool: the name 'price_parcel' is taken: choose another one."
    )
    assert "is taken" in ask.asked[1]


async def test_for_a_new_wording_the_name_stays_and_the_signature_too_where_its_examples_fit() -> None:
    source = "def price_parcel(weight: int) -> int:\n    ...\n"
    tool = make_tool("price_parcel", "(weight: int) -> int", "Price.", source)
    ask = Script()
    found = await need(ask, TEXT.replace("11", "13"), before=tool)
    assert (found.name, found.signature, found.parent) == ("price_parcel", "(weight: int) -> int", tool.version)
    assert ask.asked == [], "all of it is known"


async def test_where_they_no_longer_fit_the_signature_is_stated_anew_under_the_same_name() -> None:
    source = "def price_parcel(weight: int, zone: int) -> int:\n    ...\n"
    tool = make_tool("price_parcel", "(weight: int, zone: int) -> int", "Price.", source)
    ask = Script({"examples": []}, STATED)
    found = await need(ask, before=tool)
    assert (found.signature, found.parent) == ("(weight: int) -> int", tool.version)
    assert ask.schemas[1]["properties"]["name"] == {"const": "price_parcel"}


def test_around_a_passage_stands_all_that_is_under_its_headings() -> None:
    passages = passages_of(TEXT, DOCUMENT)
    [rule] = rules()
    found = rule_around(passages, [rule.passages[0].id], "Shipping policy", untrusted=False)
    assert found == rule
    assert rule_around(passages, ["d0123456789ab.0000000000000000"], "Shipping policy", untrusted=False) is None
