"""What a suite does in every box: ordinary pytest, with the tool in another process."""

from __future__ import annotations

import pytest

from agentforge.boxes.protocol import Box, Limits, SuiteResult

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOOL = """
import json

class OddError(ValueError):
    pass

def add(a, b=0):
    return a + b

def divide(a, b):
    return a / b

def fail(kind):
    if kind == "own":
        raise OddError("odd")
    if kind == "unicode":
        b"\\xff".decode("utf-8")
    if kind == "json":
        json.loads("{")
    if kind == "key":
        return {}["missing"]
    if kind == "exit":
        raise SystemExit(0)
    raise ValueError("bad kind")

counted = []

def count():
    counted.append(1)
    return len(counted)

def bad_value():
    return {1, 2}

def _hidden():
    return 1
"""


def outcomes(result: SuiteResult) -> dict[str, str]:
    assert result.status == "finished", result
    return {row.name: row.outcome for row in result.rows}


async def run(box: Box, tests: str, tool: str = TOOL, seconds: float = 20.0) -> SuiteResult:
    return await box.suite(tool, tests, limits=Limits(seconds=seconds))


async def test_parametrized_tests_fixtures_and_approx_work(warm_box: Box) -> None:
    tests = """
import pytest
from tool import add

@pytest.fixture
def ten():
    return 10

@pytest.mark.parametrize(("a", "b", "total"), [(1, 2, 3), (0.1, 0.2, pytest.approx(0.3))])
def test_add(a, b, total):
    assert add(a, b=b) == total

class TestGroup:
    def test_fixture(self, ten, tmp_path, monkeypatch, capsys, caplog):
        print("hello")
        assert capsys.readouterr().out == "hello\\n"
        (tmp_path / "x").write_text("x")
        assert add(ten) == 10
"""
    result = await run(warm_box, tests)
    assert result.passed, result
    assert [row.name for row in result.rows][2] == "TestGroup::test_fixture"
    assert len(result.rows) == 3


async def test_exceptions_arrive_as_the_same_builtin(warm_box: Box) -> None:
    tests = """
import pytest, json
from tool import divide, fail

def test_zero():
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        divide(1, 0)

def test_value():
    with pytest.raises(ValueError, match="^bad kind$"):
        fail("x")

def test_a_kind_of_value_error():
    with pytest.raises(ValueError, match="odd"):
        fail("own")

def test_unicode():
    with pytest.raises(UnicodeDecodeError, match="invalid start byte"):
        fail("unicode")

def test_json():
    with pytest.raises(ValueError, match="Expecting"):
        fail("json")

def test_key():
    with pytest.raises(KeyError) as caught:
        fail("key")
    assert caught.value.args == ("missing",)

def test_type():
    with pytest.raises(TypeError):
        divide(1)
"""
    result = await run(warm_box, tests)
    assert result.passed, result


async def test_a_failure_shows_values_and_where_the_tool_raised(warm_box: Box) -> None:
    tests = """
from tool import add, fail
def test_wrong():
    assert add(1, 1) == 3
def test_raises():
    fail("own")
"""
    result = await run(warm_box, tests)
    assert outcomes(result) == {"test_wrong": "failed", "test_raises": "failed"}
    assert "assert 2 == 3" in result.rows[0].message
    assert "OddError" in result.rows[1].message
    assert "tool.py, line " in result.rows[1].message
    assert "/opt/agentforge/site" not in result.rows[0].message


async def test_no_expectation_is_met_by_a_tool_that_gives_no_answer(warm_box: Box) -> None:
    tests = """
import pytest
from tool import fail, bad_value, add
def test_exit():
    with pytest.raises(BaseException):
        fail("exit")
    assert add(1, 1) == 2
def test_bad_value():
    with pytest.raises(Exception):
        bad_value()
"""
    result = await run(warm_box, tests)
    assert outcomes(result)["test_bad_value"] == "failed"
    assert "set" in result.rows[1].message


async def test_a_tool_that_dies_fails_every_later_test(warm_box: Box) -> None:
    tool = "import os\ndef f(n):\n    if n == 2:\n        os._exit(0)\n    return n\n"
    tests = """
import pytest
from tool import f
@pytest.mark.parametrize("n", [1, 2, 3])
def test_f(n):
    with pytest.raises(Exception) if n > 1 else __import__("contextlib").nullcontext():
        f(n)
"""
    result = await run(warm_box, tests, tool)
    assert outcomes(result) == {"test_f[1]": "passed", "test_f[2]": "failed", "test_f[3]": "failed"}


