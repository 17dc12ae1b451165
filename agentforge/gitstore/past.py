"""The commits that made what stands: each with what its message says, without those that were only heard of."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agentforge.gitstore.process import GitProcess

_FIELDS = "%H%x00%P%x00%an <%ae>%x00%cI%x00%s%x00%(trailers:only,unfold)"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: ``message`` is its subject, ``trailers`` the ids it names, ``time`` is UTC."""

    sha: str
    parent: str
    message: str
    trailers: Mapping[str, tuple[str, ...]]
    author: str
    time: datetime


def commits_of(
    git: GitProcess,
    branch: str,
    paths: Sequence[str],
    trailer: tuple[str, str] | None,
    limit: int | None,
    left_out: Collection[str],
) -> list[Commit]:
    """The newest ``limit`` commits of a branch that touch ``paths`` or carry a trailer (all where neither is given),
    newest first (raises RegistryError).
    """
    if trailer is None:
        most = [] if limit is None or left_out else [f"--max-count={limit}"]
        found = _read(git, branch, *most, "--full-history", "--", *paths)
    else:
        found = _read(git, branch, "--extended-regexp", f"--grep=^{re.escape(': '.join(trailer))}$")
        if touching := _read(git, branch, "--full-history", "--", *paths) if paths else []:
            either = {commit.sha: commit for commit in [*found, *touching]}
            order = git.run("rev-list", "--topo-order", branch).decode().split()  # times tie within a second
            found = [either[sha] for sha in order if sha in either]
    return [commit for commit in found if commit.sha not in left_out][:limit]


def _read(git: GitProcess, branch: str, *options: str) -> list[Commit]:
    out = git.run("log", "-z", "--topo-order", f"--format={_FIELDS}", branch, *options)
    fields = out.decode("utf-8", "replace").split("\0")
    return [_commit(fields[at : at + 6]) for at in range(0, len(fields) - 5, 6)]


def _commit(fields: Sequence[str]) -> Commit:
    sha, parents, author, when, subject, lines = fields
    trailers: dict[str, tuple[str, ...]] = {}
    for line in lines.splitlines():
        key, mark, value = line.partition(": ")
        if mark:
            trailers[key] = (*trailers.get(key, ()), value.strip())
    return Commit(
        sha.strip(), parents.split(" ")[0], subject, trailers, author, datetime.fromisoformat(when).astimezone(UTC)
    )
