"""What labels do to where a tool stands: quarantine after defects, and no longer unconfirmed after confirmed answers.

Only the version that stands in the user's own registry can be moved. One of another layer, or an earlier version,
keeps its labels and nothing else happens. So does one that a person moved, or that another version replaced, by
the time of the commit.
"""

from __future__ import annotations

import json

from agentforge.errors import ToolInvalid, ToolNotFound
from agentforge.memory.outcomes import Known, Outcomes
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.types import State

LOOKED_AT = 8
DEFECTS = 2
"""So many confirmed defects among the last :data:`LOOKED_AT` labelled calls of a version quarantine it."""

CONFIRMATIONS = 3
"""So many confirmed answers to different arguments take ``unconfirmed`` off a tool."""


def quarantine_standing(registry: Registry, outcomes: Outcomes, tool: Tool) -> bool:
    """Quarantines ``tool`` if its labels say so; whether they did now (raises RegistryError, StorageError)."""
    if not _stands(registry, tool.name, tool.version):
        return False
    defects = [call for call in outcomes.labelled(tool.name, tool.version, LOOKED_AT) if call.defect]
    if len(defects) < DEFECTS:
        return False
    named = ", ".join(call.id for call in reversed(defects))
    reason = f"{len(defects)} confirmed defects in the last {LOOKED_AT} labelled calls: {named}"
    return registry.set_state(
        tool.name,
        State.QUARANTINED,
        reason,
        trailers=_trailers(defects),
        where=lambda now: (now.state, now.version) == (State.LIVE, tool.version),
    )


def confirm_standing(registry: Registry, outcomes: Outcomes, call: Known) -> bool:
    """Takes ``unconfirmed`` off the version of a confirmed call, if that was the last one needed.

    A version of which a person called an answer wrong stays unconfirmed (raises as :func:`quarantine_standing`).
    """
    if not _stands(registry, call.tool, call.version, unconfirmed=True):
        return False
    labelled = outcomes.labelled(call.tool, call.version, 10_000)
    confirmed = {json.dumps(one.args, sort_keys=True): one for one in labelled if one.word == "confirmed"}
    if len(confirmed) < CONFIRMATIONS or any(one.defect for one in labelled):
        return False
    reason = f"{len(confirmed)} confirmed answers"
    return registry.set_state(
        call.tool,
        State.LIVE,
        reason,
        unconfirmed=False,
        trailers=_trailers([*confirmed.values()]),
        where=lambda now: (now.state, now.version, now.unconfirmed) == (State.LIVE, call.version, True),
    )


def _stands(registry: Registry, name: str, version: str, *, unconfirmed: bool | None = None) -> bool:
    """Whether just this version is live in the registry."""
    if name not in registry.names(State.LIVE):
        return False
    try:
        tool = registry.get(name)
    except (ToolNotFound, ToolInvalid):
        return False
    return tool.version == version and (unconfirmed is None or tool.unconfirmed is unconfirmed)


def _trailers(calls: list[Known]) -> dict[str, list[str]]:
    episodes = list(dict.fromkeys(call.session for call in calls if call.session))
    named = {"Source": [call.source for call in calls], "Episode": episodes}
    return {key: values for key, values in named.items() if values}
