"""Tier ``reuse``: what one call leaves is there for the next call of the same tool, by definition, and for nobody else.

The first test is the control: the residue is real, else the others would prove nothing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio

from agentforge.boxes.batteries.attacks import run_attack
from agentforge.boxes.batteries.form import Attack, read_attacks
from agentforge.boxes.batteries.remains import Calm
from agentforge.boxes.bounds import MOST_KEPT
from agentforge.boxes.protocol import Box, Grant, Limits
from agentforge.boxes.warm import WarmBox
from agentforge.settings import SandboxSettings
from agentforge.types import JSON
from tests.attacks.test_attacks import BRIEF, ENDLESS, LIMITS

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.parametrize(
        "warm_box",
        [pytest.param("docker in tier reuse", marks=pytest.mark.docker), "bubblewrap in tier reuse"],
        indirect=True,
        scope="module",
    ),
]

ATTACKS = read_attacks(Path(__file__).parent / "attacks.json")
QUICK = Limits(seconds=0.5)

COUNT = """
import builtins, os
def f(word=""):
    seen = getattr(builtins, "seen", [])
    builtins.seen = [*seen, word]
    open("left", "a").close()
    return [len(seen), sorted(os.listdir("."))]
"""
"""Tells what an earlier call left, and leaves some."""

UNTOUCHED: JSON = [0, ["left"]]

ANSWERING = """
import os, struct
def frame(text):
    return struct.pack(">I", len(text)) + text
ANSWER = b'{"status":"returned","value":"late"}'
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calm(warm_box: Box) -> Calm:
    """What the box was like before the first attack of this module; kept processes that rest are not counted."""
    return await Calm.of(warm_box)


async def test_residue_is_real_in_this_tier(warm_box: Box) -> None:
    assert [(await warm_box.call(COUNT, "f", {})).value for _ in range(3)] == [[n, ["left"]] for n in range(3)]


class TestNothingCrosses:
    @pytest_asyncio.fixture(autouse=True, loop_scope="module")
    async def left(self, warm_box: Box) -> None:
        """Something that a call has left, for those to find who should not."""
        for _ in range(2):
            await warm_box.call(COUNT, "f", {"word": "secret"})

    async def test_to_another_tool(self, warm_box: Box) -> None:
        assert (await warm_box.call(COUNT + "\n", "f", {})).value == UNTOUCHED

    async def test_to_another_function(self, warm_box: Box) -> None:
        assert (await warm_box.call(COUNT + "g = f\n", "f", {})).value == UNTOUCHED
        assert (await warm_box.call(COUNT + "g = f\n", "g", {})).value == UNTOUCHED

    async def test_to_the_same_tool_with_another_toolbox(self, warm_box: Box) -> None:
        toolbox = {"other": "def other():\n    return 1\n"}
        assert (await warm_box.call(COUNT, "f", {}, toolbox=toolbox)).value == UNTOUCHED

    @pytest.mark.parametrize(
        "grant", [Grant(clock=True), Grant(randomness=True), Grant(outputs=("left",)), Grant(inputs={"in": b"x"})]
    )
    async def test_to_a_tool_with_a_grant_nor_from_it(self, warm_box: Box, grant: Grant) -> None:
        source = COUNT + f"# {grant}\n"
        for _ in range(2):
            result = await warm_box.call(source, "f", {}, grant=grant)
            assert isinstance(result.value, list)
            assert result.value[0] == 0
        assert (await warm_box.call(source, "f", {})).value == UNTOUCHED

    async def test_to_scripts_many_calls_and_suites(self, warm_box: Box) -> None:
        many = await warm_box.call_many(COUNT, "f", [{}] * 3)
        assert [one.value for one in many] == [UNTOUCHED] * 3
        assert (await warm_box.run(COUNT + "f()")).value == UNTOUCHED
        tests = "from tool import f\ndef test_it():\n    assert f()[0] == 0\n"
        assert (await warm_box.suite(COUNT, tests)).passed
        assert (await warm_box.suite(COUNT, tests)).passed

    @pytest.mark.parametrize("apart", [{"hash_seed": 1}, {"depth": 1}])
    async def test_to_another_hash_seed_or_a_call_that_others_wait_for(
        self, warm_box: Box, apart: dict[str, int]
    ) -> None:
        for _ in range(2):
            assert (await warm_box.call(COUNT, "f", {}, **apart)).value == UNTOUCHED

    async def test_to_another_session_or_user(self, warm_box: Box) -> None:
        assert isinstance(warm_box, WarmBox)
        settings = SandboxSettings(tier="reuse")
        for user in ("tests", "another"):
            async with await WarmBox.open(warm_box._pool, settings, user) as other:
                assert (await other.call(COUNT, "f", {})).value == UNTOUCHED
                assert (await other.call(COUNT, "f", {})).value == [1, ["left"]]
        assert (await warm_box.call(COUNT, "f", {})).value != UNTOUCHED  # whose own is still there

    async def test_to_a_second_call_at_the_same_time(self, warm_box: Box) -> None:
        source = COUNT + "import time\ndef slow():\n    time.sleep(0.3)\n    return f()\n"
        assert (await warm_box.call(source, "slow", {})).value == UNTOUCHED
        both = await asyncio.gather(*(warm_box.call(source, "slow", {}) for _ in range(2)))
        assert sorted(str(one.value) for one in both) == [str(UNTOUCHED), str([1, ["left"]])]


