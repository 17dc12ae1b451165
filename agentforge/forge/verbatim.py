"""Where a value stands in a text verbatim, as people write values; read by the host, without a model.

Two rules of the house rest on it: ground truth is only what stands in the user's own words, and
what a generator reads must not hold the examples that are held out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from agentforge.types import JSON, Example

Span: TypeAlias = tuple[int, int]

_HYPHEN = r"(?<=[^\W\d_]-)(?<!\d[eE]-)"
"""Between a letter and a digit a "-" is a hyphen (``base-7``) and no minus, but in the exponent of a number."""
_NEGATIVE = re.compile(r"-\d")
_BOOL_WORDS = {True: ("true", "yes", "valid", "correct", "right"), False: ("false", "no", "not", "invalid", "wrong")}


def stands_in(value: JSON, text: str) -> bool:
    """Whether ``value`` stands in ``text`` verbatim."""
    return bool(places(value, text))


def shows(example: Example, text: str) -> bool:
    """Whether a text gives an example away: all its arguments and its result stand there."""
    values: list[JSON] = [*example.args.values(), *([] if example.raises else [example.returns])]
    return all(stands_in(value, text) for value in values)


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
    before += rf"(?<![\d][.,])(?:(?<![-−])|{_HYPHEN})" if wanted[0].isdigit() else ""
    before += r"(?<![^\W\d_])" if _NEGATIVE.match(wanted) else ""
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
