"""What every box does, whichever launcher made it: the contract of ``boxes.protocol``."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

import pytest

from agentforge.boxes.asks import Refused
from agentforge.boxes.protocol import Box, CallResult, Grant, Limits, Toolbox
from agentforge.errors import UsageError
from agentforge.types import JSON, JSONObject

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = Limits(seconds=1.0)


def returning(expression: str, imports: str = "") -> str:
    return f"{imports}\ndef f(**args):\n    return {expression}\n"


class TestCall:
    @pytest.mark.parametrize(
        "value", [None, True, 0, -1.5, 10**30, "", "snö ☃ \x00", [], [[1], {"a": None}], {"k": {"v": [1.0]}}]
    )
    async def test_values_come_back_as_they_are(self, warm_box: Box, value: Any) -> None:
        result = await warm_box.call(returning("args['x']"), "f", {"x": value})
        assert result.status == "returned", result
        assert result.value == value
        assert type(result.value) is type(value)

    async def test_what_is_printed_comes_along(self, warm_box: Box) -> None:
        source = "import sys\ndef f():\n    print('out ☃')\n    print('err', file=sys.stderr)\n    return 1\n"
        result = await warm_box.call(source, "f", {})
        assert (result.value, result.stdout, result.stderr) == (1, "out ☃\n", "err\n")

    async def test_an_exception_is_a_result_with_its_traceback_on_stderr(self, warm_box: Box) -> None:
        source = "def f(n):\n    if n < 0:\n        raise ValueError('n is negative')\n"
        result = await warm_box.call(source, "f", {"n": -1})
        assert (result.status, result.error, result.message) == ("raised", "ValueError", "n is negative")
        assert 'File "tool.py", line 3, in f' in result.stderr
        assert "raise ValueError('n is negative')" in result.stderr
        assert "/opt/agentforge" not in result.stderr

    @pytest.mark.parametrize(
        ("source", "error"),
        [
            ("def f(:", "SyntaxError"),
            ("def g():\n    pass", "AttributeError"),
            ("import nowhere", "ModuleNotFoundError"),
            ("def f(a):\n    pass", "TypeError"),
            ("raise SystemExit(0)", "SystemExit"),
            ("def f():\n    raise KeyboardInterrupt", "KeyboardInterrupt"),
            ("class Odd(ValueError):\n    pass\ndef f():\n    raise Odd('x')", "Odd"),
        ],
    )
    async def test_whatever_is_raised_is_named(self, warm_box: Box, source: str, error: str) -> None:
        result = await warm_box.call(source, "f", {})
        assert (result.status, result.error) == ("raised", error)

    @pytest.mark.parametrize(
        ("expression", "complaint"),
        [
            ("{1, 2}", "set"),
            ("float('nan')", "nan"),
            ("[float('inf')]", "inf"),
            ("{1: 'a'}", "key 1 is no string"),
            ("object()", "object"),
            ("b'bytes'", "bytes"),
            ("(lambda l: l.append(l) or l)([])", "deep"),
            ("10**5000", "4300"),
            ("'\\ud800'", "surrogate"),
        ],
    )
    async def test_what_is_not_json_is_a_bad_result_that_says_why(
        self, warm_box: Box, expression: str, complaint: str
    ) -> None:
        result = await warm_box.call(returning(expression), "f", {})
        assert result.status == "bad_result"
        assert complaint in result.message

    async def test_time_is_bounded_by_the_wall_clock(self, warm_box: Box) -> None:
        began = time.monotonic()
        result = await warm_box.call("import time\ndef f():\n    time.sleep(60)", "f", {}, limits=Limits(seconds=0.3))
        assert result.status == "timed_out"
        assert 0.3 <= time.monotonic() - began < 5

    async def test_a_result_is_bounded(self, warm_box: Box) -> None:
        limits = Limits(result_bytes=2000)
        assert (await warm_box.call(returning("'x' * 1900"), "f", {}, limits=limits)).ok
        assert (await warm_box.call(returning("'x' * 2100"), "f", {}, limits=limits)).status == "result_too_big"

    async def test_half_a_surrogate_pair_is_no_json_and_costs_no_exception_its_name(self, warm_box: Box) -> None:
        result = await warm_box.call(returning("'\\ud800'"), "f", {})
        assert result.status == "bad_result"
        assert "half a surrogate pair" in result.message
        result = await warm_box.call("def f():\n    raise ValueError('bad \\udcff')", "f", {})
        assert (result.status, result.error, result.message) == ("raised", "ValueError", "bad \\udcff")

    async def test_a_run_whose_host_stands_still_ends_by_the_clock_inside(self, warm_box: Box) -> None:
        if warm_box.info.transport == "stdio":
            pytest.skip("over stdio its end takes turns of the loop, in which the clock outside ends it too")
        source = "import time\ndef f(n):\n    time.sleep(n)"
        if warm_box.info.tier == "strict":
            await warm_box.call(source, "f", {"n": 0})  # its container starts now
        call = asyncio.ensure_future(warm_box.call(source, "f", {"n": 60}, limits=Limits(seconds=0.2)))
        await asyncio.sleep(0.1)
        time.sleep(4)  # noqa: ASYNC251 - the loop stands still with it: only PID 1 has a clock now
        assert (await call).status == "died"  # its line had ended already when the loop looked again

    async def test_output_is_bounded_but_its_beginning_is_kept(self, warm_box: Box) -> None:
        limits = Limits(output_bytes=1000)
        result = await warm_box.call("def f():\n    print('x' * 5000)", "f", {}, limits=limits)
        assert result.status == "output_too_big"
        assert result.stdout == "x" * 1000

    async def test_a_process_that_ends_without_an_answer_died(self, warm_box: Box) -> None:
        result = await warm_box.call("import os\ndef f():\n    print('bye', flush=True)\n    os._exit(0)", "f", {})
        assert (result.status, result.stdout) == ("died", "bye\n")

    async def test_too_much_memory_is_a_memory_error(self, warm_box: Box) -> None:
        result = await warm_box.call("def f():\n    return len(bytearray(1 << 30))", "f", {})
        assert (result.status, result.error) == ("raised", "MemoryError")

    async def test_every_call_starts_afresh(self, warm_box: Box) -> None:
        source = "seen = []\ndef f():\n    seen.append(1)\n    open('/tmp/x', 'a').write('x')\n    return seen\n"
        results = await warm_box.call_many(source, "f", [{}] * 3)
        assert [result.value for result in results] == [[1], [1], [1]]

    async def test_call_many_answers_in_order(self, warm_box: Box) -> None:
        results = await warm_box.call_many(returning("args['n'] * 2"), "f", [{"n": n} for n in range(20)])
        assert [result.value for result in results] == [n * 2 for n in range(20)]

    async def test_large_arguments_arrive(self, warm_box: Box) -> None:
        result = await warm_box.call(returning("len(args['text'])"), "f", {"text": "x" * 5_000_000})
        assert result.value == 5_000_000

    async def test_arguments_that_are_not_json_or_far_too_large_are_the_callers_mistake(self, warm_box: Box) -> None:
        with pytest.raises(UsageError, match="must be JSON"):
            await warm_box.call(returning("1"), "f", {"x": float("nan")})
        with pytest.raises(UsageError, match="bytes long"):
            await warm_box.call(returning("1"), "f", {"x": "x" * (33 << 20)})

    async def test_one_such_mistake_among_many_calls_is_told_as_itself(self, warm_box: Box) -> None:
        with pytest.raises(UsageError, match="must be JSON"):
            await warm_box.call_many(returning("1"), "f", [{"x": 1}, {"x": float("nan")}])

    @pytest.mark.parametrize(
        "expression",
        [
            "__import__('zoneinfo').ZoneInfo('Europe/Stockholm').key",
            "__import__('hashlib').sha256(b'x').hexdigest()",
            "__import__('sqlite3').connect(':memory:').execute('select 1').fetchone()",
            "str(__import__('decimal').Decimal('1') / 3)",
            "__import__('asyncio').run(__import__('asyncio').sleep(0, 5))",
            "list(__import__('concurrent.futures').futures.ThreadPoolExecutor(2).map(abs, [-1, -2]))",
            "__import__('tempfile').NamedTemporaryFile().write(b'abc')",
            "__import__('shutil').copytree('/opt/agentforge/runner', '/tmp/copied')",
            "__import__('zlib').crc32(b'x'), __import__('unicodedata').name('a'), __import__('secrets').token_hex(2)",
        ],
    )
    async def test_the_standard_library_works(self, warm_box: Box, expression: str) -> None:
        result = await warm_box.call(returning(expression), "f", {})
        assert result.ok, result

    async def test_there_is_nothing_to_read_on_stdin(self, warm_box: Box) -> None:
        result = await warm_box.call(returning("__import__('sys').stdin.read()"), "f", {})
        assert result.value == ""

    async def test_packages_of_the_host_are_not_there(self, warm_box: Box) -> None:
        result = await warm_box.call("import pydantic", "f", {})
        assert result.error == "ModuleNotFoundError"


class TestRun:
    @pytest.mark.parametrize(
        ("code", "value"),
        [
            ("1 + 1", 2),
            ("x = 1", None),
            ("def f():\n    return 3\nf()", 3),
            ("", None),
            ("import sys\nsys.exit()", None),
            ("if __name__ == '__main__':\n    print('main')", None),
            ("from __future__ import annotations\n[n for n in range(3)]", [0, 1, 2]),
            ("total = 0\nfor n in range(4):\n    total += n\ntotal", 6),
        ],
    )
    async def test_the_value_is_that_of_the_last_expression(self, warm_box: Box, code: str, value: Any) -> None:
        result = await warm_box.run(code)
        assert result.ok, result
        assert result.value == value

    async def test_a_script_that_fails_tells_the_line(self, warm_box: Box) -> None:
        result = await warm_box.run("a = 1\n\na / 0")
        assert (result.status, result.error) == ("raised", "ZeroDivisionError")
        assert 'File "script.py", line 3' in result.stderr


class TestToolbox:
    TOOLS: ClassVar[Toolbox] = {
        "double": "def double(n: int) -> int:\n    return n * 2\n",
        "quadruple": "from toolbox import double\ndef quadruple(n: int) -> int:\n    return double(double(n))\n",
        "left": "from toolbox import right\ndef left():\n    pass\n",
        "right": "from toolbox import left\ndef right():\n    pass\n",
    }

    async def test_tools_are_importable_and_use_each_other(self, warm_box: Box) -> None:
        result = await warm_box.run("from toolbox import quadruple\nquadruple(3)", toolbox=self.TOOLS)
        assert result.value == 12

    async def test_the_package_can_be_imported_whole(self, warm_box: Box) -> None:
        result = await warm_box.run("import toolbox\ntoolbox.double(3)", toolbox=self.TOOLS)
        assert result.value == 6

    async def test_a_tool_can_use_other_tools(self, warm_box: Box) -> None:
        source = "from toolbox import double\ndef f(n):\n    return double(n) + 1\n"
        assert (await warm_box.call(source, "f", {"n": 2}, toolbox=self.TOOLS)).value == 5

    async def test_a_missing_tool_is_an_import_error_that_names_it(self, warm_box: Box) -> None:
        result = await warm_box.run("from toolbox import tripple", toolbox=self.TOOLS)
        assert (result.status, result.error) == ("raised", "ImportError")
        assert "tripple" in result.message

    async def test_a_circle_of_imports_is_an_error_and_no_hang(self, warm_box: Box) -> None:
        result = await warm_box.run("from toolbox import left", toolbox=self.TOOLS, limits=QUICK)
        assert (result.status, result.error) == ("raised", "ImportError")

    async def test_it_works_on_the_tools_side_of_a_suite(self, warm_box: Box) -> None:
        source = "from toolbox import quadruple\ndef f(n):\n    return quadruple(n)\n"
        tests = "from tool import f\ndef test_it():\n    assert f(2) == 8\n"
        result = await warm_box.suite(source, tests, toolbox=self.TOOLS)
        assert result.passed, result


class TestGrant:
    """What a run may reach beyond its arguments: nothing, unless it was granted."""

    CLOCK = """
