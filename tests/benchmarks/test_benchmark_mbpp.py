"""The list of MBPP's functions: how it is made, and that a sample of it runs green in two processes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.protocol import Box, SuiteResult, TestRow
from agentforge.settings import SandboxSettings
from benchmarks import mbpp_functions
from benchmarks.form import read_lines
from benchmarks.mbpp_functions import Listed, derive, figures_of, first_problem, red_of, suite_of

DATA = Path(__file__).resolve().parents[3] / "shared" / "bench" / "mbpp" / "mbpp_974.jsonl"
SAMPLE_EVERY = 45


def task(code: str, *tests: str, number: int = 1, setup: str = "") -> dict[str, Any]:
    return {"task_id": number, "code": code, "test_list": list(tests), "test_setup_code": setup}


PLAIN = "def f(a, b=0):\n    return [a, b]\n"
CASES = {
    "": [
        task(PLAIN, "assert f(1, b='x') == [1, 'x']"),
        task("def f(a):\r\n    return sum(a)\r\n", "assert f((1, 2)) == 3"),
        task("import math\ndef f(a):\n    return a\n", "assert f(math.floor(1.5)) == 1"),
        task("def test_f(a):\n    return -a\n", "assert test_f(1) == -1"),
        task("def f(a):\n    a.append(1)\n    return len(a)\n", "assert f([]) == 1"),
    ],
    "a result holds a tuple": [task("def f(a):\n    return (a, 1)\n", "assert f(1) == (1, 1)")],
    "a result holds a set": [task("def f(a):\n    return {a}\n", "assert f(1) == {1}")],
    "a result holds an object": [
        task("def f(a):\n    return 1j\n", "assert f(1) == 1j"),
        task("class P:\n    n = 1\ndef f(a):\n    return a.n\n", "assert f(P()) == 1"),
    ],
    "a result holds a key that is no string": [task("def f(a):\n    return {a: 1}\n", "assert f(1) == {1: 1}")],
    "a result holds a number that is none in JSON": [
        task("def f(a):\n    return float('inf')\n", "assert f(1) == float('inf')")
    ],
    "an argument holds a set": [task("def f(a):\n    return len(a)\n", "assert f({1}) == 1")],
    "an argument holds an object": [task("def f(a):\n    return a.real\n", "assert f(1j) == 0")],
    "an argument holds a key that is no string": [task("def f(a):\n    return a[1]\n", "assert f({1: 2}) == 2")],
    "a list in the place of a tuple makes a difference": [
        task("def f(a):\n    return str(a)\n", "assert f((1, 2)) == '(1, 2)'"),
        task("def f(a):\n    return len({a})\n", "assert f((1, 2)) == 1"),
    ],
    "its function is not public": [task("def _f(a):\n    return a\n", "assert _f(1) == 1")],
    "it fails its own tests": [task(PLAIN, "assert f(1) == 1")],
    "its own tests raise NameError": [task(PLAIN, "assert g(1) == 1")],
    "its own tests raise SyntaxError": [task("def f(a):\n    return a\n", "assert f(1) == 1", setup="def (")],
    "it is no Python": [task("def f(:", "assert f(1) == 1")],
}


@pytest.mark.asyncio(loop_scope="module")
class TestInABox:
    async def test_every_reason_is_found_and_what_is_listed_is_green(self, bubblewrap_box: Box) -> None:
        tasks, expected = list[dict[str, Any]](), dict[str, tuple[int, ...]]()
        for reason, cases in CASES.items():
            numbers = range(len(tasks), len(tasks) + len(cases))
            expected[reason] = tuple(numbers)
            tasks += [{**case, "task_id": number} for case, number in zip(cases, numbers, strict=True)]
        listed = await derive(bubblewrap_box, tasks, "sum", {0: "known", 99: "gone"})
        assert {"": listed.functions, **listed.apart} == expected
        assert listed.exceptions == {0: "known"}
        assert await red_of(bubblewrap_box, [tasks[number] for number in listed.functions]) == {}

    async def test_a_red_one_is_told_with_its_reason(self, bubblewrap_box: Box) -> None:
        red = await red_of(bubblewrap_box, [task(PLAIN, "assert f(1) == [1, 0]", "assert f(2) == [1, 0]", number=7)])
        assert list(red) == [7]
        assert red[7].startswith("test_1: assert [2, 0] == [1, 0]")

    async def test_a_sample_of_the_committed_list_is_green(self, bubblewrap_box: Box) -> None:
        if not DATA.exists():
            pytest.skip(f"{DATA} is not there: MBPP comes with the shared data of this project, not with the code")
        listed = Listed.read()
        assert hashlib.sha256(DATA.read_bytes()).hexdigest() == listed.sha256
        chosen = [one for one in read_lines(DATA) if one["task_id"] in set(listed.functions[::SAMPLE_EVERY])]
        red = await red_of(bubblewrap_box, chosen)
        assert set(red) <= set(listed.exceptions)
        assert len(chosen) > 15


def test_the_committed_list_is_whole_and_explains_its_exceptions() -> None:
    listed = Listed.read()
    counted = [*listed.functions, *(one for ids in listed.apart.values() for one in ids)]
    assert sorted(counted) == list(range(1, 975))
    assert 800 < len(listed.functions) < 880
    assert len(listed.exceptions) <= 5
    assert all(len(why) > 20 and key in listed.functions for key, why in listed.exceptions.items())
    assert all(reason.strip() for reason in listed.apart)


def test_the_list_holds_ids_and_nothing_of_the_tasks() -> None:
    kept = json.loads(mbpp_functions.LIST.read_text("utf-8"))
    assert set(kept) == {"about", "sha256", "functions", "exceptions", "apart"}
    assert all(type(number) is int for ids in [kept["functions"], *kept["apart"].values()] for number in ids)


def test_the_list_is_written_as_it_is_read(tmp_path: Path) -> None:
    listed = Listed("sum", (1, 2), {2: "because of this"}, {"a set": (3,)})
    listed.write(tmp_path / "list.json")
    assert Listed.read(tmp_path / "list.json") == listed


def test_tests_take_along_the_imports_of_the_code_that_they_use() -> None:
    tests = suite_of(task("import sys, re\nimport math as m\ndef f(a):\n    return a\n", "assert f(m.pi) > 3"))
    assert tests.splitlines()[:4] == ["import math as m", "", "def test_0():", "    from tool import f"]


def test_figures_tell_what_is_red_without_being_an_exception() -> None:
    listed = Listed("sum", (1, 2, 3), {2: "why", 3: "why not"}, {"a set": (4, 5)})
    figures = figures_of(listed, 5, [1, 2, 3], {1: "x", 2: "y"})
    assert (figures["listed"], figures["green"], figures["unexplained"], figures["mended"]) == (3, 1, [1], [3])
    assert figures["apart"] == {"a set": 2}


def test_the_first_problem_is_one_line() -> None:
    rows = (TestRow("a", "passed"), TestRow("b", "error", "x\nE   KeyError: 1\nE   more"))
    assert first_problem(SuiteResult("finished", rows)) == "b: KeyError: 1"
    assert first_problem(SuiteResult("timed_out")) == "timed_out"


def test_what_cannot_be_measured_gives_no_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mbpp_functions.main(["--mbpp", str(tmp_path / "missing")]) == 2
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps(task(PLAIN, "assert f(1) == [1, 0]")) + "\n", "utf-8")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("no suite may run")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mbpp_functions, "red_of", never)
        patch.setattr(mbpp_functions, "load", lambda: _Settings())
        assert mbpp_functions.main(["--mbpp", str(other)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "missing" in err
    assert "from other data" in err


class _Settings:
    sandbox = SandboxSettings(launcher="bubblewrap")
