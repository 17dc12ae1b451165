"""The starter tools: each in the exact form of a learned tool, and each passing the same checks in a real box."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starter_gates import QUICK, Exam, contents_of, judge, open_starter_box, stub_of
from starter_mutants import mutants

from agentforge import assets
from agentforge.boxes.protocol import Box
from agentforge.errors import SandboxUnavailable
from agentforge.registry.contract import check_source, check_tests
from agentforge.registry.tool import Tool, load_folder, to_files, validate
from agentforge.types import Layer

FOLDER = assets.folder("toolbox")
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def _tool(name: str) -> Tool:
    return load_folder(FOLDER / name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box() -> AsyncIterator[Box]:
    """One warm box for all tools."""
    try:
        opened = await open_starter_box()
    except SandboxUnavailable as error:
        (pytest.fail if os.environ.get("AGENTFORGE_REQUIRE_DOCKER") == "1" else pytest.skip)(str(error))
    async with opened:
        yield opened


def test_there_are_starter_tools_enough():
    assert len(NAMES) >= 14
    assert not [path for path in FOLDER.iterdir() if not path.is_dir()]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_loads_and_keeps_the_contract(name):
    tool = _tool(name)
    assert tool.layer is Layer.BASE
    assert check_source(tool.source, name) == []
    assert check_tests(tool.tests, name) == []
    assert validate(tool) == []
    assert tool.pure


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_is_written_exactly_as_the_program_writes_it(name):
    written = to_files(_tool(name))
    assert {path.name: path.read_bytes() for path in (FOLDER / name).iterdir() if path.is_file()} == written


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_says_what_it_does_returns_and_raises(name):
    tool = _tool(name)
    function = next(
        node for node in ast.parse(tool.source).body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    docstring = ast.get_docstring(function) or ""
    assert tool.manifest.summary == docstring.splitlines()[0] == tool.signature.summary
    assert all(f"{section}:" in docstring for section in ("Args", "Returns", "Raises"))
    assert all(f"    {argument.arg}: " in docstring for argument in function.args.args)
    raised = {ast.unparse(node.exc).split("(")[0] for node in ast.walk(ast.parse(tool.source))
              if isinstance(node, ast.Raise) and node.exc}  # fmt: skip
    assert raised <= set(tool.signature.raises)


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_comes_with_examples_and_requests(name):
    tool = _tool(name)
    assert len(tool.examples) >= 5
    assert all(example.ground_truth for example in tool.examples)
    assert {example.raises for example in tool.examples if example.raises} <= set(tool.signature.raises)
    assert len(tool.manifest.requests) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_the_report_tells_of_a_real_run_on_exactly_these_contents(name):
    tool = _tool(name)
    report = json.loads((FOLDER / name / "report.json").read_bytes())
    assert report["contents"] == contents_of(tool)
    assert report["box"]["launcher"] in ("docker", "bubblewrap")
    *gates, mutation = report["gates"]
    assert [gate["verdict"] for gate in gates] == ["passed"] * len(QUICK)
    assert mutation["verdict"] == ("passed" if mutants(tool.source, most=1) else "skipped")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", NAMES)
async def test_a_tool_passes_every_check_in_a_box(name, box):
    gates = await judge(Exam(_tool(name), box), QUICK)
    assert [(gate.gate, gate.verdict, gate.evidence) for gate in gates if gate.verdict != "passed"] == []


def test_a_stub_has_the_signature_and_does_nothing():
    stub = ast.parse(stub_of(_tool("format_bytes"))).body[-1]
    assert isinstance(stub, ast.FunctionDef)
    assert ast.unparse(stub) == "def format_bytes(size: int, binary: bool=False):\n    return None"


def test_a_mutant_is_one_change_of_behaviour_and_never_of_words():
    source = (
        "def f(n: int) -> bool:\n"
        '    """No 1 here."""\n'
        "    if n < 0:\n"
        '        raise ValueError("n < 0")\n'
        "    return n == 7\n"
    )
    assert [mutant.change for mutant in mutants(source, most=9)] == [
        "line 3: n < 0 → n <= 0",
        "line 3: 0 → 1",
        "line 5: n == 7 → n != 7",
        "line 5: 7 → 8",
    ]
    assert len(mutants(source, most=2)) == 2
