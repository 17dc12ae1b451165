"""Every exception the program raises, in one tree.

::

    AgentForgeError                  exit code 1
    ├── UsageError                   2    the caller asked for something that makes no sense
    ├── ConfigurationError           3    settings, keys, identity
    │   └── AuthenticationError      3    an endpoint refused the key
    ├── ModelError                   4    an endpoint failed
    │   ├── ModelUnavailable         4    nothing answers, or it answers 5xx for too long
    │   ├── ModelTimeout             4    it did not answer in time
    │   ├── ContextOverflow          4    the prompt does not fit the model's context
    │   └── ModelRefused             4    the endpoint rejected the request as invalid
    ├── LimitReached                 5    budget of tokens, turns or money is spent
    ├── ApprovalNeeded               6    a person has to decide first
    ├── ApprovalDenied               6    whoever was asked said no, and there was no other way
    ├── ApprovalExpired              6    nobody has decided in time, so a paused run cannot go on
    ├── SandboxError                 7    no box could be had, or it failed
    │   ├── SandboxUnavailable       7    no launcher works on this machine
    │   ├── SandboxBusy              7    every box stayed taken for too long
    │   └── ImageError               7    the image is missing, cannot be built or is not ours
    ├── RegistryError                1    a registry cannot be read or written
    │   ├── NotARegistry             3    the folder is no registry
    │   ├── ReadOnly                 2    it is read here and never written
    │   ├── RegistryConflict         1    somebody else committed first (safe to retry)
    │   ├── RemoteUnreachable        1    a remote does not answer, or not in time
    │   ├── RemoteRefused            1    what a remote holds or wants is not taken; says why
    │   ├── ToolNotFound             2    no tool of that name
    │   └── ToolInvalid              1    a tool folder breaks the contract; carries all problems
    ├── ServerFailed                 1    an MCP server does not answer, or says that a call failed
    ├── ForgeFailed                  1    no candidate passed; the artefacts are kept
    ├── StorageError                 1    disk full, database locked or damaged
    └── DeadlineReached              124  a time limit of the whole command

What a *model* may see and repair is never an exception but a result (see ``boxes.protocol`` and
``agent.dispatch``); the table that turns one into the other is ``agent.dispatch``.
"""

from __future__ import annotations

from collections.abc import Sequence


class AgentForgeError(Exception):
    """Root of the tree.

    ``message`` is one clear sentence that names the culprit, ``fix`` one that says what to do
    about it (may be empty).
    """

    exit_code: int = 1

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class UsageError(AgentForgeError):
    """The caller asked for something that makes no sense (exit code 2)."""

    exit_code = 2


class ConfigurationError(AgentForgeError):
    """Settings, keys or identity are missing or wrong (exit code 3)."""

    exit_code = 3


class AuthenticationError(ConfigurationError):
    """An endpoint refused the key."""


class ModelError(AgentForgeError):
    """A model endpoint failed (exit code 4)."""

    exit_code = 4


class ModelUnavailable(ModelError):
    """Nothing answers at the endpoint, or it kept answering with server errors."""


class ModelTimeout(ModelError):
    """The endpoint did not answer within its time limit."""


class ContextOverflow(ModelError):
    """Prompt and answer together do not fit into the model's context."""


class ModelRefused(ModelError):
    """The endpoint rejected the request itself as invalid."""


class LimitReached(AgentForgeError):
    """A budget of tokens, turns or money is spent (exit code 5); ``limit`` names it."""

    exit_code = 5
    limit = "budget"


class ApprovalNeeded(AgentForgeError):
    """A person has to decide before this can go on (exit code 6)."""

    exit_code = 6


class ApprovalDenied(AgentForgeError):
    """Whoever was asked said no, and the task could not be done otherwise (exit code 6)."""

    exit_code = 6


class ApprovalExpired(AgentForgeError):
    """Nobody has decided in time: the paused run is over, and nothing of what it waited for was done (exit code 6)."""

    exit_code = 6


class SandboxError(AgentForgeError):
    """No box could be had, or it failed for reasons that are not the tool's (exit code 7)."""

    exit_code = 7


class SandboxUnavailable(SandboxError):
    """No launcher works on this machine."""


class SandboxBusy(SandboxError):
    """Every box, or every place in one, stayed taken for too long (safe to retry)."""


class ImageError(SandboxError):
    """The image is missing, cannot be built, or is not the one that was recorded."""


class RegistryError(AgentForgeError):
    """A registry cannot be read or written."""


class NotARegistry(RegistryError):
    """The folder exists but is no registry of ours (exit code 3)."""

    exit_code = 3


class ReadOnly(RegistryError):
    """A registry is read here and never written, such as a company's in a user's session (exit code 2)."""

    exit_code = 2


class RegistryConflict(RegistryError):
    """Somebody else committed first; nothing was written and a retry is safe."""


class RemoteUnreachable(RegistryError):
    """A remote does not answer, or not in time; nothing was changed here or there."""


class RemoteRefused(RegistryError):
    """What a remote holds is not taken, or it does not take what is sent; nothing was changed here or there."""


class ToolNotFound(RegistryError):
    """No tool of that name in any layer (exit code 2)."""

    exit_code = 2


class ToolInvalid(RegistryError):
    """A tool breaks the contract. ``problems`` lists every mismatch, not only the first."""

    def __init__(self, name: str, problems: Sequence[str], *, fix: str = "") -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__(f"Tool {name!r} is not valid: {'; '.join(self.problems)}.", fix=fix)


class ServerFailed(AgentForgeError):
    """An MCP server cannot be started or reached, does not answer in time, or says that a call failed."""


class ForgeFailed(AgentForgeError):
    """No candidate passed the gates; the artefacts are kept under ``job``."""

    def __init__(self, message: str, *, job: str = "", fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.job = job


class StorageError(AgentForgeError):
    """The disk is full, or the database is locked or damaged; nothing half-written remains."""


class DeadlineReached(AgentForgeError):
    """The time limit of the whole command ran out (exit code 124)."""

    exit_code = 124
