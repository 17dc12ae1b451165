"""``revoked.toml``: what was revoked, and what that took out of use, so that it can be given back.

``[revocations.ID]`` is one revocation. ``[held.NAME]`` is a tool that stood, with the state it had before;
``[withdrawn."NAME/N"]`` a proposal, whose folder lies under ``revoked/NAME/N/`` meanwhile;
``[regressions."NAME/SOURCE"]`` an entry of ``regressions/NAME.jsonl``, which lies in
``revoked/regressions/NAME.jsonl``. ``by`` are the revocations that hold it, the first one first: it comes back
when the last of them is undone. Ids and states only, but for a person's own reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentforge.errors import RegistryError
from agentforge.registry.lineage import Kind
from agentforge.registry.manifest import ID, one_line
from agentforge.registry.references import Origin
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.states import REASON_CHARS, Standing
from agentforge.types import State

REVOKED_FILE = "revoked.toml"
FORMAT = 1

_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Reason = Annotated[str, Field(max_length=REASON_CHARS)]
_Id = Annotated[str, Field(pattern=f"^{ID.pattern}$")]
_Frozen = ConfigDict(extra="forbid", frozen=True)


class Revocation(BaseModel):
    """What was revoked, when (UTC, ISO 8601), by whom and why; an ``undone`` one is only remembered."""

    model_config = _Frozen

    kind: Kind
    ref: _Id
    time: str
    approver: _Id | Literal[""] = ""
    reason: _Reason = ""
    undone: bool = False

    @property
    def origin(self) -> Origin:
        """What was revoked."""
        return Origin(self.kind, self.ref)


class Held(BaseModel):
    """A tool that stood: its version, and the state and reason that it had before."""

    model_config = _Frozen

    version: _Hash
    state: State
    reason: _Reason = ""
    by: tuple[_Id, ...]


class Withdrawn(BaseModel):
    """A proposal that waited, as ``state.toml`` told of it."""

    model_config = _Frozen

    version: _Hash
    unconfirmed: bool = False
    reason: _Reason = ""
    by: tuple[_Id, ...] = ()


class Aside(BaseModel):
    """A regression that was set aside."""

    model_config = _Frozen

    by: tuple[_Id, ...] = ()


class _File(BaseModel):
    model_config = _Frozen

    format: Literal[1] = FORMAT
    revocations: dict[_Id, Revocation] = Field(default_factory=lambda: {})
    held: dict[str, Held] = Field(default_factory=lambda: {})
    withdrawn: dict[str, Withdrawn] = Field(default_factory=lambda: {})
    regressions: dict[str, Aside] = Field(default_factory=lambda: {})


@dataclass(frozen=True, slots=True)
class Revoked:
    """A parsed ``revoked.toml``."""

    revocations: Mapping[str, Revocation] = field(default_factory=lambda: {})
    held: Mapping[str, Held] = field(default_factory=lambda: {})
    withdrawn: Mapping[str, Withdrawn] = field(default_factory=lambda: {})
    regressions: Mapping[str, Aside] = field(default_factory=lambda: {})

    @property
    def in_force(self) -> dict[str, Revocation]:
        """The revocations that were not undone."""
        return {key: one for key, one in self.revocations.items() if not one.undone}

    def of(self, origin: Origin) -> str:
        """The id of the revocation of something; empty where it is not revoked."""
        return next((key for key, one in self.in_force.items() if one.origin == origin), "")

    def mark(self, revocation: str) -> str:
        """The reason in ``state.toml`` of a tool that this revocation holds."""
        one = self.revocations[revocation]
        why = f": {one.reason}" if one.reason else ""
        return one_line(f"Revocation {revocation} of {one.origin}{why}", REASON_CHARS)

    def holds(self, name: str, standing: Standing | None) -> bool:
        """Whether a tool still stands as its revocation left it, so that nobody changed it since."""
        held = self.held.get(name)
        return (
            held is not None
            and standing is not None
            and (standing.state, standing.version) == (State.QUARANTINED, held.version)
            and bool(held.by)
            and held.by[0] in self.revocations
            and standing.reason == self.mark(held.by[0])
        )

    def text(self) -> bytes:
        """The file, sorted."""
        tables: dict[str, Any] = {"format": FORMAT}
        for key in ("revocations", "held", "withdrawn", "regressions"):
            entries: Mapping[str, BaseModel] = getattr(self, key)
            if entries:
                tables[key] = {
                    name: entries[name].model_dump(mode="json", exclude_defaults=True) for name in sorted(entries)
                }
        return tomli_w.dumps(tables).encode()


def read_revoked(snapshot: Snapshot) -> Revoked:
    """What a registry remembers of revocations; nothing where it has no such file.

    Raises:
        RegistryError: the file is malformed, so that nobody knows what may be used.
    """
    contents = snapshot.read(REVOKED_FILE)
    if contents is None:
        return Revoked()
    try:
        file = _File.model_validate(tomllib.loads(contents.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    except (ValueError, RecursionError) as error:
        problem = str(error)
    else:
        return Revoked(file.revocations, file.held, file.withdrawn, file.regressions)
    raise RegistryError(
        f"{REVOKED_FILE} in the registry is malformed: {problem}.",
        fix="Correct it in a clone and push, or revert the commit that broke it.",
    )
