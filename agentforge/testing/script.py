"""What a scripted model or server is to answer, and in which order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar, cast

from agentforge.models.protocol import StopReason, ToolCall
from agentforge.types import JSONObject

Headers: TypeAlias = Mapping[str, str]


class ScriptExhausted(AssertionError):  # noqa: N818 - says what happened, as our errors do
    """The program asked more often than the script has answers (or a role has none)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``stop`` is told from the rest where it is not given."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    stop: StopReason | None = None
    thinking: str = ""
    pause: float = 0.0  # seconds before the first piece and between pieces

    @property
    def stopped(self) -> StopReason:
        """The stop reason in force, unless the answer is cut."""
        return self.stop or ("tool_use" if self.calls else "end_turn")


@dataclass(frozen=True, slots=True)
class Fault:
    """A server's failure: an HTTP status, or (``after`` pieces of text) an error in mid-stream.

    ``drop`` closes the connection there without a word.
    """

    status: int = 529
    kind: str = "overloaded_error"
    message: str = "Overloaded"
    headers: Headers = field(default_factory=lambda: MappingProxyType({}))
    after: int | None = None
    drop: bool = False


Answer: TypeAlias = "str | JSONObject | Reply | Fault | BaseException"
"""Text, an object (sent as JSON text), a :class:`Reply`, a failure, or an exception to raise."""

K = TypeVar("K")
R = TypeVar("R")
Lines: TypeAlias = Iterable[Answer] | Mapping[K, Iterable[Answer]] | Callable[[R], Answer]


class Script(Generic[K, R]):
    """Answers in order: one list for all, one for each key, or made by a function of the request."""

    def __init__(self, lines: Lines[K, R]) -> None:
        self._make: Callable[[R], Answer] | None = None
        self._lists: dict[K | None, Iterator[Answer]] = {}
        if callable(lines):
            self._make = lines
        elif isinstance(lines, Mapping):
            self._lists = {key: iter(answers) for key, answers in cast("Mapping[K, Iterable[Answer]]", lines).items()}
        else:
            self._lists = {None: iter(lines)}
        self._given = 0

    def next(self, key: K, request: R) -> Reply | Fault:
        """The next answer for ``key``.

        Raises:
            ScriptExhausted: there is none.
            BaseException: the script says so.
        """
        if self._make is not None:
            answer: Answer | None = self._make(request)
        else:
            answer = next(self._lists.get(key, self._lists.get(None, iter(()))), None)
        if answer is None:
            raise ScriptExhausted(f"The script has no answer left for {key!s} (answers given: {self._given}).")
        self._given += 1
        return _as_reply(answer)


def _as_reply(answer: Answer) -> Reply | Fault:
    if isinstance(answer, BaseException):
        raise answer
    if isinstance(answer, str):
        return Reply(answer)
    return answer if isinstance(answer, Reply | Fault) else Reply(json.dumps(answer, ensure_ascii=False))


def pieces(text: str) -> list[str]:
    """``text`` cut into words with the space after them; joined they are ``text`` again."""
    return re.findall(r"\s*\S+\s?|\s+", text)