import datetime, time
def f():
    return [time.time(), str(datetime.datetime.now()), str(datetime.date.today())]
"""
    CHANCE = """
import os, random, secrets, uuid
def f():
    return [random.random(), random.Random().random(), secrets.token_hex(4), str(uuid.uuid4()), os.urandom(3).hex()]
"""

    async def test_without_the_clock_it_is_always_the_same_moment(self, warm_box: Box) -> None:
        told = [(await warm_box.call(self.CLOCK, "f", {})).value for _ in range(2)]
        assert told == [[1577880000.0, "2020-01-01 12:00:00", "2020-01-01"]] * 2

    async def test_with_the_clock_it_is_now(self, warm_box: Box) -> None:
        result = await warm_box.call(self.CLOCK, "f", {}, grant=Grant(clock=True))
        assert isinstance(result.value, list)
        assert isinstance(result.value[0], float)
        assert abs(result.value[0] - time.time()) < 60

    @pytest.mark.parametrize(
        "expression",
        [
            "__import__('time').strftime('%Y')",
            "__import__('time').localtime().tm_year.__str__()",
            "__import__('time').ctime()[-4:]",
            "str(__import__('datetime').datetime.utcnow().year)",
            "str(__import__('datetime').datetime.now(__import__('datetime').timezone.utc).year)",
            "str(__import__('time').time_ns() // 10**9 // 31556952 + 1970)",
        ],
    )
    async def test_every_clock_tells_the_fixed_year(self, warm_box: Box, expression: str) -> None:
        result = await warm_box.call(returning(expression), "f", {})
        assert result.value == "2020", result

    async def test_datetimes_stay_what_they_are(self, warm_box: Box) -> None:
        source = """
