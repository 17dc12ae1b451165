"""What the command line prints: results on stdout, everything else on stderr.

With ``json`` the last line of stdout is one object whose ``status`` agrees with ``exit_code``, also
when the command failed; with ``stream-json`` every event stands on a line of its own before it.
Text that models or tools wrote may hold terminal escapes: :func:`presentable` disarms them.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from agentforge.errors import StorageError
from agentforge.types import JSON, JSONObject

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 controls, separators of lines and paragraphs, and what changes the direction (Unicode, UAX #9)."""

_UNSEEN = re.compile(r"[\u00ad\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
"""Characters without a width, which make one word look like another."""

FORMS = ("text", "json", "stream-json")

STATUS_OF_CODE = {0: "completed", 5: "limited", 6: "waiting", 124: "timed_out", 130: "interrupted"}
"""The word that goes with an exit code; every other code is ``failed``."""


def status_of(code: int) -> str:
    """The ``status`` of a JSON result that ends with ``code``."""
    return STATUS_OF_CODE.get(code, "failed")


def presentable(text: str) -> str:
    """``text`` without control characters, escapes and direction overrides (newlines and tabs stay); what has no
    width is shown by its number, as the web pages do.
    """
    shown = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
    return _UNSEEN.sub(lambda found: f"\N{LEFT ANGLE BRACKET}U+{ord(found[0]):04X}\N{RIGHT ANGLE BRACKET}", shown)


def one_line(text: str, width: int) -> str:
    """``text`` on one line of at most ``width`` characters, disarmed."""
    flat = " ".join(presentable(text).split())
    return flat if len(flat) <= width else flat[: max(width - 1, 0)] + "…"


class Output:
    """The two streams of one command."""

    def __init__(self, form: str = "text") -> None:
        self.form = form
        self.err = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)

    @property
    def json(self) -> bool:
        """Whether stdout carries JSON."""
        return self.form != "text"

    def note(self, text: str, style: str = "dim") -> None:
        """One remark on stderr."""
        self.err.print(Text(presentable(text), style=style), soft_wrap=not self.err.is_terminal)

    def warn(self, text: str) -> None:
        """Something that a person should know, on stderr."""
        self.note(f"! {text}", "yellow")

    def line(self, record: JSONObject) -> None:
        """One JSON object on a line of stdout, at once (raises as :meth:`text`); in ASCII where a
        terminal would obey other characters.
        """
        _write(json.dumps(record, ensure_ascii=_terminal(), allow_nan=False))

    def text(self, text: str) -> None:
        """Text of a result on stdout; disarmed only where a terminal would obey it.

        Raises:
            StorageError: stdout does not take it: it is closed, or full.
            BrokenPipeError: its reader went away, which is no failure of ours.
        """
        _write(presentable(text) if _terminal() else text)

    def finish(self, text: str | RenderableType, data: JSONObject, code: int = 0) -> int:
        """Prints the result of a command in the form asked for; returns ``code`` (raises as :meth:`text`)."""
        if self.json:
            self.line({"status": status_of(code), "exit_code": code, **data})
        elif not isinstance(text, str):
            _write(_drawn(text))
        elif text:
            self.text(text)
        return code

    @contextmanager
    def keeping(self, answer: str, command: str) -> Generator[None]:
        """An answer that was paid for and that stdout does not take goes to stderr.

        Raises:
            StorageError: stdout did not take it; the fix names ``command``, which goes on with the session.
        """
        try:
            yield
        except StorageError as error:
            self.err.print(Text(presentable(answer)))
            fix = f"The answer stands above on stderr; go on with: {command}"
            raise StorageError(error.message, fix=fix) from error


def _write(text: str) -> None:
    """Whole lines on stdout, at once: what cannot be written is noticed here, not when the program ends."""
    if sys.stdout is None:
        raise StorageError("The result could not be written to stdout: it is closed.")
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StorageError(f"The result could not be written to stdout: {why}.") from error


def _terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _drawn(shown: RenderableType) -> str:
    """A table (or page) as wide as the terminal, or as it needs where there is none."""
    drawn, terminal = io.StringIO(), _terminal()  # not captured from stdout: the library would write to that as well
    console = Console(
        file=drawn,
        force_terminal=terminal or None,
        markup=False,
        highlight=False,
        emoji=False,
        width=None if terminal else 10_000,
    )
    console.print(shown, soft_wrap=not isinstance(shown, Table))
    return "".join(line.rstrip() + "\n" for line in drawn.getvalue().splitlines())


def table(*columns: str) -> Table:
    """An empty table in the house's plain look."""
    made = Table(box=None, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name)
    return made


def cell(value: JSON, width: int = 200) -> Text:
    """One cell of a table; never markup, never an escape."""
    return Text(one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), width))


def agreed(output: Output, question: str) -> bool:
    """Whether a person says yes; where none sits here, or a program reads, nobody does."""
    if output.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return typer.confirm(question, default=False, err=True)
