"""Before a tool is used on a request with worked examples, it has to agree with them.

A small model takes a tool whose words are near; the examples tell whether it is the right one.
"""

from __future__ import annotations

from agentforge.agent import toolbox
from agentforge.agent.cases import read_cases, worked_lines
from agentforge.agent.dispatch import limits
from agentforge.agent.toolbox import Entry
from agentforge.agent.turn import Turn


async def contradicted(turn: Turn, entry: Entry) -> bool:
    """Whether the request's own worked examples speak against this tool."""
    lines = worked_lines(turn.text)
    if not lines:
        return False
    cases = read_cases(turn.text, entry.signature)
    if not cases:  # a tool that cannot even take the values of the examples is for something else
        return True
    needed = await toolbox.closure(turn.parts, entry.tool.depends)
    box = await turn.parts.box()
    many = [case.args for case in cases]
    results = await box.call_many(entry.tool.source, entry.name, many, toolbox=needed, limits=limits(turn))
    wrong = [case for case, result in zip(cases, results, strict=True) if not result.ok or result.value != case.returns]
    if wrong:
        told = f"The tool {entry.name} gives other results than {len(wrong)} of the {len(cases)} examples: not used."
        turn.emit("notice", {"message": told})
    return bool(wrong)
