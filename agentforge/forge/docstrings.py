"""A docstring taken into its parts, whichever of the usual styles it is written in: Google's, NumPy's, Sphinx's fields
or plain paragraphs.

What belongs to the style alone (rules of dashes, types beside names) is no part of what is said, and left out; so
are sessions and sections of examples, whose words are data. Docstrings are strangers' texts: each pattern here is
tried once a line and never tries the same blanks twice.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

About: TypeAlias = Literal["", "args", "raises"]
Part: TypeAlias = tuple[About, str]
"""What a text is about, and the text: of parameters as ``name: words``, of errors as ``Error: words``."""

MOST_READ = 8_000
"""So many characters of a docstring are read, runs of blanks and of empty lines counted as one."""

_ABOUT: dict[str, About] = {
    **dict.fromkeys(
        ("Args", "Arguments", "Parameters", "Keyword Args", "Keyword Arguments", "Other Parameters"), "args"
    ),
    **dict.fromkeys(("param", "parameter", "arg", "argument"), "args"),
    **dict.fromkeys(("Raises", "raises", "raise", "except", "exception"), "raises"),
}
_SILENT = frozenset({"Example", "Examples", "See Also", "References", "Attributes", "Todo", "type", "rtype"})
_OF_THE_WHOLE = frozenset(
    {"Return", "Returns", "Yield", "Yields", "Note", "Notes", "Warning", "Warnings", "Warns", "return", "returns"}
)
_TITLES = _ABOUT.keys() | _SILENT | _OF_THE_WHOLE
_TITLE = re.compile(r"[ \t]*+([A-Z]\w*(?: \w+)?)(:?)")
_RULE = re.compile(r"[ \t]*+-{3,}+")
_FIELD = re.compile(
    r"[ \t]*+:(param|parameter|arg|argument|raises?|except|exception|returns?|yields?|type|rtype)\b([^:]*+):(.*)"
)


@dataclass(frozen=True, slots=True)
class _Section:
    """Where a text stands: ``indent`` and ``ruled`` are those of its title, ``name`` is that of a field."""

    about: About = ""
    silent: bool = False
    ruled: bool = False
    indent: int = 0
    name: str = ""


def parts(docstring: str) -> Iterator[Part]:
    """All parts in order; what stands under no title, or under one that is not known, is of the whole (``""``)."""
    section, told, in_session = _Section(), list[str](), False
    lines = _read(docstring).split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        started = _field(line) or _known(line, below) or (None if in_session else _unknown(line, below, section))
        if started:
            yield from _said(section, told)
            section, told = started
            in_session = False
            continue
        in_session = bool(line) and (in_session or line.lstrip().startswith(">>> "))
        if not in_session:
            told.append(line)
    yield from _said(section, told)


def _read(docstring: str) -> str:
    """The beginning of it, without the blanks that say nothing."""
    text = "\n".join(line.rstrip() for line in docstring.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"(?<=\S)[ \t]{2,}", " ", text))[:MOST_READ]


def _field(line: str) -> tuple[_Section, list[str]] | None:
    if found := _FIELD.fullmatch(line):
        kind, name, told = found.groups()
        about = _ABOUT.get(kind, "")
        name = name.strip() if about == "raises" else name.split()[-1] if name.strip() else ""
        return _Section(about, kind in _SILENT, name=name), [told]
    return None


def _known(line: str, below: str) -> tuple[_Section, list[str]] | None:
    found = _TITLE.fullmatch(line)
    return _titled(line, below, found[1]) if found and found[1] in _TITLES else None


def _unknown(line: str, below: str, section: _Section) -> tuple[_Section, list[str]] | None:
    """A title that nobody knows ends what is said of parameters and errors: a colon behind it, or a rule below it
    where theirs had one, and no further in than theirs.
    """
    found = _TITLE.fullmatch(line) if section.about else None
    if found is None or _indent(line) > section.indent or found[1].endswith(("Error", "Exception")):
        return None
    return _titled(line, below, found[1]) if (_RULE.fullmatch(below) if section.ruled else found[2]) else None


def _titled(line: str, below: str, title: str) -> tuple[_Section, list[str]]:
    ruled = _RULE.fullmatch(below) is not None
    return _Section(_ABOUT.get(title, ""), title in _SILENT, ruled, _indent(line)), []


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _said(section: _Section, lines: Sequence[str]) -> Iterator[Part]:
    text = "\n".join(lines[1:] if section.ruled else lines)
    if text.strip() and not section.silent:
        told = _without_types(section.about, text) if section.ruled else text
        yield section.about, f"{section.name}: {told}" if section.name else told


def _without_types(about: About, section: str) -> str:
    """A section of NumPy's style, where names and types stand at the margin, and below each what is said of it.
    Names that share their words repeat them, but together not more than is read anyway.
    """
    lines: list[str] = []
    for entry in re.split(r"^(?=\S)", textwrap.dedent(section.strip("\n")), flags=re.MULTILINE):
        head, _, told = entry.partition("\n")
        if about == "args":
            names = head.partition(":")[0].split(",")
            lines += (f"{name.strip()}: {told[: MOST_READ // len(names)]}" for name in names)
        elif about == "raises":
            lines.append(f"{head}: {told.strip()}")
        else:
            lines.append(told if told.strip() else head)
    return "\n".join(lines)
