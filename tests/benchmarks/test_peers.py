"""The peers run end to end in their boxes, against a scripted server in place of the model."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.open import open_box
from agentforge.errors import ModelUnavailable, SandboxUnavailable
from agentforge.settings import SandboxSettings, load
from agentforge.types import JSONObject
from benchmarks.needs import Bench, Made, need_of, right
from benchmarks.peers import arise, autotool, bubble
from benchmarks.peers.counter import fitted
from benchmarks.peers.run import with_peer
from benchmarks.peers.setup import FOLDER, PEERS, venv_of

INSTALLED = os.environ.get(FOLDER, "")  # read before the fixture `home` clears the environment
CONTEXT = 4096
ROW: dict[str, Any] = {
    "id": "t1",
    "name": "halve",
    "signature": "(number: int) -> int",
    "purpose": "Half of an even number. ValueError if it is odd.",
    "examples": [
        {"args": {"number": 4}, "returns": 2},
        {"args": {"number": 10}, "returns": 5},
        {"args": {"number": 3}, "raises": "ValueError"},
    ],
    "hidden": [{"args": {"number": -6}, "returns": -3}, {"args": {"number": 1}, "raises": "ValueError"}],
}
RIGHT = "def halve(number: int) -> int:\n    if number % 2:\n        raise ValueError('odd')\n    return number // 2\n"
WRONG = "def halve(number: int) -> int:\n    return 2\n"
TESTS = "def test_four():\n    assert halve(4) == 2\n"
SCRIPT = """\
from __future__ import annotations

import json

import httpx2
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

mcp = MCPServer("halve_tool")


@mcp.tool()
def halve(number: int = Field(description="even")) -> str:
    '''Half of it.'''
    if number % 2:
        raise ToolError("odd")
    return json.dumps(number // 2)


if __name__ == "__main__":
    mcp.run()
"""

Answer = Callable[[JSONObject], "str | int"]


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[Any]]]:
    """A server of chat completions: its URL, and the requests that came; an ``int`` answer is a status."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(request)
            content = answer(request)
            told: JSONObject = {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": request["model"],
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
                ],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }
            body = json.dumps(told if isinstance(content, str) else {"error": {"message": "too long"}}).encode()
            self.send_response(200 if isinstance(content, str) else content)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def arise_answers(implementation: str, tests: str = TESTS, name: str = "halve") -> Answer:
    def answer(request: JSONObject) -> str:
        prompt = request["messages"][-1]["content"]
        if "trying to break" in prompt:
            return "def test_adversarial_zero():\n    assert halve(0) == 0\n"
        if "MINIMUM change" in prompt:
            return json.dumps({"implementation": RIGHT, "patch_description": "divides"})
        return json.dumps({"name": name, "description": "half", "implementation": implementation, "test_suite": tests})

    return answer


def autotool_answers(*scripts: str) -> Answer:
    left = list(scripts)

    def answer(request: JSONObject) -> str:
        script = left.pop(0) if len(left) > 1 else left[0]
        return json.dumps({"code": script, "primary_tool": "halve", "smoke_test_arguments_json": '{"number": 4}'})

    return answer


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [peer for peer in PEERS if not Path(INSTALLED, peer, "bin", "python").exists()]
    if not INSTALLED or missing:
        pytest.skip(f"peers are not set up ({FOLDER}; see benchmarks/peers/setup.py)")
    monkeypatch.setenv(FOLDER, INSTALLED)


@pytest.fixture
async def bench() -> AsyncIterator[Callable[[str], Bench]]:
    """Makes a bench for the model server at a URL."""
    async with await open_box(SandboxSettings(launcher="bubblewrap"), user="tests") as box:

        def at(url: str) -> Bench:
            endpoint = {"kind": "vllm", "url": url, "model": "qwen-coder", "context": CONTEXT}
            settings = load(overrides={"endpoints.local": endpoint})
            return Bench(None, box, settings)  # type: ignore[arg-type]  a peer has its own way to the model

        yield at


Benches = Callable[[str], Bench]


async def make(peer: str, bench: Bench) -> Made:
    return await with_peer(peer)(bench, need_of(ROW))


async def test_a_tool_of_arise_is_tested_promoted_and_delivered(installed: None, bench: Benches) -> None:
    with serving(arise_answers(RIGHT)) as (url, asked):
        made = await make("arise", bench(url))
    assert await right(bench(url), ROW, made)
    assert "1 evolutions" in made.reason
    assert (made.usage.calls, made.usage.input_tokens, made.usage.output_tokens) == (2, 200, 20)
    assert [request.get("max_tokens") for request in asked] == [None, None]
    assert "halve(number=3) raises ValueError" in asked[0]["messages"][0]["content"]


async def test_arise_repairs_what_fails_its_own_tests_and_then_gives_up(installed: None, bench: Benches) -> None:
    with serving(arise_answers(WRONG, "def test_six():\n    assert halve(6) == 3\n")) as (url, _):
        made = await make("arise", bench(url))
    assert made.source is None
    assert made.reason.startswith("3 evolutions")
    assert made.usage.calls == 3 * (1 + 3)


async def test_failing_episodes_lead_arise_to_a_patch_that_wins(installed: None, bench: Benches) -> None:
    with serving(arise_answers(WRONG)) as (url, _):
        made = await make("arise", bench(url))
    assert await right(bench(url), ROW, made), made.reason


async def test_a_tool_of_arise_under_another_name_is_delivered_under_the_needs(installed: None, bench: Benches) -> None:
    other = RIGHT.replace("def halve", "def half_of")
    answers = arise_answers(other, "halve = half_of\n" + TESTS, "half_of")
    with serving(answers) as (url, _):
        made = await make("arise", bench(url))
    assert await right(bench(url), ROW, made), made.reason


