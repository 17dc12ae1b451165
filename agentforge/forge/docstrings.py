"""A docstring taken into its parts, whichever of the usual styles it is written in: Google's, NumPy's, Sphinx's fields
or plain paragraphs.

What belongs to the style alone (rules of dashes, types beside names) is no part of what is said, and left out; so
are sessions and sections of examples, whose words are data.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Literal, TypeAlias

About: TypeAlias = Literal["", "args", "raises"]
Part: TypeAlias = tuple[About, str]
"""What a text is about, and the text: of parameters as ``name: words``, of errors as ``Error: words``."""

_TITLE = re.compile(
    r"^[ \t]*(Args|Arguments|Parameters|Returns?|Yields|Raises|Examples?|Notes?|See Also|References):?[ \t]*"
    r"(?:\n[ \t]*(-{3,})[ \t]*)?$",
    re.MULTILINE,
)
_FIELD = re.compile(
    r"^[ \t]*:(param|parameter|arg|argument|raises?|except|exception|returns?|yields?|type|rtype)\b([^:\n]*):[ \t]*",
    re.MULTILINE,
)
_SESSION = re.compile(r"^[ \t]*>>> .*\n?(?:[ \t]*\S.*\n?)*", re.MULTILINE)
"""A line as typed into Python, and what follows until an empty one."""
_ABOUT: dict[str, About] = {
    **dict.fromkeys(("Args", "Arguments", "Parameters", "param", "parameter", "arg", "argument"), "args"),
    **dict.fromkeys(("Raises", "raises", "raise", "except", "exception"), "raises"),
}
_SILENT = frozenset({"Example", "Examples", "See Also", "References", "type", "rtype"})


def parts(docstring: str) -> Iterator[Part]:
    """All parts in order; what stands under no title is of the whole (``""``)."""
    before, *fields = _FIELD.split(_SESSION.sub("", docstring))
    yield from _titled(before)
    for kind, name, told in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
        if kind not in _SILENT:
            yield _ABOUT.get(kind, ""), f"{name.split()[-1]}: {told}" if name.strip() else told


def _titled(text: str) -> Iterator[Part]:
    before, *sections = _TITLE.split(text)
    yield "", before
    for title, rule, told in zip(sections[::3], sections[1::3], sections[2::3], strict=True):
        if title not in _SILENT:
            about = _ABOUT.get(title, "")
            yield about, _without_types(about, told) if rule else told


def _without_types(about: About, section: str) -> str:
    """A section of NumPy's style, where names and types stand at the margin, and below each what is said of it."""
    lines: list[str] = []
    for entry in re.split(r"^(?=\S)", textwrap.dedent(section.strip("\n")), flags=re.MULTILINE):
        head, _, told = entry.partition("\n")
        if about == "args":
            lines += (f"{name.strip()}: {told}" for name in head.partition(":")[0].split(","))
        elif about == "raises":
            lines.append(f"{head}: {told.strip()}")
        else:
            lines.append(told if told.strip() else head)
    return "\n".join(lines)
