"""What git's refusals mean: a full disk, a lock file in the way, a damaged repository, or anything else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from agentforge.errors import AgentForgeError, RegistryError, StorageError

OUR_LOCK = "agentforge.lock"
"""The file that our writers lock; it stands in every repository that one of them ever wrote to."""

_LEAST_FREE = 256 << 10
"""Free bytes below which a failed write is taken for a full disk (git does not always say why)."""
_STORAGE = (
    "no space left",
    "disk quota",
    "read-only file system",
    "permission denied",
    "input/output error",
    "file too large",
)
_LOCKED = re.compile(r"Unable to create '(?P<file>[^'\n]+\.lock)': File exists")
_DAMAGE = re.compile(
    r"broken ref|reference broken|bad config|is corrupt|corrupt loose object|inflate: |not a tree object"
    r"|invalid sha1 pointer|bad object|(unable to|could not) (read|find|parse) (tree|commit|object|[0-9a-f]{40})"
    r"|object file .* is empty|does not match index|hash mismatch",
    re.IGNORECASE,
)


def explain(path: Path, command: str, stderr: str) -> AgentForgeError:
    """The exception that a failed ``git COMMAND`` on the repository at ``path`` stands for.

    ``stderr`` is what git said, in English.
    """
    reason = _reason(stderr)
    if locked := _LOCKED.search(stderr):
        file = path / locked["file"]
        return RegistryError(
            f"The registry {path} cannot be written, because the lock file {file} is in the way.",
            fix=f"If no git command is at work there, delete it (`rm {file}`) and try again; nothing was changed.",
        )
    if any(sign in stderr.lower() for sign in _STORAGE) or _full(path):
        return StorageError(
            f"The registry {path} cannot be written: {reason}.",
            fix="Free disk space or correct the permissions; nothing was changed.",
        )
    if _DAMAGE.search(stderr):
        return damaged(path, reason)
    return RegistryError(
        f"git {command} failed in {path}: {reason}.", fix=f"`git -C {path} fsck` tells whether the registry is sound."
    )


def damaged(path: Path, reason: str) -> RegistryError:
    """The exception for a registry that has lost or broken parts; ``reason`` is no whole sentence."""
    return RegistryError(
        f"The registry {path} is damaged: {reason}.",
        fix=f"`git -C {path} fsck` shows what is lost. Restore the folder from a copy, or, where only the branch is"
        f" broken, write the newest dangling commit that it names into {path / 'refs/heads/main'}.",
    )


def looks_like_ours(path: Path) -> bool:
    """Whether a folder was a repository that we wrote to, whatever has become of it."""
    return (path / OUR_LOCK).is_file()


def _reason(stderr: str) -> str:
    """The line that says why, without its full stop."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (told or lines or ["no reason given"])[-1][:300].rstrip(".")


def _full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path).free < _LEAST_FREE
    except OSError:
        return False