async def test_a_peer_sees_no_file_of_the_host_and_no_network(installed: None, bench: Benches) -> None:
    with serving(lambda request: 500) as (url, _):
        port = url.rpartition(":")[2]
        tests = f"""
import os, socket
def test_alone():
    assert os.geteuid() != 0
    assert not os.path.exists({str(Path(__file__).resolve())!r})
    assert os.listdir("/home") == ["peer"]
    for place in ("/opt/peer", "/opt", "/usr", "/"):
        try:
            open(place + "/planted", "w")
        except OSError:
            continue
        raise AssertionError(place)
    try:
        socket.create_connection(("127.0.0.1", {port}), 1)
    except OSError:
        return
    raise AssertionError("reached the host")
"""
        with serving(arise_answers(RIGHT, tests + TESTS)) as (model, _):
            made = await make("arise", bench(model))
    assert await right(bench(model), ROW, made), made.reason


async def test_a_script_of_autotool_is_repaired_mounted_and_delivered(installed: None, bench: Benches) -> None:
    broken = SCRIPT.replace("number // 2)", "number // nothing)")
    with serving(autotool_answers(broken, SCRIPT)) as (url, asked):
        made = await make("autotool", bench(url))
    assert await right(bench(url), ROW, made), made.reason
    assert made.reason.endswith("synthesized and verified in 2 attempt(s) and mounted. New tools:")
    assert (made.usage.calls, made.local_tokens) == (2, 20)
    assert '{"number": 3} -> raises ValueError' in asked[0]["messages"][1]["content"]
    assert "NameError" in asked[1]["messages"][1]["content"]


async def test_autotool_gives_up_after_three_repairs(installed: None, bench: Benches) -> None:
    with serving(autotool_answers("print('no server')")) as (url, _):
        made = await make("autotool", bench(url))
    assert made.source is None
    assert "after 4 attempt(s)" in made.reason
    assert made.usage.calls == 4


@pytest.mark.parametrize("peer", PEERS)
async def test_a_prompt_too_long_for_the_model_is_the_peers_failure(installed: None, bench: Benches, peer: str) -> None:
    with serving(lambda request: 400) as (url, asked):
        made = await make(peer, bench(url))
    assert made.source is None
    assert made.usage.calls == 0
    assert f"{len(asked)} requests were refused, the last with 400" in made.reason
    assert "too long" in made.reason


@pytest.mark.parametrize("peer", PEERS)
async def test_an_answer_that_is_not_what_was_asked_for_is_the_peers_failure(
    installed: None, bench: Benches, peer: str
) -> None:
    with serving(lambda request: "Sorry, I cannot help.") as (url, asked):
        made = await make(peer, bench(url))
    assert made.source is None
    assert made.usage.calls == len(asked) > 0
    assert "exit code" not in made.reason


async def test_a_model_server_that_is_gone_is_no_figure_about_the_peer(installed: None, bench: Benches) -> None:
    with serving(lambda request: "") as (url, _):
        pass
    with pytest.raises(ModelUnavailable, match="failed"):
        await make("autotool", bench(url))


async def test_what_was_adopted_when_time_runs_out_counts(
    installed: None, bench: Benches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(bubble.SECONDS, "8")
    hangs = threading.Event()
    answers = arise_answers(WRONG)

    def answer(request: JSONObject) -> str | int:
        if "MINIMUM change" in request["messages"][-1]["content"]:
            hangs.wait(30)
            return 500
        return answers(request)

    with serving(answer) as (url, _):
        made = await make("arise", bench(url))
        hangs.set()
    assert made.source == WRONG
    assert made.reason.startswith("out of time after 8 s")


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_that_is_not_set_up_cannot_run(peer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("", str(tmp_path)):
        monkeypatch.setenv(FOLDER, folder)
        with pytest.raises(SandboxUnavailable, match="not set up") as refused:
            venv_of(peer)
        assert refused.value.exit_code == 7


def test_only_limits_that_the_context_cannot_hold_are_left_out() -> None:
    request: JSONObject = {"max_tokens": 8192, "max_completion_tokens": 500, "temperature": 0.0}
    assert fitted(request, 4096) == {"max_completion_tokens": 500, "temperature": 0.0}


def test_a_need_is_told_with_its_examples() -> None:
    assert arise.written(ROW, ROW["examples"][2]) == "halve(number=3) raises ValueError"
    assert '{"number": 4} -> 2' in autotool.described(ROW)


@pytest.mark.parametrize(
    ("returns", "text", "value"),
    [("str", '"a"', "a"), ("str", "12", "12"), ("str", "plain", "plain"), ("list[int]", "[1]", [1]), ("int", "x", "x")],
)
def test_text_of_a_mounted_tool_is_read_as_the_value_it_holds(
    returns: str, text: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mcp", "mcp.server", "mcp.server.mcpserver", "mcp.server.mcpserver.exceptions", "httpx2", "pydantic"):
        monkeypatch.setitem(sys.modules, name, None)  # the shells that the source puts there go again
    monkeypatch.setitem(sys.modules, "_script", None)
    script = f"from mcp.server.mcpserver import MCPServer\nm = MCPServer()\n@m.tool()\ndef f(): return {text!r}\n"
    names: dict[str, Any] = {}
    exec(autotool.delivered(script, {"name": "f", "signature": f"() -> {returns}", "examples": []}), names)
    assert names["f"]() == value