from datetime import date, datetime, timedelta
def f():
    moment = datetime(2024, 2, 28) + timedelta(days=2)
    return [repr(moment), type(moment) is datetime, str(date.fromisoformat("2024-03-01") - timedelta(1))]
"""
        result = await warm_box.call(source, "f", {})
        assert result.value == ["datetime.datetime(2024, 3, 1, 0, 0)", True, "2024-02-29"]

    async def test_without_randomness_chance_is_always_the_same(self, warm_box: Box) -> None:
        first, second = await warm_box.call_many(self.CHANCE, "f", [{}] * 2)
        assert first.ok, first
        assert first.value == second.value
        assert isinstance(first.value, list)
        assert len(set(map(str, first.value))) == 5

    async def test_with_randomness_runs_differ_in_all(self, warm_box: Box) -> None:
        grant = Grant(randomness=True)
        one, two = [(await warm_box.call(self.CHANCE, "f", {}, grant=grant)).value for _ in range(2)]
        assert isinstance(one, list)
        assert isinstance(two, list)
        assert not set(map(str, one)) & set(map(str, two))

    async def test_the_order_of_sets_is_fixed_and_differs_with_the_hash_seed(self, warm_box: Box) -> None:
        source = "def f():\n    return list({str(n) for n in range(50)})\n"
        same = await warm_box.call_many(source, "f", [{}] * 2)
        other = await warm_box.call_many(source, "f", [{}], hash_seed=1)
        assert same[0].value == same[1].value
        assert other[0].value != same[0].value
        assert sorted(map(str, other[0].value or ())) == sorted(map(str, same[0].value or ()))

    async def test_files_go_in_and_come_out_by_name(self, warm_box: Box) -> None:
        source = """
