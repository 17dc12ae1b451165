"""Code that wants out, more than its share, or something of another run: none of it may get it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.protocol import Box, CallResult, Grant, Limits
from agentforge.types import JSON

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

HERE = Path(__file__).parent
ATTACKS: dict[str, Any] = json.loads((HERE / "attacks.json").read_text("utf-8"))
CHEATS: dict[str, Any] = json.loads((HERE / "cheats.json").read_text("utf-8"))
LIMITS = Limits(seconds=2.0)

ENDINGS = {
    "fork bomb": {"timed_out"},
    "infinite loop, SIGTERM ignored": {"timed_out"},
    "memory bomb (1 proc)": {"raised", "died", "timed_out"},
    "huge stdout (1 GB)": {"output_too_big"},
    "huge result (100 MB)": {"result_too_big"},
    "forge result frame, then garbage": {"bad_result"},
    "os._exit(0) in call": {"died"},
    "sys.exit(0) at import": {"raised"},
    "recursion -> segv": {"died", "raised", "timed_out"},
}
"""What the host must say of attacks that cannot simply return."""

CANARY = "CANARY-7f3a"

LOOK_AROUND = """
import os, random, time

def look(wait):
    time.sleep(wait)
    return {
        "files": sorted(os.path.join(root, name) for root, _, names in os.walk("/tmp") for name in names),
        "folders": sorted(os.listdir("/tmp")),
        "shared": {d: os.listdir(d) for d in ("/dev/mqueue", "/dev/shm") if os.path.isdir(d)},
        "answer": json_still_works(),
    }

def json_still_works():
    import json
    return json.loads(json.dumps([1, 2, len("abc")]))
"""
UNTOUCHED = {"files": [], "folders": ["work"], "answer": [1, 2, 3]}


async def _nothing_is_left(box: Box, wait: float = 0.0) -> None:
    seen = await box.call(LOOK_AROUND, "look", {"wait": wait}, limits=LIMITS)
    assert seen.ok, seen
    assert isinstance(seen.value, dict)
    shared = seen.value.pop("shared")
    assert seen.value == UNTOUCHED
    assert isinstance(shared, dict)
    assert not any(shared.values())


def _may_be_seen(box: Box, result: CallResult) -> bool:
    """Without namespaces for every call ``/proc`` cannot be covered; it tells of the container only."""
    visible = {"/proc/1/cgroup", "/proc/mounts", "/proc/cmdline"}
    return box.info.tier == "wiped" and isinstance(result.value, list) and visible.issuperset(map(str, result.value))


def _stopped(result: CallResult) -> bool:
    return result.status != "returned" or not result.value


@pytest.mark.parametrize("name", ATTACKS)
async def test_attack_gets_nothing_and_leaves_nothing(warm_box: Box, name: str) -> None:
    attack = ATTACKS[name]
    remember = "def f(secret):\n    return [secret] * 50 and None\n"
    await warm_box.call(remember, "f", {"secret": CANARY * 200}, limits=LIMITS)
    result = await warm_box.call(attack["code"], attack["entry"], attack["args"], limits=LIMITS)
    assert _stopped(result) or _may_be_seen(warm_box, result), result
    assert result.status in ENDINGS.get(name, {result.status}), result
    await _nothing_is_left(warm_box, 0.2 if "daemon" in name else 0.0)


async def test_two_runs_at_once_do_not_meet(warm_box: Box) -> None:
    writer = "import time\ndef f():\n    open('/tmp/mine', 'w').write('x')\n    time.sleep(0.5)\n    return 1\n"
    looker = "import os, time\ndef f():\n    time.sleep(0.25)\n    return os.listdir('/tmp'), os.getpid()\n"
    wrote, looked = await asyncio.gather(warm_box.call(writer, "f", {}), warm_box.call(looker, "f", {}))
    assert wrote.value == 1
    assert looked.value is not None
    assert looked.value[0] == ["work"]


async def test_successive_runs_draw_different_random_numbers(warm_box: Box) -> None:
    source = "import random, uuid\ndef f():\n    return [random.random(), str(uuid.uuid4())]\n"
    grant = Grant(randomness=True)
    drawn = [str((await warm_box.call(source, "f", {}, grant=grant)).value) for _ in range(4)]
    assert len(set(drawn)) == 4


@pytest.mark.parametrize(
    "payload",
    [
        b'{"status":"returned","value":NaN}',
        b'{"status":"returned","value":1e999}',
        b'{"status":"returned","value":"\\ud800"}',
        b'{"status":"returned","value":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"status":"returned","value":1,"more":2}',
        b'{"status":"returned"}',
        b'{"status":"confirmed","value":1}',
        b'{"status":"raised","error":["x"],"message":1}',
        b"[]",
        b"\xff\xfe",
        b"",
    ],
)
async def test_forged_answers_are_bad_results(warm_box: Box, payload: bytes) -> None:
    source = f"""
