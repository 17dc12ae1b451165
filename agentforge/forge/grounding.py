"""Ground truth is only what stands, input and output, in the user's own text or files.

The host checks that here, whatever a model claims: examples that it read well are kept with the
name of their source, all others are dropped with a reason. Input and output must stand in this order
in one sentence, close together, linked as people link a case to its result, with no other value
between them, and the input must not be what is being asked. What this does not prove: that the user
meant them as input and output.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import cast

from agentforge.forge.verbatim import Span, places
from agentforge.registry.contract import Signature, is_builtin_error
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, Example, JSONObject

REACH = 240
"""Input and output of an example stand at most this many characters apart."""

_ERROR_WORDS = re.compile(r"(?i)\b(errors?|invalid|illegal|reject\w*|refuse\w*|raise\w*|not allowed|\w+Error)\b")
_ERROR_NAME = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_SENTENCE_END = re.compile(r"[.!?;]\s+(?=[\"'“(A-Z0-9])|\n\s*\n|\n\s*(?:[-*•]|\(?\d{1,2}[.)])\s")
_QUESTION = re.compile(r"(?i)\b(?:what|which|how|who|give me|tell me)\b|^\s*(?:is|are|does|do|can|could|would|will)\b")
_IMPERATIVE = re.compile(
    r"(?i)^\s*(?:now |please |then |so )*(?:compute|calculate|convert|find|give|tell|show|work out|write|make|i need"
    r"|i want)\b"
)
_SHOWN = re.compile(r"(?i)\b(?:for example|for instance|e\.g\.|such as|so that|like)\b|:")
"""Behind these an imperative goes on to examples."""
_BOUND = re.compile(
    r"(?i)\b(?:than|below|above|under|over|beyond|between|least|most|up to|until|from|each|every|per|first|last"
    r"|next)\s+\Z"
)
"""Words that make the number behind them a bound and no input."""
_STATED = re.compile(
    r"(?:(?<!['\w])(?P<number>-?\d+)|'(?P<quoted>[^'\n]*)')(?P<unit>(?: [a-z]+){0,3}?)"
    r" (?:is|gives|becomes|returns|yields) (?:written as )?'(?P<result>[^'\n]+)'"
)
_NO_OTHERS = re.compile(
    r"\b(?P<error>[A-Z]\w*Error) if\b[^.]*"
    r"\b(?:contains? (?:any|an) other character|any other character (?:occurs|is found))\b"
)
_ASCII_ONLY = re.compile(r"\bASCII (?:letters|digits)\b")
_BEYOND_ASCII = re.compile(
    r"(?i)[^\x00-\x7f\u2010-\u2027\u2190-\u21ff\u00d7\u00f7\u2212]"  # but for quotes, dashes, arrows and the like
    r"|\b(?:umlauts?|accents?|accented|diacritic\w*|unicode|symbols?|signs?|punctuation|special characters?"
    r"|foreign|greek|cyrillic|hebrew|arabic|german|french|spanish|emojis?|currenc\w+)\b"
)
_FOREIGN_SIGN = "§"
FOREIGN_LETTER = "Ä"
"""Stands in the stated refusals of a need that allows ASCII letters only."""
_DENIED = re.compile(r"(?i)\b(?:not|never|wrong|instead|should|but|unless|except|if|when|only|used to)\b")
_LINK = re.compile(
    r"(?i)\b(?:is|are|was|were|has|have|had|gives?|gave|gets?|got|becomes?|became|costs?|scores?|makes?|made|returns?"
    r"|yields?|equals?|means?|pays?|paid|stays?|stayed|comes? to|came to|raises?|for|as)\b|->|=>|→|⇒|=|:"
)
"""What stands between a given value and its result, as people write worked examples."""
_RULE = re.compile(r"(?i)\b(?:or (?:more|less|fewer|above|below)|each|every|per|percent|rate|rounded)\b")
_PORTION = re.compile(r"(?i)['\"”`]?\s*(?:%|(?:percent|off|each|per|more|extra|less)\b)")
"""Behind a number these make it a part of a rule."""
_CELL = re.compile(r"['\"“”`]?(?: *\| *|\t+| {2,})['\"“”`]?")
_VALUE_SIGN = re.compile(r"\d|['\"“`\[{]|\b[A-Z]{2,}\b|\b[A-Z]\b")
"""What a value has that plain words have not."""
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|“[^”\n]*”")


@dataclass(frozen=True, slots=True)
class Dropped:
    """An example that is no ground truth, and why."""

    example: Example
    why: str


def check_examples(examples: Sequence[Example], sources: Mapping[str, str]) -> tuple[list[Example], list[Dropped]]:
    """Splits ``examples`` into those that stand in one of ``sources`` (name → text) and the others."""
    kept: list[Example] = []
    dropped: list[Dropped] = []
    for example in examples:
        verdicts = {name: _why_not(example, text) for name, text in sources.items()}
        found = next((name for name, why in verdicts.items() if why is None), None)
        if any(example.args == one.args for one in kept):
            dropped.append(Dropped(example, "the same arguments are given by another example"))
        elif found is not None:
            kept.append(replace(example, source=found))
        else:
            dropped.append(Dropped(example, next((why for why in verdicts.values() if why), "there is no text")))
    return kept, dropped


def may_show_example(text: str) -> bool:
    """Whether a text could hold a worked example at all: a value, a link and another value behind it in one sentence
    that asks for nothing. Of a text that could not, no model need be asked.
    """
    asked = _asked(text)
    starts = [0, *(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        told = "".join(text[at] if not any(one <= at < two for one, two in asked) else " " for at in range(start, end))
        if any(_shows_value(told[: link.start()]) and _shows_value(told[link.end() :]) for link in _links(told)):
            return True
    return False


def _links(sentence: str) -> Iterator[re.Match[str]]:
    yield from _LINK.finditer(sentence)
    yield from _CELL.finditer(sentence)


def _shows_value(words: str) -> bool:
    return _VALUE_SIGN.search(words) is not None


def stated_cases(text: str, signature: Signature) -> list[Example]:
    """The cases of a tool with one parameter that a text states as a sentence of its own.

    Read without a model, and only ``0 seconds is '0s'.``: the value begins the sentence, a quoted text
    ends it, and what is counted is the parameter. Numbers as results also stand in definitions
    (``1 mile is 5280 feet``), which are no cases; ``5 shifts is 'full time'`` is none for ``hours``.
    """
    parameters = cast("dict[str, JSONObject]", signature.parameters.get("properties", {}))
    if len(parameters) != 1 or signature.returns.get("type") != "string":
        return []
    ((name, schema),) = parameters.items()
    found: list[Example] = []
    for sentence in _SENTENCE.split(text):
        match = _STATED.fullmatch(sentence.strip().rstrip(".;"))
        if match is None or _DENIED.search(sentence):
            continue
        number, quoted, result = match.group("number", "quoted", "result")
        value: JSON = quoted if number is None else int(number)
        if (
            _counts(match["unit"], name)
            and not mismatches(value, schema)
            and all(one.args != {name: value} for one in found)
        ):
            found.append(Example({name: value}, result, source="rules"))
    return found


def _counts(unit: str, parameter: str) -> bool:
    """Whether the words behind a number, if any, are those of the parameter's name, in singular or plural."""
    names = {part.removesuffix("s") for part in parameter.lower().split("_")}
    return all(word.removesuffix("s") in names for word in unit.split())


