"""How a failed command ends: one sentence and its fix on stderr, the right exit code, no traceback.

``AGENTFORGE_DEBUG=1`` adds the traceback.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from asyncio import CancelledError
from contextlib import suppress

import typer

from agentforge.cli.output import FORMS, Output, presentable
from agentforge.errors import AgentForgeError, StorageError, UsageError
from agentforge.settings import switch
from agentforge.types import JSONObject

USAGE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
"""What a shell reports for a program whose reader went away (128 + SIGPIPE)."""


def present(error: BaseException, form: str) -> int:
    """Tells a person (or a program, with JSON) what went wrong; returns the exit code."""
    output = Output(form if form in FORMS else "text")
    if switch("DEBUG") not in ("", "0"):
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        return BROKEN_PIPE  # the command-line library turns the first into a SystemExit
    if isinstance(error, KeyboardInterrupt | CancelledError | typer.Abort) or _hides_an_interruption(error):
        return report(output, "Interrupted", "Interrupted.", "", INTERRUPTED)
    if isinstance(error, typer.TyperException) and type(error).__name__ == "NoArgsIsHelpError":
        return _help(output, error)
    known = _translate(error)
    return report(output, type(known).__name__, known.message, known.fix, known.exit_code)


def report(output: Output, kind: str, message: str, fix: str, code: int, extra: JSONObject | None = None) -> int:
    """Prints one failure; with JSON the object goes to stdout as well, so that a program can read it."""
    lines = [f"agentforge: {message}", *([f"  {fix}"] if fix else [])]
    _tell("\n".join(lines))
    return _object(output, kind, message, fix, code, extra)


def _object(output: Output, kind: str, message: str, fix: str, code: int, extra: JSONObject | None = None) -> int:
    if output.json:
        with suppress(StorageError, BrokenPipeError):  # it has been told, and the code stands
            output.finish("", {"error": {"type": kind, "message": message, "fix": fix}, **(extra or {})}, code)
    return code


def _hides_an_interruption(error: BaseException) -> bool:
    """Whether Ctrl-C came while pydantic built a model: it tells that in the words of an error of its own."""
    return type(error).__name__ == "SchemaError" and "KeyboardInterrupt" in str(error)


def _tell(text: str) -> None:
    """Text on stderr, as far as there is one."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(presentable(text) + "\n")
            sys.stderr.flush()


WELCOME = """AgentForge turns what it had to work out once into tested tools, in a git registry of yours.

  agentforge doctor          what works here, and how to mend the rest
  agentforge model up        a local model, where you have no key (or set ANTHROPIC_API_KEY)
  agentforge chat            talk with it
  agentforge run -p "…"      one task: the answer on stdout, an exit code that tells the truth
  agentforge tools list      what it can do already
  agentforge tools pending   what waits for you
  agentforge web             all of it in a browser

All commands: agentforge --help. One of them: agentforge COMMAND --help."""
"""What somebody sees who types the name of the program and nothing else."""


def _help(output: Output, error: typer.TyperException) -> int:
    """A group without a command: its whole help, line by line, and the code of wrong usage; for a person who gave no
    command at all, what to begin with.
    """
    lost = _command(error) == "agentforge" and sys.stderr is not None and sys.stderr.isatty()
    _tell(WELCOME if lost else error.format_message())
    return _object(output, "UsageError", "A command is missing.", f"See '{_command(error)} --help'.", USAGE)


def _translate(error: BaseException) -> AgentForgeError:
    if isinstance(error, AgentForgeError):
        return error
    if isinstance(error, typer.TyperException):
        return _wrong_command_line(error)
    if isinstance(error, OSError):
        return _refused_by_the_system(error)
    return AgentForgeError(
        f"Something is wrong inside AgentForge: {type(error).__name__}: {error}.".replace("..", "."),
        fix="AGENTFORGE_DEBUG=1 shows where; please report it with that output.",
    )


def _wrong_command_line(error: typer.TyperException) -> UsageError:
    message = error.format_message().replace("\n", " ").replace(": Value error, ", ": ", 1).strip()
    return UsageError(
        message if message.endswith((".", "?")) else message + ".", fix=f"See '{_command(error)} --help'."
    )


def _command(error: typer.TyperException) -> str:
    return getattr(getattr(error, "ctx", None), "command_path", "") or "agentforge"


def _refused_by_the_system(error: OSError) -> AgentForgeError:
    where = f" ({error.filename})" if error.filename else ""
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno in (errno.ENOSPC, errno.EDQUOT) and not error.filename:
        return StorageError(
            "There is no space left on a disk, or where stdout goes to.",
            fix="Free some space, or send the output elsewhere; nothing half-written remains.",
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(f"The disk is full{where}.", fix="Free some space; nothing half-written remains.")
    return AgentForgeError(f"The system refused: {reason}{where}.", fix="'agentforge doctor' checks folders and disk.")


def flush() -> None:
    """Flushes stdout for the last time; what it does not take is given up, or Python would complain at its end."""
    try:
        if sys.__stdout__ is not None:  # what is behind sys.stdout, whoever wrapped it
            sys.__stdout__.flush()
    except (OSError, ValueError):
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
