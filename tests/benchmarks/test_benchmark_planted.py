"""Our planted set: right tools keep the contract, wrong ones are proved wrong, and folders are the same every time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box
from agentforge.errors import UsageError
from agentforge.registry.contract import check_source
from agentforge.registry.tool import load_folder, validate
from agentforge.settings import SandboxSettings
from benchmarks.form import read_lines
from benchmarks.planted.build import INDEX, build
from benchmarks.planted.folders import folders_of, some_of
from benchmarks.planted.omissions import few, omissions, without
from benchmarks.planted.proof import known, proved
from benchmarks.planted.source import Planted, edited, read, read_all
from benchmarks.planted.suites import SUITES
from tests.conftest import insist_on_namespaces

TOOLBOX = Path(__file__).parents[2] / "toolbox"
HALVE = '''\
# %% tool
def halve(number: int) -> int:
    """Halve an even number.

    Raises:
        ValueError: it is odd.
    """
    if number % 2:
        raise ValueError("odd")
    return number // 2
# %% cases
[
    ((4,), 2),
    ((-2,), -1),
    ((0,), 0),
    ((3,), ValueError),
]
# %% examples
[{"number": 4}, {"number": 10}, {"number": 6}, {"number": 3}]
# %% fresh
{"number": num(-20, 20)}
# %% wrong odd: odd numbers are rounded
#-     if number % 2:
#-         raise ValueError("odd")
# %% wrong negative: the sign gets lost
#-     return number // 2
#+     return abs(number) // 2
# %% wrong doubles: doubles [plain]
#-     return number // 2
#+     return number * 2
# %% wrong table: remembers the examples
#= lookup
# %% wrong fixed: always the same
#= constant
# %% wrong changes: the order is that of a set
#-     return number // 2
#+     return int(next(iter({"a", "b", "c"})) == "a") + number // 2
'''


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    insist_on_namespaces()
    async with await open_box(SandboxSettings(launcher="bubblewrap"), user="tests") as opened:
        yield opened


def halve(more: str = "") -> Planted:
    return read("halve", HALVE + more)


def test_the_set_is_large_and_holds_no_tool_of_ours() -> None:
    tools = read_all()
    assert len(tools) >= 75
    assert sum(len(tool.mistakes) for tool in tools) >= 60
    assert not {tool.name for tool in tools} & {folder.name for folder in TOOLBOX.iterdir()}
    assert all(len({mistake.name for mistake in tool.mistakes}) == len(tool.mistakes) for tool in tools)


@pytest.mark.parametrize("tool", read_all(), ids=lambda tool: tool.name)
def test_right_tools_keep_the_contract(tool: Planted) -> None:
    assert check_source(tool.tool, tool.name) == []


def test_a_file_is_read_in_cells() -> None:
    tool = halve("# %% tests\ndef test_more():\n    assert halve(8) == 4\n")
    assert [mistake.name for mistake in tool.mistakes] == ["odd", "negative", "doubles", "table", "fixed", "changes"]
    assert [mistake.plain for mistake in tool.mistakes][:3] == [False, False, True]
    assert "raise" not in tool.mistakes[0].source
    assert "((4,), 2),\n" in tool.tests
    assert "def test_refusals" in tool.tests
    assert tool.tests.endswith("def test_more():\n    assert halve(8) == 4\n")


@pytest.mark.parametrize(
    "text",
    [
        HALVE.replace("# %% fresh\n", "# %% other\n"),
        HALVE.replace("# %% examples", "# %% fresh"),
        HALVE.replace("((4,), 2),", "(4,),"),
        HALVE.replace("#= lookup", "#= magic"),
        HALVE.replace("# %% wrong odd: odd numbers are rounded", "# %% wrong odd"),
        HALVE.replace("#+     return number * 2", "+     return number * 2"),
        "import os\n" + HALVE,
    ],
)
def test_what_is_malformed_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="halve"):
        read("halve", text)


@pytest.mark.parametrize("line", ["#-     return", "#-     return number // 3", "#+     pass"])
def test_an_edit_replaces_whole_lines_that_stand_there_once(line: str) -> None:
    with pytest.raises(UsageError, match="exactly once"):
        edited("halve", halve().tool, [line])
    with pytest.raises(UsageError, match="exactly once"):
        edited("halve", "x = 1\ny = 2\nx = 1\n", ["#- x = 1"])


async def test_each_wrong_tool_is_proved_wrong_on_fresh_inputs(box: Box) -> None:
    tool = halve()
    facts = await known(box, tool)
    found = {one.mistake.name: one for one in [await proved(box, tool, facts, mistake) for mistake in tool.mistakes]}
    assert all(one.differing > 0 for one in found.values())
    assert [facts.inputs[place]["number"] for place in found["odd"].agreeing[:4]] == [4, 10, 6, *fresh_even(facts)][:4]
    assert found["doubles"].agreeing[0] == 3  # it raises what it should
    assert "if known == [number]:" in found["table"].source
    assert "([6], 3)" not in found["table"].source  # held out, so that nobody could have seen it


def fresh_even(facts: Any) -> list[int]:
    return [args["number"] for args in facts.fresh if args["number"] % 2 == 0]


@pytest.mark.parametrize(
    "mistake",
    [
        "# %% wrong none: the same in other words\n#-     return number // 2\n#+     return number >> 1\n",
        "# %% wrong far: differs where no input lies\n"
        "#-     return number // 2\n#+     return number // 2 if number < 999 else 0\n",
    ],
)
async def test_a_mistake_that_makes_no_difference_is_refused(box: Box, mistake: str) -> None:
    tool = halve(mistake)
    with pytest.raises(UsageError, match="differs from the right one on none"):
        await proved(box, tool, await known(box, tool), tool.mistakes[-1])


async def test_a_call_that_changes_its_arguments_differs_though_its_result_does_not(box: Box) -> None:
    tool = read(
        "largest",
        "# %% tool\ndef largest(numbers: list[int]) -> int:\n    return max(numbers)\n"
        "# %% examples\n[{'numbers': [1, 3, 2]}]\n# %% fresh\n{'numbers': many(lambda: num(0, 9), 1, 4)}\n"
        "# %% wrong sorts: sorts it\n#-     return max(numbers)\n#+     numbers.sort()\n#+     return numbers[-1]\n",
    )
    facts = await known(box, tool)
    made = await proved(box, tool, facts, tool.mistakes[0])
    assert made.differing == made.changed > 0
    assert len(made.agreeing) == len(facts.inputs)


async def test_a_right_tool_that_fails_unexpectedly_is_refused(box: Box) -> None:
    text = HALVE.replace("    return number // 2\n# %% cases", "    return 10 // number\n# %% cases")
    with pytest.raises(UsageError, match="ZeroDivisionError"):
        await known(box, read("halve", text.partition("# %% wrong")[0]))


async def test_a_right_tool_must_pass_its_suite(box: Box, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fails its suite"):
        await build(tmp_path / "set", [read("halve", HALVE.replace("((4,), 2)", "((4,), 3)"))], box, print)


async def test_the_set_is_written_as_valid_folders_and_the_same_every_time(box: Box, tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    rows = await build(first, [halve()], box, lambda _: None)
    await build(second, [halve()], box, lambda _: None)
    await build(second, [halve()], box, lambda _: None)  # in the place of the older one
    assert contents(first) == contents(second)
    assert rows == read_lines(first / INDEX)
    folders = folders_of(first)
    assert [one.id for one in folders if not one.wrong] == ["right/halve"]
    assert {one.suite for one in folders if one.id.startswith("wrong/halve.odd/")} == set(SUITES)
    missing = {one.suite: one for one in folders if ".missing_" in one.id}
    assert set(missing) == {"omission", "omission_few"}
    assert "raise" not in missing["omission"].files["tool.py"]
    assert "ValueError" not in missing["omission"].files["test_tool.py"]
    assert "((-2,), -1)" in missing["omission"].files["test_tool.py"]
    assert len(folders) == 1 + len(SUITES) + 5 + len(missing)
    for folder in folders:
        tool = load_folder(folder.path)
        assert [problem for problem in validate(tool) if not problem.startswith("tests:")] == []
        if folder.mistake not in ("the order is that of a set", "always the same"):  # right of too little
            assert len(tool.examples) >= 3
            assert any(example.held_out for example in tool.examples)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


async def test_a_folder_of_something_else_is_left_alone(box: Box, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me")
    with pytest.raises(UsageError, match="something else"):
        await build(tmp_path, [halve()], box, print)
    assert (tmp_path / "letter.txt").read_text() == "keep me"


async def test_examples_of_a_wrong_tool_are_true_and_passed_unless_they_are_plain(box: Box, tmp_path: Path) -> None:
    await build(tmp_path / "set", [halve()], box, lambda _: None)
    told = {row["path"]: row for row in read_lines(tmp_path / "set" / INDEX)}
    assert told["wrong/halve.odd/none/halve"]["passes_examples"]
    assert not told["wrong/halve.doubles/honest_weak/halve"]["passes_examples"]
    odd = load_folder(tmp_path / "set/wrong/halve.odd/none/halve").examples
    assert all(example.returns == example.args["number"] // 2 for example in odd)  # type: ignore[operator]  they are numbers
    assert len(odd) == 4


def test_an_omission_takes_one_clause_out() -> None:
    source = (
        "def f(a, b):\n    if a < 0 or b < 0 or a > 9:\n        raise ValueError\n"
        "    return sorted({x.strip() for x in a if x}, key=len)\n"
    )
    made = {source.split("\n", 1)[1] for _, source in omissions(source)}
    assert "    pass\n    return sorted({x.strip() for x in a if x}, key=len)\n" in made
    assert any("if a < 0 or a > 9:" in one for one in made)
    assert any("return list(" in one for one in made)
    assert any("{x for x in a if x}" in one for one in made)
    assert any("{x.strip() for x in a}" in one for one in made)
    assert any("if x})\n" in one for one in made)
    assert len(made) == len(omissions(source))


def test_tests_are_taken_out_by_their_rows() -> None:
    tests = halve("# %% tests\ndef test_more():\n    assert halve(8) == 4\n").tests
    left = without(tests, [("test_results", 1), ("test_more", 0)])
    assert "((4,), 2), ((0,), 0)" in left
    assert "test_more" not in left
    assert "test_refusals" in left
    assert "test_refusals" not in without(tests, [("test_refusals", 0)])
    assert "[((4,), 2), ((0,), 0)]" in few(tests, 2)
    assert "test_more" not in few(tests, 2)
    assert few(tests, 99) == tests


def cases() -> list[Any]:
    return [
        ({"number": 4}, {"returns": 2}),
        ({"number": -2}, {"returns": -1}),
        ({"number": 3}, {"raises": "ValueError"}),
    ]


def test_weak_suites_are_what_they_are_called() -> None:
    written = {kind: made("halve", cases()) for kind, made in SUITES.items()}
    assert written["none"] == ""
    assert "assert" not in written["no_assertion"]
    assert "assert result == result" in written["tautology"]
    assert "assert isinstance(result, int)" in written["type_check"]
    assert 'assert "error" not in str(result).lower()' in written["error_string"]
    assert "except Exception:\n        pass" in written["swallowed"]
    assert "with pytest.raises(ValueError):\n        halve(number=3)" in written["honest_weak"]
    assert written["honest_weak"].count("def test_") == 2


def test_folders_are_found_at_any_depth_and_links_are_not_followed(tmp_path: Path) -> None:
    for place in ("right/a", "wrong/b", "wrong/tautology/deep/c"):
        folder = tmp_path / "set" / place
        folder.mkdir(parents=True)
        (folder / "tool.py").write_text("x = 1\n")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "set/wrong/b/test_tool.py").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "set/right/a/examples.jsonl").write_text(
        '{"args": {}, "returns": 1}\n{"args": {"x": 1}, "held_out": true}\n'
    )
    found = {one.id: one for one in folders_of(tmp_path / "set")}
    assert {name: (one.wrong, one.suite) for name, one in found.items()} == {
        "right/a": (False, "strong"),
        "wrong/b": (True, "-"),
        "wrong/tautology/deep/c": (True, "tautology"),
    }
    assert found["wrong/b"].files["test_tool.py"] == ""
    assert found["right/a"].truths == [{"args": {}, "returns": 1}]
    with pytest.raises(UsageError, match="no tool folder"):
        folders_of(tmp_path / "nothing")


def test_a_sample_has_every_kind_of_suite_of_different_tools(tmp_path: Path) -> None:
    rows = []
    for number, kind in [(number, kind) for number in range(9) for kind in SUITES]:
        place = f"wrong/t{number}.x/{kind}/t{number}"
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "tool.py").write_text("x = 1\n")
        rows.append({"path": place, "suite": kind, "mistake": "x"})
    (tmp_path / INDEX).write_text("".join(json.dumps(row) + "\n" for row in rows))
    sample = some_of(folders_of(tmp_path), 3, len(SUITES))
    assert {one.suite for one in sample} == set(SUITES)
    assert len({one.name for one in sample}) == len(SUITES)
