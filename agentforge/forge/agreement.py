"""Which of the candidates that pass every visible example to believe: dual execution agreement.

Independent candidates that do the same on inputs nobody told them about, and that pass the same
independent tests, support one another; one that stands alone is supported by nothing but the
examples it saw. Source: Chen et al. 2022, "CodeT: Code Generation with Generated Tests"
(arXiv 2207.10397): a group's score is its size times the number of generated tests it passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentforge.forge.cases import is_returned
from agentforge.forge.evidence import Candidate
from agentforge.types import Role

SAME_BEHAVIOUR = 0.95
"""Share of probes on which two candidates must do the same to belong to one group. Below 1 because
probes may leave the domain that the need speaks of."""

FEWEST_COMPARED = 3
"""So many inputs on which at least one of the two returned a value are needed: to fail alike is easy."""


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates that behave alike."""

    members: tuple[Candidate, ...]

    @property
    def score(self) -> int:
        """CodeT's score over lineages; one is added so that groups without a passed test still compare by size."""
        return self.independent * (1 + self.tests)

    @property
    def tests(self) -> int:
        """Generated cases that the best member passes."""
        return sum(self.best.cases)

    @property
    def escalated(self) -> bool:
        """Whether another role than ``generate`` wrote one of them."""
        return any(member.draft.role is not Role.GENERATE for member in self.members)

    @property
    def independent(self) -> int:
        """Lineages among the members: repairs of one candidate count once."""
        return len({member.draft.lineage for member in self.members})

    @property
    def best(self) -> Candidate:
        """The member whose behaviour most others share, input by input; of equals the shortest."""
        return max(self.members, key=lambda member: (self._shared(member), -len(member.source)))

    def _shared(self, member: Candidate) -> int:
        pairs = [zip(member.behaviour, other.behaviour, strict=True) for other in self.members]
        return sum(one == two for together in pairs for one, two in together)


def grouped(candidates: Sequence[Candidate]) -> list[Group]:
    """Eligible, probed candidates in groups of the same behaviour, the most believable first."""
    groups: list[list[Candidate]] = []
    for candidate in candidates:
        for group in groups:
            if alike(group[0], candidate):
                group.append(candidate)
                break
        else:
            groups.append([candidate])
    made = [Group(tuple(group)) for group in groups]
    return sorted(made, key=lambda group: group.score, reverse=True)


def alike(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates do the same on at least :data:`SAME_BEHAVIOUR` of the inputs on which one of
    them returned something. Where both fail, nothing is compared: broken code fails like other broken code.
    """
    pairs = zip(one.behaviour, other.behaviour, strict=True)
    compared = [(a, b) for a, b in pairs if is_returned(a) or is_returned(b)]
    same = sum(a == b for a, b in compared)
    return len(compared) >= FEWEST_COMPARED and same >= SAME_BEHAVIOUR * len(compared)
