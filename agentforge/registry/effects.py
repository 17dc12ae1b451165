"""What a job did to a registry, told from the commit that names it: a job's effect happens once."""

from __future__ import annotations

from dataclasses import dataclass

from agentforge.gitstore.store import GitStore
from agentforge.types import State


@dataclass(frozen=True, slots=True)
class Effect:
    """The commit of a job: which version of which tool it brought, and in which state."""

    commit: str
    tool: str
    version: str
    state: State


def effect_of(store: GitStore, job: str) -> Effect | None:
    """The first commit of ``main`` that names the job and brought a version, or None.

    Whatever happened to that version later (retired, reverted, replaced): the effect has happened. Ids of
    jobs are random, so that no commit from elsewhere names one by accident.

    Raises:
        RegistryError: the registry is damaged.
    """
    for commit in reversed(store.log(trailer=("Job", job))):
        named = {key: commit.trailers.get(key, ()) for key in ("Job", "Tool", "Version", "State")}
        if job in named["Job"] and named["Tool"] and named["Version"] and named["State"]:
            return Effect(commit.sha, named["Tool"][0], named["Version"][0], State(named["State"][0]))
    return None