async def test_the_tools_module_keeps_its_state_during_a_suite(warm_box: Box) -> None:
    tests = "from tool import count\ndef test_a():\n    assert count() == 1\ndef test_b():\n    assert count() == 2\n"
    for _ in range(2):
        result = await run(warm_box, tests)
        assert result.passed, result


async def test_calls_while_the_tests_are_imported_work(warm_box: Box) -> None:
    tests = "import pytest\nfrom tool import add\nTWO = add(1, 1)\ndef test_it():\n    assert TWO == 2\n"
    result = await run(warm_box, tests)
    assert result.passed, result


@pytest.mark.parametrize(
    ("tool", "tests", "name", "complaint"),
    [
        ("import nowhere", "from tool import f\ndef test_a():\n    f()", "import tool", "ModuleNotFoundError"),
        ("def f(:", "from tool import f\ndef test_a():\n    f()", "import tool", "SyntaxError"),
        ("def g():\n    pass", "from tool import f\ndef test_a():\n    f()", "import tool", "it has: g"),
        (TOOL, "def test_a(:", "import test_tool", "SyntaxError"),
        (TOOL, "import nowhere", "import test_tool", "nowhere"),
        (TOOL, "from tool import _hidden\ndef test_a():\n    pass", "import test_tool", "_hidden"),
        (TOOL, "x = 1", "suite", "no tests"),
        (TOOL, "", "suite", "no tests"),
    ],
)
async def test_what_cannot_run_is_one_error_that_says_why(
    warm_box: Box, tool: str, tests: str, name: str, complaint: str
) -> None:
    result = await run(warm_box, tests, tool)
    assert outcomes(result) == {name: "error"}
    assert complaint in result.rows[0].message
    assert not result.passed


async def test_skipped_and_expected_failures_do_not_pass(warm_box: Box) -> None:
    tests = """
import pytest
from tool import add
def test_ok():
    assert add(1, 1) == 2
@pytest.mark.skip
def test_skipped():
    assert False
@pytest.mark.xfail
def test_expected():
    assert False
@pytest.mark.xfail
def test_unexpected():
    pass
"""
    result = await run(warm_box, tests)
    assert outcomes(result) == {
        "test_ok": "passed",
        "test_skipped": "skipped",
        "test_expected": "skipped",
        "test_unexpected": "skipped",
    }
    assert not result.passed


async def test_setup_and_teardown_that_fail_are_errors(warm_box: Box) -> None:
    tests = """
import pytest
@pytest.fixture
def before():
    raise RuntimeError("before")
@pytest.fixture
def after():
    yield
    raise RuntimeError("after")
def test_before(before):
    pass
def test_after(after):
    pass
"""
    result = await run(warm_box, tests)
    assert [(row.name, row.outcome) for row in result.rows] == [
        ("test_before", "error"),
        ("test_after", "passed"),
        ("test_after", "error"),
    ]
    assert not result.passed


async def test_a_suite_that_hangs_is_ended_and_keeps_the_rows_it_had(warm_box: Box) -> None:
    tool = "def f(n):\n    while n:\n        pass\n    return n\n"
    tests = "from tool import f\ndef test_a():\n    assert f(0) == 0\ndef test_b():\n    f(1)\n"
    result = await run(warm_box, tests, tool, seconds=1.5)
    assert result.status == "timed_out"
    assert [(row.name, row.outcome) for row in result.rows] == [("test_a", "passed")]
    assert not result.passed


async def test_a_tool_has_no_function_that_it_does_not_define_also_for_a_test_that_asks_late(warm_box: Box) -> None:
    tests = """
import pytest, tool
def test_a():
    assert hasattr(tool, "add") and not hasattr(tool, "sub")
    with pytest.raises(ImportError):
        from tool import sub
def test_b():
    assert tool.TABLE
"""
    result = await run(warm_box, tests)
    assert [row.outcome for row in result.rows] == ["passed", "failed"]
    empty = await run(warm_box, "import tool\ndef test_a():\n    assert hasattr(tool, 'add')\n", "x = 1\n")
    assert not empty.passed


async def test_a_tool_that_dies_when_it_is_imported_is_told_so(warm_box: Box) -> None:
    result = await run(warm_box, "from tool import f\ndef test_a():\n    f()\n", "import os\nos._exit(0)\n")
    assert [row.message for row in result.rows] == [
        "The tool cannot be imported: the tool's process ended without an answer"
    ]


