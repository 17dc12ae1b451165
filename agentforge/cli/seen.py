"""What calls of a tool were seen to reach, as ``agentforge tools why`` and ``diff`` show it beside its rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from agentforge.api import Forge
from agentforge.cli.output import Output, cell
from agentforge.errors import StorageError
from agentforge.types import JSON, JSONObject

if TYPE_CHECKING:
    from agentforge.api.advice import Advice
    from agentforge.memory.seen import Seen

_WIDE = 400


def advice_of(forge: Forge, name: str, output: Output) -> Advice | None:
    """What was seen of a tool; a database that fails costs nobody the rest of the page."""
    try:
        return forge.review.advice(name)
    except StorageError as error:
        output.warn(f"What its calls reached cannot be told: {error}")
        return None


def advice_lines(advice: Advice | None) -> list[Text]:
    """Its sentences; a host that was refused is named in hostile text."""
    return [cell(line, _WIDE) for line in advice.lines] if advice else []


def advised(advice: Advice | None) -> JSONObject | None:
    """The same for a program, with all that is known."""
    if advice is None:
        return None
    return {
        "version": advice.version,
        **_counted(advice.seen),
        "unused": list(advice.unused),
        "hidden": list(advice.hidden),
        "unsure": list(advice.unsure),
        "other_versions": _counted(advice.others),
    }


def _counted(seen: Seen) -> JSONObject:
    requests: list[JSON] = [{**each._asdict(), "count": count} for each, count in seen.requests.items()]
    files: JSONObject = {"given": dict(seen.given), "left": dict(seen.left)}
    head: JSONObject = {"calls": seen.calls, "unseen": seen.unseen, "requests": requests, "more": seen.more}
    return {**head, "secrets": dict(seen.secrets), **files}
