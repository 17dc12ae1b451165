"""A box that runs what these tests wrote themselves, in this process: quick, and no isolation at all."""

from __future__ import annotations

from agentforge.boxes.protocol import Box, CallResult
from agentforge.settings import SandboxSettings
from agentforge.testing.box import FakeBox, Run, raised, returned


def runs(run: Run) -> CallResult:
    names: dict[str, object] = {}
    exec(run.source, names)
    tool = names[run.entry]
    assert callable(tool)
    try:
        return returned(tool(**run.args))
    except ValueError as error:
        return raised(type(error).__name__, str(error))


async def open_box(settings: SandboxSettings) -> Box:
    return FakeBox(runs)
