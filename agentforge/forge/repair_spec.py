"""A standing tool read as a need once more, and what a model wrote made into its next version."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agentforge.forge.literals import literal, literals
from agentforge.forge.rewriting import function_of, with_docstring, with_signature, without_demonstrations
from agentforge.forge.spec import Spec, split_rules
from agentforge.registry.contract import docstring_of
from agentforge.registry.tool import Tool
from agentforge.types import Example, Need

SHOWN_OLD = 6
"""Old examples that a generator sees; all others are checked all the same."""

_RAISES = re.compile(r"^[ \t]*Raises:?[ \t]*$", re.MULTILINE)


def repair_spec(tool: Tool, regressions: Sequence[Example], secrets: Collection[str] = ()) -> Spec:
    """What a repair has to do: the docstring's rules, some old examples and every regression.

    Held-out examples stay so. An old example that a regression replaces is left out.
    """
    sources = {one.source for one in regressions}
    truths = [one for one in tool.examples if one.ground_truth and one.source not in sources]
    old = [one for one in truths if not one.held_out][:SHOWN_OLD]
    purpose = _RAISES.sub("", docstring_of(tool.source, tool.name)).strip() or tool.manifest.summary
    need = Need(
        name=tool.name,
        signature=tool.manifest.signature,
        purpose=purpose,
        examples=(*old, *regressions),
        requests=tool.manifest.requests,
        capabilities=tool.manifest.capabilities,
    )
    return Spec(
        need=need,
        signature=tool.signature,
        rules=split_rules(purpose),
        visible=(*old, *regressions),
        held_out=tuple(one for one in truths if one.held_out),
        truths=len(truths) + sum(one.ground_truth for one in regressions),
        secrets=frozenset(secrets),
    )


def finished(tool: Tool, source: str, regressions: Sequence[Example]) -> str:
    """A draft with the old signature and docstring, and without demonstrations at its top level.

    An error that a regression asks for and the docstring does not name is added to it.
    """
    source = without_demonstrations(source)
    function = function_of(source, tool.name)
    if function is None:
        return source
    expected = tool.signature.parameters.get("properties", {})
    if isinstance(expected, dict) and [one.arg for one in function.args.args] == list(expected):
        source = with_signature(source, tool.name, tool.signature.text)
    return with_docstring(source, tool.name, _docstring(tool, regressions))


def _docstring(tool: Tool, regressions: Sequence[Example]) -> str:
    text = docstring_of(tool.source, tool.name)
    asked = dict.fromkeys(one.raises for one in regressions if one.raises)
    missing = [f"    {name}: as the examples show." for name in asked if name not in tool.signature.raises]
    if not missing:
        return text
    heading = _RAISES.search(text)
    if heading is None:
        return "\n".join([text.rstrip(), "", "Raises:", *missing])
    return "\n".join([text[: heading.end()], *missing]) + text[heading.end() :]


def may_be_by_heart(source: str, old_source: str, regressions: Sequence[Example]) -> bool:
    """Whether code may answer a failing example by heart: its very arguments stand in it as literals, not all of
    which stood there before, and so does its result.

    A right repair may look so as well (a new unit in a table). What it does not find: an input taken apart.
    """
    before, after = literals(old_source), literals(source)
    return any(
        given <= after and bool(given - before) and (one.raises is not None or literal(one.returns) in after)
        for one in regressions
        if (given := {literal(value) for value in one.args.values()})
    )
