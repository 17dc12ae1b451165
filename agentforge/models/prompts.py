"""The prompts: files ``prompts/NAME.md`` with named blanks, ``{{blank}}``.

Each begins with an HTML comment that says which role reads it and what must come back; the comment
is for people and never sent. Filling is a single pass: what stands in a value is never taken for a
blank, so hostile or merely odd text cannot reach another one.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "prompts"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)
_BLANK = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")


def render(name: str, /, **blanks: str) -> str:
    """The prompt ``name`` with every blank filled.

    Raises:
        ValueError: no such prompt, it lacks its leading comment, a blank was left over, or one was
            given that the prompt does not have; all mismatches are named.
    """
    text = _text(name)
    wanted = set(_BLANK.findall(text))
    problems = [f"blank {blank!r} left over" for blank in sorted(wanted - blanks.keys())]
    problems += [f"unknown blank {blank!r}" for blank in sorted(blanks.keys() - wanted)]
    if problems:
        raise ValueError(f"prompt {name!r}: {'; '.join(problems)}")
    return _BLANK.sub(lambda match: blanks[match[1]], text)


def names() -> list[str]:
    """All prompts there are, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


@cache
def fingerprint(name: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the prompt file, for provenance.

    Raises:
        ValueError: no such prompt.
    """
    return hashlib.sha256(_file(name).encode()).hexdigest()[:12]


@cache
def _text(name: str) -> str:
    text = _file(name)
    comment = _COMMENT.match(text)
    if comment is None:
        raise ValueError(f"prompt {name!r}: begins with no <!-- role, what must come back --> comment")
    return text[comment.end() :].rstrip()


def _file(name: str) -> str:
    path = FOLDER / f"{name}.md"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise ValueError(f"prompt {name!r}: no such file; there are {', '.join(names()) or 'none'}")
    return path.read_text("utf-8")
