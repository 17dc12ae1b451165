"""The seeded defects are what they say: one change of a starter tool each, in the form that the benchmark reads."""

from __future__ import annotations

import ast
import json

import pytest

from agentforge.registry.layers import BaseLayer
from agentforge.registry.schema import mismatches
from benchmarks.regression import SEEDED, main

DEFECTS = json.loads(SEEDED.read_text("utf-8"))


def test_there_are_twenty_and_most_can_be_repaired() -> None:
    assert len(DEFECTS) == 20
    assert sum(not one.get("repairable", True) for one in DEFECTS) == 3


@pytest.mark.parametrize("line", DEFECTS, ids=[f"{at} {one['tool']}" for at, one in enumerate(DEFECTS)])
def test_a_defect_changes_one_place_and_its_call_fits(line: dict) -> None:  # type: ignore[type-arg] - a line of JSON
    tool = next(tool for tool in BaseLayer().tools() if tool.name == line["tool"])
    assert tool.source.count(line["old"]) == 1
    ast.parse(tool.source.replace(line["old"], line["new"]))
    assert mismatches(line["args"], tool.signature.parameters) == []


def test_a_file_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--defects", "nowhere.json", "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "nowhere.json" in err
