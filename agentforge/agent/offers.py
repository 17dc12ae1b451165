"""What the agent itself offers to a model beside the live tools: five names with their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agentforge.memory.truths import SCRIPT
from agentforge.models.protocol import ToolSpec
from agentforge.types import TOOL_NAME, JSONObject

SEARCH_TOOLS = "search_tools"
FORGE_TOOL = "forge_tool"
RUN_PYTHON = SCRIPT
REMEMBER = "remember"
RECALL = "recall"


def _object(required: list[str], **properties: JSONObject) -> JSONObject:
    return {
        "type": "object",
        "properties": {**properties},
        "required": [*required],
        "additionalProperties": False,
    }


def _text(description: str) -> JSONObject:
    return {"type": "string", "description": description}


_EXAMPLE = _object(
    ["args"],
    args={"type": "object", "description": "Every argument by its name."},
    returns={"description": "What the call returns."},
    raises=_text("Instead of returns: the builtin exception that it raises."),
)

OFFERS: Mapping[str, ToolSpec] = MappingProxyType(
    {
        SEARCH_TOOLS: ToolSpec(
            SEARCH_TOOLS,
            "Searches the toolbox for tested tools that already exist. Search before you write code or forge.",
            _object(["query"], query=_text("A few words for what is to be done.")),
        ),
        FORGE_TOOL: ToolSpec(
            FORGE_TOOL,
            "Has a new, tested, permanent tool made: for a rule, formula or format that will be asked again."
            " Takes minutes. Give every worked example that stands in the user's own text, copied exactly;"
            " examples that do not stand there are dropped.",
            _object(
                ["name", "signature", "purpose"],
                name={"type": "string", "pattern": f"^{TOOL_NAME.pattern}$", "description": "A verb phrase."},
                signature=_text("Python without the name: (text: str, width: int) -> list[str]. JSON types only."),
                purpose=_text("All rules, complete, in words; what is wrong input and which error it raises."),
                examples={"type": "array", "items": _EXAMPLE},
                requests={
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Two or three ways in which somebody would ask for it.",
                },
                uses={
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Live tools of the toolbox that it is to be made of, if any, by name.",
                },
            ),
        ),
        RUN_PYTHON: ToolSpec(
            RUN_PYTHON,
            "Runs a Python 3.11 script in a closed sandbox (standard library only, no network, no files kept) and"
            " returns what it prints and the value of its last expression. Live tools can be imported:"
            " from toolbox import NAME.",
            _object(["code"], code=_text("The script.")),
        ),
        REMEMBER: ToolSpec(
            REMEMBER,
            "Remembers one sentence for later sessions: a lasting fact about the user or their work, how they want"
            " things done, or a lesson. Nothing that matters for this request alone, no guesses, no secrets.",
            _object(
                ["text", "kind"],
                text=_text("One sentence that makes sense on its own, with dates in full."),
                kind={"type": "string", "enum": ["fact", "preference", "lesson"]},
                topic=_text("What it is about, as a short key such as units; a newer entry on it replaces the older."),
                when=_text("Of a lesson: when it applies."),
                supersedes={
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Ids of entries that it corrects, as recall gives them.",
                },
            ),
        ),
        RECALL: ToolSpec(
            RECALL,
            "Searches what is remembered from earlier sessions: facts, preferences, lessons. What fits the request best"
            " was shown with it already.",
            _object(["query"], query=_text("A few words for what is to be known.")),
        ),
    }
)
"""By name; these names come before live tools of the same name."""