def stated_refusals(text: str, signature: Signature, known: Sequence[Example]) -> list[Example]:
    """Texts that the rules refuse: "ValueError if code contains any other character" means each known one
    with a sign in it that belongs to no alphabet, and where only ASCII letters are allowed, with another letter.

    Only for a tool with one text among its parameters, and only where neither the text nor a known example
    has or names a character beyond ASCII, which might be among the allowed ones.
    """
    if _BEYOND_ASCII.search(text) or any(_BEYOND_ASCII.search(str(one.args)) for one in known):
        return []
    parameters = cast("dict[str, JSONObject]", signature.parameters.get("properties", {}))
    texts = [name for name, schema in parameters.items() if schema.get("type") == "string"]
    match = _NO_OTHERS.search(text)
    longest = max((one for one in known if one.raises is None), key=lambda one: len(str(one.args)), default=None)
    if match is None or len(texts) != 1 or longest is None or not is_builtin_error(match["error"]):
        return []
    given = str(longest.args.get(texts[0], ""))
    foreign = _FOREIGN_SIGN + (FOREIGN_LETTER if _ASCII_ONLY.search(text) else "")
    middle = len(given) // 2
    return [
        Example(
            {**longest.args, texts[0]: given[:middle] + sign + given[middle:]}, None, match["error"], source="rules"
        )
        for sign in foreign
    ]


