"""Before a tool is used on a request with worked examples, it has to agree with them.

A small model takes a tool whose words are near; the examples tell whether it is the right one. A
model that chooses well may need the tool for one step only, so there it is told and decides.
"""

from __future__ import annotations

from dataclasses import replace

from agentforge.agent import toolbox
from agentforge.agent.cases import read_cases, worked_lines
from agentforge.agent.dispatch import limits
from agentforge.agent.toolbox import Entry
from agentforge.agent.turn import Turn
from agentforge.errors import ToolInvalid
from agentforge.forge.cases import holds


async def contradicted(turn: Turn, entry: Entry) -> bool:
    """Whether the request's own worked examples speak against this tool."""
    if not worked_lines(turn.text):
        return False
    if not read_cases(turn.text, entry.signature):  # a tool that cannot even take their values is for something else
        return True
    if told := await contradiction(turn, entry):
        turn.emit("notice", {"message": f"{told}: not used."})
        return True
    return False


async def contradiction(turn: Turn, entry: Entry) -> str:
    """How a tool that takes the values of the request's worked examples differs from them; empty if it does not,
    or if it reaches something and so cannot be tried without doing what it does.
    """
    cases = read_cases(turn.text, entry.signature)
    if not cases:
        return ""
    try:
        packages = await toolbox.granted_set(turn.parts, entry.tool)
    except ToolInvalid:
        return f"The tool {entry.name} declares packages that its registry has not locked"
    needs = await toolbox.closure(turn.parts, entry.tool.depends)
    if needs.apart or not replace(entry.tool.manifest.capabilities, packages=()).none:
        return ""
    box = await turn.parts.box()
    many = [case.args for case in cases]
    results = await box.call_many(
        entry.tool.source, entry.name, many, toolbox=needs.sources, limits=limits(turn), packages=packages
    )
    wrong = sum(not holds(case, result) for case, result in zip(cases, results, strict=True))
    return f"The tool {entry.name} gives other results than {wrong} of the {len(cases)} examples" if wrong else ""
