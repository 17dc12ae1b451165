"""A rule that stands in a document, as the need for a tool: what is better as code than read again each time.

Passages under the same headings are looked at together, since a rule and its worked examples often stand in two. The
host leaves out those that hold no value or no words of a rule; of the others a model says whether they are a rule and
states name and types. The words are the document's own, the examples are those that stand in it, and the need names
every passage, each by an id that holds its document and a digest of its words.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias, cast

from agentforge.agent.asking import closed_object
from agentforge.agent.cases import RULE_WORDS, read_cases
from agentforge.agent.needs import (
    EXAMPLES_ONLY,
    MOST_EXAMPLES,
    NEED_TOKENS,
    examples_schema,
    need_problems,
    need_schema,
    rules_of,
    shape_problems,
    shown_schema,
    with_shown_result,
)
from agentforge.forge.grounding import check_examples, may_show_example
from agentforge.forge.record import SUMMARY, shortened
from agentforge.memory.documents.passages import Passage
from agentforge.models.prompts import render
from agentforge.registry.contract import Signature, parse_signature
from agentforge.registry.stale import PASSAGE
from agentforge.registry.tool import Tool
from agentforge.types import Example, JSONObject, Need

Ask: TypeAlias = Callable[[str, str, JSONObject, int], Awaitable[JSONObject]]
"""Asks a model for a decision: system prompt, question, schema, most tokens."""

MOST_CHARS = 4_000
"""Of a rule; what is longer under one heading is a chapter."""

_VALUE = re.compile(r"\d|[\"“'‘`]\w")


@dataclass(frozen=True, slots=True)
class Rule:
    """Passages of one document under the same headings, in their order, that may state a rule; or of several, where a
    tool was made from those. ``title`` is that of the document; ``untrusted``: nobody vouched for its words.
    ``episode`` is the session in which the user said it, where it stood in a message.
    """

    title: str
    passages: tuple[Passage, ...]
    untrusted: bool
    episode: str = ""

    @property
    def heading(self) -> str:
        """What it is about: title and headings."""
        return " › ".join(filter(None, (self.title, *self.passages[0].headings)))

    @property
    def text(self) -> str:
        """Its words."""
        return "\n\n".join(one.text for one in self.passages)

    @property
    def sources(self) -> dict[str, str]:
        """Each passage as provenance names it, with its words."""
        return {f"{PASSAGE}{one.id}": one.text for one in self.passages}


def rules_in(passages: Iterable[Passage], title: str, *, untrusted: bool) -> list[Rule]:
    """The parts of a document that may state a rule, in order, told by the host alone."""
    groups = [tuple(group) for _, group in groupby(passages, key=lambda one: one.headings)]
    found = (Rule(title, group, untrusted) for group in groups)
    return [one for one in found if may_be_rule(one.text)]


def rule_around(passages: Collection[Passage], ids: Collection[str], title: str, *, untrusted: bool) -> Rule | None:
    """What stands around some passages of a document: all that is under their headings; None where none is there."""
    headings = {one.headings for one in passages if one.id in ids}
    found = tuple(one for one in passages if one.headings in headings)
    return Rule(title, found, untrusted) if found else None


def together(rules: Sequence[Rule]) -> Rule:
    """What stands in several documents, as one rule."""
    title = " and ".join(dict.fromkeys(one.title for one in rules))
    passages = tuple(passage for one in rules for passage in one.passages)
    episode = next((one.episode for one in rules if one.episode), "")
    return Rule(title, passages, any(one.untrusted for one in rules), episode)


def may_be_rule(text: str) -> bool:
    """Whether a text holds a value, and words of a rule or a worked example; a chapter is none."""
    values = len(text) <= MOST_CHARS and _VALUE.search(text) is not None
    return values and (RULE_WORDS.search(text) is not None or may_show_example(text))


async def is_rule(rule: Rule, ask: Ask) -> bool:
    """Whether a model takes it for something that a function could carry out."""
    kinds: JSONObject = {"type": "string", "enum": ["rule", "words"]}
    question = f"{_shown(rule)}{render('agent_passage')}"
    return (await ask(render("agent_robust"), question, closed_object(kind=kinds), 20))["kind"] == "rule"


async def need_of(rule: Rule, ask: Ask, taken: Collection[str], before: Tool | None = None) -> Need | str:
    """The need for a tool that carries out a rule, or in one sentence why it cannot be stated.

    With ``before``, the tool that carries out an earlier wording of it, its name stays, and its signature too where
    the worked examples that stand there now fit it.
    """
    if before is not None:
        examples = await _examples(rule, ask, before.name, before.signature)
        if examples:
            return _need(rule, before.name, before.signature.text, examples, before.version)
    stated, problems = await _stated(rule, ask, taken, before)
    if problems:
        return f"The rule could not be stated as a tool: {'; '.join(problems)}."
    name, text = str(stated["name"]), str(stated["signature"])
    examples = await _examples(rule, ask, name, parse_signature(text))
    return _need(rule, name, text, examples, before.version if before is not None else "")


async def _stated(rule: Rule, ask: Ask, taken: Collection[str], before: Tool | None) -> tuple[JSONObject, list[str]]:
    shown = shown_schema(rule.text)
    schema = shown or need_schema()
    if before is not None:
        cast("JSONObject", schema["properties"])["name"] = {"const": before.name}
        taken = [name for name in taken if name != before.name]
    stated, problems = cast("JSONObject", {}), list[str]()
    for tries in range(2):
        remark = f"\nYour last answer was wrong: {'; '.join(problems)}." if problems else ""
        question = f"{_shown(rule)}{render('agent_need_passage', problem=remark)}"
        stated = await ask(render("agent_robust"), question, schema, NEED_TOKENS)
        stated = stated if shown else with_shown_result(stated, rule.text)
        problems = need_problems(stated, [*taken])
        problems += shape_problems(stated, rule.text) if tries == 0 else []
        if not problems:
            break
    return stated, problems


async def _examples(rule: Rule, ask: Ask, name: str, signature: Signature) -> tuple[Example, ...]:
    """The worked examples that stand in its passages, each with the passage that it stands in as its source."""
    read = read_cases(rule.text, signature) or read_cases(rule.text, signature, in_order=True)
    if not read and may_show_example(rule.text):
        question = f"{_shown(rule)}{render('agent_examples', signature=f'{name}{signature.text}')}"
        schema = examples_schema(signature)
        answer = await ask(render("agent_robust"), question, schema, 80 * MOST_EXAMPLES)
        stated = cast("list[JSONObject]", answer["examples"])
        read = [Example(cast("JSONObject", one["args"]), one["returns"], source="generated") for one in stated]
    kept, _ = check_examples(read, rule.sources)
    return tuple(kept)


def _need(rule: Rule, name: str, signature: str, examples: tuple[Example, ...], parent: str) -> Need:
    words = rules_of(rule.text, examples)
    about = rule.passages[0].headings[-1:] or (rule.title,)
    first = next(iter(words.splitlines()), "")
    return Need(
        name=name,
        signature=signature,
        purpose=f"{about[0]}: {words or EXAMPLES_ONLY}",
        examples=examples,
        requests=tuple(shortened(one, SUMMARY) for one in (rule.heading, first) if one),
        text=rule.text,
        episode=rule.episode,
        sources=tuple(rule.sources),
        tainted=rule.untrusted,
        parent=parent,
    )


def _shown(rule: Rule) -> str:
    return f"Passage of the document {shortened(rule.heading, SUMMARY)}:\n<<<\n{rule.text}\n>>>\n\n"
