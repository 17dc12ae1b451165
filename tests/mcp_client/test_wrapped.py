"""Tools that are written from what a server says of its own: sound whatever it says, with one right and no more."""

from __future__ import annotations

import ast

import pytest

from agentforge.errors import ToolInvalid
from agentforge.registry.rights import rights
from agentforge.registry.tool import validate
from agentforge.registry.wrapped import tool_asking
from agentforge.servers.connection import Offered
from agentforge.types import JSONObject

SCHEMA: JSONObject = {
    "type": "object",
    "properties": {
        "limit": {"type": "integer"},
        "query": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "anything": {},
    },
    "required": ["query"],
}


def test_a_plain_one_has_its_parameters_and_its_one_right() -> None:
    tool = tool_asking("github", Offered("search-issues", "Searches issues.", SCHEMA))
    assert validate(tool) == []
    assert tool.name == "github_search_issues"
    assert tool.signature.parameters["required"] == ["query"]
    assert tool.signature.text.startswith("(query: str, limit: int | None = None, tags: list[str] | None = None")
    assert rights(tool.manifest.capabilities) == {"ask github/search-issues"}
    assert tool.manifest.provenance.sources == ("mcp:github/search-issues",)
    assert tool.signature.raises == ("OSError",)


@pytest.mark.parametrize(
    "words",
    [
        '"""\nimport os\nos.system("x")\n"""',
        "back\\slash \\N{BULLET} \\",
        "x" * 5000,
        "line\nafter\tline\x00\x1b[31m",
        "",
        'ends with a quote "',
    ],
    ids=["code", "escapes", "long", "controls", "empty", "quote"],
)
def test_hostile_words_stay_words(words: str) -> None:
    tool = tool_asking("web", Offered("look", words, SCHEMA))
    assert validate(tool) == []
    tree = ast.parse(tool.source)
    assert [type(node).__name__ for node in tree.body] == ["ImportFrom", "FunctionDef"]
    assert len(tool.manifest.summary) <= 200


@pytest.mark.parametrize(
    ("name", "parameters", "why"),
    [
        ("look", {"type": "object", "properties": {"a b": {}}}, "'a b'"),
        ("look", {"type": "object", "properties": {"class": {}}}, "'class'"),
        ("look", {"type": "object", "properties": {"ask_server": {}}}, "'ask_server'"),
        ("look", {"type": "object", "properties": {"x": {}, "y); import os; (": {}}}, "import os"),
        ("look", {"type": "object", "properties": "none"}, "no known form"),
        ("look\nfor", {"type": "object"}, "other characters"),
        ("é" * 200, {"type": "object"}, "other characters"),
    ],
)
def test_what_cannot_be_a_tool_here_is_refused_with_the_reason(name: str, parameters: JSONObject, why: str) -> None:
    with pytest.raises(ToolInvalid, match=why):
        tool_asking("web", Offered(name, "", parameters))
