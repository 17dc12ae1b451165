"""Cases that a docstring states of its own tool, read by the host without a model: a call with what comes of it, in a
session (``>>> double(2)`` and ``4`` below it) or in a sentence (``double(2) is 4``).

Words are not guessed: the call names the tool, its arguments and its result are literals of the declared types, and
the sentence goes on to nothing that could take it back. Of a tool with one text as its parameter also a text in
backticks is read as its argument (`` `-7 2 /` is -3``), where it cannot be a name or an expression.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from agentforge.forge.cases import NO_LITERAL, call_arguments, literal
from agentforge.forge.docstrings import MOST_READ
from agentforge.forge.grounding import stated_cases
from agentforge.parsing import parse
from agentforge.registry.contract import Signature, is_builtin_error
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, Example, JSONObject

MOST = 20
"""Cases that are read at the most."""
LONGEST = 500
"""Characters of a call, and of its result, in a sentence."""
SOURCE = "docstring"

_LINK = re.compile(
    r"`{0,2}\s*(?:(?P<sign>==|=>|->|=|→|⇒)|(?:is|gives|returns|becomes|yields|equals|raises)\b)\s*`{0,2}"
)
_GIVEN = re.compile(
    r"(?<!`)(?P<mark>`{1,2})(?P<given>[^`\n]{2,200})(?P=mark)(?!`)(?=\s+(?:is|gives|returns|becomes)\s)"
)
_SCALAR = re.compile(
    r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w%]|[.,]\d)|(?:True|False|None)\b)"""
)
_ERROR = re.compile(r"[A-Z]\w*")
_END = re.compile(
    r"`{0,2}(?:\s*\Z|[ \t]*\n\s*(?:\n|[-*•])|\s*[.,;:!)](?![\w.])|\s+(?:and|while|whereas|since|because)\b)"
)
_END_OF_LINE = re.compile(r"`{0,2}[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
"""Enough behind an arrow or an equals sign: nobody breaks such a line."""
_SENTENCE = re.compile(r"[.!?;](?=\s)|\n\s*(?:\n|[-*•])")
_TAKEN_BACK = re.compile(
    r"(?i)\b(?:not|never|no|wrong\w*|instead|rather|unlike|should|would|could|unless|except|if|when|where|used to"
    r"|previously|formerly|before|without)\b|n't\b"
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def stated_in(docstring: str, name: str, signature: Signature) -> list[Example]:
    """The cases that the docstring of the tool ``name`` states, each call once; of the docstring the first
    :data:`~agentforge.forge.docstrings.MOST_READ` characters are read.
    """
    text = docstring[:MOST_READ]
    examples, prose = _sessions(text)
    tool = _Tool(name, signature)
    found = [*tool.of_sessions(examples), *tool.of_sentences(prose), *tool.of_givens(prose)]
    found += [Example(case.args, case.returns, source=SOURCE) for case in stated_cases(prose, signature)]
    first: dict[str, Example] = {}
    for case in found:
        first.setdefault(repr(case.args), case)
    return [*first.values()][:MOST]


@dataclass(frozen=True, slots=True)
class _Session:
    """A call as it was typed, and what was printed below it; ``error`` is the name of what it raised."""

    call: str
    printed: str
    error: str


def _sessions(text: str) -> tuple[list[_Session], str]:
    """The calls of all sessions, and the words around them; what no session can be is left out."""
    from doctest import DocTestParser  # here, since it takes its time and few docstrings need it

    try:
        parts = DocTestParser().parse(text)
    except ValueError:  # sessions that are not indented evenly
        return [], ""
    sessions = [part for part in parts if not isinstance(part, str) and not part.options]
    return (
        [_Session(one.source, one.want, (one.exc_msg or "").partition(":")[0].strip()) for one in sessions],
        "".join(part for part in parts if isinstance(part, str)),
    )


@dataclass(frozen=True, slots=True)
class _Tool:
    """The tool whose cases are read: calls of any other say nothing here."""

    name: str
    signature: Signature

    @property
    def parameters(self) -> JSONObject:
        return cast("JSONObject", self.signature.parameters["properties"])

    def of_sessions(self, sessions: list[_Session]) -> Iterator[Example]:
        for one in sessions:
            call = _parsed(one.call)
            if call is None:
                continue
            if one.error:
                yield from self._raising(call, one.error)
            elif (value := _parsed(one.printed)) is not None:
                yield from self._returning(call, value)

    def of_sentences(self, prose: str) -> Iterator[Example]:
        for found in re.finditer(rf"(?<![\w.]){re.escape(self.name)}\(", prose):
            end = _closed(prose, found.end() - 1)
            link = _LINK.match(prose, end) if end else None
            call = _parsed(prose[found.start() : end]) if link else None
            if link is None or call is None or _is_taken_back(prose, found.start()):
                continue
            if "raises" in link[0]:
                error = _ERROR.match(prose, link.end())
                yield from self._raising(call, error[0]) if error and _ends(prose, error.end(), link) else ()
            elif (value := _value_at(prose, link)) is not None:
                yield from self._returning(call, value)

    def of_givens(self, prose: str) -> Iterator[Example]:
        if len(self.parameters) != 1:
            return
        ((name, schema),) = self.parameters.items()
        if not isinstance(schema, dict) or schema.get("type") != "string":
            return
        for found in _GIVEN.finditer(prose):
            given, link = found["given"], _LINK.match(prose, found.end())
            is_code = re.search(r"[()\[\]{}=<>]", given) or name in re.findall(r"\w+", given)
            if link is None or is_code or not re.search(r"\W", given) or _is_taken_back(prose, found.start()):
                continue
            if (value := _value_at(prose, link)) is not None:
                yield from self._case({name: given}, value)

    def _returning(self, call: ast.expr, value: ast.expr) -> Iterator[Example]:
        args = call_arguments(call, self.name, [*self.parameters])
        if args is not None:
            yield from self._case(args, value)

    def _case(self, args: JSONObject, value: ast.expr) -> Iterator[Example]:
        returns = literal(value)
        if returns is not NO_LITERAL and not mismatches(args, self.signature.parameters):
            result = cast("JSON", returns)
            if not mismatches(result, self.signature.returns):
                yield Example(args, result, source=SOURCE)

    def _raising(self, call: ast.expr, error: str) -> Iterator[Example]:
        args = call_arguments(call, self.name, [*self.parameters])
        if args is not None and is_builtin_error(error):
            yield Example(args, raises=error, source=SOURCE)


def _parsed(text: str) -> ast.expr | None:
    try:
        return parse(text.strip(), "eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _closed(text: str, start: int) -> int:
    """The place behind the bracket that closes the one at ``start``; 0 where it is far away or there is none."""
    waiting: list[str] = []
    at = start
    while at < min(len(text), start + LONGEST):
        if text[at] in "\"'":
            quoted = _SCALAR.match(text, at)
            if quoted is None:
                return 0
            at = quoted.end()
            continue
        if text[at] in _CLOSING:
            waiting.append(_CLOSING[text[at]])
        elif text[at] in ")]}" and waiting.pop() != text[at]:
            return 0
        at += 1
        if not waiting:
            return at
    return 0


def _value_at(text: str, link: re.Match[str]) -> ast.expr | None:
    """The literal behind a link, where the sentence then ends or goes on to something else."""
    start = link.end()
    scalar = _SCALAR.match(text, start)
    end = scalar.end() if scalar else _closed(text, start) if text[start : start + 1] in [*_CLOSING] else 0
    return _parsed(text[start:end]) if end and _ends(text, end, link) else None


def _ends(text: str, at: int, link: re.Match[str]) -> bool:
    return bool(_END.match(text, at) or (link["sign"] and _END_OF_LINE.match(text, at)))


def _is_taken_back(text: str, at: int) -> bool:
    """Whether the words before, in the same sentence, may say that it is not so."""
    before = text[max(0, at - LONGEST) : at]
    return bool(_TAKEN_BACK.search(_SENTENCE.split(before)[-1]))
