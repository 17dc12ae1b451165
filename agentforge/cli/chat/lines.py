"""Where the lines of a conversation come from: a person's keys, or a pipe.

Keys are read by ``prompt_toolkit``: history, several lines, paste as one piece, completion, Ctrl-R. A terminal that
can do nothing (TERM=dumb) gets the library's plain prompt.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import is_dumb_terminal

from agentforge.cli.output import Output

Complete = Callable[[str], Iterable[tuple[str, str]]]
"""The words that may stand where a line ends, each with what it is."""

_STYLE = Style.from_dict({"mark": "bold ansicyan", "hint": "ansibrightblack", "question": "bold ansiyellow"})


class Lines(Protocol):
    """Gives one line, or several that were sent at once, after the other."""

    def read(self, runner: asyncio.Runner) -> str | None:
        """The next; empty where it was thrown away with Ctrl-C, None at the end."""
        ...

    async def answer(self, question: str) -> str:
        """What a person answers (raises EOFError: nobody is there; KeyboardInterrupt: Ctrl-C)."""
        ...


def somebody_types() -> bool:
    """Whether a person sits at this program's keys and sees what it says."""
    return sys.stdin.isatty() and (sys.stderr.isatty() or (sys.stdout is not None and sys.stdout.isatty()))


class Piped:
    """Lines of a pipe or a file; a backslash at its end joins one to the next."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def read(self, runner: asyncio.Runner) -> str | None:
        """The next; None at the end (raises KeyboardInterrupt)."""
        del runner
        text = ""
        while True:
            raw = sys.stdin.buffer.readline()  # decoded line by line, so that one that is wrong costs no other
            if not raw:
                return text or None
            try:
                text += raw.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                self._output.note("That was no UTF-8 text.", "yellow")
                continue
            if not text.endswith("\\"):
                return text.strip()
            text = f"{text[:-1]}\n"

    async def answer(self, question: str) -> str:
        """Nobody is there (raises EOFError)."""
        raise EOFError(question)


class Typed:
    """Keys of a terminal. What goes on in the background goes on while somebody types, and tells of itself above."""

    def __init__(self, output: Output, history: History, complete: Complete) -> None:
        self._output = output
        self._where = where = create_output(stdout=sys.stderr if sys.stderr.isatty() else sys.stdout)
        slash = Condition(lambda: self._session.default_buffer.text.startswith("/"))
        chosen = None if is_dumb_terminal() else where  # the library's plain prompt is for an output that nobody chose
        with create_app_session(output=where):
            self._session: PromptSession[str] = PromptSession(
                output=chosen,
                style=_STYLE,
                history=history,
                multiline=True,
                key_bindings=_keys(),
                completer=_Words(complete),
                complete_while_typing=slash,
                reserve_space_for_menu=5,
                prompt_continuation=_continued,
                enable_open_in_editor=True,
            )
            self._questions: PromptSession[str] = PromptSession(output=chosen, style=_STYLE)
        self._hint = "Ask for something, or /help"

    def read(self, runner: asyncio.Runner) -> str | None:
        """The next; empty where it was thrown away with Ctrl-C, None at the end."""
        self._output.err.print()
        try:
            return runner.run(self._read())
        except KeyboardInterrupt:  # a signal from outside: keys come as keys
            return ""

    async def _read(self) -> str | None:
        hint: StyleAndTextTuples = [("class:hint", self._hint)]
        mark: StyleAndTextTuples = [("class:mark", "› ")]
        try:
            with create_app_session(output=self._where), patch_stdout(raw=True):  # news come above what is typed
                text = await self._session.prompt_async(mark, placeholder=hint, handle_sigint=False)
        except KeyboardInterrupt:
            self._output.note("(Ctrl-D leaves)")
            return ""
        except EOFError:
            return None
        self._hint = ""
        return text.strip()

    async def answer(self, question: str) -> str:
        """What is answered on one line (raises EOFError, KeyboardInterrupt)."""
        clear_typeahead(self._questions.app.input)
        _forget_typed()
        asked: StyleAndTextTuples = [("class:question", f"{question} ")]
        return (await self._questions.prompt_async(asked, handle_sigint=False)).strip()


def _continued(width: int, line: int, wrapped: int) -> StyleAndTextTuples:
    """What stands before a further line: a mark where it is a line of its own."""
    del width, line
    return [("class:mark", "  " if wrapped else "· ")]


class _Words(Completer):
    """Completion from a function of the text up to the cursor."""

    def __init__(self, complete: Complete) -> None:
        self._complete = complete

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """The words that begin like the one that is being typed."""
        del complete_event
        text = document.text_before_cursor
        begun = text.rpartition(" ")[2] if " " in text else text
        for word, what in self._complete(text):
            if word.startswith(begun):
                yield Completion(word, start_position=-len(begun), display_meta=what)


def _keys() -> KeyBindings:
    """Enter sends; Alt-Enter, or a backslash before Enter, begins a new line.

    Ctrl-J stays Enter: what was typed before the prompt was there has that in the place of each Enter.
    """
    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None  # what was chosen stands in the line; the next Enter sends it
        elif buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def go_down(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    del send, go_down  # the library holds them
    return keys


@contextmanager
def keys_unheard() -> Generator[None]:
    """While a turn runs keys are not echoed into what is shown of it; what is typed is there afterwards."""
    if not sys.stdin.isatty():
        yield
        return
    import termios

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(number, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _forget_typed() -> None:
    """What was typed before a question was seen does not answer it."""
    if sys.stdin.isatty():
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
