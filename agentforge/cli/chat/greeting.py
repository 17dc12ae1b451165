"""The first words of a conversation: one line, or, the first time, what this is, in under a screen."""

from __future__ import annotations

from rich.text import Text

from agentforge.api import Forge
from agentforge.cli.output import Output, presentable
from agentforge.errors import ConfigurationError
from agentforge.types import Role

NO_MODEL = """No model is set up yet. One of these, then again:
  agentforge model up          a local model, free, about 11 GB of disk
  export ANTHROPIC_API_KEY=…   Claude"""

FIRST = (
    "AgentForge keeps what it had to work out. Where it lacks a function, it writes one, tests it in a sandbox and "
    "keeps it as a tool in a git registry of yours, for the next time. You see each step, and you are asked before "
    "anything leaves the sandbox.\n"
)

TRY = """
  How many seconds are 2h 45m?        ask for anything
  /tools                              what it can do already
  /help                               everything else

Enter sends, Alt-Enter begins a new line, Ctrl-C stops a turn, Ctrl-D leaves.
`agentforge doctor` checks that all of it works here."""


def greet(output: Output, forge: Forge, session: str | None, *, first: bool) -> None:
    """Says who is there, and with what."""
    settings, model = forge.settings, _model(forge)
    live = len(forge.tools())
    tools = f"{live} tool{'s' if live != 1 else ''}"
    if first:
        _say(output, FIRST)
        _say(output, f"  model     {model or 'none yet'}")
        _say(output, f"  tools     {live} to start with")
        _say(output, f"  kept in   {settings.home}")
        if model:
            _say(output, TRY)
    else:
        again = f"session {session}" if session else ""
        facts = [settings.user, tools, model, again, "/help, Ctrl-D leaves"]
        output.note(" · ".join(fact for fact in facts if fact))
    if not model:
        output.note(NO_MODEL, "yellow")


def _say(output: Output, text: str) -> None:
    """Flowing text, as wide as the terminal and no wider than reads well."""
    width = min(output.err.width, 100)
    for part in text.split("\n"):
        output.err.print(Text(presentable(part)), width=width, soft_wrap=False)


def _model(forge: Forge) -> str:
    """What answers turns; empty where nothing is set up."""
    try:
        return forge.settings.endpoint(Role.PLAN).model
    except ConfigurationError:
        return ""
