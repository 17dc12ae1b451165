"""The instruments of a battery see what they are there to see; else "nothing was left" would prove nothing."""

from __future__ import annotations

import asyncio

import pytest

from agentforge.boxes.batteries import remains
from agentforge.boxes.batteries.attacks import run_attacks
from agentforge.boxes.batteries.form import Attack
from agentforge.boxes.batteries.lookouts import LOOK
from agentforge.boxes.batteries.remains import CANARY, Calm
from agentforge.boxes.protocol import Box, Limits
from agentforge.types import JSON

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_file_is_seen_wherever_a_run_can_write(warm_box: Box) -> None:
    calm = await Calm.of(warm_box)
    source = LOOK + "\ndef leave(**args):\n    open('/tmp/left', 'w').write('abc')\n    return look(**args)\n"
    args: dict[str, JSON] = {"nonce": 1, "left": "a", "right": "b"}
    seen = await warm_box.call(source, "leave", args)
    assert isinstance(seen.value, dict)
    assert {*map(str, seen.value["files"] or ())} - calm.files == {"/tmp/left 100644 3 bytes"}
    assert any("keeper.py" in name for name in calm.files)


async def test_a_secret_in_the_heap_is_found(warm_box: Box) -> None:
    source = LOOK + "\ndef held(secret, **args):\n    kept = [secret + str(n) for n in range(50)]\n"
    source += "    return look(**args)['residue'] if kept else 0\n"
    args: dict[str, JSON] = {"secret": "".join(CANARY) * 200, "nonce": 1, "left": CANARY[0], "right": CANARY[1]}
    found = await warm_box.call(source, "held", args)
    assert isinstance(found.value, int)
    assert found.value > 1000
    clean = await remains.look(warm_box)
    assert (clean.residue, clean.problem) == (0, "")


async def test_processes_are_counted_while_they_live(warm_box: Box) -> None:
    before = await remains.steady_processes(warm_box)
    if before is None:
        assert warm_box.info.tier == "strict"
        pytest.skip("in tier strict containers come and go, so that nobody can count")
    source = "import os, time\ndef f():\n    [os.fork() or time.sleep(9) for _ in range(5)]\n    time.sleep(9)\n"
    call = asyncio.ensure_future(warm_box.call(source, "f", {}, limits=Limits(seconds=9.0)))
    most = before
    while most < before + 3 and not call.done():
        await asyncio.sleep(0.02)
        most = max(most, await warm_box.processes() or 0)
    assert most >= before + 3  # of five, since the box may have had a crew more at first
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await remains.processes_beyond(warm_box, before) == 0


async def test_a_swallowed_refusal_is_told_with_its_call(warm_box: Box) -> None:
    source = "import socket\ndef f():\n    try:\n        socket.socket()\n    except OSError:\n        return False\n"
    attack = Attack("socket", source, "f", {})
    (row,) = [row async for row in run_attacks(warm_box, [attack], Limits(seconds=5.0))]
    assert (row.outcome, row.stopped_by) == ("stopped", "PermissionError: socket() is refused")
