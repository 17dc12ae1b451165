"""What may stand in a registry that somebody else sends: these paths, as plain files, of these sizes.

That leaves out links, other repositories, programs, git's own files (``.gitattributes``, ``.gitmodules``) and every
path that only a file system would understand in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from agentforge.registry.pages import FOLDER, STATE_FILE
from agentforge.registry.revoked import REVOKED_FILE
from agentforge.registry.snapshot import NUMBER
from agentforge.registry.tool import FILES, MAX_FOLDER_BYTES
from agentforge.types import TOOL_NAME

MOST_FILES = 200_000
MOST_BYTES = 32 << 20
"""Of one file that belongs to no tool: a document with its original."""
_TOLD = 5

_NAME, _NUMBER, _FILE = TOOL_NAME.pattern, NUMBER.pattern, "|".join(map(re.escape, FILES))
_TOOL_FILE = re.compile(rf"(?:tools/{_NAME}|(?:proposed|revoked)/{_NAME}/{_NUMBER})/(?:{_FILE})")
OF_TOOLS = re.compile(r"(?:tools|proposed|revoked|regressions|state)/|state\.toml$|revoked\.toml$")
"""Paths of tools, and of what is said of them."""
_OTHERS = re.compile(
    "|".join(
        (
            re.escape(STATE_FILE),
            re.escape(REVOKED_FILE),
            rf"{FOLDER}/[0-9a-f]{{2}}\.toml",
            rf"(?:revoked/)?regressions/{_NAME}\.jsonl",
            r"README\.md|packages\.lock",
            r"lessons/[A-Za-z0-9_-]{1,64}\.toml",
            r"memory/[A-Za-z0-9_-]{1,64}(?:\.proposed)?\.(?:toml|md)",
            r"memory/documents/[A-Za-z0-9_-]{1,64}/[a-z]{1,32}\.(?:toml|md|html|pdf)",
            r"\.(?:github|gitea|forgejo)/workflows/[A-Za-z0-9_-]{1,64}\.ya?ml",  # run by whoever hosts it, never here
        )
    )
)


class _File(Protocol):
    @property
    def mode(self) -> str: ...
    @property
    def size(self) -> int: ...


def strange(files: Mapping[str, _File]) -> list[str]:
    """What does not belong into a registry, a sentence's part for each, of which the first few are enough."""
    if len(files) > MOST_FILES:
        return [f"it has {len(files)} files"]
    found = _strange(files)
    return [each for each, _ in zip(found, range(_TOLD), strict=False)]


def _strange(files: Mapping[str, _File]) -> Iterator[str]:
    kinds = {"120000": "a link", "160000": "another repository", "100755": "a program"}
    for path, file in files.items():
        of_a_tool = _TOOL_FILE.fullmatch(path) is not None
        if file.mode != "100644":
            yield f"{path[:120]!r} is {kinds.get(file.mode, 'no plain file')}"
        elif not of_a_tool and not _OTHERS.fullmatch(path):
            yield f"{path[:120]!r} has no place in a registry"
        elif file.size > (MAX_FOLDER_BYTES if of_a_tool else MOST_BYTES):
            yield f"{path[:120]!r} has {file.size} bytes"
