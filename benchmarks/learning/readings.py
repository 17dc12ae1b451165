"""How a user reads an answer: what in a text of a model is its answer. The same for all arms.

A scorer wants the bare answer. Where a text has a mark (``Answer: …``), only what stands behind the last
one that has something behind it counts. Otherwise the whole text is taken, its last line, and what that says at
its end ("The sum is 12.").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARK = re.compile(r"(?i)\banswer\b[ \t]*(?:is)?[ \t]*\**[ \t]*:[ \t]*\**")
_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]*)\}")
_FRAME = " \t\n*`"
_SAYS = re.compile(r"(?:\b(?:is|are|was)\b:?|:)\s+")


def readings(text: str) -> list[str]:
    """What ``text`` may give as its answer, in the order in which a reader would try; none for an empty text."""
    marks = [mark for mark in _MARK.finditer(text) if text[mark.end() :].strip(_FRAME)]
    found = _forms(text[marks[-1].end() :]) if marks else [*_forms(text), *_said(text)]
    return list(dict.fromkeys(one for one in found if one))


def _forms(text: str) -> list[str]:
    bare = text.strip(_FRAME)
    boxed = _BOXED.findall(bare)
    return [bare, *(boxed[-1:]), bare.partition("\n")[0].strip(_FRAME)]


def _said(text: str) -> Sequence[str]:
    """The end of the last line: behind its last "is", "are" or colon, without the full stop."""
    last = _MARK.sub("", text).strip(_FRAME).rpartition("\n")[2]
    parts = _SAYS.split(last)
    ends = [parts[-1]] if len(parts) > 1 else []
    return [one.strip(_FRAME).removesuffix(".").strip(_FRAME + "\"'") for one in (last, *ends)]