def f():
    text = open("in.txt", encoding="utf-8").read()
    with open("out.txt", "w", encoding="utf-8") as file:
        file.write(text.upper())
    return len(text)
"""
        grant = Grant(inputs={"in.txt": "grüße".encode()}, outputs=("out.txt", "never.txt"))
        result = await warm_box.call(source, "f", {}, grant=grant)
        assert (result.value, dict(result.files)) == (5, {"out.txt": "GRÜSSE".encode()})

    async def test_an_input_cannot_be_written(self, warm_box: Box) -> None:
        source = "def f():\n    open('in.txt', 'w')\n"
        result = await warm_box.call(source, "f", {}, grant=Grant(inputs={"in.txt": b"x"}))
        assert result.error == "PermissionError"

    @pytest.mark.parametrize(
        ("make", "complaint"),
        [
            ("os.symlink('/etc/passwd', 'out')", "cannot be read"),
            ("os.mkdir('out')", "no plain file"),
            ("os.mkfifo('out')", "no plain file"),
            ("open('out', 'w').write('x' * 2000)", "too large"),
        ],
    )
    async def test_an_output_is_a_plain_file_of_bounded_size(self, warm_box: Box, make: str, complaint: str) -> None:
        limits = Limits(file_bytes=1000)
        source = f"import os\ndef f():\n    {make}\n    return 1\n"
        result = await warm_box.call(source, "f", {}, grant=Grant(outputs=("out",)), limits=limits)
        if "mkfifo" in make and result.error == "PermissionError":
            return  # the system call is refused already
        assert result.status == "bad_result", result
        assert complaint in result.message

    @pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "x" * 101, "a\0b"])
    async def test_a_file_outside_the_runs_folder_is_the_callers_mistake(self, warm_box: Box, name: str) -> None:
        with pytest.raises(UsageError, match="cannot be the name"):
            await warm_box.call(returning("1"), "f", {}, grant=Grant(inputs={name: b""}))

    async def test_what_was_not_granted_cannot_be_asked_for(self, warm_box: Box) -> None:
        result = await warm_box.call("from toolbox import fetch\ndef f():\n    pass\n", "f", {})
        assert (result.status, result.error) == ("raised", "ImportError")
        forged = """