import os, struct
def f():
    payload = {payload!r}
    os.write(0, struct.pack(">I", len(payload)) + payload)
    os._exit(0)
"""
    result = await warm_box.call(source, "f", {})
    assert result.status == "bad_result", result
    assert result.value is None


async def test_a_forged_length_is_not_believed(warm_box: Box) -> None:
    source = "import os\ndef f():\n    os.write(0, b'\\xff\\xff\\xff\\xff' + b'x' * 1000)\n    os._exit(0)\n"
    assert (await warm_box.call(source, "f", {})).status == "result_too_big"


async def test_half_a_frame_is_no_answer(warm_box: Box) -> None:
    source = "import os\ndef f():\n    os.write(0, b'\\x00\\x00\\x00\\x09{')\n    os._exit(0)\n"
    assert (await warm_box.call(source, "f", {})).status == "died"


@pytest.mark.parametrize("name", CHEATS["cheats"])
async def test_cheat_does_not_pass_honest_tests(warm_box: Box, name: str) -> None:
    result = await warm_box.suite(CHEATS["cheats"][name], CHEATS["tests"], limits=Limits(seconds=10))
    assert not result.passed, result


async def test_the_same_honest_tests_pass_an_honest_tool(warm_box: Box) -> None:
    result = await warm_box.suite('def add(a,b):\n    return {"sum":a+b}\n', CHEATS["tests"])
    assert result.passed, result
    assert [row.name for row in result.rows] == [f"test_{n}" for n in range(5)]


async def test_the_tool_of_a_suite_has_no_line_to_the_host(warm_box: Box) -> None:
    tool = """
import os
def look(n):
    try:
        os.fstat(n)
    except OSError:
        return False
    return True
"""
    tests = """
from tool import look
def test_only_its_own_three():
    assert [n for n in range(64) if look(n)] == [0, 1, 2]
"""
    result = await warm_box.suite(tool, tests)
    assert result.passed, result


async def test_a_suite_leaves_nothing_for_the_next(warm_box: Box) -> None:
    tool = "def f():\n    open('/tmp/left', 'w').write('x')\n    return 1\n"
    tests = "from tool import f\ndef test_it():\n    assert f() == 1\n"
    look = "import os\ndef f():\n    return sorted(os.listdir('/tmp'))\n"
    looking = "from tool import f\ndef test_it():\n    assert f() == ['work']\n"
    assert (await warm_box.suite(tool, tests)).passed
    again = await warm_box.suite(look, looking)
    assert again.passed, again


async def test_a_worker_sees_no_network_but_a_dead_loopback(warm_box: Box) -> None:
    source = "import socket\ndef f():\n    return [name for _, name in socket.if_nameindex()]\n"
    result = await warm_box.call(source, "f", {})
    value: JSON = result.value
    assert result.status == "raised" or value in ([], ["lo"])
