"""``agentforge chat``: a line loop. Ctrl-C interrupts a turn, Ctrl-D leaves, the session is kept.

Reading a line happens outside the event loop, so that Ctrl-C at the prompt is the terminal's own.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress

from agentforge.api import Forge
from agentforge.cli.failure import present
from agentforge.cli.options import Who
from agentforge.cli.output import Output, one_line
from agentforge.cli.progress import view_for
from agentforge.cli.running import footer, sources
from agentforge.cli.turns import INTERRUPTED, Ending, choose_session, follow, need_stdin
from agentforge.errors import UsageError
from agentforge.settings import load
from agentforge.types import Usage

HELP = """/tools     what can be used here
/session   the id of this session
/new       start a new session
/help      this
Ctrl-C interrupts a turn, Ctrl-D leaves; every word is kept and can be continued."""


def chat(who: Who, *, latest: bool, resume: str | None) -> int:
    """Talks until Ctrl-D; returns 0, since leaving a conversation is no failure.

    Raises:
        UsageError: stdin is closed, or as :func:`choose_session`.
    """
    need_stdin("Start it in a terminal, or pipe lines in; one task alone is: agentforge run -p TEXT")
    settings = load(overrides=who.overrides())
    _line_editing()
    output = Output()
    forge = Forge(user=settings.user, org=settings.org, settings=settings, on_notice=output.warn)
    with asyncio.Runner() as runner:
        runner.run(forge.open())
        try:
            session = runner.run(choose_session(forge, latest=latest, resume=resume))
            return _Conversation(runner, forge, output, session).hold()
        finally:
            runner.run(forge.aclose())


def _line(output: Output) -> str:
    """One line; from a pipe without ``input``, which writes to stdout even where there is no prompt.

    Raises:
        EOFError: there are no more.
    """
    if sys.stdin.isatty() and sys.stdout is not None:
        return input(_prompt(output))
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _prompt(output: Output) -> str:
    """Bold where colours are wanted, the escapes marked so that readline skips them."""
    plain = output.err.no_color or not output.err.is_terminal
    return "\n› " if plain else "\n\001\033[1;36m\002›\001\033[0m\002 "


def _line_editing() -> None:
    """History and cursor keys at the prompt, where Python has them."""
    with suppress(ImportError):
        import readline

        readline.parse_and_bind("set enable-bracketed-paste on")


class _Conversation:
    """The loop: one line, one turn."""

    def __init__(self, runner: asyncio.Runner, forge: Forge, output: Output, session: str | None) -> None:
        self._runner = runner
        self._forge = forge
        self._output = output
        self._session = session
        self._talked = False

    def hold(self) -> int:
        self._greet()
        while (line := self._read()) is not None:
            if line.startswith("/"):
                if self._command(line) == "quit":
                    break
            elif line:
                self._turn(line)
        self._end()
        if self._session:
            self._output.note(f"Kept as session {self._session}: agentforge chat -r {self._session}")
        return 0

    def _greet(self) -> None:
        live = len(self._forge.tools())
        again = f" · session {self._session}" if self._session else ""
        self._output.note(
            f"{self._forge.settings.user} · {live} tool{'s' if live != 1 else ''}{again} · /help, Ctrl-D leaves"
        )

    def _read(self) -> str | None:
        """One line; None at the end. Ctrl-C at the prompt throws the line away."""
        while True:
            try:
                return _line(self._output).strip()
            except KeyboardInterrupt:
                self._output.note("\n(Ctrl-D leaves)")
            except EOFError:
                self._output.err.print()
                return None
            except UnicodeDecodeError:
                self._output.note("That was no UTF-8 text.", "yellow")

    def _command(self, line: str) -> str:
        word = line.split()[0]
        if word in ("/quit", "/exit", "/q"):
            return "quit"
        if word == "/tools":
            for tool in self._forge.tools():
                self._output.text(f"{tool.name:<28} {one_line(tool.manifest.summary, 90)}")
        elif word == "/session":
            self._output.text(self._session or "none yet: it begins with your first line")
        elif word == "/new":
            self._end()
            self._session = None
            self._output.note("A new session begins with your next line.")
        else:
            self._output.note(HELP if word == "/help" else f"There is no {word}.\n{HELP}")
        return ""

    def _end(self) -> None:
        """The session is over: what is worth keeping of it is kept. Ctrl-C leaves that to another time."""
        if self._session is None or not self._talked:
            return
        self._talked = False
        try:
            for kept in self._runner.run(self._forge.end_session(self._session)):
                if kept.tool:
                    self._output.note(f"Learned: {kept.tool} answers such questions from now on.")
        except KeyboardInterrupt:
            self._output.note("Left as it is.", "yellow")
        except Exception as error:  # noqa: BLE001 - the conversation is over and kept, whatever fails now
            present(error, "text")

    def _turn(self, line: str) -> None:
        try:
            self._check(line)
            ending, spent, seconds = self._runner.run(self._play(line))
        except KeyboardInterrupt:
            self._output.note("Interrupted.", "yellow")
            return
        except Exception as error:  # noqa: BLE001 - a failed turn must not end the conversation
            present(error, "text")
            return
        self._session = ending.session or self._session
        self._talked = True
        self._conclude(ending, spent, seconds)

    def _check(self, line: str) -> None:
        limit = self._forge.settings.agent.prompt_bytes
        if len(line.encode("utf-8", "surrogateescape")) > limit:
            raise UsageError(
                f"That line is longer than {limit:,} bytes.", fix="Shorten it, or raise agent.prompt_bytes."
            )

    async def _play(self, line: str) -> tuple[Ending, dict[str, Usage], float]:
        started, before = time.monotonic(), dict(self._forge.usage)
        with view_for(self._output.err) as view:
            ending = await follow(self._forge.stream(line, session=self._session), view.show)
        spent = {str(role): usage - before.get(role, Usage()) for role, usage in self._forge.usage.items()}
        return ending, spent, time.monotonic() - started

    def _conclude(self, ending: Ending, spent: dict[str, Usage], seconds: float) -> None:
        if ending.code == 0:
            with self._output.keeping(ending.text("answer"), f"agentforge chat -r {ending.session}"):
                self._output.text(ending.text("answer"))
            for told in sources(ending):
                self._output.note(told)
            self._output.note(footer(Ending(0, ending.data, ""), spent, seconds))
        elif ending.code == INTERRUPTED:
            self._output.note("Interrupted; go on with another line.", "yellow")
        else:
            said = [ending.text("message"), ending.text("fix")]
            self._output.note("\n  ".join(part for part in said if part) or "That failed.", "red")
