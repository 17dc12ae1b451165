"""Calls that failed in use, seen at the moment in which they did: which of them are worth a closer look.

Nothing is run here and nothing is decided: a failure that may be a defect is queued, and
:mod:`agentforge.forge.learning` repeats it before anything is said of the tool.
"""

from __future__ import annotations

from agentforge.boxes.protocol import CallResult
from agentforge.forge.classify import Failure, classify
from agentforge.registry.tool import Tool
from agentforge.types import JSON, JSONObject

_TYPES: dict[str, tuple[type, ...]] = {
    # type of a JSON Schema → what Python has for it
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def may_be_defect(tool: Tool, result: CallResult) -> bool:
    """Whether repeating a call that ended so could show a defect of the tool.

    Of a result only its outermost type is looked at, since this is asked at every call.
    """
    if result.ok and _fits_outside(result.value, tool.signature.returns):
        return False
    reach = tool.manifest.capabilities
    failure = Failure(
        status=result.status,
        error=result.error,
        message=result.message,
        declared=tool.signature.raises,
        typed=not result.ok,
        asks=not reach.none or bool(tool.depends),
        fetches=bool(reach.hosts or reach.servers),
    )
    found = classify(failure)
    return found is not None and found[0] in ("defect", "unclear")


def _fits_outside(value: JSON, schema: JSONObject) -> bool:
    named = schema.get("type")
    types = _TYPES.get(named) if isinstance(named, str) else None
    if types is None:
        return True
    return isinstance(value, types) and isinstance(value, bool) == (named == "boolean")
