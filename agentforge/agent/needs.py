"""Stating a need with a small model: two tiny decisions, and everything else by the host.

The model gives a name, typed parameters and the result's type; examples are read by the host, or by
the model and then checked by the host. The purpose is the user's own words, since a small model's
retelling loses details, but without the lines that hold the examples: a generator must not see the
ones that are held out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from agentforge.agent.asking import closed_object
from agentforge.agent.cases import MOST_PARAMETERS, RULE_WORDS, Line, Token, read_cases, worked_lines
from agentforge.agent.dispatch import grounded
from agentforge.agent.told import name_beside, told_type
from agentforge.agent.turn import Turn
from agentforge.errors import ToolInvalid
from agentforge.forge.record import shortened
from agentforge.forge.spec import render_example
from agentforge.forge.verbatim import shows
from agentforge.models.prompts import render
from agentforge.registry.contract import RESERVED_NAMES, Signature, parse_signature
from agentforge.types import Example, JSONObject, Need

_TYPE = (
    r"(str|int|float|bool|list\[(str|int|float)\]|list\[list\[(str|int)\]\]"
    r"|dict\[str, (str|int|float)\]|dict\[str, list\[str\]\])"
)
PARAMETER_NAME = "[a-z][a-z0-9]{1,14}(_[a-z0-9]{1,14}){0,2}"
_PARAMETER = f"{PARAMETER_NAME}: {_TYPE}"
_PARAMETERS = rf"{_PARAMETER}(, {_PARAMETER}){{0,{MOST_PARAMETERS - 1}}}"
"""The parameters that a small model may state."""

NEED_TOKENS = 120

LEAD_IN = 60
"""A shorter sentence with a colon at its end only led over to the examples."""

EXAMPLES_ONLY = "There is one simple rule behind all examples: find it and carry it out for any input."
"""The purpose of a need whose text is nothing but worked examples."""

MOST_EXAMPLES = 8
LONGEST_TOLD = 120
"""Characters of one example in a notice."""

WORDS_OF_AN_EXAMPLE = 10
"""So many words, values included, a sentence takes for one worked example at the most."""

_VAGUE = frozenset({"question", "request", "prompt", "query", "task", "problem", "question_text"})
"""A tool with such a parameter would have to understand language: that is no tool."""

_BARE_NUMBER = re.compile(r"[-−]?(?:0|[1-9]\d*)(?:\.\d+)?")
"""A number as one is computed; a leading zero or a comma makes it a text of digits."""

_COMMAND = re.compile(
    r"(?i)(?:now |please )*(?:compute|calculate|convert|find|give|tell|show|work out|write|make|i need)\b"
)
_CUT = "\0"
"""Stands where an example was cut out."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'“(A-Z0-9])|\n+")


def need_schema(returns: str = _TYPE, parameters: str = "") -> JSONObject:
    """A name and a signature, with patterns so that only legal ones can come out; ``returns`` is that of the result,
    ``parameters`` that of all parameters (by default any).

    The signature is one text and no list of objects: a small model under a grammar that allows white
    space anywhere may write nothing else for hundreds of tokens.
    """
    return closed_object(
        name={"type": "string", "pattern": "^[a-z][a-z0-9]{1,14}(_[a-z0-9]{1,14}){1,3}$"},
        signature={"type": "string", "pattern": rf"^\({parameters or _PARAMETERS}\) -> {returns}$"},
    )


def shown_schema(text: str) -> JSONObject | None:
    """:func:`need_schema` with as many parameters, in their order and of the types, as the worked examples of a text
    give values; None where there are none, or the result of some is a number and of others is not.
    """
    lines = worked_lines(text)
    if not lines:
        return None
    *given, results = zip(*(line.tokens for line in lines), strict=True)
    bare = [one.text for one in results if not one.quoted and not one.whole]
    returns = told_type(bare) if len(bare) == len(results) else "str"
    names = [_name_shown(lines, at) if len(given) > 1 else PARAMETER_NAME for at in range(len(given))]
    if len({*names}) < len(names):
        names = [PARAMETER_NAME for _ in given]
    parameters = zip(names, given, strict=True)
    return need_schema(returns, ", ".join(f"{name}: {_kind_shown(column, returns)}" for name, column in parameters))


def _name_shown(lines: Sequence[Line], at: int) -> str:
    """The word beside a value, where it is the same in all lines; a small model confuses which of several is which."""
    words = {name_beside(_last_word(one.words[at]), _first_word(one.words[at + 1])) for one in lines}
    return words.pop() or PARAMETER_NAME if len(words) == 1 else PARAMETER_NAME


def _last_word(between: str) -> str:
    found = re.findall(r"[^\W\d_]+", between.rpartition(",")[2].lower())
    return found[-1] if found else ""


def _first_word(between: str) -> str:
    found = re.findall(r"[^\W\d_]+", between.partition(",")[0].lower())
    return found[0] if found else ""


def _kind_shown(tokens: Sequence[Token], returns: str) -> str:
    """The types, as a pattern, of a parameter that has these values. What a text is made of is shown as it is written:
    there whole numbers are no others.
    """
    if any(one.quoted for one in tokens):
        return "str"
    if all(_BARE_NUMBER.fullmatch(one.text) for one in tokens):
        whole = "int" if returns == "str" else "(int|float)"
        return "float" if any("." in one.text for one in tokens) else whole
    return _TYPE


