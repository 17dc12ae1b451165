"""Where a tool that somebody hands in as a folder would stand, by what stands in the user's registry now.

The rules for a version that passed every gate are those of :mod:`agentforge.forge.placement`. What stands under its
name comes before them: that is told in the words in which a forging, or the registry, would tell it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agentforge.errors import ToolInvalid, ToolNotFound
from agentforge.forge.placement import Facts, place
from agentforge.policy import Policy
from agentforge.registry.layers import Layers
from agentforge.registry.refusal import refuse_revoked
from agentforge.registry.repository import Registry
from agentforge.registry.states import Standing
from agentforge.registry.tool import Tool
from agentforge.types import State


@dataclass(frozen=True, slots=True)
class Prospect:
    """Where it would stand, with one or two sentences that say why."""

    state: Literal["live", "proposed", "rejected"]
    reason: str
    unconfirmed: bool = False


def prospect(tool: Tool, facts: Facts, policy: Policy, registry: Registry, layers: Layers) -> Prospect:
    """Where ``tool``, which passed every gate, would stand (raises RegistryError).

    ``facts`` are those of a new tool; what stands is looked up here.
    """
    snapshot = registry.snapshot()
    standing = snapshot.states.tools.get(tool.name)
    try:
        refuse_revoked(snapshot, tool)
    except ToolInvalid as error:
        return Prospect("rejected", _sentence(error.problems))
    if standing is not None and standing.version == tool.version:
        return _itself(tool, standing)
    if standing is not None and standing.version != tool.manifest.provenance.parent:
        told = f"A tool of that name exists in the {registry.layer} layer and is {standing.state}"
        return Prospect("rejected", f"{told}: choose another name, or give its version as the parent of a new one.")
    if standing is not None and standing.state is not State.LIVE:
        return Prospect("proposed", f"{tool.name} is {standing.state}: it waits for a person's review.")
    if not facts.truths:
        told = "All gates passed, but no ground-truth example says what is right: it waits for a person's review."
        return Prospect("proposed", told)
    if standing is not None:
        facts = replace(facts, live=snapshot.granted(tool.name), pinned=standing.pinned)
    state, why = place(facts, policy)
    if state is not State.LIVE:
        return Prospect("proposed", why)
    return Prospect("live", why + _hides(tool, layers), facts.unconfirmed)


def _itself(tool: Tool, standing: Standing) -> Prospect:
    """The very version that stands: adding it changes nothing."""
    if standing.state is State.LIVE:
        return Prospect("live", "All gates passed. This version is live already.", standing.unconfirmed)
    told = f"{tool.name} is {standing.state} in this very version, which only a person makes live again."
    return Prospect("rejected", told)


def _hides(tool: Tool, layers: Layers) -> str:
    try:
        found = layers.find(tool.name)
    except (ToolInvalid, ToolNotFound):
        return ""
    if found.layer is layers.registry.layer or found.version == tool.version:
        return ""
    return f" It would take the place of the tool of the {found.layer} layer."


def _sentence(problems: tuple[str, ...]) -> str:
    text = "; ".join(problems)
    return f"{text[:1].upper()}{text[1:]}."
