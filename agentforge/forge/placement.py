"""Where a tool that passed every gate goes: live at once, or into the queue of a person.

Tools that may reach nothing, from trusted sources, go live; everything else waits. The rules are a table
from facts to a sentence; the first that holds decides, and none that lets a tool wait can be overruled
by one below it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from agentforge.policy import Policy
from agentforge.registry.rights import Reach
from agentforge.types import Capabilities, State

FEWEST_CASES = 4
"""Without ground truth, so many generated cases of another model must speak for a tool to go live."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a version when its gates are passed.

    ``tainted``: its session had read untrusted text. ``reach``: what it may reach, itself and through the tools that
    it needs; ``live``: the same of the version that stands, None where none stands. ``truths``: ground-truth
    examples; ``cases``: generated ones; ``unconfirmed``: no example was kept from the generators.
    ``tester_is_generator``: the same model wrote code and tests. ``pinned``: a person pinned the version that stands.
    ``alone``: no independent candidate behaves like it; ``guessed``: its held-out examples had refuted others before,
    too many to say much; ``dispute``: on which input as believable candidates differ from it, or that it may know its
    examples by heart, as a sentence.
    """

    tainted: bool
    reach: Reach
    truths: int
    cases: int
    unconfirmed: bool
    tester_is_generator: bool
    live: Reach | None = None
    pinned: bool = False
    alone: bool = False
    guessed: bool = False
    dispute: str = ""

    @property
    def tested(self) -> bool:
        """Whether another model's generated tests speak for it, enough of them."""
        return not self.tester_is_generator and self.cases >= FEWEST_CASES


def place(facts: Facts, policy: Policy) -> tuple[State, str]:
    """The state in which a version is committed, and one or two sentences that say why."""
    why = _why_it_waits(facts, policy)
    if why:
        return State.PROPOSED, why
    return State.LIVE, "All gates passed." + (" Unconfirmed: no example was held out." * facts.unconfirmed)


def _why_it_waits(facts: Facts, policy: Policy) -> str:
    """Empty where it need not wait."""
    more = facts.reach.beyond(facts.live) if facts.live is not None else []
    unheard = [kind for kind in _kinds(facts.reach.own) if kind not in policy.rules.allow]
    used = [name for name, given in sorted(facts.reach.through.items()) if {*_kinds(given)} - {*policy.rules.allow}]
    rules = (
        (facts.tainted, "The session had read untrusted text: it waits for a person's review."),
        (facts.pinned, "The version that stands is pinned: a new one waits for a person's review."),
        (more, f"It wants more than the version that stands ({', '.join(more)}): it waits for a person's review."),
        (unheard, "It asks for capabilities: it waits for a person's review."),
        (used, f"It needs {', '.join(used)}, which has capabilities: it waits for a person's review."),
        (
            not facts.truths and facts.tester_is_generator,
            "No ground-truth example, and the same model wrote code and tests.",
        ),
        (
            not facts.truths and facts.cases < FEWEST_CASES,
            f"No ground-truth example, and only {facts.cases} generated tests.",
        ),
        (
            facts.alone and facts.unconfirmed and not facts.tested,
            "No other candidate behaves like it, and neither a held-out example nor another model's tests confirm it.",
        ),
        (
            facts.guessed,
            "Held-out examples had refuted others before it, so that they say little: it waits for a person's review.",
        ),
        (facts.dispute, f"{facts.dispute} A person decides."),
        (policy.problem, f"{policy.problem} Until it is corrected every tool waits for a person's review."),
        (policy.rules.policy == "review-all", "The review policy lets no tool go live without a person."),
    )
    return next((why for holds, why in rules if holds), "")


def _kinds(capabilities: Capabilities) -> list[str]:
    """The kinds of capability that are asked for: ``hosts``, ``clock`` …"""
    return [kind for kind, value in asdict(capabilities).items() if value]
