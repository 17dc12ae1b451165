"""Code that wants out, more than its share, or something of another run: none of it may get it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio

from agentforge.boxes.batteries.attacks import GOT_IT, AttackRow, run_attack
from agentforge.boxes.batteries.cheats import honest_passes, run_cheats
from agentforge.boxes.batteries.form import Attack, read_attacks, read_cheats
from agentforge.boxes.batteries.remains import Calm
from agentforge.boxes.protocol import Box, Grant, Limits
from agentforge.types import JSON

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

HERE = Path(__file__).parent
ATTACKS = read_attacks(HERE / "attacks.json")
CHEATS = read_cheats(HERE / "cheats.json")
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

BRIEF = Limits(seconds=1.0)
ENDLESS = {"fork bomb", "fork bomb x setsid", "infinite loop, SIGTERM ignored", "recursion -> segv"}
"""They do their worst in milliseconds and then go on until they are ended."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calm(warm_box: Box) -> Calm:
    """What the box was like before the first attack of this module."""
    return await Calm.of(warm_box)


def may_be_seen(box: Box, row: AttackRow) -> bool:
    """Without namespaces for every call ``/proc`` cannot be covered; it tells of the container only."""
    visible = {"/proc/1/cgroup", "/proc/mounts", "/proc/cmdline"}
    only_seen = row.reasons == (GOT_IT,) and isinstance(row.value, list)
    return box.info.tier == "wiped" and only_seen and visible.issuperset(map(str, row.value or ()))


def none_left(box: Box) -> int | None:
    """In tier ``strict`` every attack has a container of its own, so there is no number to compare with."""
    return None if box.info.tier == "strict" else 0


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
async def test_attack_gets_nothing_and_leaves_nothing(calm: Calm, attack: Attack) -> None:
    row = await run_attack(calm, attack, BRIEF if attack.name in ENDLESS else LIMITS)
    assert row.outcome == "stopped" or may_be_seen(calm.box, row), row
    if attack.name in ENDINGS:
        assert row.status in ENDINGS[attack.name], row
    assert (row.next_right, row.files_left) == (True, ())
    assert row.processes_left == none_left(calm.box)


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


async def test_cheats_do_not_pass_honest_tests_and_an_honest_tool_does(warm_box: Box) -> None:
    limits = Limits(seconds=10)
    assert await honest_passes(warm_box, CHEATS, limits)
    rows = [row async for row in run_cheats(warm_box, CHEATS, limits)]
    assert [row.name for row in rows] == list(CHEATS.cheats)
    assert [row for row in rows if row.outcome != "rejected"] == []
    assert {(row.next_right, row.processes_left) for row in rows} == {(True, none_left(warm_box))}


async def test_the_honest_tool_passes_every_test_by_name(warm_box: Box) -> None:
    result = await warm_box.suite(CHEATS.honest, CHEATS.tests)
    assert [(row.name, row.outcome) for row in result.rows] == [(f"test_{n}", "passed") for n in range(5)]


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
