"""One file of ``tools/``: a right tool in cells, as of the percent format of notebooks.

``# %% tool``
    The source, its docstring being all that a user was promised.
``# %% cases``
    ``[(arguments, result or exception class), …]``, written by hand: the strong suite.
``# %% tests``
    More tests of that suite, as they are.
``# %% examples``
    ``[arguments, …]`` as a user would give them; their results are what the tool gives.
``# %% fresh``
    An expression for the arguments of one fresh input, in the words of :mod:`~benchmarks.planted.inside`.
``# %% wrong NAME: the mistake``
    Edits that make it wrong: lines ``#- `` are replaced by the lines ``#+ `` that follow; ``#~`` begins
    another edit. ``#= lookup`` is instead a table of the visible examples, ``#= constant`` always the
    commonest result. ``[plain]`` behind the mistake: the examples stay as they are, though it fails some;
    else those are left out, so that it passes all that a user gave.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

from agentforge.errors import UsageError

TOOLS = Path(__file__).with_name("tools")
GENERATED = ("lookup", "constant")
_CELL = re.compile(r"^# %% (.+)\n", re.MULTILINE)
_WRONG = re.compile(r"wrong (\w+): (.+?)( \[plain\])?")


@dataclass(frozen=True)
class Mistake:
    """A wrong tool: ``source`` where it is an edit, else ``generated`` tells how it is made."""

    name: str
    told: str
    plain: bool
    source: str = ""
    generated: str = ""


@dataclass(frozen=True)
class Planted:
    """A right tool, and what is made of it. ``examples`` and ``fresh`` are expressions for the box."""

    name: str
    tool: str
    tests: str
    examples: str
    fresh: str
    mistakes: tuple[Mistake, ...] = field(default=())


def read_all(folder: Path = TOOLS) -> list[Planted]:
    """All right tools by name.

    Raises:
        UsageError: a file is malformed.
    """
    return [read(file.stem, file.read_text("utf-8")) for file in sorted(folder.glob("*.py"))]


def read(name: str, text: str) -> Planted:
    """One right tool from its file.

    Raises:
        UsageError: a cell is missing or unknown, or an edit does not fit.
    """
    head, *rest = _CELL.split(text)
    cells = dict(zip(rest[::2], rest[1::2], strict=True))
    plain = {title: body.strip("\n") + "\n" for title, body in cells.items() if not title.startswith("wrong ")}
    unknown = set(plain) - {"tool", "cases", "tests", "examples", "fresh"}
    missing = {"tool", "examples", "fresh"} - set(plain)
    if head.strip() or unknown or missing or len(cells) * 2 != len(rest):
        raise _malformed(name, f"cells are missing, unknown or twice there: {sorted(unknown | missing)}")
    suite = _suite(name, plain.get("cases", "[]"), plain.get("tests", ""))
    mistakes = [
        _mistake(name, plain["tool"], title, body) for title, body in cells.items() if title.startswith("wrong ")
    ]
    return Planted(name, plain["tool"], suite, plain["examples"], plain["fresh"], tuple(mistakes))


def _suite(name: str, cases: str, tests: str) -> str:
    """The strong suite as a pytest file: a row for each case, results and errors apart."""
    listed = ast.parse(cases.strip(), mode="eval").body
    if not isinstance(listed, ast.List):
        raise _malformed(name, "its cases are no list")
    returns, raises = [], []
    for case in listed.elts:
        if not isinstance(case, ast.Tuple) or len(case.elts) != 2:
            raise _malformed(name, "a case is no pair")
        args, wanted = (ast.unparse(part) for part in case.elts)
        if wanted.endswith("Error"):
            raises.append(f"    ({args}, {wanted}),\n")
        else:
            returns.append(f"    ({args}, {wanted}),\n")
    parts = (
        [f"import pytest\nfrom tool import {name}\n"]
        if "pytest" in tests or returns
        else [f"from tool import {name}\n"]
    )
    if returns:
        parts.append(
            f'@pytest.mark.parametrize(("args", "expected"), [\n{"".join(returns)}])\n'
            f"def test_results(args, expected):\n    assert {name}(*args) == expected\n"
        )
    if raises:
        parts.append(
            f'@pytest.mark.parametrize(("args", "error"), [\n{"".join(raises)}])\n'
            f"def test_refusals(args, error):\n    with pytest.raises(error):\n        {name}(*args)\n"
        )
    return "\n\n".join([*parts, *([tests] if tests else [])])


def _mistake(name: str, tool: str, title: str, body: str) -> Mistake:
    found = _WRONG.fullmatch(title)
    if not found:
        raise _malformed(name, f"{title!r} names no mistake")
    lines = [line for line in body.split("\n") if line.strip()]
    if len(lines) == 1 and lines[0].startswith("#= "):
        generated = lines[0].removeprefix("#= ").strip()
        if generated not in GENERATED:
            raise _malformed(name, f"{title}: {generated!r} cannot be made")
        return Mistake(found[1], found[2], bool(found[3]), generated=generated)
    return Mistake(found[1], found[2], bool(found[3]), source=edited(name, tool, lines))


def edited(name: str, tool: str, lines: list[str]) -> str:
    """``tool`` after the edits.

    Raises:
        UsageError: a line is no edit, or what is replaced does not stand there exactly once.
    """
    for edit in _edits(name, lines):
        old = "".join(line[3:] + "\n" for line in edit if line.startswith("#-"))
        new = "".join(line[3:] + "\n" for line in edit if line.startswith("#+"))
        if not old or f"\n{tool}".count(f"\n{old}") != 1:
            raise _malformed(name, f"this does not stand there exactly once:\n{old}")
        tool = f"\n{tool}".replace(f"\n{old}", f"\n{new}")[1:]
    return tool


def _edits(name: str, lines: list[str]) -> list[list[str]]:
    edits: list[list[str]] = [[]]
    for line in lines:
        if line == "#~":
            edits.append([])
        elif line[:3] in ("#- ", "#+ ", "#-", "#+"):
            edits[-1].append(line)
        else:
            raise _malformed(name, f"{line!r} is no edit")
    return edits


def _malformed(name: str, problem: str) -> UsageError:
    return UsageError(f"benchmarks/planted/tools/{name}.py: {problem}")