def examples_schema(signature: Signature) -> JSONObject:
    """Cases with the declared parameters and result."""
    case = closed_object(args=signature.parameters, returns=signature.returns)
    return closed_object(examples={"type": "array", "items": case, "maxItems": MOST_EXAMPLES})


def with_shown_result(stated: JSONObject, text: str) -> JSONObject:
    """The stated need; where every worked example ends in a bare number, its result is no text."""
    signature, results = str(stated["signature"]), [line.tokens[-1] for line in worked_lines(text)]
    if not results or not signature.endswith("-> str"):
        return stated
    if any(one.quoted or one.whole or not _BARE_NUMBER.fullmatch(one.text) for one in results):
        return stated
    shown = "float" if any("." in one.text for one in results) else "int"
    return {**stated, "signature": signature.removesuffix("str") + shown}


def need_problems(stated: JSONObject, taken: Sequence[str] = ()) -> list[str]:
    """What is wrong with a stated need although it fits the schema."""
    problems: list[str] = []
    if stated["name"] in taken or stated["name"] in RESERVED_NAMES:
        problems.append(f"the name {stated['name']!r} is taken: choose another one")
    try:
        signature = parse_signature(str(stated["signature"]))
    except ToolInvalid as error:
        return [*problems, *error.problems]
    names = cast("JSONObject", signature.parameters["properties"])
    problems += [f"the parameter {name!r} is no value: name what is given" for name in names if name in _VAGUE]
    return problems


def shape_problems(stated: JSONObject, text: str) -> list[str]:
    """Whether the worked examples give another number of values than the signature has parameters."""
    lines, problems = worked_lines(text), need_problems(stated)
    if not lines or problems:
        return []
    given = len(lines[0].tokens) - 1
    parameters = cast("JSONObject", parse_signature(str(stated["signature"])).parameters["properties"])
    if len(parameters) == given:
        return []
    values = "one value" if given == 1 else f"{given} values"
    return [f"each worked example gives {values} and a result, so it takes {values}, not {', '.join(parameters)}"]


async def read_examples(turn: Turn, system: str, prompt: str, name: str, signature: Signature) -> tuple[Example, ...]:
    """The user's worked examples: read by the host where it can, else by the model and checked.

    ``prompt`` is the request, to which the question for the model is added.
    """
    read = read_cases(turn.text, signature)
    if not read:
        question = render("agent_examples", signature=f"{name}{signature.text}")
        schema = examples_schema(signature)
        answer = await turn.decide("read examples", system, f"{prompt}{question}", schema, 80 * MOST_EXAMPLES)
        stated = cast("list[JSONObject]", answer["examples"])
        read = [Example(cast("JSONObject", one["args"]), one["returns"], source="generated") for one in stated]
    kept = grounded(turn, read)
    if kept:
        turn.emit("notice", {"message": "Read as worked examples: " + "; ".join(_told(name, one) for one in kept)})
    return kept


def _told(name: str, example: Example) -> str:
    return shortened(render_example(name, example).replace("  # ", " "), LONGEST_TOLD)


def make_need(turn: Turn, stated: JSONObject, examples: Sequence[Example]) -> Need:
    """The need as it goes to the forge."""
    return Need(
        name=str(stated["name"]),
        signature=str(stated["signature"]),
        purpose=rules_of(turn.text, examples) or EXAMPLES_ONLY,
        examples=tuple(examples),
        requests=tuple(line for line in [_question(turn.text)[:200]] if line),
        text=turn.text,
        episode=turn.session,
        tainted=turn.tainted,
    )


def rules_of(text: str, examples: Sequence[Example]) -> str:
    """The user's words without the worked examples that were read and without the question at the end."""
    shown = {line.text for line in worked_lines(text) if any(shows(example, line.text) for example in examples)}
    rest = "\n".join(_CUT if line in shown else line for line in text.splitlines())
    parts = [part.strip() for part in _SENTENCE.split(rest) if part.strip()]
    question = _question(rest)
    kept = [one if one == _CUT or not _only_shows(examples, one) else _CUT for one in parts if one != question]
    return " ".join(one for one, behind in pairwise([*kept, ""]) if one != _CUT and not _leads_over(one, behind))


def asks(text: str) -> bool:
    """Whether a text asks for something, rather than only to tell."""
    return bool(_question(text)) or any(_COMMAND.match(one.strip()) for one in _SENTENCE.split(text))


def _question(text: str) -> str:
    """The sentence that asks; without one, a last one that commands."""
    sentences = [part.strip() for part in _SENTENCE.split(text) if part.strip()]
    asking = [one for one in sentences if one.endswith("?")] or [one for one in sentences[-1:] if _COMMAND.match(one)]
    return asking[-1] if asking else ""


def _leads_over(sentence: str, behind: str) -> bool:
    """Whether a sentence only leads over to examples that were cut; one with a number in it is a rule."""
    return behind == _CUT and sentence.endswith(":") and len(sentence) < LEAD_IN and not re.search(r"\d", sentence)


def _only_shows(examples: Sequence[Example], sentence: str) -> bool:
    """Whether a sentence does little else than to give examples away. A rule may name the same values
    ("the first 500 grams cost 4 dollars"), but in the words of a rule or with more words around them.
    """
    if RULE_WORDS.search(sentence):
        return False
    shown = sum(shows(example, sentence) for example in examples)
    return len(sentence.split()) <= WORDS_OF_AN_EXAMPLE * shown
