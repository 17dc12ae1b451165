"""Nothing of one run is there for the next: no word in memory, no state of the process, no word of the tests."""

from __future__ import annotations

import pytest

from agentforge.boxes.batteries.lookouts import LOOK
from agentforge.boxes.protocol import Box, Limits
from agentforge.types import JSON

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCAN = LOOK + "\ndef f(left, right):\n    return residue(left, right)\n"
STATE = """
import builtins, gc, json, os, resource, signal, sys, threading
def f():
    names = (signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM)
    umask = os.umask(0o77)
    os.umask(umask)
    return {
        "environment": dict(os.environ), "folder": os.getcwd(), "umask": umask, "files": os.listdir("."),
        "signals": [str(signal.getsignal(name)) for name in names], "threads": threading.active_count(),
        "limits": [resource.getrlimit(kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)],
        "modules": sorted(name for name in sys.modules if name.startswith(("toolbox", "tool", "planted"))),
        "path": sys.path, "recursion": sys.getrecursionlimit(), "collector": gc.get_threshold(),
        "planted": [hasattr(json, "planted"), hasattr(builtins, "planted")], "descriptors": len(os.listdir("/dev/fd"))
        if os.path.isdir("/dev/fd") else 0,
    }
"""
CHANGE = """
import builtins, gc, json, os, resource, signal, sys, threading, time, types
def f():
    os.environ["PLANTED"] = "x"
    os.mkdir("planted")
    os.chdir("planted")
    os.umask(0)
    for name in (signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM):
        signal.signal(name, signal.SIG_IGN)
    signal.alarm(1)
    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
    sys.modules["planted"] = types.ModuleType("planted")
    sys.path.insert(0, "/tmp/work")
    sys.setrecursionlimit(90)
    gc.set_threshold(7)
    json.planted = builtins.planted = 1
    return os.getcwd()
"""


def words(name: str) -> dict[str, JSON]:
    """A secret in halves, so that who looks for it does not bring it along."""
    return {"left": f"SECRET-{name}", "right": "-91c4e0"}


def secret(name: str) -> str:
    return "".join(map(str, words(name).values())) * 300


async def test_no_word_of_a_call_is_in_the_memory_of_a_later_one(warm_box: Box) -> None:
    tools = {"kept": f"TEXT = '{secret('toolbox')}'\ndef kept():\n    return TEXT\n"}
    source = f"""
from toolbox import kept
TEXT = '{secret("source")}'
def f(given):
    print('{secret("printed")}')
    return [given, kept(), TEXT]
"""
    for _ in range(3):  # every crew that stands ready takes its turn
        result = await warm_box.call(source, "f", {"given": secret("argument")}, toolbox=tools)
        assert result.ok, result
    for name in ("argument", "toolbox", "source", "printed"):
        found = await warm_box.call_many(SCAN, "f", [words(name)] * 3)
        assert [one.value for one in found] == [0, 0, 0], name


async def test_no_word_of_a_call_that_was_killed_either(warm_box: Box) -> None:
    source = "def f(given):\n    kept = [given + str(n) for n in range(99)]\n    while kept:\n        pass\n"
    result = await warm_box.call(source, "f", {"given": secret("killed")}, limits=Limits(seconds=0.5))
    assert result.status == "timed_out"
    found = await warm_box.call_many(SCAN, "f", [words("killed")] * 3)
    assert [one.value for one in found] == [0, 0, 0]


async def test_no_state_of_a_process_comes_back(warm_box: Box) -> None:
    (before,) = await warm_box.call_many(STATE, "f", [{}])
    assert before.ok, before
    for _ in range(2):
        assert (await warm_box.call(CHANGE, "f", {})).value == "/tmp/work/planted"
    for after in await warm_box.call_many(STATE, "f", [{}] * 3):
        assert after.value == before.value


async def test_the_tool_of_a_suite_has_no_word_of_its_tests(warm_box: Box) -> None:
    tests = f"""
from tool import f
TEXT = "{secret("tests")}"
def test_it():
    assert f(**{words("tests")!r}) == 0
"""
    result = await warm_box.suite(SCAN, tests)
    assert result.passed, result


async def test_a_suite_has_no_word_of_an_earlier_one(warm_box: Box) -> None:
    tool = f"TEXT = '{secret('tool')}'\ndef f():\n    return TEXT\n"
    tests = f"from tool import f\nTEXT = '{secret('earlier')}'\ndef test_it():\n    assert len(f()) > len(TEXT) / 2\n"
    for _ in range(3):
        assert (await warm_box.suite(tool, tests)).passed
    for name in ("tool", "earlier"):
        looking = f"from tool import f\ndef test_tool():\n    assert f(**{words(name)!r}) == 0\n"
        looking += f"{LOOK}\ndef test_tests():\n    assert residue(**{words(name)!r}) == 0\n"
        result = await warm_box.suite(SCAN, looking)
        assert result.passed, (name, result)
