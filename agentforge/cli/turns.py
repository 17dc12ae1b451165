"""One turn on the command line: a prompt that makes sense, its events shown, and how it ended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from agentforge.agent.session import check_text
from agentforge.api import Forge
from agentforge.errors import AgentForgeError, UsageError
from agentforge.events import Event
from agentforge.types import JSONObject

TIMED_OUT = 124
INTERRUPTED = 130
ALL = 10**9
"""So many sessions nobody has."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a turn ended: the exit code, the data of its terminal event, and the session it belongs to."""

    code: int
    data: JSONObject
    session: str

    def text(self, key: str) -> str:
        """A text of the terminal event, or nothing."""
        value = self.data.get(key)
        return value if isinstance(value, str) else ""

    def names(self, key: str) -> list[str]:
        """A list of names of the terminal event."""
        value = self.data.get(key)
        return [str(name) for name in value] if isinstance(value, list) else []

    @property
    def cites(self) -> list[JSONObject]:
        """The passages that the answer rests on, as the terminal event tells them."""
        value = self.data.get("cites")
        return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def read_prompt(given: str, limit: int) -> str:
    """The task: ``given``, or stdin for ``-``, of which no more is read than may be accepted.

    Raises:
        UsageError: it is empty, longer than ``limit`` bytes, no UTF-8 text, or stdin is closed.
    """
    raw = _from_stdin(limit + 1) if given == "-" else given.encode("utf-8", "surrogateescape")
    cut = len(raw) > limit
    try:
        text = raw.decode("utf-8", "ignore" if cut else "strict")
    except UnicodeDecodeError:
        raise UsageError("The prompt is not UTF-8 text.", fix="Convert it first, for example with iconv.") from None
    if cut:
        raise UsageError(f"The prompt is longer than {limit:,} bytes.", fix="Shorten it, or raise agent.prompt_bytes.")
    check_text(text, limit)
    return text


def _from_stdin(most: int) -> bytes:
    need_stdin("Pipe the prompt in, or give it as: agentforge run -p TEXT")
    return sys.stdin.buffer.read(most)


def need_stdin(fix: str) -> None:
    """Makes sure that there is a stdin; where it is closed (``<&-``), Python has none at all.

    Raises:
        UsageError: it is closed.
    """
    if sys.stdin is None:
        raise UsageError("Stdin is closed.", fix=fix)


async def choose_session(forge: Forge, *, latest: bool, resume: str | None, fork: bool = False) -> str | None:
    """The session to go on with, which may be named by how its id begins, or with ``fork`` a new one that begins like
    it; None starts a new one.

    Raises:
        UsageError: both were asked for, there is none yet, none of that id, or several; or nothing is to be forked.
    """
    if latest and resume:
        raise UsageError("--continue and --resume exclude each other.", fix="Give one of them.")
    found = await _chosen(forge, latest=latest, resume=resume)
    if not fork:
        return found
    if found is None:
        raise UsageError("--fork needs a session to begin like.", fix="Add --continue, or --resume SESSION.")
    return await forge.sessions.fork(found)


async def _chosen(forge: Forge, *, latest: bool, resume: str | None) -> str | None:
    if resume:
        begun = [one.id for one in await forge.sessions.list(ALL) if one.id.startswith(resume)]
        if len(begun) > 1 and resume not in begun:
            raise UsageError(f"Several sessions begin with {resume[:40]!r}: {', '.join(begun[:5])}.")
        return begun[0] if len(begun) == 1 else resume
    if not latest:
        return None
    session = await forge.sessions.latest()
    if session is None:
        raise UsageError("There is no session to continue yet.", fix="Leave out --continue.")
    return session


async def follow(
    events: AsyncGenerator[Event, None], show: Callable[[Event], None], *, seconds: float | None = None
) -> Ending:
    """Shows events up to the terminal one. Ctrl-C and a time limit end the turn, not the program.

    A turn that is cancelled still says so with a terminal event of its own, so that both look alike
    from here; which of the two it was, the time limit knows.
    """
    ending, session = Ending(1, {"message": "The turn ended without saying how."}, ""), ""
    limit = asyncio.timeout(seconds)
    try:
        async with limit, aclosing(events):
            async for event in events:
                session = event.session or session
                show(event)
                if event.terminal:
                    ending = Ending(event.exit_code, event.data, session)
                    break
    except AgentForgeError as error:
        said: JSONObject = {"message": error.message, "fix": error.fix, "error": type(error).__name__}
        ending = Ending(error.exit_code, said, session)
    except (asyncio.CancelledError, TimeoutError):
        ending = Ending(INTERRUPTED, {"message": "Interrupted."}, session)
    if limit.expired():
        return Ending(TIMED_OUT, {"message": f"The time limit of {seconds:g} s ran out."}, session)
    if ending.code == INTERRUPTED:
        _stay()
    return ending


def _stay() -> None:
    """Ctrl-C cancelled this task to end the turn; the rest of the program goes on."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
