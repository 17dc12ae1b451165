"""The benchmark of search measures what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentforge.registry.index import Found, Hit
from benchmarks.retrieval import (
    Query,
    filled,
    function_name,
    measured,
    narrowed,
    ndcg,
    read_queries,
    read_tools,
    recall,
)


@pytest.fixture
def named(tmp_path: Path) -> Path:
    file = tmp_path / "tools.json"
    file.write_text(json.dumps({"MemeTool": "Make a funny picture.", "taxHelper": "Work out income tax."}))
    return file


@pytest.fixture
def described(tmp_path: Path) -> Path:
    file = tmp_path / "tool.jsonl"
    parameters = {"occupation": {"type": "str", "description": "Such as nurse."}}
    rows = [
        {"api_name": "getStaff", "api_description": "Count staff.", "field": "Health", "parameters": parameters},
        {"api_name": "GetStaff", "api_description": "Another.", "field": "Health", "parameters": {}},
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


@pytest.mark.parametrize(
    ("name", "function"), [("getHTTPStatus", "get_http_status"), ("Now", "now"), ("3D view!", "a_3_d_view")]
)
def test_names_become_those_of_functions(name: str, function: str) -> None:
    assert function_name(name) == function


def test_both_forms_of_files_are_read(named: Path, described: Path, tmp_path: Path) -> None:
    assert [tool.name for tool in read_tools(named).values()] == ["meme_tool", "tax_helper"]
    tools = read_tools(described)
    assert [tool.name for tool in tools.values()] == ["get_staff", "get_staff_2"]
    assert tools["getStaff"].manifest.signature == "(occupation: str) -> dict"
    assert "Such as nurse." in tools["getStaff"].source
    queries = tmp_path / "queries.jsonl"
    queries.write_text(
        '{"query": "one", "calling": [{"api": "getStaff"}, {"api": "getStaff"}]}\n{"query": "two", "tool": "GetStaff"}'
    )
    assert [query.right for query in read_queries(queries, tools)] == [{"get_staff"}, {"get_staff_2"}]


def test_shares_are_counted_by_hand() -> None:
    found = [Found(tuple(Hit(name, "", "", 1.0) for name in "abc"), fits=True)]
    query = [Query("?", frozenset("bz"))]
    assert (recall(found, query, 1), recall(found, query, 2)) == (0, 0.5)
    assert ndcg(found, query) == pytest.approx((1 / 1.585) / (1 + 1 / 1.585), abs=1e-3)


def test_a_smaller_pool_keeps_the_tools_of_its_queries(named: Path) -> None:
    tools = list(read_tools(named).values())
    queries = [Query("meme", frozenset(["meme_tool"]))]
    assert narrowed(tools, queries, 5) == (tools, queries)
    kept, asked = narrowed(tools, queries, 2)
    assert len(kept) == 2
    assert asked == queries
    assert len({tool.name for tool in filled(tools, 7)}) == 7


def test_every_figure_is_measured(named: Path) -> None:
    tools = list(read_tools(named).values())
    queries = [Query("a funny meme", frozenset(["meme_tool"])), Query("my taxes", frozenset(["tax_helper"]))]
    figures = measured(tools, queries, None, full=False)
    assert (figures["recall_at_1"], figures["recall_at_5"], figures["ndcg_at_10"]) == (1, 1, 1)
    assert figures["refused_unanswerable"] == 1, "without its tool no word of a query stands anywhere"
    assert figures["p95_ms"] > 0
