"""Runs git on one bare repository through GitPython, cut off from everybody else's configuration."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from agentforge.errors import AgentForgeError, ConfigurationError, NotARegistry, RegistryError
from agentforge.gitstore.bounds import Bounds, Ended, ended
from agentforge.gitstore.failures import damaged, explain, looks_like_ours

if TYPE_CHECKING:
    from git import Git

SECONDS = 60.0
"""Longest wait for one git command; a commit takes some tens of milliseconds at 10,000 tools."""

DURABLE = "core.fsync=all"
"""The setting by which a write is on disk before it is acknowledged."""

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    DURABLE,
    "core.filesRefLockTimeout=3000",
    "core.packedRefsTimeout=3000",
    "core.quotePath=false",
    "gc.auto=0",
    "protocol.allow=never",
)
"""No hooks, no daemons, nothing fetched; writes reach the disk before they are acknowledged."""

_UNSET = tuple(
    part
    for name in (
        "ALTERNATE_OBJECT_DIRECTORIES",
        "COMMON_DIR",
        "CONFIG",
        "CONFIG_COUNT",
        "CONFIG_PARAMETERS",
        "DEFAULT_HASH",
        "DEFAULT_REF_FORMAT",
        "GRAFT_FILE",
        "IMPLICIT_WORK_TREE",
        "INDEX_FILE",
        "NAMESPACE",
        "OBJECT_DIRECTORY",
        "QUARANTINE_PATH",
        "REPLACE_REF_BASE",
        "SHALLOW_FILE",
        "TEMPLATE_DIR",
        "TRACE",
        "WORK_TREE",
    )
    for part in ("-u", f"GIT_{name}")
)
"""Arguments of ``env`` that take the caller's repository away (git sets them in hooks); GitPython can only add."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """A git command that runs. GitPython ends it, and waits for its end, when nobody holds ``held`` any more."""

    process: subprocess.Popen[bytes]
    held: object

    def said(self) -> str:
        """What it has said on standard error since this was asked last; waits for nothing."""
        if (pipe := self.process.stderr) is None:
            return ""
        os.set_blocking(pipe.fileno(), False)
        return (pipe.read() or b"").decode("utf-8", "replace")


class GitProcess:
    """Git commands on the repository at ``path``, through GitPython's ``Git``."""

    def __init__(self, path: Path) -> None:
        """Finds git.

        Raises:
            ConfigurationError: git is not installed.
        """
        self.path = path
        self._git = _gitpython()(path)
        self._git.update_environment(**_environment(path.absolute()))

    @classmethod
    def attach(cls, path: Path) -> GitProcess:
        """Git on the repository that stands at ``path``.

        Raises:
            NotARegistry: there is no repository.
            RegistryError: there was one of ours, but git no longer takes it for a repository.
            ConfigurationError: git is not installed.
        """
        process = cls(path)
        if not path.is_dir() or process.attempt("rev-parse", "--is-bare-repository")[1].strip() != b"true":
            if looks_like_ours(path):
                raise damaged(path, "git no longer takes it for a bare repository")
            raise NotARegistry(
                f"{path} is no bare git repository.",
                fix="Give the folder of a registry, or move this one away: a new registry is made in its place.",
            )
        return process

    def close(self) -> None:
        """Ends what GitPython keeps running; harmless when repeated."""
        self._git.clear_cache()

    def run(
        self,
        *args: str,
        feed: bytes = b"",
        keep: int | None = None,
        seconds: float = SECONDS,
        settings: Sequence[str] = (),
        environment: Sequence[str] = (),
        apart: bool = False,
    ) -> bytes:
        """The standard output of ``git ARGS``, which reads ``feed``.

        ``keep`` is a file descriptor that the child inherits: a lock on it lasts as long as the child. ``settings``
        and ``environment`` (``NAME=VALUE``) hold for this command, beside those that hold for all; one that is
        ``apart`` has no terminal, and so asks nobody anything.

        Raises:
            StorageError: the disk is full or may not be written.
            RegistryError: git failed otherwise, or took too long.
        """
        running = self._started(args, keep, settings, ("env", *_UNSET, *environment), apart=apart)
        code, out, err = _finish(running.process, feed, seconds, args[0])
        if code:
            raise self.failure(args[0], err)
        return out

    def attempt(
        self, *args: str, feed: bytes = b"", keep: int | None = None, seconds: float = SECONDS
    ) -> tuple[int, bytes, str]:
        """Exit status, standard output and standard error of ``git ARGS``."""
        running = self._started(args, keep)
        return _finish(running.process, feed, seconds, args[0])

    def bounded(self, *args: str, bounds: Bounds, settings: Sequence[str] = ()) -> Ended:
        """How ``git ARGS`` ended on what somebody else sent: within ``bounds``, in a session of its own that has no
        terminal, and with nothing of the caller's environment but what is in them.
        """
        environment = {**bounds.environment, **_environment(self.path.absolute())}
        front = ("env", "-i", *(f"{name}={value}" for name, value in environment.items()), *bounds.words())
        running = self._started(args, None, settings, front, apart=True)
        return ended(running.process, bounds)

    def lasting(self, *args: str) -> Lasting:
        """``git ARGS`` as it runs; it ends when what is returned is let go of."""
        return self._started(args)

    def _started(
        self,
        args: Sequence[str],
        keep: int | None = None,
        more: Sequence[str] = (),
        front: Sequence[str] = ("env", *_UNSET),
        *,
        apart: bool = False,
    ) -> Lasting:
        settings = [part for setting in (*_SETTINGS, *more) for part in ("-c", setting)]
        git = str(self._git.GIT_PYTHON_GIT_EXECUTABLE)
        command = [*front, git, "--no-replace-objects", *settings, *args]
        inherited = () if keep is None else (keep,)
        try:
            held = self._git.execute(
                command, istream=subprocess.PIPE, as_process=True, pass_fds=inherited, start_new_session=apart
            )
        except (OSError, ValueError, _command_error()) as error:
            raise RegistryError(f"Git could not be started in {self.path}: {error}.") from error
        process = cast("subprocess.Popen[bytes]", held.proc)  # pyright: ignore[reportUnknownMemberType] -- GitPython leaves it open
        return Lasting(process, held)

    def failure(self, command: str, stderr: str) -> AgentForgeError:
        """The exception that a failed command stands for."""
        return explain(self.path, command, stderr)


def _gitpython() -> type[Git]:
    try:
        from git import Git  # here, because it takes 200 ms and fails where there is no git
    except ImportError as error:
        raise ConfigurationError(
            "Git is not installed, or not found on the PATH.", fix="Install git 2.28 or newer."
        ) from error
    return Git


def _command_error() -> type[Exception]:
    from git import GitError  # here for the same reason

    return GitError


def _finish(process: subprocess.Popen[bytes], feed: bytes, seconds: float, name: str) -> tuple[int, bytes, str]:
    try:
        out, err = process.communicate(feed, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise RegistryError(f"git {name} did not finish within {seconds:g} seconds.") from error
    finally:
        if process.poll() is None:
            _end(process)
    return process.returncode, out, err.decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills git and closes its pipes; what it had started may still hold their other ends."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _environment(path: Path) -> dict[str, str]:
    """What keeps the caller's git configuration, identity and ``GIT_…`` variables out.

    A repository named by ``GIT_DIR`` is also exempt from git's question who owns it.
    """
    return {
        "GIT_DIR": str(path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }
