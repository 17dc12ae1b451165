"""``run --usage-file``: what a run took, in a file that is there whatever becomes of the run.

It says ``running`` from the first moment on, so that even a program that is killed leaves no earlier run's figures.
"""

from __future__ import annotations

import json
from asyncio import CancelledError
from pathlib import Path
from types import TracebackType
from typing import Self

from agentforge.cli.output import status_of
from agentforge.errors import AgentForgeError, UsageError
from agentforge.types import JSONObject

_FACTS = ("session", "usage", "usd", "seconds")
_INTERRUPTED = 130


class Account:
    """Keeps the file; without a ``path`` there is none. Use it with ``with``.

    Raises:
        UsageError: the file cannot be written.
    """

    def __init__(self, path: str | None) -> None:
        self._path = None if path is None else Path(path)
        self._told = False

    def tell(self, code: int, facts: JSONObject, message: str = "") -> None:
        """Says how the run ended."""
        self._told = True
        self._write({"status": status_of(code), "exit_code": code, "message": message} | _known(facts))

    def __enter__(self) -> Self:
        self._write({"status": "running", "exit_code": None, "message": ""} | _known({}))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._told:
            stopped = isinstance(error, KeyboardInterrupt | CancelledError)
            code = _INTERRUPTED if stopped else error.exit_code if isinstance(error, AgentForgeError) else 1
            self.tell(code, {}, "Interrupted." if stopped else str(error))

    def _write(self, facts: JSONObject) -> None:
        if self._path is None:
            return
        try:
            self._path.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"--usage-file {self._path} cannot be written: {error.strerror}.",
                fix="Name one in a folder of yours.",
            ) from error


def _known(facts: JSONObject) -> JSONObject:
    """The same keys in every case."""
    nothing: JSONObject = {"session": "", "usage": {"total": {}}, "usd": None, "seconds": 0.0}
    return nothing | {key: facts[key] for key in _FACTS if key in facts}
