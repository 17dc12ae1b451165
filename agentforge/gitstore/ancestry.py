"""Which commit comes from which, where a merge that only heard of another history took nothing of it over.

Such a merge has that history as its second parent, so that both can be reached and no push drops one, and says so with
the trailer ``Sync: heard``. What two histories have in common is what both took over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentforge.gitstore.process import GitProcess

TRAILER = "Sync"
HEARD = "heard"
MERGED = "merged"
SIGNED = "signed"
_FORM = f"%H%x00%P%x00%(trailers:key={TRAILER},valueonly,separator=%x20)"


@dataclass(frozen=True, slots=True)
class Ancestry:
    """``order`` are all commits, each before those that it comes from; ``parents`` are all parents, ``taken`` those of
    which something was taken over.
    """

    order: Sequence[str]
    parents: Mapping[str, tuple[str, ...]]
    taken: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, path: Path, *commits: str) -> Ancestry:
        """That of ``commits`` of the repository at ``path`` (raises RegistryError)."""
        out = GitProcess(path).run("log", "-z", "--topo-order", f"--format={_FORM}", *commits, "--", seconds=300)
        fields = out.decode("utf-8", "replace").split("\0")
        parents: dict[str, tuple[str, ...]] = {}
        taken: dict[str, tuple[str, ...]] = {}
        for at in range(0, len(fields) - 2, 3):
            commit, above, said = fields[at].strip(), tuple(fields[at + 1].split()), fields[at + 2]
            parents[commit] = above
            taken[commit] = above[:1] if HEARD in said.split() else above
        return cls(tuple(parents), parents, taken)

    def reaches(self, commit: str, other: str) -> bool:
        """Whether ``other`` is ``commit`` or stands in its history."""
        return other in _above(commit, self.parents)

    def took(self, commit: str, other: str) -> bool:
        """The same, where something was taken over all the way."""
        return other in _above(commit, self.taken)

    def shared(self, one: str, other: str) -> str:
        """The newest commit that both took over; empty where there is none."""
        both = _above(one, self.taken) & _above(other, self.taken)
        return next((commit for commit in self.order if commit in both), "")

    def beyond(self, commit: str, known: str) -> list[str]:
        """The commits of a history of which another one took nothing over, newest first."""
        old, mine = _above(known, self.taken), _above(commit, self.parents)
        return [each for each in self.order if each in mine and each not in old]

    def unsent(self, commit: str, known: str) -> list[str]:
        """The commits of a history that another one does not reach, newest first."""
        old, mine = _above(known, self.parents), _above(commit, self.parents)
        return [each for each in self.order if each in mine and each not in old]


def only_heard(path: Path, commit: str) -> frozenset[str]:
    """The commits behind one of which nothing was taken over: somebody else's word, which nobody here believed (raises
    RegistryError). Where no merge says that it only heard, one look at the merges tells that there are none.
    """
    merges = ("rev-list", "--min-parents=2", "--max-count=1", f"--grep=^{TRAILER}: {HEARD}$", commit)
    if not GitProcess(path).run(*merges, seconds=300).strip():
        return frozenset()
    found = Ancestry.of(path, commit)
    return frozenset(found.order) - _above(commit, found.taken)


def _above(commit: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    found, waiting = set[str](), [commit]
    while waiting:
        one = waiting.pop()
        if one and one not in found:
            found.add(one)
            waiting += parents.get(one, ())
    return found
