"""What a forging that failed leaves for the next one of the same kind: candidates that gave all they were shown.

A right candidate that stands alone is not believed, and the next forging, which has more examples, would have to find
two anew. Written apart and without a word of each other, the old one and a new one that behaves like it support each
other as well as two of one round do. Tried again it costs no token, and it meets all the gates; what it was shown
can be held out from it no more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, cast

from agentforge.errors import ToolInvalid
from agentforge.forge.cases import fenced
from agentforge.forge.lifting import rename
from agentforge.parsing import parse
from agentforge.registry.contract import parse_signature
from agentforge.types import JSON, JSONObject


def earlier_candidates(artefacts: JSONObject, name: str, signature: str) -> Iterator[str]:
    """The candidates of a forging by what was kept of it, under the name ``name``, where its tool was to have the same
    parameters. Repairs are left out, since they are of one descent with another candidate.
    """
    old = str(artefacts.get("name"))
    if _parameters(old, str(artefacts.get("signature"))) != _parameters(name, signature):
        return
    for one in cast("list[dict[str, Any]]", artefacts.get("candidates", [])):
        whole = one["passed"] == one["visible"] > 0 and not one["problems"] and not one["faults"]
        if whole and one["origin"] == "candidate":
            source = fenced(str(one["answer"]), holding=f"def {old}(")
            yield source if old == name else _renamed(source, old, name)


def _renamed(source: str, old: str, new: str) -> str:
    tree = parse(source)  # it kept the contract, so that it can be read
    rename(tree, old, new)
    return ast.unparse(tree) + "\n"


def _parameters(name: str, signature: str) -> list[str]:
    try:
        found: JSON = parse_signature(f"def {name}{signature}").parameters.get("properties", {})
    except ToolInvalid:
        return []
    return [*found] if isinstance(found, dict) else []