def _why_not(example: Example, text: str) -> str | None:
    asked = _asked(text)
    inputs = [
        place
        for place in _input_places(example.args, text)
        if not any(_overlap(place, one) for one in asked) and not _BOUND.search(text, 0, place[0])
    ]
    if not inputs:
        return f"its input {_short(example.args)} does not stand in the text as something given"
    output = example.raises or _short(example.returns)
    outputs = _error_places(example.raises, text) if example.raises else places(example.returns, text)
    if not outputs:
        return f"its output {output} does not stand in the text"
    if any(_belong(one, two, example, text) for one in inputs for two in outputs if not _overlap(one, two)):
        return None
    return f"its output {output} does not stand behind its input {_short(example.args)}"


def _asked(text: str) -> list[Span]:
    """The questions of a text, each from its question word to its end."""
    starts = [0, *(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]
    asked: list[Span] = []
    for start, end in pairwise(starts):
        sentence = text[start:end]
        word = _QUESTION.search(sentence)
        if word and "?" in sentence[word.start() :]:
            asked.append((start + word.start(), end))
        elif _IMPERATIVE.match(sentence):
            shown = _SHOWN.search(sentence)
            asked.append((start, start + shown.start() if shown else end))
    return asked


def _belong(given: Span, result: Span, example: Example, text: str) -> bool:
    """Whether a result stands close behind what was given, linked to it, with no other value between."""
    start, end = given[1], result[0]
    if not 0 <= end - start <= REACH or _SENTENCE_END.search(text, start, end):
        return False
    link = text[start:end]
    values = [*example.args.values(), example.returns]
    quoted = any(isinstance(value, str) for value in values) and _QUOTED.search(link.strip("'\"“”` "))
    number = any(isinstance(value, int | float) for value in values) and re.search(r"\d", link)
    if quoted or number or _RULE.search(link) or _PORTION.match(text, result[1]):
        return False
    return bool(_CELL.fullmatch(link) or _LINK.search(link))


def _overlap(one: Span, two: Span) -> bool:
    return one[0] < two[1] and two[0] < one[1]


def _input_places(args: JSONObject, text: str) -> list[Span]:
    """Where all arguments stand close together: the span from the first to the last of them."""
    spans: list[Span] | None = None
    for value in args.values():
        found = places(value, text)
        if spans is None:
            spans = found
        else:
            spans = [_around(span, place) for span in spans for place in found if _distance(span, place) <= REACH]
        if not spans:
            return []
    return sorted(set(spans or []), key=lambda span: span[1] - span[0])[:50]


def _around(one: Span, two: Span) -> Span:
    return min(one[0], two[0]), max(one[1], two[1])


def _distance(one: Span, two: Span) -> int:
    return max(one[0], two[0]) - min(one[1], two[1])


def _error_places(raises: str, text: str) -> list[Span]:
    """Where the text speaks of an error; none if it names others than ``raises``, or if that is no error."""
    named = set(_ERROR_NAME.findall(text)) or {"ValueError"}
    if raises not in named or not is_builtin_error(raises):
        return []
    return [found.span() for found in _ERROR_WORDS.finditer(text)]


def _short(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