import os, struct
def f():
    frame = b'{"ask":"fetch","with":{}}'
    os.write(0, struct.pack(">I", len(frame)) + frame)
    return 1
"""
        assert (await warm_box.call(forged, "f", {})).status == "bad_result"

    async def test_the_host_answers_what_was_granted(self, warm_box: Box) -> None:
        asked: list[Any] = []

        async def weather(stated: JSONObject) -> JSON:
            asked.append(stated)
            return {"sun": True}

        source = "from toolbox import weather\ndef f(city):\n    return [weather(city, day=1), weather(city, day=2)]\n"
        result = await warm_box.call(source, "f", {"city": "Oslo"}, grant=Grant(asks={"weather": weather}))
        assert result.value == [{"sun": True}] * 2, result
        assert asked == [{"positional": ["Oslo"], "named": {"day": day}} for day in (1, 2)]

    @pytest.mark.parametrize(
        ("refusal", "error"),
        [
            (Refused("That host is not declared."), "PermissionError"),
            (Refused("It did not answer.", kind="failed"), "OSError"),
            (Refused("n is negative", kind="raised", error="ValueError"), "ValueError"),
            (Refused("boo", kind="raised", error="SystemExit"), "RuntimeError"),
        ],
    )
    async def test_a_refusal_is_raised_where_it_was_asked(self, warm_box: Box, refusal: Refused, error: str) -> None:
        async def refuse(_: JSONObject) -> JSON:
            raise refusal

        source = "from toolbox import fetch\ndef f():\n    return fetch('https://example.com/')\n"
        result = await warm_box.call(source, "f", {}, grant=Grant(asks={"fetch": refuse}))
        assert (result.error, result.message) == (error, str(refusal))

    async def test_a_mistake_of_the_host_ends_the_run_and_is_raised_here(self, warm_box: Box) -> None:
        async def broken(_: JSONObject) -> JSON:
            raise LookupError("a bug")

        source = "from toolbox import fetch\ndef f():\n    return fetch('x')\n"
        with pytest.raises(LookupError, match="a bug"):
            await warm_box.call(source, "f", {}, grant=Grant(asks={"fetch": broken}))
        assert (await warm_box.call(returning("1"), "f", {})).value == 1

    async def test_an_answer_that_never_comes_is_bounded_by_the_runs_clock(self, warm_box: Box) -> None:
        ended: list[str] = []

        async def slow(_: JSONObject) -> JSON:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append("cancelled")
            return None

        source = "from toolbox import fetch\ndef f():\n    return fetch('x')\n"
        result = await warm_box.call(source, "f", {}, grant=Grant(asks={"fetch": slow}), limits=QUICK)
        assert (result.status, ended) == ("timed_out", ["cancelled"])

    async def test_threads_take_turns_and_questions_ahead_of_their_turn_are_refused(self, warm_box: Box) -> None:
        async def echo(stated: JSONObject) -> JSON:
            await asyncio.sleep(0.01)
            return stated["positional"]

        threads = """
