"""Ground truth is only what stands, input and output, in the user's own text or files.

The host checks that here, whatever a model claims: examples that it read well are kept with the
name of their source, all others are dropped with a reason. What this does not prove: that the user
meant the two values as input and output of the same case; only that they stand close together with
no other example's input between them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agentforge.types import JSON, Example, JSONObject

REACH = 240
"""Input and output of an example stand at most this many characters apart."""

_BOOL_WORDS = {True: ("true", "yes", "valid", "correct", "right"), False: ("false", "no", "not", "invalid", "wrong")}
_ERROR_WORDS = re.compile(r"(?i)\b(error|errors|invalid|illegal|reject\w*|refuse\w*|raise\w*|not allowed|ValueError)\b")

Span = tuple[int, int]


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
        verdicts = {name: _why_not(example, examples, text) for name, text in sources.items()}
        found = next((name for name, why in verdicts.items() if why is None), None)
        if any(example.args == one.args for one in kept):
            dropped.append(Dropped(example, "the same arguments are given by another example"))
        elif found is not None:
            kept.append(replace(example, source=found))
        else:
            dropped.append(Dropped(example, next((why for why in verdicts.values() if why), "there is no text")))
    return kept, dropped


def _why_not(example: Example, others: Sequence[Example], text: str) -> str | None:
    inputs = _input_places(example.args, text)
    if not inputs:
        return f"its input {_short(example.args)} does not stand in the text"
    outputs = _error_places(text) if example.raises else places(example.returns, text)
    if not outputs:
        return f"its output {_short(example.returns)} does not stand in the text"
    rivals = [place for other in others if other.args != example.args for place in _input_places(other.args, text)]
    if any(_belong(one, two, rivals) for one in inputs for two in outputs if not _overlap(one, two)):
        return None
    return f"its output {_short(example.returns)} does not stand with its input {_short(example.args)}"


def _belong(one: Span, two: Span, rivals: Iterable[Span]) -> bool:
    start, end = min(one[1], two[1]), max(one[0], two[0])
    if end - start > REACH:
        return False
    between = [rival for rival in rivals if start <= rival[0] and rival[1] <= end and not _overlap(rival, one)]
    return not any(not _overlap(rival, two) for rival in between)


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


def _error_places(text: str) -> list[Span]:
    return [found.span() for found in _ERROR_WORDS.finditer(text)]


def places(value: JSON, text: str) -> list[Span]:
    """Where ``value`` stands in ``text`` as a whole, not as a part of a longer word or number."""
    if value is None or isinstance(value, bool):
        words = ("none", "null") if value is None else _BOOL_WORDS[value]
        return [found.span() for word in words for found in re.finditer(rf"(?i)\b{word}\b", text)]
    if isinstance(value, int | float):
        return [span for form in _number_forms(value) for span in _find(form, text)]
    if isinstance(value, str):
        return _find(value, text) or _quoted_places(value, text)
    return _container_places(value, text)


def _find(wanted: str, text: str) -> list[Span]:
    if not wanted:
        return [(found.start(), found.end()) for found in re.finditer(r"\"\"|''", text)]
    before = r"(?<![\w])" if wanted[0].isalnum() else ""
    before += r"(?<![\d][.,])(?<![-−])" if wanted[0].isdigit() else ""
    after = r"(?![\w])" if wanted[-1].isalnum() else ""
    after += r"(?![.,]\d)" if wanted[-1].isdigit() else ""
    return [found.span() for found in re.finditer(before + re.escape(wanted) + after, text)]


def _quoted_places(value: str, text: str) -> list[Span]:
    """A text with line breaks is often given as a literal in which they are escaped."""
    literal = json.dumps(value, ensure_ascii=False)[1:-1]
    return _find(literal, text) if literal != value else []


def _number_forms(value: float) -> list[str]:
    forms = {str(value), repr(value), f"{value:,}"}
    if float(value).is_integer() and abs(value) < 1e15:
        forms |= {str(int(value)), f"{int(value):,}", f"{int(value):.1f}", f"{int(value):.2f}"}
    else:
        forms |= {f"{value:.2f}", f"{value:,.2f}"} if round(value, 2) == value else set()
    return sorted(forms)


def _container_places(value: list[JSON] | dict[str, JSON], text: str) -> list[Span]:
    """A list or object as it is written in JSON or Python, white space aside; else its leaves in order."""
    for form in (json.dumps(value, ensure_ascii=False), repr(value)):
        pattern = r"\s*".join(re.escape(sign) for sign in re.sub(r"\s+", "", form))
        if 0 < len(form) <= 2000 and (found := [match.span() for match in re.finditer(pattern, text)]):
            return found
    leaves = list(_leaves(value))
    return _in_order(leaves, text) if leaves else []


def _leaves(value: JSON) -> Iterable[JSON]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    else:
        yield value


def _in_order(leaves: Sequence[JSON], text: str) -> list[Span]:
    found: list[Span] = []
    for start, end in places(leaves[0], text):
        at = end
        for leaf in leaves[1:]:
            follows = [place for place in places(leaf, text) if at <= place[0] <= at + 60]
            if not follows:
                break
            at = min(follows)[1]
        else:
            found.append((start, at))
    return found


def stands_in(value: JSON, text: str) -> bool:
    """Whether ``value`` stands in ``text`` verbatim."""
    return bool(places(value, text))


def _short(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