class TestLateWords:
    """What is written after an answer never becomes part of the next one."""

    @pytest.mark.parametrize(
        "late",
        [
            "os.write(0, frame(ANSWER))",
            "os.write(0, frame(b'\"' + b'0' * 16 + b'\"') + frame(ANSWER))",
            "os.write(0, b'x')",
            "os.write(1, b'late')",
            "os.write(2, b'late')",
            "os.close(0)",
            "os.kill(os.getpid(), 9)",
        ],
    )
    @pytest.mark.parametrize("pause", [0.0, 0.05])
    @pytest.mark.parametrize("by", ["a thread", "a child"])
    async def test_of_a_thread_or_child_that_a_call_left(self, warm_box: Box, by: str, pause: float, late: str) -> None:
        start = "threading.Thread(target=later, daemon=True).start()" if by == "a thread" else "os.fork() or later()"
        source = f"""{ANSWERING}
import threading, time
CALLS = []
def later():
    time.sleep({pause})
    {late}
    time.sleep(60)
def f(n):
    CALLS.append(n)
    if n == 0:
        {start}
    return n
"""
        first = await warm_box.call(source, "f", {"n": 0})
        assert first.value in (0, None, "late")  # without a pause it may come before: its own call is its own affair
        for n in range(1, 4):
            result = await warm_box.call(source, "f", {"n": n})
            assert (result.status, result.value, result.stdout, result.stderr) == ("returned", n, "", ""), result

    async def test_of_a_signal_that_comes_between_two_calls(self, warm_box: Box) -> None:
        source = f"""{ANSWERING}
import signal
def f(n):
    signal.signal(signal.SIGALRM, lambda *_: os.write(0, frame(ANSWER)))
    signal.setitimer(signal.ITIMER_REAL, 0.05 if n == 0 else 0)
    return n
"""
        first = await warm_box.call(source, "f", {"n": 0})
        assert first.value in (0, None, "late")  # on a busy machine it may come before the answer
        await asyncio.sleep(0.3)
        assert (await warm_box.call(source, "f", {"n": 1})).value == 1

    async def test_of_a_runner_that_the_tool_rewrote(self, warm_box: Box) -> None:
        """It answers before it is asked, from its first process's own thread."""
        source = f"""{ANSWERING}
import sys
def f(n):
    runner = sys.modules["runner.frames"]
    sent = runner.send
    def send(line, *frames):
        sent(line, *frames)
        os.write(0, frame(b'"' + b"0" * 16 + b'"') + frame(ANSWER))
    runner.send = send
    return n
"""
        for n in range(3):
            result = await warm_box.call(source, "f", {"n": n})
            assert result.value in (n, None), result  # its own answer, or a frame too many
            assert result.value != "late"


