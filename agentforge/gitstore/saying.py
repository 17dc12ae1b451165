"""What a commit may say: its paths, its message and its trailers, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

AUTHOR = "AgentForge <agentforge@localhost>"
"""Who commits, on every machine alike: a registry works where git knows no identity."""

MAX_SUBJECT = 200
MAX_PATH_BYTES = 1024

_KEY = re.compile(r"[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)*")
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/+=-]{0,319}")


def check_path(path: str) -> None:
    """Accepts a plain relative path with forward slashes.

    Raises:
        ValueError: it is absolute, climbs, names git's own files or holds odd characters.
    """
    if not path or len(path.encode("utf-8", "replace")) > MAX_PATH_BYTES or not path.isprintable():
        raise ValueError(f"{path[:80]!r} is no path inside a repository")
    if "\\" in path or '"' in path or ":" in path:
        raise ValueError(f"the path {path[:80]!r} holds a character that is not allowed")
    for part in path.split("/"):
        if part in {"", ".", ".."} or part != part.strip() or part.lower() == ".git":
            raise ValueError(f"the path {path[:80]!r} leaves the repository or names git's own files")


def message(subject: str, trailers: Mapping[str, Sequence[str]]) -> bytes:
    """A commit message: one line and the trailers, which hold ids only.

    Raises:
        ValueError: the subject is no single line, or a trailer is no id.
    """
    if not subject.strip() or not subject.isprintable() or len(subject) > MAX_SUBJECT:
        raise ValueError(f"a commit's subject is one line of at most {MAX_SUBJECT} characters: {subject[:80]!r}")
    lines: list[str] = []
    for key, values in trailers.items():
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key[:80]!r} is no trailer name such as Job or Prompt-Hash")
        for value in values:
            if not _VALUE.fullmatch(value):
                raise ValueError(f"trailer {key} holds {value[:80]!r}, which is no id")
            lines.append(f"{key}: {value}")
    return "\n".join([subject.strip(), *([""] if lines else []), *lines, ""]).encode()