from concurrent.futures import ThreadPoolExecutor
from toolbox import echo
def f():
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(echo, range(8)))
"""
        grant = Grant(asks={"echo": echo})
        assert (await warm_box.call(threads, "f", {}, grant=grant)).value == [[n] for n in range(8)]
        pushing = """
import os, struct
def f():
    frame = b'{"ask":"echo","with":{"positional":[]}}'
    os.write(0, (struct.pack(">I", len(frame)) + frame) * 2)
    return 1
"""
        assert (await warm_box.call(pushing, "f", {}, grant=grant)).status == "bad_result"

    async def test_the_tool_of_a_suite_may_ask_and_its_tests_may_not(self, warm_box: Box) -> None:
        async def fetch(_: JSONObject) -> JSON:
            return {"status": 200, "text": "7"}

        tool = "from toolbox import fetch\ndef f():\n    return int(fetch('https://example.com')['text'])\n"
        tests = "from tool import f\ndef test_it():\n    assert f() == 7\n"
        grant = Grant(asks={"fetch": fetch})
        assert (await warm_box.suite(tool, tests, grant=grant)).passed
        cheating = "import toolbox\n" + tests
        assert not (await warm_box.suite(tool, cheating, grant=grant)).passed
        assert not (await warm_box.suite(tool, tests)).passed


class TestRecovery:
    async def test_a_cancelled_call_ends_and_leaves_the_box_usable(self, warm_box: Box) -> None:
        task = asyncio.ensure_future(warm_box.call("import time\ndef f():\n    time.sleep(60)", "f", {}))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await warm_box.call(returning("1"), "f", {})).value == 1

    async def test_many_callers_at_once_are_served(self, warm_box: Box) -> None:
        calls = [warm_box.call(returning("args['n']"), "f", {"n": n}) for n in range(30)]
        results: list[CallResult] = await asyncio.gather(*calls)
        assert [result.value for result in results] == list(range(30))

    async def test_calls_go_on_after_runs_that_ended_badly(self, warm_box: Box) -> None:
        for bad in ("def f():\n    while True: pass", "import ctypes\ndef f():\n    ctypes.string_at(0)", "x = ("):
            assert not (await warm_box.call(bad, "f", {}, limits=Limits(seconds=0.3))).ok
        assert (await warm_box.call(returning("1"), "f", {})).value == 1