async def test_nothing_runs_between_two_calls(warm_box: Box) -> None:
    """A tool that takes over its process after the answer notices that it stood still until its next call."""
    source = """
import builtins, select, sys, time
def f():
    frames = sys.modules["runner.frames"]
    honest, answered = frames.receive, time.monotonic()
    def spin(line):
        last, builtins.longest, asked = answered, 0, False
        while not asked:
            asked = select.select([line], [], [], 0)[0]
            now = time.monotonic()
            last, builtins.longest = now, max(builtins.longest, now - last)
        frames.receive = honest
        return honest(line)
    frames.receive = spin
    return getattr(builtins, "longest", None)
"""
    assert (await warm_box.call(source, "f", {})).value is None
    await asyncio.sleep(0.8)
    stood = (await warm_box.call(source, "f", {})).value
    assert stood is None or float(str(stood)) > 0.4  # None: on a busy machine it did not stop in time and was ended


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        ("while True: pass", "timed_out"),
        ("print('x' * 200_000)", "output_too_big"),
        ("return 'x' * 2_000_000", "result_too_big"),
        ("return {1}", "bad_result"),
        ("os._exit(0)", "died"),
        ("os.write(0, b'garbage!' * 100)", "result_too_big"),
        ("os.write(0, b'\\0\\0\\0\\2{}')", "bad_result"),
    ],
)
async def test_whatever_goes_wrong_ends_the_process_and_the_next_call_is_right(
    warm_box: Box, bad: str, status: str
) -> None:
    source = (
        f"import os\nseen = []\ndef f(n):\n    seen.append(n)\n    if n == 2:\n        {bad}\n    return len(seen)\n"
    )
    assert [(await warm_box.call(source, "f", {"n": n})).value for n in (0, 1)] == [1, 2]
    result = await warm_box.call(source, "f", {"n": 2}, limits=QUICK)
    assert result.status in (status, "bad_result"), result
    assert (await warm_box.call(source, "f", {"n": 3})).value == 1


async def test_memory_that_grew_over_many_calls_is_no_reason_to_fail(warm_box: Box) -> None:
    source = "kept = []\ndef f():\n    kept.append(bytearray(100 << 20))\n    return len(kept)\n"
    given = [(await warm_box.call(source, "f", {})).value for _ in range(8)]
    assert given[:2] == [1, 2]
    assert None not in given


async def test_a_tool_that_cannot_be_loaded_fails_the_same_way_each_time(warm_box: Box) -> None:
    results = [await warm_box.call("import nowhere\ndef f():\n    pass", "f", {}) for _ in range(3)]
    assert [result.error for result in results] == ["ModuleNotFoundError"] * 3


async def test_an_exception_keeps_the_process(warm_box: Box) -> None:
    source = "seen = []\ndef f():\n    seen.append(1)\n    raise ValueError(str(len(seen)))\n"
    assert [(await warm_box.call(source, "f", {})).message for _ in range(3)] == ["1", "2", "3"]


async def test_chance_and_the_clock_are_the_same_in_each_call(warm_box: Box) -> None:
    source = """
import random, secrets, time, uuid
BORN = random.random()
def f():
    return [BORN, random.random(), random.Random().random(), secrets.token_hex(4), str(uuid.uuid4()), time.time()]
"""
    (fresh,) = await warm_box.call_many(source, "f", [{}])
    assert fresh.ok
    assert [(await warm_box.call(source, "f", {})).value for _ in range(3)] == [fresh.value] * 3


async def test_more_tools_than_are_kept_take_turns_and_nobody_starves(warm_box: Box) -> None:
    tools = [f"seen = []\ndef f():\n    seen.append({n})\n    return len(seen)\n" for n in range(MOST_KEPT + 2)]
    for _ in range(2):
        assert [(await warm_box.call(tool, "f", {})).value for tool in tools] == [1] * len(tools)
    assert [(await warm_box.call(tool, "f", {})).value for tool in tools[2:]] == [2] * MOST_KEPT
    many = await asyncio.gather(*(warm_box.call_many("def f():\n    return 1\n", "f", [{}] * 5) for _ in range(4)))
    assert [one.value for group in many for one in group] == [1] * 20


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
async def test_an_attack_in_its_second_call_gets_nothing_either(warm_box: Box, calm: Calm, attack: Attack) -> None:
    """And a tool that was kept before it goes on as if nothing had been."""
    source = f"calls = []\ndef f():\n    calls.append(1)\n    return len(calls) and '{attack.entry}'\n"
    assert (await warm_box.call(source, "f", {})).value == attack.entry
    second = Attack(attack.name, f"{attack.code}\n_CALLS = []\n{_SECOND}", "_second", attack.args | {"_": attack.entry})
    assert (await warm_box.call(second.code, "_second", second.args)).value is None
    row = await run_attack(calm, second, BRIEF if attack.name in ENDLESS else LIMITS)
    assert row.outcome == "stopped", row
    assert (row.next_right, row.processes_left, row.files_left) == (True, 0, ())
    assert (await warm_box.call(source, "f", {})).value == attack.entry


_SECOND = """
def _second(_, **args):
    _CALLS.append(1)
    return globals()[_](**args) if len(_CALLS) > 1 else None
"""
