"""What was changed and decided, and whether all is well, from a program: ``forge.activity``."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from agentforge.api.opened import Opened
from agentforge.errors import AgentForgeError, RegistryError, ToolNotFound
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.gitstore.store import Commit

About: TypeAlias = Literal["tool", "memory", "persona", "revocation", "registry"]

LOOKED_AT: Final = 5_000
"""So many of the newest commits are looked through for those that a person decided."""
FREE_BYTES: Final = 10**9
"""Less free space than this is told."""


@dataclass(frozen=True, slots=True)
class Change:
    """One commit: what it did (``what``) to which tools, or to which entries of memory (``names``), who decided it
    (empty: it happened by itself) and why, as far as that was said.
    """

    commit: str
    time: datetime
    what: str
    about: About
    names: tuple[str, ...]
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Health:
    """One thing that is looked at, and what there is to do where it is not well."""

    name: str
    well: bool
    detail: str
    fix: str = ""


class Activity:
    """The log and the state of one user's agent. Made by ``Forge.activity``; all of it blocks."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings
        self._registry = opened.registry

    def changes(self, limit: int = 30, skip: int = 0, *, decided: bool = False) -> list[Change]:
        """Commits of the registry, newest first; with ``decided`` only those that name who decided, of the newest
        :data:`LOOKED_AT` (raises RegistryError).
        """
        store = self._registry.store
        if decided:
            found = [one for one in store.log(limit=LOOKED_AT) if one.trailers.get("Approver")]
        else:
            found = store.log(limit=skip + limit)
        return [self._change(one) for one in found[skip : skip + limit]]

    def health(self) -> list[Health]:
        """Whether registry, memory, policy, database and jobs are well. Sandbox and models are not asked here:
        ``agentforge doctor`` does that.
        """
        checks: Sequence[tuple[str, Callable[[], Iterator[Health]]]] = (
            ("Tools", self._tools),
            ("Memory", self._memory),
            ("Review policy", self._policy),
            ("Database", self._database),
            ("Disk", self._disk),
        )
        return [one for name, check in checks for one in _told(name, check)]

    def _change(self, commit: Commit) -> Change:
        trailers = commit.trailers
        tools, entries = trailers.get("Tool", ()), trailers.get("Memory", ())
        about: About = "registry"
        if trailers.get("Revocation"):
            about = "revocation"
        elif tools:
            about = "tool"
        elif entries:
            about = "memory"
        elif commit.message.endswith("persona"):
            about = "persona"
        by = next(iter(trailers.get("Approver", ())), "")
        names = tuple(dict.fromkeys((*tools, *entries)))
        return Change(commit.sha, commit.time, commit.message, about, names, by, self._why(commit, about, names))

    def _why(self, commit: Commit, about: About, names: Sequence[str]) -> str:
        from agentforge.memory.persona import turned_down
        from agentforge.registry.history import reason_of

        with suppress(RegistryError, ToolNotFound):
            if about == "revocation":
                key = commit.trailers["Revocation"][0]
                return self._revocations().get(key, "") if commit.message.startswith("Revoke") else ""
            if about == "tool" and names:
                return reason_of(self._registry, commit, names[0])
            if about == "memory" and commit.message.startswith("Reject"):
                found = self._opened.memory().known().rejected.get(names[0])
                return found.reason if found is not None else ""
            if about == "persona" and commit.message.startswith("Reject"):
                return turned_down(self._opened.memory(), commit.parent)
        return ""

    def _revocations(self) -> dict[str, str]:
        from agentforge.registry.revocation import revocations

        return {key: one.reason for key, one in revocations(self._registry).items()}

    def _tools(self) -> Iterator[Health]:
        problems = self._opened.layers.problems()
        yield from (Health("Tools", False, one, self._registry.mending()) for one in problems[:10])
        if not problems:
            live = len(self._opened.layers.live())
            yield Health("Tools", True, f"{live:,} live, none malformed")

    def _memory(self) -> Iterator[Health]:
        known = self._opened.memory().known()
        yield from (Health("Memory", False, one, "Mend the file by hand: git keeps it.") for one in known.problems)
        if not known.problems:
            yield Health("Memory", True, f"{len(known.current):,} entries in use, none malformed")

    def _policy(self) -> Iterator[Health]:
        from agentforge.policy import policy_of

        problem = policy_of(self._settings).problem
        detail = problem or "in force"
        yield Health("Review policy", not problem, detail, "Until it is corrected everything waits." * bool(problem))

    def _database(self) -> Iterator[Health]:
        rows = self._opened.job_rows()
        running = [one for via in ("inline", "queue") for one in rows.unfinished(via)]
        lost = [one for one in running if one.status == "running" and one.crashes]
        told = f"it can be read; {len(running)} jobs under way" if running else "it can be read; no job is under way"
        yield Health("Database", True, told)
        for one in lost:
            yield Health("Jobs", False, f"The {one.kind} of {one.name} has broken off {one.crashes} times.")

    def _disk(self) -> Iterator[Health]:
        free = shutil.disk_usage(self._settings.home).free
        fix = "" if free >= FREE_BYTES else "Make room: with a full disk nothing more is written."
        yield Health("Disk", not fix, f"{free / 10**9:,.1f} GB free", fix)


def _told(name: str, check: Callable[[], Iterator[Health]]) -> list[Health]:
    """What a check found; one that breaks is itself a finding."""
    try:
        return [*check()]
    except AgentForgeError as error:
        return [Health(name, False, error.message, error.fix)]