@pytest.mark.parametrize("ending", ["import os\nos._exit(0)", "import os\ndef test_b():\n    os._exit(0)"])
async def test_tests_that_end_their_process_do_not_pass(warm_box: Box, ending: str) -> None:
    result = await run(warm_box, f"def test_a():\n    pass\n{ending}\n")
    assert result.status == "died"
    assert not result.passed


async def test_endless_output_of_the_tool_ends_the_suite(warm_box: Box) -> None:
    tool = "def f():\n    while True:\n        print('x' * 1000)\n"
    result = await run(warm_box, "from tool import f\ndef test_a():\n    f()\n", tool)
    assert result.status == "output_too_big"


async def test_a_thousand_tests_are_all_reported(warm_box: Box) -> None:
    tests = """
import pytest
from tool import add
@pytest.mark.parametrize("n", range(1000))
def test_add(n):
    assert add(n, 1) == n + 1
"""
    result = await run(warm_box, tests)
    assert result.passed, result
    assert len(result.rows) == 1000


EXPECTING = """
from tool import add
def test_one():
    import colorsys
    assert add(0, 1)["sum"] == 1
def test_two():
    assert add(5, 1)["sum"] == 6
"""
READS_ITS_TESTS = r"""
import re
def add(a, b):
    try:
        with open("/tmp/work/test_tool.py") as file:
            tests = file.read()
    except OSError:
        return {"sum": -1}
    (answer,) = re.findall(rf'add\({a}, {b}\)\["sum"\] == (\d+)', tests)
    return {"sum": int(answer)}
"""
PLANTS_A_MODULE = """
PLANTED = '''
import json, os, struct
for frame in (*({"row": {"name": name, "outcome": "passed", "message": ""}} for name in ("test_one", "test_two")),
              {"collected": 2, "exit": 0}):
    text = json.dumps(frame).encode()
    os.write(0, struct.pack(">I", len(text)) + text)
os._exit(0)
'''
for name in ("colorsys", "difflib", "conftest"):
    try:
        with open(f"/tmp/work/{name}.py", "w") as file:
            file.write(PLANTED)
    except OSError:
        pass
def add(a, b):
    return {"sum": -1}
"""


@pytest.mark.parametrize("cheat", [READS_ITS_TESTS, PLANTS_A_MODULE], ids=["reads its tests", "plants a module"])
async def test_a_tool_finds_no_word_of_its_tests_and_plants_no_module_for_them(warm_box: Box, cheat: str) -> None:
    result = await run(warm_box, EXPECTING, cheat)
    assert outcomes(result) == {"test_one": "failed", "test_two": "failed"}
    assert "assert add(0, 1)" in result.rows[0].message, "reports still quote the tests"
    honest = "def add(a, b):\n    return {'sum': a + b}\n"
    assert (await run(warm_box, EXPECTING, honest)).passed


async def test_more_output_than_allowed_fails_a_suite_however_late_it_comes(warm_box: Box) -> None:
    tool = "import os\ndef add(a, b):\n    os.write(1, b'x' * 60_000)\n    return {'sum': a + b}\n"
    result = await warm_box.suite(tool, EXPECTING, limits=Limits(20.0, output_bytes=100_000))
    assert (result.status, result.passed) == ("output_too_big", False)


async def test_an_exception_that_cannot_be_made_again_is_no_other_exception(warm_box: Box) -> None:
    tool = "def add(a, b):\n    raise ExceptionGroup('several', [ValueError('x')])\n"
    tests = (
        "import pytest\nfrom tool import add\ndef test_it():\n    with pytest.raises(TypeError):\n        add(1, 2)\n"
    )
    result = await run(warm_box, tests, tool)
    assert outcomes(result) == {"test_it": "failed"}
    assert "ExceptionGroup: several (1 sub-exception)" in result.rows[0].message


async def test_a_unittest_test_case_is_run_as_well(warm_box: Box) -> None:
    tests = (
        "import unittest\nfrom tool import double\n\n\nclass Doubling(unittest.TestCase):\n"
        "    def test_right(self):\n        self.assertEqual(double(2), 4)\n\n"
        "    def test_wrong(self):\n        self.assertEqual(double(2), 5)\n"
    )
    result = await warm_box.suite("def double(n):\n    return 2 * n\n", tests)
    assert sorted(row.outcome for row in result.rows) == ["failed", "passed"]
