"""What is asked before a tool reaches out, or is put to use, while a turn waits: and for how long the answer holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from rich.text import Text

from agentforge.api import Forge
from agentforge.approval import Allow, ApprovalRequest, Decision, Defer, Deny
from agentforge.cli.chat.lines import Lines
from agentforge.cli.output import Output, one_line
from agentforge.cli.progress import View

SHORT = 12
"""Characters of a version that people are shown."""

_ARGUMENT = 200
"""Characters of one argument that are shown: what goes out has to be seen."""

CALL = (
    ("o", "once"),
    ("s", "this session"),
    ("a", "always for this tool"),
    ("n", "no, or no: why"),
    ("l", "later: the run waits"),
)
TOOL = (
    ("y", "put it to use"),
    ("n", "no, it is taken away, or no: why"),
    ("l", "later: it stays in the queue, and the run waits"),
)


class Asker:
    """Asks the person at the terminal. ``view`` is what shows the turn meanwhile, ``stop`` ends the turn."""

    def __init__(self, forge: Forge, output: Output, lines: Lines, view: View, stop: Callable[[], object]) -> None:
        self._forge = forge
        self._output = output
        self._lines = lines
        self._view = view
        self._stop = stop

    async def decide(self, request: ApprovalRequest) -> Decision:
        """The decision of the user; one that was kept is not asked for again."""
        if request.kind == "call" and await self._forge.approvals.allowed(request):
            return Allow()
        self._view.pause()
        try:
            return await self._asked(request)
        finally:
            self._view.go_on()

    async def _asked(self, request: ApprovalRequest) -> Decision:
        choices = CALL if request.kind == "call" else TOOL
        self._show(request, choices)
        while True:
            try:
                said = await self._lines.answer(f"[{'/'.join(key for key, _ in choices)}]")
            except EOFError:
                return Defer()
            except KeyboardInterrupt:
                return await self._stopped()
            word, _, reason = said.partition(":")
            match (word.strip().lower()[:1], request.kind):
                case ("o", "call") | ("y", "tool"):
                    return Allow()
                case ("s", "call"):
                    await self._forge.approvals.remember(request, "session")
                    return Allow()
                case ("a", "call"):
                    await self._forge.approvals.remember(request, "always")
                    self._output.note(f"Kept: /ask {request.tool} takes it back.")
                    return Allow()
                case ("n", _):
                    return Deny(reason.strip())
                case ("l", _):
                    return Defer()
                case _:
                    self._output.note("One of the letters above, and Enter.")

    def _show(self, request: ApprovalRequest, choices: tuple[tuple[str, str], ...]) -> None:
        def say(text: str, style: str = "") -> None:
            self._output.err.print(Text(text, style=style), soft_wrap=False)

        by = f", called by {one_line(request.by, 60)}" if request.by else ""
        what = "wants to reach out" if request.kind == "call" else "was made and waits for you"
        say(
            f"? {one_line(request.tool, 60)} {what} (version {one_line(request.version[:SHORT], SHORT)}{by})",
            "bold yellow",
        )
        for name, value in request.args.items():
            say(f"  {one_line(name, 60)} = {one_line(json.dumps(value, ensure_ascii=False), _ARGUMENT)}")
        for right in request.rights:
            say(f"  may: {one_line(right, _ARGUMENT)}", "yellow")
        if request.kind == "tool":
            say(f"  why: {one_line(request.reason, 400)}")
            say(f"  /pending shows what it is; now or later: agentforge tools diff {one_line(request.tool, 60)}", "dim")
        for key, meaning in choices:
            say(f"  {key}  {meaning}")

    async def _stopped(self) -> Decision:
        """Ctrl-C at the question ends the turn, as it does anywhere in it."""
        self._stop()
        await asyncio.sleep(60)  # the turn is cancelled long before
        return Deny("the turn was stopped")


Asking = Callable[[ApprovalRequest], Coroutine[Any, Any, Decision]]
